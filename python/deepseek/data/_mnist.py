"""MNIST: from a folder with its four idx files, downloaded on request."""

from __future__ import annotations

import hashlib
import os
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import _C
from ..errors import OSError, ValueError
from ._datasets import TensorDataset

# MD5 of the four files as their authors published them.
_FILES = {
    "train-images-idx3-ubyte.gz": "f68b3c2dcbeaaa9fbdd348bbdeb94873",
    "train-labels-idx1-ubyte.gz": "d53e105ee54ea40749a09fcbcd1e9432",
    "t10k-images-idx3-ubyte.gz": "9fb629c4189551a2d022fa330f9573f3",
    "t10k-labels-idx1-ubyte.gz": "ec29112dd5afa0611ce80d1b7f02629c",
}
_MIRRORS = ("https://ossci-datasets.s3.amazonaws.com/mnist/", "https://storage.googleapis.com/cvdf-datasets/mnist/")


def download_file(url: str, path: Path, md5: str) -> None:
    """Downloads to a temporary file beside `path`, checks it, and renames it: a half or a wrong file is never left behind."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
    digest = hashlib.md5(usedforsecurity=False)
    try:
        with urllib.request.urlopen(url, timeout=30) as source, open(temporary, "wb") as target:
            while block := source.read(1 << 16):
                digest.update(block)
                target.write(block)
            target.flush()
            os.fsync(target.fileno())
        if digest.hexdigest() != md5:
            raise ValueError(f"download: {url} has the checksum {digest.hexdigest()}, but {md5} is expected")
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


class MNIST(TensorDataset):
    """70,000 handwritten digits of 28x28 pixels.

    `root` (or root/mnist, root/MNIST/raw) holds the idx files, plain or as .gz; with download=True missing ones are fetched into
    `root`. `data` is uint8 (N, 28, 28), `targets` int64. A sample is (image, label); `transform` and `target_transform` are
    applied to each.
    """

    classes = [str(digit) for digit in range(10)]

    def __init__(self, root: str | os.PathLike[str], train: bool = True, transform: Callable[[Any], Any] | None = None,
                 target_transform: Callable[[Any], Any] | None = None, download: bool = False) -> None:
        prefix = "train" if train else "t10k"
        folder = self._find(Path(root), prefix)
        if folder is None and download:
            self._download(Path(root), prefix)
            folder = Path(root)
        if folder is None:
            raise OSError(f"MNIST: no {prefix}-images-idx3-ubyte[.gz] and {prefix}-labels-idx1-ubyte[.gz] in '{root}', '{root}/mnist' or "
                          f"'{root}/MNIST/raw'. Cure: put the files there, or give download=True")
        self.data, self.targets = _C.data.load_idx_images(os.fspath(folder), prefix)
        super().__init__(self.data, self.targets)
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        if transform or target_transform:
            self.get_batch = None  # type: ignore[assignment]  # samples are transformed one by one

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        image, label = super().__getitem__(index)
        return (self.transform(image) if self.transform else image,
                self.target_transform(label) if self.target_transform else label)

    @staticmethod
    def _find(root: Path, prefix: str) -> Path | None:
        for folder in (root, root / "mnist", root / "MNIST" / "raw"):
            if all((folder / f"{prefix}-{kind}{end}").exists() or (folder / f"{prefix}-{kind}{end}.gz").exists()
                   for kind, end in (("images", "-idx3-ubyte"), ("labels", "-idx1-ubyte"))):
                return folder
        return None

    @staticmethod
    def _download(root: Path, prefix: str) -> None:
        root.mkdir(parents=True, exist_ok=True)
        for name, md5 in _FILES.items():
            if not name.startswith(prefix) or (root / name).exists():
                continue
            errors = []
            for mirror in _MIRRORS:
                try:
                    download_file(mirror + name, root / name, md5)
                    break
                except (urllib.error.URLError, TimeoutError, ConnectionError, ValueError) as error:
                    errors.append(f"{mirror}: {error}")
            else:
                raise OSError(f"MNIST: {name} could not be downloaded ({'; '.join(errors)}). Cure: put the file into '{root}' by hand")
