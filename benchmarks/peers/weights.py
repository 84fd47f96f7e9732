"""The same numbers for the parameters of a network in every library, so that outputs can be compared and none has to hand them on."""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Mapping, Sequence

import numpy as np

Drawn = np.ndarray


def drawn(key: str, kind: str, shape: Sequence[int]) -> Drawn:
    """A parameter or statistic whose name ends in `kind`. Sizes keep activations near one through many layers."""
    rng = np.random.default_rng(zlib.crc32(key.encode()))
    if kind == "running_var" or (kind == "weight" and len(shape) == 1):
        return rng.uniform(0.5, 1.5, shape).astype(np.float32)
    scale = 0.1 if len(shape) < 2 else math.sqrt((2 if len(shape) > 2 else 1) / math.prod(shape[1:]))
    return (rng.standard_normal(shape, np.float32) * scale).astype(np.float32)


def by_name(state: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, Drawn]]:
    for name, shape in state.items():
        yield name, drawn(name, name.rpartition(".")[2], shape)


def by_place(state: Mapping[str, Sequence[int]]) -> Iterator[tuple[str, Drawn]]:
    """For networks whose layers have other names but the same order."""
    kept = {name: shape for name, shape in state.items() if not name.endswith("num_batches_tracked")}
    for place, (name, shape) in enumerate(kept.items()):
        yield name, drawn(str(place), name.rpartition(".")[2], shape)
