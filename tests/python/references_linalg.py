"""numpy and scipy as judges of linear algebra, matrix by matrix."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy
import scipy.linalg

Array = numpy.ndarray


def each(function: Callable[..., Any], *operands: Array, dims: tuple[int, ...] = ()) -> Any:
    """The function of each matrix of a batch; operand i has `dims[i]` dims (2) after those of the batch, which broadcast."""
    kept = dims or (2,) * len(operands)
    batch = numpy.broadcast_shapes(*(a.shape[: a.ndim - d] for a, d in zip(operands, kept)))
    spread = [numpy.broadcast_to(a, batch + a.shape[a.ndim - d :]) for a, d in zip(operands, kept)]
    places = list(numpy.ndindex(*batch))
    # No matrix at all: the shapes are those of a matrix of ones on the diagonal.
    results = [function(*(a[at] for a in spread)) for at in places] or [function(*(numpy.eye(*a.shape[-2:]) for a in spread))]
    if not isinstance(results[0], tuple):
        return gather(results, batch, bool(places))
    return tuple(gather([r[i] for r in results], batch, bool(places)) for i in range(len(results[0])))


def gather(results: list[Any], batch: tuple[int, ...], found: bool) -> Array:
    one = numpy.asarray(results[0])
    return numpy.stack([numpy.asarray(r) for r in results]).reshape(batch + one.shape) if found else numpy.zeros(batch + one.shape, one.dtype)


def pivots_of(order: list[int]) -> Array:
    return numpy.asarray(order, numpy.int32) + 1


def lu_factor_one(a: Array) -> tuple[Array, Array]:
    lu, pivots = a.astype(numpy.float64).copy(), []
    for j in range(min(a.shape)):
        p = j + int(numpy.argmax(numpy.abs(lu[j:, j])))
        lu[[j, p]] = lu[[p, j]]
        lu[j + 1 :, j] /= lu[j, j]
        lu[j + 1 :, j + 1 :] -= numpy.outer(lu[j + 1 :, j], lu[j, j + 1 :])
        pivots.append(p)
    return lu, pivots_of(pivots)


def lu_factor(a: Array) -> tuple[Array, Array]:
    return each(lu_factor_one, a)


def permutation(pivots: Array, m: int) -> Array:
    p = numpy.eye(m)
    for row, other in enumerate(pivots):
        p[[row, other - 1]] = p[[other - 1, row]]
    return p.T


def unpack_one(lu: Array, pivots: Array) -> tuple[Array, Array, Array]:
    m, n = lu.shape
    k = min(m, n)
    return permutation(pivots, m), numpy.tril(lu[:, :k], -1) + numpy.eye(m, k), numpy.triu(lu[:k])


def lu_unpack(lu: Array, pivots: Array, data: bool = True, permutations: bool = True) -> tuple[Array, Array, Array]:
    p, lower, upper = each(unpack_one, lu, pivots, dims=(2, 1))
    none = numpy.zeros(0)
    return p if permutations else none, lower if data else none, upper if data else none


def lu(a: Array) -> tuple[Array, Array, Array]:
    return lu_unpack(*lu_factor(a))


def is_vector(a: Array, b: Array) -> bool:
    return b.ndim == 1 or (b.ndim + 1 == a.ndim and b.shape == a.shape[:-1])


def solve(a: Array, b: Array, left: bool = True) -> Array:
    if is_vector(a, b):
        return each(lambda p, q: numpy.linalg.solve(p, q), a, b, dims=(2, 1))
    return each(lambda p, q: numpy.linalg.solve(p, q) if left else numpy.linalg.solve(p.T, q.T).T, a, b)


def lu_solve(lu: Array, pivots: Array, b: Array, left: bool, adjoint: bool) -> Array:
    p, lower, upper = lu_unpack(lu, pivots)
    a = p @ lower @ upper
    return solve(numpy.swapaxes(a, -1, -2) if adjoint else a, b, left)


def solve_triangular(a: Array, b: Array, upper: bool, left: bool = True, unit: bool = False, transpose: bool = False) -> Array:
    a = numpy.triu(a) if upper else numpy.tril(a)
    if unit:
        a = numpy.triu(a, 1) + numpy.tril(a, -1) + numpy.eye(a.shape[-1])
    return each(lambda p, q: solve(p.T if transpose else p, q, left), a, b)


def triangular_solve(b: Array, a: Array, upper: bool, transpose: bool, unit: bool) -> tuple[Array, Array]:
    x = solve_triangular(a, b, upper, True, unit, transpose)
    return x, numpy.broadcast_to(a, x.shape[:-2] + a.shape[-2:])


def cholesky(a: Array, upper: bool) -> Array:
    half = numpy.triu(a, 1) if upper else numpy.swapaxes(numpy.tril(a, -1), -1, -2)
    whole = half + numpy.swapaxes(half, -1, -2) + each(lambda m: numpy.diag(numpy.diag(m)), a)
    factor = numpy.linalg.cholesky(whole)
    return numpy.swapaxes(factor, -1, -2) if upper else factor


def cholesky_solve(b: Array, factor: Array, upper: bool) -> Array:
    half = numpy.swapaxes(numpy.triu(factor), -1, -2) if upper else numpy.tril(factor)
    return solve(half @ numpy.swapaxes(half, -1, -2), b)


def ldl_factor(a: Array) -> tuple[Array, Array]:
    """LAPACK's packing by scipy's own wrapper of it."""

    def one(m: Array) -> tuple[Array, Array]:
        if m.size == 0:
            return m, numpy.zeros(0, numpy.int32)
        packed, pivots, _ = scipy.linalg.lapack.dsytrf(m, lower=1)
        return numpy.tril(packed), pivots.astype(numpy.int32)

    return each(one, a)


def ldl_solve(packed: Array, pivots: Array, b: Array) -> Array:
    """By the matrix that the factors stand for: A = P1 L1 P2 L2 ... D ... L2^T P2^T L1^T P1^T."""

    def one(m: Array, places: Array, right: Array) -> Array:
        n, k = len(m), 0
        left, d = numpy.eye(n), numpy.zeros((n, n))
        while k < n:
            wide = 1 if places[k] > 0 else 2
            d[k : k + wide, k : k + wide] = numpy.tril(m)[k : k + wide, k : k + wide]
            exchange, lower = numpy.eye(n), numpy.eye(n)
            row = k + wide - 1
            exchange[[row, abs(places[row]) - 1]] = exchange[[abs(places[row]) - 1, row]]
            lower[k + wide :, k : k + wide] = m[k + wide :, k : k + wide]
            left = left @ exchange @ lower
            k += wide
        return numpy.linalg.solve(left @ (numpy.tril(d) + numpy.tril(d, -1).T) @ left.T, right)

    return each(one, packed, pivots, b, dims=(2, 1, 2))


def qr(a: Array, mode: str) -> Any:
    if mode == "r":
        return numpy.zeros(0), numpy.linalg.qr(a, "r")
    return tuple(numpy.linalg.qr(a, mode))


def geqrf(a: Array) -> tuple[Array, Array]:
    packed, tau = numpy.linalg.qr(a, "raw")
    return numpy.swapaxes(packed, -1, -2), tau


def reflectors(a: Array, tau: Array) -> Array:
    q = numpy.eye(len(a))
    for i, t in enumerate(tau):
        v = numpy.zeros(len(a))
        v[i], v[i + 1 :] = 1, a[i + 1 :, i]
        q = q @ (numpy.eye(len(a)) - t * numpy.outer(v, v))
    return q


def householder_product(a: Array, tau: Array) -> Array:
    return each(lambda m, t: reflectors(m, t)[:, : m.shape[1]], a, tau, dims=(2, 1))


def ormqr(a: Array, tau: Array, other: Array, left: bool, transpose: bool) -> Array:
    def one(m: Array, t: Array, c: Array) -> Array:
        q = reflectors(m, t).T if transpose else reflectors(m, t)
        return q @ c if left else c @ q

    return each(one, a, tau, other, dims=(2, 1, 2))


def svd(a: Array, some: bool, compute_uv: bool) -> tuple[Array, Array, Array]:
    u, s, vh = numpy.linalg.svd(a, not some)
    if not compute_uv:
        return numpy.zeros((*a.shape[:-1], a.shape[-2])), s, numpy.zeros((*a.shape[:-2], a.shape[-1], a.shape[-1]))
    return u, s, numpy.swapaxes(vh, -1, -2)


def lstsq(a: Array, b: Array, rcond: float | None, driver: str | None) -> tuple[Array, Array, Array, Array]:
    def one(p: Array, q: Array) -> Any:
        if 0 in p.shape:
            return numpy.zeros((p.shape[1], q.shape[1])), numpy.int64(0), numpy.zeros(0)
        x, _, rank, s = numpy.linalg.lstsq(p, q, rcond)
        return x, numpy.int64(rank), s

    x, rank, s = each(one, a, b[..., None] if is_vector(a, b) else b)
    none = numpy.zeros(0)
    spectral, tall = driver in ("gelsd", "gelss"), a.shape[-2] > a.shape[-1]
    full = tall and driver not in (None, "gelsy") and (rank == a.shape[-1]).all()
    rest = numpy.sum((a @ x - (b[..., None] if is_vector(a, b) else b)) ** 2, -2)
    return (x[..., 0] if is_vector(a, b) else x, rest if full else none, numpy.zeros(0, numpy.int64) if driver == "gels" else rank,
            s if spectral else none)  # fmt: skip


def least(a: Array, size: Array, atol: Any, rtol: Any) -> Array:
    """The tolerance below which singular values count as zero, by torch's rules."""
    usual = (0.0 if atol is not None else 1.0) * max(a.shape[-2:]) * numpy.finfo(numpy.float32).eps
    return numpy.maximum(0 if atol is None else atol, (usual if rtol is None else rtol) * size.max(-1))


