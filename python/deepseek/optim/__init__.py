"""Optimisers with torch's names, formulas and defaults."""

from __future__ import annotations

from .._C.optim import (
    Adadelta,
    Adagrad,
    Adam,
    Adamax,
    AdamW,
    Lion,
    NAdam,
    Optimizer,
    ParamGroup,
    RAdam,
    RMSprop,
    SGD,
)
from . import lr_scheduler

__all__ = ["Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "NAdam", "Optimizer", "ParamGroup", "RAdam", "RMSprop", "SGD",
           "lr_scheduler"]

for _name in __all__[:-1]:
    globals()[_name].__module__ = __name__
