"""Files: agreement with numpy and zlib, the rules of the formats, and thousands of broken files that must be refused."""

import gzip
import io
import json
import os
import random
import struct
import subprocess
import sys
import zipfile
import zlib

import numpy as np
import pytest

import deepseek
from deepseek import files

NUMPY_TYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
REFUSALS = (ValueError, OSError, TypeError)


def array(dtype, shape, seed=0):
    return np.random.default_rng(seed).integers(0, 2 if dtype == "bool" else 100, shape).astype(dtype)


def safetensors(header, data=b"", pad=True):
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    if pad:
        text += b" " * (-len(text) % 8)
    return struct.pack("<Q", len(text)) + text + data


def write(path, content):
    path.write_bytes(content)
    return path


# ---- safetensors ----

@pytest.mark.parametrize("dtype", NUMPY_TYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 5)])
def test_safetensors_round_trip(dtype, shape, tmp_path):
    a = array(dtype, shape)
    files.save_safetensors({"a": deepseek.from_numpy(a), "odd": deepseek.from_numpy(array("uint8", 3))}, tmp_path / "x.safetensors")
    back = files.load_safetensors(tmp_path / "x.safetensors")
    assert back["a"].numpy().dtype == a.dtype and np.array_equal(back["a"].numpy(), a)


def test_safetensors_bfloat16_and_views(tmp_path):
    t = deepseek.from_numpy(array("float32", (4, 6))).to(deepseek.bfloat16)
    strided = deepseek.from_numpy(array("float64", (4, 6)))[::2, 1:5].transpose(0, 1)
    files.save_safetensors({"b": t, "s": strided, "lazy": strided * 2}, tmp_path / "x.safetensors", {"note": "ünï\n\"quoted\""})
    back = files.load_safetensors(tmp_path / "x.safetensors")
    assert back["b"].dtype == deepseek.bfloat16 and np.array_equal(back["b"].float().numpy(), t.float().numpy())
    assert np.array_equal(back["s"].numpy(), strided.numpy()) and np.array_equal(back["lazy"].numpy(), 2 * strided.numpy())
    assert files.load_safetensors_metadata(tmp_path / "x.safetensors") == {"note": "ünï\n\"quoted\""}


def test_safetensors_layout_is_the_published_one(tmp_path):
    a = array("float32", (2, 3))
    files.save_safetensors({"w": deepseek.from_numpy(a)}, tmp_path / "x.safetensors")
    raw = (tmp_path / "x.safetensors").read_bytes()
    n = struct.unpack("<Q", raw[:8])[0]
    assert n % 8 == 0
    assert json.loads(raw[8:8 + n]) == {"w": {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}}
    assert raw[8 + n:] == a.tobytes()


def test_loading_maps_the_file(tmp_path):
    path = tmp_path / "x.safetensors"
    files.save_safetensors({"a": deepseek.from_numpy(np.ones(1 << 20, "float32"))}, path)
    t = files.load_safetensors(path)["a"]
    maps = open("/proc/self/maps").read()
    assert str(path) in maps
    assert t.sum().item() == 1 << 20
    os.unlink(path)
    assert t[12345].item() == 1.0
    del t
    assert str(path) not in open("/proc/self/maps").read()


def test_writing_to_a_loaded_tensor_leaves_the_file_alone(tmp_path):
    path = tmp_path / "x.safetensors"
    files.save_safetensors({"a": deepseek.from_numpy(np.ones(8, "float32"))}, path)
    before = path.read_bytes()
    t = files.load_safetensors(path)["a"]
    t += 1
    assert t.numpy().tolist() == [2.0] * 8 and path.read_bytes() == before


def test_saving_over_a_loaded_file_keeps_its_tensors(tmp_path):
    path = tmp_path / "x.safetensors"
    files.save_safetensors({"a": deepseek.from_numpy(np.arange(8.0))}, path)
    t = files.load_safetensors(path)
    files.save_safetensors({"a": t["a"] * 2}, path)
    assert t["a"].numpy().tolist() == list(range(8))
    assert files.load_safetensors(path)["a"].numpy().tolist() == [2.0 * i for i in range(8)]


def test_unaligned_data_is_copied(tmp_path):
    a = np.arange(5, dtype="float64")
    header = {"a": {"dtype": "F64", "shape": [5], "data_offsets": [3, 43]}, "b": {"dtype": "U8", "shape": [3], "data_offsets": [0, 3]}}
    path = write(tmp_path / "x.safetensors", safetensors(header, b"abc" + a.tobytes(), pad=False))
    assert np.array_equal(files.load_safetensors(path)["a"].numpy(), a)


