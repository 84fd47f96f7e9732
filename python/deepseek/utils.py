"""Small helpers of training programs."""

from __future__ import annotations

import random


def set_seed(seed: int) -> None:
    """Seeds Python's random, numpy and deepseek."""
    import numpy

    from ._random import manual_seed

    random.seed(seed)
    numpy.random.seed(seed % 2**32)
    manual_seed(seed)
