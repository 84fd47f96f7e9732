"""Autograd from Python: backward, grad, hooks, functions with their own backward; finite differences and hand results judge."""

import gc
import threading
import weakref

import numpy as np
import pytest

import deepseek as ds
from deepseek import autograd


def leaf(*values: float) -> ds.Tensor:
    return ds.tensor(values, dtype=ds.float64, requires_grad=True)


def test_backward_accumulates_and_is_reset():
    x = leaf(1, 2, 3)
    (x * x).sum().backward()
    assert x.grad.tolist() == [2, 4, 6]
    (x * 3).sum().backward()
    assert x.grad.tolist() == [5, 7, 9]
    x.grad = None
    assert x.grad is None
    (x * ds.tensor([1.0, 0, 2], dtype=ds.float64)).backward(ds.ones(3, dtype=ds.float64))
    assert x.grad.tolist() == [1, 0, 2]
    with pytest.raises(ValueError, match="shape"):
        x.grad = ds.zeros(2)


def test_grad_matches_finite_differences():
    def f(x):
        return (x.exp() * x.sin() / (1 + x * x)).sum()

    x = leaf(0.3, -1.2, 2.0)
    (g,) = autograd.grad(f(x), x)
    h, base = 1e-6, np.array(x.tolist())
    for i in range(3):
        up, down = base.copy(), base.copy()
        up[i] += h
        down[i] -= h
        expected = (f(ds.tensor(up)).item() - f(ds.tensor(down)).item()) / (2 * h)
        assert abs(g[i].item() - expected) < 1e-8
    assert x.grad is None


def test_second_derivatives_and_unused_inputs():
    x, unused = leaf(2.0), leaf(1.0)
    (g,) = autograd.grad((x**4).sum(), x, create_graph=True)
    (gg,) = autograd.grad(g.sum(), x)
    assert (g.item(), gg.item()) == (32, 48)
    with pytest.raises(RuntimeError):
        autograd.grad((x * 2).sum(), [x, unused])
    a, b = autograd.grad((x * 2).sum(), [x, unused], allow_unused=True)
    assert a.item() == 2 and b is None
    a, b = autograd.grad((x * 2).sum(), [x, unused], materialize_grads=True)
    assert b.tolist() == [0]


def test_several_outputs_and_inputs_of_backward():
    x, y = leaf(1.0), leaf(2.0)
    autograd.backward([x * 2, y * x], [ds.tensor([1.0], dtype=ds.float64), None])
    assert x.grad.item() == 4 and y.grad.item() == 1
    x.grad = y.grad = None
    autograd.backward((x * y).sum(), inputs=[x])
    assert x.grad.item() == 2 and y.grad is None


def test_hooks_replace_and_are_removed():
    x = leaf(1.0, 2.0)
    seen = []
    first = x.register_hook(lambda g: seen.append(g.tolist()))
    second = x.register_hook(lambda g: g * 10)
    (x * 3).sum().backward()
    assert seen == [[3, 3]] and x.grad.tolist() == [30, 30]
    second.remove()
    second.remove()
    first.remove()
    x.grad = None
    (x * 3).sum().backward()
    assert seen == [[3, 3]] and x.grad.tolist() == [3, 3]


def test_hook_errors_reach_the_user():
    x = leaf(1.0)

    def broken(g):
        raise KeyError("mine")

    handle = x.register_hook(broken)
    with pytest.raises(KeyError, match="mine"):
        (x * 3).sum().backward()
    handle.remove()
    x.register_hook(lambda g: "text")
    with pytest.raises(TypeError, match="hook"):
        (x * 3).sum().backward()
    with pytest.raises(TypeError, match="callable"):
        x.register_hook(3)


def test_retain_grad_and_leaves():
    x = leaf(3.0)
    y = x * 2
    y.retain_grad()
    (y * y).sum().backward()
    assert y.grad.item() == 12 and x.grad.item() == 24
    assert x.is_leaf and not y.is_leaf and x.grad_fn is None and "Mul" in repr(y.grad_fn)
    assert not y.detach().requires_grad and y.data.is_leaf


class Cube(autograd.Function):
    @staticmethod
    def forward(ctx, x, scale=1.0):
        ctx.save_for_backward(x)
        ctx.scale = scale
        assert not ds.is_grad_enabled()
        return x * x * x * scale

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        assert ctx.needs_input_grad == (True, False)
        return g * 3 * x * x * ctx.scale, None


def test_function_with_its_own_backward():
    x = leaf(1.0, 2.0)
    y = Cube.apply(x, 2.0)
    assert y.tolist() == [2, 16] and y.requires_grad
    y.sum().backward()
    assert x.grad.tolist() == [6, 24]
    (g,) = autograd.grad(Cube.apply(x, 1.0).sum(), x, create_graph=True)
    (gg,) = autograd.grad(g.sum(), x)
    assert gg.tolist() == [6, 12]
    with ds.no_grad():
        assert not Cube.apply(x, 1.0).requires_grad


def test_function_of_several_tensors():
    class Split(autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            ctx.save_for_backward(a, b)
            return a + b, a * b

        @staticmethod
        def backward(ctx, g_sum, g_product):
            a, b = ctx.saved_tensors
            return g_sum + g_product * b, g_sum + g_product * a

    a, b = leaf(2.0), leaf(5.0)
    s, p = Split.apply(a, b)
    (s + 10 * p).sum().backward()
    assert a.grad.item() == 51 and b.grad.item() == 21


def test_function_mistakes_are_named():
    class Short(autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a + b

        @staticmethod
        def backward(ctx, g):
            return g

    class Text(autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return "text"

    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="Short: backward must return one gradient for each of the 2"):
        Short.apply(x, x).sum().backward()
    with pytest.raises(TypeError, match="Text: forward must return tensors"):
        Text.apply(x)

    class Saves(autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * 2

        @staticmethod
        def backward(ctx, g):
            return g * ctx.saved_tensors[0]

    y = x * 1
    z = Saves.apply(y)
    y += 1
    with pytest.raises(RuntimeError, match="written in place"):
        z.sum().backward()


def test_a_graph_with_python_parts_is_freed():
    class Identity(autograd.Function):
        @staticmethod
        def forward(ctx, a):
            return a * 1

        @staticmethod
        def backward(ctx, g):
            return g

    class Marker:
        pass

    marker = Marker()
    gone = weakref.ref(marker)
    x = leaf(1.0)
    h = x * 1
    h.register_hook(lambda g, keep=marker: None)
    y = Identity.apply(h).sum()
    y.backward()
    del marker, h, y
    gc.collect()
    assert gone() is None


def test_in_place_rules():
    x = leaf(1.0)
    with pytest.raises(RuntimeError, match="leaf"):
        x += 1
    with ds.no_grad():
        x += 1
    assert x.tolist() == [2] and x.requires_grad
    y = x * 1
    y *= 3
    y.sum().backward()
    assert x.grad.tolist() == [3]


def test_anomaly_mode_names_the_op():
    with autograd.detect_anomaly():
        assert autograd.is_anomaly_enabled()
        with pytest.raises(ds.Error, match="(?s)log.*test_autograd.py"):
            ds.log(ds.tensor([-1.0])).item()
    assert not autograd.is_anomaly_enabled()


def test_backward_in_several_threads():
    results = {}

    def work(k):
        x = leaf(float(k), 2.0)
        for _ in range(20):
            x.grad = None
            Cube.apply(x * 1, 1.0).sum().backward()
        results[k] = x.grad.tolist()

    threads = [threading.Thread(target=work, args=(k,)) for k in range(5)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert results == {k: [3.0 * k * k, 12.0] for k in range(5)}
