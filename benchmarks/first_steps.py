"""What a structure costs that was never seen: a plan is made. Each call is a step of an MLP near 784-256-128-10 at batch 32,
of another batch and another width of the second layer, so that the work hardly differs from call to call."""

from __future__ import annotations

import itertools
from collections.abc import Callable

from benchmarks.cases import Case, case


def steps(batches: range, widths: range) -> list[Callable[[], object]]:
    """A step for each pair. Each model has made its first steps, which also set up the optimizer, at a batch of its own."""
    import deepseek as ds
    from deepseek import nn

    data = {n: (ds.randn(n, 784).eval(), ds.randint(0, 10, (n,)).eval()) for n in (16, *batches)}

    def trainer(width: int) -> Callable[[int], object]:
        model = nn.Sequential(nn.Linear(256), nn.ReLU(), nn.Linear(width), nn.ReLU(), nn.Linear(10))
        model(data[16][0])
        optimizer = ds.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

        def step(n: int) -> object:
            x, y = data[n]
            loss = nn.functional.cross_entropy(model(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            return loss.item()

        step(16), step(16)
        return step

    trainers = [trainer(width) for width in widths]
    return [lambda step=step, n=n: step(n) for n in batches for step in trainers]


@case
class FirstStep(Case):
    name = "MLP step, new shape each time"

    def deepseek(self):
        # More shapes than the plan cache holds.
        endless = itertools.cycle(steps(range(24, 48), range(100, 164)))
        return lambda: next(endless)()


@case
class SteadyStep(Case):
    name = "MLP step, shapes seen before"

    def deepseek(self):
        endless = itertools.cycle(steps(range(24, 48, 6), range(100, 164, 16)))
        return lambda: next(endless)()
