"""Modules: layers, losses, containers, the functional Model, initialisers."""

import atexit
from typing import Any

from .. import _C
from .._C import (Input, Model, Module, ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential, TransformerDecoder,
                  TransformerEncoder)
from ._parameter import Parameter  # noqa: I001  before the modules, which make parameters

from . import _module, _containers  # noqa: F401  add the methods that are written in Python
from . import functional, init, utils

atexit.register(_C._forget_calls)
globals().update({name: getattr(_C, name) for name in _C.layer_names})


def __getattr__(name: str) -> Any:  # the layers' names come from the extension, which type checkers do not run
    raise AttributeError(f"module 'deepseek.nn' has no attribute '{name}'")


__all__ = [
    "Input", "Model", "Module", "ModuleDict", "ModuleList", "Parameter", "ParameterDict", "ParameterList", "Sequential",
    "TransformerDecoder", "TransformerEncoder", "functional", "init", "utils", *_C.layer_names,
]
