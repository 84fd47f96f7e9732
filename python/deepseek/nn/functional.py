"""Functions that layers are made of, by torch's names."""

from .. import _C

globals().update(_C.function_tables["top"])
globals().update(_C.function_tables.get("functional", {}))
