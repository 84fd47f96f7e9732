"""Losses between numbers against numpy."""

import numpy as np
import pytest
import scipy.special

import deepseek
from deepseek import nn

X = np.random.default_rng(0).standard_normal((5, 3)).astype(np.float32)
Y = np.random.default_rng(1).standard_normal((5, 3)).astype(np.float32)
P = scipy.special.expit(Y)
D = np.abs(X - Y)
LOSSES = [
    (nn.MSELoss(), X, Y, D**2),
    (nn.L1Loss(), X, Y, D),
    (nn.SmoothL1Loss(beta=0.5), X, Y, np.where(D < 0.5, D**2, D - 0.25)),
    (nn.HuberLoss(delta=0.5), X, Y, np.where(D < 0.5, D**2 / 2, 0.5 * (D - 0.25))),
    (nn.BCELoss(), scipy.special.expit(X), P, -(P * scipy.special.log_expit(X) + (1 - P) * scipy.special.log_expit(-X))),
    (nn.BCEWithLogitsLoss(), X, P, -(P * scipy.special.log_expit(X) + (1 - P) * scipy.special.log_expit(-X))),
    (nn.KLDivLoss(), X, P, P * (np.log(P) - X)),
]


@pytest.mark.parametrize("loss,x,y,each", LOSSES, ids=lambda v: type(v).__name__ if isinstance(v, nn.Module) else "")
def test_loss(loss, x, y, each):
    a, b = deepseek.tensor(x), deepseek.tensor(y)
    np.testing.assert_allclose(loss(a, b).item(), each.mean(), rtol=1e-4)
    summed = type(loss)(**{**loss._options(), "reduction": "sum"})
    np.testing.assert_allclose(summed(a, b).item(), each.sum(), rtol=1e-4)
