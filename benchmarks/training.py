"""Training steps of whole networks: time, and with `python -m benchmarks.memory` the memory that they take."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from benchmarks.cases import Case, case


def training_step(optimizer: Any, loss_of: Callable[[], Any]) -> Callable[[], float]:
    def step() -> float:
        loss = loss_of()
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        return loss.item()

    return step


class Training(Case):
    @staticmethod
    def prepared(model: Any, compiled: bool) -> Any:
        import torch

        return torch.compile(model) if compiled else model

    def torch(self, compiled: bool = False) -> Callable[[], float]:
        raise NotImplementedError

    def torch_compile(self) -> Callable[[], float]:
        return self.torch(compiled=True)


class Classifier(Training):
    """Images to classes, cross entropy, SGD with momentum."""

    batch = 16
    make = ""

    def deepseek(self):
        import deepseek as ds

        x, y = ds.randn(self.batch, 3, 224, 224).eval(), ds.randint(0, 1000, (self.batch,)).eval()
        model = getattr(ds.models, self.make)()
        with ds.no_grad():
            model(x[:1]).eval()
        optimizer = ds.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        return training_step(optimizer, lambda: ds.nn.functional.cross_entropy(model(x), y))

    def torch(self, compiled: bool = False):
        import torch

        from benchmarks.peers import torch_networks

        model = self.prepared(getattr(torch_networks, self.make)().to(memory_format=torch.channels_last), compiled)
        x = torch.randn(self.batch, 3, 224, 224).to(memory_format=torch.channels_last)
        y = torch.randint(0, 1000, (self.batch,))
        optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
        return training_step(optimizer, lambda: torch.nn.functional.cross_entropy(model(x), y))

    def tensorflow(self):
        import keras
        import tensorflow as tf

        applications = {"resnet50": keras.applications.ResNet50, "mobilenet_v2": keras.applications.MobileNetV2}
        model = applications[self.make](weights=None, classifier_activation=None)
        x = tf.random.normal((self.batch, 224, 224, 3))
        y = tf.random.uniform((self.batch,), 0, 1000, dtype=tf.int64)
        loss_of = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
        optimizer.build(model.trainable_variables)

        @tf.function
        def graph():
            with tf.GradientTape() as tape:
                loss = loss_of(y, model(x, training=True))
            optimizer.apply_gradients(zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables))
            return loss

        return lambda: float(graph())


@case
class ResNet50(Classifier):
    name = "ResNet-50, batch 16 of 224x224, training step"
    bars = {"torch": 1.4}
    make = "resnet50"


@case
class MobileNetV2(Classifier):
    name = "MobileNetV2, batch 16 of 224x224, training step"
    bars = {"torch": 1.6}
    make = "mobilenet_v2"


@case
class UNet3d(Training):
    name = "3-D U-Net 16-32-64-128, 1x1x128x128x64, Dice + focal loss, training step"
    bars = {"torch": 1.25}
    shape = (1, 1, 128, 128, 64)

    def deepseek(self):
        import deepseek as ds

        F = ds.nn.functional
        x, y = ds.randn(*self.shape).eval(), (ds.rand(*self.shape) > 0.9).float().eval()
        model = ds.models.unet3d(channels=(16, 32, 64, 128), norm="batch")
        with ds.no_grad():
            model(x[:1]).eval()
        optimizer = ds.optim.AdamW(model.parameters(), lr=1e-3)

        def loss_of():
            logits = model(x)
            p = logits.sigmoid()
            dice = 1 - (2 * (p * y).sum() + 1) / (p.sum() + y.sum() + 1)
            ce = F.binary_cross_entropy_with_logits(logits, y, reduction="none")
            pt = p * y + (1 - p) * (1 - y)
            return dice + (0.25 * (1 - pt).square() * ce).mean()

        return training_step(optimizer, loss_of)

    def torch(self, compiled: bool = False):
        import torch

        from benchmarks.peers.torch_networks import UNet3d, dice_focal

        model = self.prepared(UNet3d().to(memory_format=torch.channels_last_3d), compiled)
        x = torch.randn(self.shape).to(memory_format=torch.channels_last_3d)
        y = (torch.rand(self.shape) > 0.9).float()
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        return training_step(optimizer, lambda: dice_focal(model(x), y))


@case
class TimeSeries(Training):
    name = "time-series Transformer d=64, 4 heads, 3 layers, batch 64, training step"
    bars = {"torch": 2.0}

    def deepseek(self):
        import deepseek as ds

        x, y = ds.randn(64, 256, 17).eval(), ds.randint(0, 2, (64,)).eval()
        model = ds.models.time_series_transformer()
        with ds.no_grad():
            model(x[:1]).eval()
        optimizer = ds.optim.AdamW(model.parameters(), lr=1e-3)
        return training_step(optimizer, lambda: ds.nn.functional.cross_entropy(model(x), y))

    def torch(self, compiled: bool = False):
        import torch

        from benchmarks.peers.torch_networks import TimeSeriesTransformer

        model = self.prepared(TimeSeriesTransformer(), compiled)
        x, y = torch.randn(64, 256, 17), torch.randint(0, 2, (64,))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
        return training_step(optimizer, lambda: torch.nn.functional.cross_entropy(model(x), y))


class LanguageModel(Training):
    """Token predictions over the vocabulary, AdamW."""

    batch, length, vocabulary = 1, 1, 1

    def model_of_deepseek(self) -> Any:
        raise NotImplementedError

    def model_of_torch(self) -> Any:
        raise NotImplementedError

    def deepseek(self):
        import deepseek as ds

        model = self.model_of_deepseek()
        x = ds.randint(0, self.vocabulary, (self.batch, self.length)).eval()
        y = ds.randint(0, self.vocabulary, (self.batch * self.length,)).eval()
        with ds.no_grad():
            model(x[:1]).eval()
        optimizer = ds.optim.AdamW(model.parameters(), lr=1e-4)
        return training_step(
            optimizer, lambda: ds.nn.functional.cross_entropy(model(x).reshape(-1, self.vocabulary), y)
        )

    def torch(self, compiled: bool = False):
        import torch

        model = self.prepared(self.model_of_torch().train(), compiled)
        x = torch.randint(0, self.vocabulary, (self.batch, self.length))
        y = torch.randint(0, self.vocabulary, (self.batch * self.length,))
        optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
        return training_step(
            optimizer, lambda: torch.nn.functional.cross_entropy(model(x).logits.reshape(-1, self.vocabulary), y)
        )


@case
class Bert(LanguageModel):
    name = "BERT-base, batch 8 of 128 tokens, AdamW, training step"
    bars = {"torch": 1.2}
    batch, length, vocabulary = 8, 128, 30522

    def model_of_deepseek(self):
        import deepseek as ds

        return ds.models.BertForMaskedLM()

    def model_of_torch(self):
        import transformers

        return transformers.BertForMaskedLM(transformers.BertConfig())


@case
class Gpt2(LanguageModel):
    name = "GPT-2 small, batch 4 of 256 tokens, AdamW, training step"
    bars = {"torch": 1.25}
    batch, length, vocabulary = 4, 256, 50257

    def model_of_deepseek(self):
        import deepseek as ds

        return ds.models.gpt2()

    def model_of_torch(self):
        import transformers

        return transformers.GPT2LMHeadModel(transformers.GPT2Config(use_cache=False))
