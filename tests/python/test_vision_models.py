"""Networks for images and volumes: published sizes and names, outputs against numpy, copies, mistakes."""

import copy
import pickle

import numpy as np
import pytest

import deepseek
from deepseek import models, nn
from deepseek.nn import functional as F

PUBLISHED = {"lenet": 61706, "resnet18": 11689512, "resnet34": 21797672, "resnet50": 25557032, "resnet101": 44549160, "resnet20": 269722,
             "resnet56": 853018, "mobilenet_v2": 3504872}


# ---- the networks once more, in numpy, from their weights ----

def windows(x, kernel, stride):
    spatial = tuple(range(2, x.ndim))
    view = np.lib.stride_tricks.sliding_window_view(x, kernel, spatial)
    return view[(slice(None), slice(None)) + (slice(None, None, stride),) * len(spatial)]


def padded(x, before, after=None, value=0.0):
    after = before if after is None else after
    return np.pad(x, [(0, 0), (0, 0)] + [(before, after)] * (x.ndim - 2), constant_values=value)


def conv(w, name, x, stride=1, pad=0, groups=1):
    weight, bias = w[f"{name}.weight"], w.get(f"{name}.bias")
    n = weight.ndim - 2
    v = windows(padded(x, pad), weight.shape[2:], stride)
    dims = tuple(range(-n, 0))
    parts = [np.tensordot(a, b, ((1, *(d + a.ndim for d in dims)), (1, *range(2, n + 2))))
             for a, b in zip(np.split(v, groups, 1), np.split(weight, groups, 0))]
    out = np.moveaxis(np.concatenate(parts, -1), -1, 1)
    return out if bias is None else out + bias.reshape(1, -1, *[1] * n)


def norm(w, name, x):
    shape = (1, -1, *[1] * (x.ndim - 2))
    mean, var = (w[f"{name}.running_{k}"].reshape(shape) for k in ("mean", "var"))
    return (x - mean) / np.sqrt(var + 1e-5) * w[f"{name}.weight"].reshape(shape) + w[f"{name}.bias"].reshape(shape)


def instance_norm(w, name, x):
    axes, shape = tuple(range(2, x.ndim)), (1, -1, *[1] * (x.ndim - 2))
    x = (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)
    return x * w[f"{name}.weight"].reshape(shape) + w[f"{name}.bias"].reshape(shape)


def relu(x):
    return np.maximum(x, 0)


def max_pool(x, kernel, stride, pad=0):
    n = x.ndim - 2
    return windows(padded(x, pad, value=-np.inf), (kernel,) * n, stride).max(tuple(range(-n, 0)))


def linear(w, name, x):
    return x @ w[f"{name}.weight"].T + w[f"{name}.bias"]


def weights_of(net):
    """Weights as float64 numpy arrays, after batch norm has been given statistics that are not 0 and 1."""
    rng = np.random.default_rng(1)
    state = net.state_dict()
    for name, t in state.items():
        if name.endswith("running_mean") or (name.endswith("bias") and name.replace("bias", "running_mean") in state):
            state[name] = deepseek.tensor(rng.normal(0, 0.1, t.shape).astype("float32"))
        elif name.endswith("running_var") or (name.endswith("weight") and t.ndim == 1):
            state[name] = deepseek.tensor(rng.uniform(0.5, 1.5, t.shape).astype("float32"))
    net.load_state_dict(state)
    return {k: v.detach().numpy().astype("float64") for k, v in net.eval().state_dict().items()}


def compare(net, x, expected, tolerance=2e-5):
    with deepseek.no_grad():
        got = net(deepseek.tensor(x.astype("float32"))).numpy()
    assert got.shape == expected.shape
    np.testing.assert_allclose(got, expected, rtol=0, atol=tolerance * np.abs(expected).max())


