"""Writes the reference page of all layers, from the installed package: signatures and docstrings.

    python tools/layers_reference.py build/docs/layers.md
"""

from __future__ import annotations

import sys
from pathlib import Path

from deepseek import _C, nn


def page() -> str:
    lines = ["# Layers", "", f"{len(_C.layer_names)} layers; each is `deepseek.nn.<name>` in Python and `deepseek::nn::<name>` in C++, with the",
             "parameters' names of torch. Sizes of inputs may be left out: they are inferred at the first call.", ""]  # fmt: skip
    for name in sorted(_C.layer_names):
        layer = getattr(nn, name)
        signature = layer.__init__.__doc__.splitlines()[0].replace("__init__(self, ", f"{name}(").replace("__init__(self", f"{name}(")
        lines += [f"## {name}", "", "```python", signature.removesuffix(" -> None"), "```", "", *(layer.__doc__ or "").strip().splitlines(), ""]
    return "\n".join(lines)


def main() -> int:
    output = Path(sys.argv[1])
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
