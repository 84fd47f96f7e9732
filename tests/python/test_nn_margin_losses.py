"""Losses of margins and distributions as modules, against their formulas in numpy."""

import math

import numpy as np
import pytest

import deepseek as ds
from deepseek import nn

rng = np.random.default_rng(5)
A, B, C = (rng.normal(size=(4, 3)) for _ in range(3))
SIGNS = np.where(rng.normal(size=(4, 3)) > 0, 1.0, -1.0)
SIGN_OF_ROW = SIGNS[:, 0]
COUNTS = rng.integers(0, 5, (4, 3)).astype(np.float64)
VARIANCES = rng.uniform(0.1, 2, (4, 3))
COSINES = (A * B).sum(1) / np.linalg.norm(A, axis=1) / np.linalg.norm(B, axis=1)


def distance(x: np.ndarray, y: np.ndarray, p: float = 2) -> np.ndarray:
    return (np.abs(x - y + 1e-6) ** p).sum(1) ** (1 / p)


CASES = [
    (nn.SoftMarginLoss, {}, (A, SIGNS), np.log1p(np.exp(-SIGNS * A))),
    (nn.HingeEmbeddingLoss, {"margin": 0.5}, (A, SIGNS), np.where(SIGNS == 1, A, np.maximum(0, 0.5 - A))),
    (nn.MarginRankingLoss, {"margin": 0.2}, (A, B, SIGNS), np.maximum(0, -SIGNS * (A - B) + 0.2)),
    (nn.CosineEmbeddingLoss, {"margin": 0.1}, (A, B, SIGN_OF_ROW),
     np.where(SIGN_OF_ROW == 1, 1 - COSINES, np.maximum(0, COSINES - 0.1))),
    (nn.TripletMarginLoss, {}, (A, B, C), np.maximum(0, distance(A, B) - distance(A, C) + 1)),
    (nn.TripletMarginLoss, {"margin": 2.0, "p": 1.0, "swap": True}, (A, B, C),
     np.maximum(0, distance(A, B, 1) - np.minimum(distance(A, C, 1), distance(B, C, 1)) + 2)),
    (nn.PoissonNLLLoss, {}, (A, COUNTS), np.exp(A) - COUNTS * A),
    (nn.PoissonNLLLoss, {"log_input": False, "eps": 1e-3}, (VARIANCES, COUNTS), VARIANCES - COUNTS * np.log(VARIANCES + 1e-3)),
    (nn.GaussianNLLLoss, {"full": True}, (A, B, VARIANCES),
     0.5 * (np.log(VARIANCES) + (A - B) ** 2 / VARIANCES) + 0.5 * math.log(2 * math.pi)),
]  # fmt: skip


@pytest.mark.parametrize(("make", "options", "inputs", "expected"), CASES, ids=[f"{c[0].__name__}{i}" for i, c in enumerate(CASES)])
def test_loss(make, options, inputs, expected):
    tensors = [ds.tensor(x) for x in inputs]
    for reduction, reduce in (("mean", np.mean), ("sum", np.sum), ("none", np.asarray)):
        np.testing.assert_allclose(make(**options, reduction=reduction)(*tensors).numpy(), reduce(expected), rtol=1e-12)
    with pytest.raises(ValueError, match=f"{make.__name__}: reduction must be"):
        make(**options, reduction="max")


@pytest.mark.parametrize("make", [nn.MarginRankingLoss, nn.CosineEmbeddingLoss, nn.TripletMarginLoss, nn.GaussianNLLLoss])
def test_number_of_operands(make):
    with pytest.raises(TypeError, match=f"{make.__name__}: forward takes .* and .*, but 2 tensors are given"):
        make()(ds.ones(2), ds.ones(2))
