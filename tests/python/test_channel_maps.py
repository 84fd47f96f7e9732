"""Convolutions that take in the batch norm behind them, relu6 and shortcuts: values against numpy, and that it happens."""


import numpy as np
import printed_plans
import pytest
import references

import deepseek
from deepseek.nn import functional as F


def numbers(rng, *shape):
    return rng.normal(size=shape).astype("float32")


CASES = {  # input, weight, options of the convolution
    "batch 1": ((1, 16, 14, 14), (64, 16, 3, 3), {"padding": 1}),
    "batch 1, rows": ((1, 24, 56, 56), (32, 24, 3, 3), {"padding": 1, "stride": 2}),
    "batch 1, channels": ((1, 256, 7, 7), (512, 256, 1, 1), {}),
    "batch 3": ((3, 256, 7, 7), (512, 256, 1, 1), {}),
    "batch 16": ((16, 8, 12, 12), (24, 8, 1, 1), {}),
    "depthwise": ((2, 32, 15, 13), (32, 1, 3, 3), {"padding": 1, "groups": 32, "stride": 2}),
    "depthwise rows": ((1, 96, 56, 56), (96, 1, 3, 3), {"padding": 1, "groups": 96}),
    "odd": ((2, 5, 9, 7), (7, 5, 3, 2), {"dilation": (1, 2)}),
    "volume": ((1, 8, 10, 12, 8), (16, 8, 3, 3, 3), {"padding": 1}),
}


@pytest.mark.parametrize("activation", ["none", "relu", "relu6"])
@pytest.mark.parametrize("residual", [False, True])
@pytest.mark.parametrize("case", CASES)
def test_values(case, residual, activation):
    shape, weight_shape, options = CASES[case]
    rng = np.random.default_rng(len(case))
    x, w = numbers(rng, *shape), numbers(rng, *weight_shape)
    c = weight_shape[0]
    mean, var, scale, shift = numbers(rng, c), rng.uniform(0.5, 2, c).astype("float32"), numbers(rng, c), numbers(rng, c)
    conv = F.conv3d if len(shape) == 5 else F.conv2d
    for bias in (None, numbers(rng, c)):
        with deepseek.no_grad():
            t = [deepseek.tensor(v) for v in (x, w, mean, var, scale, shift)]
            y = conv(t[0], t[1], None if bias is None else deepseek.tensor(bias), **options)
            y = F.batch_norm(y, *t[2:])
            other = numbers(rng, *y.shape)
            if residual:
                y = y + deepseek.tensor(other)
            y = {"none": lambda v: v, "relu": F.relu, "relu6": F.relu6}[activation](y).numpy()
        full = {"stride": 1, "padding": 0, "dilation": 1, "groups": 1} | options
        r = references.conv(*(v.astype("float64") for v in (x, w)), None if bias is None else bias.astype("float64"), **full)
        along = (1, -1, *[1] * (len(shape) - 2))
        r = (r - mean.reshape(along)) / np.sqrt(var.reshape(along) + 1e-5) * scale.reshape(along) + shift.reshape(along)
        r = r + other if residual else r
        r = np.clip(r, 0, {"none": np.inf, "relu": np.inf, "relu6": 6}[activation]) if activation != "none" else r
        np.testing.assert_allclose(y, r, rtol=1e-4, atol=1e-5 * np.sqrt(np.prod(weight_shape[1:])) * 4)


def test_what_others_read_stays():
    rng = np.random.default_rng(0)
    x, w, s, b = (deepseek.tensor(numbers(rng, *n)) for n in ((2, 3, 8, 8), (4, 3, 3, 3), (1, 4, 1, 1), (1, 4, 1, 1)))
    with deepseek.no_grad():
        raw = F.conv2d(x, w)
        scaled = raw * s
        both = scaled + b
        end = F.relu6(both)
        end.numpy()
        plain = F.conv2d(x, w).numpy()
    np.testing.assert_allclose(raw.numpy(), plain, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(scaled.numpy(), plain * s.numpy(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(both.numpy(), plain * s.numpy() + b.numpy(), rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(end.numpy(), np.clip(plain * s.numpy() + b.numpy(), 0, 6), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float16", "bfloat16"])
def test_other_types(dtype):
    rng = np.random.default_rng(0)
    kind = getattr(deepseek, dtype)
    x, w, m, v, s, b = (deepseek.tensor(np.abs(numbers(rng, *n))).to(kind) for n in ((2, 3, 8, 8), (4, 3, 3, 3), *[(4,)] * 4))
    with deepseek.no_grad():
        y = F.relu6(F.batch_norm(F.conv2d(x, w), m, v, s, b)).double().numpy()
        x, w, m, v, s, b = (t.double().numpy() for t in (x, w, m, v, s, b))
    along = (1, -1, 1, 1)
    r = (references.conv(x, w, None, 1, 0, 1, 1) - m.reshape(along)) / np.sqrt(v.reshape(along) + 1e-5) * s.reshape(along) + b.reshape(along)
    np.testing.assert_allclose(y, np.clip(r, 0, 6), atol={"float64": 1e-12, "float16": 0.04, "bfloat16": 0.3}[dtype])


def test_nan_stays_nan():
    x = deepseek.ones(1, 4, 6, 6) * float("nan")
    with deepseek.no_grad():
        y = F.relu6(F.batch_norm(F.conv2d(x, deepseek.ones(4, 4, 1, 1)), deepseek.zeros(4), deepseek.ones(4), deepseek.ones(4), deepseek.zeros(4)))
        plain = F.relu(F.conv2d(x, deepseek.ones(16, 4, 1, 1)))
    assert np.isnan(y.numpy()).all() and np.isnan(plain.numpy()).all()


def test_gradients_of_a_network_that_is_evaluated():
    rng = np.random.default_rng(0)
    x, w = deepseek.tensor(numbers(rng, 2, 3, 6, 6)), deepseek.nn.Parameter(deepseek.tensor(numbers(rng, 4, 3, 3, 3)))
    stats = [deepseek.tensor(v) for v in (numbers(rng, 4), rng.uniform(1, 2, 4).astype("float32"), numbers(rng, 4), numbers(rng, 4))]
    F.relu6(F.batch_norm(F.conv2d(x, w), *stats)).sum().backward()
    grad = w.grad.numpy()
    step = 1e-2
    with deepseek.no_grad():
        for at in ((0, 0, 0, 0), (3, 2, 1, 2), (1, 1, 2, 0)):
            ends = []
            for sign in (1, -1):
                moved = w.detach().double().numpy().copy()
                moved[at] += sign * step
                args = [t.double() for t in stats]
                ends.append(F.relu6(F.batch_norm(F.conv2d(x.double(), deepseek.tensor(moved)), *args)).sum().item())
            assert abs((ends[0] - ends[1]) / (2 * step) - grad[at]) < 0.05 * (1 + abs(grad[at]))


def test_the_plan_of_an_evaluated_network_has_one_step_for_each_convolution():
    program = ("import deepseek\nnet = deepseek.models.mobilenet_v2(10, 0.25).eval()\nx = deepseek.randn(1, 3, 32, 32)\n"
               "print('START', flush=True)\nwith deepseek.no_grad(): net(x).numpy()")
    plan = printed_plans.run(program).stderr.split("steps, arena")[-1]
    assert plan.count("\n  conv_affine") == 52 and plan.count("\n  conv ") == 0 and plan.count("hardtanh") + plan.count("relu6]") == 0
    assert plan.count("+add") == 11  # at this width the first block keeps its channels too
