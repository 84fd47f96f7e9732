"""Layers against numpy and scipy, their shapes, learnt widths and initial values."""

import inspect

import numpy as np
import pytest
import scipy.signal
import scipy.special

import deepseek
from deepseek import nn


def numpy_conv(x, w, b, stride=1, padding=0, groups=1):
    """Correlation over any number of spatial dims, by scipy."""
    n_spatial = x.ndim - 2
    x = np.pad(x, [(0, 0), (0, 0)] + [(padding, padding)] * n_spatial)
    out = []
    per_group, each = w.shape[0] // groups, w.shape[1]
    for image in x:
        maps = []
        for o in range(w.shape[0]):
            g = o // per_group
            total = sum(scipy.signal.correlate(image[g * each + c], w[o, c], mode="valid") for c in range(each))
            maps.append(total[(slice(None, None, stride),) * n_spatial] + b[o])
        out.append(maps)
    return np.array(out)


@pytest.mark.parametrize("dims", [1, 2, 3])
@pytest.mark.parametrize("options", [{}, {"stride": 2, "padding": 1}, {"groups": 2}])
def test_convolution(dims, options):
    layer = getattr(nn, f"Conv{dims}d")(4, 3, **options)
    x = deepseek.randn(2, 2, *([7] * dims))
    y = layer(x)
    want = numpy_conv(x.detach().numpy(), layer.weight.detach().numpy(), layer.bias.detach().numpy(), **options)
    np.testing.assert_allclose(y.detach().numpy(), want, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("mode,numpy_mode", [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
@pytest.mark.parametrize("padding", [1, "same"])
def test_padding_modes(mode, numpy_mode, padding):
    layer = nn.Conv2d(2, 3, padding=padding, padding_mode=mode)
    x = deepseek.randn(1, 2, 5, 6)
    padded = np.pad(x.detach().numpy(), [(0, 0), (0, 0), (1, 1), (1, 1)], mode=numpy_mode)
    y = layer(x)
    np.testing.assert_allclose(y.detach().numpy(), numpy_conv(padded, layer.weight.detach().numpy(), layer.bias.detach().numpy()), rtol=1e-4, atol=1e-5)


def test_same_padding_keeps_the_size():
    assert nn.Conv2d(3, (3, 4), padding="same", dilation=2)(deepseek.randn(1, 1, 9, 9)).shape == (1, 3, 9, 9)
    with pytest.raises(ValueError, match="stride 1"):
        nn.Conv2d(3, 3, padding="same", stride=2)


def test_transposed_convolution_is_the_transpose():
    layer = nn.ConvTranspose2d(3, 3, stride=2, padding=1, output_padding=1, bias=False)
    x = deepseek.randn(1, 2, 4, 5)
    y = layer(x)
    assert y.shape == (1, 3, 8, 10) and layer.weight.shape == (2, 3, 3, 3)
    z = deepseek.randn(*y.shape)
    back = deepseek.nn.functional.conv2d(z, layer.weight, None, 2, 1)
    np.testing.assert_allclose((y * z).sum().item(), (x * back).sum().item(), rtol=1e-4)


def test_initial_values():
    deepseek.manual_seed(3)
    for layer, x in ((nn.Linear(50), deepseek.randn(1, 25)), (nn.Conv2d(40, 5), deepseek.randn(1, 3, 5, 5))):
        layer(x)
        bound = 1 / np.sqrt(np.prod(layer.weight.shape[1:]))
        for p in layer.parameters():
            assert np.abs(p.detach().numpy()).max() <= bound and np.abs(p.detach().numpy()).max() > 0.8 * bound
            assert abs(p.detach().numpy().std() - bound / np.sqrt(3)) < 0.15 * bound
    weight = nn.Embedding(1000, 8, padding_idx=-1).weight.detach().numpy()
    assert abs(weight[:-1].std() - 1) < 0.05 and not weight[-1].any()
    w = nn.Parameter(deepseek.zeros(400, 100))
    assert abs(nn.init.xavier_normal_(w).detach().numpy().std() - np.sqrt(2 / 500)) < 2e-3
    assert abs(nn.init.kaiming_normal_(w, mode="fan_out", nonlinearity="relu").detach().numpy().std() - np.sqrt(2 / 400)) < 2e-3
    assert w.requires_grad and w.is_leaf
    q = nn.init.orthogonal_(w).detach().numpy()
    np.testing.assert_allclose(q.T @ q, np.eye(100), atol=1e-5)
    assert nn.init.calculate_gain("leaky_relu", 1.0) == 1.0
    with pytest.raises(ValueError, match="unknown nonlinearity"):
        nn.init.calculate_gain("wavy")
    with pytest.raises(ValueError, match="at least 2 dims"):
        nn.init.xavier_uniform_(deepseek.zeros(3))


@pytest.mark.parametrize("momentum", [0.3, None])
def test_batch_norm(momentum):
    layer = nn.BatchNorm1d(momentum=momentum)
    mean, var = np.zeros(3), np.ones(3)
    for step in range(1, 4):
        x = deepseek.randn(6, 3, 4) * 2 + 1
        y = layer(x)
        a = x.detach().numpy().astype(np.float64)
        m, v = a.mean((0, 2)), a.var((0, 2))
        np.testing.assert_allclose(y.detach().numpy(), (a - m[:, None]) / np.sqrt(v[:, None] + 1e-5), rtol=1e-3, atol=1e-4)
        weight = 1 / step if momentum is None else momentum
        mean += weight * (m - mean)
        var += weight * (v * 24 / 23 - var)
    np.testing.assert_allclose(layer.running_mean.detach().numpy(), mean, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(layer.running_var.detach().numpy(), var, rtol=1e-4)
    assert layer.num_batches_tracked.item() == 3
    x = deepseek.randn(2, 3)
    want = (x.detach().numpy() - mean) / np.sqrt(var + 1e-5)
    np.testing.assert_allclose(layer.eval()(x).detach().numpy(), want, rtol=1e-3, atol=1e-4)
    assert list(layer.state_dict()) == ["weight", "bias", "running_mean", "running_var", "num_batches_tracked"]
    with pytest.raises(ValueError, match="3 channels"):
        layer(deepseek.randn(2, 4))


def test_batch_norm_without_state():
    layer = nn.BatchNorm2d(track_running_stats=False, affine=False).eval()
    x = deepseek.randn(4, 2, 3, 3) + 5
    y = layer(x).detach().numpy()
    np.testing.assert_allclose(y.mean((0, 2, 3)), 0, atol=1e-5)
    assert layer.running_mean is None and list(layer.state_dict()) == []
    with pytest.raises(ValueError, match="more than one value per channel"):
        nn.BatchNorm1d()(deepseek.randn(1, 3))


def standardised(x, axes, eps=1e-5):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + eps)


def test_other_norms():
    x = deepseek.randn(3, 4, 5, 6) * 3 + 2
    a = x.detach().numpy().astype(np.float64)
    close = dict(rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(nn.LayerNorm()(x).detach().numpy(), standardised(a, (3,)), **close)
    np.testing.assert_allclose(nn.LayerNorm((5, 6))(x).detach().numpy(), standardised(a, (2, 3)), **close)
    np.testing.assert_allclose(nn.InstanceNorm2d()(x).detach().numpy(), standardised(a, (2, 3)), **close)
    grouped = standardised(a.reshape(3, 2, -1), (2,)).reshape(a.shape)
    np.testing.assert_allclose(nn.GroupNorm(2)(x).detach().numpy(), grouped, **close)
    rms = a / np.sqrt((a**2).mean(-1, keepdims=True) + np.finfo(np.float32).eps)
    np.testing.assert_allclose(nn.RMSNorm(6)(x).detach().numpy(), rms, **close)
    with pytest.raises(ValueError, match=r"end in \(5, 6\)"):
        nn.LayerNorm((5, 6))(deepseek.randn(2, 6, 6))


ACTIVATIONS = {
    "ReLU": lambda x: np.maximum(x, 0),
    "ReLU6": lambda x: np.clip(x, 0, 6),
    "LeakyReLU": lambda x: np.where(x > 0, x, 0.01 * x),
    "ELU": lambda x: np.where(x > 0, x, np.expm1(x)),
    "SELU": lambda x: 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x)),
    "CELU": lambda x: np.where(x > 0, x, np.expm1(x)),
    "SiLU": lambda x: x * scipy.special.expit(x),
    "Mish": lambda x: x * np.tanh(np.log1p(np.exp(x))),
    "GELU": lambda x: x * scipy.special.ndtr(x),
    "Sigmoid": scipy.special.expit,
    "LogSigmoid": scipy.special.log_expit,
    "Tanh": np.tanh,
    "Tanhshrink": lambda x: x - np.tanh(x),
    "Softsign": lambda x: x / (1 + np.abs(x)),
    "Softplus": lambda x: np.log1p(np.exp(x)),
    "Hardtanh": lambda x: np.clip(x, -1, 1),
    "Hardsigmoid": lambda x: np.clip(x + 3, 0, 6) / 6,
    "Hardswish": lambda x: x * np.clip(x + 3, 0, 6) / 6,
    "Softshrink": lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0),
    "Hardshrink": lambda x: np.where(np.abs(x) > 0.5, x, 0),
    "PReLU": lambda x: np.where(x > 0, x, 0.25 * x),
    "Softmax": lambda x: scipy.special.softmax(x, -1),
    "Softmin": lambda x: scipy.special.softmax(-x, -1),
    "LogSoftmax": lambda x: scipy.special.log_softmax(x, -1),
    "GLU": lambda x: x[:, :4] * scipy.special.expit(x[:, 4:]),
    "Identity": lambda x: x,
}


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activation(name):
    x = deepseek.randn(5, 8) * 3
    np.testing.assert_allclose(getattr(nn, name)()(x).detach().numpy(), ACTIVATIONS[name](x.detach().numpy().astype(np.float64)), rtol=1e-4, atol=1e-5)


def test_in_place_activation_writes_its_input():
    x = deepseek.randn(4)
    y = x * 1
    z = nn.ReLU(inplace=True)(y)
    np.testing.assert_array_equal(y.detach().numpy(), np.maximum(x.detach().numpy(), 0))
    assert z is y


def test_pools():
    x = deepseek.randn(2, 3, 8, 8)
    a = x.detach().numpy()
    blocks = a.reshape(2, 3, 4, 2, 4, 2)
    np.testing.assert_allclose(nn.MaxPool2d(2)(x).detach().numpy(), blocks.max((3, 5)))
    np.testing.assert_allclose(nn.AvgPool2d(2)(x).detach().numpy(), blocks.mean((3, 5)), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(nn.AdaptiveAvgPool2d(1)(x).detach().numpy()[..., 0, 0], a.mean((2, 3)), rtol=1e-4, atol=1e-6)
    assert nn.MaxPool1d(3, stride=2, padding=1)(deepseek.randn(1, 2, 9)).shape == (1, 2, 5)
    values, indices = nn.MaxPool2d(2, return_indices=True)(x)
    np.testing.assert_array_equal(np.take_along_axis(a.reshape(2, 3, 64), indices.detach().numpy().reshape(2, 3, 16), 2).reshape(values.shape), values.detach().numpy())


def test_dropout():
    deepseek.manual_seed(0)
    layer = nn.Dropout(0.25)
    y = layer(deepseek.ones(100, 100)).detach().numpy()
    assert abs((y == 0).mean() - 0.25) < 0.02
    np.testing.assert_allclose(y[y != 0], 1 / 0.75, rtol=1e-6)
    x = deepseek.randn(3)
    np.testing.assert_array_equal(layer.eval()(x).detach().numpy(), x.detach().numpy())
    z = nn.Dropout2d(0.5)(deepseek.ones(8, 16, 3, 3)).detach().numpy()
    assert set(np.unique(z.reshape(128, 9).std(1))) == {0.0} and 0 < (z == 0).mean() < 1
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        nn.Dropout(1.5)


def test_embedding_padding_gets_no_gradient():
    layer = nn.Embedding(5, 3, padding_idx=0)
    index = deepseek.tensor([[0, 1], [1, 4]])
    y = layer(index)
    np.testing.assert_array_equal(y.detach().numpy(), layer.weight.detach().numpy()[index.detach().numpy()])
    y.sum().backward()
    np.testing.assert_array_equal(layer.weight.grad.detach().numpy()[:, 0], [0, 2, 0, 0, 1])


def test_shapes():
    x = deepseek.randn(2, 3, 4, 5)
    assert nn.Flatten()(x).shape == (2, 60)
    assert nn.Unflatten(1, (3, -1))(deepseek.randn(2, 12)).shape == (2, 3, 4)
    np.testing.assert_array_equal(nn.ZeroPad2d((1, 2, 3, 4))(x).detach().numpy(), np.pad(x.detach().numpy(), [(0, 0), (0, 0), (3, 4), (1, 2)]))
    np.testing.assert_array_equal(nn.ReflectionPad2d(1)(x).detach().numpy(), np.pad(x.detach().numpy(), [(0, 0), (0, 0), (1, 1), (1, 1)], mode="reflect"))
    assert nn.Upsample(scale_factor=2)(x).shape == (2, 3, 8, 10)
    with pytest.raises(ValueError, match="cannot be split"):
        nn.Unflatten(1, (5, 2))(deepseek.randn(2, 12))


def test_bilinear():
    layer = nn.Bilinear(4)
    a, b = deepseek.randn(6, 3), deepseek.randn(6, 5)
    y = layer(a, b)
    want = np.einsum("ni,kij,nj->nk", a.detach().numpy(), layer.weight.detach().numpy(), b.detach().numpy()) + layer.bias.detach().numpy()
    np.testing.assert_allclose(y.detach().numpy(), want, rtol=1e-4, atol=1e-5)


def test_class_losses():
    scores, target = deepseek.randn(6, 4), deepseek.tensor([0, 3, 1, 1, 2, 0])
    logp = scipy.special.log_softmax(scores.detach().numpy(), 1)
    picked = -logp[np.arange(6), target.detach().numpy()]
    np.testing.assert_allclose(nn.CrossEntropyLoss()(scores, target).item(), picked.mean(), rtol=1e-5)
    np.testing.assert_allclose(nn.CrossEntropyLoss(reduction="none")(scores, target=target).detach().numpy(), picked, rtol=1e-5)
    np.testing.assert_allclose(nn.NLLLoss(reduction="sum")(deepseek.tensor(logp), target).item(), picked.sum(), rtol=1e-5)
    with pytest.raises(ValueError, match="reduction must be"):
        nn.CrossEntropyLoss(reduction="avg")
    with pytest.raises(TypeError, match="input and target"):
        nn.CrossEntropyLoss()(scores)


def test_attention():
    layer = nn.MultiheadAttention(8, 2, batch_first=True)
    x = deepseek.randn(3, 5, 8)
    out, weights = layer(x, x, x)
    w, b = layer.in_proj_weight.detach().numpy(), layer.in_proj_bias.detach().numpy()
    q, k, v = np.split(x.detach().numpy() @ w.T + b, 3, -1)
    heads = [t.reshape(3, 5, 2, 4).transpose(0, 2, 1, 3) for t in (q, k, v)]
    p = scipy.special.softmax(heads[0] @ heads[1].transpose(0, 1, 3, 2) / 2, -1)
    joined = (p @ heads[2]).transpose(0, 2, 1, 3).reshape(3, 5, 8)
    np.testing.assert_allclose(out.detach().numpy(), joined @ layer.out_proj.weight.detach().numpy().T + layer.out_proj.bias.detach().numpy(), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(weights.detach().numpy(), p.mean(1), rtol=1e-3, atol=1e-5)
    fast, none = layer(x, x, x, need_weights=False)
    assert none is None
    np.testing.assert_allclose(fast.detach().numpy(), out.detach().numpy(), rtol=1e-3, atol=1e-5)
    assert list(layer.state_dict()) == ["in_proj_weight", "in_proj_bias", "out_proj.weight", "out_proj.bias"]


def test_transformer_layer():
    layer = nn.TransformerEncoderLayer(8, 2, dim_feedforward=16, batch_first=True).eval()
    x = deepseek.randn(2, 4, 8)
    mask = deepseek.tensor(np.triu(np.ones((4, 4), bool), 1))
    y = layer(x, src_mask=mask).detach().numpy()
    changed = x.detach().numpy().copy()
    changed[:, -1] += 1
    np.testing.assert_allclose(layer(deepseek.tensor(changed), src_mask=mask).detach().numpy()[:, :-1], y[:, :-1], rtol=1e-4, atol=1e-5)
    assert "self_attn.out_proj.weight" in layer.state_dict() and "norm2.bias" in layer.state_dict()


def test_every_layer_is_documented():
    for name in deepseek._C.layer_names + deepseek._C.model_names:
        cls = getattr(deepseek._C, name)
        assert cls.__doc__ and len(inspect.getdoc(cls)) > 15, name
        assert "def __init__" in cls.__init__.__doc__ or "__init__(self" in cls.__init__.__doc__, name
