"""What holds for the whole package: which room may import which, and how long functions are."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

import scaffold

ROOT = Path(scaffold.__file__).parent
# The rooms of the package, lowest layer first. A module may import from its own room and from lower layers;
# rooms of one layer do not know each other.
LAYERS: tuple[tuple[str, ...], ...] = (
    ("text",),
    ("errors",),
    ("files", "git", "npm", "questions"),
    ("project", "wizard"),
    ("template",),
    ("new", "update", "inspect", "controls"),
    ("cli",),
)
LEVEL = {room: level for level, rooms in enumerate(LAYERS) for room in rooms}
# The front doors of the package. They may use every room, and no room uses them.
DOORS = ("__init__", "__main__")
# The one room that may import each library that faces people, terminal or disk.
LIBRARIES = {
    "click": "cli",
    "copier": "template",
    "plumbum": "template",
    "prompt_toolkit": "wizard",
    "questionary": "wizard",
    "rich": "cli",
}
MOST_ROOMS = 15
LONGEST_FUNCTION = 35
MEDIAN_FUNCTION = 10


def sources(root: Path = ROOT) -> dict[str, str]:
    """Return the text of every module of the package by its name: `update.plan`; of a folder's own: `update`."""
    found = {}
    for path in sorted(root.rglob("*.py")):
        name = ".".join(path.relative_to(root).with_suffix("").parts)
        found[name.removesuffix(".__init__")] = path.read_text(encoding="utf-8")
    return found


def imports(source: str, modules: set[str]) -> set[str]:
    """Return what a module imports, for types too: modules of the package, and names of libraries."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, "imports are absolute, so that moving a module shows"
            within = f"{node.module}.".removeprefix("scaffold.")
            names = {alias.name for alias in node.names if f"{within}{alias.name}" in modules}
            found |= {f"{node.module}.{name}" for name in names} or {node.module or ""}
    return found


def graph(code: dict[str, str]) -> dict[str, set[str]]:
    """Return the modules of the package that each module imports."""
    every = {name: imports(source, set(code)) for name, source in code.items()}
    return {
        name: {used.removeprefix("scaffold.") for used in found if used.startswith("scaffold.")}
        for name, found in every.items()
    }


def room(module: str) -> str:
    return module.partition(".")[0]


def wrong_arrows(arrows: dict[str, set[str]]) -> list[str]:
    """Return the imports that neither stay in a room nor point to a lower layer."""
    return [
        f"{module} -> {used}"
        for module, needs in arrows.items()
        if module not in DOORS
        for used in sorted(needs)
        if room(used) != room(module) and not LEVEL.get(room(used), 99) < LEVEL[room(module)]
    ]


def in_cycles(arrows: dict[str, set[str]]) -> set[str]:
    """Return the modules that import each other in a circle, and those above one."""
    left = {name: needs & arrows.keys() for name, needs in arrows.items()}
    while leaves := {name for name, needs in left.items() if not needs & left.keys()}:
        left = {name: needs for name, needs in left.items() if name not in leaves}
    return set(left)


def lengths(code: dict[str, str]) -> dict[str, int]:
    """Return the lines of every function, without its docstring."""
    found = {}
    for module, source in code.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                first = node.body[0]
                documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
                docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
                found[f"{module}.{node.name}"] = (node.end_lineno or 0) - node.lineno + 1 - docstring
    return found


CODE = sources()


def test_every_room_has_its_layer() -> None:
    assert {room(module) for module in CODE} - {*DOORS} == LEVEL.keys()
    entries = [path.name for path in ROOT.iterdir() if path.name != "__pycache__" and not path.name.startswith("__")]
    assert len(entries) <= MOST_ROOMS


def test_every_import_stays_in_its_room_or_points_to_a_lower_layer() -> None:
    assert not wrong_arrows(graph(CODE))


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert not in_cycles(graph(CODE))


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("errors", "from scaffold.git.run import Git"),
        ("template.render", "import scaffold.update.plan"),
        ("project.record", "from scaffold.template import trust"),
        ("inspect.status", "def late() -> None:\n    from scaffold.update import journal"),
        ("wizard.interview", "if TYPE_CHECKING:\n    from scaffold.cli import output"),
        ("new.create", "from scaffold.update.plan import UpdatePlan"),
        ("update.plan", "import scaffold.__main__"),
    ],
)
def test_a_planted_import_that_points_upwards_or_sideways_is_refused(module: str, line: str) -> None:
    assert module in CODE
    planted = {**CODE, module: f"{CODE[module]}\n{line}\n"}
    assert [arrow.partition(" ")[0] for arrow in wrong_arrows(graph(planted))] == [module]


def test_a_planted_circle_inside_a_room_is_refused() -> None:
    planted = {**CODE, "update.merge": f"{CODE['update.merge']}\nfrom scaffold.update.plan import UpdatePlan\n"}
    assert not wrong_arrows(graph(planted))
    assert {"update.merge", "update.plan"} <= in_cycles(graph(planted))


@pytest.mark.parametrize("module", CODE)
def test_each_outside_library_is_used_by_one_room(module: str) -> None:
    libraries = {name.partition(".")[0] for name in imports(CODE[module], set())}
    assert not [library for library, owner in LIBRARIES.items() if library in libraries and room(module) != owner]


def test_functions_are_short() -> None:
    found = lengths(CODE)
    assert median(found.values()) <= MEDIAN_FUNCTION
    assert not {name: length for name, length in found.items() if length > LONGEST_FUNCTION}


def test_no_absolute_paths_in_source() -> None:
    places = ("/root/", "/work/", "/tmp/")  # noqa: S108 - looked for, not used
    assert not [module for module, source in CODE.items() if any(place in source for place in places)]
