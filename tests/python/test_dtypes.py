"""Conversion between element types, and types of results, as numpy and torch have them."""

from __future__ import annotations

import numpy
import pytest

import deepseek

NAMES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float32", "float64"]


@pytest.mark.parametrize("source", NAMES)
@pytest.mark.parametrize("target", NAMES)
def test_to_converts_as_numpy(source: str, target: str) -> None:
    # Values that every type holds: what lies outside a type is C's affair, as in numpy and torch.
    values = numpy.array([0, 1, 2.75, 100, 7.5]).astype(source)
    tensor = deepseek.from_numpy(values)
    got = deepseek.to(tensor, getattr(deepseek, target)).numpy()
    assert got.dtype == numpy.dtype(target)
    assert numpy.array_equal(got, values.astype(target))


@pytest.mark.parametrize("source", ["int8", "int16", "int32", "int64", "uint8"])
@pytest.mark.parametrize("target", ["int8", "int16", "int32", "uint8"])
def test_integers_wrap_on_the_way_to_narrower_ones(source: str, target: str) -> None:
    info = numpy.iinfo(source)
    values = numpy.array([info.min, info.max, 77], source)
    assert numpy.array_equal(deepseek.to(deepseek.from_numpy(values), getattr(deepseek, target)).numpy(), values.astype(target))


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_sixteen_bit_floats_round_to_nearest(name: str) -> None:
    generator = numpy.random.default_rng(3)
    values = generator.standard_normal(4000).astype(numpy.float32)
    narrow = deepseek.to(deepseek.from_numpy(values), getattr(deepseek, name))
    got = deepseek.to(narrow, deepseek.float32).numpy()
    if name == "float16":
        wanted = values.astype(numpy.float16).astype(numpy.float32)
    else:  # round to nearest even on the upper half of the bits
        bits = values.view(numpy.uint32).astype(numpy.uint64)
        wanted = (((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16) << 16).astype(numpy.uint32).view(numpy.float32)
    assert numpy.array_equal(got, wanted)


def test_to_carries_gradients_back_in_the_type_of_the_input() -> None:
    x = deepseek.tensor([1.0, 2.0, 3.0], requires_grad=True)
    deepseek.sum(deepseek.to(x, deepseek.float64) * 2.0).backward()
    assert x.grad.dtype == deepseek.float32
    assert x.grad.numpy().tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("a", NAMES)
@pytest.mark.parametrize("b", NAMES)
def test_tensors_promote_as_in_numpy_but_for_integers_with_floats(a: str, b: str) -> None:
    result = deepseek.add(deepseek.from_numpy(numpy.ones(2, a)), deepseek.from_numpy(numpy.ones(2, b))).numpy().dtype
    wanted = numpy.promote_types(a, b)
    if "float" in a + b and a != "float64" and b != "float64":
        wanted = numpy.dtype("float32")  # torch's rule: integers do not widen a float
    assert result == wanted
