"""One operator of torch's database against ours: values in several layouts and types, gradients, refusals."""

from __future__ import annotations

import operator
import warnings
from collections.abc import Callable, Iterator
from itertools import islice
from typing import Any

import torch
from torch.testing._internal.common_methods_invocations import op_db
from torch.testing._internal.opinfo.core import OpInfo

import deepseek
from tests.oracle.convert import Mismatch, back, compare, copied, leaves, mapped, plain, strided, transposed
from tests.oracle.outcome import Outcome, short

# Their results are drawn or not initialised: only shapes and types can be compared.
OPEN = {"bernoulli", "cauchy", "exponential", "geometric", "log_normal", "normal", "uniform", "multinomial", "rand_like", "randn", "randn_like",
        "randint", "randint_like", "empty", "empty_like", "empty_permuted", "empty_strided", "new_empty", "new_empty_strided",
        "nn.functional.dropout", "nn.functional.dropout2d", "nn.functional.dropout3d", "nn.functional.alpha_dropout",
        "nn.functional.feature_alpha_dropout", "nn.functional.rrelu", "nn.functional.fractional_max_pool2d",
        "nn.functional.fractional_max_pool3d", "resize_", "resize_as_"}  # fmt: skip
# Internals of torch, and what exists for one kind of device only.
INTERNAL = ("_", "torch.", "jiterator", "sparse.", "to_sparse", "native_", "grid_sampler", "max_pool2d_with_indices_backward", "bmm.triton",
            "hash_tensor", "nonzero_static")  # fmt: skip
# Torch's database gives these their operands in another order than torch's function takes them.
ROLES: dict[str, Callable[..., tuple[Any, ...]]] = {
    "where": lambda x, condition, *rest: (condition, x, *rest),
    "nn.functional.embedding": lambda weight, index, *rest: (index, weight, *rest),
    "nn.functional.embedding_bag": lambda weight, index, *rest: (index, weight, *rest),
    "einsum": lambda operands, equation: (equation, operands),
    "polygamma": lambda x, n: (n, x),
    "special.polygamma": lambda x, n: (n, x),
}
# In-place methods that the database lists without their underscore.
IN_PLACE = {"cauchy", "exponential", "geometric", "log_normal", "uniform", "normal.in_place"}
# Of equal elements any may be chosen: where indices differ, the elements at them count.
TIES = {"argsort", "kthvalue", "mode", "msort", "sort", "topk"}
CAST = {"bfloat16", "bool", "byte", "char", "double", "float", "half", "int", "long", "short"}


def full_name(op: OpInfo) -> str:
    return f"{op.name}.{op.variant_test_name}" if op.variant_test_name else op.name


def operators() -> dict[str, OpInfo]:
    public = [op for op in op_db if op.name.startswith("__") or not full_name(op).startswith(INTERNAL)]
    return {full_name(op): op for op in public}


def find(op: OpInfo) -> Callable[..., Any] | None:
    """Our function of torch's name; a method where torch has only that."""
    place: Any = deepseek
    *path, last = op.name.split(".")
    if full_name(op) in IN_PLACE:
        return getattr(deepseek.Tensor, f"{last}_", None)
    if op.name in deepseek._C.function_tables["hidden"]:
        return getattr(deepseek, last, deepseek._C.function(last))
    if not path and (last in CAST or last in ("to", "unfold")):
        return getattr(deepseek.Tensor, last, None)
    try:
        for step in path:
            place = getattr(place, step)
    except (AttributeError, ImportError):
        return None
    found = getattr(place, last, None)
    if found is None and not path:
        found = getattr(deepseek.Tensor, last, None)
    return found if found is None or callable(found) else operator.attrgetter(last)  # T, mT and their like are properties


def types_of(op: OpInfo) -> list[torch.dtype]:
    supported = op.supported_dtypes("cpu")
    return [t for t in (torch.float32, torch.int64, torch.bool, torch.bfloat16) if t in supported]


def samples(op: OpInfo, dtype: torch.dtype, limit: int, requires_grad: bool = False) -> Iterator[Any]:
    torch.manual_seed(1)
    found = op.sample_inputs("cpu", dtype, requires_grad=requires_grad)
    return islice(found, limit) if limit else iter(found)


def drawn(op: OpInfo, sample: Any) -> bool:
    """Whether the values depend on random numbers or on memory that nobody wrote."""
    dropout = sample.args[9] if op.name == "nn.functional.multi_head_attention_forward" else sample.kwargs.get("dropout_p")
    return op.name in OPEN or bool(dropout)


def call(op: OpInfo, function: Callable[..., Any], sample: Any, change: Callable[[torch.Tensor], Any]) -> Any:
    operands = (mapped(sample.input, change), *mapped(sample.args, change))
    if op.name.endswith("_") and not op.name.endswith("__"):
        operands = (operands[0].clone(), *operands[1:])  # torch's database writes to a copy as well
    elif op.name in ROLES and getattr(deepseek.Tensor, op.name, None) is not function:
        operands = ROLES[op.name](*operands)
    return function(*operands, **mapped(sample.kwargs, change))


