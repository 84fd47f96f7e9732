"""Runs the cases of one library in a process of its own, on demand: one line of JSON in, one out.

Libraries do not share a process, since their thread pools would wait for each other's cores."""

from __future__ import annotations

import json
import resource
import sys
import time
from typing import Any

from benchmarks import cases


def timings(function, calls: int, seconds: float) -> list[float]:
    """Milliseconds per call, from as many repeats as fit."""
    found = []
    end = time.perf_counter() + seconds
    while len(found) < 3 or (time.perf_counter() < end and len(found) < 2000):
        start = time.perf_counter()
        function()
        found.append((time.perf_counter() - start) * 1e3 / calls)
    return found


def numbers(result: Any, most: int = 4096) -> list[float]:
    """Values of a result, evenly spread over it when there are many."""
    import numpy as np

    if isinstance(result, (list, tuple)):
        result = result[0]
    flat = np.asarray(result.float().numpy() if hasattr(result, "numpy") else result).ravel()
    return [float(v) for v in flat[:: max(1, -(-flat.size // most))]]


def resident_mb() -> float:
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * resource.getpagesize() / 2**20


def steady(step, steps: int) -> dict[str, float]:
    """Memory and page faults of a long run, after a warm-up."""
    for _ in range(200):
        step()
    memory, faults = resident_mb(), resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(steps):
        step()
    return {
        "resident_mb": memory,
        "growth_mb": resident_mb() - memory,
        "page_faults": resource.getrusage(resource.RUSAGE_SELF).ru_minflt - faults,
        "steps": steps,
    }


def main() -> None:
    library = sys.argv[1]
    threads = int(sys.argv[2])
    module = __import__(cases.LIBRARIES[library])
    if module.__name__ in ("deepseek", "torch"):
        module.set_num_threads(threads)
    known = cases.load()
    built: dict[str, Any] = {}
    answers = sys.stdout
    sys.stdout = sys.stderr
    print(json.dumps({"version": module.__version__}), file=answers, flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        cls = known[request["case"]]
        if request.get("steady"):
            from benchmarks.networks import deepseek_mlp

            print(json.dumps(steady(deepseek_mlp(), request["steady"])), file=answers, flush=True)
            continue
        if cls.name not in built:
            built.clear()  # one case's arrays at a time
            built[cls.name] = cases.build(cls, library)
        function = built[cls.name]
        if request.get("numbers"):
            print(json.dumps(numbers(function()) if function else []), file=answers, flush=True)
            continue
        times = timings(function, cls.calls, request["seconds"]) if function else []
        print(json.dumps(times), file=answers, flush=True)


if __name__ == "__main__":
    main()
