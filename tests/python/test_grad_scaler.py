"""GradScaler: scale, unscale, skip, grow, saved state; and that float16 needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek import amp, optim


def test_the_scaler_unscales_skips_and_grows() -> None:
    p = ds.tensor([1.0, 2.0], requires_grad=True)
    sgd = optim.SGD([p], lr=0.5)
    scaler = amp.GradScaler(init_scale=4.0, growth_interval=2)
    loss = (p * ds.tensor([1.0, 3.0])).sum()
    scaler.scale(loss).backward()
    assert p.grad is not None and p.grad.numpy().tolist() == [4.0, 12.0]
    scaler.unscale_(sgd)
    assert p.grad.numpy().tolist() == [1.0, 3.0]
    scaler.step(sgd)
    scaler.update()
    assert p.detach().numpy().tolist() == [0.5, 0.5] and scaler.get_scale() == 4.0
    for bad in (np.inf, -np.inf, np.nan):
        p.grad = ds.tensor([1.0, bad])
        scale = scaler.get_scale()
        assert scaler.step(sgd) is None
        scaler.update()
        assert scaler.get_scale() == scale / 2
    assert p.detach().numpy().tolist() == [0.5, 0.5]
    for want in (0.5, 1.0, 1.0, 2.0):  # two good steps in a row double the scale
        p.grad = ds.tensor([0.0, 0.0])
        scaler.step(sgd)
        scaler.update()
        assert scaler.get_scale() == want
    scaler.update(64.0)
    assert scaler.get_scale() == 64.0


def test_the_scaler_refuses_calls_out_of_order() -> None:
    p = ds.tensor([1.0], requires_grad=True)
    sgd = optim.SGD([p], lr=0.5)
    scaler = amp.GradScaler(init_scale=2.0)
    p.grad = ds.tensor([1.0])
    scaler.unscale_(sgd)
    with pytest.raises(ds.Error, match="unscale_.. has already been called"):
        scaler.unscale_(sgd)
    scaler.step(sgd)
    with pytest.raises(ds.Error, match="step.. has already been called"):
        scaler.step(sgd)
    scaler.update()
    half = ds.tensor([1.0], dtype=ds.float16, requires_grad=True)
    half.grad = ds.tensor([1.0], dtype=ds.float16)
    with pytest.raises(ds.Error, match="a gradient is float16"):
        scaler.step(optim.SGD([half], lr=0.1))


def test_the_scaler_saves_its_state_and_can_be_off() -> None:
    scaler = amp.GradScaler(init_scale=32.0, growth_interval=7)
    assert scaler.state_dict() == {"scale": 32.0, "growth_factor": 2.0, "backoff_factor": 0.5, "growth_interval": 7, "_growth_tracker": 0}
    other = amp.GradScaler()
    other.load_state_dict(scaler.state_dict())
    assert other.get_scale() == 32.0 and other.get_growth_interval() == 7
    off = amp.GradScaler(enabled=False)
    p = ds.tensor([1.0], requires_grad=True)
    sgd = optim.SGD([p], lr=1.0)
    p.grad = ds.tensor([0.5])
    off.step(sgd)
    off.update()
    assert p.detach().item() == 0.5 and off.state_dict() == {} and off.scale(p) is p and off.get_scale() == 1.0


def test_float16_learns_with_small_gradients_only_when_scaled() -> None:
    def trained(scale: float) -> float:
        p = ds.full((8, 1), 1.0).requires_grad_()
        sgd = optim.SGD([p], lr=1e6)
        scaler = amp.GradScaler(init_scale=scale)
        with amp.autocast(dtype=ds.float16):
            loss = (ds.ones(4, 8) @ p).float().mean() * 1e-8
        scaler.scale(loss).backward()
        scaler.step(sgd)
        scaler.update()
        return p.detach()[0].item()

    assert trained(1.0) == 1.0  # a quarter of 1e-8 is zero in float16
    assert abs(trained(2.0**16) - (1 - 1e-2)) < 1e-4


@pytest.mark.parametrize("make, words", [
    (lambda: amp.GradScaler(init_scale=0.0), "the scale must be positive"),
    (lambda: amp.GradScaler(growth_factor=1.0), "growth_factor must be above 1, but it is 1"),
    (lambda: amp.GradScaler(backoff_factor=1.0), "backoff_factor must be between 0 and 1"),
    (lambda: amp.GradScaler(growth_interval=0), "growth_interval must be at least 1, but it is 0"),
    (lambda: amp.GradScaler(1024.0), "give init_scale by name"),
    (lambda: amp.GradScaler().scale("loss"), "scale takes a tensor or a list of tensors, but got str"),
    (lambda: amp.GradScaler().update(), "update.. needs a step"),
    (lambda: amp.GradScaler().load_state_dict({}), "the state is empty"),
])
def test_mistakes_are_named(make: Callable[[], Any], words: str) -> None:
    with pytest.raises(ds.Error, match=words):
        make()
