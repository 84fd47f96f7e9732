"""The functional way: symbolic inputs, Model, and the three ways to ResNet-50."""

import copy

import numpy as np
import pytest

import deepseek
from deepseek import nn
from deepseek.nn import BatchNorm2d, Conv2d
from deepseek.nn import functional as F


def res_block(x, filters):
    shortcut = x
    x = Conv2d(filters, 3, padding='same')(x)
    x = BatchNorm2d()(x)
    x = Conv2d(filters, 3, padding='same')(x)
    x = BatchNorm2d()(x)
    return x + shortcut


def test_res_block_on_a_symbolic_input_and_on_a_tensor():
    x = deepseek.Input((4, 6, 6))
    model = deepseek.Model(x, res_block(x, 4))
    assert [n for n, _ in model.named_children()] == ["conv2d", "batch_norm2d", "conv2d_1", "batch_norm2d_1"]
    for batch in (2, 5):
        assert model(deepseek.randn(batch, 4, 6, 6)).shape == (batch, 4, 6, 6)
    assert res_block(deepseek.randn(2, 4, 6, 6), 4).shape == (2, 4, 6, 6)
    loss = model(deepseek.randn(2, 4, 6, 6)).sum()
    loss.backward()
    assert all(p.grad is not None for p in model.parameters())
    assert model.conv2d.weight.shape == (4, 4, 3, 3)


def test_tracing_changes_no_state():
    x = deepseek.Input((3, 4, 4))
    model = deepseek.Model(x, BatchNorm2d()(x))
    assert model.batch_norm2d.num_batches_tracked.item() == 0
    np.testing.assert_array_equal(model.batch_norm2d.running_mean.detach().numpy(), np.zeros(3, np.float32))
    model(deepseek.randn(2, 3, 4, 4))
    assert model.batch_norm2d.num_batches_tracked.item() == 1


def test_ops_between_layers_follow_the_batch():
    x = deepseek.Input((4, 6))
    dense = nn.Linear(6)
    h = F.relu(dense(x)) + x * 2
    h = h.reshape(h.shape[0] * 4, 6)
    h = dense(h).reshape(-1, 4, 6)
    h = h[:, 1:] - h.mean(0, keepdim=True)[:, :1]
    model = deepseek.Model(x, h)
    assert len(list(model.parameters())) == 2
    for batch in (1, 3):
        a = deepseek.randn(batch, 4, 6)
        w, b = dense.weight.detach().numpy(), dense.bias.detach().numpy()
        v = np.maximum(a.detach().numpy() @ w.T + b, 0) + a.detach().numpy() * 2
        v = v @ w.T + b
        np.testing.assert_allclose(model(a).detach().numpy(), v[:, 1:] - v.mean(0, keepdims=True)[:, :1], rtol=1e-4, atol=1e-5)


def test_several_inputs_and_outputs_and_nested_models():
    a, b = deepseek.Input((3,)), deepseek.Input((5,))
    inner = deepseek.Model(a, nn.Linear(4)(a))
    h = inner(a) + nn.Linear(4)(b)
    model = deepseek.Model([a, b], [h, h.sum(1)])
    x, y = deepseek.randn(2, 3), deepseek.randn(2, 5)
    first, second = model(x, y)
    np.testing.assert_allclose(first.detach().numpy().sum(1), second.detach().numpy(), rtol=1e-5, atol=1e-6)
    assert [n for n, _ in model.named_children()] == ["model", "linear"]
    with pytest.raises(ValueError, match="same batch size"):
        model(x, deepseek.randn(3, 5))
    with pytest.raises(TypeError, match="2 inputs"):
        model(x)


