"""Layers whose forward takes more than tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from .. import _C
from .._C import Module, Tensor
from ._losses import lengths_tensor, triplet_margin_with_distance_loss

_functional = _C.function_tables["functional"]


def _unpool(spatial: int) -> Callable[..., Tensor]:
    function = _functional[f"max_unpool{spatial}d"]

    def forward(self: Any, input: Tensor, indices: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        """The elements at their places; `output_size` chooses between sizes that pool to the same."""
        return function(input, indices, self.kernel_size, self.stride, self.padding, output_size)

    return forward


for _spatial in (1, 2, 3):
    getattr(_C, f"MaxUnpool{_spatial}d").forward = _unpool(_spatial)


def _ctc(self: Any, log_probs: Tensor, targets: Tensor, input_lengths: Any, target_lengths: Any) -> Tensor:
    """The loss; lengths are tensors or sequences of ints."""
    return Module.forward(self, log_probs, targets, lengths_tensor(input_lengths), lengths_tensor(target_lengths))


_C.CTCLoss.forward = _ctc


class TripletMarginWithDistanceLoss(Module):
    """max(0, d(anchor, positive) - d(anchor, negative) + margin) for any function d of two tensors, the euclidean distance unless given.

    Example:
        >>> loss = nn.TripletMarginWithDistanceLoss(distance_function=lambda a, b: (a - b).abs().sum(-1))
        >>> loss(deepseek.randn(8, 4), deepseek.randn(8, 4), deepseek.randn(8, 4)).shape
        ()
    """

    def __init__(self, *, distance_function: Callable[[Tensor, Tensor], Tensor] | None = None, margin: float = 1.0, swap: bool = False,
                 reduction: str = "mean") -> None:
        super().__init__()
        if margin <= 0:
            raise _C.error_types["ValueError"](f"TripletMarginWithDistanceLoss: margin must be positive, but is {margin}")
        self.distance_function, self.margin, self.swap, self.reduction = distance_function, margin, swap, reduction

    def forward(self, anchor: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
        """The loss of the three."""
        return triplet_margin_with_distance_loss(anchor, positive, negative, distance_function=self.distance_function, margin=self.margin,
                                                 swap=self.swap, reduction=self.reduction)

    def extra_repr(self) -> str:
        """The options."""
        return f"margin={self.margin}, swap={self.swap}, reduction='{self.reduction}'"
