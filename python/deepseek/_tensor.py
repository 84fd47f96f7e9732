"""Methods of Tensor that are written in Python: conversions by torch's names, copying, exchange with other libraries."""

# mypy: ignore-errors
# The stub of the extension already states these methods.

from __future__ import annotations

import builtins
import math
from typing import Any

from . import _C, _exchange, _overloads
from ._C import Tensor, dtype, dtypes
from ._device import device as _device_type
from ._memory_format import memory_format
from .errors import TypeError, ValueError

_convert = _C.function_tables["top"].get("to") or _C.function_tables["hidden"].get("to")


def to(self: Tensor, *args: Any, dtype: dtype | None = None, device: Any = None, non_blocking: bool = False,
       copy: bool = False, memory_format: Any = None) -> Tensor:
    """The tensor with another element type, or on another device: to(dtype), to(device), to(device, dtype), to(other)."""
    flags = [arg for arg in args if isinstance(arg, bool)]  # torch's positional non_blocking and copy
    copy = copy or (len(flags) == 2 and flags[1])
    for arg in args:
        if isinstance(arg, Tensor):
            dtype = arg.dtype
        elif isinstance(arg, (str, _device_type)):
            device = arg
        elif isinstance(arg, bool):
            continue
        elif arg is not None:
            dtype = arg
    if device is not None:
        _device_type(device)
    _check_format("to", memory_format)
    result = self if dtype is None else _convert(self, dtype)
    return result.clone() if copy and result is self else result


def _check_format(name: str, value: Any) -> None:
    if value is not None and not isinstance(value, memory_format):
        raise TypeError(f"{name}: memory_format must be one such as deepseek.channels_last, but is {type(value).__name__}")


def _conversion(name: str) -> Any:
    target = dtypes[name]

    def method(self: Tensor, memory_format: Any = None) -> Tensor:
        _check_format(name, memory_format)
        return _convert(self, target)

    method.__name__ = method.__qualname__ = name
    method.__doc__ = f"The tensor as {target!r}."
    return method


def type_(self: Tensor, dtype: Any = None) -> Any:
    """The tensor with another element type; its type as a string without an argument."""
    return f"deepseek.{self.dtype.name}" if dtype is None else to(self, dtype)


def type_as(self: Tensor, other: Tensor) -> Tensor:
    """The tensor with the element type of another."""
    return _convert(self, other.dtype)


def cuda(self: Tensor, device: Any = "cuda") -> Tensor:
    """Moves to a GPU; this build has none and says so."""
    _device_type(f"cuda:{device}" if isinstance(device, int) else str(device))
    return self


def cpu(self: Tensor) -> Tensor:
    """The tensor itself: it is on the CPU."""
    return self


def format_(self: Tensor, spec: str) -> str:
    return builtins.format(self.item(), spec) if self.ndim == 0 and spec else str(self)


def _new(name: str) -> Any:
    make = _C.function_tables["top"].get(name)

    def method(self: Tensor, *args: Any, dtype: dtype | None = None, **options: Any) -> Tensor:
        return make(*args, dtype=self.dtype if dtype is None else dtype, **options)

    method.__name__ = method.__qualname__ = f"new_{name}"
    method.__doc__ = f"As deepseek.{name}, with the element type of this tensor."
    return method


def new_tensor(self: Tensor, data: Any, *, dtype: dtype | None = None, requires_grad: bool = False) -> Tensor:
    """As deepseek.tensor, with the element type of this tensor."""
    return _C.tensor(data, dtype=self.dtype if dtype is None else dtype, requires_grad=requires_grad)


def copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Writes the elements of another tensor into this one."""
    return _C.assign(self, src)


def fill_(self: Tensor, value: Any) -> Tensor:
    """Writes one value into every element."""
    return _C.assign(self, value)


def zero_(self: Tensor) -> Tensor:
    """Writes zero into every element."""
    return _C.assign(self, 0)


def normal_(self: Tensor, mean: float = 0.0, std: float = 1.0) -> Tensor:
    """Draws every element anew from a normal distribution."""
    if not std >= 0:
        raise ValueError(f"normal_: std must not be negative, but is {std}")
    return _C.assign(self, _random("randn", self) * std + mean)


def uniform_(self: Tensor, a: float = 0.0, b: float = 1.0) -> Tensor:
    """Draws every element anew, uniformly between two bounds."""
    if not a <= b:
        raise ValueError(f"uniform_: the lower bound {a} lies above the upper bound {b}")
    return _C.assign(self, _random("rand", self) * (b - a) + a)


def bernoulli_(self: Tensor, p: Any = 0.5) -> Tensor:
    """Draws every element anew: 1 with the chance `p`, a number or a tensor that broadcasts, else 0."""
    return _C.assign(self, _uniform(self) < p)


def random_(self: Tensor, low: int = 0, high: int | None = None) -> Tensor:
    """Draws every element anew, a whole number from `low` up to but without `high`; random_(high) starts at 0.

    Without bounds up to the largest number that the type tells from its neighbours."""
    if high is None and low:
        low, high = 0, low
    if high is None:
        digits = {"float64": 53, "float32": 24, "float16": 11, "bfloat16": 8, "bool": 1, "int8": 7, "uint8": 8, "int16": 15, "int32": 31}
        high = 2 ** digits.get(self.dtype.name, 62)
    return _C.assign(self, _C.function("randint")(low, high, self.shape))


def exponential_(self: Tensor, lambd: float = 1.0) -> Tensor:
    """Draws every element anew from the exponential distribution of rate `lambd`."""
    return _C.assign(self, -(-_uniform(self)).log1p() / _positive("exponential_", "lambd", lambd))


def geometric_(self: Tensor, p: float) -> Tensor:
    """Draws every element anew: the number of trials of chance `p` up to the first that succeeds."""
    if not 0 < p < 1:
        raise ValueError(f"geometric_: p must lie in (0, 1), but is {p}")
    return _C.assign(self, ((-_uniform(self)).log1p() / math.log1p(-p)).ceil().clamp_min(1).to(self.dtype))


def cauchy_(self: Tensor, median: float = 0.0, sigma: float = 1.0) -> Tensor:
    """Draws every element anew from the Cauchy distribution."""
    return _C.assign(self, ((_uniform(self) - 0.5) * math.pi).tan() * _positive("cauchy_", "sigma", sigma) + median)


def log_normal_(self: Tensor, mean: float = 1.0, std: float = 2.0) -> Tensor:
    """Draws every element anew: the exponential of a normal distribution of this mean and deviation."""
    return _C.assign(self, (_random("randn", self) * _positive("log_normal_", "std", std) + mean).exp())


def _positive(name: str, argument: str, value: float) -> float:
    if not value > 0:
        raise ValueError(f"{name}: {argument} must be positive, but is {value}")
    return value


def _uniform(like: Tensor) -> Tensor:
    return _C.function("rand")(like.shape, dtype=dtypes["float64" if like.dtype.name == "float64" else "float32"])


def polygamma(self: Tensor, n: int) -> Tensor:
    """The `n`-th derivative of digamma at each element."""
    return _C.function("polygamma")(n, self)


def _random(name: str, like: Tensor) -> Tensor:
    return _C.function(name)(like.shape, dtype=like.dtype)


def where(self: Tensor, condition: Tensor, other: Any) -> Tensor:
    """The elements of this tensor where the condition holds, those of the other elsewhere."""
    return _C.function("where")(condition, self, other)


Tensor.to = to
Tensor.type = type_
Tensor.type_as = type_as
Tensor.cuda = cuda
Tensor.cpu = cpu
Tensor.tolist = _exchange.tolist
Tensor.new_tensor = new_tensor
Tensor.__format__ = format_
Tensor.__array__ = _exchange.array
Tensor.__dlpack__ = _exchange.dlpack
Tensor.__dlpack_device__ = _exchange.dlpack_device
Tensor.__reduce_ex__ = _exchange.reduce_ex
Tensor.__copy__ = _exchange.copy
Tensor.__deepcopy__ = _exchange.deepcopy
Tensor.is_cuda = False
Tensor.unfold = _C.function("unfold_dim")
Tensor.H = property(lambda self: self.t())
Tensor.mH = property(lambda self: self.mT)
Tensor.__rdiv__ = Tensor.__rtruediv__
for _name in ("float", "double", "half", "bfloat16", "long", "int", "short", "bool"):
    setattr(Tensor, _name, _conversion(_name))
Tensor.byte, Tensor.char = _conversion("uint8"), _conversion("int8")
for _name in ("zeros", "ones", "full", "empty"):
    if not hasattr(Tensor, f"new_{_name}"):
        setattr(Tensor, f"new_{_name}", _new(_name))
for _method in (copy_, fill_, zero_, normal_, uniform_, bernoulli_, random_, exponential_, geometric_, cauchy_, log_normal_, polygamma, where,
                _overloads.equal, _overloads.allclose):
    if not hasattr(Tensor, _method.__name__):
        setattr(Tensor, _method.__name__, _method)
