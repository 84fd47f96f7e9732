"""Data sets, orders and the loader."""

import collections
import gzip
import hashlib
import os
import struct
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

import deepseek
from deepseek import data

X = np.arange(60, dtype="float32").reshape(20, 3)
Y = np.arange(20)


def flat(loader):
    return [np.asarray(b[1]).tolist() for b in loader]


class Slow(data.Dataset):
    """The later samples are ready first."""

    def __len__(self):
        return 20

    def __getitem__(self, i):
        time.sleep(0.002 * (20 - i) / 20)
        return X[i], int(Y[i])


@pytest.fixture
def pairs():
    return data.TensorDataset(deepseek.from_numpy(X), Y)


def test_batches(pairs):
    batches = list(data.DataLoader(pairs, batch_size=8))
    assert [b[0].shape[0] for b in batches] == [8, 8, 4]
    assert np.array_equal(np.concatenate([b[0].numpy() for b in batches]), X)
    loader = data.DataLoader(pairs, batch_size=8, drop_last=True)
    assert len(loader) == 2 and len(list(loader)) == 2
    assert len(data.DataLoader(pairs, batch_size=8)) == 3
    x, y = pairs[3]
    assert np.array_equal(x.numpy(), X[3]) and y.item() == 3 and len(pairs) == 20


@pytest.mark.parametrize("make", [Slow, lambda: data.TensorDataset(X, Y)])
def test_order_does_not_depend_on_threads(make):
    orders = []
    for workers in (0, 1, 2, 5):
        loader = data.DataLoader(make(), batch_size=3, shuffle=True, num_workers=workers, seed=7)
        orders.append([flat(loader), flat(loader)])
    assert all(o == orders[0] for o in orders)
    first, second = orders[0]
    assert first != second and sorted(sum(first, [])) == sorted(sum(second, [])) == list(range(20))
    assert flat(data.DataLoader(make(), batch_size=3, shuffle=True, seed=8)) != first


def test_order_follows_the_global_seed(pairs):
    def order(seed):
        deepseek.utils.set_seed(seed)
        loaders = [data.DataLoader(pairs, batch_size=20, shuffle=True) for _ in range(2)]
        return [flat(loader) for loader in loaders]

    assert order(1) == order(1) != order(2)
    assert order(1)[0] != order(1)[1]


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("stop", [0, 1, 4, 7])
def test_resume_in_the_middle_of_an_epoch(pairs, workers, stop):
    def loader(seed):
        return data.DataLoader(pairs, batch_size=3, shuffle=True, num_workers=workers, seed=seed)

    whole = loader(5)
    expected = flat(whole) + flat(whole) + flat(whole)
    first = loader(5)
    seen = flat(first)
    if stop:
        for k, batch in enumerate(first, 1):
            seen.append(batch[1].tolist())
            if k == stop:
                state = first.state_dict()
                break
    else:
        state = first.state_dict()
    second = loader(99)
    second.load_state_dict(state)
    seen += flat(second)
    assert seen == expected[:14]
    assert flat(second) == expected[14:]


def test_resume_with_a_sampler_of_its_own_seed(pairs):
    def make(seed):
        return data.DataLoader(pairs, batch_size=4, sampler=data.RandomSampler(pairs, seed=seed))

    whole, first, second = make(3), make(3), make(77)
    expected = flat(whole)
    seen = [next(iter(first))[1].tolist()]
    second.load_state_dict(first.state_dict())
    assert seen + flat(second) == expected and flat(second) == flat(whole)


def test_a_broken_off_epoch_is_followed_by_the_next(pairs):
    loader = data.DataLoader(pairs, batch_size=5, shuffle=True, seed=1)
    whole = data.DataLoader(pairs, batch_size=5, shuffle=True, seed=1)
    expected = [flat(whole), flat(whole)]
    for _ in loader:
        break
    assert flat(loader) == expected[1]


@pytest.mark.parametrize("state", [{}, {"seed": 1, "epoch": -1, "batches": 0}, {"seed": 1, "epoch": 0, "batches": None}])
def test_wrong_states(pairs, state):
    with pytest.raises(ValueError):
        data.DataLoader(pairs).load_state_dict(state)


