"""What the steps of random programs draw from: the live tensors, shapes that fit together, and two streams of random numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from reference_tape import Array, Numbers, Tape

MAX_ELEMENTS = 20_000


@dataclass
class Step:
    """One line of a program in torch's words, and the same for the reference."""

    text: str
    apply: Callable[[], None]
    must_be_refused: bool = False


class Draw:
    """`structure` decides what a program does, `values` only its numbers: two programs may differ in these alone."""

    def __init__(self, structure: np.random.Generator, values: np.random.Generator, dtype: type) -> None:
        self.rng, self.values = structure, values
        self.tape = Tape(dtype)
        self.live: dict[str, Array] = {}
        self.given: list[Numbers] = []
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"x{self.count}"

    def chance(self, p: float) -> bool:
        return bool(self.rng.random() < p)

    def choice(self, options: Any) -> Any:
        return options[int(self.rng.integers(len(options)))]

    def pick(self, fits: Callable[[Array], bool] = lambda a: True) -> str | None:
        names = [n for n, a in self.live.items() if fits(a)]
        return self.choice(names) if names else None

    def shape(self) -> tuple[int, ...]:
        if self.chance(0.04):  # beyond one block of a fused program
            long = int(self.choice([511, 512, 513, 1030]))
            return tuple(self.choice([(long,), (3, long), (long, 2), (2, long, 3)]))
        rank = int(self.choice([0, 1, 1, 2, 2, 2, 3, 3, 4]))
        return tuple(int(self.choice([0, 1, 1, 2, 3, 4, 5, 7])) if self.chance(0.6) else int(self.rng.integers(1, 6)) for _ in range(rank))

    def numbers(self, shape: tuple[int, ...]) -> Numbers:
        return self.values.uniform(-1.5, 1.5, shape).astype(self.tape.dtype)

    def number(self) -> float:
        return round(float(self.values.uniform(-1.5, 1.5)), 3)

    def laid_out(self, shape: tuple[int, ...]) -> Numbers:
        """Numbers in an array that may be transposed, a part of a larger one, reversed or stretched."""
        kind = self.choice(["plain", "plain", "plain", "transposed", "stepped", "reversed", "stretched"]) if shape else "plain"
        if kind == "transposed":
            return self.numbers(shape[::-1]).T
        if kind == "stepped":
            return self.numbers(tuple(2 * n + 1 for n in shape))[tuple(slice(1, None, 2) for _ in shape)]
        if kind == "reversed":
            return self.numbers(shape)[..., ::-1]
        if kind == "stretched":
            return np.broadcast_to(self.numbers((1, *shape[1:])), shape)
        return self.numbers(shape)

    def give(self, value: Numbers) -> str:
        """An array that the program's text names."""
        self.given.append(value)
        return f"given[{len(self.given) - 1}]"

    def new_tensor(self, shape: tuple[int, ...], requires_grad: bool | None = None) -> Step:
        name, value = self.name(), self.laid_out(shape)
        grad = self.chance(0.6) if requires_grad is None else requires_grad
        text = f"{name} = tensor({self.give(value)}, requires_grad={grad})"
        return Step(text, lambda: self.keep(name, self.tape.array(value, grad)))

    def keep(self, name: str, array: Array) -> None:
        self.live[name] = array

    def partner_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        """A shape that broadcasts to `shape`."""
        cut = int(self.rng.integers(0, len(shape) + 1)) if self.chance(0.4) else 0
        return tuple(1 if self.chance(0.3) else n for n in shape[cut:])

    def must_refuse(self, target: Array) -> bool:
        """Writes to leaves while gradients are recorded, and to views that hold an element twice while others see it too."""
        if target.history.leaf and self.tape.enabled:
            return True
        return target.overlaps_itself() and any(a.storage is target.storage for a in self.live.values() if a is not target)

    def own(self, target: Array) -> None:
        """Nobody else sees the elements that the view holds twice, so that they part."""
        if target.overlaps_itself():
            made = self.tape.rearranged(target, target.positions)
            target.storage, target.history, target.positions = made.storage, made.history, made.positions


def broadcast_shape(*shapes: tuple[int, ...]) -> tuple[int, ...] | None:
    try:
        shape = np.broadcast_shapes(*shapes)
    except ValueError:
        return None
    return shape if np.prod(shape, dtype=np.int64) <= MAX_ELEMENTS else None


DrawStep = Callable[[Draw], "list[Step] | Step | None"]
STEPS: list[tuple[float, DrawStep]] = []


def step(weight: float) -> Callable[[DrawStep], DrawStep]:
    def add(draw: DrawStep) -> DrawStep:
        STEPS.append((weight, draw))
        return draw

    return add
