"""Optimisers against the published formulas in numpy, in double precision."""

import copy
import math

import numpy as np
import pytest

import deepseek
from deepseek import optim

STEPS = 12


def gradient(p, step):
    """Of a function with curvature that differs per entry, so that no two entries behave alike."""
    scale = np.arange(1, p.size + 1).reshape(p.shape)
    return np.sin(p * scale) + 0.3 * p + 0.1 * np.cos(step + scale)


class Reference:
    def __init__(self, **options):
        self.o = options
        self.s = {}
        self.t = 0

    def slot(self, name, p, fill=0.0):
        return self.s.setdefault(name, np.full_like(p, fill))

    def step(self, p, g):
        self.t += 1
        g = -g if self.o.get("maximize") else g
        return self.update(p, g)

    def decayed(self, p, g):
        return g + self.o.get("weight_decay", 0) * p


class SGD(Reference):
    def update(self, p, g):
        o = self.o
        g = self.decayed(p, g)
        m = o.get("momentum", 0)
        if m:
            first = "b" not in self.s
            self.s["b"] = g.copy() if first else m * self.s["b"] + (1 - o.get("dampening", 0)) * g
            g = g + m * self.s["b"] if o.get("nesterov") else self.s["b"]
        return p - o["lr"] * g


class Adam(Reference):
    decoupled = False

    def update(self, p, g):
        o, t = self.o, self.t
        b1, b2 = o.get("betas", (0.9, 0.999))
        decay = o.get("weight_decay", 0.01 if self.decoupled else 0)
        if self.decoupled:
            p = p * (1 - o["lr"] * decay)
        else:
            g = g + decay * p
        self.s["m"] = b1 * self.slot("m", p) + (1 - b1) * g
        self.s["v"] = b2 * self.slot("v", p) + (1 - b2) * g * g
        v = self.s["v"]
        if o.get("amsgrad"):
            v = self.s["x"] = np.maximum(self.slot("x", p), v)
        m_hat = self.s["m"] / (1 - b1**t)
        return p - o["lr"] * m_hat / (np.sqrt(v / (1 - b2**t)) + o.get("eps", 1e-8))


class AdamW(Adam):
    decoupled = True


class RMSprop(Reference):
    def update(self, p, g):
        o = self.o
        a = o.get("alpha", 0.99)
        g = self.decayed(p, g)
        self.s["v"] = a * self.slot("v", p) + (1 - a) * g * g
        v = self.s["v"]
        if o.get("centered"):
            self.s["m"] = a * self.slot("m", p) + (1 - a) * g
            v = v - self.s["m"] ** 2
        d = g / (np.sqrt(v) + o.get("eps", 1e-8))
        if o.get("momentum"):
            d = self.s["b"] = o["momentum"] * self.slot("b", p) + d
        return p - o["lr"] * d


class Adagrad(Reference):
    def update(self, p, g):
        o = self.o
        g = self.decayed(p, g)
        self.s["v"] = self.slot("v", p, o.get("initial_accumulator_value", 0)) + g * g
        rate = o["lr"] / (1 + (self.t - 1) * o.get("lr_decay", 0))
        return p - rate * g / (np.sqrt(self.s["v"]) + o.get("eps", 1e-10))


class Adadelta(Reference):
    def update(self, p, g):
        o = self.o
        rho, eps = o.get("rho", 0.9), o.get("eps", 1e-6)
        g = self.decayed(p, g)
        self.s["v"] = rho * self.slot("v", p) + (1 - rho) * g * g
        d = np.sqrt(self.slot("d", p) + eps) / np.sqrt(self.s["v"] + eps) * g
        self.s["d"] = rho * self.s["d"] + (1 - rho) * d * d
        return p - o["lr"] * d


class Adamax(Reference):
    def update(self, p, g):
        o = self.o
        b1, b2 = o.get("betas", (0.9, 0.999))
        g = self.decayed(p, g)
        self.s["m"] = b1 * self.slot("m", p) + (1 - b1) * g
        self.s["u"] = np.maximum(b2 * self.slot("u", p), np.abs(g) + o.get("eps", 1e-8))
        return p - o["lr"] / (1 - b1**self.t) * self.s["m"] / self.s["u"]


