"""Linear algebra on matrices and batches of them, with gradients, through LAPACK.

The line that fits four points best, and how its height at t = 4 depends on the last one::

    >>> import deepseek as ds
    >>> t = ds.tensor([0.0, 1.0, 2.0, 3.0])
    >>> y = ds.tensor([1.0, 3.0, 5.0, 7.5], requires_grad=True)
    >>> a = ds.stack([ds.ones_like(t), t], dim=1)
    >>> line = ds.linalg.lstsq(a, y)[0]
    >>> [round(v, 3) for v in line.tolist()]
    [0.9, 2.15]
    >>> (line[0] + 4 * line[1]).backward()
    >>> round(y.grad[3].item(), 3)
    1.0

What cannot be computed for the numbers that a matrix holds is refused when the result is asked for::

    >>> ds.linalg.inv(ds.ones(2, 2)).numpy()
    Traceback (most recent call last):
        ...
    deepseek.errors.LinAlgError: linalg.inv: the matrix is singular: its factor U has a zero at (1, 1)...
"""

from ._C import function_tables
from .errors import LinAlgError

globals().update(function_tables["linalg"])
__all__ = ["LinAlgError", *function_tables["linalg"]]
