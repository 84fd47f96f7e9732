"""Tokenizers: small vocabularies here, the published ones where DEEPSEEK_DATA has them."""

import os
import unicodedata
from pathlib import Path

import numpy as np
import pytest

from deepseek.data.text import BytePairTokenizer, WordPieceTokenizer, split_words

DATA = Path(os.environ.get("DEEPSEEK_DATA", "")) / "text"
needs_data = pytest.mark.skipif(not (DATA / "gpt2_encoder.json").exists(), reason="DEEPSEEK_DATA has no vocabularies")


def printed_bytes():
    """GPT-2's table, written as its authors did."""
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    codes, more = list(kept), 0
    for b in range(256):
        if b not in kept:
            kept.append(b)
            codes.append(256 + more)
            more += 1
    return dict(zip(kept, map(chr, codes)))


def small_vocabulary(merges):
    tokens = list(printed_bytes().values()) + [a + b for a, b in merges] + ["<|end|>"]
    return {t: i for i, t in enumerate(tokens)}, "#version: 0.2\n" + "\n".join(f"{a} {b}" for a, b in merges) + "\n"


MERGES = [("h", "e"), ("l", "l"), ("he", "ll"), ("Ġ", "w"), ("hell", "o"), ("o", "r"), ("Ã", "©"), ("a", "a"), ("aa", "aa")]


def plain_merge(word, merges):
    """Merging by the definition: the best pair, everywhere, until none is left."""
    parts, ranks = [printed_bytes()[b] for b in word.encode()], {m: i for i, m in enumerate(merges)}
    while len(parts) > 1:
        best = min(zip(parts, parts[1:]), key=lambda p: ranks.get(p, len(ranks)))
        if best not in ranks:
            break
        out, i = [], 0
        while i < len(parts):
            if tuple(parts[i : i + 2]) == best:
                out.append(best[0] + best[1])
                i += 2
            else:
                out.append(parts[i])
                i += 1
        parts = out
    return parts


def test_words_are_split_as_by_the_pattern():
    assert split_words("Hello world, it's 42!  \n x") == ["Hello", " world", ",", " it", "'s", " 42", "!", "  \n", " x"]
    assert split_words("we'll  they've 'S ''d") == ["we", "'ll", " ", " they", "'ve", " '", "S", " ''", "d"]
    assert split_words("été½² мир 你好 e\u0301") == ["été", "½²", " мир", " 你好", " e", "\u0301"]
    assert split_words("a\u00a0\u00a0b\u2003c ") == ["a", "\u00a0", "\u00a0", "b", "\u2003", "c", " "]
    assert split_words("") == [] and split_words(" ") == [" "] and split_words("\n\n") == ["\n\n"]


def test_splitting_follows_categories_of_every_character():
    skipped = {"Cn", "Cs"}  # unassigned ones may be assigned in the table's version
    for code in range(0x30000):
        c = chr(code)
        category = unicodedata.category(c)
        if category in skipped or c.isspace():
            continue
        kind = "x" if category[0] == "L" else "1" if category[0] == "N" else "."
        assert split_words(kind + c) == [kind + c], hex(code)


def test_merging_equals_its_definition():
    vocabulary, lines = small_vocabulary(MERGES)
    tokenizer = BytePairTokenizer.from_vocabulary(vocabulary, lines)
    rng = np.random.default_rng(1)
    for _ in range(300):
        word = "".join(rng.choice(list("helowraé "), rng.integers(1, 30)))
        wanted = [vocabulary[t] for part in split_words(word) for t in plain_merge(part, MERGES)]
        assert tokenizer.encode(word) == wanted, word
    assert tokenizer.encode("a" * 100_003)[-3:] == [vocabulary[t] for t in ("aaaa", "aa", "a")]


def test_any_text_comes_back():
    tokenizer = BytePairTokenizer.from_vocabulary(*small_vocabulary(MERGES))
    rng = np.random.default_rng(2)
    for _ in range(200):
        codes = rng.choice([c for c in (*range(300), *range(0x4E00, 0x4E40), *range(0x1F600, 0x1F640), 0x301, 0x2028, 0x10FFFF)], 40)
        text = "".join(map(chr, codes))
        assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.decode_bytes(tokenizer.encode("é")[:1]) == "é".encode() and len(tokenizer) == 266
    assert tokenizer.decode([vocabulary_id(tokenizer, b"\xc3")]) == "\ufffd"


def vocabulary_id(tokenizer, token):
    return next(i for i in range(len(tokenizer)) if tokenizer.token(i) == token)


def test_special_tokens():
    tokenizer = BytePairTokenizer.from_vocabulary(*small_vocabulary(MERGES))
    end = tokenizer.id_of("<|end|>")
    assert tokenizer.encode("hello<|end|>hello") == [*tokenizer.encode("hello"), end, *tokenizer.encode("hello")]
    assert end not in tokenizer.encode("<|end|>", special=False) and tokenizer.decode(tokenizer.encode("<|end|>")) == "<|end|>"
    assert tokenizer.id_of("nothing") is None


