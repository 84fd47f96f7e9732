"""Views and in-place writes in one evaluation with what reads them: numpy's values, and torch's gradients or a refusal."""

from __future__ import annotations

import numpy as np
import pytest

import deepseek as ds

X = np.random.default_rng(0).uniform(0.5, 2.0, (4, 6))

# A value and parts of it in one fused chain.
CHAINS = [
    "y - y[:, :1]", "y - y[:1]", "y - y[1]", "y - y[:, 2:3]", "y[:, :3] * y[:, 3:]", "y - y[:1, :1]", "(y - y[:, :1]).sum(1)",
    "(y - y[1]) / y.sum(0)", "y.sum(1) - y[:, 0]", "y.sum(1) * y[:, 5]", "y[::2] + y[1::2]", "y - y.reshape(6, 4).T", "y.T - y.reshape(6, 4)",
    "y.amax(1)[:1] + y.sum(1)", "(y * 3)[:, :1] - y", "y + y.reshape(24)[:6]", "y[:, 1:].sum(1) - y[:, :5].sum(1)",
]


@pytest.mark.parametrize("chain", CHAINS)
def test_a_value_and_parts_of_it_in_one_chain(chain: str) -> None:
    x = ds.tensor(X, requires_grad=True)
    in_numpy = chain.replace(".amax(", ".max(")
    reference = eval(in_numpy, {"y": X * 2})
    result = eval(chain, {"y": x * 2})
    np.testing.assert_allclose(result.detach().numpy(), reference, rtol=1e-12)
    weight = np.random.default_rng(1).uniform(-1, 1, reference.shape)
    (result * ds.tensor(weight)).sum().backward()
    numeric = np.zeros_like(X)
    for i in np.ndindex(X.shape):
        ends = []
        for step in (1e-6, -1e-6):
            moved = X.copy()
            moved[i] += step
            ends.append((eval(in_numpy, {"y": moved * 2}) * weight).sum())
        numeric[i] = (ends[0] - ends[1]) / 2e-6
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), numeric, rtol=1e-6, atol=1e-7)


def test_gradients_of_a_part_that_was_joined() -> None:
    x = ds.tensor(X, requires_grad=True)
    ds.cat([x, x], 1).amax([1]).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), X == X.max(1, keepdims=True))


def test_empty_values_reduced_and_stretched_again() -> None:
    x = ds.tensor(np.zeros((0, 5)), requires_grad=True)
    total = x.sum(0, keepdim=True)
    ((total * x).sum() + total.mean()).backward()
    assert x.grad is not None and x.grad.numpy().shape == (0, 5)


@pytest.mark.parametrize("write", ["x.fill_(0.35)", "x[0] = 0.35", "x[...] = 0.35", "x[ds.tensor([0, 1])] = 0.35", "x[ds.tensor([True, True])] = 0.35"])
def test_a_number_written_keeps_its_digits(write: str) -> None:
    x = ds.zeros(2, dtype=ds.float64)
    exec(write, {"x": x, "ds": ds})
    assert x[0].item() == 0.35


def test_a_write_spares_the_bytes_that_a_gradient_reads() -> None:
    x = ds.tensor(X, requires_grad=True)
    y = x / (x * x + 1)  # the gradient of a quotient reads the quotient
    y.eval()
    y.add_(1.0)
    y.eval()
    y.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), (1 - X * X) / (X * X + 1) ** 2, rtol=1e-12)


def squared() -> tuple[ds.Tensor, ds.Tensor]:
    x = ds.tensor(X, requires_grad=True)
    return x, x * x


UNRECORDED = [
    ("with ds.no_grad(): y.mul_(3)", "y *= 3"),
    ("with ds.no_grad(): y[:] = 7", "y[:] = 7"),
    ("with ds.no_grad(): y[1:].zero_()", "y[1:] = 0"),
    ("with ds.no_grad(): v = y[1]\nv.zero_()", "y[1] = 0"),
    ("y.detach().mul_(3)", "y *= 3"),
    ("d = y.detach(); d[1] = 5", "y[1] = 5"),
]


@pytest.mark.parametrize("computed", [False, True])
@pytest.mark.parametrize(("write", "in_numpy"), UNRECORDED)
def test_a_write_that_is_not_recorded_leaves_the_history(write: str, in_numpy: str, computed: bool) -> None:
    x, y = squared()
    if computed:
        y.eval()
    view = y[1]
    after = X * X
    exec(write, {"ds": ds, "y": y})
    exec(in_numpy, {"y": after})
    np.testing.assert_array_equal(y.detach().numpy(), after)
    np.testing.assert_array_equal(view.detach().numpy(), after[1])
    assert y.requires_grad and view.requires_grad
    (y.sum() + view.sum()).backward()
    expected = 2 * X
    expected[1] *= 2
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), expected, rtol=1e-12)


def test_a_view_that_is_next_used_under_no_grad_keeps_its_history() -> None:
    x, y = squared()
    view = y[1]
    y.mul_(3)
    with ds.no_grad():
        np.testing.assert_allclose(view.detach().numpy(), 3 * X[1] ** 2, rtol=1e-12)
    assert view.requires_grad
    view.sum().backward()
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy()[1], 6 * X[1], rtol=1e-12)


def test_a_detached_tensor_takes_no_history_while_the_other_lives() -> None:
    x, y = squared()
    alias = y.detach()
    with pytest.raises(ds.errors.RuntimeError, match=r"in-place write: a detached tensor.*clone\(\)"):
        alias.add_(x)
    np.testing.assert_array_equal(y.detach().numpy(), X * X)
    del y
    alias.add_(x)
    assert alias.requires_grad


def test_writes_to_a_detached_parameter() -> None:
    x = ds.tensor(X, requires_grad=True)
    x.detach()[0] = 9.0
    assert x.is_leaf and x.requires_grad and x[0, 0].item() == 9.0
    (x * x).sum().backward()
    assert x.grad is not None and x.grad[0, 0].item() == 18.0


@pytest.mark.parametrize("op", ["x.sum()", "x.amax()", "x.amin()", "x.prod()", "x.mean()", "x.logsumexp(0)", "x.cumsum(0)", "x.clone()", "x.flip([])"])
def test_a_result_without_dims_does_not_follow_a_later_write(op: str) -> None:
    x = ds.tensor(2.0)
    y = eval(op, {"x": x})
    x.fill_(5.0)
    assert y.item() == 2.0


@pytest.mark.parametrize("op", ["x.floor()", "x.abs()", "x.nan_to_num()", "x.round()"])
def test_a_result_equal_to_its_operand_does_not_follow_a_later_write(op: str) -> None:
    x = ds.tensor([1, 2], dtype=ds.uint8)
    y = eval(op, {"x": x})
    x.fill_(5)
    assert y.tolist() == [1, 2]


@pytest.mark.parametrize("additions", range(1, 7))
def test_any_number_of_additions_after_a_product(additions: int) -> None:
    terms = [np.random.default_rng(i).uniform(-1, 1, (4, 4)) for i in range(additions)]
    result, expected = ds.tensor(X) @ ds.tensor(X.T), X @ X.T
    for term in terms:
        result, expected = result + ds.tensor(term), expected + term
    np.testing.assert_allclose(result.numpy(), expected, rtol=1e-12)
