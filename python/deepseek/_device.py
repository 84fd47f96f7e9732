"""Devices. A tensor lives on the CPU; asking for another place says so instead of failing later."""

from __future__ import annotations


class device(str):
    """A place for tensors, a string such as 'cpu' with `type` and `index`."""

    type: str
    index: int | None  # type: ignore[assignment]  # the device's number, not str.index

    def __new__(cls, type: str = "cpu", index: int | None = None) -> device:
        from .errors import RuntimeError, TypeError

        if not isinstance(type, str):
            raise TypeError(f"device: expected a str such as 'cpu', but got {type.__class__.__name__}")
        name, _, number = type.partition(":")
        if name != "cpu" or number not in ("", "0"):
            raise RuntimeError(f"device: this build computes on 'cpu' only, but {str(type)!r} is asked for")
        self = super().__new__(cls, type)
        self.type = name
        self.index = int(number) if number else index
        return self

    def __repr__(self) -> str:
        return f"device({str(self)!r})"


cpu = device("cpu")
