"""torch's transformer layers: against plain numpy, and against torch where it is installed."""

import copy
import pickle

import numpy as np
import pytest
import scipy.special

import deepseek
from deepseek import nn

D, H, FF = 16, 4, 24


def values(t):
    return t.detach().numpy()


def randomised(net):
    rng = np.random.default_rng(2)
    for p in net.parameters():
        p.data = deepseek.tensor(rng.normal(0, 0.3, p.shape).astype(np.float32))
    return net.eval()


def draw(*shape, seed=1):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def attention(w, name, q, memory, mask):
    weight, bias = w[name + ".in_proj_weight"], w[name + ".in_proj_bias"]
    parts = [x @ weight[i * D : (i + 1) * D].T + bias[i * D : (i + 1) * D] for i, x in enumerate((q, memory, memory))]
    qh, kh, vh = (t.reshape(*t.shape[:2], H, D // H).transpose(0, 2, 1, 3) for t in parts)
    p = scipy.special.softmax(qh @ kh.transpose(0, 1, 3, 2) / np.sqrt(D // H) + mask, -1)
    joined = (p @ vh).transpose(0, 2, 1, 3).reshape(q.shape)
    return joined @ w[name + ".out_proj.weight"].T + w[name + ".out_proj.bias"]


def norm(x, w, name):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + 1e-5) * w[name + ".weight"] + w[name + ".bias"]


@pytest.mark.parametrize("batch_first", [False, True])
@pytest.mark.parametrize("norm_first", [False, True])
def test_decoder_layer_equals_numpy(batch_first, norm_first):
    layer = randomised(nn.TransformerDecoderLayer(D, H, FF, batch_first=batch_first, norm_first=norm_first, activation="gelu"))
    w = {k: values(v).astype(np.float64) for k, v in layer.state_dict().items()}
    tgt, memory = draw(3, 5, D), draw(3, 7, D, seed=2)
    hidden, padded = np.triu(np.ones((5, 5), bool), 1), np.arange(7) >= np.array([[7], [4], [6]])

    def feed(x):
        h = x @ w["linear1.weight"].T + w["linear1.bias"]
        return (h * scipy.special.ndtr(h)) @ w["linear2.weight"].T + w["linear2.bias"]

    x = tgt.astype(np.float64)
    for i, block in enumerate((lambda t: attention(w, "self_attn", t, t, np.where(hidden, -np.inf, 0)),
                               lambda t: attention(w, "multihead_attn", t, memory, np.where(padded, -np.inf, 0)[:, None, None, :]), feed), 1):
        x = x + block(norm(x, w, f"norm{i}")) if norm_first else norm(x + block(x), w, f"norm{i}")
    turn = (lambda t: t) if batch_first else (lambda t: np.ascontiguousarray(np.swapaxes(t, 0, 1)))
    masks = dict(tgt_mask=deepseek.tensor(hidden), memory_key_padding_mask=deepseek.tensor(padded))
    for causal in (False, True):
        y = values(layer(deepseek.tensor(turn(tgt)), deepseek.tensor(turn(memory)), tgt_is_causal=causal, **masks))
        np.testing.assert_allclose(turn(y), x, rtol=1e-4, atol=1e-4)


def test_encoder_copies_its_layer():
    layer = randomised(nn.TransformerEncoderLayer(D, H, FF, batch_first=True))
    encoder = nn.TransformerEncoder(layer, 3, nn.LayerNorm(D)).eval()
    x = deepseek.tensor(draw(2, 5, D))
    y = x
    for _ in range(3):
        y = layer(y)
    np.testing.assert_allclose(values(encoder(x)), values(encoder.norm(y)), rtol=1e-5, atol=1e-5)
    assert encoder.layers[0] is not layer and len(list(encoder.parameters())) == 3 * len(list(layer.parameters())) + 2
    encoder.layers[1].linear1.bias.data = deepseek.ones(FF)
    twins = copy.deepcopy(encoder), pickle.loads(pickle.dumps(encoder))
    for twin in twins:
        np.testing.assert_array_equal(values(twin(x)), values(encoder(x)))
    calls = []
    encoder.layers[2].register_forward_hook(lambda m, args, out: calls.append(out.shape))
    encoder(x)
    assert calls == [(2, 5, D)]
    with pytest.raises(TypeError, match="takes no masks here"):
        encoder(x, mask=deepseek.zeros(5, 5))


def test_wrong_calls_are_refused():
    with pytest.raises(TypeError, match="encoder_layer must be a module"):
        nn.TransformerEncoder(3, 2)
    with pytest.raises(ValueError, match="num_layers must not be negative"):
        nn.TransformerEncoder(nn.TransformerEncoderLayer(D, H), -1)
    layer = nn.TransformerEncoderLayer(D, H, FF, batch_first=True).eval()
    with pytest.raises(ValueError, match="TransformerDecoderLayer: activation"):
        nn.TransformerDecoderLayer(D, H, activation="tanh")
    with pytest.raises(TypeError, match="no argument 'mask'"):
        layer(deepseek.randn(2, 3, D), mask=deepseek.zeros(3, 3))
    with pytest.raises(ValueError, match=r"attn_mask must be \(3, 3\)"):
        layer(deepseek.randn(2, 3, D), src_mask=deepseek.zeros(4, 4))
    with pytest.raises(ValueError, match=r"key_padding_mask must be \(2, 3\)"):
        layer(deepseek.randn(2, 3, D), src_key_padding_mask=deepseek.zeros(3, 2))
    with pytest.raises(ValueError, match="is_causal is a hint"):
        layer(deepseek.randn(2, 3, D), is_causal=True)


@pytest.mark.parametrize("batch_first", [False, True])
def test_transformer_equals_torch(batch_first):
    torch = pytest.importorskip("torch")
    arguments = (D, H, 2, 2, FF)
    net, twin = nn.Transformer(*arguments, batch_first=batch_first), torch.nn.Transformer(*arguments, batch_first=batch_first).eval()
    assert list(net.state_dict()) == list(twin.state_dict())
    randomised(net)
    twin.load_state_dict({k: torch.from_numpy(values(v).copy()) for k, v in net.state_dict().items()})
    src, tgt = (draw(2, 6, D), draw(2, 5, D, seed=3)) if batch_first else (draw(6, 2, D), draw(5, 2, D, seed=3))
    mask, padding = torch.triu(torch.ones(5, 5, dtype=torch.bool), 1), torch.arange(6) >= torch.tensor([[6], [4]])
    theirs = twin(torch.from_numpy(src), torch.from_numpy(tgt), tgt_mask=mask, src_key_padding_mask=padding, memory_key_padding_mask=padding)
    ours = net(deepseek.tensor(src), deepseek.tensor(tgt), tgt_mask=deepseek.tensor(mask.numpy()),
               src_key_padding_mask=deepseek.tensor(padding.numpy()), memory_key_padding_mask=deepseek.tensor(padding.numpy()))
    np.testing.assert_allclose(values(ours), theirs.detach().numpy(), rtol=1e-5, atol=1e-5)
    weight = draw(*theirs.shape, seed=4)
    (ours * deepseek.tensor(weight)).sum().backward()
    (theirs * torch.from_numpy(weight)).sum().backward()
    wanted = {k: p.grad.numpy() for k, p in twin.named_parameters()}
    for name, p in net.named_parameters():
        assert np.abs(p.grad.numpy() - wanted[name]).max() <= 1e-4 * max(np.abs(wanted[name]).max(), 1e-3), name
