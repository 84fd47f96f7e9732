"""What the checks of one operator or layer found."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

import deepseek


def short(value: Any, width: int = 220) -> str:
    text = f"{type(value).__name__}: {value}" if isinstance(value, BaseException) else str(value)
    return " ".join(text.split())[:width]


def describe(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype)[6:]}{list(value.shape)}"
    if isinstance(value, dict):
        return ", ".join(f"{k}={describe(v)}" for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return f"({', '.join(map(describe, value))})"
    return short(value, 60)


@dataclass
class Outcome:
    name: str
    passed: int = 0
    failed: int = 0
    refused: int = 0  # error inputs that ended in a clear exception
    accepted: int = 0  # error inputs that gave a result
    numbers: int = 0  # of these such that only state numbers where torch wants tensors, which is allowed here
    unclear: int = 0  # error inputs that ended in an internal error
    missing: str = ""
    examples: list[str] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return not self.missing and self.failed == 0 and self.passed > 0

    def note(self, text: str) -> None:
        self.failed += 1
        if len(self.examples) < 6 and text not in self.examples:
            self.examples.append(text)

    @contextmanager
    def check(self, what: str, sample: Any) -> Iterator[None]:
        try:
            yield
            self.passed += 1
        except Exception as error:  # noqa: BLE001
            args = [f for f in (describe(sample.input), describe(sample.args), describe(sample.kwargs)) if f]
            self.note(f"{what}: {short(error)} [{short('; '.join(args), 160)}]")

    @contextmanager
    def refusal(self, sample: Any) -> Iterator[None]:
        try:
            yield
        except deepseek.InternalError as error:
            self.unclear += 1
            self.note(f"internal error: {short(error)} [{describe(sample.args)}; {describe(sample.kwargs)}]")
        except Exception:  # noqa: BLE001
            self.refused += 1
        else:
            self.accepted += 1
            integers = isinstance(sample.input, int) or (isinstance(sample.input, torch.Tensor) and sample.input.dtype == torch.int64)
            self.numbers += integers and len(sample.args) == 1 and (isinstance(sample.input, int) or isinstance(sample.args[0], int))
            if len(self.examples) < 6:
                self.examples.append(f"accepted: [{describe(sample.input)}; {describe(sample.args)}; {describe(sample.kwargs)}]")

    def record(self) -> dict[str, Any]:
        return asdict(self) | {"ok": self.ok}
