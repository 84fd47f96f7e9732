"""Mixed precision: values against numpy with rounding to 16 bits, gradients, scopes, memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import printed_plans
import pytest

import deepseek as ds
import deepseek.nn.functional as F
from deepseek import _C, amp, nn

BF16, F16, F32 = ds.bfloat16, ds.float16, ds.float32
rng = np.random.default_rng(0)


def normal(*shape: int) -> ds.Tensor:
    return ds.from_numpy(rng.standard_normal(shape).astype(np.float32))


def rounded(a: Any, dtype: Any = BF16) -> np.ndarray:
    """float64 values as the 16-bit type holds them: round to nearest even."""
    a = np.asarray(a, np.float32)
    if dtype is F16:
        return a.astype(np.float16).astype(np.float64)
    bits = a.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000).astype(np.uint32).view(np.float32).astype(np.float64)


def value(t: ds.Tensor) -> np.ndarray:
    return t.detach().float().numpy().astype(np.float64)


x, w = normal(4, 8), normal(8, 8)


def close(got: ds.Tensor, want: np.ndarray, tolerance: float) -> None:
    assert tuple(got.shape) == want.shape
    assert np.abs(value(got) - want).max() <= tolerance * max(1e-3, np.abs(want).max())


@pytest.mark.parametrize("dtype, digits", [(BF16, 2.0**-8), (F16, 2.0**-11)])
@pytest.mark.parametrize("m, n, k", [(1, 1, 1), (3, 5, 7), (1, 700, 300), (700, 1, 300), (65, 130, 33), (300, 600, 1100), (16, 64, 0)])
def test_products_are_rounded_once(dtype: Any, digits: float, m: int, n: int, k: int) -> None:
    a, b, c = normal(m, k), normal(n, k), normal(n)
    with amp.autocast(dtype=dtype):
        got = F.linear(a, b, c)
    exact = rounded(a.numpy(), dtype) @ rounded(b.numpy(), dtype).T + rounded(c.numpy(), dtype)
    assert got.dtype is dtype
    scale = np.abs(rounded(a.numpy(), dtype)) @ np.abs(rounded(b.numpy(), dtype)).T + 1
    assert (np.abs(value(got) - exact) <= digits * np.abs(exact) + 4e-7 * scale).all()


@pytest.mark.parametrize("layout", ["nn", "nt", "tn", "tt", "sliced"])
def test_products_of_every_layout(layout: str) -> None:
    a, b = normal(70, 50).to(BF16), normal(50, 90).to(BF16)
    want = value(a) @ value(b)
    if layout == "sliced":
        a, b = ds.cat([a, a], 1)[:, :50], ds.cat([b, b], 1)[:, :90]
    if layout[0] == "t":
        a = a.T.contiguous().eval().T
    if layout[1] == "t":
        b = b.T.contiguous().eval().T
    close(a @ b, want, 2.0**-8)
    close(ds.relu(a @ b + 1), np.maximum(rounded(rounded(want) + 1), 0), 2.0**-7)


@pytest.mark.parametrize("dtype, digits", [(BF16, 2.0**-8), (F16, 2.0**-11)])
@pytest.mark.parametrize("groups, stride, padding", [(1, 1, 0), (1, 2, 1), (4, 1, 1)])
def test_convolutions_are_rounded_once(dtype: Any, digits: float, groups: int, stride: int, padding: int) -> None:
    a, b, c = normal(3, 8, 11, 10), normal(12, 8 // groups, 3, 3), normal(12)
    with amp.autocast(dtype=dtype):
        got = F.conv2d(a, b, c, stride, padding, groups=groups)
    low = [ds.from_numpy(rounded(t.numpy(), dtype)) for t in (a, b, c)]
    want = F.conv2d(*low, stride, padding, groups=groups).numpy()
    assert np.abs(value(got) - want).max() <= digits * np.abs(want).max() + 1e-5


def loss_and_gradients(network: Callable[[], ds.Tensor], parameters: list[ds.Tensor]) -> tuple[float, list[np.ndarray]]:
    for p in parameters:
        p.grad = None
    loss = network()
    loss.backward()
    for p in parameters:
        assert p.grad is not None and p.grad.dtype is p.dtype
    return loss.item(), [value(p.grad) for p in parameters if p.grad is not None]


def test_a_dense_network_follows_its_formula() -> None:
    """Forward and backward of two layers, every rounding to bfloat16 where autocast has one."""
    a, w1, b1, w2 = (normal(*s) for s in ((6, 10), (12, 10), (12,), (5, 12)))
    target = np.array([0, 4, 1, 2, 3, 1])
    parameters = [t.detach().requires_grad_() for t in (w1, b1, w2)]
    with amp.autocast():
        hidden = F.relu(F.linear(a, parameters[0], parameters[1]))
        scores = F.linear(hidden, parameters[2])
        loss = F.cross_entropy(scores, ds.from_numpy(target))
    assert (hidden.dtype, scores.dtype, loss.dtype) == (BF16, BF16, F32)
    loss.backward()

    ra, rw1, rb1, rw2 = (rounded(t.numpy()) for t in (a, w1, b1, w2))
    h = rounded(np.maximum(ra @ rw1.T + rb1, 0))
    s = rounded(h @ rw2.T)
    p = np.exp(s - s.max(1, keepdims=True))
    p /= p.sum(1, keepdims=True)
    close(loss, -np.log(p[np.arange(6), target]).mean(), 1e-5)
    up = rounded((p - np.eye(5)[target]) / 6)
    g2, gh = rounded(up.T @ h), rounded(up @ rw2) * (h > 0)
    g1, gb = rounded(gh.T @ ra), rounded(gh.sum(0))
    for parameter, want in zip(parameters, (g1, gb, g2)):
        assert parameter.grad is not None and parameter.grad.dtype is F32
        close(parameter.grad, want, 2.0**-7)


NETWORKS: dict[str, Callable[[], tuple[nn.Module, ds.Tensor]]] = {
    "convolutions": lambda: (nn.Sequential(nn.Conv2d(8, 3, padding=1), nn.BatchNorm2d(), nn.SiLU(), nn.AvgPool2d(2), nn.Conv2d(8, 3), nn.Flatten(),
                                           nn.Linear(5)), normal(8, 3, 9, 9)),
    "transformer": lambda: (nn.Sequential(nn.TransformerEncoderLayer(16, 4, 32, dropout=0.0, batch_first=True), nn.Flatten(), nn.Linear(5)), normal(8, 6, 16)),
    "embedding": lambda: (nn.Sequential(nn.Embedding(20, 16), nn.LayerNorm(16), nn.Flatten(), nn.Linear(24), nn.GELU(), nn.Linear(5)),
                          ds.from_numpy(rng.integers(0, 20, (8, 6)))),
}


@pytest.mark.parametrize("name", list(NETWORKS))
@pytest.mark.parametrize("dtype, tolerance", [(BF16, 0.08), (F16, 0.01)])
def test_gradients_of_networks_are_those_of_float32_but_for_rounding(name: str, dtype: Any, tolerance: float) -> None:
    ds.utils.set_seed(1)
    model, inputs = NETWORKS[name]()
    model(inputs)
    target = ds.tensor([0, 1, 2, 3, 4, 0, 1, 2])
    parameters = list(model.parameters())

    def mixed() -> ds.Tensor:
        with amp.autocast(dtype=dtype):
            return F.cross_entropy(model(inputs), target)

    want_loss, want = loss_and_gradients(lambda: F.cross_entropy(model(inputs), target), parameters)
    got_loss, got = loss_and_gradients(mixed, parameters)
    assert abs(got_loss - want_loss) < tolerance
    for g, w in zip(got, want):
        assert np.linalg.norm(g - w) <= tolerance * max(np.linalg.norm(w), 0.05)


def test_autograd_grad_and_second_derivatives() -> None:
    a = normal(4, 8).requires_grad_()
    p = w.detach().requires_grad_()
    with amp.autocast():
        y = (a @ p).float().sin().sum()
    (ga,) = ds.autograd.grad(y, a, create_graph=True)
    assert ga.dtype is F32
    (gp,) = ds.autograd.grad(ga.square().sum(), p)
    reference = [t.detach().requires_grad_() for t in (a, p)]
    (fa,) = ds.autograd.grad((reference[0] @ reference[1]).sin().sum(), reference[0], create_graph=True)
    (fp,) = ds.autograd.grad(fa.square().sum(), reference[1])
    close(ga, value(fa), 0.05)
    close(gp, value(fp), 0.08)


def test_symbolic_inputs_and_functional_models() -> None:
    inputs = ds.Input((8,))
    hidden = nn.Linear(16)(inputs)
    model = nn.Model(inputs, F.relu(hidden) + nn.Linear(16)(inputs))
    with amp.autocast():
        assert model(x).dtype is BF16
    assert model(x).dtype is F32
    with amp.autocast():
        scores = nn.Linear(4)(ds.Input((8,)))
        assert scores.dtype is BF16


def test_scopes_nest_and_are_restored() -> None:
    def product() -> Any:
        return (x @ w).dtype

    assert product() is F32
    with amp.autocast(dtype=F16):
        with amp.autocast(enabled=False):
            assert product() is F32
            with amp.autocast():
                assert product() is BF16
        assert product() is F16 and amp.is_autocast_enabled() and amp.get_autocast_dtype() is F16
        with pytest.raises(ZeroDivisionError):
            with amp.autocast():
                raise ZeroDivisionError
        assert product() is F16
        seen: list[Any] = []
        thread = threading.Thread(target=lambda: seen.append(product()))
        thread.start()
        thread.join()
        assert seen == [F32]
    assert product() is F32 and not amp.is_autocast_enabled()


def test_decorators_with_and_without_arguments() -> None:
    @amp.autocast
    def bare() -> Any:
        return (x @ w).dtype

    @amp.autocast()
    def called() -> Any:
        return (x @ w).dtype

    @amp.autocast(dtype=F16)
    def half() -> Any:
        return (x @ w).dtype

    @amp.autocast("cpu", BF16, False)
    def off() -> Any:
        return (x @ w).dtype

    @amp.autocast()
    def items() -> Iterator[Any]:
        yield (x @ w).dtype
        yield (x @ w).dtype

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = nn.Linear(3)

        @amp.autocast()
        def forward(self, t: ds.Tensor) -> ds.Tensor:
            return self.layer(t)

    assert (bare(), called(), half(), off(), Net()(x).dtype) == (BF16, BF16, F16, F32, BF16)
    outside = [((x @ w).dtype, inside) for inside in items()]
    assert outside == [(F32, BF16)] * 2


def test_a_parameter_changed_inside_a_scope_is_seen() -> None:
    layer = nn.Linear(4, bias=False)
    layer(x)
    with amp.autocast():
        before = value(layer(x))
        with ds.no_grad():
            layer.weight.mul_(2)
        close(layer(x), 2 * before, 1e-6)


def test_the_memory_of_casts_ends_with_the_scope() -> None:
    layer = nn.Linear(512, bias=False)
    data = normal(4, 512)
    with ds.no_grad():
        layer(data).eval()
        before = _C.memory_stats()["in_use"]
        with amp.autocast():
            y = layer(data).eval()
            assert _C.memory_stats()["in_use"] >= before + 2 * 512 * 512  # kept for the next use
            assert y.dtype is BF16
        del y
    assert _C.memory_stats()["in_use"] <= before + 4096


def test_activations_are_kept_in_sixteen_bits() -> None:
    layers = nn.Sequential(*[nn.Sequential(nn.Linear(256), nn.GELU()) for _ in range(4)])
    data = normal(1024, 256)
    layers(data)

    def kept(scope: Any) -> int:
        before = _C.memory_stats()["in_use"]
        with scope:
            loss = layers(data).float().mean()
        loss.eval()
        return _C.memory_stats()["in_use"] - before

    assert kept(amp.autocast()) < 0.75 * kept(amp.autocast(enabled=False))


def test_casts_cost_no_pass_of_their_own() -> None:
    """What a program computes is converted inside it, also where a view stands between it and the conversion."""
    program = """
