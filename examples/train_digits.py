"""Trains a convolutional network on handwritten digits, saves it, and lets a new process load it and read digits.

    python examples/train_digits.py                       the 1,797 digits of scikit-learn, seconds
    python examples/train_digits.py --data FOLDER         MNIST's four idx files (plain or .gz) in FOLDER
    python examples/train_digits.py --data FOLDER --download      fetches them first

Everything it writes is under output/ (or --output): weights.safetensors, history.json, predictions.npz, digits.png.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

import deepseek
import deepseek.nn.functional as F
from deepseek import data, nn, optim


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("DEEPSEEK_DATA")
    parser.add_argument("--data", default=default, help="folder with MNIST's idx files (default: $DEEPSEEK_DATA, else scikit-learn's digits)")
    parser.add_argument("--download", action="store_true", help="fetch MNIST into the --data folder when it is not there")
    parser.add_argument("--epochs", type=int, help="default: 5 for MNIST, 20 for scikit-learn's digits")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--lr", type=float, default=4e-3, help="highest learning rate of the schedule")
    parser.add_argument("--amp", nargs="?", const="bfloat16", choices=("bfloat16", "float16"), help="train in mixed precision (default type: bfloat16)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, help="threads that compute (default: all cores)")
    parser.add_argument("--workers", type=int, default=1, help="threads that fetch batches")
    parser.add_argument("--output", type=Path, default=Path("output"))
    parser.add_argument("--predict", type=Path, metavar="WEIGHTS", help="only load these weights and read the test images")
    args = parser.parse_args()
    for name in ("epochs", "batch_size", "threads"):
        if getattr(args, name) is not None and getattr(args, name) < 1:
            parser.error(f"--{name.replace('_', '-')} must be at least 1")
    return args


def load_data(args: argparse.Namespace) -> tuple[data.TensorDataset, data.TensorDataset]:
    """Training and test images as uint8 (N, H, W) with labels."""
    if args.data:
        return tuple(data.MNIST(args.data, train=train, download=args.download) for train in (True, False))
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = digits.images.astype("uint8"), digits.target.astype("int64")
    order = data.RandomSampler(labels, seed=0).order()
    return tuple(data.TensorDataset(images[part], labels[part]) for part in (order[:1437], order[1437:]))


def make_model(size: int) -> nn.Module:
    """Two or three convolutions, then two dense layers; input channels and widths are learnt at the first call."""
    small = size < 16
    layers: list[nn.Module] = []
    for i, channels in enumerate((32, 64) if small else (32, 64, 64)):
        layers += [nn.Conv2d(channels, 3, padding="same", bias=False), nn.BatchNorm2d(), nn.ReLU()]
        if small or i != 1:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(128), nn.ReLU(), nn.Dropout(0.3), nn.Linear(10))


def prepare(images: deepseek.Tensor) -> deepseek.Tensor:
    """uint8 (N, H, W) to float32 (N, 1, H, W) around zero."""
    largest = 16.0 if images.shape[-1] == 8 else 255.0
    return (images.float() / largest - 0.13).unsqueeze(1) / 0.31


class Progress:
    """One line that is drawn again; one line per epoch when the output is no terminal."""

    def __init__(self, epoch: int, epochs: int, batches: int) -> None:
        self.title, self.batches, self.done = f"epoch {epoch:2}/{epochs}", batches, 0
        self.loss, self.right, self.seen, self.start = 0.0, 0, 0, time.perf_counter()

    def update(self, loss: float, right: int, n: int) -> None:
        self.done += 1
        self.loss += loss * n
        self.right += right
        self.seen += n
        if sys.stdout.isatty() and (self.done % 5 == 0 or self.done == self.batches):
            bar = "#" * (24 * self.done // self.batches)
            print(f"\r{self.title} [{bar:.<24}] {self.text()}", end="", flush=True)

    def text(self) -> str:
        rate = self.seen / (time.perf_counter() - self.start)
        return f"loss {self.loss / self.seen:.4f}  accuracy {100 * self.right / self.seen:5.2f} %  {rate:6.0f} images/s"

    def close(self, suffix: str) -> None:
        line = f"{self.title} {self.text()}  {suffix}"
        print("\r" + line.ljust(100) if sys.stdout.isatty() else line, flush=True)


def evaluate(model: nn.Module, dataset: data.TensorDataset) -> tuple[float, np.ndarray]:
    """The share of right answers and the probabilities of all classes."""
    model.eval()
    probabilities = []
    with deepseek.no_grad():
        for images, _ in data.DataLoader(dataset, batch_size=500):
            probabilities.append(F.softmax(model(prepare(images)), dim=1).numpy())
    p = np.concatenate(probabilities)
    return float((p.argmax(1) == dataset.tensors[1].numpy()).mean()), p


def train(args: argparse.Namespace) -> None:
    deepseek.utils.set_seed(args.seed)
    training, test = load_data(args)
    size = training.tensors[0].shape[-1]
    epochs = args.epochs or (5 if size == 28 else 20)
    loader = data.DataLoader(training, batch_size=args.batch_size, shuffle=True, num_workers=args.workers, seed=args.seed)
    model = make_model(size)
    model(prepare(training.tensors[0][:2]))  # the first call makes the parameters
    optimizer = optim.AdamW(model.parameters(), lr=args.lr, weight_decay=1e-2)
    mixed = deepseek.amp.autocast(enabled=bool(args.amp), dtype=getattr(deepseek, args.amp or "bfloat16"))
    scaler = deepseek.amp.GradScaler(enabled=args.amp == "float16")  # small gradients would be zero in float16
    schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=args.lr, total_steps=epochs * len(loader) + 1)
    print(f"{len(training)} training and {len(test)} test images of {size}x{size}, "
          f"{sum(p.numel() for p in model.parameters()):,} parameters, {deepseek.get_num_threads()} threads")
    history: dict[str, list[float]] = {"loss": [], "accuracy": []}
    for epoch in range(1, epochs + 1):
        model.train()
        progress = Progress(epoch, epochs, len(loader))
        for images, labels in loader:
            with mixed:
                logits = model(prepare(images))
                loss = F.cross_entropy(logits, labels, label_smoothing=0.05)
            right = (logits.argmax(1) == labels).sum()
            optimizer.zero_grad()
            scaler.scale(loss).backward()
            scaler.step(optimizer)  # forward, backward and update run here, as one plan
            scaler.update()
            schedule.step()
            history["loss"].append(loss.item())
            progress.update(history["loss"][-1], int(right.item()), len(labels))
        accuracy, _ = evaluate(model, test)
        history["accuracy"].append(accuracy)
        progress.close(f"test {100 * accuracy:.2f} %")

    args.output.mkdir(parents=True, exist_ok=True)
    weights = args.output / "weights.safetensors"
    deepseek.save(model.state_dict(), weights)
    (args.output / "history.json").write_text(json.dumps(history), encoding="utf-8")

    # A new process knows nothing but the file.
    again = [sys.executable, __file__, "--predict", str(weights), "--output", str(args.output)]
    subprocess.run(again + (["--data", args.data] if args.data else []), check=True)
    predictions = deepseek.load(args.output / "predictions.npz")
    reloaded = float((predictions["digit"].numpy() == test.tensors[1].numpy()).mean())
    if reloaded != history["accuracy"][-1]:
        sys.exit(f"error: the reloaded model is right on {reloaded:.4%}, the trained one on {history['accuracy'][-1]:.4%}")
    plot(args.output, history, test, predictions)
    print(f"test accuracy {100 * accuracy:.2f} %, the same after loading {weights} in a new process; picture: {args.output / 'digits.png'}")


def predict(args: argparse.Namespace) -> None:
    _, test = load_data(args)
    model = make_model(test.tensors[0].shape[-1])
    model.load_state_dict(deepseek.load(args.predict))
    accuracy, p = evaluate(model, test)
    args.output.mkdir(parents=True, exist_ok=True)
    deepseek.files.save_npz({"digit": deepseek.from_numpy(p.argmax(1)), "probability": deepseek.from_numpy(p.max(1))},
                            args.output / "predictions.npz")
    print(f"new process: {args.predict} loaded, {100 * accuracy:.2f} % of {len(test)} test images read rightly")


def plot(folder: Path, history: dict[str, list[float]], test: data.TensorDataset, predictions: dict[str, deepseek.Tensor]) -> None:
    """Loss curve and accuracy on the left; on the right some digits, the least certain ones last."""
    try:
        import matplotlib
    except ImportError:
        print("matplotlib is not installed, so no picture is drawn (pip install matplotlib)")
        return
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    digit, certainty = predictions["digit"].numpy(), predictions["probability"].numpy()
    images, labels = (t.numpy() for t in test.tensors)
    chosen = [*range(16), *np.argsort(certainty)[:8]]
    figure = plt.figure(figsize=(13, 6.5), layout="constrained")
    left, right = figure.subfigures(1, 2)
    upper, lower = left.subplots(2, 1)
    loss = np.array(history["loss"])
    window = max(1, len(loss) // 60)
    smooth = np.convolve(loss, np.ones(window) / window, "valid")
    upper.plot(loss, color="0.8", label="each batch")
    upper.plot(np.arange(len(smooth)) + window // 2, smooth, color="tab:blue", label=f"mean of {window}")
    upper.set(title="training loss", xlabel="step", yscale="log")
    upper.legend()
    lower.plot(np.arange(1, len(history["accuracy"]) + 1), 100 * np.array(history["accuracy"]), marker="o", color="tab:green")
    lower.set(title=f"test accuracy, at last {100 * history['accuracy'][-1]:.2f} %", xlabel="epoch", ylabel="%")
    for axes, k in zip(right.subplots(4, 6).flat, chosen):
        axes.imshow(images[k], cmap="gray_r")
        axes.set_title(f"{digit[k]} ({100 * certainty[k]:.0f} %)", color="black" if digit[k] == labels[k] else "red", fontsize=9)
        axes.axis("off")
    right.suptitle("what the reloaded model reads (red: wrong; last eight: least certain)")
    figure.savefig(folder / "digits.png", dpi=110)


if __name__ == "__main__":
    arguments = parse_arguments()
    if arguments.threads:
        deepseek.set_num_threads(arguments.threads)
    predict(arguments) if arguments.predict else train(arguments)
