"""What can be trained on: samples by index, or samples one after another."""

from __future__ import annotations

import bisect
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from .. import _C
from .._C import Tensor
from ..errors import IndexError, TypeError, ValueError


class Dataset:
    """Samples by index: a subclass defines __getitem__ and __len__.

    The loader calls __getitem__ from several threads at once. A data set that can fetch a whole batch at once may define
    get_batch(indices), which returns the stacked batch.
    """

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__")

    def __add__(self, other: Dataset) -> ConcatDataset:
        return ConcatDataset([self, other])


class IterableDataset(Dataset):
    """Samples one after another: a subclass defines __iter__."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")


def _index(index: int, n: int, what: str) -> int:
    i = index + n if index < 0 else index
    if not 0 <= i < n:
        raise IndexError(f"{what}: index {index} is out of range for {n} samples")
    return i


class TensorDataset(Dataset):
    """Rows of tensors (or numpy arrays) of equal length: sample i is the i-th row of each."""

    def __init__(self, *tensors: Any) -> None:
        if not tensors:
            raise ValueError("TensorDataset: at least one tensor is needed")
        self.tensors = tuple(_C.from_numpy(np.ascontiguousarray(t)) if isinstance(t, np.ndarray) else t for t in tensors)
        for i, t in enumerate(self.tensors):
            if not isinstance(t, Tensor):
                raise TypeError(f"TensorDataset: tensors or numpy arrays are needed, but argument {i} is {type(t).__name__}")
            if t.ndim == 0 or len(t) != len(self.tensors[0]):
                raise ValueError("TensorDataset: tensors must have equally many rows, but the shapes are "
                                 + ", ".join(str(tuple(t.shape)) for t in self.tensors))

    def __len__(self) -> int:
        return len(self.tensors[0])

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        return tuple(t[index] for t in self.tensors)

    def get_batch(self, indices: Sequence[int]) -> list[Tensor]:
        return [_C.data.gather_rows(t, indices) for t in self.tensors]


class Subset(Dataset):
    """The samples of a data set at given indices."""

    def __init__(self, dataset: Any, indices: Sequence[int]) -> None:
        self.dataset = dataset
        self.indices = indices
        if hasattr(dataset, "get_batch"):
            self.get_batch = lambda chosen: dataset.get_batch([self.indices[i] for i in chosen])

    def __len__(self) -> int:
        return len(self.indices)

    def __getitem__(self, index: int) -> Any:
        return self.dataset[self.indices[_index(index, len(self), "Subset")]]


class ConcatDataset(Dataset):
    """Data sets one behind the other."""

    def __init__(self, datasets: Sequence[Any]) -> None:
        self.datasets = list(datasets)
        if not self.datasets:
            raise ValueError("ConcatDataset: at least one data set is needed")
        self.cumulative_sizes: list[int] = []
        for d in self.datasets:
            if isinstance(d, IterableDataset):
                raise TypeError("ConcatDataset: an IterableDataset has no indices")
            self.cumulative_sizes.append(len(d) + (self.cumulative_sizes[-1] if self.cumulative_sizes else 0))

    def __len__(self) -> int:
        return self.cumulative_sizes[-1]

    def __getitem__(self, index: int) -> Any:
        i = _index(index, len(self), "ConcatDataset")
        k = bisect.bisect_right(self.cumulative_sizes, i)
        return self.datasets[k][i - (self.cumulative_sizes[k - 1] if k else 0)]


def random_split(dataset: Any, lengths: Sequence[int | float], generator: Any = None, *, seed: int | None = None) -> list[Subset]:
    """Splits into parts at random. Lengths are numbers of samples, or fractions that sum to 1; the same seed gives the same split."""
    from ._samplers import base_seed

    n = len(dataset)
    if math.isclose(sum(lengths), 1) and all(0 <= x <= 1 for x in lengths):
        sizes = [math.floor(n * x) for x in lengths]
        for i in range(n - sum(sizes)):
            sizes[i % len(sizes)] += 1
    else:
        sizes = [int(x) for x in lengths]
    if sum(sizes) != n or min(sizes, default=0) < 0:
        raise ValueError(f"random_split: the lengths {list(lengths)} must sum to the {n} samples (or to 1)")
    order = _C.data.permutation(n, base_seed(generator, seed))
    ends = np.cumsum(sizes).tolist()
    return [Subset(dataset, order[end - size:end]) for end, size in zip(ends, sizes)]
