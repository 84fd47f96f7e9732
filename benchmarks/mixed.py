"""Training steps under autocast beside the same steps in float32, for both libraries."""

from __future__ import annotations

from contextlib import nullcontext

from benchmarks.cases import Case, case


def deepseek_step(model, x, y, mixed):
    import deepseek as ds
    from deepseek import nn

    model(x)
    optimizer = ds.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        with ds.amp.autocast(enabled=mixed):
            loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def torch_step(model, x, y, mixed):
    import torch

    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)

    def step():
        with torch.autocast("cpu", torch.bfloat16) if mixed else nullcontext():
            loss = torch.nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


class Mixed(Case):
    mixed = True
    calls = 1
    batch = 1

    def repeated(self, step):
        def run():
            for _ in range(self.calls):
                step()

        return run

    def deepseek(self):
        import deepseek as ds
        from deepseek import nn

        return self.repeated(deepseek_step(self.deepseek_model(nn), ds.randn(*self.shape).eval(), ds.randint(0, 10, (self.batch,)).eval(), self.mixed))

    def torch(self):
        import torch

        return self.repeated(torch_step(self.torch_model(torch.nn), torch.randn(*self.shape), torch.randint(0, 10, (self.batch,)), self.mixed))


@case
class MixedMLP(Mixed):
    name = "MLP 784-256-128-10, batch 32, bf16 autocast"
    calls, batch, shape = 20, 32, (32, 784)

    def deepseek_model(self, nn):
        return nn.Sequential(nn.Linear(256), nn.ReLU(), nn.Linear(128), nn.ReLU(), nn.Linear(10))

    def torch_model(self, nn):
        return nn.Sequential(nn.Linear(784, 256), nn.ReLU(), nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10))


@case
class MixedLeNet(Mixed):
    name = "MNIST network (conv-conv-fc), batch 128, bf16 autocast"
    batch, shape = 128, (128, 1, 28, 28)

    def deepseek_model(self, nn):
        return nn.Sequential(nn.Conv2d(6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                             nn.Linear(120), nn.ReLU(), nn.Linear(84), nn.ReLU(), nn.Linear(10))

    def torch_model(self, nn):
        return nn.Sequential(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
                             nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10))


@case
class TransformerBlock(Mixed):
    name = "transformer block 8x128x256, 8 heads, training step"
    mixed, batch, shape = False, 8, (8, 128, 256)

    def model(self, nn, head):
        block = nn.TransformerEncoderLayer(256, 8, 1024, dropout=0.0, activation="gelu", batch_first=True, norm_first=True)
        return nn.Sequential(block, nn.Flatten(), head)

    def deepseek_model(self, nn):
        return self.model(nn, nn.Linear(10))

    def torch_model(self, nn):
        return self.model(nn, nn.Linear(128 * 256, 10))


@case
class MixedTransformerBlock(TransformerBlock):
    name = "transformer block 8x128x256, 8 heads, bf16 autocast"
    mixed = True
