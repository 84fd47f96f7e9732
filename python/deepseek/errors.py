"""The exceptions that deepseek raises. Each user error is an `Error` and the built-in exception of the same name."""

from ._C import Error, InternalError, error_types

ValueError = error_types["ValueError"]
TypeError = error_types["TypeError"]
IndexError = error_types["IndexError"]
RuntimeError = error_types["RuntimeError"]
OSError = error_types["OSError"]
KeyError = error_types["KeyError"]
NotImplementedError = error_types["NotImplementedError"]

__all__ = ["Error", "InternalError", *error_types]
