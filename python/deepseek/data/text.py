"""Tokenizers: byte-level byte pair encoding (GPT-2) and WordPiece (BERT)."""

from __future__ import annotations

from .._C.data.text import BytePairTokenizer, WordPieceTokenizer, split_words

__all__ = ["BytePairTokenizer", "WordPieceTokenizer", "split_words"]
