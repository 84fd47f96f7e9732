"""The registry of cases. A case is a class with one method per library; each returns the function that is timed.

The function returns when its result is in memory. `bars` are the ratios (peer's time / ours) that the project asks for, against the
peer that they name; "fastest" is the fastest of all that ran."""

from __future__ import annotations

from collections.abc import Callable

# What a case's method is called -> the module that must be installed for it.
LIBRARIES = {
    "deepseek": "deepseek", "torch": "torch", "torch_compile": "torch", "tensorflow": "tensorflow", "jax": "jax", "numpy": "numpy",
    "onnxruntime": "onnxruntime", "openvino": "openvino",
}  # fmt: skip


class Case:
    name = ""
    bars: dict[str, float] = {}
    limit_ms: float | None = None  # a bar in milliseconds, for deepseek alone
    checked = False  # whether the function gives numbers that must agree in all libraries
    calls = 1  # how many calls one timing holds, for what is too short for the clock


CASES: dict[str, type[Case]] = {}


def case(cls: type[Case]) -> type[Case]:
    CASES[cls.name] = cls
    return cls


def load() -> dict[str, type[Case]]:
    from benchmarks import (  # noqa: F401  (registers cases)
        first_steps, inference, linalg, micro, mixed, networks, optimizers, rows, small, training,
    )  # fmt: skip

    return CASES


def build(cls: type[Case], library: str) -> Callable[[], object] | None:
    """The function to time, or None when the case has none for the library."""
    make = getattr(cls(), library, None)
    return make() if make else None
