"""Same seed, same bits, at any number of threads."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

PROGRAM = """
import hashlib, sys
import deepseek as ds
from deepseek import nn

ds.set_num_threads(int(sys.argv[1]))
ds.utils.set_seed(42)
model = nn.Sequential(
    nn.Conv2d(8, 3, padding="same"), nn.BatchNorm2d(), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 3, padding="same"), nn.ReLU(),
    nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.25), nn.Linear(64), nn.ReLU(), nn.Linear(10))
optimizer = None
x = ds.randn(4, 64, 1, 28, 28)
y = ds.randint(0, 10, (4, 64))
for step in range(int(sys.argv[2])):
    loss = nn.functional.cross_entropy(model(x[step % 4]), y[step % 4])
    optimizer = optimizer or ds.optim.AdamW(model.parameters(), lr=1e-3)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
digest = hashlib.sha256()
for name, value in model.state_dict().items():
    digest.update(name.encode())
    digest.update(value.numpy().tobytes())
print(digest.hexdigest(), loss.item())
"""


def run(threads: int, steps: int) -> str:
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-c", PROGRAM, str(threads), str(steps)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("steps", [25])
def test_weights_are_bit_equal_at_any_number_of_threads(steps: int) -> None:
    one = run(1, steps)
    assert len(one.split()[0]) == hashlib.sha256().digest_size * 2
    assert float(one.split()[1]) < 3.0
    for threads in (2, 4):
        assert run(threads, steps) == one, f"{threads} threads"
