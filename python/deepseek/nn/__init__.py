"""Modules: layers, losses, containers, the functional Model, initialisers."""

import atexit
from typing import Any

from .. import _C
from .._C import (Input, Model, Module, ModuleDict, ModuleList, ParameterDict, ParameterList, Sequential, TransformerDecoder,
                  TransformerEncoder)
from ._parameter import Parameter  # noqa: I001  before the modules, which make parameters

from . import _module, _containers  # noqa: F401  add the methods that are written in Python
from . import functional, init, utils
from . import _recurrent  # noqa: F401  forward of recurrent layers
from ._calls import TripletMarginWithDistanceLoss

atexit.register(_C._forget_calls)
globals().update({name: getattr(_C, name) for name in _C.layer_names})
# All layers learn their input's width at the first call; torch has names of their own for those that do.
_LAZY = ["Linear", *[f"{kind}{d}d" for kind in ("Conv", "ConvTranspose", "BatchNorm", "InstanceNorm") for d in (1, 2, 3)]]
globals().update({f"Lazy{name}": getattr(_C, name) for name in _LAZY})


def __getattr__(name: str) -> Any:  # the layers' names come from the extension, which type checkers do not run
    raise AttributeError(f"module 'deepseek.nn' has no attribute '{name}'")


__all__ = [
    "Input", "Model", "Module", "ModuleDict", "ModuleList", "Parameter", "ParameterDict", "ParameterList", "Sequential",
    "TransformerDecoder", "TransformerEncoder", "TripletMarginWithDistanceLoss", "functional", "init", "utils", *_C.layer_names,
    *[f"Lazy{name}" for name in _LAZY],
]
