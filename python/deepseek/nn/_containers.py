"""List and dict behaviour of the containers."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator
from typing import Any

from .. import _C
from .._C import Module, ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential, Tensor
from ._parameter import Parameter


def _index(self: Module, index: Any, size: int) -> int:
    i = operator.index(index)
    if not -size <= i < size:
        raise _C.error_types["IndexError"](f"{type(self).__name__}: index {i} is out of range for {size} entries")
    return i % size if size else 0


# ---- Sequential and ModuleList ----


def _modules(self: Module) -> list[Module]:
    return [child for _, child in self.named_children()]


def _get(self: Any, index: Any) -> Any:
    if isinstance(index, str):
        return self.get_submodule(index)
    if isinstance(index, slice):
        children = list(self.named_children())[index]
        return Sequential(dict(children)) if isinstance(self, Sequential) else ModuleList([m for _, m in children])
    modules = _modules(self)
    return modules[_index(self, index, len(modules))]


def _refill(self: Any, modules: list[Module]) -> None:
    for name in [n for n, _ in self.named_children()]:
        self._remove(name)
    for i, module in enumerate(modules):
        self.register_module(str(i), module)


def _set(self: Any, index: int, module: Module) -> None:
    children = list(self.named_children())
    self.register_module(children[_index(self, index, len(children))][0], module)


def _delete(self: Any, index: Any) -> None:
    modules = _modules(self)
    if not isinstance(index, slice):
        index = _index(self, index, len(modules))
    del modules[index]
    _refill(self, modules)


def _append(self: Any, module: Module) -> Any:
    """Adds a module at the end."""
    names = {name for name, _ in self.named_children()}
    n = len(names)
    while str(n) in names:
        n += 1
    self.register_module(str(n), module)
    return self


def _extend(self: Any, modules: Iterable[Module]) -> Any:
    """Adds modules at the end."""
    for module in modules:
        self.append(module)
    return self


def _insert(self: Any, index: int, module: Module) -> Any:
    """Puts a module before an index; the later ones move on."""
    modules = _modules(self)
    modules.insert(index, module)
    _refill(self, modules)
    return self


def _pop(self: Any, index: int = -1) -> Module:
    """Takes a module out and returns it."""
    module = self[index]
    del self[index]
    return module


def _iterate(self: Any) -> Iterator[Module]:
    return iter(_modules(self))


def _length(self: Any) -> int:
    return len(_modules(self))


def _truth(self: Any) -> bool:
    return True


for _cls in (Sequential, ModuleList):
    for _name, _method in {
        "__getitem__": _get, "__setitem__": _set, "__delitem__": _delete, "__iter__": _iterate, "__len__": _length,
        "append": _append, "extend": _extend, "insert": _insert, "pop": _pop,
    }.items():
        setattr(_cls, _name, _method)

# ---- ModuleDict ----


def _update(self: Any, entries: Any) -> None:
    """Adds entries of a mapping, or (name, value) pairs."""
    for name, value in entries.items() if hasattr(entries, "items") else entries:
        self[name] = value


def _child(self: ModuleDict, name: str) -> Module:
    for known, child in self.named_children():
        if known == name:
            return child
    raise _C.error_types["KeyError"](f"ModuleDict: there is no module '{name}'")


def _pop_name(self: Any, name: str) -> Any:
    """Takes an entry out and returns it."""
    value = self[name]
    del self[name]
    return value


for _name, _method in {
    "__getitem__": _child,
    "__setitem__": lambda self, name, module: self.register_module(name, module),
    "__delitem__": lambda self, name: self._remove(name),
    "__len__": _length,
    "__iter__": lambda self: iter([name for name, _ in self.named_children()]),
    "__contains__": lambda self, name: any(known == name for known, _ in self.named_children()),
    "keys": lambda self: [name for name, _ in self.named_children()],
    "values": _modules,
    "items": lambda self: list(self.named_children()),
    "update": _update,
    "pop": _pop_name,
}.items():
    setattr(ModuleDict, _name, _method)

# ---- ParameterList and ParameterDict ----


def _as_parameter(value: Any) -> Parameter:
    return value if isinstance(value, Parameter) else Parameter(value)


def _parameters(self: Any) -> list[Tensor]:
    return [p for _, p in self._own_parameters()]


def _append_parameter(self: ParameterList, value: Any) -> ParameterList:
    """Adds a parameter at the end."""
    self.register_parameter(str(len(self)), _as_parameter(value))
    return self


def _parameter_at(self: ParameterList, index: Any) -> Any:
    values = _parameters(self)
    return values[index] if isinstance(index, slice) else values[_index(self, index, len(values))]


def _set_parameter_at(self: ParameterList, index: int, value: Any) -> None:
    self.register_parameter(str(_index(self, index, len(self))), _as_parameter(value))


for _name, _method in {
    "__getitem__": _parameter_at, "__setitem__": _set_parameter_at, "__iter__": lambda self: iter(_parameters(self)),
    "__len__": lambda self: len(self._own_parameters()), "append": _append_parameter, "extend": _extend,
}.items():
    setattr(ParameterList, _name, _method)


def _named_parameter(self: ParameterDict, name: str) -> Tensor:
    for known, value in self._own_parameters():
        if known == name:
            return value
    raise _C.error_types["KeyError"](f"ParameterDict: there is no parameter '{name}'")


for _name, _method in {
    "__getitem__": _named_parameter,
    "__setitem__": lambda self, name, value: self.register_parameter(name, _as_parameter(value)),
    "__delitem__": lambda self, name: self._remove(name),
    "__len__": lambda self: len(self._own_parameters()),
    "__iter__": lambda self: iter([name for name, _ in self._own_parameters()]),
    "__contains__": lambda self, name: any(known == name for known, _ in self._own_parameters()),
    "keys": lambda self: [name for name, _ in self._own_parameters()],
    "values": _parameters,
    "items": lambda self: list(self._own_parameters()),
    "update": _update,
    "pop": _pop_name,
}.items():
    setattr(ParameterDict, _name, _method)
for _cls in (Sequential, ModuleList, ModuleDict, ParameterList, ParameterDict):
    _cls.__bool__ = _truth
