"""Random programs of 3 to 10 ops on small tensors, run against the reference of reference_tape.py.

    python tests/python/random_programs.py --count 3000             all must agree; what differs is printed as a program
    python tests/python/random_programs.py --seed 1234 --count 1    one program again
    python tests/python/random_programs.py --against torch          judges the reference itself

A refusal with a clear error is allowed, and leaves everything as it was; another value or gradient is not. Each program runs
twice with other numbers, so that the second run finds the plans of the first.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import program_math  # noqa: F401  (registers steps)
import program_memory  # noqa: F401
from program_draw import STEPS, Draw, Step
from reference_tape import Numbers


class Wrong(Exception):
    """What the program printed with it does differs from the reference."""


@dataclass
class Outcome:
    lines: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)
    backward: bool = False


class Player:
    """Runs the text of steps in a library with torch's names, and the reference beside it."""

    def __init__(self, library: Any, draw: Draw) -> None:
        self.d, self.outcome = draw, Outcome()
        errors = getattr(library, "errors", None)
        self.refusals: tuple[type[BaseException], ...] = (errors.Error,) if errors else (RuntimeError, ValueError, IndexError, TypeError)
        self.names: dict[str, Any] = {"ds": library, "given": draw.given, "tensor": self.tensor}
        self.library = library

    def tensor(self, value: Numbers, requires_grad: bool = False) -> Any:
        if not hasattr(self.library, "errors"):  # elsewhere what is a view depends on how a result lies in memory
            made = self.library.tensor(value.tolist(), dtype=getattr(self.library, str(value.dtype))).reshape(value.shape)
            return made.requires_grad_() if requires_grad else made
        made = self.library.from_numpy(value) if value.flags.writeable and min(value.strides, default=0) >= 0 else self.library.tensor(value)
        return made.requires_grad_() if requires_grad else made

    def refused(self, text: str) -> bool:
        """Runs one line; True when the library refuses it."""
        self.outcome.lines.append(text)
        try:
            exec(text, self.names)
        except self.refusals as error:
            self.outcome.refusals.append(f"{text}: {str(error).splitlines()[0]}")
            self.outcome.lines[-1] += "  # refused"
            return True
        return False

    def play(self, step: Step) -> bool:
        refused = self.refused(step.text)
        if step.must_be_refused and not refused:
            raise Wrong(f"{step.text} writes to a leaf or to an overlapping view and is not refused")
        if not refused:
            step.apply()
        return not refused

    def compare(self, what: str, got: Any, expected: Numbers) -> None:
        value = np.asarray(got.detach().numpy())
        if value.shape != expected.shape:
            raise Wrong(f"{what} has shape {value.shape}, expected {expected.shape}")
        digits = 1e-9 if self.d.tape.dtype is np.float64 else 1e-3
        scale = max(1.0, float(np.abs(expected[np.isfinite(expected)]).max(initial=0.0)))
        if not np.allclose(value, expected, rtol=0, atol=digits * scale, equal_nan=True):
            raise Wrong(f"{what} is\n{value}\nexpected\n{expected}")

    def compare_value(self, name: str) -> None:
        self.outcome.lines.append(f"{name}.detach().numpy()")
        self.compare(name, self.names[name], self.d.live[name].value)

    def backward(self) -> None:
        d = self.d
        roots = [n for n, a in d.live.items() if a.requires_grad and a.positions.size < 5000]
        if not roots:
            return
        chosen = [d.choice(roots) for _ in range(2)]
        seeds = [d.numbers(d.live[n].shape) for n in chosen]
        given = [d.give(seed) for seed in seeds]
        loss = " + ".join(f"({n} * tensor({seed})).sum()" for n, seed in zip(chosen, given))
        if self.refused(f"({loss}).backward(retain_graph=True)"):
            return
        d.tape.backward([(d.live[n], seed.astype(np.float64)) for n, seed in zip(chosen, seeds)])
        self.outcome.backward = True
        for name, array in list(d.live.items()):
            for leaf, total in d.tape.leaves:
                if leaf is array and (grad := self.names[name].grad) is not None:
                    self.compare(f"{name}.grad", grad, total)
                elif leaf is array and np.any(total):
                    raise Wrong(f"{name}.grad is None, expected\n{total}")


