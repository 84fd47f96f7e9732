"""Mistakes that users make. Each must end in an exception that says which op, which shapes, which rule, in which layer and
on which line of the user's program; and the process must go on as before."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import deepseek as ds
from deepseek import nn

MISTAKES: list[Any] = []


def mistake(kind: type[Exception], *parts: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """The function must raise `kind` with a message that holds all parts and a line of the function."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        MISTAKES.append(pytest.param(function, kind, parts, id=function.__name__))
        return function

    return register


# ---- shapes ----


@mistake(ValueError, "matmul", "(4, 3)", "(5, 2)")
def matmul_of_shapes_that_do_not_meet(tmp_path):
    ds.ones(4, 3) @ ds.ones(5, 2)


@mistake(ValueError, "add", "(4, 3)", "(4,)", "broadcast")
def adding_shapes_that_do_not_broadcast(tmp_path):
    ds.ones(4, 3) + ds.ones(4)


@mistake(ValueError, "reshape", "(4, 3)", "(5, 2)")
def reshape_to_another_number_of_elements(tmp_path):
    ds.ones(4, 3).reshape(5, 2)


@mistake(ValueError, "cat", "(2, 3)", "(2, 4)")
def cat_of_tensors_that_differ_elsewhere(tmp_path):
    ds.cat([ds.ones(2, 3), ds.ones(2, 4)], 0)


@mistake(ValueError, "stack", "(2, 3)", "(3, 2)")
def stack_of_different_shapes(tmp_path):
    ds.stack([ds.ones(2, 3), ds.ones(3, 2)])


@mistake(ValueError, "conv2d", "(1, 3, 8, 8)", "(4, 5, 3, 3)")
def convolution_with_other_channels(tmp_path):
    nn.functional.conv2d(ds.ones(1, 3, 8, 8), ds.ones(4, 5, 3, 3))


@mistake(ValueError, "conv2d", "(1, 3, 2, 2)")
def convolution_with_a_kernel_larger_than_the_image(tmp_path):
    nn.functional.conv2d(ds.ones(1, 3, 2, 2), ds.ones(4, 3, 5, 5))


@mistake(ValueError, "(2, 3)", "(5,)")
def writing_a_value_of_another_shape(tmp_path):
    x = ds.zeros(2, 3)
    x[...] = ds.ones(5)


@mistake(ValueError, "tensor", "length 2", "length 1")
def a_ragged_list(tmp_path):
    ds.tensor([[1.0, 2.0], [3.0]])


@mistake(ValueError, "item", "(3,)")
def item_of_several_elements(tmp_path):
    ds.ones(3).item()


@mistake(ValueError, "bool")
def truth_of_several_elements(tmp_path):
    if ds.ones(3) > 0:
        pass


# ---- axes and indices ----


@mistake(IndexError, "sum", "dim 3", "2 dimensions")
def axis_out_of_range(tmp_path):
    ds.ones(4, 3).sum(3)


@mistake(IndexError, "5", "4")
def index_out_of_range(tmp_path):
    ds.ones(4, 3)[5]


@mistake(IndexError, "7", "4")
def advanced_index_out_of_range(tmp_path):
    ds.ones(4, 3)[ds.tensor([0, 7])].numpy()


@mistake(IndexError, "gather", "9")
def gather_out_of_range(tmp_path):
    ds.gather(ds.ones(2, 3), 1, ds.tensor([[0, 9]])).numpy()


@mistake(IndexError, "embedding", "12", "10")
def embedding_of_a_word_that_is_not_there(tmp_path):
    nn.functional.embedding(ds.tensor([1, 12]), ds.ones(10, 4)).numpy()


@mistake(IndexError, "cross_entropy", "11", "10")
def label_outside_the_classes(tmp_path):
    nn.functional.cross_entropy(ds.ones(2, 10), ds.tensor([3, 11])).item()


@mistake(ValueError, "amax", "(0,)")
def maximum_of_nothing(tmp_path):
    ds.zeros(0).amax()


@mistake(ValueError, "BatchNorm2d", "(0, 3, 4, 4)", "more than one value")
def empty_batch_through_batch_norm(tmp_path):
    nn.BatchNorm2d()(ds.zeros(0, 3, 4, 4)).numpy()


# ---- types and devices ----


@mistake(TypeError, "bitwise_and", "float32")
def bits_of_floats(tmp_path):
    ds.ones(3) & ds.ones(3)


@mistake(TypeError, "embedding", "float32")
def embedding_with_float_indices(tmp_path):
    nn.functional.embedding(ds.ones(2), ds.ones(10, 4))


@mistake(TypeError, "floating", "int64")
def gradients_of_integers(tmp_path):
    ds.tensor([1, 2]).requires_grad_()


@mistake(TypeError, "float32", "float64")
def matmul_of_different_types(tmp_path):
    ds.ones(2, 2) @ ds.ones(2, 2, dtype=ds.float64)


@mistake((ValueError, RuntimeError), "cuda")
def a_device_that_is_not_there(tmp_path):
    ds.ones(3, device="cuda")


@mistake(TypeError, "from_numpy", "astype")
def numpy_array_of_complex_numbers(tmp_path):
    ds.from_numpy(np.ones(3, np.complex128))


@mistake(TypeError, "mul")
def a_word_for_a_tensor(tmp_path):
    ds.mul(ds.ones(3), "two")


