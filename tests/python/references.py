"""Plain loops over numpy arrays: the judges of functions whose meaning takes more than one line of numpy."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy
import scipy.special
from loss_references import ctc_loss, multi_margin_loss, multilabel_margin_loss  # noqa: F401  used by samples, as the next ones
from recurrent_references import recurrent, recurrent_cell  # noqa: F401
from vision_references import affine_grid, grid_sample, interpolate, max_unpool  # noqa: F401

Array = numpy.ndarray


def per_dim(value: Any, spatial: int) -> list[int]:
    values = [int(v) for v in numpy.atleast_1d(value)]
    return values * spatial if len(values) == 1 else values


def batched(x: Array, spatial: int) -> tuple[Array, bool]:
    return (x[None], True) if x.ndim == spatial + 1 else (x, False)


def positions(sizes: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return itertools.product(*(range(n) for n in sizes))


def conv(x: Array, w: Array, bias: Array | None, stride: Any, padding: Any, dilation: Any, groups: int) -> Array:
    spatial = w.ndim - 2
    x, single = batched(x, spatial)
    step, spread = per_dim(stride, spatial), per_dim(dilation, spatial)
    reach = [(k - 1) * d for k, d in zip(w.shape[2:], spread)]
    if padding == "same":
        pads = [(r // 2, r - r // 2) for r in reach]
    else:
        pads = [(p, p) for p in per_dim(0 if padding == "valid" else padding, spatial)]
    padded = numpy.pad(x, [(0, 0), (0, 0), *pads])
    out = [(n - r - 1) // s + 1 for n, r, s in zip(padded.shape[2:], reach, step)]
    inputs, outputs = w.shape[1], w.shape[0] // groups
    y = numpy.zeros((x.shape[0], w.shape[0], *out))
    for at in positions(out):
        window = tuple(slice(i * s, i * s + r + 1, d) for i, s, r, d in zip(at, step, reach, spread))
        for g in range(groups):
            patch = padded[(slice(None), slice(g * inputs, (g + 1) * inputs), *window)]
            kernel = w[g * outputs : (g + 1) * outputs]
            y[(slice(None), slice(g * outputs, (g + 1) * outputs), *at)] = numpy.tensordot(patch, kernel, (range(1, patch.ndim), range(1, w.ndim)))
    if bias is not None:
        y += bias.reshape(-1, *[1] * spatial)
    return y[0] if single else y


def conv_transpose(x: Array, w: Array, bias: Array | None, stride: Any, padding: Any, output_padding: Any, groups: int, dilation: Any) -> Array:
    spatial = w.ndim - 2
    x, single = batched(x, spatial)
    step, pad, extra, spread = (per_dim(v, spatial) for v in (stride, padding, output_padding, dilation))
    kernel = w.shape[2:]
    full = [(n - 1) * s + (k - 1) * d + 1 + e for n, s, k, d, e in zip(x.shape[2:], step, kernel, spread, extra)]
    inputs, outputs = w.shape[0] // groups, w.shape[1]
    y = numpy.zeros((x.shape[0], outputs * groups, *full))
    for at in positions(x.shape[2:]):
        for tap in positions(kernel):
            to = tuple(i * s + t * d for i, s, t, d in zip(at, step, tap, spread))
            for g in range(groups):
                part = x[(slice(None), slice(g * inputs, (g + 1) * inputs), *at)] @ w[(slice(g * inputs, (g + 1) * inputs), slice(None), *tap)]
                y[(slice(None), slice(g * outputs, (g + 1) * outputs), *to)] += part
    y = y[(slice(None), slice(None), *(slice(p, n - p) for p, n in zip(pad, full)))]
    if bias is not None:
        y += bias.reshape(-1, *[1] * spatial)
    return y[0] if single else y


def windows(size: int, kernel: int, stride: int, pad: int, dilation: int, ceil_mode: bool) -> list[tuple[list[int], int]]:
    """For each output: the places inside, and how many places it covers with the padding."""
    reach = (kernel - 1) * dilation + 1
    room = size + 2 * pad - reach
    count = (math.ceil(room / stride) if ceil_mode else room // stride) + 1
    if ceil_mode and (count - 1) * stride >= size + pad:
        count -= 1
    found = []
    for i in range(count):
        places = [i * stride - pad + k * dilation for k in range(kernel)]
        found.append(([p for p in places if 0 <= p < size], len([p for p in places if p < size + pad])))
    return found


def over_windows(x: Array, spatial: int, seen: list[list[tuple[list[int], int]]]) -> Iterator[tuple[tuple[int, ...], Array, Array, int]]:
    """Output position, the window's values (n, c, places), their positions in the image, and places with padding."""
    flat = numpy.arange(math.prod(x.shape[2:])).reshape(x.shape[2:])
    for at in positions([len(s) for s in seen]):
        index = numpy.ix_(*(seen[d][i][0] for d, i in enumerate(at)))
        yield at, x[(slice(None), slice(None), *index)].reshape(*x.shape[:2], flat[index].size), flat[index].reshape(-1), math.prod(seen[d][i][1] for d, i in enumerate(at))


