"""Writes files as torch.save does, with the pickle module and zipfile, so that the tests need no torch."""

import io
import pickle
import struct
import zipfile

import numpy as np

STORAGES = {"bool": "BoolStorage", "uint8": "ByteStorage", "int8": "CharStorage", "int16": "ShortStorage", "int32": "IntStorage",
            "int64": "LongStorage", "float16": "HalfStorage", "float32": "FloatStorage", "float64": "DoubleStorage"}
MAGIC = 0x1950A86A20F9469CFC6C


class Global:
    """A class or function that a pickle names."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    """The result of a global called with arguments, and the state that it is given afterwards."""

    def __init__(self, function, *args, state=None):
        self.function, self.args, self.state = function, args, state


class Storage:
    """Elements that tensors share. `view` is what older files have: (key, first element, elements)."""

    def __init__(self, array, key, kind=None, module="torch", view=None):
        self.array, self.key, self.view = array, key, view
        self.type = Global(module, kind or STORAGES[array.dtype.name])


class Pickler(pickle._Pickler):
    dispatch = dict(pickle._Pickler.dispatch)

    def __init__(self, file, protocol, legacy):
        super().__init__(file, protocol)
        self.legacy, self.storages = legacy, {}

    def persistent_id(self, obj):
        if not isinstance(obj, Storage):
            return None
        self.storages[obj.key] = obj
        return ("storage", obj.type, obj.key, "cpu", obj.array.size, *((obj.view,) if self.legacy else ()))

    def save_named(self, obj):
        if self.proto >= 4:
            self.save(obj.module)
            self.save(obj.name)
            self.write(pickle.STACK_GLOBAL)
        else:
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        self.memoize(obj)

    def save_called(self, obj):
        self.save(obj.function)
        self.save(obj.args)
        self.write(pickle.REDUCE)
        self.memoize(obj)
        if obj.state is not None:
            self.save(obj.state)
            self.write(pickle.BUILD)

    dispatch[Global] = save_named
    dispatch[Call] = save_called


def tensor(storage, shape=None, strides=None, offset=0, function="_rebuild_tensor_v2"):
    """A tensor over a Storage, or over a new one of an array."""
    if isinstance(storage, np.ndarray):
        shape = storage.shape if shape is None else shape
        storage = Storage(np.ascontiguousarray(storage).reshape(-1), str(id(storage)))
    shape = (storage.array.size,) if shape is None else shape
    if strides is None:
        strides = tuple(int(np.prod(shape[i + 1:], dtype=np.int64)) for i in range(len(shape)))
    more = () if function == "_rebuild_tensor" else (False, ordered())
    return Call(Global("torch._utils", function), storage, offset, tuple(shape), tuple(strides), *more)


def ordered(*args, state=None):
    return Call(Global("collections", "OrderedDict"), *args, state=state)


def pickled(obj, protocol, legacy):
    out = io.BytesIO()
    pickler = Pickler(out, protocol, legacy)
    pickler.dump(obj)
    return out.getvalue(), pickler.storages


def zip_file(obj, protocol=2, root="archive", compression=zipfile.ZIP_STORED, align=64, more=()):
    """The format since torch 1.6: a zip of data.pkl and one aligned entry for each storage."""
    pickle_bytes, storages = pickled(obj, protocol, legacy=False)
    entries = [("data.pkl", pickle_bytes), ("byteorder", b"little"), *more]
    entries += [(f"data/{key}", s.array.tobytes()) for key, s in storages.items()] + [("version", b"3\n")]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", compression) as z:
        for name, content in entries:
            info = zipfile.ZipInfo(f"{root}/{name}" if root else name)
            info.compress_type = compression
            used = out.tell() + 30 + len(info.filename.encode())
            pad = (-used - 4) % align if align > 1 else 0
            info.extra = b"FB" + struct.pack("<H", pad) + b"Z" * pad if align > 1 else b""
            z.writestr(info, content)
    return out.getvalue()


def legacy_file(obj, protocol=2, magic=MAGIC, version=1001, little=True):
    """The format before torch 1.6: pickles one after another, then the storages."""
    main, storages = pickled(obj, protocol, legacy=True)
    machine = {"protocol_version": version, "little_endian": little, "type_sizes": {"short": 2, "int": 4, "long": 4}}
    out = pickle.dumps(magic, protocol) + pickle.dumps(version, protocol) + pickle.dumps(machine, protocol) + main
    out += pickle.dumps(sorted(storages), protocol)
    for key in sorted(storages):
        array = storages[key].array
        out += struct.pack("<q", array.size) + array.tobytes()
    return out
