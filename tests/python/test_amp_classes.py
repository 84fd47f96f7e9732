"""The class that an op states gives the type of its result under autocast."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import deepseek as ds
import deepseek.nn.functional as F
from deepseek import amp

BF16, F16, F32 = ds.bfloat16, ds.float16, ds.float32
rng = np.random.default_rng(0)


def normal(*shape: int) -> ds.Tensor:
    return ds.from_numpy(rng.standard_normal(shape).astype(np.float32))


def value(t: ds.Tensor) -> np.ndarray:
    return t.detach().float().numpy().astype(np.float64)


# Calls by class: operands in float32 and in bfloat16 have the result type of the class.
x, w, image = normal(4, 8), normal(8, 8), normal(2, 3, 9, 9)
classes = ds.tensor([0, 3, 1, 7])
LOWER: dict[str, Callable[..., Any]] = {
    "matmul": lambda t: t(x) @ w,
    "mm": lambda t: ds.mm(t(x), w),
    "mv": lambda t: ds.mv(t(w), x[0]),
    "bmm": lambda t: ds.bmm(t(x)[None], w[None]),
    "addmm": lambda t: ds.addmm(w[0], t(x), w),
    "addmm scaled": lambda t: ds.addmm(w[0], t(x), w, beta=0.5),
    "baddbmm": lambda t: ds.baddbmm(w[0], t(x)[None], w[None]),
    "einsum": lambda t: ds.einsum("ij,jk->ik", [t(x), w]),
    "linear": lambda t: F.linear(t(x), w, w[0]),
    "bilinear": lambda t: F.bilinear(t(x), x, normal(5, 8, 8), normal(5)),
    "conv1d": lambda t: F.conv1d(t(image)[0], normal(4, 9, 3), normal(4)),
    "conv2d": lambda t: F.conv2d(t(image), normal(4, 3, 3, 3), normal(4)),
    "conv3d": lambda t: F.conv3d(t(image)[None], normal(4, 2, 2, 3, 3)),
    "conv_transpose2d": lambda t: F.conv_transpose2d(t(image), normal(3, 4, 3, 3), normal(4)),
    "attention": lambda t: F.scaled_dot_product_attention(t(x)[None], x[None], x[None]),
    "attention with dropout": lambda t: F.scaled_dot_product_attention(t(x)[None], x[None], x[None], dropout_p=0.1),
}
FULL: dict[str, Callable[..., Any]] = {
    name: (lambda t, name=name: getattr(ds, name)(t(x).abs() + 0.5))
    for name in ("exp", "expm1", "log", "log2", "log10", "log1p", "reciprocal", "rsqrt", "sinh", "cosh", "tan", "sum", "prod", "norm")
} | {
    "pow": lambda t: t(x).abs() ** 1.7,
    "square by pow": lambda t: t(x) ** 2,
    "cumsum": lambda t: ds.cumsum(t(x), 0),
    "cumprod": lambda t: ds.cumprod(t(x), 0),
    "logsumexp": lambda t: ds.logsumexp(t(x), 1),
    "softmax": lambda t: F.softmax(t(x), -1),
    "log_softmax": lambda t: F.log_softmax(t(x), -1),
    "softplus": lambda t: F.softplus(t(x)),
    "cosine_similarity": lambda t: F.cosine_similarity(t(x), x),
    "cross_entropy": lambda t: F.cross_entropy(t(x), classes),
    "cross_entropy smoothed": lambda t: F.cross_entropy(t(x), classes, label_smoothing=0.1),
    "cross_entropy of shares": lambda t: F.cross_entropy(t(x), F.softmax(x, 1)),
    "nll_loss": lambda t: F.nll_loss(t(x), classes),
    "mse_loss": lambda t: F.mse_loss(t(x), x + 1),
    "l1_loss": lambda t: F.l1_loss(t(x), t(x) + 1),
    "smooth_l1_loss": lambda t: F.smooth_l1_loss(t(x), x + 1),
    "huber_loss": lambda t: F.huber_loss(t(x), t(x) + 1),
    "kl_div": lambda t: F.kl_div(t(x), F.softmax(x, 1)),
    "binary_cross_entropy_with_logits": lambda t: F.binary_cross_entropy_with_logits(t(x), ds.sigmoid(x)),
    "hinge_embedding_loss": lambda t: F.hinge_embedding_loss(t(x), ds.ones(4, 8)),
    "margin_ranking_loss": lambda t: F.margin_ranking_loss(t(x), x, ds.ones(4, 8)),
    "soft_margin_loss": lambda t: F.soft_margin_loss(t(x), ds.ones(4, 8)),
}
PROMOTE: dict[str, Callable[..., Any]] = {
    "add": lambda t: t(x) + x,
    "mul": lambda t: t(x) * x,
    "maximum": lambda t: ds.maximum(t(x), x),
    "where": lambda t: ds.where(x > 0, t(x), x),
    "cat": lambda t: ds.cat([t(x), x]),
    "stack": lambda t: ds.stack([x, t(x)]),
    "addcmul": lambda t: ds.addcmul(x, t(x), t(x)),
    "lerp": lambda t: ds.lerp(t(x), x, 0.5),
}
KEEP: dict[str, Callable[..., Any]] = {
    "relu": lambda t: F.relu(t(x)),
    "gelu": lambda t: F.gelu(t(x)),
    "silu": lambda t: F.silu(t(x)),
    "tanh": lambda t: ds.tanh(t(x)),
    "with a number": lambda t: 2.5 * t(x) - 1,
    "dropout": lambda t: F.dropout(t(x), 0.5),
    "mean": lambda t: t(x).mean(),
    "amax": lambda t: t(x).amax(1),
    "max_pool2d": lambda t: F.max_pool2d(t(image), 2),
    "avg_pool2d": lambda t: F.avg_pool2d(t(image), 2),
    "reshape": lambda t: t(x).reshape(2, 16)[:, 1:].T,
    "layer_norm": lambda t: F.layer_norm(t(x), (8,), w[0], w[1]),
    "rms_norm": lambda t: F.rms_norm(t(x), (8,), w[0]),
    "group_norm": lambda t: F.group_norm(t(x), 2, w[0], w[1]),
    "batch_norm": lambda t: F.batch_norm(t(x), weight=w[0], bias=w[1], training=True),
    "batch_norm eval": lambda t: F.batch_norm(t(x), w[0], w[0].abs() + 1, w[0], w[1]),
}
PLAIN = {F32: lambda t: t, BF16: lambda t: t.to(BF16), F16: lambda t: t.to(F16)}


@pytest.mark.parametrize("scope", [BF16, F16])
@pytest.mark.parametrize("given", [F32, BF16])
@pytest.mark.parametrize("kind, name", [(k, n) for k, table in (("lower", LOWER), ("full", FULL), ("promote", PROMOTE), ("keep", KEEP)) for n in table])
def test_the_class_of_an_op_gives_the_type_of_its_result(kind: str, name: str, given: Any, scope: Any) -> None:
    call = {"lower": LOWER, "full": FULL, "promote": PROMOTE, "keep": KEEP}[kind][name]
    with amp.autocast(dtype=scope):
        got = call(PLAIN[given])
    assert got.dtype is {"lower": scope, "full": F32, "promote": F32, "keep": given}[kind]
    assert np.isfinite(value(got)).all()


@pytest.mark.parametrize("name", [n for n in LOWER | FULL if n not in ("attention with dropout", "tan")])  # chance; a pole
def test_values_stay_within_the_rounding_of_the_operands(name: str) -> None:
    call = (LOWER | FULL)[name]
    global rng
    state = rng.bit_generator.state
    with amp.autocast():
        got = call(PLAIN[BF16])
    rng.bit_generator.state = state
    want = call(PLAIN[F32])
    assert np.abs(value(got) - value(want)).max() < 0.03 * max(1.0, np.abs(value(want)).max())
