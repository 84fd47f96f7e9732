"""Steps of random programs that compute: pointwise ops, reductions, scans and products."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from program_draw import Draw, Step, broadcast_shape, step
from reference_tape import Array, Numbers, Rule, Tape

# text -> (value, derivative by x); `x` is the operand, `y` the value.
UNARY: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any], Any]]] = {
    "-{x}": (np.negative, lambda x, y: -1.0),
    "{x}.sin()": (np.sin, lambda x, y: np.cos(x)),
    "{x}.tanh()": (np.tanh, lambda x, y: 1 - y * y),
    "{x}.sigmoid()": (lambda x: 1 / (1 + np.exp(-x)), lambda x, y: y * (1 - y)),
    "{x}.relu()": (lambda x: np.maximum(x, 0), lambda x, y: x > 0),
    "{x}.abs()": (np.abs, lambda x, y: np.sign(x)),
    "{x}.square()": (np.square, lambda x, y: 2 * x),
    "({x}.square() + 1).sqrt()": (lambda x: np.sqrt(x * x + 1), lambda x, y: x / y),
    "({x} * {x} + 1).reciprocal()": (lambda x: 1 / (x * x + 1), lambda x, y: -2 * x * y * y),
    "{x}.abs().log1p()": (lambda x: np.log1p(np.abs(x)), lambda x, y: np.sign(x) / (1 + np.abs(x))),
    "(-{x}.square()).exp()": (lambda x: np.exp(-x * x), lambda x, y: -2 * x * y),
    "{x}.clamp(-0.75, 0.5)": (lambda x: np.clip(x, -0.75, 0.5), lambda x, y: (x >= -0.75) & (x <= 0.5)),
    "{x} ** 3": (lambda x: x**3, lambda x, y: 3 * x * x),
    "{x}.atan()": (np.arctan, lambda x, y: 1 / (1 + x * x)),
    "{x}.clone()": (lambda x: x, lambda x, y: 1.0),
}


def tie(a: Numbers, b: Numbers, wins: Any) -> Numbers:
    return np.where(wins(a, b), 1.0, np.where(a == b, 0.5, 0.0))


# text -> (value, derivative by a, derivative by b)
BINARY: dict[str, tuple[Callable[..., Any], Callable[..., Any], Callable[..., Any]]] = {
    "{a} + {b}": (np.add, lambda a, b: 1.0, lambda a, b: 1.0),
    "{a} - {b}": (np.subtract, lambda a, b: 1.0, lambda a, b: -1.0),
    "{a} * {b}": (np.multiply, lambda a, b: b, lambda a, b: a),
    "{a} / ({b} * {b} + 1)": (lambda a, b: a / (b * b + 1), lambda a, b: 1 / (b * b + 1), lambda a, b: -2 * a * b / (b * b + 1) ** 2),
    "ds.maximum({a}, {b})": (np.maximum, lambda a, b: tie(a, b, np.greater), lambda a, b: tie(b, a, np.greater)),
    "ds.minimum({a}, {b})": (np.minimum, lambda a, b: tie(a, b, np.less), lambda a, b: tie(b, a, np.less)),
    "ds.where({a} > {b}, {a}, {b} * 0.5)": (lambda a, b: np.where(a > b, a, b * 0.5), lambda a, b: a > b, lambda a, b: np.where(a > b, 0.0, 0.5)),
    "{a}.lerp({b}, 0.25)": (lambda a, b: a + 0.25 * (b - a), lambda a, b: 0.75, lambda a, b: 0.25),
}


def times(factor: Any) -> Rule:
    return lambda g: g * factor


def unary_result(tape: Tape, a: Array, key: str) -> tuple[Numbers, list[tuple[Array, Rule]]]:
    value, derivative = UNARY[key]
    x = a.value
    y = value(x)
    return y, [(a, times(derivative(x, y)))]


def binary_result(a: Array, b: Array, key: str) -> tuple[Numbers, list[tuple[Array, Rule]]]:
    value, by_a, by_b = BINARY[key]
    x, y = a.value, b.value
    return value(x, y), [(a, times(by_a(x, y))), (b, times(by_b(x, y)))]


def small(a: Array) -> bool:
    """Keeps cubes and products from leaving the range in which digits can be compared."""
    return a.value.size == 0 or float(np.abs(a.value).max()) < 30


@step(5)
def unary(d: Draw) -> Step | None:
    if (x := d.pick(small)) is None:
        return None
    name, key, a = d.name(), d.choice(list(UNARY)), d.live[x]
    return Step(f"{name} = {key.format(x=x)}", lambda: d.keep(name, d.tape.result(*unary_result(d.tape, a, key))))


@step(2)
def with_number(d: Draw) -> Step | None:
    if (x := d.pick(small)) is None:
        return None
    name, a, s, kind = d.name(), d.live[x], d.number(), int(d.rng.integers(4))
    text = [f"{x} + {s}", f"{s} - {x}", f"{x} * {s}", f"{s} / ({x}.abs() + 1)"][kind]
    x_ = a.value
    value = [x_ + s, s - x_, x_ * s, s / (np.abs(x_) + 1)][kind]
    factor = [1.0, -1.0, s, -s * np.sign(x_) / (np.abs(x_) + 1) ** 2][kind]
    return Step(f"{name} = {text}", lambda: d.keep(name, d.tape.result(value, [(a, times(factor))])))


def pair(d: Draw) -> tuple[list[Step], str, str] | None:
    """Two tensors that broadcast; the second is made when none fits or by chance."""
    if (a := d.pick(small)) is None:
        return None
    shape = d.live[a].shape
    b = d.pick(lambda o: small(o) and broadcast_shape(o.shape, shape) is not None)
    if b is not None and d.chance(0.8):
        return [], a, b
    made = d.new_tensor(d.partner_shape(shape))
    return [made], a, made.text.split(" =")[0]


@step(6)
def binary(d: Draw) -> list[Step] | None:
    if (found := pair(d)) is None:
        return None
    steps, a, b = found
    if d.chance(0.5):
        a, b = b, a
    name, key = d.name(), d.choice(list(BINARY))
    return [*steps, Step(f"{name} = {key.format(a=a, b=b)}", lambda: d.keep(name, d.tape.result(*binary_result(d.live[a], d.live[b], key))))]


def reduced(x: Numbers, kind: str, axes: tuple[int, ...]) -> tuple[Numbers, Callable[[Numbers], Numbers]]:
    """The value with the axes kept, and the gradient for a gradient of that shape."""
    with np.errstate(all="ignore"):
        if kind == "sum":
            return x.sum(axes, keepdims=True), lambda g: np.broadcast_to(g, x.shape)
        if kind == "mean":
            count = x.size / max(x.sum(axes, keepdims=True).size, 1)
            return x.mean(axes, keepdims=True), lambda g: np.broadcast_to(g / count, x.shape)
        if kind in ("amax", "amin"):
            y = (x.max if kind == "amax" else x.min)(axes, keepdims=True)
            best = x == y
            return y, lambda g: g * best / best.sum(axes, keepdims=True)
        if kind == "logsumexp":
            y = np.log(np.exp(x).sum(axes, keepdims=True))
            return y, lambda g: g * np.exp(x - y)
        centred = x - x.mean(axes, keepdims=True)
        count = x.size / centred.sum(axes, keepdims=True).size
        return (centred**2).sum(axes, keepdims=True) / count, lambda g: g * 2 * centred / count


@step(4)
def reduction(d: Draw) -> Step | None:
    kind = d.choice(["sum", "sum", "mean", "amax", "amin", "logsumexp", "var"])
    if (x := d.pick(lambda a: small(a) and (kind == "sum" or a.positions.size > 0))) is None:
        return None
    a, name, keep = d.live[x], d.name(), d.chance(0.4)
    rank = len(a.shape)
    axes = tuple(sorted(int(i) for i in d.rng.choice(rank, int(d.rng.integers(1, rank + 1)), replace=False))) if rank else ()
    everything = rank == 0 or d.chance(0.25)
    if everything:
        axes, keep = tuple(range(rank)), False
    listed = list(axes) if len(axes) > 1 or d.chance(0.5) else (axes[0] if axes else 0)
    where = ("" if everything and kind != "logsumexp" else f"{list(axes) if rank else 0}" if everything else f"{listed}, keepdim={keep}")
    if kind == "var":
        where = f"dim={list(axes)}, correction=0, keepdim={keep}" if rank else "correction=0"
    value, back = reduced(a.value, kind, axes)
    shape = value.shape
    out = value if keep else value.reshape([n for i, n in enumerate(shape) if i not in axes])
    return Step(f"{name} = {x}.{kind}({where})", lambda: d.keep(name, d.tape.result(out, [(a, lambda g: back(g.reshape(shape)))])))


@step(1.5)
def along_a_dim(d: Draw) -> Step | None:
    if (x := d.pick(lambda a: small(a) and len(a.shape) > 0)) is None:
        return None
    a, name, kind = d.live[x], d.name(), d.choice(["softmax", "log_softmax", "cumsum"])
    axis = int(d.rng.integers(-len(a.shape), len(a.shape)))
    v = a.value
    p = np.exp(v) / np.exp(v).sum(axis, keepdims=True)
    value, back = {
        "softmax": (p, lambda g: p * (g - (g * p).sum(axis, keepdims=True))),
        "log_softmax": (np.log(p), lambda g: g - p * g.sum(axis, keepdims=True)),
        "cumsum": (v.cumsum(axis), lambda g: np.flip(np.flip(g, axis).cumsum(axis), axis)),
    }[kind]
    return Step(f"{name} = {x}.{kind}({axis})", lambda: d.keep(name, d.tape.result(value, [(a, back)])))


@step(2)
def product(d: Draw) -> list[Step] | None:
    if (x := d.pick(lambda a: small(a) and len(a.shape) > 0)) is None:
        return None
    shape = d.live[x].shape
    y = d.pick(lambda o: small(o) and len(o.shape) > 0 and shape[-1] == o.shape[max(len(o.shape) - 2, 0)]
               and broadcast_shape(shape[:-2], o.shape[:-2]) is not None)
    steps: list[Step] = []
    if y is None or d.chance(0.5):
        batch = tuple(1 if d.chance(0.3) else n for n in shape[:-2]) if d.chance(0.5) else ()
        other = (*batch, shape[-1], int(d.rng.integers(0, 5))) if d.chance(0.8) else (shape[-1],)
        steps = [d.new_tensor(other)]
        y = steps[0].text.split(" =")[0]
    name = d.name()

    def apply() -> None:
        a, b = d.live[x], d.live[y]
        u, v = a.value, b.value
        left, right = (u[None] if u.ndim == 1 else u), (v[:, None] if v.ndim == 1 else v)
        whole = (left @ right).shape

        def by_left(g: Numbers) -> Numbers:
            return g.reshape(whole) @ np.swapaxes(right, -1, -2)

        def by_right(g: Numbers) -> Numbers:
            gradient = np.swapaxes(left, -1, -2) @ g.reshape(whole)
            return gradient[..., 0] if v.ndim == 1 else gradient

        d.keep(name, d.tape.result(u @ v, [(a, by_left), (b, by_right)]))

    return [*steps, Step(f"{name} = {x} @ {y}", apply)]
