"""Memory of tensors: how much is in use, and giving cached memory back."""

from ._C import memory_stats as stats
from ._C import release_cached_memory as release
from ._C import reset_peak_memory as reset_peak

__all__ = ["peak", "release", "reset_peak", "stats"]


def peak() -> int:
    """The largest number of bytes in use since the start or reset_peak()."""
    return stats()["peak"]
