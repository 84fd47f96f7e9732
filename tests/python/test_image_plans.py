"""What steps over images do to memory: how many passes, no copies between layouts, and that their results are right."""

import printed_plans

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
    run = printed_plans.run(STEP)
    plan = run.stderr[run.stderr.rindex(" steps, arena") :]
    lines = plan.splitlines()
    (to_input,) = (i for i, line in enumerate(lines) if line.startswith("  conv_input"))
    (to_weight,) = (i for i, line in enumerate(lines) if line.startswith("  conv_weight") and i > to_input)
    activations = f":{4 * 16 * 22 * 22 * 4}"
    passes = [line for line in lines[to_input + 1 : to_weight] if activations in line]
    # The sums, and then the gradient itself, all four of its operations at once.
    assert len(passes) == 2, "\n".join(passes)
    assert "fused[mul add add mul]" in passes[1]


CAT = """
import deepseek
from deepseek.nn import functional as F
deepseek.manual_seed(0)
x, v, w = deepseek.randn(2, 8, 12, 12).eval(), deepseek.randn(16, 8, 3, 3).eval(), deepseek.randn(4, 24, 3, 3).eval()
a = F.conv2d(x, v, padding=1)
both = deepseek.cat([a, F.conv2d(x, v[:8], padding=1)], 1)
y = F.conv2d(both, w)
apart = F.conv2d(a, w[:, :16]) + F.conv2d(F.conv2d(x, v[:8], padding=1), w[:, 16:])
print(float((y - apart).abs().max() / apart.abs().max()))
print(float((both.reshape(2, -1)[:, : 16 * 144] - a.reshape(2, -1)).abs().max()))
"""


def test_joined_images_keep_their_layout():
    run = printed_plans.run(CAT)
    error, moved = map(float, run.stdout.split())
    assert error < 1e-5 and moved == 0
    lines = run.stderr.splitlines()
    (joined,) = (i for i, line in enumerate(lines) if line.startswith("  cat"))
    assert lines[joined + 1].startswith("  conv ")
