"""One layer of torch's database against ours: equal weights, then values and gradients in both modes."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

import torch
from torch.testing._internal.common_modules import ModuleInfo, module_db

import deepseek
from tests.oracle.convert import back, compare, copied, leaves, mapped, plain
from tests.oracle.outcome import Outcome, short

RANDOM = {"FractionalMaxPool2d", "FractionalMaxPool3d"}


def layers() -> dict[str, ModuleInfo]:
    return {f"nn.{info.module_cls.__name__}": info for info in module_db}


def named(cls: type, args: tuple[Any, ...], kwargs: dict[str, Any]) -> dict[str, Any]:
    """Torch's constructor arguments by name: our first one is the size of the output."""
    bound = inspect.signature(cls).bind(*args, **kwargs).arguments
    flat: dict[str, Any] = {}
    for name, value in bound.items():
        kind = inspect.signature(cls).parameters[name].kind
        if kind is inspect.Parameter.VAR_POSITIONAL:
            raise TypeError("the signature of torch's layer names no arguments")
        flat |= value if kind is inspect.Parameter.VAR_KEYWORD else {name: value}
    return {k: v for k, v in flat.items() if k not in ("device", "dtype")}


def make(cls: type, ours: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    try:
        arguments = named(cls, args, kwargs)
    except TypeError:  # the RNN family takes *args
        kept = {k: v for k, v in kwargs.items() if k not in ("device", "dtype")}
        return ours(*mapped(args, plain), **mapped(kept, plain))
    return ours(**mapped(arguments, plain))


def check_sample(info: ModuleInfo, ours: Any, sample: Any, training: bool) -> None:
    cls, made = info.module_cls, sample.constructor_input
    theirs = cls(*made.args, **made.kwargs).double().train(training)
    given = sample.forward_input
    pairs: list[tuple[torch.Tensor, deepseek.Tensor]] = []

    def convert(t: torch.Tensor) -> deepseek.Tensor:
        found = plain(t)
        if t.requires_grad:
            pairs.append((t, found.requires_grad_()))
        return found

    args, kwargs = copied(given.args), copied(given.kwargs)
    state = {k: plain(v) for k, v in theirs.state_dict().items() if not isinstance(v, torch.nn.UninitializedParameter)}
    wanted = theirs(*args, **kwargs)
    layer = make(cls, ours, made.args, made.kwargs)
    layer.to(deepseek.float64)
    layer.train(training)
    if not state and list(theirs.parameters()):  # lazy on both sides: built by the first input
        layer(*mapped(args, plain), **mapped(kwargs, plain))
        state = {k: plain(v) for k, v in theirs.state_dict().items()}
    layer.load_state_dict(state)
    got = layer(*mapped(args, convert), **mapped(kwargs, convert))
    compare(back(got), wanted, cls.__name__ not in RANDOM)
    outputs = [o for o in leaves(wanted) if isinstance(o, torch.Tensor) and o.requires_grad]
    results = [o for o in leaves(got) if isinstance(o, deepseek.Tensor) and o.requires_grad]
    ours_by_name = dict(layer.named_parameters())
    pairs += [(p, ours_by_name[name]) for name, p in theirs.named_parameters() if p.requires_grad]
    if not outputs or not pairs or cls.__name__ in RANDOM:
        return
    seeds = [torch.randn(o.shape, dtype=o.dtype) for o in outputs]
    expected = torch.autograd.grad(outputs, [t for t, _ in pairs], seeds, allow_unused=True)
    found = deepseek.autograd.grad(results, [o for _, o in pairs], [plain(s) for s in seeds], allow_unused=True)
    for a, b in zip(found, expected):
        if a is not None and b is not None:
            compare(back(a), b)
        elif b is not None and bool((b != 0).any()):
            raise AssertionError("a gradient is missing")


def check(name: str, info: ModuleInfo, limit: int) -> Outcome:
    outcome = Outcome(name)
    ours = getattr(deepseek.nn, info.module_cls.__name__, None)
    if ours is None:
        outcome.missing = "no such layer"
        return outcome
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for training in (True, False):
            torch.manual_seed(3)
            try:
                found = info.module_inputs_func(info, device="cpu", dtype=torch.float64, requires_grad=True, training=training)
            except Exception as error:  # noqa: BLE001
                outcome.note(f"the samples end in {short(error)}")
                continue
            for sample in found[:limit] if limit else found:
                made = sample.constructor_input
                seen = type("Seen", (), {"input": made.args, "args": made.kwargs, "kwargs": sample.forward_input.args})
                with outcome.check("training" if training else "evaluation", seen):
                    check_sample(info, ours, sample, training)
    return outcome