def test_broken_vocabularies_are_refused(tmp_path):
    vocabulary, lines = small_vocabulary(MERGES)
    with pytest.raises(ValueError, match="no token of byte 65"):
        BytePairTokenizer.from_vocabulary({k: v for k, v in vocabulary.items() if k != "A"}, lines)
    with pytest.raises(ValueError, match="line 11 merges 'q' and 'z'"):
        BytePairTokenizer.from_vocabulary(vocabulary, lines + "q z\n")
    with pytest.raises(ValueError, match="line 11 must hold two tokens"):
        BytePairTokenizer.from_vocabulary(vocabulary, lines + "h e l\n")
    with pytest.raises(ValueError, match="number 3 has two tokens"):
        BytePairTokenizer.from_vocabulary({**vocabulary, "more": 3}, lines)
    with pytest.raises(IndexError, match="token 266 is not one of the 266"):
        BytePairTokenizer.from_vocabulary(vocabulary, lines).decode([266])
    (tmp_path / "v.json").write_text("[1, 2]")
    (tmp_path / "m.txt").write_text("")
    with pytest.raises((TypeError, ValueError), match="v.json"):
        BytePairTokenizer(tmp_path / "v.json", tmp_path / "m.txt")


WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "un", "##aff", "##able", "##a", "a", "fable", ",", "!", "你", "naive", "##ve", "nai", "o", "##ss", "\u1112", "##\u1161"]


def test_wordpiece():
    t = WordPieceTokenizer(WORDS)
    assert t.tokenize("Unaffable,FABLE!") == ["un", "##aff", "##able", ",", "fable", "!"]
    assert t.tokenize("naïve NAÏVE nai\u0308ve 하") == ["naive", "naive", "naive", "\u1112", "##\u1161"]
    assert t.tokenize("a你a a\u200ba a\x00a") == ["a", "你", "a", "a", "##a", "a", "##a"]
    assert t.tokenize("[MASK] a [mask]") == ["[MASK]", "a", "[UNK]", "[UNK]", "[UNK]"]
    assert t.tokenize("unx " + "a" * 101) == ["[UNK]", "[UNK]"] and len(t.tokenize("a" * 100)) == 100
    ids, types = t.encode("a a", "fable")
    assert ids == [2, 9, 9, 3, 10, 3] and types == [0, 0, 0, 0, 1, 1]
    assert t.encode("a a a a", "fable", max_length=6)[0] == [2, 9, 9, 3, 10, 3]
    assert t.decode([2, 5, 6, 7, 11, 3]) == "unaffable ," and t.id_of("fable") == 10
    assert WordPieceTokenizer(WORDS, lower_case=False).tokenize("Un naïve") == ["[UNK]", "[UNK]"]
    with pytest.raises(ValueError, match=r"has no '\[CLS\]'"):
        WordPieceTokenizer(["[UNK]"])
    with pytest.raises(ValueError, match="max_length must be at least 3"):
        t.encode("a", "a", max_length=2)


@needs_data
def test_published_encodings():
    t = BytePairTokenizer(DATA / "gpt2_encoder.json", DATA / "gpt2_vocab.bpe")
    assert len(t) == 50257 and t.encode("Hello world") == [15496, 995] and t.encode("<|endoftext|>") == [50256]
    text = (DATA / "tinyshakespeare.txt").read_text()
    ids = t.encode(text)
    assert len(ids) == 301_966 + 36_059  # nanoGPT's training and validation part
    assert t.decode(ids) == text
    w = WordPieceTokenizer(DATA / "bert-base-uncased-vocab.txt")
    assert w.tokenize("unaffable") == ["una", "##ffa", "##ble"]
    assert w.encode("Hello, my dog is cute")[0] == [101, 7592, 1010, 2026, 3899, 2003, 10140, 102]


@needs_data
def test_other_libraries_agree():
    tokenizers = pytest.importorskip("tokenizers")
    text = (DATA / "pride_and_prejudice_1342-0.txt").read_text()
    ours, theirs = BytePairTokenizer(DATA / "gpt2_encoder.json", DATA / "gpt2_vocab.bpe"), tokenizers.ByteLevelBPETokenizer(
        str(DATA / "gpt2_encoder.json"), str(DATA / "gpt2_vocab.bpe"))
    assert ours.encode(text) == theirs.encode(text).ids
    bert = tokenizers.BertWordPieceTokenizer(str(DATA / "bert-base-uncased-vocab.txt"))
    assert WordPieceTokenizer(DATA / "bert-base-uncased-vocab.txt").encode(text)[0] == bert.encode(text).ids
