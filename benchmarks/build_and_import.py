"""What a user waits for before the first line runs: clean build, rebuild after one edit, size of the wheel, import.

    .venv/bin/python benchmarks/build_and_import.py [--skip-build]

Bars: clean build 360 s on two cores, rebuild after editing one op 20 s, wheel 15 MB, import 0.15 s of CPU time.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def cpu_seconds(*command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, check=True, cwd="/")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def seconds(command, **options):
    start = time.perf_counter()
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, **options)
    if result.returncode:
        raise SystemExit(f"{' '.join(map(str, command))} failed:\n{result.stdout}{result.stderr}")
    return time.perf_counter() - start


def report(what, value, bar, unit):
    print(f"{what:34} {value:8.2f} {unit:3} (bar {bar:g}) {'ok' if value <= bar else 'ABOVE'}")


def measure_import():
    best = min(cpu_seconds(sys.executable, "-c", "import deepseek") for _ in range(10))
    bare = min(cpu_seconds(sys.executable, "-c", "pass") for _ in range(10))
    numpy = min(cpu_seconds(sys.executable, "-c", "import numpy") for _ in range(10))
    report("import deepseek, CPU", best, 0.15, "s")
    print(f"    of these Python itself {bare:.2f} s, numpy {numpy - bare:.2f} s")


def measure_build(folder):
    tree = folder / "tree"
    configure = ["cmake", "-S", ROOT, "-B", tree, "-G", "Ninja", "-DDEEPSEEK_BUILD_PYTHON=ON", "-DDEEPSEEK_BUILD_TESTS=OFF"]
    configure += [f"-DCMAKE_PREFIX_PATH={sys.prefix}", f"-DPython_EXECUTABLE={sys.executable}"]
    environment = os.environ | {"CCACHE_DISABLE": "1"}
    build = ["cmake", "--build", tree, "-j2"]
    report("clean build, 2 jobs", seconds(configure, env=environment) + seconds(build, env=environment), 360, "s")
    for op in sorted((ROOT / "src/deepseek/ops").rglob("*.cpp"), key=lambda file: file.stat().st_size)[-1:]:
        os.utime(op)
        report(f"rebuild after {op.name}", seconds(build, env=environment), 20, "s")


def measure_wheel(folder):
    command = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", folder, "."]
    seconds([*command, f"--config-settings=build-dir={folder / 'wheel'}"])
    (wheel,) = folder.glob("*.whl")
    report(f"{wheel.name[:20]}...", wheel.stat().st_size / 1e6, 15, "MB")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--skip-build", action="store_true", help="measure the import only")
    arguments = parser.parse_args()
    measure_import()
    if not arguments.skip_build:
        with tempfile.TemporaryDirectory() as folder:
            measure_build(Path(folder))
            measure_wheel(Path(folder))


if __name__ == "__main__":
    main()
