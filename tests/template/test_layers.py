"""The layers of a project's `src/`: every import points down, types included, and nothing depends on itself."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from functools import cache
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

import pytest

from tests.support.answers import pairwise_sample, title
from tests.support.rendering import Tree, in_memory

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tests.support.answers import Answers

STATEMENT = re.compile(
    r"^(?:import|export)\b(?P<type>\s+type\b)?(?:[^'\";]*?\bfrom)?\s*'(?P<name>[^']+)'", re.MULTILINE
)
LATER = re.compile(r"\bimport\(\s*'(?P<name>[^']+)'")
TABLE = re.compile(r"^const LAYERS = \[(.*?)\];", re.MULTILINE | re.DOTALL)

HEALTHCHECK = "commands/healthcheck.ts"
MOST_FILES_OF_A_HEALTHCHECK = 10


@dataclass(frozen=True)
class Import:
    """One import: `target` is a file below src/, or the name of a package."""

    source: str
    target: str
    is_type: bool
    is_package: bool


def layers(tree: Tree) -> list[str]:
    """Read the table that ESLint holds the project to, bottom to top."""
    table = TABLE.search(tree["eslint.config.js"].decode())
    assert table is not None
    return re.findall(r"'([^']+)'", table[1])


def imports(tree: Tree) -> list[Import]:
    """Return every import below src/."""
    found = []
    for path, content in tree.items():
        if path.startswith("src/") and path.endswith(".ts"):
            source, text = path.removeprefix("src/"), content.decode()
            for match in (*STATEMENT.finditer(text), *LATER.finditer(text)):
                name, is_package = match["name"], not match["name"].startswith(".")
                target = name if is_package else posixpath.normpath(posixpath.join(posixpath.dirname(source), name))
                found.append(Import(source, target, bool(match.groupdict().get("type")), is_package))
    return found


def layer_of(file: str, table: Iterable[str]) -> str:
    """Return the layer a file belongs to: of `http` and `http/middleware` the longer one."""
    return max((layer for layer in table if f"{file}/".startswith(f"{layer}/")), key=len, default="")


def cycle(graph: Mapping[str, set[str]]) -> list[str]:
    """Return the members of a cycle; an empty list when there is none."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        members: list[str] = error.args[1]
        return members
    return []


def graph_of(edges: Iterable[tuple[str, str]]) -> dict[str, set[str]]:
    graph: dict[str, set[str]] = {}
    for source, target in edges:
        if source != target:
            graph.setdefault(source, set()).add(target)
    return graph


def loaded(start: str, known: list[Import]) -> tuple[set[str], set[str]]:
    """Return the files and the packages that a program loads when it starts."""
    files, packages, waiting = set[str](), set[str](), [start]
    while waiting:
        file = waiting.pop()
        files.add(file)
        runs = [i for i in known if i.source == file and not i.is_type and not i.target.startswith("node:")]
        packages |= {i.target for i in runs if i.is_package}
        waiting += [i.target for i in runs if not i.is_package and i.target not in files]
    return files, packages


def faults(tree: Tree) -> list[str]:
    """Say what is wrong with the imports of a project."""
    table, known = layers(tree), imports(tree)
    inside = [(i.source, i.target) for i in known if not i.is_package]
    folders = [(layer_of(source, table), layer_of(target, table)) for source, target in inside]
    found = [f"{source} -> {target}: there is no such file" for source, target in inside if f"src/{target}" not in tree]
    for (source, target), (low, high) in zip(inside, folders, strict=True):
        if not low or not high:
            found.append(f"{source} -> {target}: in no layer")
        elif table.index(low) < table.index(high):
            found.append(f"{source} -> {target}: points up")
        if low.split("/")[0] == "http" and high in {"auth", "services.ts"}:
            found.append(f"{source} -> {target}: http knows neither a strategy nor the services")
    for kind, circle in (("files", cycle(graph_of(inside))), ("folders", cycle(graph_of(folders)))):
        if circle:
            found.append(f"a cycle of {kind}: {' -> '.join(circle)}")
    files, packages = loaded(HEALTHCHECK, known)
    if len(files) > MOST_FILES_OF_A_HEALTHCHECK or not packages <= {"zod"}:
        found.append(f"the health check loads {len(files)} files and {sorted(packages)}")
    return found


@cache
def default_project() -> Tree:
    return in_memory(pairwise_sample()[0])


@pytest.mark.parametrize("answers", pairwise_sample(), ids=title)
def test_every_import_points_down(answers: Answers) -> None:
    tree = in_memory(answers)
    assert len(imports(tree)) > len(layers(tree))
    assert faults(tree) == []


@pytest.mark.parametrize("answers", pairwise_sample(), ids=title)
def test_the_configuration_loads_no_driver(answers: Answers) -> None:
    files, packages = loaded("config/index.ts", imports(in_memory(answers)))
    assert packages == {"zod"}
    assert {file.split("/")[0] for file in files} <= {"config", "network"}


@pytest.mark.parametrize(
    ("file", "line", "fault"),
    [
        ("http/route.ts", "import { createSignIn } from '../auth/sign-in.ts';", "points up"),
        ("http/route.ts", "import type { Services } from '../services.ts';", "neither a strategy nor the services"),
        ("http/middleware/body.ts", "import type { Services } from '../../services.ts';", "points up"),
        ("http/problem.ts", "import { readBody } from './middleware/body.ts';", "points up"),
        ("http/problem.ts", "import type { AnyRoute } from './route.ts';\nimport '../http/request-context.ts';", ""),
        ("http/problem.ts", "export type { AnyRoute } from './router.ts';", "a cycle of files"),
        ("access/policy.ts", "import type { Access } from './rules.ts';", "a cycle of files"),
        ("users/owner.ts", "import { noteRoutes } from '../notes/routes.ts';", "a cycle of folders"),
        ("access/rules.ts", "export const load = () => import('../notes/routes.ts');", "points up"),
        ("access/rules.ts", "import {\n  can,\n} from '../reports/rules.ts';", "there is no such file"),
        ("config/base.ts", "import { Kysely } from 'kysely';", "the health check loads"),
        ("config/base.ts", "import type { Kysely } from 'kysely';", ""),
    ],
)
def test_a_wrong_import_is_found(file: str, line: str, fault: str) -> None:
    tree = default_project()
    content = f"{line}\n".encode() + tree[f"src/{file}"]
    found = faults({**tree, f"src/{file}": content})
    assert any(fault in one for one in found) if fault else found == []


def test_every_folder_has_its_layer() -> None:
    """A folder that the table forgets would be a feature for ESLint."""
    tree = default_project()
    entries = {path.split("/")[1] for path in tree if path.startswith("src/")}
    # Nothing of the template goes there: it is the place for requests to addresses from settings.
    assert entries | {"outbound"} == {layer.split("/")[0] for layer in layers(tree)}


def test_the_readme_shows_the_layers_of_the_table() -> None:
    tree = default_project()
    table = tree["README.md"].decode().split("\n## Where things are\n")[1].split("\n## ", maxsplit=1)[0]
    shown = re.findall(r"`src/([\w./-]+?)/?`", table)
    assert shown == [layer for layer in reversed(layers(tree)) if layer in shown]
    assert set(layers(tree)) - set(shown) == {"outbound"}
