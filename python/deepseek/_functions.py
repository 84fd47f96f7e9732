"""The functions of the library, from its own table, and the element types."""

from . import _C

globals().update(_C.dtypes)
globals().update(_C.function_tables["top"])

__all__ = [*_C.dtypes, *_C.function_tables["top"]]
