"""Transformers in one line each, generation, and weights under their published names."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any

from .. import _C
from ..nn._module import IncompatibleKeys
from .._C import Module, Tensor


def gpt2(**config: Any) -> Module:
    """GPT-2 small with scores of the next token: 12 layers of 768, 124,439,808 parameters; any field of the configuration by keyword.

    Radford et al., "Language models are unsupervised multitask learners", 2019.
    """
    return _C.GPT2LMHeadModel(**config)


def gpt2_medium(**config: Any) -> Module:
    """GPT-2 medium: 24 layers of 1024, 354,823,168 parameters."""
    return _C.GPT2LMHeadModel(**{"n_embd": 1024, "n_layer": 24, "n_head": 16, **config})


def bert_base(**config: Any) -> Module:
    """The encoder of BERT base: 12 layers of 768, 109,482,240 parameters. BertForMaskedLM and BertForSequenceClassification add heads.

    Devlin et al., arXiv:1810.04805.
    """
    return _C.BertModel(**config)


def bert_large(**config: Any) -> Module:
    """The encoder of BERT large: 24 layers of 1024, 335,141,888 parameters."""
    return _C.BertModel(**{**BERT_LARGE, **config})


BERT_LARGE = {"hidden_size": 1024, "num_hidden_layers": 24, "num_attention_heads": 16, "intermediate_size": 4096}


def vit_b_16(**config: Any) -> Module:
    """The vision transformer ViT-B/16 with torchvision's names: 86,567,656 parameters for 1000 classes. Dosovitskiy et al., arXiv:2010.11929."""
    return _C.VisionTransformer(**config)


def time_series_transformer(features: int = 17, outputs: int = 2, **config: Any) -> Module:
    """A transformer over steps (N, L, features) that gives (N, outputs): scores of classes, or numbers to be fitted."""
    return _C.TimeSeriesTransformer(features, outputs, **config)


def load_pretrained(model: Module, weights: str | os.PathLike[str] | Mapping[str, Tensor], strict: bool = True) -> IncompatibleKeys:
    """Loads published weights: a safetensors file, or a dict of tensors by name.

    The file of a body fits the model with a head and the other way round, names of old versions are understood, and a tied weight need
    not be there twice. With `strict` a missing name raises; names that only the file has are reported.
    """
    state = weights if isinstance(weights, Mapping) else _C.files.load_safetensors(weights)
    return IncompatibleKeys(*_C._load_pretrained(model, dict(state), strict))


def _generate(self: Module, ids: Tensor, max_new_tokens: int = 20, temperature: float = 0.0, top_k: int | None = None,
              top_p: float | None = None, seed: int | None = None, end_token: int | None = None,
              on_tokens: Callable[[Tensor], bool | None] | None = None) -> Tensor:
    """Continues each row of `ids` (N, L) by `max_new_tokens`: (N, L + max_new_tokens), less when all rows have ended.

    `temperature` 0 takes the most likely token; otherwise one is drawn from the softmax of scores / temperature, among the `top_k` best and
    the fewest that hold `top_p` of the probability. `seed` makes the draws a function of it; without one the default generator draws.
    A row ends with `end_token`, which then fills it. `on_tokens` gets the tokens (N) of each step; when it returns False, generation ends.
    """
    return _C._gpt2_generate(self, ids, max_new_tokens, temperature, top_k or 0, 1.0 if top_p is None else top_p, seed, end_token, on_tokens)


class KeyValueCache(_C._KeyValueCache):  # type: ignore[misc]
    """Keys and values of the rows that a GPT2LMHeadModel has seen: room for `capacity` rows (all positions of the model without it) of
    `batch` texts, in the type of the model's weights. `length` rows are filled; setting it to less forgets the last ones.

    Example:
        >>> net = deepseek.models.GPT2LMHeadModel(99, 16, 32, 2, 4).eval()
        >>> cache = deepseek.models.KeyValueCache(net, capacity=8)
        >>> net.next_scores(deepseek.tensor([[5, 7, 9]]), cache).shape, cache.length
        ((1, 99), 3)
        >>> net.next_scores(deepseek.tensor([[4]]), cache).shape, cache.length
        ((1, 99), 4)
    """

    def __init__(self, model: Module, batch: int = 1, capacity: int | None = None) -> None:
        super().__init__(model, batch, capacity)


def _next_scores(self: Module, ids: Tensor, cache: KeyValueCache) -> Tensor:
    """Scores (N, vocab_size) of what follows `ids` (N, L), which follow the rows of `cache`; adds their keys and values to it.

    Computed at once and without gradients.
    """
    return _C._gpt2_next_scores(self, ids, cache)


_next_scores.__name__ = _next_scores.__qualname__ = "next_scores"
_C.GPT2LMHeadModel.next_scores = _next_scores
_generate.__name__ = _generate.__qualname__ = "generate"
_C.GPT2LMHeadModel.generate = _generate

__all__ = ["KeyValueCache", "bert_base", "bert_large", "gpt2", "gpt2_medium", "load_pretrained", "time_series_transformer", "vit_b_16"]
