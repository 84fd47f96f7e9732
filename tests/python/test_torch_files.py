"""torch's files without torch: both formats, every element type, views, and refusal of everything that is not plain data."""

import pickle
import random
import struct
import zipfile

import numpy as np
import pytest
import torch_files as tf
from test_files import REFUSALS, mutate

import deepseek
from deepseek import files

WRITERS = {"zip": tf.zip_file, "legacy": tf.legacy_file}
formats = pytest.mark.parametrize("write", WRITERS.values(), ids=WRITERS.keys())


def load(content, tmp_path):
    path = tmp_path / "x.pth"
    path.write_bytes(content)
    return deepseek.load(path)


def sample(dtype, n=24):
    return np.random.default_rng(0).integers(0, 2 if dtype == "bool" else 100, n).astype(dtype)


@formats
@pytest.mark.parametrize("dtype", tf.STORAGES)
def test_element_types(write, dtype, tmp_path):
    a = sample(dtype).reshape(2, 3, 4)
    back = load(write({"a": tf.tensor(a)}), tmp_path)["a"].numpy()
    assert back.dtype == a.dtype and np.array_equal(back, a)


@formats
def test_bfloat16(write, tmp_path):
    values = np.array([1.5, -2.0, 0.0, 3.0e38], "float32")
    bits = (values.view("uint32") >> 16).astype("uint16")
    t = load(write([tf.tensor(tf.Storage(bits, "0", "BFloat16Storage"))]), tmp_path)[0]
    assert t.dtype == deepseek.bfloat16
    assert np.array_equal(t.float().numpy().view("uint32"), (bits.astype("uint32") << 16))


@formats
@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_plain_data_and_containers(write, protocol, tmp_path):
    a = sample("float32")
    state = tf.ordered()  # filled below as the pickle module fills a subclass of dict
    thing = {"epoch": 3, "lr": 0.1, "flag": True, "off": False, "none": None, "name": "ünï", "big": 2**62, "negative": -2**63,
             "long": "x" * 300, "list": [1, [2.5, None]], "tuple": (1, (2, 3, 4), ()), "ids": {0: "a", 94020255495056: "b", -1: "c"},
             "size": tf.Call(tf.Global("torch", "Size"), (2, 3)), "state": state, "w": tf.tensor(a),
             "p": tf.Call(tf.Global("torch._utils", "_rebuild_parameter"), tf.tensor(a), True, tf.ordered()),
             "pairs": tf.ordered([("x", 1), ["y", 2]])}
    back = load(write(thing, protocol), tmp_path)
    for key in ("epoch", "lr", "flag", "off", "none", "name", "big", "negative", "long", "list", "tuple", "ids"):
        assert back[key] == thing[key] and type(back[key]) is type(thing[key]), key
    assert back["size"] == (2, 3) and back["state"] == {} and back["pairs"] == {"x": 1, "y": 2}
    assert np.array_equal(back["w"].numpy(), a) and np.array_equal(back["p"].numpy(), a)
    assert list(back) == list(thing)


def test_what_python_2_wrote(tmp_path):
    # str as SHORT_BINSTRING and BINSTRING, int as text, LONG, protocol 0 lists and dicts.
    text = b"\x80\x02}(U\x01ai1\nU\x01bT\x03\x00\x00\x00xyzU\x01cL12L\nU\x01d(lp0\nI01\naI00\nag0\na0U\x01e(dU\x01fF2.5\nsu."
    text = text.replace(b"i1\n", b"I1\n").replace(b"ag0\na0", b"a")
    content = tf.legacy_file(None)
    none = pickle.dumps(None, 2)
    assert content.count(none) == 1
    back = load(content.replace(none, text), tmp_path)
    assert back == {"a": 1, "b": "xyz", "c": 12, "d": [True, False], "e": {"f": 2.5}}


@formats
def test_strides_and_offsets(write, tmp_path):
    a = sample("int32", 60)
    s = tf.Storage(a, "7")
    whole = a.reshape(5, 3, 4)
    back = load(write({"part": tf.tensor(s, (3, 4), offset=12), "t": tf.tensor(s, (4, 5), (1, 12), 4), "step": tf.tensor(s, (2, 3), (24, 4), 1),
                       "number": tf.tensor(s, (), offset=59), "empty": tf.tensor(s, (0, 4), offset=3), "wide": tf.tensor(s, (3, 5), (0, 12)),
                       "same": tf.tensor(s, (5, 3, 4))}), tmp_path)
    expected = {"part": whole[1], "t": whole[:, 1].T, "step": whole[[0, 2]][:, :, 1], "number": a[59], "empty": a[:0].reshape(0, 4),
                "wide": np.broadcast_to(whole[:, 0, 0], (3, 5)), "same": whole}
    for key, value in expected.items():
        assert back[key].shape == value.shape and np.array_equal(back[key].numpy(), value), key
        assert np.array_equal((back[key] * 2 + 1).numpy(), value * 2 + 1), key
    before = {key: back[key].numpy().copy() for key in expected}
    back["part"] += 1  # what the file's tensors shared is not written to
    back["wide"] += 1
    for key in ("t", "step", "number", "same"):
        assert np.array_equal(back[key].numpy(), before[key]), key
    assert np.array_equal(back["part"].numpy(), before["part"] + 1) and np.array_equal(back["wide"].numpy(), before["wide"] + 1)


