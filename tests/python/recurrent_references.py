"""Recurrent layers as plain loops over steps and items."""

from __future__ import annotations

from collections.abc import Sequence

import numpy
import scipy.special

Array = numpy.ndarray


def cell(kind: str, x: Array, state: list[Array], w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None) -> list[Array]:
    """The next state of one item."""
    a = w_ih @ x + (0 if b_ih is None else b_ih)
    b = w_hh @ state[0] + (0 if b_hh is None else b_hh)
    sigmoid = scipy.special.expit
    if kind == "tanh":
        return [numpy.tanh(a + b)]
    if kind == "relu":
        return [numpy.maximum(a + b, 0)]
    if kind == "gru":
        (ar, az, an), (br, bz, bn) = numpy.split(a, 3), numpy.split(b, 3)
        z = sigmoid(az + bz)
        return [(1 - z) * numpy.tanh(an + sigmoid(ar + br) * bn) + z * state[0]]
    i, f, g, o = numpy.split(a + b, 4)
    c = sigmoid(f) * state[1] + sigmoid(i) * numpy.tanh(g)
    return [sigmoid(o) * numpy.tanh(c), c]


def recurrent_cell(kind: str, x: Array, hx: Sequence[Array], w_ih: Array, w_hh: Array, b_ih: Array | None, b_hh: Array | None) -> list[Array]:
    if x.ndim == 1:
        return cell(kind, x, list(hx), w_ih, w_hh, b_ih, b_hh)
    rows = [cell(kind, x[n], [h[n] for h in hx], w_ih, w_hh, b_ih, b_hh) for n in range(len(x))]
    return [numpy.stack(part) for part in zip(*rows)]


def recurrent(
    kind: str, x: Array, hx: Sequence[Array], params: Sequence[Array], biases: bool, layers: int, bidirectional: bool, batch_first: bool,
    lengths: Array | None,
) -> list[Array]:  # fmt: skip
    single = x.ndim == 2
    if single:
        x, hx = x[:, None], [h[:, None] for h in hx]
    elif batch_first:
        x = x.transpose(1, 0, 2)
    steps, items = x.shape[:2]
    directions = 2 if bidirectional else 1
    projected = len(hx) == 2 and hx[0].shape[2] != hx[1].shape[2]
    each = 2 + 2 * biases + projected
    last = [h.copy() for h in hx]
    for layer in range(layers):
        out = numpy.zeros((steps, items, directions, hx[0].shape[2]))
        for direction in range(directions):
            at = layer * directions + direction
            w_ih, w_hh, *rest = params[at * each : (at + 1) * each]
            b_ih, b_hh = rest[:2] if biases else (None, None)
            for n in range(items):
                state = [h[at, n] for h in hx]
                times = range(steps if lengths is None else int(lengths[n]))
                for t in reversed(times) if direction else times:
                    state = cell(kind, x[t, n], state, w_ih, w_hh, b_ih, b_hh)
                    if projected:
                        state[0] = rest[-1] @ state[0]
                    out[t, n, direction] = state[0]
                for h, s in zip(last, state):
                    h[at, n] = s
        x = out.reshape(steps, items, directions * out.shape[3])
    if single:
        return [x[:, 0], *(h[:, 0] for h in last)]
    return [x.transpose(1, 0, 2) if batch_first else x, *last]
