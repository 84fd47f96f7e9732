"""From a list of samples to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import _C
from .._C import Tensor
from ..errors import TypeError, ValueError


def default_collate(batch: Sequence[Any]) -> Any:
    """Stacks tensors, arrays and numbers along a new first dim; goes into tuples, lists and dicts; leaves strings as lists."""
    if len(batch) == 0:
        raise ValueError("default_collate: a batch needs at least one sample")
    first = batch[0]
    if isinstance(first, Tensor):
        return _C.data.stack_samples(list(batch))
    if isinstance(first, (np.ndarray, np.generic)):
        shapes = {np.shape(item) for item in batch}
        if len(shapes) > 1:
            raise ValueError(f"default_collate: samples of a batch must be equal in shape, but the shapes {sorted(shapes)} occur")
        return _C.from_numpy(np.stack([np.asarray(item) for item in batch]))
    if isinstance(first, (bool, int, float)):
        return _C.from_numpy(np.asarray(batch, dtype=np.float64 if isinstance(first, float) else None))
    if isinstance(first, (str, bytes)):
        return list(batch)
    if isinstance(first, Mapping):
        return {key: default_collate([item[key] for item in batch]) for key in first}
    if isinstance(first, Sequence):
        if len({len(item) for item in batch}) > 1:
            raise ValueError("default_collate: samples of a batch must have equally many fields")
        fields = [default_collate(field) for field in zip(*batch)]
        return type(first)(*fields) if hasattr(first, "_fields") else fields
    raise TypeError(f"default_collate: samples of type {type(first).__name__} cannot be stacked; give collate_fn")