class NAdam(Reference):
    def update(self, p, g):
        o, t = self.o, self.t
        b1, b2 = o.get("betas", (0.9, 0.999))
        decay, psi = o.get("weight_decay", 0), o.get("momentum_decay", 4e-3)
        if o.get("decoupled_weight_decay"):
            p = p * (1 - o["lr"] * decay)
        else:
            g = g + decay * p
        mu, nxt = (b1 * (1 - 0.5 * 0.96 ** (k * psi)) for k in (t, t + 1))
        self.product = getattr(self, "product", 1.0) * mu
        self.s["m"] = b1 * self.slot("m", p) + (1 - b1) * g
        self.s["v"] = b2 * self.slot("v", p) + (1 - b2) * g * g
        m_hat = nxt * self.s["m"] / (1 - self.product * nxt) + (1 - mu) * g / (1 - self.product)
        return p - o["lr"] * m_hat / (np.sqrt(self.s["v"] / (1 - b2**t)) + o.get("eps", 1e-8))


class RAdam(Reference):
    def update(self, p, g):
        o, t = self.o, self.t
        b1, b2 = o.get("betas", (0.9, 0.999))
        decay = o.get("weight_decay", 0)
        if o.get("decoupled_weight_decay"):
            p = p * (1 - o["lr"] * decay)
        else:
            g = g + decay * p
        self.s["m"] = b1 * self.slot("m", p) + (1 - b1) * g
        self.s["v"] = b2 * self.slot("v", p) + (1 - b2) * g * g
        m_hat = self.s["m"] / (1 - b1**t)
        inf = 2 / (1 - b2) - 1
        rho = inf - 2 * t * b2**t / (1 - b2**t)
        if rho <= 5:
            return p - o["lr"] * m_hat
        r = math.sqrt((rho - 4) * (rho - 2) * inf / ((inf - 4) * (inf - 2) * rho))
        return p - o["lr"] * m_hat * r * math.sqrt(1 - b2**t) / (np.sqrt(self.s["v"]) + o.get("eps", 1e-8))


class Lion(Reference):
    def update(self, p, g):
        o = self.o
        b1, b2 = o.get("betas", (0.9, 0.99))
        p = p * (1 - o["lr"] * o.get("weight_decay", 0))
        p = p - o["lr"] * np.sign(b1 * self.slot("m", p) + (1 - b1) * g)
        self.s["m"] = b2 * self.slot("m", p) + (1 - b2) * g
        return p


CASES = [
    (SGD, dict(lr=0.1)),
    (SGD, dict(lr=0.1, weight_decay=0.05, maximize=True)),
    (SGD, dict(lr=0.1, momentum=0.9)),
    (SGD, dict(lr=0.1, momentum=0.9, dampening=0.3, weight_decay=0.01)),
    (SGD, dict(lr=0.1, momentum=0.9, nesterov=True)),
    (Adam, dict(lr=0.05)),
    (Adam, dict(lr=0.05, betas=(0.4, 0.7), eps=1e-4, weight_decay=0.1)),
    (Adam, dict(lr=0.05, amsgrad=True, betas=(0.8, 0.6))),
    (AdamW, dict(lr=0.05)),
    (AdamW, dict(lr=0.05, weight_decay=0.3, amsgrad=True, maximize=True)),
    (RMSprop, dict(lr=0.02)),
    (RMSprop, dict(lr=0.02, alpha=0.3, centered=True, momentum=0.8, weight_decay=0.1)),
    (Adagrad, dict(lr=0.3, lr_decay=0.1, weight_decay=0.02, initial_accumulator_value=0.5)),
    (Adadelta, dict(lr=0.7, rho=0.8, weight_decay=0.1)),
    (Adamax, dict(lr=0.05, weight_decay=0.1)),
    (NAdam, dict(lr=0.05, weight_decay=0.1)),
    (NAdam, dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)),
    (RAdam, dict(lr=0.05, betas=(0.9, 0.8), weight_decay=0.1)),
    (RAdam, dict(lr=0.05, weight_decay=0.1, decoupled_weight_decay=True)),
    (Lion, dict(lr=0.01, weight_decay=0.1)),
]


