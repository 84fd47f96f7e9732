"""Modules in Python: registration, attributes, state, hooks, copies, life and death."""

import copy
import gc
import pickle
import subprocess
import sys
import weakref

import numpy as np
import pytest

import deepseek
from deepseek import nn
from deepseek.nn import functional as F


class Net(nn.Module):
    def __init__(self, hidden=8):
        super().__init__()
        self.fc1 = nn.Linear(hidden)
        self.fc2 = nn.Linear(3)
        self.scale = nn.Parameter(deepseek.ones(3))
        self.register_buffer("steps", deepseek.zeros(1))
        self.register_buffer("cache", None, persistent=False)
        self.note = "plain"

    def forward(self, x):
        return self.fc2(F.relu(self.fc1(x))) * self.scale


def test_registration_by_attribute():
    net = Net()
    net(deepseek.randn(2, 5))
    assert [n for n, _ in net.named_parameters()] == ["scale", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert [n for n, _ in net.named_children()] == ["fc1", "fc2"]
    assert list(net.state_dict()) == ["scale", "steps", "fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias"]
    assert net.fc1 is net.fc1 and net.fc1.weight is net.fc1.weight
    assert isinstance(net.scale, nn.Parameter) and not isinstance(net.steps, nn.Parameter)
    assert net.note == "plain" and "note" in vars(net) and "fc1" not in vars(net)
    assert {"fc1", "scale", "steps", "note"} <= set(dir(net))
    assert {type(m).__name__ for m in net.modules()} == {"Net", "Linear"}
    del net.fc2
    assert not hasattr(net, "fc2")
    net.fc1 = None
    assert net.fc1 is None
    net.scale = None
    assert list(net.parameters()) == []


def test_attributes_keep_their_kind():
    net = Net()
    with pytest.raises(TypeError, match="Parameter"):
        net.scale = deepseek.zeros(3)
    with pytest.raises(TypeError, match="fc1"):
        net.fc1 = 3
    net.steps = deepseek.ones(1)
    assert float(net.steps) == 1 and float(dict(net.named_buffers())["steps"]) == 1
    net.note = nn.Linear(2)
    assert "note" not in vars(net) and net.get_submodule("note") is net.note
    with pytest.raises(AttributeError):
        net.missing
    with pytest.raises(ValueError, match="must not contain"):
        net.register_parameter("a.b", nn.Parameter(deepseek.ones(1)))


def test_super_init_is_asked_for():
    class Forgot(nn.Module):
        def __init__(self):
            self.fc = nn.Linear(2)

    with pytest.raises(RuntimeError, match=r"super\(\).__init__\(\)"):
        Forgot()


def test_parameters_before_the_first_call():
    with pytest.raises(RuntimeError, match="first call"):
        list(nn.Linear(3).parameters())
    assert len(list(nn.Linear(3, in_features=2).parameters())) == 2


def test_another_width_names_layer_and_widths():
    net = Net()
    net(deepseek.randn(2, 5))
    with pytest.raises(ValueError, match=r"5 features.*\(2, 6\) has 6(.|\n)*Net\.fc1"):
        net(deepseek.randn(2, 6))


def test_state_dict_round_trip_and_errors():
    a, b = Net(), Net()
    x = deepseek.randn(4, 5)
    want = a(x).detach().numpy()
    assert b.load_state_dict(a.state_dict()) == ([], [])
    np.testing.assert_array_equal(b(x).detach().numpy(), want)
    state = {k: v.detach().numpy() for k, v in a.state_dict().items()}
    state["fc1.weight"] = np.zeros((2, 2), np.float32)
    del state["scale"]
    state["extra"] = np.zeros(1)
    with pytest.raises(RuntimeError) as e:
        b.load_state_dict(state)
    for part in ("missing in the state: scale", "unexpected in the state: extra", "fc1.weight: the module has (8, 5), the state has (2, 2)"):
        assert part in str(e.value)
    del state["fc1.weight"]
    keys = b.load_state_dict(state, strict=False)
    assert keys.missing_keys == ["scale", "fc1.weight"] and keys.unexpected_keys == ["extra"]


def test_modes_and_gradients():
    net = Net()
    y = net(deepseek.randn(2, 5))
    y.sum().backward()
    assert all(p.grad is not None for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert net.training and not net.eval().training and not net.fc1.training and net.train().fc1.training
    net.requires_grad_(False)
    assert not any(p.requires_grad for p in net.parameters())
    weight = net.fc1.weight
    net.double()
    assert net.fc1.weight is weight and weight.dtype == deepseek.float64
    assert net.float().fc1.weight.dtype == deepseek.float32
    assert net.to(deepseek.float16).steps.dtype == deepseek.float16


def test_apply_visits_children_first():
    seen = []
    nn.Sequential(nn.Linear(2), nn.ReLU()).apply(lambda m: seen.append(type(m).__name__))
    assert seen == ["Linear", "ReLU", "Sequential"]


def test_hooks():
    layer = nn.Linear(2, in_features=2)
    seen = []
    pre = layer.register_forward_pre_hook(lambda m, args: (args[0] * 0,))
    post = layer.register_forward_hook(lambda m, args, out: seen.append(out.shape))
    y = nn.Sequential(layer)(deepseek.ones(1, 2))  # called from C++
    np.testing.assert_allclose(y.detach().numpy()[0], layer.bias.detach().numpy(), rtol=1e-6)
    assert [tuple(s) for s in seen] == [(1, 2)]
    pre.remove()
    post.remove()
    post.remove()
    layer(deepseek.ones(1, 2))
    assert len(seen) == 1
    with layer.register_forward_hook(lambda m, args, out: out + 1):
        z = layer(deepseek.zeros(1, 2))
    np.testing.assert_allclose(z.detach().numpy()[0], layer.bias.detach().numpy() + 1, rtol=1e-6)


def test_forward_takes_anything():
    class Many(nn.Module):
        def forward(self, pair, *, scale=1, extra=None):
            a, b = pair
            return {"sum": (a + b) * scale, "extra": extra}

    out = Many()((deepseek.ones(2), deepseek.ones(2)), scale=3, extra="x")
    assert out["extra"] == "x" and out["sum"].tolist() == [6, 6]


def test_subclass_of_a_layer():
    class Doubled(nn.Linear):
        def forward(self, x):
            return super().forward(x) * 2

    layer = Doubled(3, in_features=2)
    x = deepseek.randn(4, 2)
    want = 2 * (x.detach().numpy() @ layer.weight.detach().numpy().T + layer.bias.detach().numpy())
    np.testing.assert_allclose(nn.Sequential(layer)(x).detach().numpy(), want, rtol=1e-5, atol=1e-6)
    assert isinstance(layer, nn.Linear) and repr(layer).startswith("Doubled(3")


def test_repr_and_summary():
    net = Net()
    assert "(fc1): Linear(8)" in repr(net)
    table = net.summary((5,))
    assert "(None, 8)" in table and "Parameters: 78 (78 trainable)" in table
    assert "in_features=5" in repr(net)

    class Named(nn.Module):
        def extra_repr(self):
            return "hello"

    assert repr(Named()) == "Named(hello)"


@pytest.mark.parametrize("twin", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(twin):
    net = Net(4)
    net.shared = net.fc1
    x = deepseek.randn(2, 5)
    want = net(x).detach().numpy()
    net.eval()
    state = deepseek.get_rng_state()
    other = twin(net)
    assert bytes(np.asarray(deepseek.get_rng_state())) == bytes(np.asarray(state))  # a copy draws no random numbers
    np.testing.assert_array_equal(other(x).detach().numpy(), want)
    assert not other.training and other.note == "plain" and other.shared is other.fc1
    assert other.fc1 is not net.fc1 and isinstance(other.scale, nn.Parameter)
    with deepseek.no_grad():
        other.fc1.weight.fill_(0)
    np.testing.assert_array_equal(net(x).detach().numpy(), want)


def test_containers():
    seq = nn.Sequential(nn.Linear(4), nn.ReLU(), nn.Linear(2))
    assert len(seq) == 3 and isinstance(seq[-1], nn.Linear) and [type(m) for m in seq] == [nn.Linear, nn.ReLU, nn.Linear]
    assert isinstance(seq[:2], nn.Sequential) and seq[:2][0] is seq[0]
    seq.append(nn.Tanh()).insert(1, nn.Sigmoid())
    assert [type(m).__name__ for m in seq] == ["Linear", "Sigmoid", "ReLU", "Linear", "Tanh"]
    del seq[1]
    seq[1] = nn.Identity()
    assert seq(deepseek.randn(3, 7)).shape == (3, 2)
    named = nn.Sequential({"first": nn.Linear(2), "second": nn.ReLU()})
    assert named.first is named[0] and [n for n, _ in named.named_children()] == ["first", "second"]
    with pytest.raises(IndexError, match="out of range"):
        seq[9]
    with pytest.raises(TypeError, match="modules"):
        nn.Sequential(3)

    class Lists(nn.Module):
        def __init__(self):
            super().__init__()
            self.blocks = nn.ModuleList([nn.Linear(4), nn.Linear(4)])
            self.heads = nn.ModuleDict({"a": nn.Linear(1)})
            self.offsets = nn.ParameterList([deepseek.zeros(4), deepseek.ones(4)])

        def forward(self, x):
            for block, offset in zip(self.blocks, self.offsets):
                x = block(x) + offset
            return self.heads["a"](x)

    net = Lists()
    net(deepseek.randn(2, 4))
    assert "blocks.1.bias" in net.state_dict() and "heads.a.weight" in net.state_dict() and "offsets.0" in net.state_dict()
    with pytest.raises(ValueError, match=r"Lists\.blocks\.0"):
        net(deepseek.randn(2, 5))
    assert "a" in net.heads and list(net.heads.keys()) == ["a"] and len(net.offsets) == 2


def test_cycles_are_collected():
    class Node(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, in_features=2)
            self.callback = lambda: self
            self.fc.register_forward_hook(lambda m, a, o: self.callback())

    node = Node()
    ref = weakref.ref(node)
    del node
    gc.collect()
    assert ref() is None


def test_nothing_leaks():
    code = """
import deepseek, gc
from deepseek import nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(3), nn.BatchNorm1d())
        self.me = [self]
    def forward(self, x): return self.fc(x)
net = Net(); net(deepseek.randn(4, 2)).sum().backward()
x = deepseek.Input((2,)); model = deepseek.Model(x, Net()(x)); model(deepseek.randn(3, 2)).detach().numpy()
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert result.returncode == 0 and "leak" not in result.stderr, result.stderr


def test_bad_arguments():
    with pytest.raises(TypeError, match="out_features must be given"):
        nn.Linear()
    with pytest.raises(TypeError, match="no argument 'kernel'; there are: out_channels"):
        nn.Conv2d(3, kernel=3)
    with pytest.raises(TypeError, match="kernel_size must be an int or ints"):
        nn.Conv2d(3, "big")
    with pytest.raises(ValueError, match="groups"):
        nn.Conv2d(3, 3, groups=2)
    with pytest.raises(ValueError, match="out_features must be at least 1"):
        nn.Linear(0)
    with pytest.raises(TypeError, match="takes tensors|forward"):
        nn.Linear(2)("text")
