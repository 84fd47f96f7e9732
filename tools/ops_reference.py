"""Writes the reference page of all public functions, from the same lines that declare them.

    python tools/ops_reference.py build/docs/ops.md
"""

from __future__ import annotations

import argparse
import re
import sys
from itertools import groupby
from pathlib import Path

from generate_ops import Function, SourceError, blank, collect, split_arguments

OPS = Path(__file__).resolve().parents[1] / "src" / "deepseek" / "ops"
TYPES = {
    "Tensor": "Tensor",
    "TensorList": "Sequence[Tensor]",
    "Result": "Tensor | tuple[Tensor, ...]",
    "int64_t": "int",
    "double": "float",
    "bool": "bool",
    "std::string": "str",
    "DType": "dtype",
    "Dims": "int | Sequence[int]",
    "IntList": "int | Sequence[int]",
    "Padding": "int | Sequence[int] | str",
}
DEFAULTS = {"std::nullopt": "None", "{}": "None", "Tensor()": "None", "true": "True", "false": "False"}
PARAMETER = re.compile(r"(?:const )?(?P<type>[\w:<>, ]+?)\s*&?\s*(?P<name>\w+)(?: = (?P<default>.+))?$")


def python_type(cpp: str) -> str:
    cpp = cpp.strip()
    if optional := re.fullmatch(r"(?:std::optional<(.+)>|Optional(\w+))", cpp):
        return f"{python_type(optional[1] or optional[2])} | None"
    if several := re.fullmatch(r"std::(?:tuple|pair)<(.+)>", cpp):
        return f"tuple[{', '.join(python_type(part) for part in several[1].split(','))}]"
    return TYPES.get(cpp, cpp)


def python_default(cpp: str) -> str:
    if braces := re.fullmatch(r"(?:Dims)?\(?\{(.+)\}\)?", cpp):
        return f"({braces[1]})"
    if dtype := re.fullmatch(r"DType::(\w+)", cpp):
        return dtype[1].rstrip("_")
    return DEFAULTS.get(cpp, cpp)


def python_signature(function: Function) -> str:
    parts = []
    for text in split_arguments(function.parameters, blank(function.parameters, True)) if function.parameters else []:
        match = PARAMETER.match(text)
        if not match:
            raise SourceError(f"{function.file}:{function.line}: cannot read the parameter '{text}'")
        part = f"{match['name']}: {python_type(match['type'])}"
        parts.append(part + (f" = {python_default(match['default'])}" if match["default"] else ""))
    returns = "tuple[Tensor, ...]" if function.returns == "TensorList" else python_type(function.returns)
    return f"{function.name}({', '.join(parts)}) -> {returns}"


def page(functions: list[Function]) -> str:
    lines = ["# Functions", "", f"{len(functions)} functions; each is `deepseek.<name>` in Python and in C++.", ""]

    def group(function: Function) -> str:
        return function.file.relative_to(OPS).with_suffix("").as_posix().replace("_", " ").replace("/", ": ")

    for title, members in groupby(sorted(functions, key=lambda f: (group(f), f.name)), key=group):
        lines += [f"## {title}", ""]
        for function in members:
            lines += [f"### {function.name}", "", "```python", python_signature(function), "```", ""]
            lines += [*function.doc.strip().splitlines(), ""]
    return "\n".join(lines)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("output", type=Path)
    output = parser.parse_args().output
    try:
        text = page(collect(OPS))
    except SourceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
