"""Networks of torch as ONNX files, for the libraries that only run networks: `python -m benchmarks.peers.exported CASE FILE`.

The export has a process of its own: what it leaves in memory, and torch's threads, must not be measured along."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any


def folder() -> Path:
    """Of this run of the benchmarks, whose workers share it."""
    return Path(os.environ.get("DEEPSEEK_BENCHMARK_FILES") or tempfile.mkdtemp(prefix="deepseek-benchmarks-"))


def file_of(name: str) -> Path:
    file = folder() / (re.sub(r"\W+", "_", name) + ".onnx")
    if not file.exists():
        subprocess.run([sys.executable, "-m", "benchmarks.peers.exported", name, str(file)], check=True)
    return file


def export(case: Any, file: Path) -> None:
    import torch

    inputs = case.inputs()
    model = case.torch_network().eval()
    warnings.simplefilter("ignore")
    with torch.no_grad():
        arguments = tuple(torch.from_numpy(v) for v in inputs.values())
        partial = file.with_suffix(".partial")
        torch.onnx.export(model, arguments, str(partial), input_names=list(inputs), opset_version=17, dynamo=False)
    partial.rename(file)


def main() -> None:
    from benchmarks import cases

    export(cases.load()[sys.argv[1]](), Path(sys.argv[2]))


if __name__ == "__main__":
    main()
