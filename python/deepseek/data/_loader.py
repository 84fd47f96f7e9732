"""Batches of a data set, fetched ahead by threads in an order that no thread changes."""

from __future__ import annotations

import itertools
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from .. import _C, errors
from ._collate import default_collate
from ._datasets import IterableDataset
from ._samplers import BatchSampler, RandomSampler, SequentialSampler, base_seed

_current = threading.local()


def sample_seed() -> int:
    """Inside a data set's __getitem__: a seed of its own for this (loader seed, epoch, sample).

    Random augmentation that is seeded by it gives the same samples at any number of threads.
    """
    key = getattr(_current, "key", None)
    if key is None:
        raise errors.RuntimeError("sample_seed: no loader is fetching a sample in this thread")
    return _C.data.mixed_seed(*key)


def _located(error: BaseException, place: str) -> BaseException:
    """The same kind of error with the place in its message, where its type can be made from a message."""
    message = f"{error}\n  while the DataLoader fetched {place}"
    try:
        new = type(error)(message)
    except Exception:
        new = errors.RuntimeError(f"{type(error).__name__}: {message}")
    new.__cause__ = error
    return new


class DataLoader:
    """Batches of a data set.

        for images, labels in DataLoader(dataset, batch_size=64, shuffle=True, num_workers=2, seed=0): ...

    `num_workers` is a number of threads (0: batches are fetched when they are asked for); the order never depends on it. Each
    loop is the next epoch. state_dict() holds seed, epoch and batches given out: after load_state_dict() the next loop goes on
    from there, in the middle of an epoch too.
    """

    def __init__(self, dataset: Any, batch_size: int | None = 1, shuffle: bool | None = None, sampler: Iterable[int] | None = None,
                 batch_sampler: Iterable[list[int]] | None = None, num_workers: int = 0,
                 collate_fn: Callable[[list[Any]], Any] | None = None, pin_memory: bool = False, drop_last: bool = False,
                 timeout: float = 0, worker_init_fn: Callable[[int], None] | None = None, *, prefetch_factor: int | None = None,
                 persistent_workers: bool = False, generator: Any = None, seed: int | None = None) -> None:
        if num_workers < 0:
            raise errors.ValueError(f"DataLoader: num_workers must be at least 0, but it is {num_workers}")
        if batch_size is not None and batch_size <= 0:
            raise errors.ValueError(f"DataLoader: batch_size must be above 0, but it is {batch_size}")
        if prefetch_factor is not None and prefetch_factor <= 0:
            raise errors.ValueError(f"DataLoader: prefetch_factor must be above 0, but it is {prefetch_factor}")
        if (sampler is not None or batch_sampler is not None) and shuffle:
            raise errors.ValueError("DataLoader: a sampler states the order, so shuffle must be off")
        if batch_sampler is not None and (sampler is not None or drop_last or batch_size != 1):
            raise errors.ValueError("DataLoader: a batch_sampler excludes batch_size, shuffle, sampler and drop_last")
        if worker_init_fn is not None and not callable(worker_init_fn):
            raise errors.TypeError("DataLoader: worker_init_fn must be a function of the worker's number")
        self.dataset = dataset
        self.batch_size = batch_size if batch_sampler is None else None
        self.drop_last = drop_last
        self.num_workers = num_workers
        self.collate_fn = collate_fn
        self.prefetch_factor = prefetch_factor or 2
        self.worker_init_fn = worker_init_fn
        given = sampler if sampler is not None else getattr(batch_sampler, "sampler", None)
        # A sampler that has a seed states the order, so the loader's state is that seed.
        self._seeded = given if hasattr(given, "seed") else None
        # Without a need for random numbers none is drawn, so that evaluating a model does not change how training goes on.
        draws = bool(shuffle) or generator is not None or seed is not None or not hasattr(dataset, "get_batch")
        self.seed = self._seeded.seed if self._seeded is not None else base_seed(generator, seed) if draws else 0
        self._iterable = isinstance(dataset, IterableDataset)
        if self._iterable and (shuffle or sampler is not None or batch_sampler is not None):
            raise errors.ValueError("DataLoader: an IterableDataset states its own order, so shuffle and samplers must be off")
        if self._iterable:
            self.sampler, self.batch_sampler = None, None
        else:
            if sampler is None and batch_sampler is None:
                sampler = RandomSampler(dataset, seed=self.seed) if shuffle else SequentialSampler(dataset)
                self._seeded = sampler if shuffle else None
            self.sampler = sampler
            self.batch_sampler = batch_sampler
            if batch_sampler is None and batch_size is not None:
                self.batch_sampler = BatchSampler(sampler, batch_size, drop_last)
        self._epoch = 0
        self._given = 0
        self._resume = False

    def __len__(self) -> int:
        if self._iterable:
            n = len(self.dataset)
            if self.batch_size is None:
                return n
            return n // self.batch_size if self.drop_last else -(-n // self.batch_size)
        return len(self.sampler if self.batch_sampler is None else self.batch_sampler)  # type: ignore[arg-type]

    def state_dict(self) -> dict[str, int]:
        """Where the loader stands."""
        return {"seed": self.seed, "epoch": self._epoch, "batches": self._given}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """The next loop goes on where the other loader stood."""
        try:
            seed, epoch, batches = (int(state_dict[key]) for key in ("seed", "epoch", "batches"))
        except (KeyError, TypeError) as error:
            raise errors.ValueError("load_state_dict: seed, epoch and batches are needed, as state_dict() returns them") from error
        if epoch < 0 or batches < 0:
            raise errors.ValueError(f"load_state_dict: epoch {epoch}, batch {batches}")
        self.seed, self._epoch, self._given, self._resume = seed, epoch, batches, True
        if self._seeded is not None:
            self._seeded.seed = seed

    def __iter__(self) -> Iterator[Any]:
        # A pass that was begun is over when another begins, unless its position has just been loaded.
        if not self._resume and self._given > 0:
            self._epoch += 1
            self._given = 0
        self._resume = False
        return self._pass(self._epoch, self._given)

    def _pass(self, epoch: int, first: int) -> Iterator[Any]:
        tasks = itertools.islice(enumerate(self._indices(epoch)), first, None)
        batches = self._ahead(tasks, epoch) if self.num_workers else (self._fetch(k, item, epoch) for k, item in tasks)
        for batch in batches:
            if epoch == self._epoch:
                self._given += 1
            yield batch
        if epoch == self._epoch and self._given > 0:
            self._epoch += 1
            self._given = 0

    def _indices(self, epoch: int) -> Iterable[Any]:
        """What the batches of an epoch are made of: indices, or the samples themselves."""
        if self._iterable:
            return iter(self.dataset) if self.batch_size is None else BatchSampler(self.dataset, self.batch_size, self.drop_last)
        source = self.sampler if self.batch_sampler is None else self.batch_sampler
        if hasattr(source, "set_epoch"):
            source.set_epoch(epoch)
        return source  # type: ignore[return-value]

    def _fetch(self, k: int, item: Any, epoch: int) -> Any:
        if self._iterable:
            return item if self.batch_size is None else (self.collate_fn or default_collate)(item)
        single = self.batch_sampler is None
        get_batch = None if single or self.collate_fn else getattr(self.dataset, "get_batch", None)
        if get_batch:
            try:
                return get_batch(item)
            except Exception as error:
                raise _located(error, f"batch {k} (samples {item[0]} ...)") from error
        samples = []
        for index in [item] if single else item:
            _current.key = (self.seed, epoch, index if isinstance(index, int) and index >= 0 else hash(index) % 2**64)
            try:
                samples.append(self.dataset[index])
            except Exception as error:
                raise _located(error, f"sample {index} (batch {k})") from error
            finally:
                _current.key = None
        if single:
            return self.collate_fn(samples[0]) if self.collate_fn else samples[0]
        return (self.collate_fn or default_collate)(samples)

    def _ahead(self, tasks: Iterator[tuple[int, Any]], epoch: int) -> Iterator[Any]:
        """Batches in order, several of them under way."""
        from concurrent.futures import Future, ThreadPoolExecutor

        numbers = itertools.count()
        begin = self.worker_init_fn
        pool = ThreadPoolExecutor(self.num_workers, "deepseek-data", (lambda: begin(next(numbers))) if begin else None)
        pending: deque[Future[Any]] = deque()
        try:
            for k, item in tasks:
                pending.append(pool.submit(self._fetch, k, item, epoch))
                if len(pending) > self.num_workers * self.prefetch_factor:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
