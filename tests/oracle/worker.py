"""The child process: reads a name from each line of its input, checks it, writes what it found as a line of JSON."""

from __future__ import annotations

import json
import os
import sys

from tests.oracle import layers, ops

LIMIT = int(os.environ.get("DEEPSEEK_ORACLE_SAMPLES", "0"))


def main() -> None:
    results = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what torch prints must not mix with the results
    operators, modules = ops.operators(), layers.layers()
    for line in sys.stdin:
        name = line.strip()
        found = ops.check(name, operators[name], LIMIT) if name in operators else layers.check(name, modules[name], LIMIT)
        print(json.dumps(found.record()), file=results, flush=True)


if __name__ == "__main__":
    main()
