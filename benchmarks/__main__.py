"""Times every case with deepseek and its peers in turn and prints a table.

    python -m benchmarks [--only WORD] [--libraries deepseek,torch,...] [--rounds 3] [--seconds 1] [--threads N] [--json FILE]

Peers that are not installed are left out. A ratio is the peer's time divided by ours: above 1 deepseek is faster. Where libraries
compute the same numbers, the largest difference from ours is shown, in parts of the largest number."""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import cases

ROOT = Path(__file__).resolve().parents[1]


class Worker:
    def __init__(self, library: str, threads: int, files: str) -> None:
        folders = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "PYTHONPATH": folders, "DEEPSEEK_BENCHMARK_FILES": files}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", library, str(threads)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment,
        )  # fmt: skip
        self.version = self.answer()["version"]

    def answer(self) -> Any:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("a worker ended; its error is above")
        return json.loads(line)

    def ask(self, **request: Any) -> Any:
        assert self.process.stdin
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        return self.answer()


def processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def show(value: float | None, unit: str = "") -> str:
    return "-" if value is None else f"{value:.3g}{unit}"


def differences(cls: type[cases.Case], workers: dict[str, Worker], libraries: list[str]) -> dict[str, float]:
    found = {lib: np.array(workers[lib].ask(case=cls.name, numbers=True)) for lib in libraries}
    ours = found.pop("deepseek")
    scale = np.abs(ours).max()
    return {lib: float(np.abs(theirs - ours).max() / scale) for lib, theirs in found.items()}


def run_case(cls: type[cases.Case], workers: dict[str, Worker], rounds: int, seconds: float) -> dict[str, Any]:
    taken: dict[str, list[float]] = {}
    for round_ in range(rounds + 1):  # the first is the warm-up
        for library, worker in workers.items():
            if hasattr(cls, library):
                times = worker.ask(case=cls.name, seconds=seconds / rounds if round_ else 0)
                if round_ and times:
                    taken.setdefault(library, []).extend(times)
    medians = {library: statistics.median(times) for library, times in taken.items()}
    row = {"case": cls.name, "ms": medians, "bars": cls.bars, "limit_ms": cls.limit_ms}
    if cls.checked and "deepseek" in medians:
        row["differences"] = differences(cls, workers, list(medians))
    return row


def verdict(row: dict[str, Any]) -> str:
    ms, bars = dict(row["ms"]), row["bars"]
    if "deepseek" not in ms:
        return ""
    if row["limit_ms"] is not None:
        return "ok" if ms["deepseek"] <= row["limit_ms"] else f"over {row['limit_ms']:.3g} ms"
    if peers := [time for lib, time in ms.items() if lib != "deepseek"]:
        ms["fastest"] = min(peers)
    missed = [f"{lib} {bar:.3g}x" for lib, bar in bars.items() if lib in ms and ms[lib] / ms["deepseek"] < bar]
    if missed:
        return "below " + ", ".join(missed)
    return "ok" if any(lib in ms for lib in bars) else ""


def print_table(rows: list[dict[str, Any]]) -> None:
    peers = [lib for lib in cases.LIBRARIES if lib != "deepseek" and any(lib in row["ms"] for row in rows)]
    header = ["case", "deepseek ms", *(f"{p} ms" for p in peers), *(f"x {p}" for p in peers), "bar", "difference"]
    lines = [header]
    for row in rows:
        ms = row["ms"]
        ours = ms.get("deepseek")
        ratios = [show(ms[p] / ours, "x") if ours and p in ms else "-" for p in peers]
        apart = max(row.get("differences", {}).values(), default=None)
        lines.append([row["case"], show(ours), *(show(ms.get(p)) for p in peers), *ratios, verdict(row), "" if apart is None else f"{apart:.1e}"])
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip())
    for peer in peers:
        if ratios := [row["ms"][peer] / row["ms"]["deepseek"] for row in rows if peer in row["ms"]]:
            print(f"{peer}: geometric mean {statistics.geometric_mean(ratios):.2f}x, least {min(ratios):.2f}x of {len(ratios)} cases")


def small_ops_program() -> dict[str, float] | None:
    """The C++ program's figures, when it has been built."""
    for program in sorted(ROOT.glob("build/*/benchmarks/cpp/small_ops"), key=lambda p: -p.stat().st_mtime):
        return json.loads(subprocess.run([program], capture_output=True, text=True, check=True).stdout)
    return None


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", default="", help="cases whose name contains this")
    parser.add_argument("--libraries", default=",".join(cases.LIBRARIES), help="by default all: " + " ".join(cases.LIBRARIES))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.5, help="per case and library")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--steps", type=int, default=10_000, help="of the memory check; 0 leaves it out")
    parser.add_argument("--json", type=Path, default=ROOT / "build" / "benchmarks.json")
    options = parser.parse_args()

    chosen = {name: cls for name, cls in cases.load().items() if options.only.lower() in name.lower()}
    wanted = [lib for lib in options.libraries.split(",") if any(hasattr(cls, lib) for cls in chosen.values())]
    libraries = [lib for lib in wanted if importlib.util.find_spec(cases.LIBRARIES[lib])]
    if missing := sorted({cases.LIBRARIES[lib] for lib in wanted if lib not in libraries}):
        print("not installed, left out: " + ", ".join(missing))
    with tempfile.TemporaryDirectory(prefix="deepseek-benchmarks-") as files:
        measure(chosen, {lib: Worker(lib, options.threads, files) for lib in libraries}, options)


def measure(chosen: dict[str, type[cases.Case]], workers: dict[str, Worker], options: argparse.Namespace) -> None:
    machine = {
        "cpu": processor(),
        "threads": options.threads,
        "python": platform.python_version(),
        "versions": {lib: w.version for lib, w in workers.items()},
    }
    print(f"{machine['cpu']}, {machine['threads']} threads, Python {machine['python']}")
    print(", ".join(f"{lib} {version}" for lib, version in machine["versions"].items()) + "\n")

    rows = [run_case(cls, workers, options.rounds, options.seconds) for cls in chosen.values()]
    print_table(rows)

    result: dict[str, Any] = {"machine": machine, "cases": rows}
    by_name = {row["case"]: row["ms"].get("deepseek") for row in rows}
    first, steady = by_name.get("MLP step, new shape each time"), by_name.get("MLP step, shapes seen before")
    if first and steady:
        result["first_step_ratio"] = first / steady
        print(f"\nfirst step of a new shape: {first / steady:.2f} times a steady one (bar: 1.5)")
    if options.steps and not options.only and "deepseek" in workers:
        result["steady"] = found = workers["deepseek"].ask(case=rows[0]["case"], steady=options.steps)
        memory = f"resident {found['resident_mb']:.0f} MB, growth {found['growth_mb']:.2f} MB"
        print(f"{found['steps']} steps: {memory}, {found['page_faults']} page faults")
    if (program := small_ops_program()) and not options.only:
        result["cpp"] = program
        print("C++: " + ", ".join(f"{k} {v}" for k, v in program.items()))
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
