"""Networks with the published names of their weights."""

from typing import Any

from .. import _C
from .. import nn as _nn  # noqa: F401  completes Module
from .._C import (
    lenet,
    luna_model,
    mobilenet_v2,
    resnet18,
    resnet20,
    resnet34,
    resnet50,
    resnet50_functional,
    resnet50_sequential,
    resnet56,
    resnet101,
    unet3d,
)
from . import _transformers
from ._transformers import *  # noqa: F403

globals().update({name: getattr(_C, name) for name in _C.model_names})


def __getattr__(name: str) -> Any:  # the classes' names come from the extension, which type checkers do not run
    raise AttributeError(f"module 'deepseek.models' has no attribute '{name}'")


__all__ = ["lenet", "luna_model", "mobilenet_v2", "resnet18", "resnet20", "resnet34", "resnet50", "resnet50_functional", "resnet50_sequential",
           "resnet56", "resnet101", "unet3d", *_transformers.__all__, *_C.model_names]
