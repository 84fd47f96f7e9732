"""deepseek: a deep-learning framework that records a graph while ordinary code runs, and computes on demand."""

import os as _os
from typing import Any as _Any

# A thread that waits for the others spins; by libgomp's default so long that on a machine with other work a training step took
# eight times as long. libgomp reads this once, when it is loaded.
if "OMP_WAIT_POLICY" not in _os.environ:
    _os.environ.setdefault("GOMP_SPINCOUNT", "20000")

from . import _C  # noqa: E402

_C.set_package_folder(_os.path.dirname(__file__))

from ._C import (  # noqa: E402
    Tensor,
    all_functions,
    as_tensor,
    current_line,
    dtype,
    eval,
    from_numpy,
    get_default_dtype,
    get_num_threads,
    is_grad_enabled,
    is_inference_mode_enabled,
    is_tensor,
    promote_types,
    result_type,
    set_default_dtype,
    set_num_threads,
    tensor,
)
from ._device import cpu, device  # noqa: E402
from ._functions import *  # noqa: E402, F403
from ._overloads import allclose, broadcast_shapes, equal, tensordot  # noqa: E402
from ._memory_format import (  # noqa: E402
    channels_last,
    channels_last_3d,
    contiguous_format,
    layout,
    memory_format,
    preserve_format,
    strided,
)
from ._modes import enable_grad, inference_mode, no_grad, set_grad_enabled  # noqa: E402
from ._numbers import e, finfo, iinfo, inf, nan, newaxis, pi  # noqa: E402
from .errors import Error, InternalError  # noqa: E402

__version__ = "0.1.0"

from . import _tensor  # noqa: E402, F401  adds the methods that are written in Python
from ._exchange import from_dlpack  # noqa: E402
from ._random import get_rng_state, initial_seed, manual_seed, seed, set_rng_state  # noqa: E402

# Modules and names that are read when they are first used: what a program does not need costs no start-up time.
_MODULES = ("amp", "autograd", "data", "errors", "export", "files", "linalg", "memory", "models", "nn", "optim", "profiler",
            "quantization", "random", "special", "utils")
_LAZY = {"Input": "nn", "Model": "nn", "autocast": "amp", "save": "files", "load": "files", "memory_budget": "memory"}


def __getattr__(name: str) -> _Any:
    import importlib.util

    if name in _MODULES and importlib.util.find_spec(f"deepseek.{name}"):
        return importlib.import_module(f"deepseek.{name}")
    if name in _LAZY:
        value = getattr(importlib.import_module(f"deepseek.{_LAZY[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'deepseek' has no attribute '{name}'")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LAZY, *_MODULES})
