"""What a training step through batch norm does to memory: how many passes, and that their results are right."""

import os
import subprocess
import sys

STEP = """
import deepseek
from deepseek.nn import functional as F
x, w = deepseek.randn(4, 8, 24, 24).eval(), deepseek.randn(16, 8, 3, 3).eval().requires_grad_()
v, scale, shift = (deepseek.randn(*s).eval().requires_grad_() for s in ((16, 16, 3, 3), (16,), (16,)))
y = F.conv2d(F.batch_norm(F.conv2d(x, w), weight=scale, bias=shift, training=True).relu(), v)
y.square().sum().backward()
w.grad.eval()
"""


def test_gradient_of_batch_norm_is_two_passes():
    run = subprocess.run(
        [sys.executable, "-c", STEP],
        env=os.environ | {"DEEPSEEK_PRINT_PLANS": "1"},
        capture_output=True,
        text=True,
        check=True,
    )
    plan = run.stderr[run.stderr.rindex(" steps, arena") :]
    lines = plan.splitlines()
    (to_input,) = (i for i, line in enumerate(lines) if line.startswith("  conv_input"))
    (to_weight,) = (i for i, line in enumerate(lines) if line.startswith("  conv_weight") and i > to_input)
    activations = f":{4 * 16 * 22 * 22 * 4}"
    passes = [line for line in lines[to_input + 1 : to_weight] if activations in line]
    # The sums, and then the gradient itself, all four of its operations at once.
    assert len(passes) == 2, "\n".join(passes)
    assert "fused[mul add add mul]" in passes[1]
