"""Mixed precision: products in a 16-bit type, float32 where digits are lost, parameters and their gradients float32.

    scaler = deepseek.amp.GradScaler()                       # for float16 only
    with deepseek.amp.autocast(dtype=deepseek.float16):
        loss = criterion(model(x), y)
    scaler.scale(loss).backward()
    scaler.step(optimizer)
    scaler.update()
"""

from __future__ import annotations

from .._C.amp import get_autocast_dtype, is_autocast_enabled, is_bf16_supported, is_fp16_supported
from ._autocast import autocast, custom_bwd, custom_fwd
from ._grad_scaler import GradScaler

__all__ = ["GradScaler", "autocast", "custom_bwd", "custom_fwd", "get_autocast_dtype", "is_autocast_enabled", "is_bf16_supported",
           "is_fp16_supported"]
