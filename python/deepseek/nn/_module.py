"""Methods of Module that need Python: hooks, copies and pickles, conversion, calls on symbolic tensors."""

from __future__ import annotations

import copy
import itertools
import weakref
from collections import OrderedDict, namedtuple
from collections.abc import Callable, Mapping
from typing import Any

from .. import _C
from .._C import Module, Tensor

IncompatibleKeys = namedtuple("IncompatibleKeys", ["missing_keys", "unexpected_keys"])

# ---- state and modes ----


def load_state_dict(self: Module, state_dict: Mapping[str, Any], strict: bool = True) -> IncompatibleKeys:
    """Copies values in by path. With `strict` a missing or unexpected name raises; a shape that differs always does.

    Layers that have not learnt their input's width take it from the saved shapes.
    """
    if not isinstance(state_dict, Mapping):
        raise _C.error_types["TypeError"](f"load_state_dict: the state must be a mapping, not a {type(state_dict).__name__}")
    return IncompatibleKeys(*self._load_state_dict(dict(state_dict), strict))


def train(self: Module, mode: bool = True) -> Module:
    """Training mode (dropout drops, batch norm uses and updates the batch's statistics) for this module and all below it."""
    self._train(mode)
    return self


def eval(self: Module) -> Module:
    """Evaluation mode: the same as train(False)."""
    return self.train(False)


def requires_grad_(self: Module, requires_grad: bool = True) -> Module:
    """Whether the parameters are trained."""
    self._requires_grad(requires_grad)
    return self


def apply(self: Module, fn: Callable[[Module], Any]) -> Module:
    """Calls fn(module) for all modules below and then for this one."""
    for child in list(self.children()):
        child.apply(fn)
    fn(self)
    return self


def to(self: Module, *args: Any, dtype: Any = None, device: Any = None, non_blocking: bool = False) -> Module:
    """Converts floating parameters and buffers: to(dtype); a device must be the CPU."""
    from .._device import device as device_type

    for arg in args:
        if isinstance(arg, (str, device_type)):
            device = arg
        elif isinstance(arg, Tensor):
            dtype = arg.dtype
        elif not isinstance(arg, bool) and arg is not None:
            dtype = arg
    if device is not None:
        device_type(device)
    if dtype is not None:
        self._to(dtype)
    return self


def float_(self: Module) -> Module:
    """Converts floating parameters and buffers to float32."""
    return self.to(_C.dtypes["float32"])


def double(self: Module) -> Module:
    """Converts floating parameters and buffers to float64."""
    return self.to(_C.dtypes["float64"])


def half(self: Module) -> Module:
    """Converts floating parameters and buffers to float16."""
    return self.to(_C.dtypes["float16"])


def bfloat16(self: Module) -> Module:
    """Converts floating parameters and buffers to bfloat16."""
    return self.to(_C.dtypes["bfloat16"])


def cpu(self: Module) -> Module:
    """The module itself: all tensors live on the CPU."""
    return self


def get_buffer(self: Module, target: str) -> Tensor:
    """The buffer at a path such as 'bn1.running_mean'."""
    path, _, name = target.rpartition(".")
    for found, tensor, _ in self.get_submodule(path)._own_buffers():
        if found == name:
            return tensor
    raise AttributeError(f"get_buffer: there is no buffer '{target}'")


def summary(self: Module, *inputs: Any) -> str:
    """A table of layers, shapes of their outputs, and parameters. Nothing is computed.

    `inputs`: example tensors, deepseek.Input tensors, or shapes without the batch. A functional Model needs none.
    """
    if not inputs and isinstance(self, _C.Model):
        inputs = tuple(self.inputs)
    if not inputs:
        raise _C.error_types["TypeError"]("summary: give an example input, a deepseek.Input, or the input's shape without the batch")
    tensors = [x if isinstance(x, Tensor) else _C.Input(x) for x in inputs]
    return self._summary(*tensors)


def __dir__(self: Module) -> list[str]:
    names = [name for name, *_ in itertools.chain(self._own_parameters(), self._own_buffers(), self.named_children())]
    return sorted({*object.__dir__(self), *names, *self._options()})


# ---- hooks ----


class RemovableHandle:
    """What registering a hook returns: remove() takes the hook away; also a context manager."""

    _ids = itertools.count()

    def __init__(self, hooks: OrderedDict[int, Any]) -> None:
        self.id = next(self._ids)
        self._hooks = weakref.ref(hooks)

    def remove(self) -> None:
        """Takes the hook away; does nothing the second time."""
        hooks = self._hooks()
        if hooks is not None:
            hooks.pop(self.id, None)

    def __enter__(self) -> RemovableHandle:
        return self

    def __exit__(self, *_: Any) -> None:
        self.remove()


def _register(self: Module, kind: str, hook: Callable[..., Any], prepend: bool, with_kwargs: bool) -> RemovableHandle:
    hooks = self.__dict__.setdefault("_forward_hooks", {"pre": OrderedDict(), "post": OrderedDict()})[kind]
    handle = RemovableHandle(hooks)
    hooks[handle.id] = (hook, with_kwargs)
    if prepend:
        hooks.move_to_end(handle.id, last=False)
    self._python_forward = True
    return handle


def register_forward_pre_hook(self: Module, hook: Callable[..., Any], *, prepend: bool = False,
                              with_kwargs: bool = False) -> RemovableHandle:
    """Calls hook(module, args) before forward; what it returns (unless None) replaces the arguments.

    With `with_kwargs` it is hook(module, args, kwargs) and returns both.
    """
    return _register(self, "pre", hook, prepend, with_kwargs)