def test_storages_that_are_views_of_others_and_lie_on_a_gpu(tmp_path):
    a = sample("float32", 20)
    s = tf.Storage(a, "1", "FloatStorage", "torch.cuda", view=("2", 5, 10))
    back = load(tf.legacy_file({"w": tf.tensor(s, (3, 3), offset=1, function="_rebuild_tensor")}), tmp_path)
    assert np.array_equal(back["w"].numpy(), a[6:15].reshape(3, 3))


def test_attributes_of_a_state_dict_are_left_out(tmp_path):
    state = tf.ordered([("w", tf.tensor(sample("float32")))], state={"_metadata": tf.ordered([("", {"version": 1})])})
    assert list(load(tf.zip_file(state), tmp_path)) == ["w"]


def test_circles_and_floods_are_refused(tmp_path):
    loop = []
    loop.append(loop)
    flood = ["x" * 1000]
    for _ in range(60):
        flood = [flood, flood]
    for thing, message in ((loop, "nested too deeply"), (flood, "fill the memory")):
        with pytest.raises(ValueError, match=message):
            load(tf.zip_file(thing), tmp_path)


@formats
def test_a_later_entry_of_a_dict_replaces_an_earlier_one(write, tmp_path):
    assert load(write(tf.ordered([("a", 1), ("b", 2), ("a", 3)])), tmp_path) == {"a": 3, "b": 2}


def test_the_zip_format_is_mapped(tmp_path):
    path = tmp_path / "x.pth"
    path.write_bytes(tf.zip_file({"w": tf.tensor(np.ones(1 << 20, "float32"))}))
    w = deepseek.load(path)["w"]
    assert str(path) in open("/proc/self/maps").read() and w.sum().item() == 1 << 20
    before = path.read_bytes()
    w += 1
    assert w.sum().item() == 2 << 20 and path.read_bytes() == before


@pytest.mark.parametrize("options", [{"root": ""}, {"root": "mnv2"}, {"align": 1}, {"compression": zipfile.ZIP_DEFLATED}], ids=str)
def test_other_ways_to_write_a_zip(options, tmp_path):
    a = sample("float64")
    assert np.array_equal(load(tf.zip_file({"a": tf.tensor(a)}, **options), tmp_path)["a"].numpy(), a)


def test_npz_files_stay_npz_files(tmp_path):
    np.savez(tmp_path / "x.npz", a=sample("float32"))
    assert np.array_equal(deepseek.load(tmp_path / "x.npz")["a"].numpy(), sample("float32"))
    with pytest.raises(ValueError, match="data.pkl"):
        files.load_torch(tmp_path / "x.npz")


@formats
@pytest.mark.parametrize("module,name", [("os", "system"), ("builtins", "eval"), ("torch", "load"), ("torch.nn.modules.linear", "Linear"),
                                         ("collections", "defaultdict"), ("torch", "ComplexFloatStorage"), ("numpy", "ndarray")])
def test_other_globals_are_refused_by_name(write, module, name, tmp_path):
    for thing in (tf.Global(module, name), {"a": [tf.Call(tf.Global(module, name), "touch x")]}):
        with pytest.raises(ValueError, match=f"'{module}.{name}', which is refused"):
            load(write(thing), tmp_path)


STORAGE = tf.Storage(sample("float32", 6), "0")
MALFORMED = [
    (tf.tensor(STORAGE, (7,)), "beyond its storage of 6"),
    (tf.tensor(STORAGE, (3,), offset=4), "beyond its storage"),
    (tf.tensor(STORAGE, (2, 2), (5, 1)), "beyond its storage"),
    (tf.tensor(STORAGE, (2, 2), (2**62, 1)), "beyond its storage"),
    (tf.tensor(STORAGE, (2**40, 2**40), (0, 0)), "too many elements"),
    (tf.tensor(STORAGE, (-1,), (1,)), "0 or more"),
    (tf.tensor(STORAGE, (2,), (-1,), 1), "0 or more"),
    (tf.tensor(STORAGE, (2,), (1, 1)), "1 sizes, but 2 strides"),
    (tf.tensor(STORAGE, (1,) * 9), "at most 8"),
    (tf.tensor(STORAGE, (2.0,), (1,)), "must be an integer"),
    (tf.Call(tf.Global("torch._utils", "_rebuild_tensor_v2"), 1, 0, (1,), (1,)), "must be a storage"),
    (tf.Call(tf.Global("torch._utils", "_rebuild_tensor_v2"), STORAGE), "needs storage, offset"),
    (tf.Call(tf.Global("torch._utils", "_rebuild_parameter"), 3), "made of a tensor"),
    (tf.Call("print", 3), "no function"),
    (STORAGE, "storage without a tensor"),
    (tf.Global("torch", "Size"), "class or function"),
    (b"bytes", "refused"),
    ({1, 2}, "refused"),
    ({None: 1}, "neither strings nor integers"),
    ({"x": 2**64}, "64 bits"),
    (tf.ordered(3), "list of pairs"),
    (tf.Call(tf.Global("torch", "Size"), (1,), state={}), "the state of an object"),
]


