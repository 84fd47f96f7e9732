"""One answer of a trained network: the same weights in every library, the same inputs, outputs compared by `python -m benchmarks`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from benchmarks.cases import Case, case


def threads() -> int:
    return int(os.environ["OMP_NUM_THREADS"])


class Inference(Case):
    bfloat16 = False
    checked = True

    def inputs(self) -> dict[str, Any]:
        raise NotImplementedError

    def deepseek_network(self) -> Any:
        raise NotImplementedError

    def torch_network(self) -> Any:
        raise NotImplementedError

    def deepseek(self) -> Callable[[], Any]:
        import deepseek as ds

        model, inputs = self.frozen_network(), [ds.tensor(v) for v in self.inputs().values()]
        if self.bfloat16:
            inputs = [x.to(ds.bfloat16) if x.is_floating_point() else x for x in inputs]

        def run():
            with ds.no_grad():
                return model(*inputs).eval()

        return run

    def frozen_network(self) -> Any:
        import deepseek as ds

        model = self.deepseek_network().eval()
        return model.to(ds.bfloat16) if self.bfloat16 else model

    def torch(self, compiled: bool = False) -> Callable[[], Any]:
        import torch

        model = self.torch_network().eval()
        inputs = [torch.from_numpy(v) for v in self.inputs().values()]
        if self.bfloat16:
            model, inputs = model.to(torch.bfloat16), [x.to(torch.bfloat16) if x.is_floating_point() else x for x in inputs]
        if inputs[0].ndim == 4:
            model, inputs = model.to(memory_format=torch.channels_last), [x.to(memory_format=torch.channels_last) for x in inputs]
        if compiled:
            import torch._inductor.config

            torch._inductor.config.freezing = True  # packs weights once
            model = torch.compile(model)

        def run():
            with torch.no_grad():
                return model(*inputs)

        return run

    def torch_compile(self) -> Callable[[], Any]:
        return self.torch(compiled=True)

    def onnxruntime(self) -> Callable[[], Any] | None:
        import onnxruntime

        from benchmarks.peers.exported import file_of

        if self.bfloat16:
            return None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads()
        session = onnxruntime.InferenceSession(str(file_of(self.name)), options, providers=["CPUExecutionProvider"])
        inputs = self.inputs()
        return lambda: session.run(None, inputs)

    def openvino(self) -> Callable[[], Any]:
        import openvino

        from benchmarks.peers.exported import file_of

        # Without instructions for bfloat16 the library computes in float32 whatever it is told.
        settings = {
            "PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads(),
            "INFERENCE_PRECISION_HINT": "bf16" if self.bfloat16 else "f32",
        }  # fmt: skip
        request = openvino.Core().compile_model(str(file_of(self.name)), "CPU", settings).create_infer_request()
        inputs = self.inputs()

        def run():
            request.infer(inputs, share_inputs=True)
            return request.get_output_tensor(0).data

        return run


class Classifier(Inference):
    batch, make = 1, ""

    def inputs(self):
        import numpy as np

        return {"images": np.random.default_rng(0).standard_normal((self.batch, 3, 224, 224), np.float32)}

    def deepseek_network(self):
        import deepseek as ds

        from benchmarks.peers import weights

        model = getattr(ds.models, self.make)()
        with ds.no_grad():
            model(ds.zeros(1, 3, 224, 224)).eval()
        shapes = {name: t.shape for name, t in model.state_dict().items()}
        model.load_state_dict({name: ds.tensor(v) for name, v in weights.by_place(shapes)}, strict=False)
        return model

    def torch_network(self):
        import torch

        from benchmarks.peers import torch_networks, weights

        model = getattr(torch_networks, self.make)()
        shapes = {name: t.shape for name, t in model.state_dict().items()}
        model.load_state_dict({name: torch.from_numpy(v) for name, v in weights.by_place(shapes)}, strict=False)
        return model


@case
class ResNet50(Classifier):
    name = "ResNet-50, one image of 224x224"
    bars = {"fastest": 1.05}
    make = "resnet50"


@case
class ResNet50Batch8(ResNet50):
    name = "ResNet-50, 8 images of 224x224"
    batch = 8


@case
class MobileNetV2(Classifier):
    name = "MobileNetV2, one image of 224x224"
    bars = {"fastest": 1.1}
    make = "mobilenet_v2"


class Transformer(Inference):
    length, vocabulary = 1, 1

    def inputs(self):
        import numpy as np

        return {"input_ids": np.random.default_rng(0).integers(0, self.vocabulary, (1, self.length))}

    def filled(self, model):
        import deepseek as ds

        from benchmarks.peers import weights

        shapes = {name: t.shape for name, t in model.state_dict().items() if name != "lm_head.weight"}  # the embedding, shared
        ds.models.load_pretrained(model, {name: ds.tensor(v) for name, v in weights.by_name(shapes)})
        return model

    def filled_torch(self, model):
        import torch

        from benchmarks.peers import weights

        shapes = {name: t.shape for name, t in model.state_dict().items()}
        model.load_state_dict({name: torch.from_numpy(v) for name, v in weights.by_name(shapes)})
        return model


@case
class Bert(Transformer):
    name = "BERT-base, one text of 128 tokens"
    bars = {"fastest": 1.1}
    length, vocabulary = 128, 30522

    def deepseek_network(self):
        import deepseek as ds

        return self.filled(ds.models.BertModel(add_pooling_layer=False))

    def torch_network(self):
        from benchmarks.peers.torch_transformers import Bert

        return self.filled_torch(Bert())


@case
class Gpt2Prefill(Transformer):
    name = "GPT-2 small, the first 256 tokens"
    bars = {"fastest": 1.1}
    length, vocabulary = 256, 50257
    past = 0

    def inputs(self):
        import numpy as np

        rng = np.random.default_rng(1)
        kept = {f"past_{i}": rng.standard_normal((1, 12, self.past, 64), np.float32) for i in range(24 if self.past else 0)}
        return super().inputs() | kept

    def deepseek_network(self):
        import deepseek as ds

        return self.filled(ds.models.gpt2())

    def deepseek(self):
        import deepseek as ds

        model = self.frozen_network()
        ids, *kept = (ds.tensor(v) for v in self.inputs().values())
        cache = ds.models.KeyValueCache(model, capacity=self.past + self.length)
        for i, rows in enumerate(kept):
            (cache.values if i % 2 else cache.keys)[i // 2][:, :, : self.past].copy_(rows)

        def run():
            cache.length = self.past
            return model.next_scores(ids, cache)

        return run

    def torch_network(self):
        from benchmarks.peers.torch_transformers import Gpt2

        return self.filled_torch(Gpt2())


@case
class Gpt2Decode(Gpt2Prefill):
    name = "GPT-2 small, one token after 128"
    bars = {"fastest": 1.15}
    length, past = 1, 128


def in_bfloat16(of: type[Inference], bar: float) -> None:
    case(type(of.__name__ + "InBfloat16", (of,), {"name": of.name + ", bf16", "bars": {"fastest": bar}, "bfloat16": True}))


for _of, _bar in ((ResNet50, 1.05), (ResNet50Batch8, 1.05), (MobileNetV2, 1.1), (Bert, 1.1), (Gpt2Decode, 1.4), (Gpt2Prefill, 1.1)):
    in_bfloat16(_of, _bar)
