"""GradScaler: keeps float16 gradients within range."""

from __future__ import annotations

from typing import Any

from .. import _C
from .._C import Tensor
from ..errors import TypeError


class GradScaler(_C.amp.GradScaler):
    """Multiplies the loss by a scale before backward and divides the gradients by it before the step; a step whose gradients are
    infinite or NaN is skipped and shrinks the scale, `growth_interval` good ones in a row let it grow.

    Needed for float16 only. With `enabled=False` every call passes through, so one loop serves all types.
    """

    def __init__(self, device: Any = "cpu", init_scale: float = 2.0**16, growth_factor: float = 2.0, backoff_factor: float = 0.5,
                 growth_interval: int = 2000, enabled: bool = True) -> None:
        if isinstance(device, (int, float)):
            raise TypeError(f"GradScaler: device must be a string, but it is {device!r}; give init_scale by name")
        super().__init__(init_scale, growth_factor, backoff_factor, growth_interval, enabled)

    def scale(self, outputs: Any) -> Any:
        """The tensor, or each of a list or tuple of tensors, times the scale."""
        if isinstance(outputs, Tensor):
            return self._scale(outputs)
        if isinstance(outputs, (list, tuple)):
            return type(outputs)([self.scale(x) for x in outputs])
        raise TypeError(f"GradScaler: scale takes a tensor or a list of tensors, but got {type(outputs).__name__}")

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """optimizer.step(*args), unless a gradient is infinite or NaN; returns its result, or None when the step is skipped."""
        return optimizer.step(*args, **kwargs) if self._may_step(optimizer) else None

    def __getstate__(self) -> dict[str, Any]:
        return {"state": self.state_dict(), "enabled": self.is_enabled()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(enabled=state["enabled"])  # type: ignore[misc]
        if state["enabled"]:
            self.load_state_dict(state["state"])
