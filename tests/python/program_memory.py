"""Steps of random programs that move elements: views, rearranged copies, and writes in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from program_draw import Draw, Step, broadcast_shape, step
from program_math import UNARY, small, unary_result
from reference_tape import Array, Numbers, Rule

Move = Callable[[Numbers], Numbers]


def random_slice(d: Draw, size: int) -> str:
    start, stop = sorted(int(i) for i in d.rng.integers(0, size + 1, 2))
    by = d.choice(["", "", ":2", ":3"])
    return d.choice([":", f"{start}:", f":{stop}", f"{start}:{stop}{by}", f"::{d.choice([2, 3])}", f"{start - size}:" if start < size else ":"])


def basic_index(d: Draw, shape: tuple[int, ...]) -> str:
    items: list[str] = []
    for size in shape[: int(d.rng.integers(1, len(shape) + 1))]:
        if d.chance(0.1):
            items.append("None")
        items.append(str(int(d.rng.integers(-size, size))) if size and d.chance(0.35) else random_slice(d, size))
    if d.chance(0.2):
        whole = len(shape) == len([i for i in items if i != "None"])
        items = ["...", *items] if whole else [*items, "..."]
    return ", ".join(items)


def read_index(text: str) -> Any:
    """With an ellipsis, without which numpy gives a number instead of a view of one element."""
    return eval(f"np.index_exp[{text}{'' if '...' in text else ', ...'}]", {"np": np})


def reshaped(d: Draw, shape: tuple[int, ...]) -> tuple[int, ...]:
    size = int(np.prod(shape, dtype=np.int64))
    if size == 0:
        return d.choice([(0,), (0, 2), (3, 0, 1)])
    out: list[int] = []
    while size > 1 and len(out) < 3 and d.chance(0.7):
        factor = int(d.choice([n for n in range(1, min(size, 50) + 1) if size % n == 0]))
        out.append(factor)
        size //= factor
    if size > 1 or d.chance(0.3):
        out.append(size)
    return tuple(out)


def is_view(positions: Numbers, base: Numbers) -> bool:
    return positions.size == 0 or np.shares_memory(positions, base)


def draw_view(d: Draw, shape: tuple[int, ...]) -> tuple[str, Move] | None:
    """A method call on `{x}` that shares memory, and the same on numpy's positions."""
    rank = len(shape)
    kind = d.choice(["index", "index", "transpose", "permute", "unsqueeze", "squeeze", "expand", "diagonal", "narrow", "select", "unfold", "chunk"])
    if kind == "unsqueeze":
        at = int(d.rng.integers(-rank - 1, rank + 1))
        return f"{{x}}.unsqueeze({at})", lambda p: np.expand_dims(p, at)
    if kind == "squeeze":
        return "{x}.squeeze()", lambda p: p.squeeze()
    if kind == "expand":
        ones = [i for i, n in enumerate(shape) if n == 1]
        grown = [int(d.rng.integers(0, 4)) if i in ones and d.chance(0.7) else n for i, n in enumerate(shape)]
        new = tuple([2] * int(d.chance(0.4)) + grown)
        if len(new) > 5 or np.prod(new, dtype=np.int64) > 5000:
            return None
        return f"{{x}}.expand({list(new)})", lambda p: np.broadcast_to(p, new)
    if rank == 0:
        return "{x}.unsqueeze(0)", lambda p: p[None]
    axis = int(d.rng.integers(0, rank))
    if kind == "index":
        text = basic_index(d, shape)
        return f"{{x}}[{text}]", lambda p: p[read_index(text)]
    if kind == "permute":
        order = [int(i) for i in d.rng.permutation(rank)]
        return f"{{x}}.permute({order})", lambda p: p.transpose(order)
    if kind == "select" and shape[axis]:
        i = int(d.rng.integers(-shape[axis], shape[axis]))
        return f"{{x}}.select({axis}, {i})", lambda p: p[(*[slice(None)] * axis, i, ...)]
    if kind == "narrow":
        start = int(d.rng.integers(0, shape[axis] + 1))
        length = int(d.rng.integers(0, shape[axis] - start + 1))
        return f"{{x}}.narrow({axis}, {start}, {length})", lambda p: p[(*[slice(None)] * axis, slice(start, start + length))]
    if kind == "chunk" and shape[axis] > 1:
        half = (shape[axis] + 1) // 2
        return f"{{x}}.chunk(2, {axis})[1]", lambda p: p[(*[slice(None)] * axis, slice(half, None))]
    if kind == "unfold" and shape[axis] > 0:
        size, by = int(d.rng.integers(1, shape[axis] + 1)), int(d.rng.integers(1, 4))
        windows = np.lib.stride_tricks.sliding_window_view
        return f"ds.unfold_dim({{x}}, {axis}, {size}, {by})", lambda p: windows(p, size, axis, writeable=True)[(*[slice(None)] * axis, slice(None, None, by))]
    if rank < 2:
        return None
    a, b = (int(i) for i in d.rng.choice(rank, 2, replace=False))
    if kind == "diagonal":
        offset = int(d.rng.integers(-1, 2))
        return f"{{x}}.diagonal({offset}, {a}, {b})", lambda p: np.diagonal(p, offset, a, b)
    return f"{{x}}.transpose({a}, {b})", lambda p: p.swapaxes(a, b)


