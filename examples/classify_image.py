"""Says what is on images: loads published weights, classifies the images, prints the five best classes of each.

    python examples/classify_image.py --weights FILE.pth IMAGE...           MobileNetV2 with torchvision's key names
    python examples/classify_image.py --weights FILE.pth --model resnet50 IMAGE...
    python examples/classify_image.py                                       two images of $DEEPSEEK_DATA with its MobileNetV2

Weights are torch's .pth or .safetensors files; --labels is a JSON file {"0": ["n01440764", "tench"], ...} or a text file with one
name a line. Needs Pillow to read images.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

import numpy as np

import deepseek
from deepseek import models, nn
from deepseek.nn import functional as F

MODELS = ("mobilenet_v2", "resnet18", "resnet34", "resnet50", "resnet101")
# What the weights were trained on: channel means and deviations of pixels in [0, 1].
TORCHVISION = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))
TENSORFLOW = ((0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("images", nargs="*", type=Path)
    parser.add_argument("--weights", type=Path)
    parser.add_argument("--model", choices=MODELS, default="mobilenet_v2")
    parser.add_argument("--from-tensorflow", action="store_true", help="weights of TensorFlow: its padding, and pixels in [-1, 1]")
    parser.add_argument("--labels", type=Path)
    parser.add_argument("--top", type=int, default=5)
    args = parser.parse_args()
    if args.top < 1:
        parser.error("--top must be at least 1")
    if args.weights is None:
        folder = os.environ.get("DEEPSEEK_DATA")
        if not folder:
            parser.error("give --weights FILE.pth and images, or set DEEPSEEK_DATA to the folder of sample data")
        data = Path(folder)
        args.weights = data / "mobilenet" / "mobilenet_v2_1.0_224_from_tf2ptq_torchvision.pth"
        args.from_tensorflow = True
        args.labels = args.labels or data / "imagenet" / "imagenet_class_index.json"
        args.images = args.images or sorted((data / "imagenet" / "samples_256").glob("*"))[:2]
    if not args.images:
        parser.error("give at least one image")
    return args


def build(args: argparse.Namespace) -> nn.Module:
    """The network with its weights; the number of classes is that of the weights' last layer."""
    weights = deepseek.load(args.weights)
    weights = weights.get("state_dict", weights)
    last = "classifier.1.weight" if args.model == "mobilenet_v2" else "fc.weight"
    if last not in weights:
        sys.exit(f"{args.weights} holds no '{last}': are these weights of {args.model}?")
    options = {"num_classes": weights[last].shape[0]}
    if args.model == "mobilenet_v2" and args.from_tensorflow:
        options["padding"] = "same"
    net = getattr(models, args.model)(**options)
    net.load_state_dict(weights)
    return net.eval()


def read_image(path: Path, statistics: tuple[tuple[float, ...], tuple[float, ...]], size: int = 224) -> np.ndarray:
    """(3, size, size) as the network wants it: shorter side 256, the middle cut out, channels scaled."""
    from PIL import Image

    with Image.open(path) as file:
        image = file.convert("RGB")
    scale = 256 / min(image.size)
    if scale != 1:
        image = image.resize((round(image.width * scale), round(image.height * scale)), Image.Resampling.BILINEAR)
    left, top = round((image.width - size) / 2), round((image.height - size) / 2)
    pixels = np.asarray(image.crop((left, top, left + size, top + size)), dtype=np.float32) / 255
    mean, deviation = (np.array(v, dtype=np.float32) for v in statistics)
    return ((pixels - mean) / deviation).transpose(2, 0, 1)


def read_labels(path: Path | None, count: int) -> list[str]:
    if path is None:
        return [f"class {i}" for i in range(count)]
    if path.suffix == ".json":
        entries = json.loads(path.read_text())
        labels = [entries[str(i)] for i in range(len(entries))]
        return [entry if isinstance(entry, str) else entry[-1] for entry in labels]
    return path.read_text().splitlines()


def main() -> None:
    args = parse_arguments()
    net = build(args)
    statistics = TENSORFLOW if args.from_tensorflow else TORCHVISION
    batch = deepseek.tensor(np.stack([read_image(path, statistics) for path in args.images]))
    with deepseek.no_grad():
        probabilities = F.softmax(net(batch), 1)
        values, classes = probabilities.topk(min(args.top, probabilities.shape[1]))
    labels = read_labels(args.labels, probabilities.shape[1])
    for path, row, best in zip(args.images, values.tolist(), classes.tolist()):
        print(path.name)
        for probability, index in zip(row, best):
            print(f"  {100 * probability:5.1f} %  {labels[index]}")


if __name__ == "__main__":
    main()
