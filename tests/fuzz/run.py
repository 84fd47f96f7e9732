"""Runs each fuzzer for some seconds: run.py BUILD_FOLDER SECONDS [NAME...].

What they learn stays in BUILD_FOLDER/corpus; an input that breaks a reader is kept in BUILD_FOLDER/findings and fails the run.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import seeds

OPTIONS = {"UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1", "ASAN_OPTIONS": "detect_leaks=1:allocator_may_return_null=1"}


def run(program: Path, folder: Path, seconds: int) -> bool:
    name = program.name.removeprefix("fuzz_")
    learnt, findings = folder / "corpus" / name, folder / "findings"
    learnt.mkdir(parents=True, exist_ok=True)
    findings.mkdir(exist_ok=True)
    command = [program, learnt, folder / "seeds" / name, f"-max_total_time={seconds}", "-max_len=8192", "-timeout=20",
               "-rss_limit_mb=3000", "-print_final_stats=1", f"-artifact_prefix={findings}/{name}-"]
    done = subprocess.run([str(c) for c in command], env={**os.environ, **OPTIONS}, capture_output=True, text=True, errors="replace", check=False)
    runs = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    covered = re.findall(r"cov: (\d+)", done.stderr)
    print(f"{name}: {runs[1] if runs else '?'} inputs, {covered[-1] if covered else '?'} edges", "" if done.returncode == 0 else "FAILED", flush=True)
    if done.returncode != 0:
        print(done.stderr[-6000:], flush=True)
    return done.returncode == 0


def main() -> int:
    folder, seconds, names = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3:]
    seeds.write(folder / "seeds")
    programs = sorted(p for p in (folder / "tests" / "fuzz").glob("fuzz_*") if os.access(p, os.X_OK) and p.is_file())
    programs = [p for p in programs if not names or p.name.removeprefix("fuzz_") in names]
    if not programs:
        print(f"no fuzzers in {folder}/tests/fuzz. Cure: make fuzz")
        return 1
    unseeded = [p.name for p in programs if not list((folder / "seeds" / p.name.removeprefix("fuzz_")).glob("*"))]
    if unseeded:
        print(f"no files to start from for {', '.join(unseeded)}: add some to tests/fuzz/seeds.py")
        return 1
    return 0 if all([run(p, folder, seconds) for p in programs]) else 1


if __name__ == "__main__":
    sys.exit(main())