class Faulty(data.Dataset):
    def __init__(self, error):
        self.error = error

    def __len__(self):
        return 20

    def __getitem__(self, i):
        if i == 13:
            raise self.error
        return X[i]


class Strange(Exception):
    def __init__(self, a, b):
        super().__init__(a, b)


@pytest.mark.parametrize("workers", [0, 3])
@pytest.mark.parametrize("error,kind", [(KeyError("gone"), KeyError), (ValueError("bad"), ValueError), (Strange(1, 2), RuntimeError)])
def test_errors_of_a_data_set_name_the_sample(workers, error, kind):
    loader = data.DataLoader(Faulty(error), batch_size=4, num_workers=workers)
    good = 0
    with pytest.raises(kind, match="sample 13"):
        for _ in loader:
            good += 1
    assert good == 3
    assert not [t for t in threading.enumerate() if t.name.startswith("deepseek-data")]


def test_threads_end_when_a_loop_is_left(pairs):
    loader = data.DataLoader(pairs, batch_size=2, num_workers=3)
    for _ in loader:
        break
    del _, loader
    deadline = time.time() + 5
    while [t for t in threading.enumerate() if t.name.startswith("deepseek-data")]:
        assert time.time() < deadline
        time.sleep(0.01)


def test_collate():
    Point = collections.namedtuple("Point", "x y")
    batch = data.default_collate([{"a": 1, "b": [2.0, "t"], "p": Point(X[0], deepseek.from_numpy(X[1])), "f": True},
                                  {"a": 3, "b": [4.0, "u"], "p": Point(X[2], deepseek.from_numpy(X[3])), "f": False}])
    assert batch["a"].tolist() == [1, 3] and batch["a"].dtype == deepseek.int64
    assert batch["b"][0].tolist() == [2.0, 4.0] and batch["b"][0].dtype == deepseek.float64 and batch["b"][1] == ["t", "u"]
    assert isinstance(batch["p"], Point) and np.array_equal(batch["p"].y.numpy(), X[[1, 3]]) and batch["f"].tolist() == [True, False]
    for bad in ([], [X[0], X[0][:2]], [deepseek.from_numpy(X[0]), deepseek.from_numpy(X[0][:2])], [[1], [1, 2]]):
        with pytest.raises(ValueError):
            data.default_collate(bad)
    with pytest.raises(TypeError, match="object"):
        data.default_collate([object()])


def test_lazy_samples_are_computed_by_the_worker():
    class Lazy(data.Dataset):
        def __len__(self):
            return 6

        def __getitem__(self, i):
            return deepseek.from_numpy(X[i]) * 2 + i

    batches = list(data.DataLoader(Lazy(), batch_size=3, num_workers=2))
    assert np.array_equal(batches[1].numpy(), X[3:6] * 2 + np.arange(3, 6)[:, None])


def test_collate_fn_and_no_batches(pairs):
    assert list(data.DataLoader(Slow(), batch_size=10, collate_fn=lambda s: len(s), num_workers=2)) == [10, 10]
    singles = list(data.DataLoader(Slow(), batch_size=None))
    assert len(singles) == 20 and singles[4][1] == 4


def test_samplers(pairs):
    assert list(data.BatchSampler(data.SequentialSampler(range(5)), 2, True)) == [[0, 1], [2, 3]]
    order = list(data.RandomSampler(range(100), num_samples=30, seed=1))
    assert len(set(order)) == 30
    drawn = list(data.RandomSampler(range(5), replacement=True, num_samples=5000, seed=1))
    assert np.bincount(drawn).min() > 850
    weighted = list(data.WeightedRandomSampler([1, 0, 3], 8000, seed=2))
    counts = np.bincount(weighted, minlength=3)
    assert counts[1] == 0 and counts[2] / counts[0] == pytest.approx(3, rel=0.1)
    assert sorted(data.WeightedRandomSampler([1, 5, 2], 3, replacement=False, seed=2)) == [0, 1, 2]
    assert sorted(data.SubsetRandomSampler([4, 9, 2], seed=3)) == [2, 4, 9]
    loader = data.DataLoader(pairs, batch_size=2, sampler=data.RandomSampler(pairs, num_samples=6, seed=1))
    assert flat(loader) != flat(loader) and len(loader) == 3
    assert flat(data.DataLoader(pairs, batch_sampler=[[1, 2], [5]])) == [[1, 2], [5]]