def chosen(op: OpInfo, sample: Any, result: Any) -> Any:
    """A result with the elements at its indices in place of the indices, where equal elements may be chosen in any order."""
    if op.name not in TIES or not isinstance(sample.input, torch.Tensor):
        return result
    position = 0 if op.name in ("argsort", "mode", "msort", "sort") else 1
    named = sample.kwargs.get("dim", sample.args[position] if len(sample.args) > position else -1)
    dim = -1 if isinstance(named, bool) else named

    def at(index: Any) -> Any:
        if not isinstance(index, torch.Tensor) or index.dtype != torch.int64 or sample.input.ndim == 0:
            return index
        keeps = index.ndim == sample.input.ndim
        return torch.take_along_dim(sample.input, index if keeps else index.unsqueeze(dim), dim)

    parts = leaves(result)
    return (*parts[:-1], at(parts[-1]))


def check_values(op: OpInfo, function: Callable[..., Any], method: Callable[..., Any] | None, limit: int, outcome: Outcome) -> None:
    for dtype in types_of(op):
        layouts = [plain, transposed, strided] if dtype == torch.float32 else [plain]
        for sample in samples(op, dtype, limit):
            try:
                wanted = op.op(copied(sample.input), *copied(sample.args), **copied(sample.kwargs))
            except Exception:  # noqa: BLE001  torch itself does not compute this one here
                continue
            values = not drawn(op, sample)
            for layout in layouts:
                with outcome.check(f"{str(dtype)[6:]} {layout.__name__}", sample):
                    got = back(call(op, function, sample, layout))
                    compare(chosen(op, sample, sample.output_process_fn_grad(got)), chosen(op, sample, sample.output_process_fn_grad(wanted)), values)
            if method is not None:
                with outcome.check(f"method {str(dtype)[6:]}", sample):
                    got = back(call(op, method, sample, plain))
                    compare(chosen(op, sample, sample.output_process_fn_grad(got)), chosen(op, sample, sample.output_process_fn_grad(wanted)), values)


def check_gradients(op: OpInfo, function: Callable[..., Any], limit: int, outcome: Outcome) -> None:
    if not op.supports_autograd or torch.float64 not in op.supported_backward_dtypes("cpu") or op.name in OPEN:
        return
    for sample in samples(op, torch.float64, limit, requires_grad=True):
        if drawn(op, sample):
            continue
        inputs: list[torch.Tensor] = []
        ours: list[deepseek.Tensor] = []

        def convert(t: torch.Tensor) -> deepseek.Tensor:
            found = plain(t)
            if t.requires_grad:
                inputs.append(t)
                ours.append(found.requires_grad_())
            return found

        try:
            outputs = [o for o in leaves(sample.output_process_fn_grad(op.op(sample.input, *sample.args, **sample.kwargs)))
                       if isinstance(o, torch.Tensor) and o.requires_grad]  # fmt: skip
            wanted = None
        except Exception:  # noqa: BLE001
            continue
        with outcome.check("gradient", sample):
            results = [o for o in leaves(call(op, function, sample, convert)) if isinstance(o, deepseek.Tensor) and o.requires_grad]
            if len(results) != len(outputs):
                raise Mismatch(f"{len(results)} outputs require grad instead of {len(outputs)}")
            if not outputs:
                continue
            generator = torch.Generator().manual_seed(2)
            seeds = [torch.randn(o.shape, dtype=o.dtype, generator=generator) for o in outputs]
            wanted = torch.autograd.grad(outputs, inputs, seeds, allow_unused=True)
            found = deepseek.autograd.grad(results, ours, [plain(s) for s in seeds], allow_unused=True)
            for a, b in zip(found, wanted):
                if a is None or b is None:
                    rest = a if b is None else b
                    if rest is not None and bool((rest != 0).any()):
                        raise Mismatch("a gradient is missing on one side")
                    continue
                compare(back(a), b)


def check_errors(op: OpInfo, function: Callable[..., Any], outcome: Outcome) -> None:
    if op.error_inputs_func is None:
        return
    try:
        wrong = list(op.error_inputs("cpu"))
    except Exception:  # noqa: BLE001  some need another device
        return
    for error in wrong:
        sample = error.sample_input
        with outcome.refusal(sample):
            for result in leaves(call(op, function, sample, plain)):
                if isinstance(result, deepseek.Tensor):
                    result.numpy()


def check(name: str, op: OpInfo, limit: int) -> Outcome:
    outcome = Outcome(name)
    function = find(op)
    if function is None:
        outcome.missing = "no such function"
        return outcome
    method = None
    if op.method_variant is not None and not op.name.startswith("__"):
        named = op.method_variant.__name__
        method = getattr(deepseek.Tensor, named if named.isidentifier() else op.name.split(".")[-1], None)
        if method is None:
            outcome.note(f"no method Tensor.{op.name}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            check_values(op, function, method if method is not function else None, limit, outcome)
            check_gradients(op, function, limit, outcome)
            check_errors(op, function, outcome)
        except Exception as error:  # noqa: BLE001  in torch's own generator of samples
            outcome.note(f"the samples end in {short(error)}")
    return outcome
