"""Linear algebra."""

from ._C import function_tables

globals().update(function_tables["linalg"])
__all__ = list(function_tables["linalg"])