def max_over(x: Array, spatial: int, seen: list[Any], single: bool, return_indices: bool) -> Any:
    y = numpy.zeros((*x.shape[:2], *(len(s) for s in seen)))
    place = numpy.zeros(y.shape, numpy.int64)
    for at, values, flat, _ in over_windows(x, spatial, seen):
        y[(slice(None), slice(None), *at)] = values.max(-1)
        place[(slice(None), slice(None), *at)] = flat[values.argmax(-1)]
    if single:
        y, place = y[0], place[0]
    return (y, place) if return_indices else y


def max_pool(x: Array, spatial: int, kernel_size: Any, stride: Any, padding: Any, dilation: Any, ceil_mode: bool, return_indices: bool) -> Any:
    x, single = batched(x, spatial)
    kernel = per_dim(kernel_size, spatial)
    step = kernel if stride is None else per_dim(stride, spatial)
    seen = [windows(*v, ceil_mode) for v in zip(x.shape[2:], kernel, step, per_dim(padding, spatial), per_dim(dilation, spatial))]
    return max_over(x, spatial, seen, single, return_indices)


def avg_pool(x: Array, spatial: int, kernel_size: Any, stride: Any, padding: Any, ceil_mode: bool, count_include_pad: bool, divisor: int | None = None) -> Array:
    x, single = batched(x, spatial)
    kernel = per_dim(kernel_size, spatial)
    step = kernel if stride is None else per_dim(stride, spatial)
    seen = [windows(*v, 1, ceil_mode) for v in zip(x.shape[2:], kernel, step, per_dim(padding, spatial))]
    y = numpy.zeros((*x.shape[:2], *(len(s) for s in seen)))
    for at, values, flat, covered in over_windows(x, spatial, seen):
        y[(slice(None), slice(None), *at)] = values.sum(-1) / (divisor or (covered if count_include_pad else flat.size))
    return y[0] if single else y


def lp_pool(x: Array, spatial: int, norm_type: float, kernel_size: Any, stride: Any, ceil_mode: bool) -> Array:
    pixels = math.prod(per_dim(kernel_size, spatial))
    return (avg_pool(x**norm_type, spatial, kernel_size, stride, 0, ceil_mode, True) * pixels) ** (1 / norm_type)


