"""An eager reference for programs with views, in-place writes and gradients, over numpy.

A storage is a flat array; an Array is the positions of its elements in one. A view is numpy's view of the positions, so that what
aliases what needs no rules of its own. The tape lists the writes: going back, the gradient of the elements that a write replaced is
taken away and given to what was read. A write that records nothing changes values only, as torch's under no_grad().
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

Numbers = np.ndarray[Any, np.dtype[Any]]
Rule = Callable[[Numbers], Numbers]  # the gradient of a result -> that of an operand, before broadcasting is undone


class History:
    """Gradients of a storage's elements. A detached alias shares the storage but has a history of its own."""

    def __init__(self, size: int) -> None:
        self.gradient = np.zeros(size)
        self.leaf = False
        self.recorded = False


@dataclass
class Array:
    storage: Numbers
    history: History
    positions: Numbers

    @property
    def shape(self) -> tuple[int, ...]:
        return self.positions.shape

    @property
    def value(self) -> Numbers:
        return np.asarray(self.storage[self.positions])

    @property
    def requires_grad(self) -> bool:
        return self.history.leaf or self.history.recorded

    def overlaps_itself(self) -> bool:
        return np.unique(self.positions).size < self.positions.size


def undo_broadcast(gradient: Numbers, shape: tuple[int, ...]) -> Numbers:
    gradient = gradient.sum(tuple(range(gradient.ndim - len(shape))))
    stretched = tuple(i for i, n in enumerate(shape) if n == 1 and gradient.shape[i] != 1)
    return gradient.sum(stretched, keepdims=True)


@dataclass
class Tape:
    dtype: type = np.float64
    entries: list[tuple[Array, list[tuple[Array, Rule]]]] = field(default_factory=list)
    leaves: list[tuple[Array, Numbers]] = field(default_factory=list)
    enabled: bool = True

    def array(self, value: Numbers, requires_grad: bool = False) -> Array:
        value = np.asarray(value, self.dtype)
        made = Array(value.reshape(-1).copy(), History(value.size), np.arange(value.size).reshape(value.shape))
        if requires_grad:
            made.history.leaf = True
            self.leaves.append((made, np.zeros(value.shape)))
        return made

    def view(self, base: Array, move: Callable[[Numbers], Numbers]) -> Array:
        return Array(base.storage, base.history, move(base.positions))

    def detach(self, base: Array) -> Array:
        return Array(base.storage, History(base.storage.size), base.positions)

    def write(self, target: Array, value: Numbers, reads: Sequence[tuple[Array, Rule]]) -> None:
        target.storage[target.positions] = value
        if not self.enabled:
            return
        reads = [(replace(source), rule) for source, rule in reads if source.requires_grad]
        if reads or target.requires_grad:
            target.history.recorded = True
            self.entries.append((replace(target), reads))

    def result(self, value: Any, reads: Sequence[tuple[Array, Rule]]) -> Array:
        made = self.array(np.asarray(value))
        self.write(made, np.asarray(value, self.dtype), reads)
        return made

    def taken(self, parts: Sequence[tuple[Array, Numbers]], shape: tuple[int, ...], places: Sequence[Numbers], rest: float = 0.0) -> Array:
        """A new array made of elements of others: parts are (source, positions in its storage), places say where each goes."""
        made = self.array(np.full(shape, rest))
        for (source, positions), place in zip(parts, places):
            read = Array(source.storage, source.history, positions)
            self.write(Array(made.storage, made.history, place), read.value, [(read, lambda g: g)])
        return made

    def rearranged(self, source: Array, positions: Numbers, rest: float = 0.0) -> Array:
        """A new array of elements of one; position -1 stands for the number `rest`."""
        everywhere = np.arange(positions.size).reshape(positions.shape)
        kept = positions >= 0
        return self.taken([(source, positions[kept])], positions.shape, [everywhere[kept]], rest)

    def backward(self, roots: Sequence[tuple[Array, Numbers]]) -> None:
        histories = {id(a.history): a.history for target, reads in self.entries for a in (target, *(r for r, _ in reads))}
        histories |= {id(a.history): a.history for a, _ in (*self.leaves, *roots)}
        for history in histories.values():
            history.gradient[:] = 0.0
        for root, seed in roots:
            np.add.at(root.history.gradient, root.positions, seed)
        for target, reads in reversed(self.entries):
            gradient = target.history.gradient[target.positions]
            target.history.gradient[target.positions] = 0.0
            for source, rule in reads:
                np.add.at(source.history.gradient, source.positions, undo_broadcast(np.asarray(rule(gradient)), source.shape))
        for leaf, total in self.leaves:
            total += leaf.history.gradient[leaf.positions]
