"""DLPack, numpy's protocol, copying and pickling of tensors."""

from __future__ import annotations

import builtins
from typing import Any

from . import _C
from ._C import Tensor
from .errors import RuntimeError

_CPU = 1  # DLPack's number of the device


def function(name: str) -> Any:
    """The function of a name: what pickled functions are found by."""
    return _C.function(name)


def from_dlpack(ext_tensor: Any, /) -> Tensor:
    """A tensor over the memory of any object that speaks DLPack."""
    if hasattr(ext_tensor, "__dlpack__"):
        if hasattr(ext_tensor, "__dlpack_device__") and int(ext_tensor.__dlpack_device__()[0]) != _CPU:
            raise RuntimeError("from_dlpack: the array is not on the CPU")
        try:
            ext_tensor = ext_tensor.__dlpack__(max_version=(1, 0))
        except builtins.TypeError:
            ext_tensor = ext_tensor.__dlpack__()
    return _C.from_dlpack_capsule(ext_tensor)


def dlpack(self: Tensor, *, stream: Any = None, max_version: tuple[int, int] | None = None, dl_device: Any = None,
           copy: bool | None = None) -> Any:
    if dl_device is not None and int(dl_device[0]) != _CPU:
        raise builtins.BufferError("__dlpack__: the tensor is on the CPU and cannot be exported elsewhere")
    versioned = max_version is not None and max_version[0] >= 1
    return _C.to_dlpack(self.clone() if copy else self, versioned)


def dlpack_device(self: Tensor) -> tuple[int, int]:
    return (_CPU, 0)


def array(self: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    import numpy

    values = self.detach().numpy()
    if dtype is not None and values.dtype != dtype:
        return values.astype(dtype)
    return numpy.array(values) if copy else values


def tolist(self: Tensor) -> Any:
    """The elements as Python numbers, in nested lists."""
    if self.ndim == 0:
        return self.item()
    values = self.detach()
    return (values.float() if values.dtype is _C.dtypes["bfloat16"] else values).numpy().tolist()


def rebuild(cls: type[Tensor], data: Any, dtype: str, requires_grad: bool, state: dict[str, Any] | None) -> Tensor:
    values = _C.rebuild_tensor(data, _C.dtypes[dtype])
    result: Tensor = values if cls is Tensor else cls(values)
    if result.requires_grad != requires_grad:
        result.requires_grad_(requires_grad)
    if state:
        result.__dict__.update(state)
    return result


def reduce_ex(self: Tensor, protocol: int) -> Any:
    import numpy

    if not self.is_leaf:
        raise RuntimeError("pickle: a tensor with a recorded history cannot be pickled; use tensor.detach()")
    data = numpy.asarray(_C.raw_bytes(self))
    if data.dtype == numpy.uint16:  # bfloat16, which numpy has no type for
        data = data.view(numpy.int16)
    state = getattr(self, "__dict__", None) or None
    return rebuild, (type(self), data, self.dtype.name, self.requires_grad, state)


def copy(self: Tensor) -> Tensor:
    """A second tensor over the same values, as copy.copy makes."""
    return self.detach().requires_grad_(self.requires_grad) if type(self) is Tensor else type(self)(self)


def deepcopy(self: Tensor, memo: dict[int, Any]) -> Tensor:
    import copy as copies

    if id(self) in memo:
        return memo[id(self)]
    if not self.is_leaf:
        raise RuntimeError("deepcopy: only leaves can be copied with their autograd state; use tensor.detach().clone()")
    values = self.detach().clone().detach()
    result: Tensor = values if type(self) is Tensor else type(self)(values)
    if result.requires_grad != self.requires_grad:
        result.requires_grad_(self.requires_grad)
    memo[id(self)] = result
    if self.grad is not None:
        result.grad = self.grad.detach().clone()
    if state := getattr(self, "__dict__", None):
        result.__dict__.update(copies.deepcopy(state, memo))
    return result