def even_parts(x: Array, spatial: int, output_size: Any) -> list[list[tuple[list[int], int]]]:
    wanted = [n if o == -1 else o for n, o in zip(x.shape[2:], per_dim(output_size, spatial))]
    return [[(list(range(i * n // o, -(-(i + 1) * n // o))), 0) for i in range(o)] for n, o in zip(x.shape[2:], wanted)]


def adaptive_avg_pool(x: Array, spatial: int, output_size: Any) -> Array:
    x, single = batched(x, spatial)
    seen = even_parts(x, spatial, output_size)
    y = numpy.zeros((*x.shape[:2], *(len(s) for s in seen)))
    for at, values, _, _ in over_windows(x, spatial, seen):
        y[(slice(None), slice(None), *at)] = values.mean(-1)
    return y[0] if single else y


def adaptive_max_pool(x: Array, spatial: int, output_size: Any, return_indices: bool) -> Any:
    x, single = batched(x, spatial)
    return max_over(x, spatial, even_parts(x, spatial, output_size), single, return_indices)


def standardize(x: Array, axes: tuple[int, ...], eps: float, weight: Array | None = None, bias: Array | None = None) -> Array:
    y = (x - x.mean(axes, keepdims=True)) / numpy.sqrt(x.var(axes, keepdims=True) + eps)
    return affine(y, weight, bias)


def affine(y: Array, weight: Array | None, bias: Array | None) -> Array:
    y = y if weight is None else y * weight
    return y if bias is None else y + bias


def column(t: Array | None, ndim: int) -> Array | None:
    return None if t is None else t.reshape(1, -1, *[1] * (ndim - 2))


def batch_norm(x: Array, mean: Array | None, var: Array | None, weight: Array | None, bias: Array | None, training: bool, eps: float) -> Array:
    weight, bias = column(weight, x.ndim), column(bias, x.ndim)
    if training:
        return standardize(x, (0, *range(2, x.ndim)), eps, weight, bias)
    return affine((x - column(mean, x.ndim)) / numpy.sqrt(column(var, x.ndim) + eps), weight, bias)


def instance_norm(x: Array, mean: Array | None, var: Array | None, weight: Array | None, bias: Array | None, use_input_stats: bool, eps: float) -> Array:
    if not use_input_stats:
        return batch_norm(x, mean, var, weight, bias, False, eps)
    return standardize(x, tuple(range(2, x.ndim)), eps, column(weight, x.ndim), column(bias, x.ndim))


def trailing(x: Array, normalized_shape: Any) -> tuple[int, ...]:
    return tuple(range(x.ndim - numpy.atleast_1d(normalized_shape).size, x.ndim))


def rms_norm(x: Array, normalized_shape: Any, weight: Array | None, eps: float | None) -> Array:
    eps = 2.0**-52 if eps is None else eps  # the samples are larger than any type's resolution
    return affine(x / numpy.sqrt((x * x).mean(trailing(x, normalized_shape), keepdims=True) + eps), weight, None)


def group_norm(x: Array, groups: int, weight: Array | None, bias: Array | None, eps: float) -> Array:
    if x.size == 0:
        return x
    y = standardize(x.reshape(x.shape[0], groups, -1), (2,), eps).reshape(x.shape)
    return affine(y, column(weight, x.ndim), column(bias, x.ndim))


def local_response_norm(x: Array, size: int, alpha: float, beta: float, k: float) -> Array:
    y = numpy.zeros_like(x)
    for c in range(x.shape[1]):
        around = [a for a in range(c - size // 2, c - size // 2 + size) if 0 <= a < x.shape[1]]
        y[:, c] = x[:, c] / (k + alpha * (x[:, around] ** 2).sum(1) / size) ** beta
    return y


def reduced(losses: Array, weights: Array | float, reduction: str) -> Array:
    if reduction == "none":
        return losses
    return numpy.asarray(losses.sum() if reduction == "sum" else losses.sum() / weights)


def class_losses(logs: Array, target: Array, weight: Array | None, ignore_index: int, smoothing: float) -> tuple[Array, Array]:
    """Loss and weight of each target, from log probabilities (n, classes, ...)."""
    losses, weights = numpy.zeros(target.shape), numpy.zeros(target.shape)
    w = numpy.ones(logs.shape[1]) if weight is None else weight
    for at in positions(target.shape):
        t = int(target[at])
        if t == ignore_index:
            continue
        line = logs[(at[0], slice(None), *at[1:])]
        losses[at] = -(1 - smoothing) * w[t] * line[t] - smoothing / len(w) * (w * line).sum()
        weights[at] = w[t]
    return losses, weights


def nll_loss(x: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str) -> Array:
    if x.ndim == 1:
        return nll_loss(x[None], target[None], weight, ignore_index, "sum" if reduction == "none" else reduction)
    losses, weights = class_losses(x, target, weight, ignore_index, 0)
    return reduced(losses, weights.sum(), reduction)


def cross_entropy(x: Array, target: Array, weight: Array | None, ignore_index: int, reduction: str, label_smoothing: float) -> Array:
    if x.ndim == 1:
        return cross_entropy(x[None], target[None], weight, ignore_index, "sum" if reduction == "none" else reduction, label_smoothing)
    logs = scipy.special.log_softmax(x, axis=1)
    if target.dtype.kind != "f":
        losses, weights = class_losses(logs, target, weight, ignore_index, label_smoothing)
        return reduced(losses, weights.sum(), reduction)
    share = target * (1 - label_smoothing) + label_smoothing / x.shape[1]
    losses = -(logs * (share if weight is None else share * column(weight, x.ndim))).sum(1)
    return reduced(losses, losses.size, reduction)


def attention(q: Array, k: Array, v: Array, mask: Array | None, is_causal: bool, scale: float | None) -> Array:
    scores = q @ k.swapaxes(-1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if mask is not None:
        scores = numpy.where(mask, scores, -math.inf) if mask.dtype.kind == "b" else scores + mask
    if is_causal:
        scores = numpy.where(numpy.tri(*scores.shape[-2:], dtype=bool), scores, -math.inf)
    return scipy.special.softmax(scores, axis=-1) @ v


def unfold(x: Array, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Array:
    x, single = batched(x, 2)
    kernel, spread, pad, step = (per_dim(v, 2) for v in (kernel_size, dilation, padding, stride))
    padded = numpy.pad(x, [(0, 0), (0, 0), *((p, p) for p in pad)])
    out = [(n - (k - 1) * d - 1) // s + 1 for n, k, d, s in zip(padded.shape[2:], kernel, spread, step)]
    taps = [[padded[:, :, a * spread[0] :: step[0], b * spread[1] :: step[1]][:, :, : out[0], : out[1]] for b in range(kernel[1])] for a in range(kernel[0])]
    y = numpy.array(taps).transpose(2, 3, 0, 1, 4, 5).reshape(x.shape[0], x.shape[1] * math.prod(kernel), math.prod(out))
    return y[0] if single else y


def fold(x: Array, output_size: Any, kernel_size: Any, dilation: Any, padding: Any, stride: Any) -> Array:
    single = x.ndim == 2
    x = x[None] if single else x
    size, channels = per_dim(output_size, 2), x.shape[1] // math.prod(per_dim(kernel_size, 2))
    pixels = channels * math.prod(size)
    # Column k of the matrix of unfold: what it does to an image with a one at pixel k.
    columns = [unfold(e.reshape(1, channels, *size), kernel_size, dilation, padding, stride).reshape(-1) for e in numpy.eye(pixels)]
    y = (x.reshape(x.shape[0], -1) @ numpy.array(columns).T).reshape(x.shape[0], channels, *size)
    return y[0] if single else y


def multi_head_attention(
    query: Array, key: Array, value: Array, heads: int, in_weight: Array | None, in_bias: Array | None, bias_k: Array | None, bias_v: Array | None,
    add_zero: bool, out_weight: Array, out_bias: Array | None, padding: Array | None, need_weights: bool, mask: Array | None,
    separate: tuple[Array | None, ...], average: bool,
) -> Any:  # fmt: skip
    single = query.ndim == 2
    inputs = [t[:, None] if single else t for t in (query, key, value)]
    width = inputs[0].shape[2]
    weights = numpy.split(in_weight, 3) if in_weight is not None else separate
    biases = numpy.split(in_bias, 3) if in_bias is not None else [0, 0, 0]
    q, k, v = (t @ w.T + b for t, w, b in zip(inputs, weights, biases))
    scores_bias = numpy.zeros((q.shape[1], 1, q.shape[0], k.shape[0]))
    if mask is not None:
        scores_bias = scores_bias + mask
    if padding is not None:
        scores_bias = numpy.where(padding[:, None, None, :], -math.inf, scores_bias)
    for extra in [e for e in ((bias_k, bias_v), (numpy.zeros(width), numpy.zeros(width)) if add_zero else None) if e and e[0] is not None]:
        k, v = (numpy.concatenate([t, numpy.broadcast_to(e.reshape(1, 1, -1), (1, *t.shape[1:]))]) for t, e in zip((k, v), extra))
        scores_bias = numpy.concatenate([scores_bias, numpy.zeros((*scores_bias.shape[:3], 1))], -1)
    q, k, v = (t.reshape(*t.shape[:2], heads, -1).transpose(1, 2, 0, 3) for t in (q, k, v))
    p = scipy.special.softmax(q @ k.swapaxes(-1, -2) / math.sqrt(width // heads) + scores_bias, axis=-1)
    out = (p @ v).transpose(2, 0, 1, 3).reshape(*inputs[0].shape) @ out_weight.T + (0 if out_bias is None else out_bias)
    p = p.mean(1) if average else p
    out, p = (out[:, 0], p[0]) if single else (out, p)
    return (out, p) if need_weights else out


def embedding_bag(numbers: Array, weight: Array, offsets: Array | None, mode: str, scales: Array | None) -> Array:
    rows = weight[numbers] if scales is None else weight[numbers] * scales[..., None]
    bags = list(rows) if offsets is None else numpy.split(rows, offsets[1:])
    fold = {"sum": lambda r: r.sum(0), "mean": lambda r: r.sum(0) / max(len(r), 1), "max": lambda r: r.max(0)}[mode]
    return numpy.array([fold(r) for r in bags])


def unique_consecutive(x: Array, return_inverse: bool, return_counts: bool, dim: int | None) -> Any:
    rows = x.reshape(-1) if dim is None else numpy.moveaxis(x, dim, 0)
    changes = [i for i in range(len(rows)) if i == 0 or not numpy.array_equal(rows[i], rows[i - 1])]
    values = rows[changes] if dim is None else numpy.moveaxis(rows[changes], 0, dim)
    inverse = numpy.searchsorted(changes, range(len(rows)), "right") - 1
    counts = numpy.diff([*changes, len(rows)]) if changes else numpy.zeros(0, int)
    found = [values, inverse.reshape(x.shape if dim is None else -1)] if return_inverse else [values]
    return tuple([*found, counts] if return_counts else found)


def along(x: Array, dim: int, keepdim: bool, choose: Any) -> tuple[Array, Array]:
    """Values and places that `choose` picks of each line."""
    places = numpy.apply_along_axis(choose, dim, x)
    kept = numpy.expand_dims(places, dim)
    values = numpy.take_along_axis(x, kept, dim)
    return (values, kept) if keepdim else (values.squeeze(dim), places)


def lower_middle(line: Array) -> int:
    return int(numpy.argsort(line, kind="stable")[max(int((~numpy.isnan(line)).sum()) - 1, 0) // 2])


def nanmedian(x: Array, dim: int | None, keepdim: bool) -> Any:
    return x.reshape(-1)[lower_middle(x.reshape(-1))] if dim is None else along(x, dim, keepdim, lower_middle)


def mode(x: Array, dim: int, keepdim: bool) -> tuple[Array, Array]:
    def most_frequent(line: Array) -> int:
        values, counts = numpy.unique(line, return_counts=True)
        return int(numpy.flatnonzero(line == values[counts.argmax()])[-1])

    return along(x, dim, keepdim, most_frequent)
