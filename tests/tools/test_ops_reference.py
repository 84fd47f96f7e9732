"""tools/ops_reference.py: signatures as Python shows them, and the page of the real ops."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import generate_ops
import ops_reference


@pytest.mark.parametrize(
    ("line", "signature"),
    [
        ("Tensor, f, (const Tensor& input, int64_t dim DEFAULT(-1))", "f(input: Tensor, dim: int = -1) -> Tensor"),
        (
            "(std::tuple<Tensor, Tensor>), f, (std::optional<DType> dtype DEFAULT(std::nullopt), bool sorted DEFAULT(true))",
            "f(dtype: dtype | None = None, sorted: bool = True) -> tuple[Tensor, Tensor]",
        ),
        (
            'TensorList, f, (const TensorList& tensors, const Padding& padding DEFAULT("same"), const Dims& size DEFAULT(Dims({1, 2})))',
            "f(tensors: Sequence[Tensor], padding: int | Sequence[int] | str = \"same\", "
            "size: int | Sequence[int] = (1, 2)) -> tuple[Tensor, ...]",
        ),
    ],
)
def test_signature(tmp_path, line, signature):
    (tmp_path / "f.cpp").write_text(f'DEEPSEEK_FUNCTION({line}, "Doc.") {{}}\n')
    (function,) = generate_ops.collect(tmp_path)
    assert ops_reference.python_signature(function) == signature


def test_page_covers_every_function():
    functions = generate_ops.collect(ops_reference.OPS)
    text = ops_reference.page(functions)
    assert all(f"### {ops_reference.shown_name(function)}\n" in text for function in functions)
    assert "linalg.inv(A: Tensor) -> Tensor" in text and "softmax(randn(2, 3))" in text and "Also as `Tensor.softmax`" in text
