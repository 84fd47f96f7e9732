"""Calls of recurrent layers whose arguments or results are nested: an LSTM's two states, packed sequences."""

from __future__ import annotations

from typing import Any

from .. import _C
from .._C import Module, Tensor
from .utils.rnn import PackedSequence, _from_numpy, _packed, _sizes, _unpacked



def _states(layer: Module, hx: Any, pair: bool) -> list[Tensor]:
    if hx is None:
        return []
    if not pair:
        return [hx]
    if not isinstance(hx, (tuple, list)) or len(hx) != 2:
        raise _C.error_types["TypeError"](f"{type(layer).__name__}: hx must be (h_0, c_0), not {type(hx).__name__}")
    return list(hx)


def _run(layer: Any, input: Any, hx: Any, lengths: Tensor | None, pair: bool) -> Any:
    states = _states(layer, hx, pair)
    named = {} if lengths is None else {"lengths": lengths}
    if not isinstance(input, PackedSequence):
        y, *last = Module.forward(layer, input, *states, **named)
        return y, (tuple(last) if pair else last[0])
    if lengths is not None:
        raise _C.error_types["ValueError"](f"{type(layer).__name__}: a packed sequence has its own lengths")
    if input.sorted_indices is not None:
        states = [s.index_select(1, input.sorted_indices) for s in states]
    _, found = _sizes(input)
    y, *last = Module.forward(layer, _unpacked(input, layer.batch_first, None), *states, lengths=_from_numpy(found))
    data, _ = _packed(y, found, layer.batch_first)
    if input.unsorted_indices is not None:
        last = [s.index_select(1, input.unsorted_indices) for s in last]
    return PackedSequence(data, *input[1:]), (tuple(last) if pair else last[0])


def _single_state(self: Module, input: Any, hx: Tensor | None = None, *, lengths: Tensor | None = None) -> Any:
    """The outputs of all steps and the last states; `lengths` says how many steps each item has."""
    return _run(self, input, hx, lengths, False)


def _two_states(self: Module, input: Any, hx: tuple[Tensor, Tensor] | None = None, *, lengths: Tensor | None = None) -> Any:
    """The outputs of all steps and the last (h, c); `lengths` says how many steps each item has."""
    return _run(self, input, hx, lengths, True)


def _single_cell_step(self: Module, input: Tensor, hx: Tensor | None = None) -> Any:
    """The next state."""
    return Module.forward(self, input, *_states(self, hx, False))


def _cell_step(self: Module, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> Any:
    """The next (h, c)."""
    return Module.forward(self, input, *_states(self, hx, True))


_FORWARD = {"RNN": _single_state, "GRU": _single_state, "LSTM": _two_states, "RNNCell": _single_cell_step, "GRUCell": _single_cell_step,
            "LSTMCell": _cell_step}
for _name, _forward in _FORWARD.items():
    setattr(getattr(_C, _name), "forward", _forward)


def _flatten_parameters(self: Module) -> None:
    """Does nothing: weights are packed where they are read."""


for _name in ("RNN", "GRU", "LSTM"):
    setattr(getattr(_C, _name), "flatten_parameters", _flatten_parameters)