def resnet_in_numpy(w, x, block, blocks):
    x = max_pool(relu(norm(w, "bn1", conv(w, "conv1", x, 2, 3))), 3, 2, 1)
    for stage in range(1, 5):
        for i in range(blocks):
            p, stride = f"layer{stage}.{i}.", 2 if i == 0 and stage > 1 else 1
            shortcut = x
            if f"{p}downsample.0.weight" in w:
                shortcut = norm(w, f"{p}downsample.1", conv(w, f"{p}downsample.0", x, stride))
            if block == "basic":
                y = relu(norm(w, f"{p}bn1", conv(w, f"{p}conv1", x, stride, 1)))
                y = norm(w, f"{p}bn2", conv(w, f"{p}conv2", y, 1, 1))
            else:
                y = relu(norm(w, f"{p}bn1", conv(w, f"{p}conv1", x)))
                y = relu(norm(w, f"{p}bn2", conv(w, f"{p}conv2", y, stride, 1)))
                y = norm(w, f"{p}bn3", conv(w, f"{p}conv3", y))
            x = relu(y + shortcut)
    return linear(w, "fc", x.mean((2, 3)))


@pytest.mark.parametrize("block", ["basic", "bottleneck"])
def test_resnet_agrees_with_numpy(block):
    net = models.ResNet((2, 2, 2, 2), 7, block)
    x = np.random.default_rng(0).normal(size=(2, 3, 45, 38))
    compare(net, x, resnet_in_numpy(weights_of(net), x, block, 2))