def draw_steps(d: Draw) -> list[Step]:
    weights = np.array([weight for weight, _ in STEPS])
    while True:
        _, draw = STEPS[int(d.rng.choice(len(STEPS), p=weights / weights.sum()))]
        if drawn := draw(d):
            return drawn if isinstance(drawn, list) else [drawn]


def update_leaf(player: Player) -> None:
    """A write that the tape does not see, as an optimiser's."""
    d = player.d
    name = d.pick(lambda a: a.requires_grad and not a.overlaps_itself())
    if name is None:
        return
    array, s = d.live[name], d.number()
    if not player.refused(f"with ds.no_grad(): {name}.mul_({s})"):
        d.tape.enabled = False
        d.tape.write(array, array.value * s, [])
        d.tape.enabled = True


def run_program(library: Any, seed: int, numbers: int) -> Outcome:
    structure = np.random.default_rng(seed)
    d = Draw(structure, np.random.default_rng((seed, numbers)), np.float64 if structure.random() < 0.75 else np.float32)
    player = Player(library, d)
    try:
        for _ in range(int(d.rng.integers(1, 4))):
            player.play(d.new_tensor(d.shape()))
        for _ in range(int(d.rng.integers(3, 11))):
            for step in draw_steps(d):
                if not player.play(step):
                    break
            if d.chance(0.25):
                player.compare_value(d.choice(list(d.live)))
            if d.chance(0.1):
                update_leaf(player)
            if d.chance(0.05):
                player.backward()
            droppable = [n for n, a in d.live.items() if all(leaf is not a for leaf, _ in d.tape.leaves)]
            if droppable and len(d.live) > 2 and d.chance(0.25):
                gone = d.choice(droppable)
                player.refused(f"del {gone}")
                del d.live[gone]
        if d.chance(0.9):
            player.backward()
        for name in d.live:
            player.compare_value(name)
    except Exception as error:
        program = "\n".join(player.outcome.lines)
        given = "\n".join(f"given[{i}] = {v!r}" for i, v in enumerate(d.given) if v.size < 30)
        raise Wrong(f"seed {seed}, numbers {numbers}, {d.tape.dtype.__name__}\n{given}\n{program}\n{type(error).__name__}: {error}") from error
    return player.outcome


def check(library: Any, seed: int) -> Outcome:
    with np.errstate(all="ignore"):
        first = run_program(library, seed, 0)
        run_program(library, seed, 1)
    return first


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=3000)
    parser.add_argument("--against", default="deepseek", help="a library with torch's names")
    parser.add_argument("--show", action="store_true", help="print the programs and what was refused")
    args = parser.parse_args()
    library = importlib.import_module(args.against)
    if not hasattr(library, "unfold_dim"):
        library.unfold_dim = lambda x, *window: x.unfold(*window)  # type: ignore[attr-defined]
    wrong, backward, lines, refusals = 0, 0, 0, Counter[str]()
    for seed in range(args.seed, args.seed + args.count):
        try:
            outcome = check(library, seed)
        except Wrong as error:
            wrong += 1
            print(f"{error}\n", flush=True)
            continue
        backward += outcome.backward
        lines += len(outcome.lines)
        refusals.update(r.split(": ", 1)[1] for r in outcome.refusals)
        if args.show:
            print("\n".join([f"seed {seed}", *outcome.lines, *outcome.refusals, ""]))
    print(f"{args.count} programs, {lines} lines, {backward} with gradients, {sum(refusals.values())} lines refused, {wrong} wrong")
    for message, times in refusals.most_common(12):
        print(f"{times:6} {message}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
