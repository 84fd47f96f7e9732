"""Linear algebra on one large matrix and on batches of small ones, forward and backward, in the words of torch.linalg."""

from __future__ import annotations

from typing import Any

from benchmarks.cases import case
from benchmarks.micro import Run, Shared, randn


class Linalg(Shared):
    """One function of a matrix or a batch of them."""

    bars = {"torch": 0.9}
    shape: tuple[int, ...] = (1000, 1000)

    def operands(self, lib: Any) -> list[Any]:
        return [randn(lib, *self.shape)]

    def of(self, lib: Any, *operands: Any) -> Any:
        raise NotImplementedError

    def make(self, lib: Any) -> Run:
        operands = self.operands(lib)

        def run() -> Any:
            with lib.no_grad():
                found = self.of(lib, *operands)
            return found if isinstance(found, (list, tuple)) else [found]

        return run


class WithGradient(Linalg):
    def make(self, lib: Any) -> Run:
        operands = [x.requires_grad_() for x in self.operands(lib)]

        def run() -> Any:
            found = self.of(lib, *operands)
            results = list(found) if isinstance(found, (list, tuple)) else [found]
            return [*results, *lib.autograd.grad(sum(r.sum() for r in results), operands)]

        return run


def definite(lib: Any, *shape: int) -> Any:
    """Symmetric positive definite matrices, in memory."""
    x = randn(lib, *shape)
    found = x @ x.mT / shape[-1] + lib.eye(shape[-1])
    return found.eval() if hasattr(found, "eval") else found


def named(name: str, base: type[Linalg], **members: Any) -> None:
    case(type("".join(c for c in name.title() if c.isalnum()), (base,), {"name": name, "__module__": __name__, **members}))


LARGE, MIDDLE, SMALL, TINY = (1000, 1000), (100, 64, 64), (1000, 16, 16), (10000, 4, 4)
WORDS = {LARGE: "1000x1000", MIDDLE: "100 of 64x64", SMALL: "1000 of 16x16", TINY: "10000 of 4x4"}
FUNCTIONS = {
    "solve": lambda lib, a, b: lib.linalg.solve(a, b),
    "inv": lambda lib, a: lib.linalg.inv(a),
    "det": lambda lib, a: lib.linalg.det(a),
    "lu": lambda lib, a: lib.linalg.lu(a),
    "qr": lambda lib, a: lib.linalg.qr(a),
    "svd": lambda lib, a: lib.linalg.svd(a, full_matrices=False),
    "svdvals": lambda lib, a: lib.linalg.svdvals(a),
    "cholesky": lambda lib, a: lib.linalg.cholesky(a),
    "eigh": lambda lib, a: lib.linalg.eigh(a),
    "eigvalsh": lambda lib, a: lib.linalg.eigvalsh(a),
    "solve_triangular": lambda lib, a, b: lib.linalg.solve_triangular(a, b, upper=True),
    "matrix_exp": lambda lib, a: lib.linalg.matrix_exp(a),
}
DEFINITE = {"cholesky", "eigh", "eigvalsh", "solve_triangular", "matrix_exp"}


def member(function: Any) -> Any:
    return lambda self, lib, *operands: function(lib, *operands)


def operands_of(name: str) -> Any:
    pair = name in ("solve", "solve_triangular")

    def operands(self: Linalg, lib: Any) -> list[Any]:
        first = definite(lib, *self.shape) if name in DEFINITE else randn(lib, *self.shape)
        return [first, randn(lib, *self.shape)] if pair else [first]

    return operands


for word, function in FUNCTIONS.items():
    for shape, text in WORDS.items():
        named(f"linalg.{word} {text}", Linalg, shape=shape, of=member(function), operands=operands_of(word))
for word in ("solve", "inv", "cholesky", "qr", "eigh", "svd", "det"):
    for shape in (LARGE, TINY):
        if (word, shape) != ("det", LARGE):  # beyond float32
            named(f"linalg.{word} {WORDS[shape]}, forward and backward", WithGradient, shape=shape, of=member(FUNCTIONS[word]), operands=operands_of(word))


@case
class LeastSquares(Linalg):
    name = "linalg.lstsq 2000x200, 10 right sides"

    def operands(self, lib: Any) -> list[Any]:
        return [randn(lib, 2000, 200), randn(lib, 2000, 10)]

    def of(self, lib: Any, a: Any, b: Any) -> Any:
        return lib.linalg.lstsq(a, b)[0]


@case
class PseudoInverse(Linalg):
    name = "linalg.pinv 400x300"
    shape = (400, 300)

    def of(self, lib: Any, a: Any) -> Any:
        return lib.linalg.pinv(a)


@case
class Cross(Linalg):
    name = "linalg.cross 1M vectors"

    def operands(self, lib: Any) -> list[Any]:
        return [randn(lib, 1 << 20, 3), randn(lib, 1 << 20, 3)]

    def of(self, lib: Any, a: Any, b: Any) -> Any:
        return lib.linalg.cross(a, b)


@case
class MatrixPower(Linalg):
    name = "linalg.matrix_power 512x512, 10"
    shape = (512, 512)

    def of(self, lib: Any, a: Any) -> Any:
        return lib.linalg.matrix_power(a / 30, 10)


@case
class NuclearNorm(Linalg):
    name = "linalg.matrix_norm nuc, 1000 of 16x16"
    shape = SMALL

    def of(self, lib: Any, a: Any) -> Any:
        return lib.linalg.matrix_norm(a, "nuc")
