"""Gradients: backward, grad, functions with their own backward, anomaly mode."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from . import _C
from ._C import Tensor, is_anomaly_enabled, set_detect_anomaly
from ._modes import enable_grad, inference_mode, no_grad, set_grad_enabled
from .errors import RuntimeError, TypeError

__all__ = ["Function", "backward", "detect_anomaly", "enable_grad", "grad", "inference_mode", "is_anomaly_enabled", "no_grad",
           "set_detect_anomaly", "set_grad_enabled"]

Tensors = Tensor | Sequence[Tensor]


def backward(tensors: Tensors, grad_tensors: Tensors | Sequence[Tensor | None] | None = None, retain_graph: bool | None = None,
             create_graph: bool = False, inputs: Tensors | None = None) -> None:
    """Accumulates gradients of the sum of `tensors` into the .grad of the leaves, or of `inputs` only."""
    retain = create_graph if retain_graph is None else retain_graph
    _C.backward(tensors, grad_tensors, retain, create_graph, inputs)


def grad(outputs: Tensors, inputs: Tensors, grad_outputs: Tensors | Sequence[Tensor | None] | None = None,
         retain_graph: bool | None = None, create_graph: bool = False, allow_unused: bool | None = None,
         materialize_grads: bool = False) -> tuple[Any, ...]:
    """The gradients of the sum of `outputs` with respect to `inputs`; None for an unused input where that is allowed."""
    unused = materialize_grads if allow_unused is None else allow_unused
    result = _C.grad(outputs, inputs, grad_outputs, retain_graph, create_graph, unused or materialize_grads)
    if materialize_grads:
        wanted = [inputs] if isinstance(inputs, Tensor) else inputs
        result = tuple(Tensor.new_zeros(x, x.shape) if g is None else g for g, x in zip(result, wanted))
    return result


class detect_anomaly:
    """Inside, a NaN or infinity that appears raises an error that names the op, the layer and the line."""

    def __init__(self, check_nan: bool = True) -> None:
        self._on = check_nan
        self._saved: list[bool] = []

    def __enter__(self) -> None:
        self._saved.append(is_anomaly_enabled())
        set_detect_anomaly(self._on)

    def __exit__(self, *exception: object) -> None:
        set_detect_anomaly(self._saved.pop())


class GradFn:
    """What Tensor.grad_fn shows: the name of the op that made the tensor."""

    def __init__(self, name: str) -> None:
        self.name = f"{name.title().replace('_', '')}Backward"

    def __repr__(self) -> str:
        return f"<{self.name}>"


class HookHandle:
    """Returned by register_hook; remove() takes the hook away."""

    def __init__(self, tensor: Tensor, id: int) -> None:
        self._tensor: Tensor | None = tensor
        self.id = id

    def remove(self) -> None:
        if self._tensor is not None:
            self._tensor._remove_hook(self.id)
            self._tensor = None

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exception: object) -> None:
        self.remove()


class Context:
    """What forward leaves for backward."""

    def __init__(self, needs: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs
        self._saved: tuple[Tensor | None, ...] = ()
        self._versions: tuple[int, ...] = ()
        self._plain: set[int] = set()

    def save_for_backward(self, *tensors: Tensor | None) -> None:
        self._saved = tensors
        self._versions = tuple(0 if t is None else t._version for t in tensors)

    @property
    def saved_tensors(self) -> tuple[Tensor | None, ...]:
        for t, version in zip(self._saved, self._versions):
            if t is not None and t._version != version:
                raise RuntimeError("saved_tensors: a tensor that was saved for backward has been written in place since; "
                                   "save a clone of it")
        return self._saved

    def mark_non_differentiable(self, *tensors: Tensor) -> None:
        self._plain.update(id(t) for t in tensors)


class Function:
    """A function with its own backward: static methods forward(ctx, ...) and backward(ctx, *gradients), called by apply()."""

    @staticmethod
    def forward(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError("a Function needs a static method forward(ctx, ...)")

    @staticmethod
    def backward(ctx: Any, *gradients: Any) -> Any:
        raise NotImplementedError("a Function needs a static method backward(ctx, *gradients)")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Any:
        places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        inputs = [args[i] for i in places]
        needs = tuple(isinstance(a, Tensor) and a.requires_grad for a in args)
        ctx = Context(needs)
        with no_grad():
            result = cls.forward(ctx, *args, **kwargs)
        outputs = [result] if isinstance(result, Tensor) else list(result)
        for o in outputs:
            if not isinstance(o, Tensor):
                raise TypeError(f"{cls.__name__}: forward must return tensors, but returned {type(o).__name__}")
        if not any(needs) or not _C.is_grad_enabled():
            return result
        count = len(args)

        def run_backward(gradients: tuple[Any, ...]) -> list[Any]:
            got = cls.backward(ctx, *gradients)
            got = [got] if isinstance(got, Tensor) or got is None else list(got)
            if len(got) < count or any(g is not None for g in got[count:]):
                raise RuntimeError(f"{cls.__name__}: backward must return one gradient for each of the {count} arguments of "
                                   f"forward, but returned {len(got)}")
            return [got[i] for i in places]

        wrapped = list(_C.custom_function(cls.__name__, inputs, outputs, run_backward))
        wrapped = [o.detach() if id(o) in ctx._plain else w for o, w in zip(outputs, wrapped)]
        return wrapped[0] if isinstance(result, Tensor) else type(result)(wrapped)
