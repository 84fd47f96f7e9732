"""Checks that follow from what the functions state about themselves: values, types, gradients, refusals.

The judges are numpy and scipy for values, and finite differences in double precision for gradients."""

from __future__ import annotations

import re

import numpy
import op_samples
import pytest
from op_samples import LAYOUTS, Arguments, Function
from references_linalg import DETERMINED

import deepseek

TOLERANCE = {"float32": 2e-5, "float64": 1e-11}
# Functions that numpy and scipy cannot judge, and what does instead.
RANDOM = "random: checked in tests/cpp/random_test.cpp"
NO_REFERENCE = dict.fromkeys(
    ["alpha_dropout", "bernoulli", "dropout", "dropout1d", "dropout2d", "dropout3d", "feature_alpha_dropout", "gumbel_softmax", "multinomial", "normal",
     "rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm", "uniform"],
    RANDOM,
) | {
    "to": "the type is an argument: checked in test_tensor.py",
    "empty": "its content is open",
    "empty_like": "its content is open",
    "empty_permuted": "its content is open",
    "empty_strided": "its content is open",
    "new_empty": "its content is open",
    "new_empty_strided": "its content is open",
}  # fmt: skip
ALWAYS_DOUBLE = {"float_power"}  # as in torch

GOOD = list(op_samples.samples("good"))
BAD = list(op_samples.samples("bad"))


def label(case: tuple[Function, str]) -> str:
    return f"{case[0].name}({case[1]})"


