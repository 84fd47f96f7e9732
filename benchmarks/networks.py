"""Training steps of small networks, where the time between kernels matters as much as the kernels."""

from __future__ import annotations

from benchmarks.cases import Case, case


def deepseek_mlp(batch=32):
    import deepseek as ds
    from deepseek import nn

    model = nn.Sequential(nn.Linear(256), nn.ReLU(), nn.Linear(128), nn.ReLU(), nn.Linear(10))
    x, y = ds.randn(batch, 784).eval(), ds.randint(0, 10, (batch,)).eval()
    model(x)
    optimizer = ds.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def deepseek_lenet(batch=128):
    import deepseek as ds
    from deepseek import nn

    model = nn.Sequential(
        nn.Conv2d(6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 5), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(120), nn.ReLU(), nn.Linear(84), nn.ReLU(), nn.Linear(10),
    )  # fmt: skip
    x, y = ds.randn(batch, 1, 28, 28).eval(), ds.randint(0, 10, (batch,)).eval()
    model(x)
    optimizer = ds.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def torch_step(model, x, y):
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


@case
class MLP(Case):
    name = "MLP 784-256-128-10, batch 32, training step"
    bars = {"torch": 2.0}
    calls = 20

    def deepseek(self):
        step = deepseek_mlp()

        def run():
            for _ in range(self.calls):
                step().item()

        return run

    def torch(self):
        import torch
        from torch import nn

        model = nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))
        step = torch_step(model, torch.randn(32, 784), torch.randint(0, 10, (32,)))

        def run():
            for _ in range(self.calls):
                step()

        return run

    def jax(self):
        import jax
        import jax.numpy as jnp

        sizes = [784, 256, 128, 10]
        keys = jax.random.split(jax.random.PRNGKey(0), 5)
        weights = [
            (jax.random.normal(k, (i, o)) * i**-0.5, jnp.zeros(o)) for k, i, o in zip(keys, sizes[:-1], sizes[1:])
        ]
        x, y = jax.random.normal(keys[3], (32, 784)), jax.random.randint(keys[4], (32,), 0, 10)

        def loss_of(weights):
            h = x
            for i, (w, b) in enumerate(weights):
                h = h @ w + b
                h = jax.nn.relu(h) if i < 2 else h
            return -jnp.take_along_axis(jax.nn.log_softmax(h), y[:, None], 1).mean()

        @jax.jit
        def update(weights, momentum):
            loss, grads = jax.value_and_grad(loss_of)(weights)
            momentum = jax.tree.map(lambda m, g: 0.9 * m + g, momentum, grads)
            return loss, jax.tree.map(lambda w, m: w - 0.01 * m, weights, momentum), momentum

        state = [weights, jax.tree.map(jnp.zeros_like, weights)]

        def run():
            for _ in range(self.calls):
                loss, *state[:] = update(*state)
                float(loss)

        return run


@case
class LeNet(Case):
    name = "MNIST network (conv-conv-fc), batch 128, training step"
    bars = {"torch": 1.5}

    def deepseek(self):
        step = deepseek_lenet()
        return lambda: step().item()

    def torch(self):
        import torch
        from torch import nn

        model = nn.Sequential(
            nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10),
        )  # fmt: skip
        return torch_step(model, torch.randn(128, 1, 28, 28), torch.randint(0, 10, (128,)))