def pinv(a: Array, atol: Any, rtol: Any, hermitian: bool) -> Array:
    if 0 in a.shape:
        return numpy.swapaxes(a, -1, -2).copy()
    u, s, vh = numpy.linalg.svd(a, False)
    with numpy.errstate(divide="ignore"):
        inverted = numpy.where(s > least(a, s, atol, rtol)[..., None], 1 / s, 0)
    return numpy.swapaxes(vh, -1, -2) * inverted[..., None, :] @ numpy.swapaxes(u, -1, -2)


def matrix_rank(a: Array, atol: Any, rtol: Any, hermitian: bool) -> Array:
    if 0 in a.shape:
        return numpy.zeros(a.shape[:-2], numpy.int64)
    s = numpy.linalg.svd(a, compute_uv=False)
    return numpy.sum(s > least(a, s, atol, rtol)[..., None], -1)


def cond(a: Array, p: Any) -> Array:
    return each(lambda m: numpy.linalg.cond(m, p), a)


def transposed(a: Array) -> Array:
    return numpy.swapaxes(a, -1, -2)


def squared(a: Array) -> Array:
    return transposed(a) @ a


def eigen(values: Array, vectors: Array) -> list[Array]:
    return [values, vectors * values[..., None, :] @ transposed(vectors), squared(vectors)]


def singular(u: Array, s: Array, vh: Array) -> list[Array]:
    k = s.shape[-1]
    rest = [m @ transposed(m) for m in (u[..., k:], transposed(vh)[..., k:])]
    return [s, u[..., :k] * s[..., None, :] @ vh[..., :k, :], squared(u), squared(transposed(vh)), *rest]


# Results that are determined up to the signs of vectors, or to rotations among some, as combinations that are determined.
DETERMINED: dict[str, Callable[..., list[Array]]] = {
    "linalg_eigh": eigen,
    "linalg_svd": singular,
    "svd": lambda u, s, v: singular(u, s, transposed(v)),
}