def cases(found: list[tuple[Function, str]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", found, ids=map(label, found))


@pytest.mark.parametrize("function", op_samples.functions(), ids=lambda f: f.name)
def test_states_facts(function: Function) -> None:
    assert function.facts, f"{function.name} has no DEEPSEEK_FACTS"
    assert function.facts["good"], f"{function.name} has no good samples"
    assert function.facts["reference"] or function.name in NO_REFERENCE, f"{function.name} has no reference"


def expected_kind(dtype: numpy.dtype) -> str:
    return {"b": "bool", "i": "integer", "u": "integer", "f": "float"}[dtype.kind]


def kind(tensor: deepseek.Tensor) -> str:
    if tensor.dtype.is_floating_point:
        return "float"
    return "bool" if tensor.dtype == deepseek.bool else "integer"


@cases(GOOD)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_values(case: tuple[Function, str], dtype: str) -> None:
    function, sample = case
    assert function.facts
    if not function.facts["reference"]:
        assert function.name in NO_REFERENCE
        op_samples.call(function, op_samples.parse(function.name, sample, dtype).map(op_samples.contiguous))
        return
    arguments = op_samples.parse(function.name, sample, dtype)
    if dtype == "float64" and not arguments.has_floats():
        pytest.skip("nothing depends on the float type")
    exact = arguments.map(lambda a: a.astype(numpy.float64) if a.dtype.kind == "f" else a)
    expected = op_samples.reference(function, exact)
    tolerance = max(function.facts["tolerance"], TOLERANCE[dtype])
    for layout, convert in LAYOUTS.items():
        results = op_samples.call(function, arguments.map(convert))
        assert len(results) == len(expected)
        for result, wanted in zip(results, expected):
            assert result.shape == wanted.shape, layout
            check_type(result, wanted, function, arguments, dtype)
        determined = DETERMINED.get(function.name, lambda *all: list(all))
        for got, wanted in zip(determined(*(r.numpy() for r in results)), determined(*expected)):
            finite = wanted[numpy.isfinite(wanted)] if wanted.dtype.kind == "f" else numpy.ones(1)
            scale = float(numpy.max(numpy.abs(finite), initial=1.0))
            numpy.testing.assert_allclose(got, wanted, rtol=tolerance, atol=tolerance * scale, err_msg=layout)


def check_type(result: deepseek.Tensor, wanted: numpy.ndarray, function: Function, arguments: Arguments, dtype: str) -> None:
    values = op_samples.bind(function, arguments).values()
    asked = [deepseek.bool if v is bool else v for v in values if v is bool or isinstance(v, deepseek.dtype)]
    if asked:
        assert result.dtype == asked[0]
    elif kind(result) == "float":
        assert expected_kind(wanted.dtype) == "float"
        usual = dtype if arguments.has_floats() else "float32"
        assert result.dtype.name == ("float64" if function.name in ALWAYS_DOUBLE else usual)
    elif kind(result) == "integer" and expected_kind(wanted.dtype) == "float":
        assert not arguments.has_floats()  # the reference wrote a number as 1.0
    else:
        assert kind(result) == expected_kind(wanted.dtype)


def differentiable(case: tuple[Function, str]) -> bool:
    function, sample = case
    if not (function.facts and function.facts["check_grad"]):
        return False
    arguments = op_samples.parse(function.name, sample)
    # In large samples of sort and its kin a finite step makes neighbours change places.
    return arguments.has_floats() and max(a.size for a in arguments.arrays()) <= 500


class Problem:
    """A function of its floating-point inputs, as flat lists of arrays and tensors."""

    def __init__(self, case: tuple[Function, str]) -> None:
        self.function, sample = case
        self.arguments = op_samples.parse(self.function.name, sample)
        self.points = [a for a in self.arguments.arrays() if a.dtype.kind == "f"]
        self.generator = numpy.random.default_rng(5)

    def tensors(self, points: list[numpy.ndarray], requires_grad: bool) -> tuple[list[deepseek.Tensor], list[deepseek.Tensor]]:
        """The floating-point inputs and outputs."""
        waiting = iter(points)
        inputs: list[deepseek.Tensor] = []

        def convert(array: numpy.ndarray) -> deepseek.Tensor:
            if array.dtype.kind != "f":
                return op_samples.contiguous(array)
            inputs.append(op_samples.contiguous(next(waiting)).requires_grad_(requires_grad))
            return inputs[-1]

        outputs = op_samples.call(self.function, self.arguments.map(convert))
        return inputs, [o for o in outputs if o.dtype.is_floating_point]

    def values(self, points: list[numpy.ndarray]) -> list[numpy.ndarray]:
        return [o.detach().numpy().astype(numpy.float64) for o in self.tensors(points, False)[1]]

    def directions(self, like: list[numpy.ndarray]) -> list[numpy.ndarray]:
        return [numpy.asarray(self.generator.standard_normal(a.shape)) for a in like]


def dot(a: list[numpy.ndarray], b: list[numpy.ndarray]) -> float:
    return sum(float(numpy.sum(x * y)) for x, y in zip(a, b))


def central(f, points: list[numpy.ndarray], direction: list[numpy.ndarray]) -> list[numpy.ndarray]:
    """The derivative of f along a direction, with the error of fourth order."""
    h = 1e-4
    at = {s: f([p + s * h * d for p, d in zip(points, direction)]) for s in (-2, -1, 1, 2)}
    return [(8 * (b - a) - (d - c)) / (12 * h) for a, b, c, d in zip(at[-1], at[1], at[-2], at[2])]


def assert_close(analytic: float, numeric: float, scale: float, what: str) -> None:
    assert abs(analytic - numeric) <= 1e-6 * max(scale, 1.0), f"{what}: the rule gives {analytic}, differences give {numeric}"


def gradients(outputs, inputs, cotangents, create_graph=False) -> list[deepseek.Tensor]:
    used = [(o, c) for o, c in zip(outputs, cotangents) if o.requires_grad]
    if not used:
        return [deepseek.zeros_like(i) for i in inputs]
    outputs, cotangents = [o for o, _ in used], [c for _, c in used]
    found = deepseek.autograd.grad(outputs, inputs, cotangents, create_graph=create_graph, allow_unused=True)
    return [deepseek.zeros_like(i) if g is None else g for g, i in zip(found, inputs)]


def check_first(case: tuple[Function, str], factor: float = 1.0) -> None:
    problem = Problem(case)
    inputs, outputs = problem.tensors(problem.points, True)
    if not any(o.requires_grad for o in outputs):
        # States no gradient: then the values may not depend on the inputs either, up to jumps.
        pytest.skip("no output is differentiable")
    cotangents = problem.directions([o.detach().numpy() for o in outputs])
    found = [factor * g.detach().numpy() for g in gradients(outputs, inputs, [deepseek.from_numpy(c) for c in cotangents])]
    assert [g.shape for g in found] == [p.shape for p in problem.points]
    for i in range(len(found)):
        for _ in range(3):
            direction = [numpy.zeros_like(p) for p in problem.points]
            direction[i] = problem.directions([problem.points[i]])[0]
            numeric = dot(cotangents, central(problem.values, problem.points, direction))
            scale = float(numpy.sum(numpy.abs(found[i] * direction[i])))
            assert_close(dot([found[i]], [direction[i]]), numeric, scale, f"gradient of input {i}")


DIFFERENTIABLE = [case for case in GOOD if differentiable(case)]


@cases(DIFFERENTIABLE)
def test_gradient(case: tuple[Function, str]) -> None:
    check_first(case)


@cases(DIFFERENTIABLE)
def test_second_gradient(case: tuple[Function, str]) -> None:
    problem = Problem(case)
    inputs, outputs = problem.tensors(problem.points, True)
    if not any(o.requires_grad for o in outputs):
        pytest.skip("no output is differentiable")
    cotangents = problem.directions([o.detach().numpy() for o in outputs])

    def first(points: list[numpy.ndarray]) -> list[numpy.ndarray]:
        at, results = problem.tensors(points, True)
        return [g.detach().numpy() for g in gradients(results, at, [deepseek.from_numpy(c) for c in cotangents])]

    seeds = [deepseek.from_numpy(c).requires_grad_() for c in cotangents]
    found = gradients(outputs, inputs, seeds, create_graph=True)
    weights = problem.directions([g.detach().numpy() for g in found])
    second = [g.detach().numpy() for g in gradients(found, [*inputs, *seeds], [deepseek.from_numpy(w) for w in weights])]
    for _ in range(2):
        direction = problem.directions(problem.points)
        numeric = dot(weights, central(first, problem.points, direction))
        scale = sum(float(numpy.sum(numpy.abs(g * d))) for g, d in zip(second, direction))
        assert_close(dot(second[: len(inputs)], direction), numeric, scale, "second gradient")
    # The gradient is linear in the incoming one, whose own gradient is therefore the derivative along the weights.
    along = central(problem.values, problem.points, weights)
    for got, wanted in zip(second[len(inputs) :], along):
        size = max(1.0, float(numpy.max(numpy.abs(wanted), initial=0)))
        numpy.testing.assert_allclose(got, wanted, rtol=1e-6, atol=1e-6 * size)


def constant(case: tuple[Function, str]) -> bool:
    """Whether the gradient is zero, and so is twice the gradient: no elements, or a softmax over one."""
    problem = Problem(case)
    inputs, outputs = problem.tensors(problem.points, True)
    cotangents = [deepseek.from_numpy(c) for c in problem.directions([o.detach().numpy() for o in outputs])]
    return any(abs(g.detach().numpy()).max(initial=0) == 0 for g in gradients(outputs, inputs, cotangents))


def test_a_doubled_gradient_is_noticed() -> None:
    noticed = 0
    simple = [c for c in DIFFERENTIABLE if c[0].name in ("exp", "mul", "matmul", "softmax", "sum")]
    for case in simple:
        if constant(case):
            continue
        check_first(case)
        with pytest.raises(AssertionError, match="the rule gives"):
            check_first(case, factor=2.0)
        noticed += 1
    assert noticed >= 5


@cases(BAD)
def test_refuses(case: tuple[Function, str]) -> None:
    function, sample = case
    arguments = op_samples.parse(function.name, sample, "float32").map(op_samples.contiguous)
    with pytest.raises((ValueError, TypeError, IndexError, RuntimeError)) as caught:
        for result in op_samples.call(function, arguments):
            result.numpy()
    assert not isinstance(caught.value, deepseek.InternalError), caught.value
    assert re.match(r"[\w.]+(\(\))?: ", str(caught.value)), f"no op is named in: {caught.value}"
