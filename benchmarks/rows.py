"""Pointwise chains and row reductions over large arrays: memory-bound work."""

from __future__ import annotations

from benchmarks.cases import Case, case


def chain_of_12(x, y, lib):
    a = x * y + 0.5
    b = lib.tanh(a) * x
    c = lib.exp(-lib.abs(b))
    return (c + y) * (c - a) / (1.0 + c * c)


@case
class Chain(Case):
    name = "12-op chain on 16M floats"
    bars = {"torch": 4.0, "jax": 3.0}
    size = 16 << 20

    def deepseek(self):
        import deepseek as ds

        x, y = ds.randn(self.size).eval(), ds.randn(self.size).eval()

        def run():
            with ds.no_grad():
                return chain_of_12(x, y, ds).eval()

        return run

    def torch(self):
        import torch

        x, y = torch.randn(self.size), torch.randn(self.size)

        def run():
            with torch.no_grad():
                return chain_of_12(x, y, torch)

        return run

    def jax(self):
        import jax

        x, y = (jax.random.normal(jax.random.PRNGKey(i), (self.size,)) for i in (0, 1))
        f = jax.jit(lambda x, y: chain_of_12(x, y, jax.numpy))
        return lambda: f(x, y).block_until_ready()

    def numpy(self):
        import numpy as np

        x, y = (np.random.default_rng(i).standard_normal(self.size, np.float32) for i in (0, 1))
        return lambda: chain_of_12(x, y, np)


@case
class Softmax(Case):
    name = "softmax 4096x4096"
    bars = {"torch": 2.5, "jax": 2.5}

    def deepseek(self):
        import deepseek as ds

        x = ds.randn(4096, 4096).eval()

        def run():
            with ds.no_grad():
                return ds.softmax(x, -1).eval()

        return run

    def torch(self):
        import torch

        x = torch.randn(4096, 4096)

        def run():
            with torch.no_grad():
                return torch.softmax(x, -1)

        return run

    def jax(self):
        import jax

        x = jax.random.normal(jax.random.PRNGKey(0), (4096, 4096))
        f = jax.jit(lambda x: jax.nn.softmax(x, -1))
        return lambda: f(x).block_until_ready()

    def numpy(self):
        import numpy as np

        x = np.random.default_rng(0).standard_normal((4096, 4096), np.float32)

        def run():
            e = np.exp(x - x.max(-1, keepdims=True))
            return e / e.sum(-1, keepdims=True)

        return run


@case
class LayerNorm(Case):
    name = "layer norm 8192x1024, forward and backward"
    bars = {"torch": 2.5, "jax": 2.5}
    rows, width = 8192, 1024

    def deepseek(self):
        import deepseek as ds

        x = ds.randn(self.rows, self.width).eval().requires_grad_()
        g = ds.randn(self.rows, self.width).eval()
        w, b = ds.ones(self.width, requires_grad=True), ds.zeros(self.width, requires_grad=True)

        def run():
            y = ds.nn.functional.layer_norm(x, (self.width,), w, b)
            grads = ds.autograd.grad(y, [x, w, b], g)
            ds.eval(y, *grads)

        return run

    def torch(self):
        import torch

        x = torch.randn(self.rows, self.width, requires_grad=True)
        g = torch.randn(self.rows, self.width)
        w, b = torch.ones(self.width, requires_grad=True), torch.zeros(self.width, requires_grad=True)

        def run():
            y = torch.nn.functional.layer_norm(x, (self.width,), w, b)
            return torch.autograd.grad(y, [x, w, b], g)

        return run

    def jax(self):
        import jax
        import jax.numpy as jnp

        x, g = (jax.random.normal(jax.random.PRNGKey(i), (self.rows, self.width)) for i in (0, 1))
        w, b = jnp.ones(self.width), jnp.zeros(self.width)

        def norm(x, w, b):
            centred = x - x.mean(-1, keepdims=True)
            return centred * jax.lax.rsqrt((centred * centred).mean(-1, keepdims=True) + 1e-5) * w + b

        @jax.jit
        def f(x, w, b, g):
            y, pull = jax.vjp(norm, x, w, b)
            return y, pull(g)

        return lambda: jax.block_until_ready(f(x, w, b, g))
