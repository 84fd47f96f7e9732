"""Orders of elements in memory, by torch's names."""

from __future__ import annotations

import enum


class memory_format(enum.Enum):
    """What copies and conversions may be asked for. How a tensor lies in memory is chosen by the plans that compute it (images
    as channels_last), so that these change nothing but are taken, for programs that state them."""

    contiguous_format = "contiguous_format"
    channels_last = "channels_last"
    channels_last_3d = "channels_last_3d"
    preserve_format = "preserve_format"

    def __repr__(self) -> str:
        return f"deepseek.{self.value}"


class layout(enum.Enum):
    """How a tensor keeps its elements: each in its place, the one way here."""

    strided = "strided"

    def __repr__(self) -> str:
        return f"deepseek.{self.value}"


strided = layout.strided
contiguous_format = memory_format.contiguous_format
channels_last = memory_format.channels_last
channels_last_3d = memory_format.channels_last_3d
preserve_format = memory_format.preserve_format
