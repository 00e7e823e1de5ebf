"""Rules that the template starts with and that the owner of a project may change: linter, package.json, npm.

Their tests are in `choices/` and not in the project, where they would fail for an owner who changes a rule on purpose.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.project.test_projects import failures
from tests.support.projects import attacked_sample, rows
from tools.processes import ended

if TYPE_CHECKING:
    from tests.support.projects import Project

CHOICES = sorted((Path(__file__).parent / "choices").glob("*.test.ts"))
FLAGS = ("--disable-proto=delete", "--disallow-code-generation-from-strings")


@rows([], attacked_sample())
def test_a_new_project_has_the_rules_of_the_template(project: Project) -> None:
    assert CHOICES
    command: list[str | Path] = ["node", *FLAGS, "--test", "--test-isolation=none", *CHOICES]
    code, output = ended(command, project.folder, project.environment)
    assert code == 0, failures(output)
