"""Losses as plain loops over items and classes."""

from __future__ import annotations

import itertools

import numpy

Array = numpy.ndarray


def finished(losses: list[float], reduction: str, single: bool) -> Array:
    if reduction == "none":
        return numpy.array(losses[0] if single else losses)
    return numpy.array(numpy.mean(losses) if reduction == "mean" else numpy.sum(losses))


def multi_margin_loss(x: Array, target: Array, p: int, margin: float, weight: Array | None, reduction: str) -> Array:
    losses = []
    for row, y in zip(numpy.atleast_2d(x), numpy.atleast_1d(target)):
        terms = [max(0.0, margin - row[y] + row[i]) ** p for i in range(len(row)) if i != y]
        losses.append(sum(terms) * (1 if weight is None else weight[y]) / len(row))
    return finished(losses, reduction, x.ndim == 1)


def multilabel_margin_loss(x: Array, target: Array, reduction: str) -> Array:
    losses = []
    for row, given in zip(numpy.atleast_2d(x), numpy.atleast_2d(target)):
        right = list(itertools.takewhile(lambda y: y >= 0, given))
        others = [i for i in range(len(row)) if i not in right]
        losses.append(sum(max(0.0, 1 - row[y] + row[i]) for y in right for i in others) / len(row))
    return finished(losses, reduction, x.ndim == 1)


def spells(path: tuple[int, ...], label: list[int], blank: int) -> bool:
    return [c for c, _ in itertools.groupby(path) if c != blank] == label


def ctc_loss(log_probs: Array, targets: Array, input_lengths: Array, target_lengths: Array, blank: int, reduction: str, zero_infinity: bool) -> Array:
    """The sum over all paths, one by one."""
    single = log_probs.ndim == 2
    x = log_probs[:, None] if single else log_probs
    losses, start = [], 0
    sizes = [int(n) for n in numpy.atleast_1d(target_lengths)]
    for n, (steps, size) in enumerate(zip(numpy.atleast_1d(input_lengths), sizes)):
        label = targets[start : start + size] if targets.ndim == 1 else targets[n, :size]
        start += size
        paths = itertools.product(range(x.shape[2]), repeat=int(steps))
        total = sum(numpy.exp(sum(x[t, n, c] for t, c in enumerate(path))) for path in paths if spells(path, [int(c) for c in label], blank))
        loss = -numpy.log(total) if total > 0 else numpy.inf
        losses.append(0.0 if zero_infinity and numpy.isinf(loss) else loss)
    if reduction == "mean":
        losses = [loss / max(size, 1) for loss, size in zip(losses, sizes)]
    return finished(losses, reduction, single)
