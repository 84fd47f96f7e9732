"""The scope in which ops choose their types, and the decorators for functions with their own backward."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .. import _C
from .._C import Tensor
from .._modes import _Mode
from ..errors import TypeError, ValueError


class autocast(_Mode):
    """Inside, products and attention are computed in `dtype` (bfloat16 unless float16 is asked for), softmax, losses,
    exponentials, powers and sums in float32; other ops take the widest type among their operands.

    A context manager and a decorator, with and without parentheses. Parameters stay float32: their casts are recorded, kept until
    the parameter is written or the outermost scope ends, and give float32 gradients. Call backward() outside; inside it works
    the same. Scopes belong to the thread and nest; `enabled=False` switches off within one, where operands of different types
    promote as usual. `cache_enabled=False` casts a parameter at each use.
    """

    def __new__(cls, device_type: Any = "cpu", *args: Any, **kwargs: Any) -> Any:
        self = object.__new__(cls)
        if not callable(device_type):
            return self
        self.__init__()  # type: ignore[misc]
        return self(device_type)

    def __init__(self, device_type: Any = "cpu", dtype: Any = None, enabled: bool = True, cache_enabled: bool | None = None) -> None:
        super().__init__()
        kind = getattr(device_type, "type", device_type)
        if not isinstance(kind, str):
            raise TypeError(f"autocast: device_type must be a string, but it is {device_type!r}; give dtype and enabled by name")
        if kind != "cpu":
            raise ValueError(f"autocast: device_type must be 'cpu', but it is {kind!r}")
        self._state = _C.amp.autocast_state(_C.dtypes["bfloat16"] if dtype is None else dtype, bool(enabled), cache_enabled is not False)

    def _enter(self) -> Any:
        return _C.amp.enter_autocast(self._state)

    def _leave(self, saved: Any) -> None:
        _C.amp.leave_autocast(saved)


class _State(_Mode):
    """Goes back to a recorded state of autocast."""

    def __init__(self, state: Any) -> None:
        super().__init__()
        self._state = state

    def _enter(self) -> Any:
        return _C.amp.enter_autocast(self._state)

    def _leave(self, saved: Any) -> None:
        _C.amp.leave_autocast(saved)


def _converted(value: Any, dtype: Any) -> Any:
    if isinstance(value, Tensor):
        return value.to(dtype) if value.is_floating_point() and value.dtype is not _C.dtypes["float64"] else value
    if isinstance(value, dict):
        return {k: _converted(v, dtype) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([_converted(v, dtype) for v in value])
    return value


def custom_fwd(fwd: Any = None, *, device_type: str = "cpu", cast_inputs: Any = None) -> Any:
    """For `forward` of an autograd.Function: with `cast_inputs` its floating-point tensors are converted under autocast, which is
    off inside; without, the state is kept for a backward that is decorated with custom_bwd."""
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._autocast = _C.amp.current_autocast()
        if cast_inputs is None or not ctx._autocast[0]:
            return fwd(ctx, *args, **kwargs)
        ctx._autocast = (False, *ctx._autocast[1:])
        with _State(ctx._autocast):
            return fwd(ctx, *_converted(args, cast_inputs), **_converted(kwargs, cast_inputs))

    return forward


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str = "cpu") -> Any:
    """For `backward` of an autograd.Function: runs in the state of autocast that its forward had."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def backward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        with _State(ctx._autocast):
            return bwd(ctx, *args, **kwargs)

    return backward
