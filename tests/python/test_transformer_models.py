"""BERT, GPT-2, ViT and the time-series transformer against plain numpy, and against torch where it is installed."""

import copy
import math

import numpy as np
import printed_plans
import pytest
import scipy.special
import scipy.stats

import deepseek
from deepseek import models

GPT2 = dict(vocab_size=61, n_positions=24, n_embd=32, n_layer=2, n_head=4)
BERT = dict(vocab_size=67, hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=48, max_position_embeddings=20)
VIT = dict(image_size=16, patch_size=4, num_layers=2, num_heads=4, hidden_dim=32, mlp_dim=48, num_classes=7)


def randomised(net):
    """The net with weights away from zero, so that every term shows in the outputs."""
    rng = np.random.default_rng(5)
    for p in net.parameters():
        p.data = deepseek.tensor(rng.normal(0, 0.2, p.shape).astype(np.float32))
    return net


def arrays(net):
    return {k: v.numpy().astype(np.float64) for k, v in net.state_dict().items()}


def norm(x, w, name, eps):
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + eps) * w[name + ".weight"] + w[name + ".bias"]


def dense(x, w, name):
    return x @ w[name + ".weight"].T + w[name + ".bias"]


def heads(q, k, v, n, mask=0.0):
    def split(t):
        return t.reshape(*t.shape[:2], n, -1).transpose(0, 2, 1, 3)

    scores = split(q) @ split(k).transpose(0, 1, 3, 2) / math.sqrt(q.shape[2] // n) + mask
    return (scipy.special.softmax(scores, -1) @ split(v)).transpose(0, 2, 1, 3).reshape(q.shape)


def gelu(x):
    return x * scipy.special.ndtr(x)


def gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def numpy_gpt2(w, ids):
    conv = lambda x, name: x @ w[name + ".weight"] + w[name + ".bias"]  # noqa: E731
    x = w["transformer.wte.weight"][ids] + w["transformer.wpe.weight"][: ids.shape[1]]
    causal = np.where(np.tri(ids.shape[1], dtype=bool), 0, -np.inf)
    for i in range(GPT2["n_layer"]):
        h = f"transformer.h.{i}."
        q, k, v = np.split(conv(norm(x, w, h + "ln_1", 1e-5), h + "attn.c_attn"), 3, -1)
        x = x + conv(heads(q, k, v, GPT2["n_head"], causal), h + "attn.c_proj")
        x = x + conv(gelu_tanh(conv(norm(x, w, h + "ln_2", 1e-5), h + "mlp.c_fc")), h + "mlp.c_proj")
    return norm(x, w, "transformer.ln_f", 1e-5) @ w["lm_head.weight"].T


def numpy_bert(w, ids, types, seen):
    x = w["embeddings.word_embeddings.weight"][ids] + w["embeddings.token_type_embeddings.weight"][types]
    x = norm(x + w["embeddings.position_embeddings.weight"][: ids.shape[1]], w, "embeddings.LayerNorm", 1e-12)
    mask = np.where(seen, 0, -np.inf)[:, None, None, :]
    for i in range(BERT["num_hidden_layers"]):
        p = f"encoder.layer.{i}."
        q, k, v = (dense(x, w, f"{p}attention.self.{n}") for n in ("query", "key", "value"))
        x = norm(dense(heads(q, k, v, BERT["num_attention_heads"], mask), w, p + "attention.output.dense") + x, w, p + "attention.output.LayerNorm", 1e-12)
        x = norm(dense(gelu(dense(x, w, p + "intermediate.dense")), w, p + "output.dense") + x, w, p + "output.LayerNorm", 1e-12)
    return x, np.tanh(dense(x[:, 0], w, "pooler.dense"))


def numpy_vit(w, images):
    n, c, size, _ = images.shape
    p, side = VIT["patch_size"], size // VIT["patch_size"]
    patches = images.reshape(n, c, side, p, side, p).transpose(0, 2, 4, 1, 3, 5).reshape(n, side * side, -1)
    x = patches @ w["conv_proj.weight"].reshape(VIT["hidden_dim"], -1).T + w["conv_proj.bias"]
    x = np.concatenate([np.broadcast_to(w["class_token"], (n, 1, VIT["hidden_dim"])), x], 1) + w["encoder.pos_embedding"]
    for i in range(VIT["num_layers"]):
        b = f"encoder.layers.encoder_layer_{i}."
        h = norm(x, w, b + "ln_1", 1e-6)
        q, k, v = np.split(h @ w[b + "self_attention.in_proj_weight"].T + w[b + "self_attention.in_proj_bias"], 3, -1)
        x = x + dense(heads(q, k, v, VIT["num_heads"]), w, b + "self_attention.out_proj")
        x = x + dense(gelu(dense(norm(x, w, b + "ln_2", 1e-6), w, b + "mlp.0")), w, b + "mlp.3")
    return dense(norm(x, w, "encoder.ln", 1e-6)[:, 0], w, "heads.head")


def values(tensor):
    return tensor.detach().numpy()


def ids_of(shape, high, seed=1):
    return np.random.default_rng(seed).integers(0, high, shape)


def test_parameter_counts():
    count = lambda net: sum(p.numel() for p in net.parameters())  # noqa: E731
    assert count(models.bert_base()) == 109_482_240
    assert count(models.gpt2()) == 124_439_808
    assert count(models.vit_b_16()) == 86_567_656


def test_parameter_counts_of_the_large_ones_by_formula():
    # One layer more of each kind, times the layers, plus the rest.
    count = lambda net: sum(p.numel() for p in net.parameters())  # noqa: E731
    for make, layers, key, total in ((models.gpt2_medium, 24, "n_layer", 354_823_168), (models.bert_large, 24, "num_hidden_layers", 335_141_888)):
        none, one = count(make(**{key: 0})), count(make(**{key: 1}))
        assert none + layers * (one - none) == total


def test_gpt2_equals_numpy():
    net, ids = randomised(models.gpt2(**GPT2)).eval(), ids_of((3, 11), 61)
    np.testing.assert_allclose(values(net(deepseek.tensor(ids))), numpy_gpt2(arrays(net), ids), rtol=1e-4, atol=1e-4)


def test_bert_equals_numpy():
    net = randomised(models.bert_base(**BERT)).eval()
    ids, types = ids_of((3, 9), 67), ids_of((3, 9), 2)
    seen = np.arange(9) < np.array([[9], [4], [6]])
    states, pooled = net(deepseek.tensor(ids), attention_mask=deepseek.tensor(seen.astype(np.int64)), token_type_ids=deepseek.tensor(types))
    wanted, wanted_pooled = numpy_bert(arrays(net), ids, types, seen)
    np.testing.assert_allclose(values(states)[seen], wanted[seen], rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(values(pooled), wanted_pooled, rtol=1e-4, atol=1e-4)


def test_vit_equals_numpy():
    net = randomised(models.vit_b_16(**VIT)).eval()
    images = np.random.default_rng(3).normal(size=(2, 3, 16, 16)).astype(np.float32)
    np.testing.assert_allclose(values(net(deepseek.tensor(images))), numpy_vit(arrays(net), images), rtol=1e-4, atol=1e-4)


def test_time_series_transformer():
    net = models.time_series_transformer(5, 3, steps=12, d_model=16, nhead=2, num_layers=2, dim_feedforward=24, causal=True, pool="last").eval()
    x = np.random.default_rng(4).normal(size=(2, 12, 5)).astype(np.float32)
    # A causal net over the first steps gives what it gives over all of them, cut there.
    inner = net.encoder(net.input(deepseek.tensor(x)) + net.positions, mask=deepseek.tensor(~np.tri(12, dtype=bool)), is_causal=True)
    short = net(deepseek.tensor(x[:, :7]))
    np.testing.assert_allclose(values(net.head(inner[:, 6])), values(short), rtol=1e-4, atol=1e-5)
    with pytest.raises(ValueError, match="1 to 12 steps, 5 features"):
        net(deepseek.randn(2, 13, 5))
    assert net.train()(deepseek.tensor(x)).shape == (2, 3)


def test_tied_weights_stay_tied():
    for net, one, other in ((models.gpt2(**GPT2), "transformer.wte", "lm_head"),
                            (models.BertForMaskedLM(**BERT), "bert.embeddings.word_embeddings", "cls.predictions.decoder")):
        for twin in (net, copy.deepcopy(net)):
            assert twin.get_parameter(one + ".weight") is twin.get_parameter(other + ".weight")
            names = [n for n, _ in twin.named_parameters()]
            assert one + ".weight" in names and other + ".weight" not in names and other + ".weight" in twin.state_dict()


def test_published_files_have_other_names():
    net = randomised(models.gpt2(**GPT2))
    state = {k.removeprefix("transformer."): v for k, v in net.state_dict().items() if k != "lm_head.weight"}
    state["h.0.attn.bias"] = deepseek.ones(1, 1, 24, 24)
    fresh = models.gpt2(**GPT2)
    report = models.load_pretrained(fresh, state)
    assert not report.missing_keys and not report.unexpected_keys
    np.testing.assert_array_equal(values(fresh.lm_head.weight), values(net.lm_head.weight))
    body = models.GPT2Model(**GPT2)
    assert models.load_pretrained(body, net.state_dict()).unexpected_keys == ["lm_head.weight"]
    bert = randomised(models.BertForMaskedLM(**BERT))
    old = {k.replace("LayerNorm.weight", "LayerNorm.gamma").replace("LayerNorm.bias", "LayerNorm.beta"): v for k, v in bert.state_dict().items()}
    assert not models.load_pretrained(models.BertForMaskedLM(**BERT), old).missing_keys
    del state["ln_f.weight"]
    with pytest.raises(RuntimeError, match="transformer.ln_f.weight"):
        models.load_pretrained(fresh, state)


def test_wrong_inputs_are_refused():
    net = models.gpt2(**GPT2).eval()
    with pytest.raises(ValueError, match="takes 1 to 24 rows"):
        net(deepseek.zeros(1, 25, dtype=deepseek.int64))
    with pytest.raises(TypeError, match="whole numbers"):
        net(deepseek.zeros(1, 5))
    with pytest.raises(IndexError, match="index 61"):
        values(net(deepseek.tensor([[61]])))
    bert = models.bert_base(**BERT)
    with pytest.raises(ValueError, match="attention_mask must be shaped like the ids"):
        bert(deepseek.tensor([[1, 2]]), attention_mask=deepseek.ones(1, 3))
    with pytest.raises(TypeError, match="no argument 'labels'"):
        bert(deepseek.tensor([[1, 2]]), labels=deepseek.tensor([1]))
    with pytest.raises(ValueError, match="multiple of num_attention_heads"):
        models.bert_base(hidden_size=10, num_attention_heads=3)
    with pytest.raises(ValueError, match=r"must be \(batch, 3, 16, 16\)"):
        models.vit_b_16(**VIT)(deepseek.randn(1, 3, 8, 8))


def test_generation_equals_uncached_scores():
    net, start = randomised(models.gpt2(**GPT2)), ids_of((2, 5), 61)
    net.train()
    out = net.generate(deepseek.tensor(start), max_new_tokens=12).numpy()
    assert net.training and out.shape == (2, 17)
    net.eval()
    ids = start
    for _ in range(12):
        ids = np.concatenate([ids, values(net(deepseek.tensor(ids)))[:, -1].argmax(-1)[:, None]], 1)
    np.testing.assert_array_equal(out, ids)


def test_scores_through_a_cache_are_those_without():
    net, ids = randomised(models.gpt2(**GPT2)).eval(), ids_of((2, 9), 61)
    cache = models.KeyValueCache(net, batch=2, capacity=12)
    wanted = values(net(deepseek.tensor(ids)))
    for first, last in ((0, 5), (5, 6), (6, 9)):
        scores = net.next_scores(deepseek.tensor(ids[:, first:last]), cache)
        np.testing.assert_allclose(values(scores), wanted[:, last - 1], rtol=1e-5, atol=1e-5)
    assert cache.length == 9 and cache.capacity == 12 and len(cache.keys) == len(cache.values) == GPT2["n_layer"]
    cache.length = 5  # forgets: the same rows again give the same scores
    np.testing.assert_array_equal(values(net.next_scores(deepseek.tensor(ids[:, 5:9]), cache)).argmax(-1), wanted[:, 8].argmax(-1))
    for wrong in (-1, 13):
        with pytest.raises(ValueError, match="from 0 to the capacity 12, but is"):
            cache.length = wrong
    with pytest.raises(ValueError, match="room for 12 rows, but 9 and 9"):
        net.next_scores(deepseek.tensor(ids), cache)
    with pytest.raises(ValueError, match=r"must hold . layers of \(1, "):
        net.next_scores(deepseek.tensor(ids[:1, :1]), cache)
    with pytest.raises(ValueError, match="at least one row"):
        net.next_scores(deepseek.tensor(ids[0]), cache)
    with pytest.raises(ValueError, match="capacity must be from 1 to the"):
        models.KeyValueCache(net, capacity=10**6)
    with pytest.raises(TypeError, match="must be a GPT2LMHeadModel"):
        models.KeyValueCache(deepseek.nn.Linear(3))


def test_one_plan_serves_all_steps_of_generation():
    code = f"""
import deepseek
net = deepseek.models.gpt2(**{GPT2})
net.generate(deepseek.tensor([[1, 2, 3]]), 3)
print("warm", flush=True)
net.generate(deepseek.tensor([[3, 4, 5]]), 20)
"""
    many, one = (printed_plans.run(c) for c in (code, code.replace(", 20)", ", 0)")))
    assert (many.stdout + many.stderr).count(" steps, arena ") == (one.stdout + one.stderr).count(" steps, arena ") > 1


def test_sampling_follows_the_probabilities():
    net = randomised(models.gpt2(**GPT2)).eval()
    scores = values(net(deepseek.tensor([[3, 1, 4]])))[0, -1].astype(np.float64)
    draws, rows = [], np.repeat([[3, 1, 4]], 500, 0)
    for seed in range(4):
        draws.append(net.generate(deepseek.tensor(rows), 1, temperature=2.0, seed=seed).numpy()[:, -1])
    counts = np.bincount(np.concatenate(draws), minlength=61)
    wanted = scipy.special.softmax(scores / 2.0) * 2000
    assert ((counts - wanted) ** 2 / wanted).sum() < scipy.stats.chi2.ppf(0.9999, 60)
    kept = set(np.argsort(-scores)[:4])
    assert set(net.generate(deepseek.tensor(rows), 1, temperature=5.0, top_k=4, seed=1).numpy()[:, -1]) == kept
    order = np.argsort(-scores)
    total = np.cumsum(scipy.special.softmax(scores)[order])
    nucleus = set(order[: np.searchsorted(total, 0.6) + 1])
    assert set(net.generate(deepseek.tensor(rows), 1, temperature=1.0, top_p=0.6, seed=2).numpy()[:, -1]) <= nucleus


def test_generation_repeats_by_seed_and_ends():
    net, ids = randomised(models.gpt2(**GPT2)), deepseek.tensor([[1, 2]])
    same = [net.generate(ids, 10, temperature=3.0, seed=7).numpy().tolist() for _ in range(2)]
    assert same[0] == same[1] != net.generate(ids, 10, temperature=3.0, seed=8).numpy().tolist()
    first = net.generate(ids, 1).numpy()[0, -1]
    assert net.generate(ids, 10, end_token=int(first)).shape == (1, 3)
    steps = []
    net.generate(ids, 10, on_tokens=lambda t: steps.append(t.numpy().tolist()) or len(steps) < 3)
    assert len(steps) == 3
    for wrong in (dict(temperature=-1.0), dict(top_p=0.0), dict(top_k=-1), dict(max_new_tokens=23)):
        with pytest.raises(ValueError, match="generate: "):
            net.generate(ids, **wrong)


# ---- against torch ----


def torch_weights(net, twin):
    """The torch net with our random weights."""
    import torch

    own = {k: torch.from_numpy(v.numpy().copy()) for k, v in net.state_dict().items()}
    missing, unexpected = twin.load_state_dict(own, strict=False)
    assert not unexpected and not [k for k in missing if "position_ids" not in k and "attn.bias" not in k]
    return twin.eval()


def compare_gradients(net, ours, named, theirs):
    weight = np.random.default_rng(9).normal(size=theirs.shape).astype(np.float32)
    import torch

    (ours * deepseek.tensor(weight)).sum().backward()
    (theirs * torch.from_numpy(weight)).sum().backward()
    wanted = {k: p.grad.numpy() for k, p in named if p.grad is not None}
    for name, p in net.named_parameters():
        scale = max(np.abs(wanted[name]).max(), 1e-3)
        assert np.abs(p.grad.numpy() - wanted[name]).max() <= 1e-4 * scale, name


def test_gpt2_equals_transformers():
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    net, ids = randomised(models.gpt2(**GPT2)).eval(), ids_of((3, 11), 61)
    twin = torch_weights(net, transformers.GPT2LMHeadModel(transformers.GPT2Config(**GPT2)))
    ours, theirs = net(deepseek.tensor(ids)), twin(torch.from_numpy(ids)).logits
    np.testing.assert_allclose(values(ours), theirs.detach().numpy(), rtol=1e-5, atol=1e-5)
    compare_gradients(net, ours, twin.named_parameters(), theirs)


@pytest.mark.parametrize("head", ["masked", "classes"])
def test_bert_equals_transformers(head):
    transformers, torch = pytest.importorskip("transformers"), pytest.importorskip("torch")
    config = transformers.BertConfig(**BERT)
    net, twin = ((models.BertForMaskedLM(**BERT), transformers.BertForMaskedLM(config)) if head == "masked" else
                 (models.BertForSequenceClassification(**BERT), transformers.BertForSequenceClassification(config)))
    net = randomised(net).eval()
    torch_weights(net, twin)
    ids, types, seen = ids_of((3, 9), 67), ids_of((3, 9), 2), (np.arange(9) < np.array([[9], [4], [6]])).astype(np.int64)
    ours = net(deepseek.tensor(ids), deepseek.tensor(seen), deepseek.tensor(types))
    theirs = twin(torch.from_numpy(ids), torch.from_numpy(seen), torch.from_numpy(types)).logits
    np.testing.assert_allclose(values(ours), theirs.detach().numpy(), rtol=1e-5, atol=1e-5)
    compare_gradients(net, ours, twin.named_parameters(), theirs)


def torch_vit(w, images):
    """torchvision's forward from its parts."""
    from torch.nn import functional as f

    width, n = VIT["hidden_dim"], images.shape[0]
    x = f.conv2d(images, w["conv_proj.weight"], w["conv_proj.bias"], stride=VIT["patch_size"]).flatten(2).transpose(1, 2)
    import torch

    x = torch.cat([w["class_token"].expand(n, 1, width), x], 1) + w["encoder.pos_embedding"]
    for i in range(VIT["num_layers"]):
        b = f"encoder.layers.encoder_layer_{i}."
        h = f.layer_norm(x, (width,), w[b + "ln_1.weight"], w[b + "ln_1.bias"], 1e-6).transpose(0, 1)
        h, _ = f.multi_head_attention_forward(
            h, h, h, width, VIT["num_heads"], w[b + "self_attention.in_proj_weight"], w[b + "self_attention.in_proj_bias"], None, None, False, 0.0,
            w[b + "self_attention.out_proj.weight"], w[b + "self_attention.out_proj.bias"], need_weights=False)
        x = x + h.transpose(0, 1)
        h = f.layer_norm(x, (width,), w[b + "ln_2.weight"], w[b + "ln_2.bias"], 1e-6)
        h = f.gelu(f.linear(h, w[b + "mlp.0.weight"], w[b + "mlp.0.bias"]))
        x = x + f.linear(h, w[b + "mlp.3.weight"], w[b + "mlp.3.bias"])
    x = f.layer_norm(x, (width,), w["encoder.ln.weight"], w["encoder.ln.bias"], 1e-6)[:, 0]
    return f.linear(x, w["heads.head.weight"], w["heads.head.bias"])


def test_vit_equals_torch():
    torch = pytest.importorskip("torch")
    net = randomised(models.vit_b_16(**VIT)).eval()
    images = np.random.default_rng(3).normal(size=(2, 3, 16, 16)).astype(np.float32)
    weights = {k: torch.from_numpy(v.numpy().copy()).requires_grad_() for k, v in net.state_dict().items()}
    ours, theirs = net(deepseek.tensor(images)), torch_vit(weights, torch.from_numpy(images))
    np.testing.assert_allclose(values(ours), theirs.detach().numpy(), rtol=1e-5, atol=1e-5)
    compare_gradients(net, ours, weights.items(), theirs)