@step(7)
def view(d: Draw) -> Step | None:
    if (x := d.pick()) is None or (drawn := draw_view(d, d.live[x].shape)) is None:
        return None
    name, a, (text, move) = d.name(), d.live[x], drawn
    return Step(f"{name} = {text.format(x=x)}", lambda: d.keep(name, d.tape.view(a, move)))


@step(4)
def reshape(d: Draw) -> Step | None:
    """A view where strides can say it, else a copy."""
    if (x := d.pick()) is None:
        return None
    name, a = d.name(), d.live[x]
    new = reshaped(d, a.shape)
    text, move = d.choice([(f"{x}.reshape({list(new)})", lambda p: p.reshape(new)), (f"{x}.flatten()", lambda p: p.reshape(-1))])

    def apply() -> None:
        moved = move(a.positions)
        shared = is_view(moved, a.positions)
        d.keep(name, d.tape.view(a, lambda _: moved) if shared else d.tape.rearranged(a, moved))

    return Step(f"{name} = {text}", apply)


@step(1)
def detach(d: Draw) -> Step | None:
    if (x := d.pick()) is None:
        return None
    name, a = d.name(), d.live[x]
    return Step(f"{name} = {x}.detach()", lambda: d.keep(name, d.tape.detach(a)))


@step(5)
def rearrange(d: Draw) -> Step | None:
    if (x := d.pick(lambda o: len(o.shape) > 0 and o.positions.size < 3000)) is None:
        return None
    name, a = d.name(), d.live[x]
    shape, rank = a.shape, len(a.shape)
    axis = int(d.rng.integers(0, rank))
    size, rest = shape[axis], 0.0
    kind = d.choice(["flip", "roll", "tile", "pad", "tril", "index_select", "rows", "mask", "gather", "masked_fill", "repeat_interleave"])
    some = d.rng.integers(0, size, int(d.rng.integers(0, 5))) if size else np.zeros(0, np.int64)
    wanted = d.give(some) if kind in ("index_select", "rows") else ""
    mask = np.asarray(d.rng.random(shape) < 0.5)
    text, moved = f"{x}.flip([{axis}])", np.flip(a.positions, axis)
    if kind == "roll":
        text, moved = f"{x}.roll(2, {axis})", np.roll(a.positions, 2, axis)
    elif kind == "tile":
        text, moved = f"{x}.tile(2, 1)", np.tile(a.positions, (2, 1))
    elif kind == "pad":
        rest = d.number()
        text = f"ds.nn.functional.pad({x}, (1, 2), value={rest})"
        moved = np.pad(a.positions, [(0, 0)] * (rank - 1) + [(1, 2)], constant_values=-1)
    elif kind == "tril" and rank >= 2:
        text, moved = f"{x}.tril(1)", np.where(np.tri(*shape[-2:], k=1, dtype=bool), a.positions, -1)
    elif kind == "index_select":
        text, moved = f"{x}.index_select({axis}, tensor({wanted}))", a.positions.take(some, axis)
    elif kind == "rows" and size:
        colons = ":, " * axis
        text, moved = f"{x}[{colons}tensor({wanted})]", a.positions.take(some, axis)
    elif kind == "mask":
        text, moved = f"{x}[tensor({d.give(mask)})]", a.positions[mask]
    elif kind == "gather" and size:
        where = d.rng.integers(0, size, (*shape[:axis], 3, *shape[axis + 1:]))
        text, moved = f"{x}.gather({axis}, tensor({d.give(where)}))", np.take_along_axis(a.positions, where, axis)
    elif kind == "masked_fill":
        rest = d.number()
        text, moved = f"{x}.masked_fill(tensor({d.give(mask)}), {rest})", np.where(mask, -1, a.positions)
    elif kind == "repeat_interleave":
        text, moved = f"{x}.repeat_interleave(2, {axis})", a.positions.repeat(2, axis)
    return Step(f"{name} = {text}", lambda: d.keep(name, d.tape.rearranged(a, moved, rest)))


