"""Updates of many parameters at once, and the bandwidth that bounds them."""

from __future__ import annotations

from benchmarks.cases import Case, case


@case
class AdamW(Case):
    name = "AdamW, 100M parameters"
    bars = {"torch": 1.0}
    sizes = [1 << 20] * 95

    def deepseek(self):
        import deepseek as ds

        parameters = [ds.randn(n).eval().requires_grad_() for n in self.sizes]
        for p in parameters:
            p.grad = ds.randn(p.numel()).eval()
        optimizer = ds.optim.AdamW(parameters, lr=1e-3)
        return optimizer.step

    def torch(self):
        import torch

        parameters = [torch.randn(n, requires_grad=True) for n in self.sizes]
        for p in parameters:
            p.grad = torch.randn(p.numel())
        optimizer = torch.optim.AdamW(parameters, lr=1e-3, fused=True)
        return optimizer.step


@case
class Bandwidth(Case):
    """y = a * x + y moves three of AdamW's seven arrays: its time is the measure of the bandwidth that AdamW can have."""

    name = "axpy, 100M floats"

    def deepseek(self):
        import deepseek as ds

        n = sum(AdamW.sizes)
        x, y = ds.randn(n).eval(), ds.randn(n).eval()

        def run():
            with ds.no_grad():
                y.add_(x * 0.001)
                y.eval()

        return run

    def numpy(self):
        import numpy as np

        n = sum(AdamW.sizes)
        x, y = np.ones(n, np.float32), np.ones(n, np.float32)
        t = np.empty_like(x)

        def run():
            np.multiply(x, np.float32(0.001), out=t)
            np.add(y, t, out=y)

        return run