def test_permutation_is_uniform():
    firsts = np.bincount([deepseek._C.data.permutation(6, seed, 0)[0] for seed in range(6000)])
    assert firsts.min() > 850 and firsts.max() < 1150


def test_subsets_and_splits(pairs):
    parts = data.random_split(pairs, [15, 5], seed=3)
    assert [len(p) for p in parts] == [15, 5]
    assert sorted(sum((list(p.indices) for p in parts), [])) == list(range(20))
    assert [len(p) for p in data.random_split(pairs, [0.5, 0.25, 0.25], seed=1)] == [10, 5, 5]
    assert sum(flat(data.DataLoader(parts[1], batch_size=2)), []) == list(parts[1].indices)
    both = parts[0] + parts[1]
    assert len(both) == 20 and both[17][1].item() == parts[1].indices[2] and both[-1][1].item() == parts[1].indices[-1]
    with pytest.raises(IndexError):
        both[20]
    with pytest.raises(ValueError):
        data.random_split(pairs, [3, 3])


def test_iterable_data_sets():
    class Stream(data.IterableDataset):
        def __iter__(self):
            return iter(range(7))

    for workers in (0, 2):
        loader = data.DataLoader(Stream(), batch_size=3, num_workers=workers)
        assert [b.tolist() for b in loader] == [[0, 1, 2], [3, 4, 5], [6]]
    with pytest.raises(ValueError):
        data.DataLoader(Stream(), shuffle=True)


def test_augmentation_by_sample_seed_is_independent_of_threads():
    class Noisy(data.Dataset):
        def __len__(self):
            return 20

        def __getitem__(self, i):
            return np.random.default_rng(data.sample_seed()).normal()

    def run(workers):
        loader = data.DataLoader(Noisy(), batch_size=4, shuffle=True, num_workers=workers, seed=1)
        return [np.concatenate([b.numpy() for b in loader]).tolist() for _ in range(2)]

    assert run(0) == run(3)
    assert set(run(0)[0]).isdisjoint(run(0)[1])
    with pytest.raises(RuntimeError):
        data.sample_seed()


@pytest.mark.parametrize("arguments", [
    dict(batch_size=0), dict(num_workers=-1), dict(shuffle=True, sampler=[1]), dict(batch_sampler=[[1]], batch_size=2),
    dict(prefetch_factor=0)])
def test_bad_arguments(pairs, arguments):
    with pytest.raises(ValueError):
        data.DataLoader(pairs, **arguments)


def test_bad_data_sets():
    with pytest.raises(ValueError, match="equally many rows"):
        data.TensorDataset(X, Y[:3])
    with pytest.raises(TypeError):
        data.TensorDataset([1, 2])
    with pytest.raises(ValueError):
        data.TensorDataset()
    with pytest.raises(IndexError):
        list(data.DataLoader(data.TensorDataset(X), sampler=[25]))


