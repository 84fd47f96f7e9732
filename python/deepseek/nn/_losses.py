"""Losses whose arguments are more than tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy

from .. import _C
from .._C import Tensor

_top, _functional = _C.function_tables["top"], _C.function_tables["functional"]


def lengths_tensor(lengths: Any) -> Tensor:
    """Lengths as a tensor: one, or a sequence of ints."""
    return lengths if isinstance(lengths, Tensor) else _C.tensor(numpy.asarray(lengths))


def ctc_loss(log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any, blank: int = 0, reduction: str = "mean",
             zero_infinity: bool = False) -> Tensor:
    """deepseek.ctc_loss whose lengths may also be sequences of ints."""
    return _functional["ctc_loss"](log_probs, targets, lengths_tensor(input_lengths), lengths_tensor(target_lengths), blank, reduction,
                                   zero_infinity)


def triplet_margin_with_distance_loss(anchor: Tensor, positive: Tensor, negative: Tensor, *,
                                      distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0,
                                      swap: bool = False, reduction: str = "mean") -> Tensor:
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) for any function d of two tensors, the euclidean distance unless given."""
    distance = distance_function or _functional["pairwise_distance"]
    if reduction not in ("none", "mean", "sum"):
        raise _C.error_types["ValueError"](
            f"triplet_margin_with_distance_loss: reduction must be 'none', 'mean' or 'sum', but is '{reduction}'")
    if not anchor.ndim == positive.ndim == negative.ndim:
        shapes = ", ".join(str(tuple(t.shape)) for t in (anchor, positive, negative))
        raise _C.error_types["ValueError"](f"triplet_margin_with_distance_loss: the three must have as many dims, but are {shapes}")
    near, far = distance(anchor, positive), distance(anchor, negative)
    if swap:
        far = _top["minimum"](far, distance(positive, negative))
    losses = _top["relu"](near - far + margin)
    return losses.mean() if reduction == "mean" else losses.sum() if reduction == "sum" else losses
