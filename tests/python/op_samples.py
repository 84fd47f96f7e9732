"""Reads what every public function states about itself (DEEPSEEK_FACTS) and turns its samples into arguments."""

from __future__ import annotations

import itertools
import math
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy
import references
import references_linalg
import scipy
import scipy.integrate
import scipy.linalg
import scipy.signal
import scipy.spatial
import scipy.special

import deepseek
from deepseek import _C

FLOATS = {"float32": numpy.float32, "float64": numpy.float64}


@dataclass
class Function:
    name: str
    call: Callable[..., Any]
    parameters: list[dict[str, Any]]
    facts: dict[str, Any] | None


def functions() -> list[Function]:
    records = deepseek.all_functions()
    return [Function(r["name"], _C.function(r["name"]), r["parameters"], r if r["stated"] else None) for r in records]


@dataclass
class Arguments:
    positional: list[Any] = field(default_factory=list)
    named: dict[str, Any] = field(default_factory=dict)

    def map(self, change: Callable[[Any], Any]) -> Arguments:
        def walk(value: Any) -> Any:
            if isinstance(value, numpy.ndarray):
                return change(value)
            if isinstance(value, (list, tuple)) and any(isinstance(v, numpy.ndarray) for v in value):
                return type(value)(walk(v) for v in value)
            return value

        return Arguments([walk(v) for v in self.positional], {k: walk(v) for k, v in self.named.items()})

    def arrays(self) -> list[numpy.ndarray]:
        found: list[numpy.ndarray] = []
        self.map(lambda a: found.append(a) or a)
        return found

    def has_floats(self) -> bool:
        return any(a.dtype.kind == "f" for a in self.arrays())


def parse(name: str, sample: str, dtype: str = "float64") -> Arguments:
    """The arguments of `f(<sample>)`; arrays are drawn from a generator seeded by the text."""
    generator = numpy.random.default_rng(zlib.crc32(f"{name}({sample})".encode()))
    real = FLOATS[dtype]

    def randn(*size: int) -> numpy.ndarray:
        return numpy.asarray(generator.standard_normal(size), real)

    def rand(*size: int) -> numpy.ndarray:
        return numpy.asarray(generator.random(size), real)

    def eye(n: int) -> numpy.ndarray:
        return numpy.eye(n, dtype=real)

    def full(size: int | tuple[int, ...], value: float) -> numpy.ndarray:
        return numpy.full(size, value, real)

    def ints(*size: int, low: int = 0, high: int = 10) -> numpy.ndarray:
        return numpy.asarray(generator.integers(low, high, size), numpy.int64)

    def bools(*size: int) -> numpy.ndarray:
        return numpy.asarray(generator.random(size) < 0.5)

    def log(array: numpy.ndarray) -> numpy.ndarray:  # for samples with NaN and infinity
        with numpy.errstate(all="ignore"):
            return numpy.asarray(numpy.log(array), real)

    def collect(*positional: Any, **named: Any) -> Arguments:
        def settle(value: Any) -> Any:  # arithmetic on 0-d arrays gives numpy scalars
            return numpy.asarray(value) if isinstance(value, numpy.generic) else value

        return Arguments([settle(v) for v in positional], {k: settle(v) for k, v in named.items()})

    names: dict[str, Any] = {"randn": randn, "rand": rand, "eye": eye, "full": full, "ints": ints, "bools": bools, "log": log, "numpy": numpy, "math": math, "scipy": scipy}
    names |= {"inf": math.inf, "nan": math.nan} | {n: d for n, d in _C.dtypes.items() if n not in ("float", "int", "bool")}
    return eval(f"collect({sample})", names | {"collect": collect})  # noqa: S307


def bind(function: Function, arguments: Arguments) -> dict[str, Any]:
    """Every parameter by name, as references refer to them."""
    bound = {p["name"]: p["default"] for p in function.parameters}
    for parameter, value in zip(function.parameters, arguments.positional):
        bound[parameter["name"]] = value
    bound |= arguments.named
    for p in function.parameters:  # so that references can say `dim or None`
        if p["kind"] == "ints" and isinstance(bound[p["name"]], int):
            bound[p["name"]] = (bound[p["name"]],)
    return bound


def reference(function: Function, arguments: Arguments) -> list[numpy.ndarray]:
    assert function.facts
    modules = {"numpy": numpy, "np": numpy, "scipy": scipy, "math": math, "itertools": itertools, "references": references, "linalg": references_linalg}
    names = modules | bind(function, arguments)
    with numpy.errstate(all="ignore"):
        result = eval(function.facts["reference"], names)  # noqa: S307
    results = result if isinstance(result, (tuple, list)) else [result]
    return [numpy.asarray(r) for r in results]


def tensors_of(result: Any) -> list[deepseek.Tensor]:
    return list(result) if isinstance(result, (tuple, list)) else [result]


def call(function: Function, arguments: Arguments) -> list[deepseek.Tensor]:
    return tensors_of(function.call(*arguments.positional, **arguments.named))


def contiguous(array: numpy.ndarray) -> deepseek.Tensor:
    return deepseek.from_numpy(array.copy())


def transposed(array: numpy.ndarray) -> deepseek.Tensor:
    """The same content, stored in the opposite order of dims."""
    if array.ndim < 2:
        return contiguous(array)
    dims = tuple(reversed(range(array.ndim)))
    return deepseek.from_numpy(numpy.ascontiguousarray(array.transpose(dims))).permute(dims)


def strided(array: numpy.ndarray) -> deepseek.Tensor:
    """The same content, as every second element of a larger tensor, at an offset."""
    if array.ndim == 0:
        return deepseek.from_numpy(numpy.stack([array, array]))[1]
    large = numpy.zeros((array.shape[0], *(2 * n + 1 for n in array.shape[1:]), 2), array.dtype)
    index = (slice(None), *(slice(1, None, 2) for _ in array.shape[1:]), 1)
    large[index] = array
    tensor = deepseek.from_numpy(large)
    return tensor[index]


LAYOUTS = {"contiguous": contiguous, "transposed": transposed, "strided": strided}


def samples(kind: str) -> Iterator[tuple[Function, str]]:
    for function in functions():
        if function.facts:
            for sample in function.facts[kind]:
                yield function, sample