def parameter(values, dtype="float64"):
    t = deepseek.from_numpy(np.array(values, dtype=dtype))
    t.requires_grad = True
    return t


def set_gradient(t, g):
    t.grad = deepseek.from_numpy(np.array(g))


@pytest.mark.parametrize("reference,options", CASES, ids=lambda v: v.__name__ if isinstance(v, type) else "-".join(v))
def test_trajectory(reference, options):
    start = [np.linspace(-1, 1, 15).reshape(3, 5), np.linspace(2, -3, 7), np.array(0.7)]
    params = [parameter(p) for p in start]
    optimizer = getattr(optim, reference.__name__)(params, **options)
    judges = [reference(**options) for _ in start]
    expected = [p.copy() for p in start]
    for step in range(STEPS):
        for k, p in enumerate(params):
            g = gradient(expected[k], step)
            set_gradient(p, g)
            expected[k] = judges[k].step(expected[k], g)
        optimizer.step()
    for p, e in zip(params, expected):
        np.testing.assert_allclose(p.detach().numpy(), e, rtol=1e-12, atol=1e-12)
        assert np.abs(e).max() > 0


def test_defaults_are_torchs():
    p = [parameter([1.0])]
    assert optim.Adam(p).defaults["betas"] == (0.9, 0.999)
    assert optim.AdamW(p).defaults["weight_decay"] == 0.01
    assert optim.RMSprop(p).defaults["alpha"] == 0.99
    assert optim.SGD(p).defaults["lr"] == 1e-3


def test_groups_have_options_of_their_own():
    a, b = parameter([1.0]), parameter([1.0])
    optimizer = optim.SGD([{"params": [a]}, {"params": b, "lr": 0.5}], lr=0.1)
    set_gradient(a, np.ones(1))
    set_gradient(b, np.ones(1))
    optimizer.step()
    assert a.item() == pytest.approx(0.9) and b.item() == pytest.approx(0.5)
    optimizer.param_groups[0]["lr"] = 1.0
    assert [g["lr"] for g in optimizer.param_groups] == [1.0, 0.5]
    optimizer.add_param_group({"params": [parameter([2.0])], "momentum": 0.9})
    assert len(optimizer.param_groups) == 3 and optimizer.param_groups[2]["momentum"] == 0.9
    assert "lr" in optimizer.param_groups[2] and sorted(optimizer.param_groups[2].keys())[0] == "dampening"


def test_named_parameters_and_frozen_ones():
    a, b = parameter([1.0]), parameter([1.0])
    optimizer = optim.SGD([("a", a), ("b", b)], lr=0.1)
    set_gradient(a, np.ones(1))
    optimizer.step()
    assert b.item() == 1.0 and a.item() == pytest.approx(0.9)


def test_closure_and_zero_grad():
    p = parameter([3.0])
    optimizer = optim.SGD([p], lr=0.1)

    def closure():
        optimizer.zero_grad()
        loss = (p * p).sum()
        loss.backward()
        return loss

    with deepseek.no_grad():
        assert optimizer.step(closure).item() == pytest.approx(9.0)
    assert p.item() == pytest.approx(3.0 - 0.1 * 6.0)
    optimizer.zero_grad(set_to_none=False)
    assert p.grad.numpy().tolist() == [0.0]
    optimizer.zero_grad()
    assert p.grad is None


@pytest.mark.parametrize("make", [
    lambda p: optim.Adam(p, lr=0.1, amsgrad=True), lambda p: optim.SGD(p, lr=0.1, momentum=0.9, dampening=0.5),
    lambda p: optim.NAdam(p, lr=0.1), lambda p: optim.RMSprop(p, centered=True, momentum=0.9)])
