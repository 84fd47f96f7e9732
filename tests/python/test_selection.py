"""What the generated checks do not reach: NaN, ties, in-place writes through views, messages, threads."""

from __future__ import annotations

import numpy
import pytest

import deepseek

NAN = float("nan")


def tensor(values, dtype=numpy.float64) -> deepseek.Tensor:
    return deepseek.from_numpy(numpy.array(values, dtype))


@pytest.mark.parametrize("dtype", [numpy.float64, numpy.float32])
def test_nan_is_largest_and_wins(dtype) -> None:
    x = tensor([2.0, NAN, -1.0, numpy.inf, NAN, 0.0], dtype)
    values, places = x.sort()
    assert places.tolist() == [2, 5, 0, 3, 1, 4]
    assert x.sort(descending=True)[1].tolist() == [1, 4, 3, 0, 5, 2]
    assert x.argmax().item() == x.argmin().item() == 1
    assert numpy.isnan(x.amax().item()) and numpy.isnan(x.amin().item())
    assert numpy.isnan(x.median().item())
    assert x.topk(3)[1].tolist() == [1, 4, 3]
    assert x.cummax(0)[1].tolist() == [0, 1, 1, 1, 4, 4]
    assert values.numpy()[3] == numpy.inf


def test_ties_keep_their_order() -> None:
    x = numpy.tile(numpy.array([1.0, -0.0, 0.0, 1.0]), 200)
    for descending in (False, True):
        places = tensor(x).sort(descending=descending)[1].numpy()
        assert (places == numpy.argsort(-x if descending else x, kind="stable")).all()
    assert tensor([3.0, 5.0, 5.0]).max(0)[1].item() == 1
    assert tensor([3.0, 5.0, 5.0]).topk(2)[1].tolist() == [1, 2]


@pytest.mark.parametrize("length", [1, 15, 16, 17, 100, 1003])
def test_first_of_equals_in_long_lines(length: int) -> None:
    generator = numpy.random.default_rng(length)
    for high in (2, 50):
        x = generator.integers(0, high, (40, length)).astype(numpy.float32)
        if high == 50:
            x[::3, length // 2 :: 7] = NAN
        assert (tensor(x, numpy.float32).argmax(1).numpy() == x.argmax(1)).all()
        assert (tensor(x, numpy.float32).argmin(1).numpy() == x.argmin(1)).all()


def test_equal_extremes_share_the_gradient() -> None:
    x = tensor([3.0, 5.0, 5.0]).requires_grad_()
    x.amax().backward()
    assert x.grad.tolist() == [0.0, 0.5, 0.5]
    y = tensor([3.0, 5.0, 5.0]).requires_grad_()
    y.max(0)[0].backward()
    assert y.grad.tolist() == [0.0, 1.0, 0.0]


@pytest.mark.parametrize("zeros", [0, 1, 2])
def test_products_with_zeros(zeros: int) -> None:
    values = numpy.array([2.0, -3.0, 0.5, 4.0])
    values[:zeros] = 0
    x = tensor(values).requires_grad_()
    first = deepseek.autograd.grad([x.prod()], [x], create_graph=True)[0]
    others = [numpy.prod(numpy.delete(values, i)) for i in range(4)]
    numpy.testing.assert_allclose(first.detach().numpy(), others)
    second = deepseek.autograd.grad([first[0]], [x])[0]
    numpy.testing.assert_allclose(second.numpy(), [0] + [numpy.prod(numpy.delete(values, [0, i])) for i in (1, 2, 3)])
    y = tensor(values).requires_grad_()
    y.cumprod(0)[2].backward()
    numpy.testing.assert_allclose(y.grad.numpy(), [numpy.prod(numpy.delete(values[:3], i)) for i in range(3)] + [0])


def test_norm_of_zeros_has_gradient_zero() -> None:
    for order in (2.0, 3.0):
        x = tensor([0.0, 0.0]).requires_grad_()
        x.norm(order).backward()
        assert x.grad.tolist() == [0.0, 0.0]


def test_infinities_in_logsumexp() -> None:
    assert tensor([-numpy.inf, -numpy.inf]).logsumexp(0).item() == -numpy.inf
    assert tensor([numpy.inf, 1.0]).logsumexp(0).item() == numpy.inf
    assert tensor([-numpy.inf, 2.0]).logcumsumexp(0).tolist() == [-numpy.inf, 2.0]


def test_writes_through_views() -> None:
    x = deepseek.zeros(3, 4)
    row = x[1]
    x[:, 1] = 5.0
    row[2:] = tensor([7, 8], numpy.float32)
    x.diagonal().mul_(2.0)
    assert x.tolist() == [[0, 5, 0, 0], [0, 10, 7, 8], [0, 5, 0, 0]]
    assert row.tolist() == [0, 10, 7, 8]


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        (lambda x: x[5], IndexError, "index 5"),
        (lambda x: x[:, 4], IndexError, "index 4"),
        (lambda x: x[0, 0, 0], IndexError, "too many"),
        (lambda x: x[deepseek.tensor([0, 3])].numpy(), IndexError, "index 3 is out of range for dim 0 of size 3"),
        (lambda x: x.index_select(1, deepseek.tensor([-1])).numpy(), IndexError, "index -1 is out of range for dim 1 of size 4"),
        (lambda x: x.gather(0, deepseek.tensor([[9]])).numpy(), IndexError, "index 9 is out of range for dim 0 of size 3"),
        (lambda x: x.sum(2), IndexError, "sum: dim 2 is out of range"),
        (lambda x: deepseek.cat([x, x[:2]], 1), ValueError, r"cat: shapes must be equal except in dim 1"),
        (lambda x: x.topk(5), ValueError, "topk: k is 5"),
        (lambda x: x.split((1, 1)), ValueError, "split: sections"),
    ],
)
def test_messages(call, kind, words) -> None:
    with pytest.raises(kind, match=words):
        call(deepseek.zeros(3, 4))


def test_sums_by_index_do_not_depend_on_threads() -> None:
    generator = numpy.random.default_rng(0)
    source = generator.standard_normal((5000, 70)).astype(numpy.float32)
    index = generator.integers(0, 40, 5000)
    results = []
    before = deepseek.get_num_threads()
    try:
        for threads in (1, 2, 4):
            deepseek.set_num_threads(threads)
            rows, places = deepseek.from_numpy(source), deepseek.from_numpy(numpy.repeat(index[:, None], 70, 1))
            x = deepseek.zeros(40, 70).index_add(0, deepseek.from_numpy(index), rows)
            y = deepseek.zeros(40, 70).scatter_add(0, places, rows)
            results.append((x.numpy().tobytes(), y.numpy().tobytes(), rows.cumsum(0).numpy().tobytes()))
    finally:
        deepseek.set_num_threads(before)
    assert results[0] == results[1] == results[2]
    exact = numpy.zeros((40, 70))
    numpy.add.at(exact, index, source.astype(numpy.float64))
    numpy.testing.assert_allclose(numpy.frombuffer(results[0][0], numpy.float32).reshape(40, 70), exact, atol=2e-4)
