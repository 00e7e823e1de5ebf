"""A feature that is made as AGENTS.md says passes all checks, and a step that was forgotten is named at once."""

from __future__ import annotations

import os
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.answers import title
from tests.support.projects import Project, attacked_sample, checked_with_recipe, databases, rows
from tests.support.recipe import add_tasks
from tools.processes import ended

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

NODE = ("node", "--disable-proto=delete", "--disallow-code-generation-from-strings", "--test", "--test-isolation=none")
FIRST = re.compile(r"^test at .*\n.*\n\s*(.*)$", re.MULTILINE)
DATABASES = databases()


@pytest.fixture
def with_tasks(project: Project, tmp_path: Path) -> Project:
    """A copy of the project with the feature of AGENTS.md."""
    folder = tmp_path / "project"
    shutil.copytree(project.folder, folder, symlinks=True, ignore=shutil.ignore_patterns("node_modules"))
    packages = "node_modules"
    shutil.copytree(project.folder / packages, folder / packages, symlinks=True, copy_function=os.link)
    add_tasks(folder)
    return Project(folder, project.answers, project.environment, project.database_server)


def first_failure(project: Project, *files: str) -> str:
    """Return the first line of the first failure of some test files; empty if they pass."""
    code, output = ended([*NODE, *(f"test/{file}" for file in files)], project.folder, project.environment)
    found = FIRST.search(output)
    assert (found is None) == (code == 0), output
    return found[1] if found else ""


@rows([], attacked_sample())
def test_the_attacks_on_the_feature_of_the_recipe_fail(with_tasks: Project) -> None:
    code, output = with_tasks.npm("run", "--silent", "typecheck")
    assert code == 0, output
    assert first_failure(with_tasks, "features.test.ts", "authorization.test.ts") == ""


@pytest.mark.matrix
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "project",
    [pytest.param(row, id=title(row), marks=pytest.mark.xdist_group(title(row))) for row in checked_with_recipe()],
    indirect=True,
)
def test_the_feature_of_the_recipe_passes_all_checks(with_tasks: Project) -> None:
    code, output = with_tasks.npm("run", "check")
    assert code == 0, output[-4000:]


def without(file: str, pattern: str, replacement: str = "") -> Callable[[Path], None]:
    def forget(folder: Path) -> None:
        text = (folder / file).read_text(encoding="utf-8")
        changed = re.sub(pattern, replacement, text, flags=re.DOTALL)
        assert changed != text
        (folder / file).write_text(changed, encoding="utf-8")

    return forget


ATTACKS = "test/features/tasks.ts"
FORGOTTEN = {
    "migration": (without("src/tasks/migrations.ts", r"= \{.*", "= {};\n"), 'No migration creates the table "tasks"'),
    "entry in features.ts": (without("src/features.ts", ", tasks]", "]"), "list its feature in src/features.ts"),
    "attacks": (lambda folder: (folder / ATTACKS).unlink(), "GET /api/v1/tasks is declared for"),
    "row of the access table": (without(ATTACKS, r" *'PATCH [^\n]*\n"), "PATCH /api/v1/tasks/:id is declared for"),
    "owner of the rows": (
        without("src/tasks/feature.ts", r"ownedByUser: [^\n]*", "ownedByUser: [],"),
        "tasks.owner_id",
    ),
    "filter by owner": (
        without(
            "src/tasks/store.ts",
            r"\n *\.where\('owner_id', '=', principal.userId\)(?=\n *\.execute\(\);\n *return find)",
        ),
        "PATCH /api/v1/tasks/:id: changed an object of another user",
    ),
}


@pytest.mark.matrix
@pytest.mark.parametrize(
    "project", [pytest.param(DATABASES[0], marks=pytest.mark.xdist_group(title(DATABASES[0])))], indirect=True
)
@pytest.mark.parametrize("step", FORGOTTEN)
def test_the_first_line_of_the_first_failure_names_the_forgotten_step(with_tasks: Project, step: str) -> None:
    forget, named = FORGOTTEN[step]
    forget(with_tasks.folder)
    assert named in first_failure(with_tasks, "account-deletion.test.ts", "authorization.test.ts", "features.test.ts")
