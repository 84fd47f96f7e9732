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
    "Sections": "int | Sequence[int]",
    "Order": "float | str",
}
PLACES = {"method": "Tensor.", "functional": "nn.functional.", "linalg": "linalg.", "special": "special."}
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
    return f"{shown_name(function)}({', '.join(parts)}) -> {returns}"


def shown_name(function: Function) -> str:
    """A function named linalg_f that stands in linalg alone is linalg.f to its users."""
    alone = function.places == ["linalg"] and function.name.startswith("linalg_")
    return f"linalg.{function.name.removeprefix('linalg_')}" if alone else function.name


def page(functions: list[Function]) -> str:
    lines = ["# Functions", "", f"{len(functions)} functions; each is `deepseek.<name>` in Python and in C++ unless it says otherwise.", "",
             "The examples are among the samples that the tests run and compare with numpy and scipy; `randn`, `rand`, `ints` and",
             "`bools` stand there for arrays of the given shape with such elements.", ""]  # fmt: skip

    def group(function: Function) -> str:
        return function.file.relative_to(OPS).with_suffix("").as_posix().replace("_", " ").replace("/", ": ")

    for title, members in groupby(sorted(functions, key=lambda f: (group(f), f.name)), key=group):
        lines += [f"## {title}", ""]
        for function in members:
            name = shown_name(function)
            lines += [f"### {name}", "", "```python", python_signature(function), "```", ""]
            lines += [*function.doc.strip().splitlines(), ""]
            places = [PLACES[place] + name for place in function.places if place in PLACES] if name == function.name else []
            only = "Only" if "hidden" in function.places else "Also"
            lines += [f"{only} as {', '.join(f'`{place}`' for place in places)}.", ""] if places else []
            if function.samples:
                lines += ["```python", *(f"{name}({sample})" for sample in function.samples[:2]), "```", ""]
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
