"""Linear algebra beyond what the functions state about themselves: gradients that need matrices of a kind, errors, threads."""

from __future__ import annotations

import doctest
import os
import subprocess
import sys
from collections.abc import Callable

import numpy as np
import pytest
from test_ops import central, dot, gradients

import deepseek as ds

Matrices = list[np.ndarray]
Tensors = list[ds.Tensor]


def drawn(*shape: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def mirrored(x: ds.Tensor) -> ds.Tensor:
    return (x + x.mT) / 2


def positive(x: ds.Tensor) -> ds.Tensor:
    return x @ x.mT + 0.5 * ds.eye(x.shape[-1], dtype=x.dtype)


def rank_two(x: ds.Tensor) -> ds.Tensor:
    return x[..., :2] @ x[..., 2:4].mT


def vectors_beyond(x: ds.Tensor, full: bool = True) -> Tensors:
    u, s, vh = ds.linalg.svd(x, full_matrices=full)
    k = s.shape[-1]
    return [u[..., k:] @ u[..., k:].mT, u[..., :k] @ ds.diag_embed(s**2) @ u[..., :k].mT, vh[..., k:, :].mT @ vh[..., k:, :]]


# Functions of matrices of any kind, whose results do not depend on the signs that a decomposition chooses.
SMOOTH: dict[str, tuple[Callable[[ds.Tensor], Tensors], np.ndarray]] = {
    "cholesky": (lambda x: [ds.linalg.cholesky(positive(x))], drawn(2, 3, 3)),
    "cholesky upper": (lambda x: [ds.linalg.cholesky(positive(x), upper=True)], drawn(3, 3)),
    "cholesky_ex": (lambda x: [ds.linalg.cholesky_ex(positive(x))[0]], drawn(3, 3)),
    "cholesky_inverse": (lambda x: [ds.cholesky_inverse(ds.linalg.cholesky(positive(x)))], drawn(3, 3)),
    "eigh": (lambda x: list(ds.linalg.eigh(mirrored(x))), drawn(2, 4, 4)),
    "eigh values": (lambda x: [ds.linalg.eigh(mirrored(x))[0]], drawn(4, 4)),
    "eigh vectors": (lambda x: [ds.linalg.eigh(mirrored(x), "U")[1]], drawn(4, 4)),
    "eigvalsh": (lambda x: [ds.linalg.eigvalsh(mirrored(x))], drawn(2, 4, 4)),
    "svd": (lambda x: list(ds.linalg.svd(x, full_matrices=False)), drawn(2, 4, 4)),
    "svd tall": (lambda x: list(ds.linalg.svd(x, full_matrices=False)), drawn(5, 3)),
    "svd wide": (lambda x: list(ds.linalg.svd(x, full_matrices=False)), drawn(3, 5)),
    "svd U": (lambda x: [ds.linalg.svd(x, full_matrices=False)[0]], drawn(5, 3)),
    "svd V": (lambda x: [ds.svd(x)[2]], drawn(2, 3, 5)),
    "svd S": (lambda x: [ds.linalg.svd(x)[1]], drawn(5, 3)),
    "svd full, tall": (vectors_beyond, drawn(5, 3)),
    "svd full, wide": (vectors_beyond, drawn(3, 5)),
    "pinv tall": (lambda x: [ds.linalg.pinv(x)], drawn(2, 5, 3)),
    "pinv wide": (lambda x: [ds.linalg.pinv(x)], drawn(3, 5)),
    "pinv of rank two": (lambda x: [ds.linalg.pinv(rank_two(x), rtol=1e-6)], drawn(3, 4)),
    "pinv symmetric": (lambda x: [ds.linalg.pinv(mirrored(x), hermitian=True)], drawn(4, 4)),
    "lstsq tall": (lambda x: [ds.linalg.lstsq(x[:, :3], x[:, 3:])[0]], drawn(5, 5)),
    "lstsq wide": (lambda x: [ds.linalg.lstsq(x[:, :5], x[:, 5:])[0]], drawn(3, 7)),
    "lstsq residuals": (lambda x: [ds.linalg.lstsq(x[:, :3], x[:, 3:], driver="gelsd")[1]], drawn(5, 5)),
    "cond": (lambda x: [ds.linalg.cond(x), ds.linalg.cond(x, 1), ds.linalg.cond(x, "nuc")], drawn(2, 3, 3)),
    "det of a singular matrix": (lambda x: [ds.linalg.det(rank_two(x))], drawn(3, 4)),
}  # fmt: skip


def differences(function: Callable[[ds.Tensor], Tensors], x: np.ndarray, second: bool) -> None:
    start = ds.from_numpy(x.copy()).requires_grad_()
    outputs = function(start)
    generator = np.random.default_rng(7)
    cotangents = [generator.standard_normal(tuple(o.shape)) for o in outputs]

    def values(points: Matrices) -> Matrices:
        return [o.detach().numpy() for o in function(ds.from_numpy(points[0].copy()))]

    def first(points: Matrices) -> Matrices:
        at = ds.from_numpy(points[0].copy()).requires_grad_()
        return [g.detach().numpy() for g in gradients(function(at), [at], [ds.from_numpy(c) for c in cotangents])]

    direction = [generator.standard_normal(x.shape)]
    found = gradients(outputs, [start], [ds.from_numpy(c) for c in cotangents], create_graph=second)
    numeric, analytic = dot(cotangents, central(values, [x], direction)), dot([g.detach().numpy() for g in found], direction)
    assert abs(numeric - analytic) <= 1e-6 * max(1.0, abs(numeric))
    if second:
        weights = [generator.standard_normal(x.shape)]
        again = gradients(found, [start], [ds.from_numpy(w) for w in weights])
        numeric, analytic = dot(weights, central(first, [x], direction)), dot([g.detach().numpy() for g in again], direction)
        assert abs(numeric - analytic) <= 1e-6 * max(1.0, abs(numeric))


@pytest.mark.parametrize("name", SMOOTH)
def test_gradients_of_matrices_of_a_kind(name: str) -> None:
    differences(*SMOOTH[name], second=False)


@pytest.mark.parametrize("name", [n for n in SMOOTH if n != "det of a singular matrix"])
def test_second_gradients_of_matrices_of_a_kind(name: str) -> None:
    differences(*SMOOTH[name], second=True)


def test_determinant_of_singular_matrices_has_the_gradient_of_its_cofactors() -> None:
    for a in ([[1.0, 2.0], [2.0, 4.0]], [[0.0, 0.0], [0.0, 0.0]], [[0.0, 3.0], [0.0, 5.0]]):
        x = ds.tensor(a, dtype=ds.float64, requires_grad=True)
        ds.linalg.det(x).backward()
        (p, q), (r, s) = a
        np.testing.assert_allclose(x.grad.numpy(), [[s, -r], [-q, p]], atol=1e-12)


@pytest.mark.parametrize("call, words", [
    (lambda: ds.linalg.inv(ds.zeros(2, 2)), r"linalg.inv: the matrix is singular: its factor U has a zero at \(0, 0\)"),
    (lambda: ds.linalg.solve(ds.stack([ds.eye(2), ds.ones(2, 2)]), ds.ones(2, 2, 1)), "linalg.solve: matrix 1 of the batch is singular"),
    (lambda: ds.linalg.cholesky(-ds.eye(3)), "linalg.cholesky: the matrix is not positive definite: its leading minor of order 1"),
    (lambda: ds.linalg.eigh(ds.full((2, 3, 3), float("nan")))[0], "linalg.eigh: matrix 0 of the batch holds NaN or infinity"),
    (lambda: ds.linalg.svdvals(ds.full((3, 3), float("inf"))), "linalg.svdvals: the matrix holds NaN or infinity"),
    (lambda: ds.linalg.lstsq(ds.eye(4)[:3, 2:], ds.ones(3, 1), driver="gels")[0], "linalg.lstsq: the matrix was not solved by gels"),
])  # fmt: skip
def test_errors_of_values_are_of_their_own_kind(call: Callable[[], ds.Tensor], words: str) -> None:
    with pytest.raises(ds.linalg.LinAlgError, match=words) as caught:
        call().numpy()
    assert isinstance(caught.value, RuntimeError) and isinstance(caught.value, ds.errors.Error)
    assert ds.linalg.LinAlgError is ds.errors.LinAlgError


def test_info_instead_of_errors() -> None:
    a = ds.stack([ds.eye(2), ds.ones(2, 2), ds.zeros(2, 2)])
    assert ds.linalg.inv_ex(a)[1].tolist() == ds.linalg.lu_factor_ex(a)[2].tolist() == [0, 2, 1]
    assert ds.linalg.solve_ex(a, ds.ones(3, 2, 1))[1].tolist() == [0, 2, 1]
    assert ds.linalg.cholesky_ex(ds.stack([ds.eye(2), -ds.eye(2), ds.tensor([[1.0, 2.0], [2.0, 1.0]])]))[1].tolist() == [0, 1, 2]


@pytest.mark.parametrize("dtype, digits", [("float32", 3e-3), ("float64", 1e-10)])
def test_large_matrices(dtype: str, digits: float) -> None:
    n = 300
    a = drawn(n, n).astype(dtype)
    x, spd = ds.from_numpy(a), ds.from_numpy(a @ a.T / n + np.eye(n, dtype=dtype))

    def close(got: ds.Tensor, wanted: np.ndarray) -> None:
        assert abs(got.numpy() - wanted).max() <= digits * abs(wanted).max()

    close(x @ ds.linalg.solve(x, ds.from_numpy(a[:, :40])), a[:, :40])
    close(ds.linalg.inv(x) @ x, np.eye(n))
    p, lower, upper = ds.linalg.lu(x)
    close(p @ lower @ upper, a)
    factor = ds.linalg.cholesky(spd)
    close(factor @ factor.mT, spd.numpy())
    assert abs(np.triu(factor.numpy(), 1)).max() == 0
    q, r = ds.linalg.qr(x)
    close(q @ r, a)
    close(q.mT @ q, np.eye(n))
    u, s, vh = ds.linalg.svd(x)
    close(u @ ds.diag(s) @ vh, a)
    values, vectors = ds.linalg.eigh(spd)
    close(vectors @ ds.diag(values) @ vectors.mT, spd.numpy())
    close(vectors.mT @ vectors, np.eye(n))
    close(ds.linalg.matrix_exp(x / n) @ ds.linalg.matrix_exp(-x / n), np.eye(n))


def test_scales_that_would_overflow_when_squared() -> None:
    a = drawn(300, 300).astype(np.float32)
    a += a.T
    for scale in (1e30, 1e-30):
        values, vectors = ds.linalg.eigh(ds.from_numpy(a * np.float32(scale)))
        wanted = np.linalg.eigvalsh(a.astype(np.float64)) * scale
        assert abs(values.numpy() - wanted).max() <= 1e-4 * abs(wanted).max()
        assert abs((vectors.mT @ vectors).numpy() - np.eye(300)).max() < 1e-4


PROGRAM = """
import hashlib, sys
import numpy as np
import deepseek as ds
ds.set_num_threads(int(sys.argv[1]))
digest = hashlib.sha256()
for shape in ((300, 300), (40, 5, 5), (3, 30, 30)):
    a = ds.from_numpy(np.random.default_rng(1).standard_normal(shape).astype(np.float32))
    spd = a @ a.mT + ds.eye(shape[-1])
    results = [ds.linalg.inv(a), ds.linalg.cholesky(spd), ds.linalg.det(a / 10), ds.linalg.matrix_exp(a / 20), ds.linalg.solve(a, spd)]
    for t in [*results, *ds.linalg.qr(a), *ds.linalg.eigh(spd), *ds.linalg.svd(a), *ds.linalg.lu(a)]:
        digest.update(np.ascontiguousarray(t.numpy()).tobytes())
print(digest.hexdigest())
"""


def test_same_bits_at_any_number_of_threads() -> None:
    def run(threads: int) -> str:
        environment = os.environ | {"OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": str(threads)}
        return subprocess.run([sys.executable, "-c", PROGRAM, str(threads)], env=environment, check=True, text=True, capture_output=True).stdout

    assert run(1) == run(2) == run(3)


def test_a_worked_example() -> None:
    """A line through points, three ways."""
    t = ds.arange(6, dtype=ds.float64)
    a, y = ds.stack([ds.ones_like(t), t], 1), 1 + 0.5 * t
    for found in (ds.linalg.lstsq(a, y)[0], ds.linalg.solve(a.mT @ a, a.mT @ y), ds.linalg.pinv(a) @ y):
        np.testing.assert_allclose(found.numpy(), [1, 0.5], atol=1e-12)


def test_autocast_computes_in_float32() -> None:
    with ds.amp.autocast(dtype=ds.bfloat16):
        a = ds.eye(3) @ ds.eye(3)
        assert a.dtype is ds.bfloat16 and ds.linalg.inv(a).dtype is ds.float32


def test_the_examples_in_the_documentation_hold() -> None:
    assert doctest.testmod(ds.linalg, optionflags=doctest.ELLIPSIS).failed == 0


def test_logarithm_of_a_negative_determinant() -> None:
    assert np.isnan(ds.logdet(-ds.eye(3)).item()) and ds.logdet(ds.zeros(2, 2)).item() == -np.inf
    assert [v.item() for v in ds.linalg.slogdet(-ds.eye(3))] == [-1, 0] and [v.item() for v in ds.slogdet(ds.zeros(2, 2))] == [0, -np.inf]
