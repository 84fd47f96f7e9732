"""Memory: what a step takes, what it would take, and steps within a budget."""

from __future__ import annotations

import numpy as np
import pytest

import deepseek as ds
from deepseek import nn

F = nn.functional


def convolutions(batch: int = 16):
    """A network of convolutions, batch norm, dropout and linear layers, with everything a step needs."""
    ds.manual_seed(7)
    layers = []
    for width in [16] * 16:
        layers += [nn.Conv2d(width, 3, padding=1, bias=False), nn.BatchNorm2d(), nn.ReLU(), nn.Dropout(0.1)]
    model = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(10))
    x, y = ds.randn(batch, 3, 48, 48).eval(), ds.randint(0, 10, (batch,)).eval()
    with ds.no_grad():
        model(x[:2]).eval()
    optimizer = ds.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)

    def step():
        loss = F.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss

    return model, optimizer, step


def peak_of(step) -> int:
    ds.memory.reset_peak()
    before = ds.memory.stats()["in_use"]
    step().item()
    return ds.memory.peak() - before


def arrays(model) -> list[np.ndarray]:
    return [v.numpy().copy() for v in model.state_dict().values()]


def same(a, b) -> bool:
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_prediction_is_what_the_step_takes():
    model, _, step = convolutions()
    step().item()  # drops the weights that inference packed
    predicted = ds.memory.predict(step)
    before = ds.memory.stats()["in_use"]
    for _ in range(2):
        step().item()
    ds.memory.reset_peak()
    step().item()
    assert predicted.peak == pytest.approx(ds.memory.peak() - before, rel=0.02)
    assert predicted.kept == pytest.approx(ds.memory.stats()["in_use"] - before, abs=1 << 15)
    assert sum(h.bytes for h in predicted.holdings) == pytest.approx(predicted.arena, rel=0.1)
    assert any(h.layer.endswith("0") and h.what.startswith("conv") for h in predicted.holdings)
    assert "MB" in predicted.report()


def test_prediction_changes_nothing():
    model, optimizer, step = convolutions()
    step().item()
    values, state, random = arrays(model), optimizer.state_dict(), ds.get_rng_state()
    momentum = [s["momentum_buffer"].numpy().copy() for s in state["state"].values()]
    ds.memory.predict(step)
    assert same(values, arrays(model))
    after = optimizer.state_dict()["state"]
    assert same(momentum, [s["momentum_buffer"].numpy() for s in after.values()])
    assert np.array_equal(random.numpy(), ds.get_rng_state().numpy())
    assert all(p.grad is None for p in model.parameters())
    # And the next step is the one that would have come anyway.
    step().item()
    other, _, other_step = convolutions()
    other_step().item(), other_step().item()
    assert same(arrays(model), arrays(other))


def test_prediction_before_the_first_step_leaves_no_optimiser_state():
    model, optimizer, step = convolutions()
    ds.memory.predict(step)
    assert not optimizer.state_dict()["state"]
    step().item()
    other, _, other_step = convolutions()
    other_step().item()
    assert same(arrays(model), arrays(other))


def test_prediction_computes_what_was_pending():
    x = ds.arange(6).float() * 2
    w = ds.ones(6, requires_grad=True)
    assert ds.memory.predict(lambda: (w * x).sum().backward()).peak >= 0
    assert x.tolist() == [0, 2, 4, 6, 8, 10]
    assert w.grad is None and w.tolist() == [1] * 6


def test_prediction_builds_layers_for_good():
    model = nn.Sequential(nn.Linear(8), nn.ReLU(), nn.Linear(2))
    x = ds.ones(4, 3)
    ds.memory.predict(lambda: model(x).sum().backward())
    values = [p.detach().numpy() for p in model.parameters()]
    assert [v.shape for v in values] == [(8, 3), (8,), (2, 8), (2,)]
    assert np.abs(values[0]).max() <= 3**-0.5 and np.abs(values[0]).min() > 0
    assert np.allclose(model(x).detach().numpy()[0], np.maximum(values[0].sum(1) + values[1], 0) @ values[2].T + values[3], atol=1e-6)


