"""What holds for the whole package: who imports whom, and how long functions are."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from statistics import median

import pytest

import scaffold

ROOT = Path(scaffold.__file__).parent
MODULES = {path.relative_to(ROOT).with_suffix("").as_posix(): path for path in sorted(ROOT.rglob("*.py"))}
# The one door to each library that faces people, terminal or disk.
DOORS = {
    "copier": {"template"},
    "plumbum": {"template"},
    "questionary": {"wizard"},
    "prompt_toolkit": {"wizard"},
    "click": {"cli"},
    "rich": {"cli"},
}
# Who alone may import these parts, at run time.
USERS = {
    "cli": {"__main__", "cli"},
    "wizard": {"cli", "wizard"},
    "new": {"cli", "new", "__init__"},
}
# All that these parts may import.
NEEDS: dict[str, set[str]] = {
    "errors": set(),
    "git/run": set(),
    "files/paths": set(),
    "git/view": {"git"},
    "questions/questionnaire": {"errors"},
    "questions/answers_file": {"errors", "questions"},
}


def _is_for_types_only(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imported(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            found |= {alias.name for alias in child.names}
        elif isinstance(child, ast.ImportFrom) and child.module == "scaffold":
            found |= {f"scaffold.{alias.name}" for alias in child.names}
        elif isinstance(child, ast.ImportFrom):
            found.add(child.module or "")
        elif not _is_for_types_only(child):
            found |= _imported(child)
    return found


@cache
def imports(module: str) -> set[str]:
    return _imported(ast.parse(MODULES[module].read_text(encoding="utf-8")))


def parts(module: str) -> set[str]:
    """Return the parts of Scaffold that a module imports: top-level modules and packages."""
    return {name.split(".", 2)[1] for name in imports(module) if name.startswith("scaffold.")}


def part(module: str) -> str:
    return module.partition("/")[0]


def functions() -> list[tuple[str, int]]:
    found = []
    for module, path in MODULES.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
                found.append((f"{module}.{node.name}", (node.end_lineno or 0) - node.lineno + 1 - docstring))
    return found


@pytest.mark.parametrize("module", MODULES)
def test_each_outside_library_has_one_door(module: str) -> None:
    libraries = {name.split(".")[0] for name in imports(module)}
    trespassed = {library for library, doors in DOORS.items() if library in libraries and part(module) not in doors}
    assert not trespassed


@pytest.mark.parametrize("module", MODULES)
def test_nothing_reaches_up_to_the_command_line(module: str) -> None:
    forbidden = {name for name, users in USERS.items() if name in parts(module) and part(module) not in users}
    assert not forbidden


@pytest.mark.parametrize("module", NEEDS)
def test_the_ground_floor_stands_on_nothing_above_it(module: str) -> None:
    assert parts(module) <= NEEDS[module]


def test_imports_form_no_circle() -> None:
    graph = {name: set().union(*(parts(m) for m in MODULES if part(m) == name)) - {name} for name in map(part, MODULES)}
    while leaves := {name for name, needs in graph.items() if not needs & graph.keys()}:
        graph = {name: needs for name, needs in graph.items() if name not in leaves}
    assert not graph


def test_functions_are_short() -> None:
    lengths = dict(functions())
    assert median(lengths.values()) <= 10
    assert not {name: length for name, length in lengths.items() if length > 50}


def test_nothing_names_a_place_of_the_machine_it_was_written_on() -> None:
    places = ("/root/", "/work/", "/tmp/")  # noqa: S108 - looked for, not used
    assert not [m for m, path in MODULES.items() if any(place in path.read_text("utf-8") for place in places)]
