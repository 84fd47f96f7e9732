"""Published weights on real images and volumes; only with DEEPSEEK_DATA, the folder of such files.

DEEPSEEK_ALL_IMAGES=1 runs ResNet-20 on all 10,000 images instead of every tenth.
"""

import csv
import io
import json
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

import deepseek
from deepseek import models

DATA = Path(os.environ.get("DEEPSEEK_DATA", "/nowhere"))
ALL = os.environ.get("DEEPSEEK_ALL_IMAGES") == "1"


def needs(*parts):
    path = DATA.joinpath(*parts)
    return pytest.mark.skipif(not path.exists(), reason=f"DEEPSEEK_DATA has no {path.name}")


def decoded(file):
    Image = pytest.importorskip("PIL.Image")
    return np.asarray(Image.open(file).convert("RGB"))


def centre(image, size=224):
    top, left = (round((n - size) / 2) for n in image.shape[:2])  # as torchvision's CenterCrop
    return image[top:top + size, left:left + size]


def scores(net, images, batch):
    net.eval()
    with deepseek.no_grad():
        return np.concatenate([net(deepseek.tensor(images[i:i + batch])).numpy() for i in range(0, len(images), batch)])


@needs("mobilenet", "mobilenet_v2_1.0_224_from_tf2ptq_torchvision.pth")
def test_mobilenet_v2_gives_the_stored_logits_and_top5():
    net = models.mobilenet_v2(padding="same")
    net.load_state_dict(deepseek.load(DATA / "mobilenet" / "mobilenet_v2_1.0_224_from_tf2ptq_torchvision.pth"))
    rows = list(csv.DictReader(open(DATA / "mobilenet" / "reference_top5_samples_256_samepad.csv")))
    reference = np.load(DATA / "mobilenet" / "reference_logits_first32_samepad.npz")
    assert len(rows) == 418 and list(reference["files"]) == [r["file"] for r in rows[:32]]
    images = np.stack([centre(decoded(DATA / "imagenet" / "samples_256" / r["file"])) for r in rows])
    x = (images.transpose(0, 3, 1, 2) / np.float32(127.5) - 1).astype("float32")
    logits = scores(net, x, 22)
    assert np.abs(logits[:32] - reference["logits"]).max() < 1e-3
    top5 = np.argsort(-logits, 1)[:, :5]
    assert np.array_equal(top5, [[int(r[f"top{i}"]) for i in range(1, 6)] for r in rows])
    assert np.abs(logits.max(1) - [float(r["logit1"]) for r in rows]).max() < 1e-3


def cifar_state(name):
    (file,) = (DATA / "cifar10_resnet").glob(f"{name}-*.th")
    checkpoint = deepseek.load(file)
    return {k.removeprefix("module."): v for k, v in checkpoint["state_dict"].items()}, checkpoint["best_prec1"]


def cifar_images(step):
    with zipfile.ZipFile(DATA / "cifar10_jpg" / "test_10000_jpg.zip") as z:
        names = sorted(n for n in z.namelist() if n.endswith(".jpg"))[::step]
        images = np.stack([decoded(io.BytesIO(z.read(n))) for n in names])
    classes = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
    labels = np.array([classes.index(n.split("/")[-2]) for n in names])
    mean, std = (np.array(v, "float32").reshape(1, 3, 1, 1) for v in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    return (images.transpose(0, 3, 1, 2).astype("float32") / 255 - mean) / std, labels


@needs("cifar10_jpg", "test_10000_jpg.zip")
def test_resnet20_scores_what_it_should_on_cifar10():
    net = models.resnet20()
    state, published = cifar_state("resnet20")
    assert 91.5 < published < 92
    missing, unexpected = net.load_state_dict(state, strict=False)
    assert not unexpected and all(k.endswith("num_batches_tracked") for k in missing)
    x, labels = cifar_images(1 if ALL else 10)
    accuracy = 100 * (scores(net, x, 250).argmax(1) == labels).mean()
    assert accuracy == pytest.approx(81.03, abs=1e-6) if ALL else abs(accuracy - 81.03) < 3.7  # three standard deviations of 1,000


@needs("cifar10_resnet")
def test_resnet56_loads():
    net = models.resnet56()
    missing, unexpected = net.load_state_dict(cifar_state("resnet56")[0], strict=False)
    assert not unexpected and all(k.endswith("num_batches_tracked") for k in missing)


@needs("luna16", "dlwpt")
def test_the_nodule_classifier_gives_the_stored_logits():
    folder = DATA / "luna16" / "dlwpt"
    (file,) = folder.glob("*.state")
    checkpoint = deepseek.load(file)
    assert checkpoint["model_name"] == "LunaModel"
    net = models.luna_model().eval()
    net.load_state_dict(checkpoint["model_state"])
    crop = deepseek.load(folder / "cls_val_example.pt")[0]
    with deepseek.no_grad():
        logits = net(crop.unsqueeze(0)).numpy()
    np.testing.assert_allclose(logits, json.loads((folder / "expected_output.json").read_text())["logits"], atol=1e-4)
    np.testing.assert_allclose(logits, [[8.66588, -10.43697]], atol=1e-4)
