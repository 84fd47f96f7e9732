"""The examples run as a user would run them, on a few epochs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import deepseek
from deepseek import data

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "train_digits.py"


def run(*arguments, example=EXAMPLE, **environment):
    env = {k: v for k, v in os.environ.items() if k != "DEEPSEEK_DATA"} | environment
    return subprocess.run([sys.executable, str(example), *map(str, arguments)], capture_output=True, text=True, env=env)


def test_digits_are_trained_saved_loaded_and_drawn(tmp_path):
    pytest.importorskip("sklearn")
    done = run("--epochs", 6, "--output", tmp_path / "out")
    assert done.returncode == 0, done.stderr
    history = json.loads((tmp_path / "out" / "history.json").read_text())
    assert history["accuracy"][-1] >= 0.97 and history["loss"][-1] < history["loss"][0] / 3
    assert "new process" in done.stdout and "the same after loading" in done.stdout
    weights = deepseek.load(tmp_path / "out" / "weights.safetensors")
    assert weights["0.weight"].shape == (32, 1, 3, 3)
    if pytest.importorskip("matplotlib"):
        assert (tmp_path / "out" / "digits.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_digits_are_learnt_in_mixed_precision(tmp_path, dtype):
    pytest.importorskip("sklearn")
    done = run("--epochs", 4, "--amp", dtype, "--output", tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads((tmp_path / "history.json").read_text())["accuracy"][-1] >= 0.95
    assert deepseek.load(tmp_path / "weights.safetensors")["0.weight"].dtype is deepseek.float32


def test_same_seed_same_weights_at_any_number_of_threads(tmp_path):
    pytest.importorskip("sklearn")
    content = []
    for threads, workers in ((1, 0), (2, 2)):
        done = run("--epochs", 1, "--threads", threads, "--workers", workers, "--output", tmp_path / str(threads))
        assert done.returncode == 0, done.stderr
        content.append((tmp_path / str(threads) / "weights.safetensors").read_bytes())
    assert content[0] == content[1]


def test_mistakes_on_the_command_line_are_named(tmp_path):
    done = run("--data", tmp_path, "--output", tmp_path)
    assert done.returncode != 0 and "train-images-idx3-ubyte" in done.stderr
    assert run("--epochs", 0).returncode == 2


def test_the_digits_for_cpp_are_those_of_scikit_learn():
    datasets = pytest.importorskip("sklearn.datasets")
    digits = datasets.load_digits()
    images, labels = deepseek._C.data.load_idx_images(str(ROOT / "examples" / "data"), "digits")
    assert np.array_equal(images.numpy(), digits.images) and np.array_equal(labels.numpy(), digits.target)
    assert data.RandomSampler(labels, seed=0).order() == deepseek._C.data.permutation(len(labels), 0, 0)


def test_images_are_classified(tmp_path):
    Image = pytest.importorskip("PIL.Image")
    example = EXAMPLE.with_name("classify_image.py")
    deepseek.manual_seed(0)
    net = deepseek.models.resnet18(4)
    deepseek.save(net.state_dict(), tmp_path / "w.safetensors")
    pixels = np.random.default_rng(0).integers(0, 256, (300, 260, 3), dtype="uint8")
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "names.txt").write_text("ant\nbee\ncat\ndog\n")
    done = run("--weights", tmp_path / "w.safetensors", "--model", "resnet18", "--labels", tmp_path / "names.txt", "--top", 4, tmp_path / "a.png",
               example=example)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    small = Image.fromarray(pixels).resize((256, 295), Image.Resampling.BILINEAR).crop((16, 36, 240, 260))
    x = (np.asarray(small, "float32") / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    with deepseek.no_grad():
        p = deepseek.softmax(net.eval()(deepseek.tensor(x.transpose(2, 0, 1)[None].astype("float32"))), 1)[0].numpy()
    assert lines[0] == "a.png" and lines[1:] == [f"  {100 * p[i]:5.1f} %  {'ant bee cat dog'.split()[i]}" for i in np.argsort(-p)]
    assert run("--weights", tmp_path / "w.safetensors", tmp_path / "a.png", example=example).stderr.count("classifier.1.weight") == 1
    assert run(example=example).returncode == 2


@pytest.mark.skipif(not Path(os.environ.get("DEEPSEEK_DATA", "/nowhere"), "mobilenet").exists(), reason="DEEPSEEK_DATA has no mobilenet")
def test_real_images_are_recognised():
    done = run(example=EXAMPLE.with_name("classify_image.py"), DEEPSEEK_DATA=os.environ["DEEPSEEK_DATA"])
    lines = done.stdout.splitlines()
    assert done.returncode == 0 and lines[1].endswith("%  tench") and lines[7].endswith("%  goldfish"), done.stderr


def test_gpt2_learns_and_writes(tmp_path):
    script = ROOT / "examples" / "train_gpt2.py"
    arguments = ["--steps", "60", "--layers", "2", "--width", "48", "--length", "32", "--tokens", "40", "--output", str(tmp_path)]
    done = subprocess.run([sys.executable, str(script), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    losses = json.loads((tmp_path / "history.json").read_text())["loss"]
    assert losses[0] > 3.5 and np.mean(losses[-5:]) < 2.9
    sample = (tmp_path / "sample.txt").read_text()
    assert sample.startswith("Shall I ") and len(sample) == 48 and sample in done.stdout
    again = subprocess.run([sys.executable, str(script), *arguments[:-1], str(tmp_path / "again")], capture_output=True, text=True)
    assert again.returncode == 0 and (tmp_path / "again" / "sample.txt").read_text() == sample
