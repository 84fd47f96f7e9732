"""Parameter: a tensor that a module trains."""

from __future__ import annotations

from typing import Any

from .. import _C
from .._C import Tensor


class Parameter(Tensor):
    """A tensor that becomes part of a module's parameters when it is assigned to an attribute.

    Example:
        >>> class Scale(nn.Module):
        ...     def __init__(self):
        ...         super().__init__()
        ...         self.factor = nn.Parameter(deepseek.ones(3))
    """

    def __new__(cls, data: Any = None, requires_grad: bool = True) -> Parameter:
        return _C._make_parameter(_C.tensor([]) if data is None else data, requires_grad)

    def __deepcopy__(self, memo: dict[int, Any]) -> Parameter:
        if id(self) not in memo:
            memo[id(self)] = Parameter(self.detach().clone(), self.requires_grad)
        return memo[id(self)]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return Parameter, (self.detach(), self.requires_grad)


_C.set_parameter_type(Parameter)
