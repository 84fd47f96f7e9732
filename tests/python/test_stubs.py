"""The stubs agree with the extension, and a type checker accepts right programs and refuses wrong ones."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import deepseek
from deepseek import _C

ROOT = Path(__file__).resolve().parents[2]

RIGHT = """
import numpy as np
import deepseek as ds
from deepseek import Tensor

x: Tensor = ds.tensor([[1.0, 2.0]], requires_grad=True)
y: Tensor = (x @ x.T + 1).exp().sum(dim=0, keepdim=True)
z: Tensor = 2 * ds.softmax(y, dim=-1)
n: int = x.shape[0] + x.numel() + len(x)
a: np.ndarray = z.detach().numpy()
w: Tensor = ds.zeros(2, 3, dtype=ds.float64, requires_grad=True)
v: Tensor = ds.zeros((2, 3)).reshape(3, 2)
v[0, :] = 1
v += x.grad if x.grad is not None else 0
with ds.no_grad():
    v.add_(1)
(g,) = ds.autograd.grad(y.sum(), x)
"""

WRONG = """
import deepseek as ds

ds.softmax("text", dim=0)
ds.zeros(2).reshape("a")
ds.exp(ds.zeros(2), 5)
x: int = ds.zeros(2).exp()
ds.zeros(2).no_such_method()
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """The package's Python files with the stubs beside them, as a wheel has them."""
    target = tmp_path_factory.mktemp("stubs") / "deepseek"
    shutil.copytree(ROOT / "python" / "deepseek", target, ignore=shutil.ignore_patterns("_C", "__pycache__"))
    subprocess.run([sys.executable, str(ROOT / "tools" / "generate_stubs.py"), _C.__file__, str(target)], check=True, timeout=120)
    return target


def check(package: Path, program: str) -> tuple[int, str]:
    pytest.importorskip("mypy")
    file = package.parent / "program.py"
    file.write_text(program)
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--follow-imports=silent", "--cache-dir", str(package.parent / "cache"), str(file)]
    done = subprocess.run(command, cwd=package.parent, capture_output=True, text=True, timeout=300)
    return done.returncode, done.stdout + done.stderr


def test_a_right_program_passes(package):
    code, output = check(package, RIGHT)
    assert code == 0, output


def test_each_mistake_is_found(package):
    code, output = check(package, WRONG)
    assert code == 1
    lines = {int(line.split(":")[1]) for line in output.splitlines() if ": error:" in line}
    assert lines == {4, 5, 6, 7, 8}, output


def test_the_stub_files_themselves_are_sound(package):
    pytest.importorskip("mypy")
    command = [sys.executable, "-m", "mypy", "--no-error-summary", "--cache-dir", str(package.parent / "cache"),
               *[str(package / name) for name in ("_C.pyi", "_functions.pyi", "linalg.pyi", "special.pyi")]]
    done = subprocess.run(command, cwd=package.parent, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


def test_every_function_and_method_has_a_stub(package):
    top = (package / "_functions.pyi").read_text()
    for name in _C.function_tables["top"]:
        assert f"def {name}(" in top
    tensor = (package / "_C.pyi").read_text()
    for name in vars(deepseek.Tensor):
        if not name.startswith("__"):
            assert f"    def {name}(" in tensor or f"    {name}:" in tensor, name