def entry(dtype="F32", shape=(2,), offsets=(0, 8)):
    return {"dtype": dtype, "shape": list(shape), "data_offsets": list(offsets)}


@pytest.mark.parametrize("content,message", [
    (b"", "0 bytes"),
    (b"\0" * 7, "7 bytes"),
    (struct.pack("<Q", 100_000_001) + b"{}", "100 MB"),
    (struct.pack("<Q", 2**64 - 1) + b"{}", "100 MB"),
    (struct.pack("<Q", 99) + b"{}", "cut short"),
    (safetensors(b"[]"), "does not start"),
    (safetensors(b" {}"), "does not start"),
    (safetensors(b'{"a":'), "malformed JSON"),
    (safetensors(b'{} x'), "malformed JSON"),
    (safetensors(b'{"a":1e5}'), "object"),
    (safetensors(b'{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}',
                 b"\0" * 16), "duplicate key"),
    (safetensors(b'{"\xff":{}}'), "UTF-8"),
    (safetensors({"a": entry()}, b"\0" * 7), "cut short"),
    (safetensors({"a": entry()}, b"\0" * 9), "1 bytes follow"),
    (safetensors({}, b"\0"), "1 bytes follow"),
    (safetensors({"a": entry(), "b": entry(offsets=(4, 12))}, b"\0" * 12), "overlaps"),
    (safetensors({"a": entry(), "b": entry(offsets=(9, 17))}, b"\0" * 17), "belong to none"),
    (safetensors({"a": entry(offsets=(1, 9))}, b"\0" * 9), "belong to none"),
    (safetensors({"a": entry(shape=(3,))}, b"\0" * 8), "need 12 bytes"),
    (safetensors({"a": entry(offsets=(8, 0))}, b"\0" * 8), "end before"),
    (safetensors({"a": entry(shape=(2**40, 2**40))}, b"\0" * 8), "too many elements"),
    (safetensors({"a": entry(shape=(2**63 - 1, 0))}, b""), "too large"),
    (safetensors({"a": entry(shape=(2**40, 2**40, 0))}, b""), "too many"),
    (safetensors({"a": entry(shape=(-2,))}, b"\0" * 8), "0 or more"),
    (safetensors({"a": entry(shape=(2.0,))}, b"\0" * 8), "0 or more"),
    (safetensors({"a": entry(shape=(2**64,))}, b"\0" * 8), "out of range"),
    (safetensors({"a": entry(shape=(1,) * 9, offsets=(0, 4))}, b"\0" * 4), "at most 8"),
    (safetensors({"a": entry(dtype="F8_E5M2")}, b"\0" * 8), "F8_E5M2"),
    (safetensors({"a": {"dtype": "F32"}}, b""), "must have dtype"),
    (safetensors({"a": entry(dtype="BOOL", shape=(2,), offsets=(0, 2))}, b"\1\2"), "bool"),
    (safetensors({"__metadata__": {"a": 1}}), "strings only"),
    (safetensors({"__metadata__": []}), "object"),
    (safetensors(b'{"a":' + b"[" * 100000), "nested too deeply"),
])
def test_broken_safetensors(content, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        files.load_safetensors(write(tmp_path / "x.safetensors", content))


def test_what_cannot_be_saved(tmp_path):
    a = deepseek.from_numpy(np.ones(2))
    for bad in ({"__metadata__": a}, {3: a}, {"a": "text"}, [a], {"\ud800": a}):
        with pytest.raises((ValueError, TypeError, UnicodeError)):
            files.save_safetensors(bad, tmp_path / "x")
    with pytest.raises(OSError, match="cannot write"):
        files.save_safetensors({"a": a}, tmp_path / "no" / "folder")
    with pytest.raises(OSError, match="cannot open"):
        files.load_safetensors(tmp_path / "missing")
    with pytest.raises(OSError, match="regular file"):
        files.load_safetensors(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_save_leaves_the_old_file(tmp_path):
    path = tmp_path / "x.safetensors"
    files.save_safetensors({"a": deepseek.from_numpy(np.ones(4))}, path)
    before = path.read_bytes()
    code = f"""
import resource, signal, numpy as np, deepseek
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
try:
    deepseek.files.save_safetensors({{"a": deepseek.from_numpy(np.zeros(100000))}}, {str(path)!r})
except OSError as error:
    assert "unchanged" in str(error), error
    print("refused")
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "refused", done.stderr
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


# ---- numpy's files ----

@pytest.mark.parametrize("dtype", NUMPY_TYPES)
@pytest.mark.parametrize("shape", [(), (0, 3), (4,), (2, 3, 5)])
def test_npy_both_ways(dtype, shape, tmp_path):
    a = array(dtype, shape)
    np.save(tmp_path / "a.npy", a)
    back = files.load_npy(tmp_path / "a.npy")
    assert back.numpy().dtype == a.dtype and np.array_equal(back.numpy(), a)
    files.save_npy(deepseek.from_numpy(a), tmp_path / "b.npy")
    again = np.load(tmp_path / "b.npy", allow_pickle=False)
    assert again.dtype == a.dtype and np.array_equal(again, a)
    files.save_npz({"x": deepseek.from_numpy(a), "ü": deepseek.from_numpy(a)}, tmp_path / "c.npz")
    with np.load(tmp_path / "c.npz", allow_pickle=False) as z:
        assert z.files == ["x", "ü"] and np.array_equal(z["ü"], a) and z["x"].dtype == a.dtype


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
@pytest.mark.parametrize("order", "CF")
@pytest.mark.parametrize("descr", ["<f4", ">f4", ">i2", "<i8", "|u1", ">f8"])
def test_npy_versions_orders_and_bytes(version, order, descr, tmp_path):
    a = np.asarray(array("int16", (3, 4, 5)), dtype=descr, order=order)
    with open(tmp_path / "a.npy", "wb") as f:
        np.lib.format.write_array(f, a, version=version)
    assert np.array_equal(files.load_npy(tmp_path / "a.npy").numpy(), a)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz(save, tmp_path):
    arrays = {"a": array("float32", (300, 40)), "b": array("bool", 7), "c": np.asfortranarray(array("float64", (5, 6))), "d": np.array(3)}
    save(tmp_path / "x.npz", **arrays)
    back = files.load_npz(tmp_path / "x.npz")
    assert list(back) == list(arrays)
    for name, a in arrays.items():
        assert np.array_equal(back[name].numpy(), a)
    assert list(deepseek.load(tmp_path / "x.npz")) == list(arrays)


def npy(header, data=b"", version=1):
    text = header.encode()
    return b"\x93NUMPY" + bytes([version, 0]) + struct.pack("<H" if version == 1 else "<I", len(text)) + text + data


GOOD = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }\n"


@pytest.mark.parametrize("content,message", [
    (b"", "not a .npy"),
    (b"\x93NUMPY\1\0", "not a .npy"),
    (npy(GOOD, b"\0" * 8, version=9), "version"),
    (npy(GOOD, b"\0" * 7), "needs 8 bytes"),
    (npy(GOOD, b"\0" * 9), "needs 8 bytes"),
    (npy(GOOD)[:20], "cut short"),
    (npy(GOOD.replace("<f4", "|O"), b"\0" * 16), "object arrays"),
    (npy(GOOD.replace("<f4", "<c8"), b"\0" * 16), "not supported"),
    (npy(GOOD.replace("<f4", "<U2"), b"\0" * 16), "not supported"),
    (npy(GOOD.replace("'<f4'", "[('a', '<f4')]"), b"\0" * 8), "structured"),
    (npy(GOOD.replace("(2,)", "(-2,)"), b"\0" * 8), "not a number"),
    (npy(GOOD.replace("(2,)", "(99999999999999999999,)"), b"\0" * 8), "too large"),
    (npy(GOOD.replace("(2,)", f"({2**40}, {2**40})"), b"\0" * 8), "too many elements"),
    (npy(GOOD.replace("False", "Maybe"), b"\0" * 8), "False"),
    (npy("{'descr': '<f4', 'shape': (2,)}", b"\0" * 8), "missing"),
    (npy(GOOD.replace("}", ", 'shape': (2,)}"), b"\0" * 8), "malformed"),
    (npy(GOOD.strip() + "x", b"\0" * 8), "follows"),
    (npy("__import__('os')", b"\0" * 8), "malformed"),
    (npy(GOOD.replace("<f4", "|b1"), b"\0\2"), "bool"),
])
def test_broken_npy(content, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        files.load_npy(write(tmp_path / "x.npy", content))


def test_bfloat16_has_no_numpy_form(tmp_path):
    with pytest.raises(TypeError, match="bfloat16"):
        files.save_npy(deepseek.from_numpy(np.ones(2, "float32")).to(deepseek.bfloat16), tmp_path / "x.npy")


def test_other_zip_files_are_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.pth", "w") as z:
        z.writestr("archive/readme.txt", b"text")
    with pytest.raises(ValueError, match="not a .npy file"):
        deepseek.load(tmp_path / "x.pth")


# ---- idx and deflate ----

@pytest.mark.parametrize("dtype,code", [("uint8", 8), ("int8", 9), (">i2", 11), (">i4", 12), (">f4", 13), (">f8", 14)])
def test_idx(dtype, code, tmp_path):
    a = array("uint8", (3, 4, 2)).astype(dtype)
    raw = bytes([0, 0, code, 3]) + struct.pack(">III", *a.shape) + a.tobytes()
    write(tmp_path / "a", raw)
    write(tmp_path / "a.gz", gzip.compress(raw))
    for name in ("a", "a.gz"):
        assert np.array_equal(files.read_idx(tmp_path / name).numpy(), a)
    files.write_idx(files.read_idx(tmp_path / "a"), tmp_path / "b")
    assert (tmp_path / "b").read_bytes() == raw


@pytest.mark.parametrize("content", [b"", b"\0\0", b"\0\0\7\0", b"\1\0\x08\0a", b"\0\0\x08\1\0\0\0\3ab", b"\0\0\x08\1\0\0\0\3abcd",
                                     b"\0\0\x08\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", b"\0\0\x08\xff" + b"\0\0\0\1" * 255 + b"a",
                                     b"\0\0\x08\3" + b"\xff" * 8 + b"\0" * 4])
def test_broken_idx(content, tmp_path):
    for name, raw in (("a", content), ("a.gz", gzip.compress(content))):
        with pytest.raises(ValueError):
            files.read_idx(write(tmp_path / name, raw))


def samples_for_deflate():
    rng = np.random.default_rng(1)
    yield b""
    yield b"a"
    yield b"abc" * 50000
    yield rng.bytes(70000)
    yield rng.integers(0, 3, 100000).astype("uint8").tobytes()
    yield np.cumsum(rng.integers(-2, 3, 30000)).astype("<i2").tobytes()
    yield bytes(range(256)) * 300


@pytest.mark.parametrize("strategy", [zlib.Z_DEFAULT_STRATEGY, zlib.Z_FIXED, zlib.Z_HUFFMAN_ONLY, zlib.Z_RLE])
@pytest.mark.parametrize("level", [0, 1, 6, 9])
def test_inflate_agrees_with_zlib(level, strategy, tmp_path):
    for content in samples_for_deflate():
        raw = bytes([0, 0, 8, 1]) + struct.pack(">I", len(content)) + content
        c = zlib.compressobj(level, zlib.DEFLATED, 31, 9, strategy)
        back = files.read_idx(write(tmp_path / "x.gz", c.compress(raw) + c.flush())).numpy()
        assert back.tobytes() == content


def test_gzip_with_all_header_fields(tmp_path):
    raw = bytes([0, 0, 8, 1, 0, 0, 0, 2]) + b"ab"
    packed = gzip.compress(raw)
    fields = b"\x1f\x8b\x08" + bytes([4 | 8 | 16 | 2]) + b"\0" * 6 + b"\3\0xyz" + b"name\0" + b"comment\0" + b"\0\0" + packed[10:]
    assert files.read_idx(write(tmp_path / "x.gz", fields)).numpy().tolist() == [97, 98]


# ---- save and load ----

def test_save_and_load_nested(tmp_path):
    a, b = deepseek.from_numpy(array("float32", (2, 3))), deepseek.from_numpy(array("int64", 4))
    thing = {"model": {"w": a, "b.c": b}, "model.w": b, "epoch": 3, "rate": 0.1, "flags": [True, False, None], "pair": (1, 2.5),
             "name": "ünï", "state": {0: {"step": 7.0, "m": a}, 5: {}}, "odd": [float("inf"), float("-inf"), 1e-320, -0.0], "big": -2**63,
             "list": [a, [b]], "empty": {}}
    deepseek.save(thing, tmp_path / "x")
    back = deepseek.load(tmp_path / "x")

    def same(x, y):
        if isinstance(x, deepseek.Tensor):
            return np.array_equal(x.numpy(), y.numpy()) and x.dtype == y.dtype
        if isinstance(x, dict):
            return list(x) == list(y) and all(same(x[k], y[k]) for k in x)
        if isinstance(x, (list, tuple)):
            return type(x) is type(y) and len(x) == len(y) and all(same(i, j) for i, j in zip(x, y))
        return type(x) is type(y) and repr(x) == repr(y)

    assert same(thing, back)
    deepseek.save([float("nan")], tmp_path / "y")
    assert repr(deepseek.load(tmp_path / "y")) == "[nan]"
    deepseek.save(a, tmp_path / "z")
    assert np.array_equal(deepseek.load(tmp_path / "z").numpy(), a.numpy())


def test_a_dict_of_tensors_is_a_plain_safetensors_file_in_its_order(tmp_path):
    state = {"z": deepseek.from_numpy(array("uint8", 3)), "a": deepseek.from_numpy(array("float64", 2))}
    deepseek.save(state, tmp_path / "x.safetensors")
    assert set(files.load_safetensors(tmp_path / "x.safetensors")) == {"z", "a"}
    assert list(deepseek.load(tmp_path / "x.safetensors")) == ["z", "a"]


def test_save_says_what_it_cannot_store_and_where(tmp_path):
    with pytest.raises(TypeError, match="model.fn.*function"):
        deepseek.save({"model": {"fn": lambda: 0}}, tmp_path / "x")
    loop = []
    loop.append(loop)
    with pytest.raises((ValueError, RecursionError)):
        deepseek.save(loop, tmp_path / "x")
    with pytest.raises(ValueError, match="64 bits"):
        deepseek.save({"n": 2**70}, tmp_path / "x")
    assert not (tmp_path / "x").exists()


# ---- fuzz ----

def seeds():
    rng = np.random.default_rng(3)
    a = rng.normal(size=(3, 4)).astype("float32")
    header = {"__metadata__": {"k": "v"}, "w": entry(shape=(3, 4), offsets=(0, 48)), "b": entry("BOOL", (3,), (48, 51))}
    yield "safetensors", safetensors(header, a.tobytes() + b"\0\1\1"), files.load_safetensors
    for order in "CF":
        buffer = io.BytesIO()
        np.save(buffer, np.asarray(a, order=order))
        yield f"npy{order}", buffer.getvalue(), files.load_npy
    for save in (np.savez, np.savez_compressed):
        buffer = io.BytesIO()
        save(buffer, a=a, b=np.arange(40))
        yield save.__name__, buffer.getvalue(), files.load_npz
    idx = bytes([0, 0, 8, 2, 0, 0, 0, 10, 0, 0, 0, 30]) + rng.integers(0, 4, 300).astype("uint8").tobytes()
    yield "idx", idx, files.read_idx
    yield "idx.gz", gzip.compress(idx, mtime=0), files.read_idx


def mutate(content, r):
    b = bytearray(content)
    for _ in range(r.choice((1, 1, 1, 2, 4))):
        at = r.randrange(len(b)) if b else 0
        kind = r.randrange(6)
        if kind == 0 and b:
            b[at] ^= 1 << r.randrange(8)
        elif kind == 1 and b:
            b[at] = r.choice((0, 1, 0x7F, 0x80, 0xFF, ord("9"), ord('"'), ord("]")))
        elif kind == 2:
            del b[at:at + r.choice((1, 2, 8, len(b)))]
        elif kind == 3:
            b[at:at] = bytes(r.randrange(256) for _ in range(r.choice((1, 2, 8))))
        elif kind == 4:
            n = r.choice((1, 4, 8))
            b[at:at + n] = b[r.randrange(len(b) + 1):][:n]
        else:
            b[at:at + 8] = struct.pack("<Q", r.choice((0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1, len(b))))
    return bytes(b)


@pytest.mark.parametrize("name", [s[0] for s in seeds()])
def test_mutated_files_load_or_raise(name, tmp_path):
    content, load = next((c, f) for n, c, f in seeds() if n == name)
    r = random.Random(name)
    path = tmp_path / "x"
    refused = 0
    for _ in range(1500):
        path.write_bytes(mutate(content, r))
        try:
            result = load(path)
        except REFUSALS as error:
            refused += 1
            assert "Internal" not in type(error).__name__ and str(path) in str(error)
        else:
            for t in result.values() if isinstance(result, dict) else [result]:
                assert t.numpy().tobytes() is not None
    assert refused > 200