@pytest.mark.parametrize("shortcut", ["pad", "projection"])
def test_cifar_resnet_agrees_with_numpy(shortcut):
    net = models.CifarResNet(14, 5, shortcut)
    w, x = weights_of(net), np.random.default_rng(0).normal(size=(3, 3, 17, 16))
    y = relu(norm(w, "bn1", conv(w, "conv1", x, 1, 1)))
    for stage in range(1, 4):
        for i in range(2):
            p, stride = f"layer{stage}.{i}.", 2 if i == 0 and stage > 1 else 1
            more = 8 * 2 ** (stage - 1)
            if f"{p}downsample.0.weight" in w:
                side = norm(w, f"{p}downsample.1", conv(w, f"{p}downsample.0", y, stride))
            else:
                side = y if stride == 1 else np.pad(y[:, :, ::2, ::2], ((0, 0), (more // 2, more // 2), (0, 0), (0, 0)))
            h = relu(norm(w, f"{p}bn1", conv(w, f"{p}conv1", y, stride, 1)))
            y = relu(norm(w, f"{p}bn2", conv(w, f"{p}conv2", h, 1, 1)) + side)
    compare(net, x, linear(w, "linear", y.mean((2, 3))))


@pytest.mark.parametrize("padding,size", [("symmetric", (64, 50)), ("same", (64, 50)), ("same", (57, 33))])
def test_mobilenet_agrees_with_numpy(padding, size):
    net = models.mobilenet_v2(6, 0.5, padding)
    w, x = weights_of(net), np.random.default_rng(0).normal(size=(2, 3, *size))

    def unit(name, x, kernel, stride=1, groups=1):
        if padding == "same" and stride == 2:
            for axis in (2, 3):
                total = max((-(-x.shape[axis] // 2) - 1) * 2 + kernel - x.shape[axis], 0)
                x = np.pad(x, [(total // 2, total - total // 2) if a == axis else (0, 0) for a in range(4)])
            pad = 0
        else:
            pad = (kernel - 1) // 2
        return np.clip(norm(w, f"{name}.1", conv(w, f"{name}.0", x, stride, pad, groups)), 0, 6)

    y = unit("features.0", x, 3, 2)
    at = 1
    for expand, blocks, first in [(1, 1, 1), (6, 2, 2), (6, 3, 2), (6, 4, 2), (6, 3, 1), (6, 3, 2), (6, 1, 1)]:
        for i in range(blocks):
            p, h = f"features.{at}.conv.", y
            if expand != 1:
                h = unit(f"{p}0", h, 1)
            depthwise = 0 if expand == 1 else 1
            h = unit(f"{p}{depthwise}", h, 3, first if i == 0 else 1, h.shape[1])
            h = norm(w, f"{p}{depthwise + 2}", conv(w, f"{p}{depthwise + 1}", h))
            y = y + h if i > 0 else h
            at += 1
    y = unit(f"features.{at}", y, 1)
    compare(net, x, linear(w, "classifier.1", y.mean((2, 3))))


@pytest.mark.parametrize("kind", ["instance", "batch", "none"])
def test_unet3d_agrees_with_numpy(kind):
    net = models.unet3d(2, (3, 4, 6), kind, in_channels=2)
    w, x = weights_of(net), np.random.default_rng(0).normal(size=(2, 2, 8, 12, 4))

    def block(name, x):
        for i in (1, 2):
            x = conv(w, f"{name}.conv{i}", x, 1, 1)
            x = relu({"instance": instance_norm, "batch": norm, "none": lambda w, n, x: x}[kind](w, f"{name}.norm{i}", x))
        return x

    levels = [block("encoder0", x)]
    for i in (1, 2):
        levels.append(block(f"encoder{i}", max_pool(levels[-1], 2, 2)))
    y = levels[2]
    for i in (1, 0):
        up = np.einsum("ncdhw,cokij->nodkhiwj", y, w[f"up{i}.weight"])
        up = up.reshape(up.shape[0], up.shape[1], *(2 * s for s in y.shape[2:])) + w[f"up{i}.bias"].reshape(1, -1, 1, 1, 1)
        y = block(f"decoder{i}", np.concatenate([levels[i], up], 1))
    compare(net, x, conv(w, "head", y))


def test_lenet_and_luna_agree_with_numpy():
    rng = np.random.default_rng(0)
    net = models.lenet()
    w, x = weights_of(net), rng.normal(size=(3, 1, 28, 28))
    y = max_pool(relu(conv(w, "conv1", x, 1, 2)), 2, 2)
    y = max_pool(relu(conv(w, "conv2", y)), 2, 2).reshape(3, -1)
    compare(net, x, linear(w, "fc3", relu(linear(w, "fc2", relu(linear(w, "fc1", y))))))

    net = models.luna_model(2)
    w, x = weights_of(net), rng.normal(size=(2, 1, 32, 48, 48))
    y = norm(w, "tail_batchnorm", x)
    for i in range(1, 5):
        y = max_pool(relu(conv(w, f"block{i}.conv2", relu(conv(w, f"block{i}.conv1", y, 1, 1)), 1, 1)), 2, 2)
    compare(net, x, linear(w, "head_linear", y.reshape(2, -1)))


# ---- sizes and names ----

@pytest.mark.parametrize("name", PUBLISHED)
def test_published_numbers_of_parameters(name):
    assert sum(p.numel() for p in getattr(models, name)().parameters()) == PUBLISHED[name]


def test_sizes_in_documentation():
    for make, n in ((models.unet3d, 1401265), (models.luna_model, 222220)):
        assert sum(p.numel() for p in make().parameters()) == n and f"{n:,}" in make.__doc__
    for name, n in PUBLISHED.items():
        assert f"{n:,}" in getattr(models, name).__doc__


def test_torchvision_names():
    keys = list(models.resnet18().state_dict())
    assert len(keys) == 122 and keys[0] == "conv1.weight" and keys[-1] == "fc.bias"
    assert {"layer1.1.bn2.running_var", "layer2.0.downsample.0.weight", "layer4.0.downsample.1.num_batches_tracked"} <= set(keys)
    assert not any(k.startswith("layer1.0.downsample") for k in keys)
    assert len(models.resnet34().state_dict()) == 218
    state = models.mobilenet_v2().state_dict()
    assert len(state) == 314
    shapes = {"features.0.0.weight": (32, 3, 3, 3), "features.1.conv.0.0.weight": (32, 1, 3, 3), "features.1.conv.1.weight": (16, 32, 1, 1),
              "features.2.conv.0.0.weight": (96, 16, 1, 1), "features.2.conv.1.1.running_mean": (96,), "features.17.conv.3.bias": (320,),
              "features.18.0.weight": (1280, 320, 1, 1), "classifier.1.weight": (1000, 1280)}
    assert {k: state[k].shape for k in shapes} == shapes
    assert list(models.mobilenet_v2(padding="same").state_dict()) == list(state)


def test_width_of_mobilenet():
    # The trainable parameters that Keras gives for these widths.
    counts = {w: sum(p.numel() for p in models.mobilenet_v2(width_mult=w).parameters()) for w in (0.5, 1.4)}
    assert counts == {0.5: 1968680, 1.4: 6108776}


# ---- what every network must do ----

SMALL = {
    "lenet": (lambda: models.lenet(3), (1, 28, 28)), "basic": (lambda: models.ResNet((1, 1, 1, 1), 3, "basic"), (3, 32, 32)),
    "bottleneck": (lambda: models.ResNet((1, 1, 1, 1), 3), (3, 32, 32)), "cifar": (lambda: models.CifarResNet(8, 3), (3, 16, 16)),
    "mobilenet": (lambda: models.MobileNetV2(3, 0.1, 0.0, "same"), (3, 40, 40)), "unet3d": (lambda: models.unet3d(3, (2, 4)), (1, 8, 8, 8)),
    "unet3d-batch": (lambda: models.unet3d(3, (2, 4), "batch"), (1, 4, 8, 8)), "luna": (lambda: models.luna_model(2), (1, 32, 48, 48)),
}


@pytest.mark.parametrize("name", SMALL)
def test_training_reaches_every_parameter(name):
    deepseek.manual_seed(0)
    make, shape = SMALL[name]
    net = make()
    x = deepseek.randn(4, *shape)
    optimiser = deepseek.optim.Adam(net.parameters(), lr=0.002)
    first = None
    for _ in range(8):
        optimiser.zero_grad()
        out = net(x)
        target = (deepseek.arange(out.shape[0]) % out.shape[1]).reshape(-1, *[1] * (out.ndim - 2)).expand(out.shape[0], *out.shape[2:])
        loss = F.cross_entropy(out, target)
        loss.backward()
        if first is None:
            first = loss.item()
            assert all(p.grad is not None and np.isfinite(p.grad.numpy()).all() for p in net.parameters())
        optimiser.step()
    assert loss.item() < first


@pytest.mark.parametrize("name", SMALL)
def test_copies_pickles_and_texts(name):
    make, shape = SMALL[name]
    net = make().eval()
    x = deepseek.randn(2, *shape)
    with deepseek.no_grad():
        out = net(x).numpy()
        for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
            assert np.array_equal(twin(x).numpy(), out) and list(twin.state_dict()) == list(net.state_dict())
            assert repr(twin) == repr(net)
        again = make()
        again.load_state_dict(net.state_dict())
        assert np.array_equal(again.eval()(x).numpy(), out)
    assert "Parameters" in net.summary(shape)
    model = deepseek.Model(symbol := deepseek.Input(shape), net(symbol))
    np.testing.assert_allclose(model.eval()(x).detach().numpy(), out, rtol=1e-5, atol=1e-6)


def test_a_replaced_layer_is_used_and_a_missing_one_is_named():
    net = models.ResNet((1, 1, 1, 1), 3, "basic")
    net.fc = nn.Linear(5)
    assert net(deepseek.randn(2, 3, 32, 32)).shape == (2, 5)
    net.fc = None
    with pytest.raises(ValueError, match="child 'fc' is missing"):
        net(deepseek.randn(2, 3, 32, 32))


@pytest.mark.parametrize("make,message", [
    (lambda: models.ResNet((1, 2), 3), "layers must be one number or 4"),
    (lambda: models.ResNet(block="wide"), "'basic' or 'bottleneck', but is 'wide'"),
    (lambda: models.CifarResNet(21), r"6n \+ 2"),
    (lambda: models.CifarResNet(shortcut="skip"), "'projection' or 'pad', but is 'skip'"),
    (lambda: models.mobilenet_v2(padding="valid"), "'symmetric' or 'same', but is 'valid'"),
    (lambda: models.mobilenet_v2(width_mult=-1.0), "width_mult must be above 0"),
    (lambda: models.mobilenet_v2(width_mult=float("nan")), "width_mult must be above 0"),
    (lambda: models.unet3d(1, (4,)), "at least 2 numbers"),
    (lambda: models.unet3d(norm="layer"), "but is 'layer'"),
    (lambda: models.unet3d(1, (4, 8))(deepseek.randn(1, 1, 7, 8, 8)), "multiples of 2"),
    (lambda: models.lenet()(deepseek.randn(1, 1, 32, 32)), r"\(N, 1, 28, 28\)"),
    (lambda: models.luna_model()(deepseek.randn(1, 1, 32, 48, 32)), r"\(N, 1, 32, 48, 48\)"),
    (lambda: models.resnet18(0), "at least 1"),
    (lambda: models.SamePad2d(3, 0), "at least 1"),
    (lambda: models.InvertedResidual(8, in_channels=8, stride=3), "stride 1 or 2"),
    (lambda: models.BasicBlock(8), "in_channels"),
])
def test_mistakes(make, message):
    with pytest.raises(ValueError, match=message):
        make()