@formats
@pytest.mark.parametrize("thing,message", MALFORMED, ids=[m for _, m in MALFORMED])
def test_malformed_objects(write, thing, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        load(write(thing, 3), tmp_path)


def test_malformed_files(tmp_path):
    good = {"w": tf.tensor(sample("float32"))}
    raw, packed = tf.legacy_file(good), tf.zip_file(good)
    for content, message in [
        (raw[:-1], "cut short"), (raw + b"x", "1 bytes follow"), (tf.legacy_file(good, magic=5), "did not write"),
        (tf.legacy_file(good, version=1002), "version"), (tf.legacy_file(good, little=False), "little-endian"),
        (pickle.dumps({"a": 1}), "did not write"), (raw.replace(struct.pack("<q", 24), struct.pack("<q", 25)), "24 elements are announced"),
        (tf.legacy_file({"w": tf.tensor(tf.Storage(np.full(3, 2, "uint8"), "0", "BoolStorage"))}), "bool"),
        (tf.zip_file({"w": tf.tensor(tf.Storage(np.full(3, 2, "uint8"), "0", "BoolStorage"))}), "bool"),
        (tf.zip_file({"w": tf.tensor(tf.Storage(sample("float32"), "0", "DoubleStorage"))}), "need 192 bytes, but it has 96"),
        (packed.replace(b"data/", b"dota/"), "does not hold it"), (packed[:-30], "zip archive is malformed"),
        (tf.zip_file(good, more=[("constants.pkl", b"")]), "TorchScript"),
        (packed.replace(b"little", b"bigger"), "little-endian"),
    ]:
        with pytest.raises(ValueError, match=message):
            load(content, tmp_path)
    assert not list(tmp_path.glob("x"))


def test_a_tensor_where_older_files_describe_the_machine(tmp_path):
    raw = tf.legacy_file({"w": tf.tensor(sample("float32"))})
    sizes = {"short": 2, "int": 4, "long": 4}
    machine = pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": sizes}, 2)
    assert raw.count(machine) == 1
    odd, _ = tf.pickled({"little_endian": True, "w": tf.tensor(sample("float32", 3))}, 2, legacy=True)
    with pytest.raises(ValueError, match="a tensor where the machine is described"):
        load(raw.replace(machine, odd), tmp_path)


def test_a_safetensors_file_that_begins_like_a_pickle(tmp_path):
    names = {}
    for i in range(2, 6):
        length = 0x80 + 256 * i  # the first two bytes of the header's length are those of a pickle of protocol i
        text = b'{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}'.ljust(length)
        names[i] = load(struct.pack("<Q", length) + text + struct.pack("<2f", 1, i), tmp_path)["w"].tolist()
    assert names == {i: [1, i] for i in range(2, 6)}


def seeds():
    s = tf.Storage(sample("float32", 60), "0")
    thing = tf.ordered([("a.weight", tf.tensor(s, (4, 5), (1, 12), 4)), ("n", tf.tensor(sample("int64", 3))), ("s", {"x": [1, (2.5, None)]}),
                        ("flag", tf.tensor(np.array([True, False])))], state={"_metadata": tf.ordered()})
    return {"zip": tf.zip_file(thing), "zip4": tf.zip_file(thing, 4, align=1), "legacy": tf.legacy_file(thing), "legacy4": tf.legacy_file(thing, 4)}


def values(tree):
    if isinstance(tree, deepseek.Tensor):
        yield tree
    elif isinstance(tree, (list, tuple, dict)):
        for item in tree.values() if isinstance(tree, dict) else tree:
            yield from values(item)


@pytest.mark.parametrize("name", ["zip", "zip4", "legacy", "legacy4"])
def test_mutated_files_load_or_raise(name, tmp_path):
    content = seeds()[name]
    r = random.Random(name)
    path = tmp_path / "x"
    refused = 0
    for _ in range(1500):
        path.write_bytes(mutate(content, r))
        try:
            result = deepseek.load(path)
        except REFUSALS as error:
            refused += 1
            assert "Internal" not in type(error).__name__ and str(path) in str(error)
        else:
            for t in values(result):
                if t.numel() < 1 << 20:
                    assert t.numpy().tobytes() is not None
    assert refused > 200