def test_python_modules_with_structures():
    class Pair(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(3)

        def forward(self, inputs, *, flip=False):
            y = self.fc(inputs["x"])
            return {"plus": y, "minus": -y if flip else y, "flag": flip}

    x = deepseek.Input((2,))
    out = Pair()({"x": x}, flip=True)
    assert out["flag"] is True
    model = deepseek.Model(x, [out["plus"], out["minus"]])
    plus, minus = model(deepseek.randn(4, 2))
    np.testing.assert_array_equal(plus.detach().numpy(), -minus.detach().numpy())
    assert "pair.fc.weight" in model.state_dict()


def test_training_mode_reaches_the_layers():
    deepseek.manual_seed(0)
    x = deepseek.Input((1000,))
    model = deepseek.Model(x, nn.Dropout(0.5)(x))
    ones = deepseek.ones(1, 1000)
    first, second = model(ones).detach().numpy(), model(ones).detach().numpy()
    assert (first == 0).any() and (first != second).any()
    np.testing.assert_array_equal(model.eval()(ones).detach().numpy(), ones.detach().numpy())


def test_raw_random_ops_draw_anew():
    x = deepseek.Input((1000,))
    model = deepseek.Model(x, F.dropout(x, 0.5))
    ones = deepseek.ones(1, 1000)
    assert (model(ones).detach().numpy() != model(ones).detach().numpy()).any()


def test_own_parameters_are_trained():
    scale = nn.Parameter(deepseek.ones(3))
    x = deepseek.Input((3,))
    model = deepseek.Model(x, x * scale)
    assert [n for n, _ in model.named_parameters()] == ["parameter"]
    with deepseek.no_grad():
        scale.fill_(2)
    assert model(deepseek.ones(1, 3)).tolist() == [[2, 2, 2]]
    for _ in range(2):  # the tape is made anew
        model(deepseek.ones(1, 3)).sum().backward()
    assert scale.grad.tolist() == [2, 2, 2]


@pytest.mark.parametrize(("mistake", "message"), [
    (lambda x: x @ deepseek.ones(5, 2), r"\(None, 3\)"),
    (lambda x: x + deepseek.ones(2, 4), r"\(None, 3\)"),
    (lambda x: deepseek.cat([x, deepseek.ones(2, 4)], 0), r"\(None, 3\)"),
    (lambda x: x.reshape(2, 7), r"3\*None"),
    (lambda x: deepseek.cat([x, x], 0) @ deepseek.ones(5, 2), r"\(2\*None, 3\)"),
])
def test_messages_name_the_open_batch(mistake, message):
    with pytest.raises(deepseek.Error, match=message) as caught:
        mistake(deepseek.Input((3,)))
    assert "00003" not in str(caught.value)


def test_errors():
    x = deepseek.Input((3,))
    y = nn.Linear(2)(x)
    with pytest.raises(ValueError, match="ordinary tensor"):
        deepseek.Model(x, deepseek.ones(3))
    with pytest.raises(ValueError, match="not among the model's inputs"):
        deepseek.Model(deepseek.Input((3,)), y)
    with pytest.raises(ValueError, match=r"must be \(None, 3\), but is \(2, 4\)"):
        deepseek.Model(x, y)(deepseek.randn(2, 4))
    with pytest.raises(deepseek.Error):
        y.numpy()
    with pytest.raises(deepseek.Error):
        float(y.sum())
    with pytest.raises(ValueError, match="3 features"):
        nn.Linear(2, in_features=3)(deepseek.Input((4,)))


def test_summary_and_copy():
    x = deepseek.Input((1, 8, 8))
    h = nn.Flatten()(F.relu(Conv2d(2, 3)(x)))
    model = deepseek.Model(x, nn.Linear(3)(h))
    table = model.summary()
    assert "(None, 2, 6, 6)" in table and "(None, 72)" in table and "Parameters: 239" in table
    twin = copy.deepcopy(model)
    a = deepseek.randn(2, 1, 8, 8)
    np.testing.assert_array_equal(twin(a).detach().numpy(), model(a).detach().numpy())
    assert list(twin.state_dict()) == list(model.state_dict()) and twin.conv2d is not model.conv2d


def test_fixed_batch_size():
    x = deepseek.Input((3,), batch_size=2)
    assert x.shape == (2, 3)
    model = deepseek.Model(x, nn.Linear(1)(x))
    assert model(deepseek.randn(2, 3)).shape == (2, 1)
    with pytest.raises(ValueError, match=r"must be \(2, 3\)"):
        model(deepseek.randn(3, 3))


def test_resnet50_in_three_ways():
    nets = [deepseek.models.resnet50(), deepseek.models.resnet50_sequential(), deepseek.models.resnet50_functional(image=(3, 32, 32))]
    assert [sum(p.numel() for p in net.parameters()) for net in nets] == [25557032] * 3
    keys = list(nets[0].state_dict())
    assert keys[:6] == ["conv1.weight", "bn1.weight", "bn1.bias", "bn1.running_mean", "bn1.running_var", "bn1.num_batches_tracked"]
    assert "layer1.0.downsample.0.weight" in keys and "layer4.2.bn3.bias" in keys and keys[-2:] == ["fc.weight", "fc.bias"]
    assert len(keys) == 320
    values = list(nets[0].state_dict().values())
    for net in nets[1:]:
        net.load_state_dict(dict(zip(net.state_dict(), values)))
    x = deepseek.randn(2, 3, 32, 32)
    with deepseek.no_grad():
        outputs = [net.eval()(x).detach().numpy() for net in nets]
    for out in outputs[1:]:
        np.testing.assert_allclose(out, outputs[0], rtol=1e-3, atol=1e-4)


def test_digits_net_learns():
    deepseek.manual_seed(0)
    net = deepseek.models.DigitsNet(channels=(4, 8), hidden=16)
    rng = np.random.default_rng(0)
    labels = np.arange(32) % 4
    images = rng.standard_normal((32, 1, 8, 8)).astype(np.float32) * 0.1
    for i, label in enumerate(labels):
        images[i, 0, label * 2 : label * 2 + 2] += 1
    x, y = deepseek.tensor(images), deepseek.tensor(labels)
    loss_of = nn.CrossEntropyLoss()
    first = loss_of(net(x), y).item()
    for _ in range(30):
        net.zero_grad()
        loss = loss_of(net(x), y)
        loss.backward()
        with deepseek.no_grad():
            for p in net.parameters():
                p.sub_(p.grad * 0.3)
    assert loss.item() < 0.2 * first
