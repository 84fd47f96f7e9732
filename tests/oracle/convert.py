"""Torch's samples as our arguments, and our results as torch's tensors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import torch

import deepseek

DTYPES = {getattr(torch, name): getattr(deepseek, name) for name in (
    "float16", "bfloat16", "float32", "float64", "int8", "int16", "int32", "int64", "uint8", "bool", "complex64", "complex128")
    if hasattr(deepseek, name)}  # fmt: skip


def plain(tensor: torch.Tensor) -> deepseek.Tensor:
    source = tensor.detach().resolve_conj().resolve_neg()
    if source.dtype == torch.bfloat16:
        return deepseek.from_numpy(source.float().numpy()).to(deepseek.bfloat16)
    return deepseek.from_numpy(source.numpy())


def transposed(tensor: torch.Tensor) -> deepseek.Tensor:
    """The same values, lying in memory with the last two dims exchanged."""
    if tensor.ndim < 2:
        return strided(tensor)
    return plain(tensor.detach().transpose(-1, -2).contiguous()).transpose(-1, -2)


def strided(tensor: torch.Tensor) -> deepseek.Tensor:
    """The same values, each second element of a larger vector."""
    if tensor.ndim == 0:
        return plain(tensor)
    return plain(torch.stack([tensor.detach(), torch.zeros_like(tensor)], -1))[..., 0]


def rebuilt(value: Any, change: Callable[[Any], Any]) -> Any:
    """An argument of torch with everything changed that its lists, tuples, dicts and slices hold."""
    if isinstance(value, dict):
        return {k: rebuilt(v, change) for k, v in value.items()}
    if isinstance(value, (list, tuple)) and not hasattr(value, "_fields") and not isinstance(value, torch.Size):
        return type(value)(rebuilt(v, change) for v in value)
    if isinstance(value, slice):
        return slice(*(rebuilt(v, change) for v in (value.start, value.stop, value.step)))
    return change(value)


def copied(value: Any) -> Any:
    """An argument of torch with copies of its tensors, leaves like them."""
    return rebuilt(value, lambda v: v.detach().clone().requires_grad_(v.requires_grad) if isinstance(v, torch.Tensor) else v)


def mapped(value: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    """An argument of torch with its tensors changed and torch's own types replaced."""

    def ours(v: Any) -> Any:
        if isinstance(v, torch.Tensor):
            return change(v)
        if isinstance(v, torch.dtype):
            return DTYPES[v]
        if isinstance(v, torch.device):
            return str(v)
        if isinstance(v, torch.layout):
            return deepseek.strided
        if isinstance(v, torch.memory_format):
            return getattr(deepseek, str(v)[6:])
        return tuple(v) if isinstance(v, torch.Size) else v

    return rebuilt(value, ours)


def leaves(value: Any) -> list[Any]:
    """The tensors and numbers of a result, in order."""
    if isinstance(value, (list, tuple)):
        return [leaf for v in value for leaf in leaves(v)]
    if isinstance(value, dict):
        return [leaf for v in value.values() for leaf in leaves(v)]
    return [value]


def back(value: Any) -> Any:
    """One of our results as torch's, of the same nesting."""
    if isinstance(value, (list, tuple)):
        return tuple(back(v) for v in value)
    if isinstance(value, deepseek.Tensor):
        if value.dtype == deepseek.bfloat16:
            return torch.from_numpy(value.detach().float().numpy().copy()).bfloat16()
        return torch.from_numpy(numpy.array(value.detach().numpy(), copy=True))
    return value


class Mismatch(AssertionError):
    pass


TOLERANCE = {torch.float16: (2e-3, 1e-3), torch.bfloat16: (2e-2, 1e-2), torch.float32: (1e-4, 1e-5), torch.float64: (1e-7, 1e-7)}


def compare(got: Any, wanted: Any, values: bool = True) -> None:
    """Raises Mismatch where a result differs from torch's in number, shape, type or value."""
    found, expected = leaves(got), leaves(wanted)
    if len(found) != len(expected):
        raise Mismatch(f"{len(found)} results instead of {len(expected)}")
    for a, b in zip(found, expected):
        if not isinstance(b, torch.Tensor):
            if a != b and not (isinstance(b, float) and torch.allclose(torch.tensor(a), torch.tensor(b), equal_nan=True)):
                raise Mismatch(f"{a!r} instead of {b!r}")
            continue
        b = b.detach().resolve_conj().resolve_neg()
        if not isinstance(a, torch.Tensor):
            raise Mismatch(f"{type(a).__name__} instead of a tensor")
        if a.dtype != b.dtype:
            raise Mismatch(f"dtype {a.dtype} instead of {b.dtype}")
        if a.shape != b.shape:
            raise Mismatch(f"shape {tuple(a.shape)} instead of {tuple(b.shape)}")
        rtol, atol = TOLERANCE.get(b.dtype, (1e-5, 1e-6))
        if values and not torch.allclose(a, b, rtol=rtol, atol=atol, equal_nan=True):
            with numpy.errstate(all="ignore"):
                raise Mismatch(f"values differ, at most by {(a.to(torch.complex128) - b.to(torch.complex128)).abs().max().item():.3g}")