import deepseek as ds
from deepseek import nn
model = nn.Sequential(nn.Linear(64), nn.LayerNorm(64), nn.Linear(64))
head, x = nn.Linear(10), ds.randn(8, 16, 64).eval()
def loss():
    h = model(x)
    return head((x + h).flatten(1)).float().mean()
loss().eval()
print("=====", flush=True)
with ds.autocast():
    total = loss()
total.backward()
ds.optim.SGD([*model.parameters(), *head.parameters()], lr=0.1).step()
"""
    done = printed_plans.run(program)
    steps = (done.stdout + done.stderr).split("=====")[-1].splitlines()
    assert any("matmul" in step for step in steps)
    assert not [step for step in steps if step.strip().startswith("fused[to] ( arena")]


def test_functions_with_their_own_backward() -> None:
    class Product(ds.autograd.Function):
        @staticmethod
        @amp.custom_fwd(device_type="cpu")
        def forward(ctx: Any, a: ds.Tensor, b: ds.Tensor) -> ds.Tensor:
            ctx.save_for_backward(a, b)
            return a @ b

        @staticmethod
        @amp.custom_bwd(device_type="cpu")
        def backward(ctx: Any, up: ds.Tensor) -> tuple[ds.Tensor, ds.Tensor]:
            a, b = ctx.saved_tensors
            seen.append((up @ b.T).dtype)
            return up @ b.T, a.T @ up

    seen: list[Any] = []
    p = w.detach().requires_grad_()
    with amp.autocast():
        y = Product.apply(x, p)
    assert y.dtype is BF16
    y.float().sum().backward()
    assert seen == [BF16] and p.grad is not None and p.grad.dtype is F32


@pytest.mark.parametrize("make, words", [
    (lambda: amp.autocast(dtype=F32), "autocast: dtype must be bfloat16 or float16, but it is float32"),
    (lambda: amp.autocast(True), "device_type must be a string"),
    (lambda: amp.autocast("cuda"), "device_type must be 'cpu', but it is 'cuda'"),
])
def test_mistakes_are_named(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ds.Error, match=words):
        make()


def test_mixed_types_are_refused_outside() -> None:
    with pytest.raises(ds.Error, match="matmul: input is bfloat16 and other is float32"):
        x.to(BF16) @ w
    with amp.autocast(), pytest.raises(ds.Error, match="input is float64 and other is float32"):
        x.double() @ w


def test_what_the_hardware_can_is_a_bool() -> None:
    info = Path("/proc/cpuinfo")
    flags = info.read_text() if info.exists() else ""
    assert isinstance(amp.is_bf16_supported(), bool) and isinstance(amp.is_fp16_supported(), bool)
    if flags and "avx512_bf16" not in flags:
        assert not amp.is_bf16_supported()
    if flags and "avx512_fp16" not in flags:
        assert not amp.is_fp16_supported()