# ---- layers ----


@mistake(ValueError, "(2, 100)", "784", "in layer: Net.fc")
def layer_with_another_width_than_it_learnt(tmp_path):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(10)

        def forward(self, x):
            return self.fc(x)

    net = Net()
    net(ds.ones(2, 784))
    net(ds.ones(2, 100))


@mistake(ValueError, "5", "3", "in layer: Sequential.0")
def convolution_layer_with_other_channels(tmp_path):
    net = nn.Sequential(nn.Conv2d(4, 3))
    net(ds.ones(1, 3, 8, 8))
    net(ds.ones(1, 5, 8, 8))


@mistake(ValueError, "p", "2")
def dropout_with_impossible_probability(tmp_path):
    nn.Dropout(2.0)(ds.ones(3))


@mistake((KeyError, ValueError, RuntimeError), "weight")
def state_dict_with_a_missing_key(tmp_path):
    layer = nn.Linear(2)
    layer(ds.ones(1, 3))
    layer.load_state_dict({"bias": ds.ones(2)})


@mistake((ValueError, RuntimeError), "symbolic")
def value_of_a_symbolic_input(tmp_path):
    x = ds.Input((3,))
    (x + 1).numpy()


@mistake(ValueError, "lr", "-1")
def optimiser_with_a_negative_rate(tmp_path):
    ds.optim.SGD([ds.ones(3, requires_grad=True)], lr=-1.0)


# ---- autograd ----


@mistake(RuntimeError, "backward", "freed", "retain_graph=True")
def backward_through_a_freed_graph(tmp_path):
    x = ds.ones(3, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    y.backward()


@mistake(RuntimeError, "backward", "does not require grad", "detach")
def backward_of_a_detached_result(tmp_path):
    x = ds.ones(3, requires_grad=True)
    (x * x).detach().sum().backward()


@mistake(RuntimeError, "backward", "(3,)", "one-element")
def backward_of_several_elements(tmp_path):
    x = ds.ones(3, requires_grad=True)
    (x * x).backward()


@mistake(RuntimeError, "grad", "allow_unused=True")
def gradient_of_an_unused_input(tmp_path):
    x, other = ds.ones(3, requires_grad=True), ds.ones(2, requires_grad=True)
    ds.autograd.grad(x.sum(), [x, other])


@mistake(RuntimeError, "in-place", "leaf", "no_grad")
def writing_into_a_leaf_that_requires_grad(tmp_path):
    x = ds.ones(3, requires_grad=True)
    x.add_(1.0)


@mistake(RuntimeError, "in-place", "view", "no_grad")
def writing_into_a_view_of_a_leaf(tmp_path):
    x = ds.ones(3, requires_grad=True)
    x[0].add_(1.0)


@mistake(RuntimeError, "in-place", "expanded", "clone")
def writing_into_an_expanded_view(tmp_path):
    row = ds.ones(1, 3)
    row.expand(4, 3).add_(1.0)


@mistake(RuntimeError, "anomaly", "sqrt", "NaN", "forward", "in layer: Net")
def a_value_that_becomes_nan(tmp_path):
    class Net(nn.Module):
        def forward(self, x):
            return x.sqrt() * 2

    with ds.autograd.detect_anomaly():
        Net()(ds.tensor([1.0, -1.0])).sum().item()


@mistake(RuntimeError, "anomaly", "NaN", "input 0")
def nan_in_the_data(tmp_path):
    with ds.autograd.detect_anomaly():
        (ds.tensor([1.0, float("nan")]) * 2).sum().item()


@mistake(RuntimeError, "anomaly", "backward")
def a_gradient_that_becomes_infinite(tmp_path):
    x = ds.zeros(2, requires_grad=True)
    with ds.autograd.detect_anomaly():
        x.sqrt().sum().backward()
        x.grad.numpy()


# ---- files ----


@mistake((ValueError, OSError), "broken.safetensors")
def a_broken_safetensors_file(tmp_path):
    (tmp_path / "broken.safetensors").write_bytes(b"\xff" * 40)
    ds.load(tmp_path / "broken.safetensors")


@mistake((ValueError, OSError), "broken.npy")
def a_broken_npy_file(tmp_path):
    (tmp_path / "broken.npy").write_bytes(b"\x93NUMPY\x01\x00")
    ds.load(tmp_path / "broken.npy")


@mistake((FileNotFoundError, OSError), "missing.safetensors")
def a_file_that_is_not_there(tmp_path):
    ds.load(tmp_path / "missing.safetensors")


@pytest.mark.parametrize(("function", "kind", "parts"), MISTAKES)
def test_mistake(function, kind, parts, tmp_path):
    with pytest.raises(kind) as caught:
        function(tmp_path)
    message = str(caught.value)
    assert not isinstance(caught.value, ds.InternalError), message
    for part in parts:
        assert part in message, f"{part!r} is not in the message:\n{message}"
    lines, first = inspect.getsourcelines(function)
    places = [f"{Path(__file__).name}:{n}" for n in range(first, first + len(lines))]
    assert any(p + "\n" in message + "\n" for p in places), f"no line of the program in the message:\n{message}"
    assert (ds.ones(2, 2) @ ds.ones(2, 2)).sum().item() == 8.0  # lives on


def test_there_are_thirty():
    assert len(MISTAKES) >= 30