def test_state_dict_continues_the_same_trajectory(make, tmp_path):
    def run(p, optimizer, first, last):
        for step in range(first, last):
            set_gradient(p, gradient(p.detach().numpy(), step))
            optimizer.step()

    start = np.linspace(-1, 1, 6)
    p = parameter(start)
    whole = make([p])
    run(p, whole, 0, 3)
    state, value = copy.deepcopy(whole.state_dict()), p.detach().numpy().copy()
    deepseek.save({"optimizer": whole.state_dict(), "epoch": 3}, tmp_path / "state.safetensors")
    run(p, whole, 3, 8)
    for source in (state, deepseek.load(tmp_path / "state.safetensors")["optimizer"]):
        q = parameter(value)
        again = make([q])
        again.load_state_dict(source)
        run(q, again, 3, 8)
        assert np.array_equal(q.detach().numpy(), p.detach().numpy())


def test_state_dict_has_torchs_shape():
    p, q = parameter([1.0, 2.0]), parameter([3.0])
    optimizer = optim.Adam([p, q])
    set_gradient(p, np.ones(2))
    optimizer.step()
    d = optimizer.state_dict()
    assert list(d) == ["state", "param_groups"] and list(d["state"]) == [0]
    assert set(d["state"][0]) == {"step", "exp_avg", "exp_avg_sq"} and d["state"][0]["step"] == 1
    assert d["param_groups"][0]["params"] == [0, 1] and d["param_groups"][0]["betas"] == (0.9, 0.999)
    assert set(optimizer.state[p]) == {"step", "exp_avg", "exp_avg_sq"}


def test_wrong_state_is_refused_and_changes_nothing():
    p = parameter([1.0, 2.0])
    optimizer = optim.Adam([p], lr=0.3)
    good = optimizer.state_dict()
    for bad, message in [
        ({**good, "param_groups": []}, "parameter groups"),
        ({**good, "param_groups": [{**good["param_groups"][0], "params": [0, 1]}]}, "2 parameters in the state"),
        ({**good, "param_groups": [{**good["param_groups"][0], "lr": -1.0}]}, "lr"),
        ({**good, "state": {0: {"step": 1.0, "exp_avg": deepseek.from_numpy(np.zeros(3))}}}, "shape"),
        ({"state": {}}, "param_groups"),
    ]:
        with pytest.raises((ValueError, KeyError), match=message):
            optimizer.load_state_dict(bad)
        assert optimizer.param_groups[0]["lr"] == 0.3


@pytest.mark.parametrize("make,message", [
    (lambda p: optim.SGD([]), "no parameters"),
    (lambda p: optim.SGD([p], lr=-1.0), "lr must be at least 0"),
    (lambda p: optim.SGD([p], nesterov=True), "nesterov"),
    (lambda p: optim.Adam([p], betas=(1.0, 0.9)), "betas"),
    (lambda p: optim.Adam([p], eps=-1.0), "eps"),
    (lambda p: optim.SGD([p, p]), "twice"),
    (lambda p: optim.SGD([{"params": [p]}, {"params": [p]}]), "twice"),
    (lambda p: optim.SGD([p * 2]), "leaf"),
    (lambda p: optim.SGD([deepseek.from_numpy(np.ones(2, "int64"))]), "floating"),
    (lambda p: optim.SGD([{"lr": 1.0}]), "params"),
    (lambda p: optim.Adam([p], differentiable=True), "differentiable"),
    (lambda p: optim.Adadelta([p], rho=1.5), "rho"),
    (lambda p: optim.SGD([p], lr=float("nan")), "lr"),
])
def test_bad_arguments(make, message):
    with pytest.raises(ValueError, match=message):
        make(parameter([1.0]))


def test_bad_types():
    p = parameter([1.0])
    for make in (lambda: optim.SGD(p), lambda: optim.SGD([3.0]), lambda: optim.SGD([p, {"params": []}])):
        with pytest.raises(TypeError):
            make()
    optimizer = optim.SGD([p])
    optimizer.param_groups[0]["lr"] = "fast"
    set_gradient(p, np.ones(1))
    with pytest.raises(TypeError, match="lr"):
        optimizer.step()


