"""Functions whose arguments or results C++ types cannot say: pairs of lists, Python's own bools, tuples of sizes."""

from __future__ import annotations

import builtins
from collections.abc import Sequence
from typing import Any

from . import _C
from ._C import Tensor
from .errors import TypeError, ValueError

__all__ = ["allclose", "broadcast_shapes", "equal", "tensordot"]

_equal, _allclose, _tensordot = (_C.function_tables["hidden"][name] for name in ("equal", "allclose", "tensordot"))


def equal(input: Tensor, other: Tensor) -> builtins.bool:
    """Whether both have one shape and equal elements; NaN differs from NaN. The types must be equal.

    >>> deepseek.equal(deepseek.tensor([1, 2]), deepseek.tensor([1, 2]))
    True
    """
    return builtins.bool(_equal(input, other))


def allclose(input: Tensor, other: Tensor, rtol: float = 1e-05, atol: float = 1e-08, equal_nan: builtins.bool = False) -> builtins.bool:
    """Whether all elements are close: |input - other| <= atol + rtol * |other|.

    >>> deepseek.allclose(deepseek.tensor([1.0]), deepseek.tensor([1.0 + 1e-7]))
    True
    """
    return builtins.bool(_allclose(input, other, rtol, atol, equal_nan))


def tensordot(a: Tensor, b: Tensor, dims: int | Sequence[Any] | Tensor = 2) -> Tensor:
    """Sums of products over several dims: the last n of `a` with the first n of `b` for a number n, or for a pair of lists the
    dims that they name of each. The result has the other dims of `a`, then those of `b`.

    >>> deepseek.tensordot(deepseek.ones(2, 3, 4), deepseek.ones(4, 3, 5), dims=([1, 2], [1, 0])).shape
    (2, 5)
    """
    if isinstance(dims, Tensor):
        dims = dims.tolist()
    if isinstance(dims, int):
        return _tensordot(a, b, dims)
    if len(dims) != 2:
        raise TypeError(f"tensordot: dims must be an int or a pair of lists, but is {dims!r}")
    left, right = ([d] if isinstance(d, int) else [int(i) for i in d] for d in dims)
    return _tensordot(a, b, left, right) if left or right else _tensordot(a, b, 0)


def broadcast_shapes(*shapes: int | Sequence[int]) -> tuple[int, ...]:
    """The shape that tensors of the given shapes broadcast to.

    >>> deepseek.broadcast_shapes((2, 1), (3,), 1)
    (2, 3)
    """
    out: list[int] = []
    for shape in shapes:
        sizes = [shape] if isinstance(shape, int) else [int(n) for n in shape]
        if any(n < 0 for n in sizes):
            raise ValueError(f"broadcast_shapes: sizes must not be negative, but are {tuple(sizes)}")
        out = [1] * (len(sizes) - len(out)) + out
        for i, n in enumerate(sizes, len(out) - len(sizes)):
            if n != 1 and out[i] not in (1, n):
                raise ValueError(f"broadcast_shapes: {', '.join(map(str, shapes))} do not broadcast: sizes {out[i]} and {n} meet")
            out[i] = n if out[i] == 1 else out[i]
    return tuple(out)
