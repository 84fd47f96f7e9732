"""Numeric constants, and the limits of element types."""

from __future__ import annotations

import math
from dataclasses import dataclass

from ._C import dtype as _dtype
from ._C import dtypes, get_default_dtype
from .errors import TypeError

pi, e, inf, nan, newaxis = math.pi, math.e, math.inf, math.nan, None

# bits, digits of the significand (the hidden one included), smallest exponent of a normal number
_FLOATS = {"float16": (16, 11, -14), "bfloat16": (16, 8, -126), "float32": (32, 24, -126), "float64": (64, 53, -1022)}


@dataclass(frozen=True, init=False)
class finfo:
    """Limits of a float type."""

    bits: int
    eps: float
    max: float
    min: float
    tiny: float
    smallest_normal: float
    resolution: float
    dtype: str

    def __init__(self, type: _dtype | None = None) -> None:
        t = type if type is not None else get_default_dtype()
        if not isinstance(t, _dtype) or not t.is_floating_point:
            raise TypeError(f"finfo: a float type is needed, not {t!r}; use iinfo for integers")
        bits, digits, low = _FLOATS[t.name]
        largest = (2.0 - 2.0 ** (1 - digits)) * 2.0 ** (1 - low)
        values = dict(bits=bits, eps=2.0 ** (1 - digits), max=largest, min=-largest, tiny=2.0**low, smallest_normal=2.0**low,
                      resolution=10.0 ** -math.floor((digits - 1) * math.log10(2)), dtype=t.name)
        for name, value in values.items():
            object.__setattr__(self, name, value)


@dataclass(frozen=True, init=False)
class iinfo:
    """Limits of an integer type."""

    bits: int
    max: int
    min: int
    dtype: str

    def __init__(self, type: _dtype) -> None:
        if not isinstance(type, _dtype) or type.is_floating_point or type is dtypes["bool"]:
            raise TypeError(f"iinfo: an integer type is needed, not {type!r}")
        bits = 8 * type.itemsize
        top = 2 ** (bits - type.is_signed) - 1
        for name, value in dict(bits=bits, max=top, min=-top - 1 if type.is_signed else 0, dtype=type.name).items():
            object.__setattr__(self, name, value)
