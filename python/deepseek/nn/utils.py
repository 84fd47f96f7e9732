"""Helpers of training loops: clipping of gradients, parameters as one vector, sequences of different lengths."""

from __future__ import annotations

from collections.abc import Iterable

from .. import _C
from .._C import Tensor
from .._C.optim import clip_grad_norm_, clip_grad_value_

__path__ = [__file__.removesuffix(".py")]  # the submodules lie in the folder of that name

from .utils import rnn  # noqa: E402


def parameters_to_vector(parameters: Iterable[Tensor]) -> Tensor:
    """All parameters behind one another in one vector."""
    return _C.function_tables["top"]["cat"]([p.reshape(-1) for p in parameters])


def vector_to_parameters(vec: Tensor, parameters: Iterable[Tensor]) -> None:
    """Writes the parts of a vector into the parameters."""
    from .._modes import no_grad

    parameters = list(parameters)
    wanted = sum(p.numel() for p in parameters)
    if tuple(vec.shape) != (wanted,):
        raise _C.error_types["ValueError"](
            f"vector_to_parameters: the parameters have {wanted} elements, but the vector's shape is {tuple(vec.shape)}")
    start = 0
    with no_grad():
        for p in parameters:
            p.copy_(vec[start : start + p.numel()].reshape(p.shape))
            start += p.numel()


__all__ = ["clip_grad_norm_", "clip_grad_value_", "parameters_to_vector", "rnn", "vector_to_parameters"]
