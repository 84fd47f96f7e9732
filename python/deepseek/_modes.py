"""Modes of the running thread, as context managers and decorators."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, TypeVar

from . import _C

F = TypeVar("F", bound=Callable[..., Any])


class _Mode:
    """Enters on `with` or around each call of a decorated function; may be entered again while it is active."""

    def __init__(self) -> None:
        self._saved: list[Any] = []

    def _enter(self) -> Any:
        raise NotImplementedError

    def _leave(self, saved: Any) -> None:
        raise NotImplementedError

    def __enter__(self) -> None:
        self._saved.append(self._enter())

    def __exit__(self, *exception: object) -> None:
        self._leave(self._saved.pop())

    def __call__(self, function: F) -> F:
        if inspect.isgeneratorfunction(function):
            return self._wrap_generator(function)

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            saved = self._enter()
            try:
                return function(*args, **kwargs)
            finally:
                self._leave(saved)

        return inside  # type: ignore[return-value]

    def _wrap_generator(self, function: F) -> F:
        # The mode holds while the generator runs, not while its user does.
        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            generator = function(*args, **kwargs)
            reply = None
            while True:
                with self:
                    try:
                        value = generator.send(reply)
                    except StopIteration as stop:
                        return stop.value
                reply = yield value

        return inside  # type: ignore[return-value]


class _GradMode(_Mode):
    _on = True

    def _enter(self) -> bool:
        return _C.swap_grad(self._on)

    def _leave(self, saved: bool) -> None:
        _C.swap_grad(saved)


def _bare(cls: Any, function: Any) -> Any:
    """Lets `@no_grad` stand for `@no_grad()`."""
    self = object.__new__(cls)
    if function is None:
        return self
    self.__init__()
    return self(function)


class no_grad(_GradMode):
    """Nothing inside is recorded for backward."""

    _on = False

    def __new__(cls, function: Any = None) -> Any:
        return _bare(cls, function)

    def __init__(self, function: Any = None) -> None:
        super().__init__()


class enable_grad(_GradMode):
    """What is inside is recorded for backward, also within no_grad."""

    def __new__(cls, function: Any = None) -> Any:
        return _bare(cls, function)

    def __init__(self, function: Any = None) -> None:
        super().__init__()


class set_grad_enabled(_GradMode):
    """Switches recording on or off: at once when called, and back at the end of a `with` block."""

    def __init__(self, mode: bool) -> None:
        super().__init__()
        self._on = bool(mode)
        self._before = _C.swap_grad(self._on)

    def __enter__(self) -> None:
        _C.swap_grad(self._on)
        self._saved.append(self._before)

    def __call__(self, function: F) -> F:
        _C.swap_grad(self._before)
        return super().__call__(function)


class inference_mode(_Mode):
    """As no_grad, and results can never enter autograd later."""

    def __new__(cls, mode: Any = True) -> Any:
        return _bare(cls, mode if callable(mode) else None)

    def __init__(self, mode: Any = True) -> None:
        super().__init__()
        self._on = bool(mode)

    def _enter(self) -> tuple[bool, bool]:
        return _C.swap_grad(not self._on and _C.is_grad_enabled()), _C.swap_inference(self._on)

    def _leave(self, saved: tuple[bool, bool]) -> None:
        _C.swap_grad(saved[0])
        _C.swap_inference(saved[1])
