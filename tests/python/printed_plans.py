"""Programs run in a process of their own that prints each plan it makes."""

from __future__ import annotations

import os
import subprocess
import sys


def run(program: str) -> subprocess.CompletedProcess[str]:
    """The finished process, whose plans are in its stderr; fails the test when the program fails."""
    done = subprocess.run([sys.executable, "-c", program], env=os.environ | {"DEEPSEEK_PRINT_PLANS": "1"}, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done
