"""Dropout of attention weights inside the tiled kernel: its law, and values and gradients given the same draws."""

import numpy as np
import pytest
import scipy.special
import scipy.stats

import deepseek
import deepseek.nn.functional as F

P = 0.3
THRESHOLD = round(P * 65536)
FACTOR = 65536 / (65536 - THRESHOLD)


def attend(q, k, v, seed=3, **more):
    deepseek.manual_seed(seed)
    return F.scaled_dot_product_attention(q, k, v, dropout_p=P, **more)


def factors(shape, seed=3):
    """What the weights of scores (n, h, l, s) are multiplied by: attention that looks everywhere alike, at a unit matrix."""
    n, h, rows, columns = shape
    zero = deepseek.zeros(n, h, rows, 4), deepseek.zeros(n, h, columns, 4)
    eye = deepseek.eye(columns).expand(n, h, columns, columns).contiguous()
    return attend(*zero, eye, seed=seed).numpy() * columns


def test_weights_are_dropped_with_their_probability():
    m = factors((2, 3, 200, 600))
    kept = m > 0.5
    np.testing.assert_allclose(m[kept], FACTOR, rtol=1e-5)
    assert not m[~kept].any()
    share = 1 - THRESHOLD / 65536
    assert abs(kept.mean() - share) < 5 * np.sqrt(share * (1 - share) / kept.size)
    # Neither rows, columns, heads nor neighbours agree more than chance has it.
    for a, b in ((kept[:, :, 1:], kept[:, :, :-1]), (kept[..., 1:], kept[..., :-1]), (kept[..., 8:], kept[..., :-8]), (kept[:, 0], kept[:, 1]), (kept[0], kept[1])):
        assert abs(np.corrcoef(a.ravel(), b.ravel())[0, 1]) < 6 / np.sqrt(a.size)
    assert scipy.stats.kstest(kept.sum(-1).ravel() + np.random.default_rng(1).uniform(-0.5, 0.5, 1200),
                              scipy.stats.norm(600 * share, np.sqrt(600 * share * (1 - share))).cdf).pvalue > 1e-4
    assert (factors((1, 1, 4, 40), seed=4) != factors((1, 1, 4, 40), seed=5)).any()


@pytest.mark.parametrize("masked", ["", "mask", "causal"])
def test_values_and_gradients_given_the_draws(masked):
    rng = np.random.default_rng(2)
    n, h, rows, columns, e = 2, 2, 130, 130 if masked == "causal" else 530, 8
    q, k, v, up = (rng.normal(size=(n, h, length, e)) for length in (rows, columns, columns, rows))
    mask = rng.normal(size=(rows, columns)) if masked == "mask" else np.where(np.tri(rows, columns, dtype=bool), 0, -np.inf) if masked else 0.0
    leaves = [deepseek.tensor(t.astype(np.float32)).requires_grad_() for t in (q, k, v)]
    more = {"mask": dict(attn_mask=deepseek.tensor(np.float32(mask))), "causal": dict(is_causal=True), "": {}}[masked]
    out = attend(*leaves, **more)
    (out * deepseek.tensor(up.astype(np.float32))).sum().backward()
    m = np.where(factors((n, h, rows, columns)) > 0.5, FACTOR, 0)
    scale = 1 / np.sqrt(e)
    p = scipy.special.softmax(q @ k.swapaxes(-1, -2) * scale + mask, -1)
    np.testing.assert_allclose(out.detach().numpy(), (p * m) @ v, rtol=1e-3, atol=1e-4)
    dp = (up @ v.swapaxes(-1, -2)) * m
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) * scale
    for leaf, wanted in zip(leaves, (ds @ k, ds.swapaxes(-1, -2) @ q, (p * m).swapaxes(-1, -2) @ up)):
        np.testing.assert_allclose(leaf.grad.numpy(), wanted, rtol=1e-3, atol=1e-4)


def test_second_derivative_given_the_draws():
    rng = np.random.default_rng(4)
    arrays = [rng.normal(size=(1, 1, 6, 4)).astype(np.float32) for _ in range(3)]
    directions = [rng.normal(size=(1, 1, 6, 4)).astype(np.float32) for _ in range(3)]

    def slopes(parts):
        leaves = [deepseek.tensor(a).requires_grad_() for a in parts]
        out = attend(*leaves)
        return leaves, deepseek.autograd.grad((out**2).sum(), leaves, create_graph=True)

    leaves, first = slopes(arrays)
    second = deepseek.autograd.grad(sum((g * deepseek.tensor(d)).sum() for g, d in zip(first, directions)), leaves)
    step = 1e-2
    for got, plus, minus in zip(second, *(slopes([a + s * d for a, d in zip(arrays, directions)])[1] for s in (step, -step))):
        wanted = (plus.detach().numpy() - minus.detach().numpy()) / (2 * step)
        np.testing.assert_allclose(got.detach().numpy(), wanted, rtol=2e-2, atol=2e-2)


def test_same_bits_at_any_number_of_threads():
    rng = np.random.default_rng(5)
    q, k, v = (deepseek.tensor(rng.normal(size=(2, 4, 200, 16)).astype(np.float32)) for _ in range(3))
    before, results = deepseek.get_num_threads(), []
    try:
        for threads in (1, 2, 4):
            deepseek.set_num_threads(threads)
            results.append(attend(q, k, v).numpy())
    finally:
        deepseek.set_num_threads(before)
    assert (results[0] == results[1]).all() and (results[0] == results[2]).all()


def test_extreme_probabilities():
    x = deepseek.randn(1, 1, 5, 4)
    assert not F.scaled_dot_product_attention(x, x, x, dropout_p=1.0).numpy().any()
    np.testing.assert_array_equal(F.scaled_dot_product_attention(x, x, x, dropout_p=1e-9).numpy(), F.scaled_dot_product_attention(x, x, x).numpy())
