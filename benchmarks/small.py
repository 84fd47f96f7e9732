"""What the graph itself costs: ops so small that computing them is nothing."""

from __future__ import annotations

from benchmarks.cases import Case, case


@case
class AddSmall(Case):
    name = "add of 8 floats"
    calls = 1000
    limit_ms = 0.0005

    def deepseek(self):
        import deepseek as ds

        x = ds.ones(8)

        def run():
            with ds.no_grad():
                for _ in range(self.calls):
                    y = x + x
                    y.eval()

        return run

    def torch(self):
        import torch

        x = torch.ones(8)

        def run():
            for _ in range(self.calls):
                x + x

        return run

    def numpy(self):
        import numpy as np

        x = np.ones(8, np.float32)

        def run():
            for _ in range(self.calls):
                x + x

        return run


@case
class ChainOfSmallOps(Case):
    name = "1,000 small ops, forward and backward"
    bars = {"torch": 3.5 / 0.4}

    @staticmethod
    def chain(x):
        for _ in range(500):
            x = x * 1.001
            x = x + 0.001
        return x

    def deepseek(self):
        import deepseek as ds

        w = ds.ones(8, requires_grad=True)

        def run():
            w.grad = None
            self.chain(w).sum().backward()
            w.grad.eval()

        return run

    def torch(self):
        import torch

        w = torch.ones(8, requires_grad=True)

        def run():
            w.grad = None
            self.chain(w).sum().backward()

        return run
