"""Sequences of different lengths in one batch: packed one behind the other step by step, or padded to the longest."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy

from ... import _C
from ..._C import Tensor

_top = _C.function_tables["top"]
ValueError_: Any = _C.error_types["ValueError"]


class _Packed(NamedTuple):
    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None = None
    unsorted_indices: Tensor | None = None


class PackedSequence(_Packed):
    """Sequences from the longest to the shortest, stored step by step: `data` holds the first elements of all, then the second ones
    of those that have any, and so on; `batch_sizes` says how many there are at each step. Made by pack_padded_sequence."""

    __slots__ = ()

    def __new__(cls, data: Tensor, batch_sizes: Tensor, sorted_indices: Tensor | None = None,
                unsorted_indices: Tensor | None = None) -> PackedSequence:
        if unsorted_indices is None and sorted_indices is not None:
            unsorted_indices = invert_permutation(sorted_indices)
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> PackedSequence:
        """The same sequences with `data` converted."""
        return type(self)(self.data.to(*args, **kwargs), self.batch_sizes, self.sorted_indices, self.unsorted_indices)

    def float(self) -> PackedSequence:
        """The same sequences in float32."""
        return self.to(_C.dtypes["float32"])

    def double(self) -> PackedSequence:
        """The same sequences in float64."""
        return self.to(_C.dtypes["float64"])

    def cpu(self) -> PackedSequence:
        """The sequences themselves: all tensors are on the CPU."""
        return self

    @property
    def is_cuda(self) -> bool:
        """False: all tensors are on the CPU."""
        return False


def _from_numpy(array: numpy.ndarray) -> Tensor:
    return _C.tensor(numpy.ascontiguousarray(array, dtype=numpy.int64))


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes another one."""
    return None if permutation is None else _from_numpy(numpy.argsort(permutation.numpy()))


def _sizes(packed: PackedSequence) -> tuple[numpy.ndarray, numpy.ndarray]:
    """The number of sequences at each step, and the lengths of the sequences."""
    sizes = packed.batch_sizes.numpy().astype(numpy.int64)
    return sizes, (sizes[:, None] > numpy.arange(sizes[0])).sum(0)


def _unpacked(packed: PackedSequence, batch_first: bool, fill: float | None) -> Tensor:
    """The sorted sequences, padded; without `fill` the padding holds anything."""
    sizes, _ = _sizes(packed)
    starts = numpy.cumsum(sizes) - sizes
    places = starts[:, None] + numpy.arange(sizes[0])
    inside = numpy.arange(sizes[0]) < sizes[:, None]
    places[~inside] = 0
    if batch_first:
        places, inside = places.T, inside.T
    features = tuple(packed.data.shape[1:])
    out = packed.data.index_select(0, _from_numpy(places.reshape(-1))).reshape(*places.shape, *features)
    if fill is None or inside.all():
        return out
    mask = _C.tensor(numpy.ascontiguousarray(inside.reshape(*inside.shape, *[1] * len(features))))
    return out.masked_fill(~mask, fill)


def _packed(padded: Tensor, lengths: numpy.ndarray, batch_first: bool) -> tuple[Tensor, Tensor]:
    """Data and batch sizes of sequences from the longest to the shortest."""
    steps, items = (padded.shape[1], padded.shape[0]) if batch_first else (padded.shape[0], padded.shape[1])
    inside = numpy.arange(int(lengths[0]))[:, None] < lengths
    t, n = numpy.nonzero(inside)
    rows = padded.reshape(steps * items, *padded.shape[2:])
    return rows.index_select(0, _from_numpy(n * steps + t if batch_first else t * items + n)), _from_numpy(inside.sum(1))


