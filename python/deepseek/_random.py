"""The state of the random functions."""

from __future__ import annotations

from . import _C
from ._C import Tensor, initial_seed

__all__ = ["get_rng_state", "initial_seed", "manual_seed", "seed", "set_rng_state"]


def manual_seed(seed: int) -> None:
    """Starts the random functions again: the same seed gives the same numbers at any number of threads."""
    _C.manual_seed(int(seed))


def seed() -> int:
    """Seeds the random functions from the system and returns the seed."""
    import secrets

    value = secrets.randbits(63)
    _C.manual_seed(value)
    return value


def get_rng_state() -> Tensor:
    """Seed and position of the random functions, as an int64 tensor."""
    return _C.tensor(list(_C.rng_state()), dtype=_C.dtypes["int64"])


def set_rng_state(new_state: Tensor) -> None:
    """Continues from a state that get_rng_state returned."""
    from .errors import ValueError

    values = new_state.tolist()
    if not isinstance(values, list) or len(values) != 2:
        raise ValueError("set_rng_state: expected the tensor of 2 numbers that get_rng_state returned")
    _C.set_rng_state(*values)
