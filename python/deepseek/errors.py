"""The exceptions that deepseek raises. Each user error is an `Error` and the built-in exception of the same name;
`LinAlgError`, of singular matrices and the like, is a RuntimeError."""

from ._C import Error, InternalError, current_line, error_types


def _name_line(self: Error, *args: object) -> None:
    """Errors raised in Python name the user's line as those of the engine do."""
    if args and isinstance(args[0], str) and "\n  at " not in args[0] and (line := current_line()):
        args = (f"{args[0]}\n  at {line}", *args[1:])
    self.args = args


Error.__init__ = _name_line  # type: ignore[method-assign]

ValueError = error_types["ValueError"]
TypeError = error_types["TypeError"]
IndexError = error_types["IndexError"]
RuntimeError = error_types["RuntimeError"]
OSError = error_types["OSError"]
KeyError = error_types["KeyError"]
NotImplementedError = error_types["NotImplementedError"]
LinAlgError = error_types["LinAlgError"]

__all__ = ["Error", "InternalError", *error_types]
