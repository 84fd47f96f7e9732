"""Images at other sizes and places, as plain loops over pixels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from typing import Any

import numpy

Array = numpy.ndarray


def numbers(value: Any, spatial: int) -> list[int]:
    values = [int(v) for v in numpy.atleast_1d(value)]
    return values * spatial if len(values) == 1 else values


def cubic(x: float, a: float) -> float:
    x = abs(x)
    if x <= 1:
        return (a + 2) * x**3 - (a + 3) * x**2 + 1
    return a * x**3 - 5 * a * x**2 + 8 * a * x - 4 * a if x < 2 else 0


def triangle(x: float) -> float:
    return max(0.0, 1 - abs(x))


def resize_matrix(n: int, out: int, step: float, mode: str, align_corners: bool, antialias: bool) -> Array:
    """Row i holds the part of each pixel in output pixel i."""
    parts = numpy.zeros((out, n))
    corner = (n - 1) / (out - 1) if out > 1 else 0.0
    for i in range(out):
        if mode.startswith("nearest"):
            parts[i, min(math.floor((i + 0.5 * (mode == "nearest-exact")) * step), n - 1)] = 1
        elif mode == "area":
            first, last = i * n // out, -(-(i + 1) * n // out)
            parts[i, first:last] = 1 / (last - first)
        elif antialias:
            step_here = corner if align_corners else step
            scale, centre = max(step_here, 1.0), step_here * (i + 0.5)
            kernel: Callable[[float], float] = (lambda x: cubic(x, -0.5)) if mode == "bicubic" else triangle
            reach = (2 if mode == "bicubic" else 1) * scale
            first, last = max(int(centre - reach + 0.5), 0), min(int(centre + reach + 0.5), n)
            for j in range(first, last):
                parts[i, j] = kernel((j - centre + 0.5) / scale)
            parts[i] /= parts[i].sum()
        else:
            at = i * corner if align_corners else (i + 0.5) * step - 0.5
            kernel = (lambda x: cubic(x, -0.75)) if mode == "bicubic" else triangle
            at = at if mode == "bicubic" else max(at, 0.0)
            for j in range(math.floor(at) - 1, math.floor(at) + 3):
                parts[i, min(max(j, 0), n - 1)] += kernel(at - j)
    return parts


def interpolate(x: Array, size: Any, factor: float | None, mode: str, align_corners: bool | None, recompute: bool | None, antialias: bool) -> Array:
    spatial = x.ndim - 2
    for d in range(spatial):
        n = x.shape[d + 2]
        out = numbers(size, spatial)[d] if factor is None else int(n * factor)
        step = n / out if factor is None or recompute else 1 / factor
        parts = resize_matrix(n, out, step, mode, bool(align_corners), antialias)
        x = numpy.moveaxis(numpy.tensordot(x, parts, (d + 2, 1)), -1, d + 2)
    return x


def settled(at: float, n: int, padding: str, align: bool) -> float:
    if padding == "zeros":
        return at
    if padding == "reflection":
        low, span = (0.0, n - 1.0) if align else (-0.5, float(n))
        turns, rest = divmod(abs(at - low), span) if span else (0.0, 0.0)
        at = (low + rest if turns % 2 == 0 else low + span - rest) if span else 0.0
    return min(max(at, 0.0), n - 1.0)


def grid_sample(x: Array, grid: Array, mode: str, padding: str, align_corners: bool | None) -> Array:
    align, spatial = bool(align_corners), x.ndim - 2
    out = numpy.zeros((*x.shape[:2], *grid.shape[1:-1]))
    for n in range(len(x)):
        for place in itertools.product(*map(range, grid.shape[1:-1])):
            taps: list[list[tuple[int, float]]] = []
            for d in range(spatial):
                size, g = x.shape[d + 2], grid[(n, *place)][spatial - 1 - d]
                at = (g + 1) / 2 * (size - 1) if align else ((g + 1) * size - 1) / 2
                if mode == "bicubic":
                    first = math.floor(at)
                    taps.append([(int(settled(float(j), size, padding, align)), cubic(at - j, -0.75)) for j in range(first - 1, first + 3)])
                    continue
                at = settled(at, size, padding, align)
                if mode == "nearest":
                    taps.append([(round(at), 1.0)])
                else:
                    taps.append([(j, triangle(at - j)) for j in (math.floor(at), math.floor(at) + 1)])
            for pick in itertools.product(*taps):
                pixel = tuple(j for j, _ in pick)
                if all(0 <= j < size for j, size in zip(pixel, x.shape[2:])):
                    out[(n, slice(None), *place)] += x[(n, slice(None), *pixel)] * math.prod(w for _, w in pick)
    return out


def affine_grid(theta: Array, size: tuple[int, ...], align_corners: bool | None) -> Array:
    spatial = len(size) - 2
    out = numpy.zeros((size[0], *size[2:], spatial))
    for place in itertools.product(*map(range, size[2:])):
        at = []
        for i, n in zip(place, size[2:]):
            at.append((2 * i / (n - 1) - 1 if n > 1 else 0.0) if align_corners else (2 * i + 1) / n - 1)
        out[(slice(None), *place)] = theta @ numpy.array([*reversed(at), 1.0])
    return out


def max_unpool(x: Array, indices: Array, spatial: int, kernel: Any, stride: Any, padding: Any, output_size: Any) -> Array:
    window, pad = numbers(kernel, spatial), numbers(padding, spatial)
    step = window if stride is None else numbers(stride, spatial)
    sizes = [(n - 1) * s + k - 2 * p for n, s, k, p in zip(x.shape[-spatial:], step, window, pad)]
    if output_size is not None:
        sizes = list(output_size)[-spatial:]
    out = numpy.zeros((*x.shape[:-spatial], *sizes))
    flat, places = out.reshape(*x.shape[:-spatial], -1), indices.reshape(*x.shape[:-spatial], -1)
    numpy.put_along_axis(flat, places, x.reshape(places.shape), -1)
    return flat.reshape(out.shape)
