"""Schedules against closed formulas."""

import math

import numpy as np
import pytest

import deepseek
from deepseek import optim
from deepseek.optim import lr_scheduler as lrs


def optimizer(lr=0.5, momentum=0.9, groups=1):
    params = []
    for i in range(groups):
        t = deepseek.from_numpy(np.ones(1))
        t.requires_grad = True
        params.append({"params": [t], "lr": lr * (i + 1)})
    return optim.SGD(params, momentum=momentum)


def rates(schedule, steps):
    out = []
    for _ in range(steps):
        out.append(schedule.get_last_lr()[0])
        assert schedule.optimizer.param_groups[0]["lr"] == out[-1]
        schedule.step()
    return np.array(out)


def cosine(e, period, low=0.0, base=0.5):
    return low + (base - low) * (1 + math.cos(math.pi * e / period)) / 2


N = 25
CASES = {
    "StepLR": (lambda o: lrs.StepLR(o, 4, 0.5), lambda e: 0.5 * 0.5 ** (e // 4)),
    "MultiStepLR": (lambda o: lrs.MultiStepLR(o, [9, 3, 9], 0.5), lambda e: 0.5 * 0.5 ** ((e >= 3) + 2 * (e >= 9))),
    "ConstantLR": (lambda o: lrs.ConstantLR(o, 0.25, 6), lambda e: 0.5 * (0.25 if e < 6 else 1)),
    "LinearLR": (lambda o: lrs.LinearLR(o, 0.1, 0.8, 10), lambda e: 0.5 * (0.1 + 0.7 * min(e, 10) / 10)),
    "ExponentialLR": (lambda o: lrs.ExponentialLR(o, 0.9), lambda e: 0.5 * 0.9**e),
    "PolynomialLR": (lambda o: lrs.PolynomialLR(o, 10, 2.0), lambda e: 0.5 * (1 - min(e, 10) / 10) ** 2),
    "CosineAnnealingLR": (lambda o: lrs.CosineAnnealingLR(o, 12, 0.02), lambda e: cosine(e, 12, 0.02)),
    "CosineAnnealingWarmRestarts": (lambda o: lrs.CosineAnnealingWarmRestarts(o, 3, 2, 0.02),
                                    lambda e: cosine(e, 3, 0.02) if e < 3 else cosine(e - 3, 6, 0.02) if e < 9 else
                                    cosine(e - 9, 12, 0.02) if e < 21 else cosine(e - 21, 24, 0.02)),
    "LambdaLR": (lambda o: lrs.LambdaLR(o, lambda e: 1 / (1 + e)), lambda e: 0.5 / (1 + e)),
    "MultiplicativeLR": (lambda o: lrs.MultiplicativeLR(o, lambda e: 0.5 if e % 2 else 1.0), lambda e: 0.5 * 0.5 ** ((e + 1) // 2)),
    "warm-up then cosine": (lambda o: lrs.SequentialLR(o, [lrs.LinearLR(o, 0.1, 1.0, 5), lrs.CosineAnnealingLR(o, 30)], [5]),
                            lambda e: 0.5 * (0.1 + 0.9 * e / 5) if e < 5 else cosine(e - 5, 30)),
    "three in a row": (lambda o: lrs.SequentialLR(o, [lrs.ConstantLR(o, 0.1, 50), lrs.ExponentialLR(o, 0.9), lrs.StepLR(o, 2, 0.5)],
                                                  [4, 10]),
                       lambda e: 0.05 if e < 4 else 0.5 * 0.9 ** (e - 4) if e < 10 else 0.5 * 0.5 ** ((e - 10) // 2)),
    "chained": (lambda o: lrs.ChainedScheduler([lrs.ConstantLR(o, 0.1, 4), lrs.ExponentialLR(o, 0.9)]),
                lambda e: 0.5 * (0.1 if e < 4 else 1) * 0.9**e),
}


@pytest.mark.parametrize("name", CASES)
def test_rates(name):
    make, formula = CASES[name]
    np.testing.assert_allclose(rates(make(optimizer()), N), [formula(e) for e in range(N)], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_state_can_be_resumed(name):
    make, _ = CASES[name]
    first = make(optimizer())
    rates(first, 7)
    state, o = first.state_dict(), optimizer()
    second = make(o)
    second.load_state_dict(state)
    o.param_groups[0]["lr"] = first.optimizer.param_groups[0]["lr"]
    np.testing.assert_array_equal(rates(second, 8), rates(first, 8))


def test_one_cycle():
    o = optimizer()
    total = 20
    schedule = lrs.OneCycleLR(o, max_lr=1.0, total_steps=total)
    seen = []
    for _ in range(total):
        seen.append((schedule.get_last_lr()[0], o.param_groups[0]["momentum"]))
        schedule.step()
    top = 0.3 * total - 1

    def between(a, b, x):
        return b + (a - b) / 2 * (math.cos(math.pi * x) + 1)

    for step, (lr, momentum) in enumerate(seen):
        if step <= top:
            expected = between(1 / 25, 1.0, step / top), between(0.95, 0.85, step / top)
        else:
            x = (step - top) / (total - 1 - top)
            expected = between(1.0, 1 / 25 / 1e4, x), between(0.85, 0.95, x)
        assert (lr, momentum) == pytest.approx(expected, rel=1e-12)
    with pytest.raises(ValueError, match="schedule of 20 steps"):
        schedule.step()


def test_one_cycle_cycles_the_first_beta_of_adam():
    t = deepseek.from_numpy(np.ones(1))
    t.requires_grad = True
    o = optim.Adam([t])
    lrs.OneCycleLR(o, max_lr=0.1, epochs=2, steps_per_epoch=5, three_phase=True, anneal_strategy="linear")
    assert o.param_groups[0]["betas"] == (0.95, 0.999)


def test_plateau():
    o = optimizer(lr=1.0)
    schedule = lrs.ReduceLROnPlateau(o, factor=0.5, patience=2, cooldown=1, min_lr=0.2)
    losses = [1.0, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.9]
    seen = []
    for loss in losses:
        schedule.step(loss)
        seen.append(o.param_groups[0]["lr"])
    assert seen == [1, 1, 1, 1, 0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.2]
    with pytest.raises(TypeError):
        schedule.step()


def test_groups_keep_their_ratio():
    o = optimizer(groups=2)
    schedule = lrs.ExponentialLR(o, 0.5)
    schedule.step()
    assert schedule.get_last_lr() == [0.25, 0.5] and schedule.base_lrs == [0.5, 1.0]


def test_a_schedule_written_in_python():
    class Halving(lrs.LRScheduler):
        def get_lr(self):
            return [base / 2**self.last_epoch for base in self.base_lrs]

    schedule = Halving(optimizer())
    assert rates(schedule, 4).tolist() == [0.5, 0.25, 0.125, 0.0625]


def test_the_schedule_keeps_its_optimizer():
    schedule = lrs.StepLR(optimizer(), 2)
    assert schedule.optimizer.param_groups[0]["lr"] == 0.5


@pytest.mark.parametrize("make", [
    lambda o: lrs.StepLR(o, 0), lambda o: lrs.CosineAnnealingLR(o, 0), lambda o: lrs.LinearLR(o, 0.0),
    lambda o: lrs.ConstantLR(o, 2.0), lambda o: lrs.OneCycleLR(o, 1.0), lambda o: lrs.SequentialLR(o, [lrs.StepLR(o, 1)], [3]),
    lambda o: lrs.SequentialLR(o, [lrs.StepLR(o, 1), lrs.StepLR(optimizer(), 1)], [3]), lambda o: lrs.ChainedScheduler([]),
    lambda o: lrs.ReduceLROnPlateau(o, "lowest"), lambda o: lrs.ReduceLROnPlateau(o, factor=1.0),
    lambda o: lrs.LambdaLR(o, [lambda e: 1.0, lambda e: 1.0]), lambda o: lrs.StepLR(o, 2, last_epoch=3)])
def test_bad_arguments(make):
    with pytest.raises(ValueError):
        make(optimizer())
