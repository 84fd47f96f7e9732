"""Networks with the published names of their weights."""

from typing import Any

from .. import _C
from .. import nn as _nn  # noqa: F401  completes Module
from .._C import resnet50, resnet50_functional, resnet50_sequential
from . import _transformers
from ._transformers import *  # noqa: F403

globals().update({name: getattr(_C, name) for name in _C.model_names})



def __getattr__(name: str) -> Any:  # the classes' names come from the extension, which type checkers do not run
    raise AttributeError(f"module 'deepseek.models' has no attribute '{name}'")


__all__ = ["resnet50", "resnet50_functional", "resnet50_sequential", *_transformers.__all__, *_C.model_names]