@step(2)
def join(d: Draw) -> list[Step] | None:
    if (x := d.pick(lambda o: o.positions.size < 3000)) is None:
        return None
    shape = d.live[x].shape
    axis = int(d.rng.integers(0, len(shape) + 1))
    stack = axis == len(shape) or d.chance(0.3)
    y = d.pick(lambda o: o.shape == shape) if stack or d.chance(0.5) else None
    steps: list[Step] = []
    if y is None:
        steps = [d.new_tensor(shape if stack else (*shape[:axis], int(d.rng.integers(0, 4)), *shape[axis + 1:]))]
        y = steps[0].text.split(" =")[0]
    name = d.name()

    def apply() -> None:
        parts = [d.live[x], d.live[y], d.live[x]]
        spread = [np.expand_dims(p.positions, axis) if stack else p.positions for p in parts]
        ends = np.cumsum([p.shape[axis] for p in spread])
        whole = (*spread[0].shape[:axis], int(ends[-1]), *spread[0].shape[axis + 1:])
        places = np.split(np.arange(np.prod(whole, dtype=np.int64)).reshape(whole), ends[:-1], axis)
        d.keep(name, d.tape.taken(list(zip(parts, spread)), whole, places))

    return [*steps, Step(f"{name} = ds.{'stack' if stack else 'cat'}([{x}, {y}, {x}], {axis})", apply)]


@step(4)
def write_unary(d: Draw) -> Step | None:
    if (x := d.pick(small)) is None:
        return None
    a, s = d.live[x], d.number()
    kind = d.choice(["neg_()", "tanh_()", "zero_()", "fill_", "mul_", "add_", "clamp_(-0.75, 0.5)", "sin_()"])
    text = f"{x}.{kind}({s})" if kind in ("fill_", "mul_", "add_") else f"{x}.{kind}"
    keys = {"neg_()": "-{x}", "tanh_()": "{x}.tanh()", "clamp_(-0.75, 0.5)": "{x}.clamp(-0.75, 0.5)", "sin_()": "{x}.sin()"}

    def apply() -> None:
        d.own(a)
        if kind in keys:
            return d.tape.write(a, *unary_result(d.tape, a, keys[kind]))
        v = a.value
        value = {"fill_": np.full_like(v, s), "mul_": v * s, "add_": v + s, "zero_()": np.zeros_like(v)}[kind]
        factor = {"mul_": s, "add_": 1.0}.get(kind)
        return d.tape.write(a, value, [] if factor is None else [(a, lambda g: g * factor)])

    return Step(text, apply, must_be_refused=d.must_refuse(a))


@step(5)
def write_binary(d: Draw) -> Step | None:
    if (x := d.pick(small)) is None:
        return None
    a = d.live[x]
    y = d.pick(lambda o: small(o) and broadcast_shape(o.shape, a.shape) == a.shape)
    assert y is not None  # x itself is one
    b = d.live[y]
    text, value, by_a, by_b = d.choice([
        (f"{x}.add_({y})", lambda u, v: u + v, lambda u, v: 1.0, lambda u, v: 1.0),
        (f"{x} -= {y}", lambda u, v: u - v, lambda u, v: 1.0, lambda u, v: -1.0),
        (f"{x}.mul_({y})", lambda u, v: u * v, lambda u, v: v, lambda u, v: u),
        (f"{x}.copy_({y})", lambda u, v: np.broadcast_to(v, u.shape), None, lambda u, v: 1.0),
        (f"{x}[...] = {y}", lambda u, v: np.broadcast_to(v, u.shape), None, lambda u, v: 1.0),
    ])

    def apply() -> None:
        d.own(a)
        u, v = a.value, b.value
        factors = [(o, f(u, v)) for o, f in ((a, by_a), (b, by_b)) if f is not None]
        d.tape.write(a, value(u, v), [(o, lambda g, f=f: g * f) for o, f in factors])

    return Step(text, apply, must_be_refused=d.must_refuse(a))


@step(5)
def write_part(d: Draw) -> Step | None:
    """Assignment to an index: slices, rows in any order, a mask; a number or a tensor; plain or added."""
    if (x := d.pick(lambda o: len(o.shape) > 0 and small(o))) is None:
        return None
    a = d.live[x]
    kind = d.choice(["basic", "basic", "rows", "mask"])
    if kind == "basic":
        text = basic_index(d, a.shape)
        index = read_index(text)
    elif kind == "rows":
        index = d.rng.permutation(a.shape[0])[: int(d.rng.integers(0, a.shape[0] + 1))]
        text = f"tensor({d.give(index)})"
    else:
        index = np.asarray(d.rng.random(a.shape) < 0.5)
        text = f"tensor({d.give(index)})"
    shape = a.positions[index].shape
    y = d.pick(lambda o: small(o) and broadcast_shape(o.shape, shape) == shape)
    added = d.chance(0.4)
    number = d.number() if y is None or d.chance(0.3) else None

    def apply() -> None:
        d.own(a)
        part = Array(a.storage, a.history, np.asarray(a.positions[index]))
        value = np.asarray(number) if number is not None else d.live[y].value
        reads: list[tuple[Array, Rule]] = [] if number is not None else [(d.live[y], lambda g: g)]
        if added:
            reads.append((part, lambda g: g))
        d.tape.write(part, value + part.value if added else np.broadcast_to(value, shape), reads)

    what = y if number is None else number
    return Step(f"{x}[{text}] {'+=' if added else '='} {what}", apply, must_be_refused=d.must_refuse(a))
