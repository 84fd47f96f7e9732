"""Single operations of networks, forward and backward, with the peers that have the same interface and with jax."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.cases import Case, case

Run = Callable[[], Any]


class Shared(Case):
    """A case that deepseek and torch can write in the same words: `make` returns a function that returns its results."""

    def make(self, lib: Any) -> Run:
        raise NotImplementedError

    def deepseek(self) -> Run:
        import deepseek as ds

        run = self.make(ds)
        return lambda: ds.eval(*run())

    def torch(self) -> Run:
        import torch

        return self.make(torch)


def randn(lib: Any, *shape: int) -> Any:
    """In memory, as a user's data are: a lazy one would be made by the program that is timed."""
    x = lib.randn(*shape)
    return x.eval() if hasattr(x, "eval") else x


def leaf(lib: Any, *shape: int) -> Any:
    return randn(lib, *shape).requires_grad_()


def jax_arrays(*shapes: tuple[int, ...]) -> list[Any]:
    import jax

    return [jax.random.normal(jax.random.PRNGKey(i), shape) for i, shape in enumerate(shapes)]


def jax_run(function: Callable[..., Any], *arguments: Any) -> Run:
    import jax

    compiled = jax.jit(function)
    return lambda: jax.block_until_ready(compiled(*arguments))


class Attention(Shared):
    batch, steps, heads, width = 4, 512, 8, 64

    def scores(self, q: Any, k: Any, v: Any) -> Any:
        import jax
        import jax.numpy as jnp

        return jnp.matmul(jax.nn.softmax(jnp.matmul(q, jnp.swapaxes(k, -1, -2)) / self.width**0.5, -1), v)


@case
class AttentionForward(Attention):
    name = "attention B4 S512 E512, 8 heads, forward"
    bars = {"torch": 1.5}

    def make(self, lib: Any) -> Run:
        q, k, v = (randn(lib, self.batch, self.heads, self.steps, self.width) for _ in range(3))

        def run() -> Any:
            with lib.no_grad():
                return [lib.nn.functional.scaled_dot_product_attention(q, k, v)]

        return run

    def jax(self) -> Run:
        return jax_run(self.scores, *jax_arrays(*[(self.batch, self.heads, self.steps, self.width)] * 3))


@case
class AttentionBackward(Attention):
    name = "attention B4 S512 E512, 8 heads, forward and backward"
    bars = {"torch": 1.5}

    def make(self, lib: Any) -> Run:
        shape = (self.batch, self.heads, self.steps, self.width)
        q, k, v, up = leaf(lib, *shape), leaf(lib, *shape), leaf(lib, *shape), randn(lib, *shape)

        def run() -> Any:
            y = lib.nn.functional.scaled_dot_product_attention(q, k, v)
            return [y, *lib.autograd.grad(y, [q, k, v], up)]

        return run

    def jax(self) -> Run:
        import jax

        def both(q: Any, k: Any, v: Any, up: Any) -> Any:
            y, pull = jax.vjp(self.scores, q, k, v)
            return y, pull(up)

        return jax_run(both, *jax_arrays(*[(self.batch, self.heads, self.steps, self.width)] * 4))


@case
class BatchNormRelu(Shared):
    name = "batch norm and relu 16x64x112x112, training, forward and backward"
    bars = {"torch": 1.2}

    def make(self, lib: Any) -> Run:
        x, up = leaf(lib, 16, 64, 112, 112), randn(lib, 16, 64, 112, 112)
        w, b = leaf(lib, 64), leaf(lib, 64)

        def run() -> Any:
            y = lib.relu(lib.nn.functional.batch_norm(x, None, None, w, b, True))
            return [y, *lib.autograd.grad(y, [x, w, b], up)]

        return run


@case
class Gelu(Shared):
    name = "GELU 4096x3072, forward and backward"
    bars = {"torch": 1.2, "jax": 1.2}

    def make(self, lib: Any) -> Run:
        x, up = leaf(lib, 4096, 3072), randn(lib, 4096, 3072)

        def run() -> Any:
            y = lib.nn.functional.gelu(x)
            return [y, *lib.autograd.grad(y, [x], up)]

        return run

    def jax(self) -> Run:
        import jax

        def both(x: Any, up: Any) -> Any:
            y, pull = jax.vjp(lambda x: jax.nn.gelu(x, approximate=False), x)
            return y, pull(up)

        return jax_run(both, *jax_arrays((4096, 3072), (4096, 3072)))


@case
class CrossEntropy(Shared):
    name = "cross-entropy 2048x16384, forward and backward"
    bars = {"torch": 1.2, "jax": 1.2}

    def make(self, lib: Any) -> Run:
        x, labels = leaf(lib, 2048, 16384), lib.arange(2048) * 7

        def run() -> Any:
            loss = lib.nn.functional.cross_entropy(x, labels)
            return [loss, *lib.autograd.grad(loss, [x])]

        return run

    def jax(self) -> Run:
        import jax
        import jax.numpy as jnp

        labels = jnp.arange(2048) * 7

        def loss(x: Any) -> Any:
            return -jnp.take_along_axis(jax.nn.log_softmax(x, -1), labels[:, None], 1).mean()

        return jax_run(jax.value_and_grad(loss), *jax_arrays((2048, 16384)))


class Unary(Shared):
    """One function of a 4096x4096 matrix, which numpy-like libraries write alike."""

    bars = {"torch": 1.2, "jax": 1.2}

    def of(self, x: Any) -> Any:
        raise NotImplementedError

    def make(self, lib: Any) -> Run:
        x = randn(lib, 4096, 4096)

        def run() -> Any:
            with lib.no_grad():
                return [self.of(x)]

        return run

    def jax(self) -> Run:
        return jax_run(self.of, *jax_arrays((4096, 4096)))


@case
class SumOfColumns(Unary):
    name = "sum 4096x4096 over dim 0"

    def of(self, x: Any) -> Any:
        return x.sum(0)


@case
class SumOfRows(Unary):
    name = "sum 4096x4096 over dim 1"

    def of(self, x: Any) -> Any:
        return x.sum(1)


@case
class SumOfAll(Unary):
    name = "sum 4096x4096 over both dims"

    def of(self, x: Any) -> Any:
        return x.sum()


@case
class TransposeCopy(Unary):
    name = "transpose copy 4096x4096"

    def of(self, x: Any) -> Any:
        return x.T.copy() if hasattr(x, "at") else x.T.contiguous()  # jax arrays have `at`


@case
class Embedding(Shared):
    name = "embedding, 16k rows of 512 from 32k"
    bars = {"torch": 1.2, "jax": 1.2}

    def make(self, lib: Any) -> Run:
        weight, rows = randn(lib, 32768, 512), (lib.arange(16384) * 7919) % 32768

        def run() -> Any:
            with lib.no_grad():
                return [lib.nn.functional.embedding(rows, weight)]

        return run

    def jax(self) -> Run:
        import jax.numpy as jnp

        rows = (jnp.arange(16384) * 7919) % 32768
        return jax_run(lambda weight: weight[rows], *jax_arrays((32768, 512)))