def test_gradient_norm():
    ps = [parameter(np.zeros((2, 3))), parameter(np.zeros(4)), parameter(np.zeros(1))]
    gs = [np.arange(6.0).reshape(2, 3), -np.ones(4)]
    for p, g in zip(ps, gs):
        set_gradient(p, g)
    flat = np.concatenate([g.ravel() for g in gs])
    for kind in (2.0, 1.0, 3.0, math.inf):
        for p, g in zip(ps, gs):
            set_gradient(p, g)
        norm = optim_clip(ps, 1.5, kind)
        expected = np.linalg.norm(flat, kind)
        assert norm.item() == pytest.approx(expected, rel=1e-12)
        for p, g in zip(ps, gs):
            np.testing.assert_allclose(p.grad.numpy(), g * min(1, 1.5 / (expected + 1e-6)), rtol=1e-12)
    optim_clip(ps, 1e9)
    before = ps[0].grad.numpy().copy()
    optim_clip(ps, 1e9)
    assert np.array_equal(ps[0].grad.numpy(), before)


def optim_clip(params, max_norm, kind=2.0):
    return deepseek._C.optim.clip_grad_norm_(params, max_norm, kind)


def test_gradient_norm_of_nothing_and_of_nan():
    p = parameter([1.0, 2.0])
    assert optim_clip([p], 1.0).item() == 0
    set_gradient(p, np.array([np.nan, 1.0]))
    with pytest.raises(RuntimeError, match="norm"):
        deepseek._C.optim.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)
    optim_clip([p], 1.0)
    assert np.isnan(p.grad.numpy()).all()


def test_gradient_values_are_clipped():
    p = parameter(np.zeros(4))
    set_gradient(p, np.array([-3.0, -0.5, 0.5, 3.0]))
    deepseek._C.optim.clip_grad_value_([p], 1.0)
    assert p.grad.numpy().tolist() == [-1.0, -0.5, 0.5, 1.0]


def test_half_precision_parameters_keep_small_steps_in_the_state():
    p = parameter([1.0], "float16")
    optimizer = optim.Adam([p], lr=1e-2)
    for _ in range(3):
        set_gradient(p, np.full(1, 1e-3, "float16"))
        optimizer.step()
    assert str(optimizer.state[p]["exp_avg_sq"].dtype).endswith("float32")
    assert optimizer.state[p]["exp_avg_sq"].item() == pytest.approx(3e-9, rel=1e-2)
    assert p.item() == pytest.approx(0.97, abs=2e-3) and str(p.dtype).endswith("float16")


def test_an_optimiser_written_in_python():
    class Signed(optim.Optimizer):
        def __init__(self, params, lr):
            super().__init__(params, {"lr": lr})

        def step(self, closure=None):
            with deepseek.no_grad():
                for group in self.param_groups:
                    for p in group["params"]:
                        if p.grad is not None:
                            count = self.state[p].setdefault("count", 0)
                            self.state[p]["count"] = count + 1
                            p -= group["lr"] * p.grad.sign()

    p = parameter([1.0, -1.0])
    optimizer = Signed([p], lr=0.25)
    set_gradient(p, np.array([3.0, -2.0]))
    optimizer.step()
    optimizer.step()
    assert p.detach().numpy().tolist() == [0.5, -0.5]
    state = optimizer.state_dict()
    assert state["state"] == {0: {"count": 2}} and "Signed" in repr(optimizer)
    other = Signed([parameter([1.0, 1.0])], lr=1.0)
    other.load_state_dict(state)
    assert other.param_groups[0]["lr"] == 0.25 and other.state_dict()["state"] == {0: {"count": 2}}


def test_schedule_of_the_rate_makes_no_new_plan_and_follows_each_step():
    p = parameter([10.0])
    optimizer = optim.SGD([p], lr=1.0)
    schedule = optim.lr_scheduler.LambdaLR(optimizer, lambda epoch: 1 / (epoch + 1))
    expected = 10.0
    for epoch in range(5):
        set_gradient(p, np.ones(1))
        optimizer.step()
        expected -= 1 / (epoch + 1)
        schedule.step()
        assert p.item() == pytest.approx(expected, rel=1e-12)