def pack_padded_sequence(input: Tensor, lengths: Tensor | Sequence[int], batch_first: bool = False,
                         enforce_sorted: bool = True) -> PackedSequence:
    """Packs padded sequences (steps, items, ...), or (items, steps, ...) with `batch_first`.

    With `enforce_sorted` the lengths must not grow; otherwise the sequences are sorted, and what a layer returns is in the given order.
    """
    given = numpy.asarray(lengths.numpy() if isinstance(lengths, Tensor) else lengths)
    if given.ndim != 1 or given.dtype.kind not in "iu":
        raise ValueError_(f"pack_padded_sequence: lengths must be a 1-D sequence of whole numbers, but have shape {given.shape}")
    if input.ndim < 2:
        raise ValueError_(f"pack_padded_sequence: input must have at least 2 dims, but is {tuple(input.shape)}")
    steps, items = (input.shape[1], input.shape[0]) if batch_first else (input.shape[0], input.shape[1])
    if len(given) != items:
        raise ValueError_(f"pack_padded_sequence: lengths must have one number for each of the {items} items, but have {len(given)}")
    if not len(given) or given.min() < 1 or given.max() > steps:
        raise ValueError_(f"pack_padded_sequence: lengths must lie in [1, {steps}], but are {given.tolist()}")
    order = None
    if enforce_sorted:
        if (numpy.diff(given) > 0).any():
            raise ValueError_(f"pack_padded_sequence: lengths must not grow, but are {given.tolist()}; give enforce_sorted=False")
    else:
        places = numpy.argsort(-given, kind="stable")
        given, order = given[places], _from_numpy(places)
        input = input.index_select(0 if batch_first else 1, order)
    data, sizes = _packed(input, given.astype(numpy.int64), batch_first)
    return PackedSequence(data, sizes, order)


def pad_packed_sequence(sequence: PackedSequence, batch_first: bool = False, padding_value: float = 0.0,
                        total_length: int | None = None) -> tuple[Tensor, Tensor]:
    """The padded sequences and their lengths, in the order that they had before packing; `total_length` steps at least."""
    sizes, lengths = _sizes(sequence)
    if total_length is not None and total_length < len(sizes):
        raise ValueError_(f"pad_packed_sequence: total_length must be at least {len(sizes)}, but is {total_length}")
    out = _unpacked(sequence, batch_first, padding_value)
    if total_length is not None and total_length > len(sizes):
        behind = [0, 0] * (out.ndim - (2 if batch_first else 1)) + [0, total_length - len(sizes)]
        out = _C.function_tables["functional"]["pad"](out, behind, "constant", padding_value)
    if sequence.unsorted_indices is not None:
        out = out.index_select(0 if batch_first else 1, sequence.unsorted_indices)
        lengths = lengths[sequence.unsorted_indices.numpy()]
    return out, _from_numpy(lengths)


def pad_sequence(sequences: Iterable[Tensor], batch_first: bool = False, padding_value: float = 0.0, padding_side: str = "right") -> Tensor:
    """Tensors (length, ...) of different lengths as one tensor (longest, items, ...), or (items, longest, ...) with `batch_first`."""
    tensors = list(sequences)
    if padding_side not in ("left", "right"):
        raise ValueError_(f"pad_sequence: padding_side must be 'left' or 'right', but is '{padding_side}'")
    if not tensors or any(t.ndim < 1 or t.shape[1:] != tensors[0].shape[1:] for t in tensors):
        raise ValueError_(f"pad_sequence: needs tensors that differ in their first dim only, but has {[tuple(t.shape) for t in tensors]}")
    longest = max(t.shape[0] for t in tensors)
    pad = _C.function_tables["functional"]["pad"]
    rows = []
    for t in tensors:
        missing = longest - t.shape[0]
        sides = [0, missing] if padding_side == "right" else [missing, 0]
        rows.append(pad(t, [0, 0] * (t.ndim - 1) + sides, "constant", padding_value) if missing else t)
    return _top["stack"](rows, 0 if batch_first else 1)


def unpad_sequence(padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False) -> list[Tensor]:
    """The tensors that pad_sequence made one of."""
    if not batch_first:
        padded_sequences = padded_sequences.transpose(0, 1)
    return [padded_sequences[i, : int(n)] for i, n in enumerate(lengths.tolist())]


def pack_sequence(sequences: Iterable[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Packs tensors (length, ...) of different lengths."""
    tensors = list(sequences)
    return pack_padded_sequence(pad_sequence(tensors), [t.shape[0] for t in tensors], enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The tensors that pack_sequence packed."""
    padded, lengths = pad_packed_sequence(packed_sequences, batch_first=True)
    return unpad_sequence(padded, lengths, batch_first=True)


__all__ = ["PackedSequence", "invert_permutation", "pack_padded_sequence", "pack_sequence", "pad_packed_sequence", "pad_sequence",
           "unpack_sequence", "unpad_sequence"]