def test_prediction_gives_back_after_an_error():
    model, _, step = convolutions()
    values = arrays(model)

    def broken():
        step()
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        ds.memory.predict(broken)
    assert same(values, arrays(model))
    assert ds.memory.predict(step).peak > 0


def test_activations_are_computed_again_rather_than_kept():
    width, batch, count = 512, 2048, 8
    layers = [m for _ in range(count) for m in (nn.Linear(width), nn.LayerNorm(width), nn.GELU())]
    model = nn.Sequential(*layers)
    x = ds.randn(batch, width).eval()
    model(x[:1]).eval()
    gradients = lambda: [p.grad for p in model.parameters()]  # noqa: E731

    def step():
        for p in model.parameters():
            p.grad = None
        loss = model(x).square().sum()
        loss.backward()
        ds.eval(loss, *gradients())
        return loss

    step()
    for p in model.parameters():
        p.grad = None
    one = batch * width * 4
    weights = sum(p.numel() for p in model.parameters()) * 4
    # One value a layer (what the norm reads) and a few that are being worked on, not three a layer.
    assert peak_of(step) < (count + 5) * one + 2 * weights


def test_gradients_die_at_their_update():
    layers = [nn.Linear(1024, in_features=1024) for _ in range(8)]
    model = nn.Sequential(*layers)
    x = ds.randn(4, 1024).eval()
    optimizer = ds.optim.SGD(model.parameters(), lr=1e-3)

    def step(let_go: bool):
        optimizer.zero_grad()
        loss = model(x).square().mean()
        loss.backward()
        optimizer.step()
        if let_go:
            optimizer.zero_grad()
        return loss

    step(True).item()
    all_gradients = 8 * 1024 * 1024 * 4
    assert peak_of(lambda: step(True)) < all_gradients / 3
    assert peak_of(lambda: step(False)) > all_gradients * 0.9


def test_gradients_can_be_read_after_the_step():
    w = ds.tensor([1.0, 2.0], requires_grad=True)
    optimizer = ds.optim.SGD([w], lr=0.5)
    (w * w).sum().backward()
    optimizer.step()
    assert w.grad.tolist() == [2, 4]
    assert w.tolist() == [0, 0]
    optimizer.step()
    optimizer.step()
    assert w.tolist() == [-2, -4]


@pytest.mark.parametrize("share", [0.9, 0.75, 0.6])
def test_budget_is_kept_with_equal_bits(share):
    model, _, step = convolutions(32)
    for _ in range(3):
        step().item()
    other, _, other_step = convolutions(32)
    other_step().item()
    base = ds.memory.stats()["in_use"]
    budget = base + int(ds.memory.predict(other_step).peak * share)
    with ds.memory_budget(budget):
        other_step()
        ds.memory.reset_peak()
        other_step()
    assert ds.memory.peak() <= budget
    assert same(arrays(model), arrays(other))


def test_budget_that_cannot_be_kept_is_refused_and_names_the_least():
    model, _, step = convolutions(64)
    step().item()
    values = arrays(model)
    with pytest.raises(RuntimeError, match="least possible budget is") as refused:
        with ds.memory_budget(ds.memory.stats()["in_use"] + 1000):
            step()
    assert same(values, arrays(model))
    for p in model.parameters():
        p.grad = None
    with ds.memory_budget(int(str(refused.value).split("least possible budget is ")[1].split()[0]) + 4096):
        step()
    assert not same(values, arrays(model))


@pytest.mark.parametrize("size", ["four", "12 parsecs", 0, -1, "0MB"])
def test_budgets_that_make_no_sense(size):
    with pytest.raises(ValueError, match="memory_budget"), ds.memory_budget(size):
        pass


def test_budget_units():
    from deepseek.memory import _bytes

    assert [_bytes(s) for s in ("1GB", "1.5 mb", "2KiB", "17", 5)] == [10**9, 1_500_000, 2048, 17, 5]
