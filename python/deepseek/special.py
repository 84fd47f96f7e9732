"""Special functions."""

from ._C import function_tables

globals().update(function_tables["special"])
__all__ = list(function_tables["special"])
