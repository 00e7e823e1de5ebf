"""The edits that make a mutant of a Python module."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, NamedTuple

from tests.mutants.sample import Mutant

if TYPE_CHECKING:
    from collections.abc import Iterator

_COMPARED: dict[type[ast.cmpop], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}


class _Edit(NamedTuple):
    """The text that replaces a part of a module; `shown` is the larger node whose text is printed, if there is one."""

    kind: str
    start: int
    end: int
    replacement: str
    shown: ast.AST | None = None


class _Source:
    """A module, whose nodes know positions in bytes of a line."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = text.split("\n")
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line) + 1)

    def _at(self, line: int, column: int) -> int:
        return self._starts[line - 1] + len(self._lines[line - 1].encode()[:column].decode())

    def start(self, node: ast.AST) -> int:
        return self._at(node.lineno, node.col_offset)  # type: ignore[attr-defined]

    def end(self, node: ast.AST) -> int:
        return self._at(node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]

    def line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1


def python_mutants(file: str, text: str) -> list[Mutant]:
    """Return all mutants of a module, in the order of its text."""
    source = _Source(text)
    found = []
    for node, place in _nodes(ast.parse(text), ()):
        for edit in _edits(node, source):
            shown = edit.shown or node
            start, end = (source.start(shown), source.end(shown)) if edit.shown else (edit.start, edit.end)
            original = re.sub(r"\s+", " ", text[start:end])
            line = source.line(edit.start)
            found.append(
                Mutant(file, edit.start, edit.end, edit.replacement, edit.kind, line, ".".join(place), original)
            )
    return found


def _nodes(node: ast.AST, place: tuple[str, ...]) -> Iterator[tuple[ast.AST, tuple[str, ...]]]:
    """Give each node with the names around it; annotations and the imports for types are no program."""
    for name, value in ast.iter_fields(node):
        if name in {"annotation", "returns", "type_params"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            if isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                continue
            yield child, place
            named = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            yield from _nodes(child, (*place, child.name) if named else place)  # type: ignore[attr-defined]


def _edits(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    match node:
        case ast.If() | ast.IfExp():
            yield _Edit("always-true", source.start(node.test), source.end(node.test), "True")
            yield _Edit("never-true", source.start(node.test), source.end(node.test), "False")
        case ast.While():
            yield _Edit("never-true", source.start(node.test), source.end(node.test), "False")
        case ast.comprehension():
            for test in node.ifs:
                yield _Edit("always-true", source.start(test), source.end(test), "True")
        case ast.Expr(value=ast.Call()):
            yield _Edit("dropped-call", source.start(node), source.end(node), "pass")
        case ast.Raise():
            yield _Edit("dropped-raise", source.start(node), source.end(node), "pass")
        case ast.Call():
            for keyword in node.keywords:
                end = source.end(keyword)
                comma = re.match(r"\s*,", source.text[end:])
                yield _Edit("dropped-argument", source.start(keyword), end + (comma.end() if comma else 0), "", keyword)
        case ast.Constant(value=True) | ast.Constant(value=False):
            yield _Edit("flipped-boolean", source.start(node), source.end(node), str(not node.value))
        case _:
            yield from _swapped(node, source)


def _swapped(node: ast.AST, source: _Source) -> Iterator[_Edit]:
    kind = "swapped-operator"
    match node:
        case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _COMPARED:
            yield _Edit(kind, *_between(left, right, source), f" {_COMPARED[type(operator)]} ", node)
        case ast.BoolOp():
            other = "or" if isinstance(node.op, ast.And) else "and"
            for one, next_one in zip(node.values, node.values[1:], strict=False):
                start, end = _between(one, next_one, source)
                found = re.search(r"\b(and|or)\b", source.text[start:end])
                if found:
                    yield _Edit(kind, start + found.start(), start + found.end(), other, node)
        case ast.BinOp(op=ast.Add() | ast.Sub()):
            start, end = _between(node.left, node.right, source)
            at = source.text.find("+" if isinstance(node.op, ast.Add) else "-", start, end)
            yield _Edit(kind, at, at + 1, "-" if isinstance(node.op, ast.Add) else "+", node)


def _between(left: ast.AST, right: ast.AST, source: _Source) -> tuple[int, int]:
    """Return the text between two nodes, without the brackets around them."""
    start, end = source.end(left), source.start(right)
    text = source.text[start:end]
    inner = re.search(r"^[\s)]*\)(?=[^)])", text)
    start += inner.end() if inner else 0
    opening = re.search(r"\(\s*$", source.text[start:end])
    while opening:
        end = start + opening.start()
        opening = re.search(r"\(\s*$", source.text[start:end])
    return start, end
