"""Runs torch's samples against deepseek and prints what passes.

    python -m tests.oracle                        # everything; writes output/oracle.json
    python -m tests.oracle --match 'index_.*'     # some
    python -m tests.oracle --samples 10           # at most so many samples per type
"""

from __future__ import annotations

import argparse
import json
import os
import queue
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from tests.oracle.used import OPS


class Child:
    """A worker that is started again after a crash or when it does not answer."""

    def __init__(self, samples: int) -> None:
        self.environment = os.environ | {"DEEPSEEK_ORACLE_SAMPLES": str(samples)}
        self.process: subprocess.Popen[str] | None = None
        self.lines: queue.Queue[str] = queue.Queue()

    def start(self) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-m", "tests.oracle.worker"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, text=True, env=self.environment)  # fmt: skip
        lines: queue.Queue[str] = queue.Queue()

        def read() -> None:
            assert process.stdout
            for line in process.stdout:
                lines.put(line)
            lines.put("")

        threading.Thread(target=read, daemon=True).start()
        self.process, self.lines = process, lines
        return process

    def check(self, name: str, limit: float) -> dict[str, Any]:
        process = self.process or self.start()
        assert process.stdin
        process.stdin.write(name + "\n")
        process.stdin.flush()
        try:
            line = self.lines.get(timeout=limit)
        except queue.Empty:
            line = None
        if line:
            return dict(json.loads(line))
        if line is None:
            process.kill()
        self.process, status = None, process.wait()
        how = f"no answer within {limit:.0f} s" if line is None else f"the process died ({status})"
        return {"name": name, "ok": False, "passed": 0, "failed": 1, "refused": 0, "accepted": 0, "unclear": 0, "missing": "",
                "examples": [how], "died": line is not None, "hung": line is None}  # fmt: skip


def rate(results: list[dict[str, Any]]) -> str:
    good = sum(r["ok"] for r in results)
    return f"{good} of {len(results)} pass ({100 * good / max(len(results), 1):.1f} %)"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--match", default="", help="a regular expression for the names")
    parser.add_argument("--samples", type=int, default=0, help="samples per operator and type; 0: all")
    parser.add_argument("--timeout", type=float, default=120, help="seconds that one operator may take")
    parser.add_argument("--json", type=Path, default=Path("output/oracle.json"))
    options = parser.parse_args()
    try:
        from tests.oracle import layers, ops
    except ImportError as error:
        print(f"the oracle needs torch: pip install -e .[oracle] ({error})", file=sys.stderr)
        return 1
    known_ops, known_layers = ops.operators(), layers.layers()
    names = [n for n in [*known_ops, *known_layers] if re.search(options.match, n)]
    child, results = Child(options.samples), []
    for name in names:
        found = child.check(name, options.timeout)
        results.append(found)
        state = "pass" if found["ok"] else found["missing"] or "FAIL"
        print(f"{state:18} {name:48} {found['passed']:5} passed {found['failed']:5} failed", flush=True)
        for example in [] if found["ok"] else found["examples"][:2]:
            print(f"{'':18}   {example}")
    found_ops = [r for r in results if r["name"] in known_ops]
    refused, wrong = (sum(r[k] for r in results) for k in ("refused", "unclear"))
    accepted, numbers = (sum(r.get(k, 0) for r in results) for k in ("accepted", "numbers"))
    print(f"\nmost used ops: {rate([r for r in found_ops if r['name'] in OPS])}")
    print(f"all ops:       {rate(found_ops)}; {sum(bool(r['missing']) for r in found_ops)} missing")
    print(f"layers:        {rate([r for r in results if r['name'] in known_layers])}")
    print(f"error inputs of existing ops: {refused} refused clearly, {accepted} accepted ({numbers} of them numbers in the place of tensors), {wrong} internal errors, "
          f"{sum(r.get('died', False) for r in results)} crashes, {sum(r.get('hung', False) for r in results)} hangs")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
