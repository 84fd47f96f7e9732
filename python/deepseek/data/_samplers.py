"""Orders in which samples are visited. A sampler with a seed gives the same order for the same (seed, epoch)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from .. import _C
from ..errors import ValueError


def base_seed(generator: Any, seed: int | None) -> int:
    """A seed from an argument `seed`, from a number or an object with initial_seed() as `generator`, or from the random state."""
    if seed is None and generator is not None:
        seed = generator.initial_seed() if hasattr(generator, "initial_seed") else int(generator)
    if seed is None:
        state, counter = _C.rng_state()
        _C.set_rng_state(state, counter + 1)
        seed = _C.data.mixed_seed(state % 2**64, counter % 2**64, 1)
    return int(seed) % 2**63


class Sampler:
    """Gives indices: a subclass defines __iter__, and __len__ where the number is known."""

    def __iter__(self) -> Iterator[Any]:
        raise NotImplementedError(f"{type(self).__name__} must define __iter__")


class SequentialSampler(Sampler):
    """0, 1, 2, ..."""

    def __init__(self, data_source: Any) -> None:
        self.data_source = data_source

    def __len__(self) -> int:
        return len(self.data_source)

    def __iter__(self) -> Iterator[int]:
        return iter(range(len(self.data_source)))


class _Seeded(Sampler):
    """Each pass is the next epoch of the same seed."""

    def __init__(self, generator: Any, seed: int | None) -> None:
        self.seed = base_seed(generator, seed)
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """The next pass is this epoch's."""
        self.epoch = epoch

    def order(self) -> list[int]:
        raise NotImplementedError

    def __iter__(self) -> Iterator[int]:
        order = self.order()
        self.epoch += 1
        return iter(order)


class RandomSampler(_Seeded):
    """All indices in random order, or draws with replacement."""

    def __init__(self, data_source: Any, replacement: bool = False, num_samples: int | None = None, generator: Any = None, *,
                 seed: int | None = None) -> None:
        super().__init__(generator, seed)
        self.data_source = data_source
        self.replacement = replacement
        self._count = num_samples
        if num_samples is not None and not replacement and num_samples > len(data_source):
            raise ValueError(f"RandomSampler: {num_samples} samples without replacement from {len(data_source)}")

    @property
    def num_samples(self) -> int:
        return len(self.data_source) if self._count is None else self._count

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> list[int]:
        n = len(self.data_source)
        if self.replacement:
            return _C.data.draws(n, self.num_samples, self.seed, self.epoch)
        return _C.data.permutation(n, self.seed, self.epoch)[:self.num_samples]


class SubsetRandomSampler(_Seeded):
    """The given indices in random order."""

    def __init__(self, indices: Sequence[int], generator: Any = None, *, seed: int | None = None) -> None:
        super().__init__(generator, seed)
        self.indices = indices

    def __len__(self) -> int:
        return len(self.indices)

    def order(self) -> list[int]:
        return [self.indices[i] for i in _C.data.permutation(len(self.indices), self.seed, self.epoch)]


class WeightedRandomSampler(_Seeded):
    """Draws index i with a probability proportional to weights[i]."""

    def __init__(self, weights: Sequence[float], num_samples: int, replacement: bool = True, generator: Any = None, *,
                 seed: int | None = None) -> None:
        super().__init__(generator, seed)
        self.weights = [float(w) for w in weights]
        self.num_samples = num_samples
        self.replacement = replacement
        _C.data.weighted_draws(self.weights, num_samples, replacement, 0)

    def __len__(self) -> int:
        return self.num_samples

    def order(self) -> list[int]:
        return _C.data.weighted_draws(self.weights, self.num_samples, self.replacement, self.seed, self.epoch)


class BatchSampler(Sampler):
    """Groups the indices of another sampler into lists."""

    def __init__(self, sampler: Iterable[int], batch_size: int, drop_last: bool = False) -> None:
        if batch_size <= 0:
            raise ValueError(f"BatchSampler: batch_size must be above 0, but it is {batch_size}")
        self.sampler = sampler
        self.batch_size = batch_size
        self.drop_last = drop_last

    def set_epoch(self, epoch: int) -> None:
        if hasattr(self.sampler, "set_epoch"):
            self.sampler.set_epoch(epoch)

    def __len__(self) -> int:
        n = len(self.sampler)  # type: ignore[arg-type]
        return n // self.batch_size if self.drop_last else -(-n // self.batch_size)

    def __iter__(self) -> Iterator[list[int]]:
        batch: list[int] = []
        for index in self.sampler:
            batch.append(index)
            if len(batch) == self.batch_size:
                yield batch
                batch = []
        if batch and not self.drop_last:
            yield batch
