"""x[...] and x[...] = v from Python: numpy is the judge."""

import numpy as np
import pytest

import deepseek as ds

A = np.arange(60, dtype="float32").reshape(3, 4, 5)

INDICES = [
    "0", "-1", "1, 2", "1, 2, 3", "..., 1", "1, ...", "...", ":", "1:", ":-1", "::2", "1:3, 2", ":, 1:4:2", "None", ":, None", "..., None",
    "0, None, :, None", "5:", "2:1", "-2:", "np.int64(1)", "(0, 1)", "[0, 2]", "[[0, 1], [2, 0]]", "[-1]", "[]", ":, [0, 3, 1]",
    "[0, 1], [1, 2]", "0, [1, 2]", "[0, 1], :, [1, 2]", ":, [0, 1], [1, 2]", "[[0], [1]], [[1, 2]]", "A[:, 0, 0] > 10", "A > 30",
    "np.array([2, 0])", "..., [0, 1]", "A[..., 0] > 20", "True", "[True, False, True]", "np.array([0, 1]), None",
]


@pytest.mark.parametrize("text", INDICES)
def test_reading_matches_numpy(text):
    index = eval(f"np.index_exp[{text}]")
    index = index[0] if len(index) == 1 else index
    np.testing.assert_array_equal(ds.tensor(A)[index].numpy(), A[index])


@pytest.mark.parametrize("text", [t for t in INDICES if t != "[]"])
def test_writing_matches_numpy(text):
    index = eval(f"np.index_exp[{text}]")
    index = index[0] if len(index) == 1 else index
    expected = A.copy()
    shape = expected[index].shape
    value = np.random.default_rng(0).random(shape, "float32")
    for v in (np.float32(7), value):
        expected[index] = v
        x = ds.tensor(A)
        x[index] = ds.tensor(v)
        np.testing.assert_array_equal(x.numpy(), expected)


def test_tensors_as_indices():
    x = ds.tensor(A)
    i = ds.tensor([2, 0])
    np.testing.assert_array_equal(x[i].numpy(), A[[2, 0]])
    np.testing.assert_array_equal(x[:, i, 1:].numpy(), A[:, [2, 0], 1:])
    np.testing.assert_array_equal(x[x > 30].numpy(), A[A > 30])
    np.testing.assert_array_equal(x[ds.tensor(1)].numpy(), A[1])


def test_writes_reach_the_base_and_its_views():
    x = ds.zeros(2, 3)
    row = x[1]
    row[0] = 5
    x[:, 2] = ds.tensor([1.0, 2.0])
    assert x.tolist() == [[0, 0, 1], [5, 0, 2]] and row.tolist() == [5, 0, 2]
    x[x > 1] = 0
    assert row.tolist() == [0, 0, 0]
    x[0] += 1
    assert x.tolist() == [[1, 1, 2], [0, 0, 0]]
    x[:] = [[1, 2, 3], [4, 5, 6]]
    assert x.tolist() == [[1, 2, 3], [4, 5, 6]]


def test_gradients_pass_through_indexing():
    x = ds.ones(4, requires_grad=True)
    (x[1:3] * 2).sum().backward()
    assert x.grad.tolist() == [0, 2, 2, 0]
    y = ds.zeros(4)
    y[1:3] = x[:2] * 3
    y.sum().backward()
    assert x.grad.tolist() == [3, 5, 2, 0]


@pytest.mark.parametrize("text, kind", [("3", IndexError), ("0, 4", IndexError), ("0, 0, 0, 0", IndexError), ("'a'", (IndexError, TypeError)),
                                        ("1.5", (IndexError, TypeError)), ("..., ...", IndexError), ("[0, 3]", IndexError),
                                        ("[0, 1], [0, 1, 2]", (IndexError, ValueError)), ("A[:2] > 0", (IndexError, ValueError)),
                                        ("::0", ValueError)])
def test_refusals(text, kind):
    index = eval(f"np.index_exp[{text}]")
    index = index[0] if len(index) == 1 else index
    with pytest.raises(kind):
        ds.tensor(A)[index].numpy()
    x = ds.tensor(A)
    with pytest.raises(kind):
        x[index] = 0
        x.numpy()


def test_a_value_of_another_shape_is_refused():
    x = ds.zeros(2, 3)
    with pytest.raises(ValueError, match="shape"):
        x[0] = ds.zeros(2)
    with pytest.raises(TypeError):
        del x[0]
