"""Measures the memory of training steps, each library and network in a process of its own, and prints a table.

    python -m benchmarks.memory [--only WORD] [--libraries deepseek,torch,...] [--json FILE]

Peak: resident memory at the peak of a steady step minus resident memory after model and data exist, before the first step. It
holds gradients, optimiser state, activations and workspaces. For deepseek the table also shows what `memory.predict` said."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks import cases, training

ROOT = Path(__file__).resolve().parents[1]
PEERS = ("torch", "tensorflow")


def status(key: str) -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(key + ":"):
            return int(line.split()[1]) * 1024 / 1e6
    raise KeyError(key)


def measure(name: str, library: str) -> dict[str, float]:
    step = cases.build(cases.load()[name], library)
    assert step
    start = status("VmRSS")
    found = {}
    if library == "deepseek":
        import deepseek as ds

        found["predicted_mb"] = ds.memory.predict(step).peak / 1e6
    for _ in range(3):
        step()
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from what is resident
    step()
    found["peak_mb"] = status("VmHWM") - start
    return found


def in_own_process(name: str, library: str) -> dict[str, float] | None:
    folders = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    command = [sys.executable, "-m", "benchmarks.memory", "--case", name, "--libraries", library]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, env=os.environ | {"PYTHONPATH": folders})
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else None


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--libraries", default="deepseek," + ",".join(PEERS))
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "memory.json")
    options = parser.parse_args()
    if options.case:
        print(json.dumps(measure(options.case, options.libraries)))
        return

    libraries = [lib for lib in options.libraries.split(",") if importlib.util.find_spec(lib)]
    rows: list[dict[str, Any]] = []
    print(f"{'network':<75}{'predicted':>10}" + "".join(f"{lib:>12}" for lib in libraries) + "   MB, ratio to the leanest peer")
    for name, cls in cases.load().items():
        if cls.__module__ != training.__name__ or options.only.lower() not in name.lower():
            continue
        found = {lib: in_own_process(name, lib) for lib in libraries if hasattr(cls, lib)}
        rows.append({"case": name, "memory": found})
        peaks = {lib: m["peak_mb"] for lib, m in found.items() if m}
        ours, peers = peaks.get("deepseek"), [v for lib, v in peaks.items() if lib != "deepseek"]
        predicted = (found.get("deepseek") or {}).get("predicted_mb")
        line = f"{name:<75}{'-' if predicted is None else f'{predicted:.0f}':>10}"
        line += "".join(f"{f'{peaks[lib]:.0f}' if lib in peaks else '-':>12}" for lib in libraries)
        print(line + (f"   {ours / min(peers):.2f}" if ours and peers else ""), flush=True)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
