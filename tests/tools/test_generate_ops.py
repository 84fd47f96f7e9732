"""tools/generate_ops.py: what it reads, what it writes, what it refuses."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "tools" / "generate_ops.py"


@pytest.fixture
def generate(tmp_path):
    ops = tmp_path / "ops"
    ops.mkdir()

    def run(**files):
        for name, text in files.items():
            (ops / f"{name}.cpp").write_text(text)
        outputs = [tmp_path / "out" / name for name in ("deepseek/ops.h", "registry.cpp", "stamp")]
        command = [sys.executable, SCRIPT, "--ops", ops, "--header", outputs[0], "--registry", outputs[1]]
        return subprocess.run([*command, "--stamp", outputs[2]], capture_output=True, text=True), *outputs

    return run


def test_declares_function_with_defaults_and_doc(generate):
    result, header, registry, _ = generate(
        softmax="""
// DEEPSEEK_FUNCTION(Tensor, in_a_comment, (), "no")
#define DEEPSEEK_FUNCTION(...)
DEEPSEEK_FUNCTION(Tensor, softmax,
                  (const Tensor& input, int64_t dim DEFAULT(-1),  // the axis, of course
                   std::optional<DType> dtype DEFAULT(std::nullopt)),
                  "Exponentials (scaled, \\"softly\\"), "
                  "summing to one.\\nSecond line.") {
  return input;
}
"""
    )
    assert result.returncode == 0, result.stderr
    text = header.read_text()
    assert (
        "/// Exponentials (scaled, \"softly\"), summing to one.\n/// Second line.\n"
        "Tensor softmax(const Tensor& input, int64_t dim = -1, std::optional<DType> dtype = std::nullopt);" in text
    )
    assert "in_a_comment" not in text
    assert "{&function_entry_softmax, nullptr}," in registry.read_text()


def test_return_type_and_default_with_commas(generate):
    result, header, _, _ = generate(
        topk='DEEPSEEK_FUNCTION((std::tuple<Tensor, Tensor>), topk, (const Tensor& a, Dims d DEFAULT(Dims({1, 2}))), "Doc.")'
    )
    assert result.returncode == 0, result.stderr
    assert "std::tuple<Tensor, Tensor> topk(const Tensor& a, Dims d = Dims({1, 2}));" in header.read_text()


def test_unchanged_declarations_leave_the_header_alone(generate):
    line = 'DEEPSEEK_FUNCTION(Tensor, relu, (const Tensor& a), "Doc.")'
    _, header, registry, _ = generate(relu=line + " { return 1; }")
    before = header.stat().st_mtime_ns, registry.stat().st_mtime_ns
    generate(relu=line + " { return 2; }")
    assert (header.stat().st_mtime_ns, registry.stat().st_mtime_ns) == before


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            {"a": 'DEEPSEEK_FUNCTION(Tensor, add, (), "x")', "b": '\nDEEPSEEK_FUNCTION(Tensor, add, (), "y")'},
            ("b.cpp:2", "a.cpp:1", "add is already defined"),
        ),
        ({"a": 'DEEPSEEK_FUNCTION(std::pair<A, B>, add, (), "x")'}, ("a.cpp:1", "5 arguments", "parentheses")),
        ({"a": "DEEPSEEK_FACTS(add, .good = {})"}, ("a.cpp:1", "no DEEPSEEK_FUNCTION")),
        ({"a": 'DEEPSEEK_FUNCTION(Tensor, add, (), "")'}, ("a.cpp:1", "doc string")),
        ({"a": 'DEEPSEEK_FUNCTION(Tensor, add, (), "x"'}, ("a.cpp:1", "not closed")),
    ],
)
def test_refuses(generate, files, message):
    result, header, *_ = generate(**files)
    assert result.returncode == 1
    assert all(part in result.stderr for part in message), result.stderr
    assert not header.exists()
