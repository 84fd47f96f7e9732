"""Tensors on disk: safetensors (mapped, without a copy), .npy, .npz, idx; save and load of nested dicts."""

from __future__ import annotations

from ._C.files import (
    load,
    load_npy,
    load_npz,
    load_safetensors,
    load_safetensors_metadata,
    read_idx,
    save,
    save_npy,
    save_npz,
    save_safetensors,
    write_idx,
)

__all__ = ["load", "load_npy", "load_npz", "load_safetensors", "load_safetensors_metadata", "read_idx", "save", "save_npy", "save_npz",
           "save_safetensors", "write_idx"]
