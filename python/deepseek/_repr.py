"""How tensors print: torch's layout, values computed on demand, long ones shortened."""

from __future__ import annotations

import math
from typing import Any

from ._C import Tensor, get_default_dtype, symbolic_shape

PRECISION, THRESHOLD, EDGE, WIDTH = 4, 1000, 3, 80


def _formatter(values: Any) -> Any:
    """One format for all shown floats, so that columns align."""
    import numpy

    finite = values[numpy.isfinite(values)].astype("float64")
    size = numpy.abs(finite[finite != 0])
    if size.size == 0 or numpy.all(finite == numpy.round(finite)):
        scientific = size.size > 0 and size.max() >= 1e8
        write = (lambda v: f"{v:.{PRECISION}e}") if scientific else (lambda v: f"{v:.0f}." if math.isfinite(v) else f"{v}")
    elif size.max() / size.min() > 1e3 or size.max() > 1e8 or size.min() < 1e-4:
        write = lambda v: f"{v:.{PRECISION}e}"  # noqa: E731
    else:
        write = lambda v: f"{v:.{PRECISION}f}"  # noqa: E731
    width = max((len(write(float(v))) for v in values), default=0)
    return lambda v: write(float(v)).rjust(width)


def _shown(values: Any) -> Any:
    """The elements that are printed of a long array."""
    import numpy

    for axis, size in enumerate(values.shape):
        if size > 2 * EDGE:
            values = numpy.take(values, [*range(EDGE), *range(size - EDGE, size)], axis=axis)
    return values


def _lines(values: Any, write: Any, indent: int, shorten: bool) -> str:
    if values.ndim == 0:
        return write(values[()])
    cut = shorten and values.shape[0] > 2 * EDGE
    rows = [*values[:EDGE], *values[-EDGE:]] if cut else list(values)
    parts = [_lines(row, write, indent + 1, shorten) for row in rows]
    if cut:
        parts.insert(EDGE, "...")
    if values.ndim > 1:
        return "[" + ("," + "\n" * (values.ndim - 1) + " " * (indent + 1)).join(parts) + "]"
    per_line = max(1, (WIDTH - indent) // (max(map(len, parts), default=1) + 2))
    lines = [", ".join(parts[i : i + per_line]) for i in range(0, len(parts), per_line)]
    return "[" + (",\n" + " " * (indent + 1)).join(lines) + "]"


def tensor_repr(tensor: Tensor) -> str:
    name = "tensor" if type(tensor) is Tensor else "Parameter containing:\ntensor"
    notes = []
    if tensor.is_symbolic:
        return f"Input(shape={symbolic_shape(tensor)}, dtype={tensor.dtype!r})"
    plain = tensor.detach()
    if tensor.dtype.name in ("float16", "bfloat16"):
        plain = plain.float()
    values = plain.numpy()
    shorten = values.size > THRESHOLD
    if values.size == 0:
        text = "[]"
        if values.ndim != 1:
            notes.append(f"size={tuple(tensor.shape)}")
    else:
        shown = (_shown(values) if shorten else values).reshape(-1)
        if tensor.dtype.is_floating_point:
            write = _formatter(shown)
        else:
            width = max(len(str(v)) for v in shown)
            write = lambda v: str(v).rjust(width)  # noqa: E731
        text = _lines(values, write, len("tensor("), shorten)
    if tensor.dtype.name not in ("int64", "bool", get_default_dtype().name) or (values.size == 0 and tensor.dtype.name != get_default_dtype().name):
        notes.append(f"dtype={tensor.dtype!r}")
    if tensor.grad_fn is not None:
        notes.append(f"grad_fn=<{tensor.grad_fn.name}>")
    elif tensor.requires_grad:
        notes.append("requires_grad=True")
    return f"{name}({', '.join([text, *notes])})"