def register_forward_hook(self: Module, hook: Callable[..., Any], *, prepend: bool = False,
                          with_kwargs: bool = False) -> RemovableHandle:
    """Calls hook(module, args, output) after forward; what it returns (unless None) replaces the output.

    With `with_kwargs` it is hook(module, args, kwargs, output).
    """
    return _register(self, "post", hook, prepend, with_kwargs)


def _call_with_hooks(self: Module, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
    hooks = self.__dict__["_forward_hooks"]
    kwargs = kwargs or {}
    for hook, with_kwargs in list(hooks["pre"].values()):
        if with_kwargs:
            replaced = hook(self, args, kwargs)
            if replaced is not None:
                args, kwargs = replaced
        else:
            replaced = hook(self, args)
            if replaced is not None:
                args = replaced if isinstance(replaced, tuple) else (replaced,)
    output = self.forward(*args, **kwargs)
    for hook, with_kwargs in list(hooks["post"].values()):
        replaced = hook(self, args, kwargs, output) if with_kwargs else hook(self, args, output)
        if replaced is not None:
            output = replaced
    return output


# ---- calls on symbolic tensors ----


class _Place:
    """Where the tensor with a number stood in a nested structure."""

    __slots__ = ("index",)

    def __init__(self, index: int) -> None:
        self.index = index


def _take(value: Any, tensors: list[Tensor]) -> Any:
    if isinstance(value, Tensor):
        tensors.append(value)
        return _Place(len(tensors) - 1)
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_take(v, tensors) for v in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_take(v, tensors) for v in value)
    if isinstance(value, dict):
        return {k: _take(v, tensors) for k, v in value.items()}
    return value


def _put(value: Any, tensors: list[Tensor]) -> Any:
    if isinstance(value, _Place):
        return tensors[value.index]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_put(v, tensors) for v in value))
    if isinstance(value, (list, tuple)):
        return type(value)(_put(v, tensors) for v in value)
    if isinstance(value, dict):
        return {k: _put(v, tensors) for k, v in value.items()}
    return value


def _symbolic_call(self: Module, args: tuple[Any, ...], kwargs: dict[str, Any] | None) -> Any:
    tensors: list[Tensor] = []
    structure = _take((args, kwargs or {}), tensors)
    result: Any = None

    def run(module: Module, inputs: list[Tensor]) -> list[Tensor]:
        nonlocal result
        given, named = _put(structure, inputs)
        outputs: list[Tensor] = []
        taken = _take(module(*given, **named), outputs)
        if result is None:
            result = taken
        return outputs

    recorded = _C._record_call(self, tensors, run)  # also sets `result`
    return _put(result, recorded)


# ---- copies and pickles ----


def _constructor(cls: type) -> type:
    """The class of the extension that a class derives from: its __init__ makes the C++ object."""
    return next(base for base in cls.__mro__ if base.__module__ == _C.__name__)


def _empty(cls: type, options: dict[str, Any]) -> Module:
    """An instance whose C++ part has the options and whose parameters hold nothing yet; draws no random numbers."""
    module = cls.__new__(cls)
    skipped = _C._skip_init(True)
    try:
        _constructor(cls).__init__(module, **options)
    finally:
        _C._skip_init(skipped)
    return module


def __getstate__(self: Module) -> dict[str, Any]:
    return {
        "attributes": dict(self.__dict__),
        "training": self.training,
        "parameters": self._own_parameters() if self._built() else [],
        "buffers": self._own_buffers() if self._built() else [],
        "modules": list(self.named_children()),
    }


def __setstate__(self: Module, state: dict[str, Any]) -> None:
    for name in [n for n, _ in self.named_children()]:
        self._remove(name)
    for name, tensor in state["parameters"]:
        self.register_parameter(name, tensor)
    for name, tensor, persistent in state["buffers"]:
        self.register_buffer(name, tensor, persistent)
    for name, child in state["modules"]:
        self.register_module(name, child)
    self.__dict__.update(state["attributes"])
    self.training = state["training"]
    if "_forward_hooks" in self.__dict__:
        self._python_forward = True


def __reduce_ex__(self: Module, protocol: Any) -> Any:
    if isinstance(self, _C.Model):
        raise _C.error_types["TypeError"](
            "pickle: a functional Model holds a graph, which cannot be pickled; save model.state_dict() and build the model again")
    return _empty, (type(self), self._options()), self.__getstate__()


def __deepcopy__(self: Module, memo: dict[int, Any]) -> Module:
    if isinstance(self, _C.Model):
        children = {id(child): copy.deepcopy(child, memo) for child in self.children()}
        twin = self._clone(lambda child: children[id(child)])
        memo[id(self)] = twin
        twin.training = self.training
        return twin
    make, args, state = self.__reduce_ex__(4)
    memo[id(self)] = twin = make(*args)
    twin.__setstate__(copy.deepcopy(state, memo))
    return twin


_METHODS = [
    load_state_dict, train, eval, requires_grad_, apply, to, double, half, bfloat16, cpu, get_buffer, summary, __dir__,
    register_forward_pre_hook, register_forward_hook, __getstate__, __setstate__, __reduce_ex__, __deepcopy__,
]
for _method in _METHODS:
    setattr(Module, _method.__name__, _method)
float_.__name__ = float_.__qualname__ = "float"
Module.float = float_
