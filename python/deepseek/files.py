"""Tensors on disk: safetensors (mapped, without a copy), .npy, .npz, idx, torch's .pth; save and load of nested dicts."""

from __future__ import annotations

from ._C.files import (
    load,
    load_npy,
    load_npz,
    load_safetensors,
    load_safetensors_metadata,
    load_torch,
    read_idx,
    save,
    save_npy,
    save_npz,
    save_safetensors,
    write_idx,
)

__all__ = ["load", "load_npy", "load_npz", "load_safetensors", "load_safetensors_metadata", "load_torch", "read_idx", "save", "save_npy",
           "save_npz", "save_safetensors", "write_idx"]
