"""Memory of tensors: how much is in use, what a step will need, and giving cached memory back."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from . import _C
from ._C import memory_stats as stats
from ._C import release_cached_memory as release
from ._C import reset_peak_memory as reset_peak

__all__ = ["Holding", "Prediction", "memory_budget", "peak", "predict", "release", "reset_peak", "stats"]


def peak() -> int:
    """The largest number of bytes in use since the start or reset_peak()."""
    return stats()["peak"]


_UNITS = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12,
          "kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}  # fmt: skip


def _bytes(size: int | str) -> int:
    if isinstance(size, int):
        return size
    match = re.fullmatch(r"\s*([0-9]*\.?[0-9]+)\s*([a-zA-Z]*)\s*", size)
    if not match or match[2].lower() not in _UNITS:
        raise ValueError(f"memory_budget: expected a number of bytes or a text such as '4GB' or '512MiB', not {size!r}")
    return int(float(match[1]) * _UNITS[match[2].lower()])


@contextmanager
def memory_budget(size: int | str) -> Iterator[None]:
    """Keeps the tensors of this thread within a number of bytes, by computing values a second time instead of keeping them.

    The bound holds for all tensor memory together: parameters, optimiser state, results and temporaries. Results are the same
    bit for bit; only time is paid, at most about one more forward pass. What is pending is computed when the block ends.

    Args:
        size: bytes, or a text such as `"4GB"` (10**9) or `"512MiB"` (2**20).

    Raises:
        ValueError: the size is not positive or not understood.
        RuntimeError: a step cannot be done within the budget; the message names the least that can. The step's writes are undone.

    Source: gradient checkpointing by segments, Chen et al., Training Deep Nets with Sublinear Memory Cost, arXiv:1604.06174.

    Example:
        >>> import deepseek
        >>> w = deepseek.ones(8, requires_grad=True)
        >>> with deepseek.memory_budget("1GB"):
        ...     w.square().sum().backward()
        ...     print(w.grad[0].item())
        2.0
    """
    wanted = _bytes(size)
    if wanted <= 0:
        raise ValueError(f"memory_budget: the budget must be positive, not {size!r}")
    before = _C.swap_memory_budget(wanted)
    try:
        yield
        _C.eval()
    finally:
        _C.swap_memory_budget(before)


def _size(n: int) -> str:
    for unit in ("bytes", "KB", "MB"):
        if abs(n) < 1000 or unit == "MB":
            return f"{n:.0f} {unit}" if unit == "bytes" else f"{n:.1f} {unit}"
        n /= 1000  # type: ignore[assignment]
    raise AssertionError


@dataclass(frozen=True)
class Holding:
    """Bytes that are alive when an evaluation needs most memory: what wrote them, in which layer, how many."""

    what: str
    layer: str
    bytes: int


@dataclass(frozen=True)
class Prediction:
    """What a step takes, in bytes: `peak` beyond what is in use before it, `kept` of that afterwards (state of an optimiser,
    gradients), `arena` the temporaries of its largest evaluation, and `holdings`: where these are at their peak, largest first."""

    peak: int
    kept: int
    arena: int
    holdings: list[Holding] = field(default_factory=list, repr=False)

    def report(self, top: int = 10) -> str:
        """A table of the largest holdings."""
        lines = [f"peak {_size(self.peak)}: kept {_size(self.kept)}, temporaries {_size(self.arena)}, of which at the peak"]
        lines += [f"{_size(h.bytes):>12}  {h.what}{' in ' + h.layer if h.layer else ''}" for h in self.holdings[:top]]
        rest = self.holdings[top:]
        if rest:
            lines.append(f"{_size(sum(h.bytes for h in rest)):>12}  {len(rest)} more")
        return "\n".join(lines)


def predict(step: Callable[[], Any]) -> Prediction:
    """How much memory `step` will take, before anything is computed.

    The function is called twice, as two steps of a loop (the first may create the optimiser's state), and the second is
    reported on. Its graph is recorded and planned exactly as in earnest, but no kernel runs and no memory is touched: tensors
    that it writes, gradients, optimisers and the random state are as before afterwards. Numbers that it reads with `item()`
    are zero, so control flow that depends on values is not followed. Weights packed for frozen layers are not counted.

    Args:
        step: a function of no arguments, for instance a training step on a fixed batch.

    Returns:
        The peak in bytes beyond what is in use now, and where the bytes are.

    Example:
        >>> import deepseek
        >>> model = deepseek.nn.Sequential(deepseek.nn.Linear(64), deepseek.nn.ReLU(), deepseek.nn.Linear(1))
        >>> x = deepseek.ones(256, 32)
        >>> _ = model(x)  # the layers learn their widths
        >>> optimizer = deepseek.optim.AdamW(model.parameters())
        >>> def step():
        ...     model(x).square().mean().backward()
        ...     optimizer.step()
        ...     optimizer.zero_grad()
        >>> deepseek.memory.predict(step).peak > 256 * 64 * 4
        True
    """
    found = _C.predict_memory(step)
    holdings = [Holding(*h) for h in found.pop("holdings")]
    return Prediction(**found, holdings=holdings)
