"""Gradients that add up over all rows beside gradients of the rows: against float64, at any number of threads, whoever reads them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

import deepseek as ds

EPS = 1e-5


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    before = ds.get_num_threads()
    yield
    ds.set_num_threads(before)


def expected(x: np.ndarray, g: np.ndarray, w: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
    x, g = x.astype(np.float64), g.astype(np.float64)
    slope = 1 / np.sqrt(x.var(-1, keepdims=True) + EPS)
    h = (x - x.mean(-1, keepdims=True)) * slope
    rows = tuple(range(x.ndim - 1))
    up = g * w
    of_x = slope * (up - up.mean(-1, keepdims=True) - h * (up * h).mean(-1, keepdims=True))
    return [h * w + b, of_x, (g * h).sum(rows), g.sum(rows)]


def layer_norm(arrays: list[np.ndarray], threads: int) -> list[ds.Tensor]:
    ds.set_num_threads(threads)
    x, g, w, b = (ds.tensor(a) for a in arrays)
    leaves = [t.requires_grad_() for t in (x, w, b)]
    y = ds.nn.functional.layer_norm(leaves[0], w.shape, leaves[1], leaves[2])
    return [y.detach(), *ds.autograd.grad(y, leaves, g)]


def make(shape: tuple[int, ...], seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(s, np.float32) for s in (shape, shape, shape[-1:], shape[-1:])]


SHAPES = [(2048, 1024), (100, 40), (64, 513), (70, 7), (63, 128), (70, 60000), (5, 8, 16, 32), (3, 50, 768), (64, 1), (2, 1000)]


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_layer_norm(shape: tuple[int, ...]) -> None:
    arrays = make(shape)
    found = [[t.numpy() for t in layer_norm(arrays, threads)] for threads in (1, 2, 4)]
    for value, reference in zip(found[0], expected(*arrays)):
        np.testing.assert_allclose(value, reference, rtol=2e-5, atol=2e-6 * max(1.0, np.abs(reference).max()))
    for other in found[1:]:
        for value, first in zip(other, found[0]):
            np.testing.assert_array_equal(value, first)


def test_sums_are_read_by_full_values_and_rows() -> None:
    arrays = make((200, 96))
    y, of_x, of_w, of_b = layer_norm(arrays, 2)
    scaled = of_x * of_w + of_b  # a full value after sums that its own rows add up to
    norm = (of_w * of_w).sum() + (of_x * of_w).sum(-1).sum()
    ds.eval(y, scaled, norm)
    _, rx, rw, rb = expected(*arrays)
    np.testing.assert_allclose(scaled.numpy(), rx * rw + rb, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(norm.item(), (rw * rw).sum() + (rx * rw).sum(), rtol=1e-4)


def test_sums_of_a_chain_of_norms() -> None:
    x, g, w, b = make((128, 64))
    leaves = [ds.tensor(a).requires_grad_() for a in (x, w, b)]
    y = leaves[0]
    for _ in range(3):
        y = ds.nn.functional.layer_norm(y, (64,), leaves[1], leaves[2]) + y
    together = [t.numpy() for t in ds.autograd.grad(y, leaves, ds.tensor(g))]
    apart = []  # each gradient in an evaluation of its own
    for leaf in leaves:
        y = leaves[0]
        for _ in range(3):
            y = ds.nn.functional.layer_norm(y, (64,), leaves[1], leaves[2]) + y
        apart.append(ds.autograd.grad(y, [leaf], ds.tensor(g))[0].numpy())
    for one, other in zip(together, apart):
        np.testing.assert_allclose(one, other, rtol=1e-4, atol=1e-4)


def test_half_precision_rows() -> None:
    x, g, w, b = make((256, 64))
    leaves = [ds.tensor(a).to(ds.bfloat16).requires_grad_() for a in (x, w, b)]
    y = ds.nn.functional.layer_norm(leaves[0], (64,), leaves[1], leaves[2])
    found = [t.to(ds.float32).numpy() for t in ds.autograd.grad(y, leaves, ds.tensor(g).to(ds.bfloat16))]
    rounded = [ds.tensor(a).to(ds.bfloat16).to(ds.float32).numpy() for a in (x, g, w, b)]
    for value, reference in zip(found, expected(*rounded)[1:]):
        np.testing.assert_allclose(value, reference, rtol=2e-2, atol=2e-2 * np.abs(reference).max())