def test_memory_stays_flat_over_50_epochs():
    code = """
import gc, numpy as np, deepseek
from deepseek import data
def resident():
    with open("/proc/self/statm") as f:
        return int(f.read().split()[1]) * 4096
x = np.random.default_rng(0).normal(size=(2000, 1, 16, 16)).astype("float32")
class Plain(data.Dataset):
    def __len__(self): return 500
    def __getitem__(self, i): return x[i], i
loaders = [data.DataLoader(data.TensorDataset(x, np.arange(2000)), batch_size=64, shuffle=True, num_workers=2, seed=0),
           data.DataLoader(Plain(), batch_size=50, shuffle=True, num_workers=2, seed=0)]
def epoch():
    total = 0.0
    for loader in loaders:
        for images, labels in loader:
            total += (images * 2).sum().item()
    return total
for _ in range(10):
    epoch()
gc.collect()
before = resident()
for _ in range(50):
    epoch()
gc.collect()
print(before, resident())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr
    before, after = map(int, done.stdout.split())
    assert after <= before * 1.01, (before, after)


# ---- MNIST ----

def write_mnist(folder, prefix, n, compress):
    rng = np.random.default_rng(n)
    images, labels = rng.integers(0, 256, (n, 28, 28)).astype("uint8"), rng.integers(0, 10, n).astype("uint8")
    folder.mkdir(parents=True, exist_ok=True)
    for name, a in ((f"{prefix}-images-idx3-ubyte", images), (f"{prefix}-labels-idx1-ubyte", labels)):
        raw = bytes([0, 0, 8, a.ndim]) + struct.pack(f">{a.ndim}I", *a.shape) + a.tobytes()
        (folder / (name + (".gz" if compress else ""))).write_bytes(gzip.compress(raw) if compress else raw)
    return images, labels


@pytest.mark.parametrize("place", ["", "mnist", "MNIST/raw"])
@pytest.mark.parametrize("compress", [True, False])
def test_mnist_folder(tmp_path, place, compress):
    images, labels = write_mnist(tmp_path / place, "t10k", 12, compress)
    d = data.MNIST(tmp_path, train=False)
    assert np.array_equal(d.data.numpy(), images) and np.array_equal(d.targets.numpy(), labels) and len(d) == 12
    with pytest.raises(OSError, match="train-images"):
        data.MNIST(tmp_path, train=True)
    scaled = data.MNIST(tmp_path, train=False, transform=lambda t: t.float() / 255)
    x, y = next(iter(data.DataLoader(scaled, batch_size=4)))
    np.testing.assert_allclose(x.numpy(), images[:4] / 255, rtol=1e-6)


def test_mnist_labels_out_of_range(tmp_path):
    write_mnist(tmp_path, "train", 3, False)
    path = tmp_path / "train-labels-idx1-ubyte"
    path.write_bytes(path.read_bytes()[:-1] + b"\x0b")
    with pytest.raises(ValueError, match="label 11"):
        data.MNIST(tmp_path)


def test_download_checks_and_is_atomic(tmp_path):
    from deepseek.data._mnist import download_file

    source = tmp_path / "source.gz"
    source.write_bytes(b"content" * 1000)
    target = tmp_path / "target.gz"
    with pytest.raises(ValueError, match="checksum"):
        download_file(source.as_uri(), target, "0" * 32)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["source.gz"]
    download_file(source.as_uri(), target, hashlib.md5(source.read_bytes()).hexdigest())
    assert target.read_bytes() == source.read_bytes()


def test_mnist_download(tmp_path, monkeypatch):
    from deepseek.data import _mnist

    images, _ = write_mnist(tmp_path / "server", "t10k", 5, True)
    sums = {name: hashlib.md5((tmp_path / "server" / name).read_bytes()).hexdigest()
            for name in ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz")}
    monkeypatch.setattr(_mnist, "_FILES", sums)
    monkeypatch.setattr(_mnist, "_MIRRORS", ((tmp_path / "missing").as_uri() + "/", (tmp_path / "server").as_uri() + "/"))
    d = data.MNIST(tmp_path / "local", train=False, download=True)
    assert np.array_equal(d.data.numpy(), images)
    monkeypatch.setattr(_mnist, "_MIRRORS", ((tmp_path / "missing").as_uri() + "/",))
    with pytest.raises(OSError, match="by hand"):
        data.MNIST(tmp_path / "other", train=False, download=True)


@pytest.mark.skipif(not os.path.isdir(os.path.join(os.environ.get("DEEPSEEK_DATA", ""), "mnist")), reason="DEEPSEEK_DATA has no mnist")
def test_the_real_mnist():
    d = data.MNIST(os.environ["DEEPSEEK_DATA"])
    assert len(d) == 60000 and d.targets.numpy()[:5].tolist() == [5, 0, 4, 1, 9]
    assert round(float(d.data.numpy().mean()), 2) == 33.32
