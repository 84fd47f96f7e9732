"""Writes small good files of each format, from which the fuzzers start: seeds.py FOLDER."""

import gzip
import io
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "python"))
import torch_files as tf  # noqa: E402

ARRAYS = {"a": np.arange(6, dtype="<f4").reshape(2, 3), "b": np.arange(4, dtype="<i8"), "c": np.array([True, False]),
          "empty": np.zeros((0, 3), "<f8"), "half": np.ones((2, 2), "<f2"), "number": np.array(5, "u1")}
SAFE = {"f4": "F32", "i8": "I64", "b1": "BOOL", "f8": "F64", "f2": "F16", "u1": "U8"}


def safetensors(arrays: dict[str, np.ndarray], metadata: dict[str, str]) -> bytes:
    header: dict[str, object] = {"__metadata__": metadata}
    body = b""
    for name, a in arrays.items():
        at = len(body)
        body += a.tobytes()
        header[name] = {"dtype": SAFE[a.dtype.str[1:]], "shape": list(a.shape), "data_offsets": [at, len(body)]}
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + body


def npy(array: np.ndarray, version: tuple[int, int] = (1, 0)) -> bytes:
    out = io.BytesIO()
    np.lib.format.write_array(out, array, version)
    return out.getvalue()


def npz(write, arrays: dict[str, np.ndarray]) -> bytes:
    out = io.BytesIO()
    write(out, **arrays)
    return out.getvalue()


def idx(array: np.ndarray, kind: int) -> bytes:
    return struct.pack(f">HBB{array.ndim}I", 0, kind, array.ndim, *array.shape) + array.astype(array.dtype.newbyteorder(">")).tobytes()


def torch_objects() -> list[object]:
    shared = tf.Storage(np.arange(12, dtype="float32"), "0")
    state = tf.ordered([(k, tf.tensor(v)) for k, v in ARRAYS.items()], state={"_metadata": tf.ordered()})
    return [state, {"x": tf.tensor(shared, (3, 2), (1, 6), 1), "y": [tf.tensor(shared), 1.5, None, ("s", 2**40, True)]}]


def seeds() -> dict[str, list[bytes]]:
    text = json.dumps({"a": [1, -2.5e10, None, True], "b\u00e9\u4e2d": {"c": "\\\"\n\u0001"}})
    inflate = [zlib.compress(d, level, wbits=-15) for d in (b"", b"abc" * 50, bytes(range(256))) for level in (0, 1, 9)]
    merges = b"#version: 0.2\nt h\nth e\n\xc4\xa0 the\n\0the other the <|endoftext|> caf\xc3\xa9 12 don't\n\n  x"
    words = b"[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\nun\n##aff\n##able\n,\n\xe4\xb8\xad\n\0Unaffable, [MASK] \xe4\xb8\xad\xc3\xa9"
    pickles = [tf.pickled(o, protocol, legacy)[0] for o in torch_objects() for protocol in (0, 2, 4) for legacy in (False, True)]
    torch = [write(o, p) for o in torch_objects() for write in (tf.zip_file, tf.legacy_file) for p in (2, 4)]
    digits = idx(np.arange(24, dtype="u1").reshape(2, 3, 4), 8)
    return {
        "safetensors": [safetensors(ARRAYS, {}), safetensors({}, {"format": "pt"}), safetensors({"x.y": ARRAYS["a"]}, {"tree": text})],
        "npy": [npy(a) for a in ARRAYS.values()] + [npy(np.asfortranarray(ARRAYS["a"]), (2, 0)), npy(ARRAYS["b"].astype(">i8"))],
        "npz": [npz(np.savez, ARRAYS), npz(np.savez_compressed, ARRAYS), npz(np.savez, {})],
        "idx": [digits, gzip.compress(digits), idx(np.arange(3, dtype="float32"), 13), idx(np.arange(3, dtype="int32"), 12)],
        "inflate": inflate + [gzip.compress(b"abc" * 9)],
        "json": [text.encode(), b"[]", b'"\\ud83d\\ude00"', b"-0.0e-5"],
        "torch": torch,
        "pickle": pickles,
        "bpe": [merges],
        "wordpiece": [words],
    }


def write(folder: Path) -> None:
    for name, contents in seeds().items():
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for i, content in enumerate(contents):
            (place / f"seed{i}").write_bytes(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
