"""Products of matrices whose sizes lie around the kernels' tiles, in every layout, against numpy in double."""

import numpy as np
import pytest

import deepseek
import deepseek.nn.functional as F

SIZES = [(24, 32, 350), (25, 33, 511), (144, 64, 256), (145, 65, 257), (150, 515, 96), (780, 40, 130), (769, 513, 17), (97, 1100, 300), (310, 300, 600)]


def draw(rng, rows, columns, layout):
    """A matrix of the size, row-major, column-major, or part of a wider one."""
    values = rng.normal(size=(rows, columns)).astype(np.float32)
    if layout == "columns":
        return deepseek.tensor(np.ascontiguousarray(values.T)).T, values
    if layout == "part":
        wide = rng.normal(size=(rows, columns + 7)).astype(np.float32)
        wide[:, 3 : 3 + columns] = values
        return deepseek.tensor(wide)[:, 3 : 3 + columns], values
    return deepseek.tensor(values), values


@pytest.mark.parametrize("a_layout", ["rows", "columns", "part"])
@pytest.mark.parametrize("b_layout", ["rows", "columns", "part"])
def test_layouts(a_layout, b_layout):
    rng = np.random.default_rng(1)
    for m, n, k in SIZES:
        (a, x), (b, y) = draw(rng, m, k, a_layout), draw(rng, k, n, b_layout)
        wanted = x.astype(np.float64) @ y
        assert np.abs((a @ b).numpy() - wanted).max() < 2e-5 * np.sqrt(k) * 4, (m, n, k)


@pytest.mark.parametrize("size", SIZES)
def test_bias_residual_and_relu_at_the_end(size):
    rng = np.random.default_rng(2)
    m, n, k = size
    (x, xn), (w, wn), (r, rn) = draw(rng, m, k, "rows"), draw(rng, n, k, "rows"), draw(rng, m, n, "rows")
    bias = rng.normal(size=n).astype(np.float32)
    wanted = np.maximum(xn.astype(np.float64) @ wn.T + bias + rn, 0)
    got = F.relu(F.linear(x, w, deepseek.tensor(bias)) + r).numpy()
    assert np.abs(got - wanted).max() < 1e-4 * np.sqrt(k)


def test_batches_and_special_values():
    rng = np.random.default_rng(3)
    a, b = rng.normal(size=(3, 2, 70, 90)).astype(np.float32), rng.normal(size=(2, 90, 65)).astype(np.float32)
    np.testing.assert_allclose((deepseek.tensor(a) @ deepseek.tensor(b)).numpy(), a.astype(np.float64) @ b, rtol=1e-4, atol=1e-4)
    x, w = np.ones((60, 300), np.float32), np.ones((300, 50), np.float32)
    x[7, 299], w[0, 3] = np.nan, np.inf
    got = (deepseek.tensor(x) @ deepseek.tensor(w)).numpy()
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(got, x @ w)


def test_same_bits_at_any_number_of_threads():
    rng = np.random.default_rng(4)
    a, b = (deepseek.tensor(rng.normal(size=s).astype(np.float32)) for s in ((500, 700), (700, 900)))
    before, results = deepseek.get_num_threads(), []
    try:
        for threads in (1, 2, 3, 4):
            deepseek.set_num_threads(threads)
            results.append((a @ b).numpy())
    finally:
        deepseek.set_num_threads(before)
    assert all((results[0] == r).all() for r in results[1:])
