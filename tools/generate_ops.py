"""Collects the DEEPSEEK_FUNCTION and DEEPSEEK_FACTS lines of src/deepseek/ops: the header deepseek/ops.h, and the table
of all public functions."""

from __future__ import annotations

import argparse
import ast
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

FUNCTION = "DEEPSEEK_FUNCTION"
FACTS = "DEEPSEEK_FACTS"
LINALG = "linalg_"
TOKEN = re.compile(r'//[^\n]*|/\*.*?\*/|R"(?P<tag>[^()\\\s]*)\(.*?\)(?P=tag)"|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)


@dataclass
class Function:
    returns: str
    name: str
    parameters: str
    doc: str
    file: Path
    line: int
    has_facts: bool = False
    places: list[str] = field(default_factory=list)  # where Python shows it: "method", "functional", ...
    samples: list[str] = field(default_factory=list)  # argument lists that the tests run


class SourceError(Exception):
    pass


def blank(source: str, strings: bool) -> str:
    """The source with comments (and, if asked, the inside of literals) replaced by spaces; offsets stay as they are."""

    def erase(match: re.Match) -> str:
        text = match.group()
        if text.startswith(("//", "/*")) or strings:
            return re.sub(r"[^\n]", " ", text)
        return text

    return TOKEN.sub(erase, source)


def split_arguments(code: str, mask: str) -> list[str]:
    """Splits at commas outside brackets; `mask` is `code` with literals blanked."""
    parts, depth, start = [], 0, 0
    for i, c in enumerate(mask):
        if c in "([{":
            depth += 1
        elif c in ")]}":
            depth -= 1
        elif c == "," and depth == 0:
            parts.append(code[start:i].strip())
            start = i + 1
    parts.append(code[start:].strip())
    return parts


def closing(mask: str, opening: int) -> int:
    depth = 0
    for i in range(opening, len(mask)):
        depth += (mask[i] == "(") - (mask[i] == ")")
        if depth == 0:
            return i
    return -1


def unwrapped(text: str) -> str:
    """Without the outer pair of parentheses, if one pair encloses the whole text."""
    if text.startswith("(") and closing(blank(text, True), 0) == len(text) - 1:
        return text[1:-1].strip()
    return text


def with_defaults(parameters: str) -> str:
    """`int64_t dim DEFAULT(-1)` becomes `int64_t dim = -1`."""
    while match := re.search(r"\s*\bDEFAULT\(", blank(parameters, True)):
        end = closing(blank(parameters, True), match.end() - 1)
        if end < 0:
            raise SourceError("DEFAULT( is not closed")
        parameters = f"{parameters[:match.start()]} = {parameters[match.end():end].strip()}{parameters[end + 1:]}"
    return re.sub(r"\s+", " ", parameters)


def doc_text(code: str, file: Path, line: int) -> str:
    pieces = []
    for match in TOKEN.finditer(code):
        text = match.group()
        if text.startswith('R"'):
            tag = match.group("tag")
            pieces.append(text[len(tag) + 3 : -len(tag) - 2])
        elif text.startswith('"'):
            pieces.append(ast.literal_eval(text))
    if not "".join(pieces).strip():
        raise SourceError(f"{file}:{line}: {FUNCTION} needs a doc string as its fourth argument")
    return "".join(pieces)


def macro_calls(file: Path, code: str, mask: str, macro: str) -> Iterator[tuple[list[str], int]]:
    """The arguments and the line of each use of the macro at the start of a line."""
    for match in re.finditer(rf"^[ \t]*{macro}\s*\(", mask, re.M):
        line = code.count("\n", 0, match.start()) + 1
        end = closing(mask, match.end() - 1)
        if end < 0:
            raise SourceError(f"{file}:{line}: {macro}( is not closed")
        yield split_arguments(code[match.end() : end], mask[match.end() : end]), line


def parse_function(arguments: list[str], file: Path, line: int) -> Function:
    if len(arguments) != 4:
        raise SourceError(
            f"{file}:{line}: {FUNCTION} takes (return type, name, (parameters), \"doc\"), but has "
            f"{len(arguments)} arguments; put a return type that contains commas in parentheses"
        )
    returns, name, parameters, doc = arguments
    if not re.fullmatch(r"[A-Za-z_]\w*", name):
        raise SourceError(f"{file}:{line}: {FUNCTION}: '{name}' is not a function name")
    if not parameters.startswith("("):
        raise SourceError(f"{file}:{line}: {FUNCTION}: the parameters of {name} must stand in parentheses")
    return Function(unwrapped(returns), name, with_defaults(unwrapped(parameters)), doc_text(doc, file, line), file, line)


def listed(facts: list[str], name: str) -> list[str]:
    """The strings of `.name = {"...", "..."}` among the arguments of the facts."""
    for text in facts:
        head, _, value = text.partition("=")
        if head.strip() == name:
            inner = value.strip()[1:-1]
            return [doc_text(part, Path(), 0) for part in split_arguments(inner, blank(inner, True)) if part]
    return []


def collect(folder: Path) -> list[Function]:
    functions: dict[str, Function] = {}
    facts: dict[str, tuple[str, list[str]]] = {}
    for file in sorted(folder.rglob("*.cpp")):
        source = file.read_text(encoding="utf-8")
        code, mask = blank(source, strings=False), blank(source, strings=True)
        for arguments, line in macro_calls(file, code, mask, FUNCTION):
            function = parse_function(arguments, file, line)
            if twin := functions.get(function.name):
                raise SourceError(f"{file}:{line}: {function.name} is already defined in {twin.file}:{twin.line}")
            functions[function.name] = function
        for arguments, line in macro_calls(file, code, mask, FACTS):
            if twin := facts.get(arguments[0]):
                raise SourceError(f"{file}:{line}: the facts of {arguments[0]} are already stated in {twin[0]}")
            facts[arguments[0]] = f"{file}:{line}", arguments[1:]
    for name, (place, stated) in facts.items():
        if name not in functions:
            raise SourceError(f"{place}: {FACTS} of {name}, but no {FUNCTION} has this name")
        functions[name].has_facts = True
        functions[name].places = listed(stated, ".in")
        functions[name].samples = listed(stated, ".good")
    return [functions[name] for name in sorted(functions)]


def header_text(functions: list[Function]) -> str:
    lines = [
        "// Generated by tools/generate_ops.py from the DEEPSEEK_FUNCTION lines in src/deepseek/ops.",
        "#pragma once",
        "",
        '#include "deepseek/graph/tensor.h"',
        '#include "deepseek/ops/types.h"',
        "",
        "namespace deepseek {",
        "",
    ]
    for f in functions:
        lines += [f"/// {line}".rstrip() for line in f.doc.strip().splitlines()]
        lines += [f"{f.returns} {f.name}({f.parameters});", ""]
    if inner := [f for f in functions if f.name.startswith(LINALG)]:
        lines += ["namespace linalg {", *map(forwarding, inner), "}  // namespace linalg", ""]
    return "\n".join(lines + ["}  // namespace deepseek", ""])


def forwarding(f: Function) -> str:
    """linalg::solve(...) for linalg_solve(...), as torch has both."""
    parts = split_arguments(f.parameters, blank(f.parameters, True))
    names = [re.search(r"(\w+)\s*(=.*)?$", part, re.S).group(1) for part in parts if part]
    return f"inline {f.returns} {f.name.removeprefix(LINALG)}({f.parameters}) {{ return {f.name}({', '.join(names)}); }}"


def registry_text(functions: list[Function]) -> str:
    lines = [
        "// Generated by tools/generate_ops.py from the DEEPSEEK_FUNCTION lines in src/deepseek/ops.",
        "#include <span>",
        "",
        '#include "deepseek/ops/function.h"',
        "",
        "namespace deepseek {",
        "",
        *[f"extern const FunctionEntry function_entry_{f.name};" for f in functions],
        *[f"extern const FunctionFacts function_facts_{f.name};" for f in functions if f.has_facts],
        "",
        "std::span<const FunctionRecord> all_functions() {",
    ]
    if functions:
        lines.append("  static constexpr FunctionRecord records[] = {")
        for f in functions:
            facts = f"&function_facts_{f.name}" if f.has_facts else "nullptr"
            lines.append(f"      {{&function_entry_{f.name}, {facts}}},")
        lines += ["  };", "  return records;"]
    else:
        lines.append("  return {};")
    return "\n".join(lines + ["}", "", "}  // namespace deepseek", ""])


def write_if_changed(path: Path, text: str) -> None:
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    for option in ("ops", "header", "registry", "stamp"):
        parser.add_argument(f"--{option}", type=Path, required=True)
    arguments = parser.parse_args()
    try:
        functions = collect(arguments.ops)
    except SourceError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    write_if_changed(arguments.header, header_text(functions))
    write_if_changed(arguments.registry, registry_text(functions))
    arguments.stamp.parent.mkdir(parents=True, exist_ok=True)
    arguments.stamp.touch()
    return 0


if __name__ == "__main__":
    sys.exit(main())
