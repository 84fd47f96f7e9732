"""Same seed, same bits: at any number of threads, and in any process."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

EXAMPLE = Path(__file__).parents[2] / "examples" / "train_digits.py"

# The network of the digits example, trained as the example trains it, on images of 28x28 with one bright row for each class.
PROGRAM = """
import hashlib, runpy, sys
import numpy as np
import deepseek as ds
from deepseek import data, nn, optim

threads, steps, batch = map(int, sys.argv[2:])
ds.set_num_threads(threads)
example = runpy.run_path(sys.argv[1])
ds.utils.set_seed(42)
generator = np.random.default_rng(0)
images = generator.integers(0, 160, (8 * batch, 28, 28), dtype=np.uint8)
labels = generator.integers(0, 10, len(images))
images[np.arange(len(images)), 2 * labels + 4] += 90
loader = data.DataLoader(data.TensorDataset(images, labels), batch_size=batch, shuffle=True, num_workers=2, seed=7)
model = example["make_model"](28)
model(example["prepare"](ds.from_numpy(images[:2])))
optimizer = optim.AdamW(model.parameters(), lr=1e-3, weight_decay=1e-2)
schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=2e-3, total_steps=steps + 1)
losses = []
while len(losses) < steps:
    for x, y in loader:
        loss = nn.functional.cross_entropy(model(example["prepare"](x)), y, label_smoothing=0.05)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        losses.append(loss.item())
digest = hashlib.sha256()
for name, value in model.state_dict().items():
    digest.update(name.encode())
    digest.update(value.numpy().tobytes())
print(digest.hexdigest(), len(losses), losses[0], losses[-1])
"""


def start(threads: int) -> subprocess.Popen[str]:
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "passive"}
    command = [sys.executable, "-c", PROGRAM, str(EXAMPLE), str(threads), "200", "16"]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)


def result(process: subprocess.Popen[str]) -> str:
    output, _ = process.communicate(timeout=300)
    assert process.returncode == 0
    return output


def test_weights_after_200_steps_are_bit_equal_at_any_number_of_threads_and_in_any_process() -> None:
    two_processes = [start(1), start(1)]
    one, again = [result(process) for process in two_processes]
    digest, steps, first, last = one.split()
    assert len(digest) == hashlib.sha256().digest_size * 2 and int(steps) == 200
    assert float(first) > 2.0 and float(last) < 1.0, "the network learns"
    assert again == one, "another process"
    for threads in (2, 4):
        assert result(start(threads)) == one, f"{threads} threads"
