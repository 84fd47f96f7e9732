"""Products and convolutions of one tap whose weights are kept packed between calls."""

import numpy as np
import pytest

import deepseek
from deepseek.nn import functional as F


def drawn(*shapes, seed=0):
    rng = np.random.default_rng(seed)
    return [rng.standard_normal(shape).astype(np.float32) for shape in shapes]


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=0, atol=3e-6 * np.abs(wanted).max())


def frozen(function):
    """Calls that pack, that find what is packed, and that have another number of threads: they give the same bits."""
    threads = deepseek.get_num_threads()
    with deepseek.no_grad():
        first = function().numpy()
        for count in (1, 2, 3):
            deepseek.set_num_threads(count)
            np.testing.assert_array_equal(first, function().numpy())
    deepseek.set_num_threads(threads)
    return first


# Rows and columns that do not fill tiles, depths of one and several blocks, rows a power of two apart.
SIZES = [(64, 100, 48), (100, 768, 24), (128, 257, 136), (200, 2048, 40), (256, 513, 8), (255, 512, 96)]


@pytest.mark.parametrize("m, k, n", SIZES)
@pytest.mark.parametrize("transposed", [True, False])
def test_a_product_with_kept_weights(m, k, n, transposed):
    a, w, bias, other = drawn((m, k), (k, n), (n,), (m, n))
    wanted = a.astype(np.float64) @ w + bias
    x, v, b, o = map(deepseek.tensor, (a, np.ascontiguousarray(w.T), bias, other))
    if not transposed:
        v = deepseek.tensor(w).T
    close(frozen(lambda: F.linear(x, v, b)), wanted)
    close(frozen(lambda: F.linear(x, v)), wanted - bias)
    close(frozen(lambda: deepseek.relu(F.linear(x, v, b))), np.maximum(wanted, 0))
    close(frozen(lambda: F.linear(x, v, b) + o), wanted + other)
    close(frozen(lambda: deepseek.relu(F.linear(x, v, b) + o)), np.maximum(wanted + other, 0))


CONVOLUTIONS = [(1, 16, 24, 7, 1), (1, 300, 40, 9, 2), (2, 512, 64, 5, 1), (1, 1024, 256, 14, 1), (9, 33, 8, 3, 2), (1, 5, 16, 1, 1)]


@pytest.mark.parametrize("batch, width_in, width, size, stride", CONVOLUTIONS)
def test_a_convolution_of_one_tap_and_what_follows_it(batch, width_in, width, size, stride):
    image, w, slope, shift = drawn((batch, width_in, size, size), (width, width_in, 1, 1), (1, width, 1, 1), (1, width, 1, 1))
    w /= np.sqrt(np.float32(width_in))
    plain = np.einsum("nchw,oc->nohw", image[:, :, ::stride, ::stride].astype(np.float64), w[:, :, 0, 0])
    (other,) = drawn(plain.shape, seed=1)
    x, v, a, b, o = map(deepseek.tensor, (image, w, slope, shift, other))

    def conv():
        return F.conv2d(x, v, None, stride)

    close(frozen(conv), plain)
    close(frozen(lambda: conv() * a + b), plain * slope + shift)
    close(frozen(lambda: F.relu6(conv() * a + b)), np.clip(plain * slope + shift, 0, 6))
    close(frozen(lambda: deepseek.relu(conv() * a + b + o)), np.maximum(plain * slope + shift + other, 0))


def test_weights_that_change_are_packed_again():
    a, w = drawn((96, 64), (48, 64))
    x, v = deepseek.tensor(a), deepseek.tensor(w)
    image = x.reshape(1, 96, 64).permute(0, 2, 1).reshape(1, 64, 96, 1)
    kernel = deepseek.tensor(w.reshape(48, 64, 1, 1))
    for factor in (1.0, -2.0, 0.5):
        with deepseek.no_grad():
            v.copy_(deepseek.tensor(w * np.float32(factor)))
            kernel.mul_(factor)
            close(F.linear(x, v).numpy(), a @ (w * factor).T)
    close(frozen(lambda: F.conv2d(image, kernel))[0, :, :, 0], -(w @ a.T))


def test_a_layer_that_learns_between_answers():
    deepseek.manual_seed(0)
    layer = deepseek.nn.Linear(32)
    (a,) = drawn((80, 16))
    x = deepseek.tensor(a)
    layer(x)
    optimizer = deepseek.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(3):
        with deepseek.no_grad():
            close(layer(x).numpy(), a @ layer.weight.detach().numpy().T + layer.bias.detach().numpy())
        layer(x).square().mean().backward()
        optimizer.step()
        optimizer.zero_grad()


def test_nan_passes_and_infinity_is_clipped():
    x = deepseek.tensor(np.array([[np.nan] * 16, [np.inf] * 16] + [[1.0] * 16] * 62, np.float32).T.reshape(1, 16, 64, 1))
    w = deepseek.ones(8, 16, 1, 1)
    with deepseek.no_grad():
        y = F.relu6(F.conv2d(x, w) * deepseek.ones(1, 8, 1, 1) + deepseek.zeros(1, 8, 1, 1)).numpy()
    assert np.isnan(y[0, :, 0]).all() and (y[0, :, 1:] == 6).all()
