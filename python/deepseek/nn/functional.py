"""Functions that layers are made of, by torch's names."""

from .. import _C

globals().update(_C.function_tables["top"])
globals().update(_C.function_tables.get("functional", {}))

from ._losses import ctc_loss, triplet_margin_with_distance_loss  # noqa: E402, F401  in place of those that take tensors only
