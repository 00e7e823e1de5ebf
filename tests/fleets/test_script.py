"""docs/how-to/fleets.md, followed literally: projects are created, updated on branches, and looked at again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.answers import REPOSITORY
from tests.support.command import git
from tests.support.documents import Reader, commands
from tests.support.template_repository import commit, start, write

if TYPE_CHECKING:
    from pathlib import Path

SCRIPT = commands(REPOSITORY / "docs/how-to/fleets.md")
BRANCH = "template-update"
CHANGES = "## 1.1.0\n\n### What changes in your project\n\n- **Security:** a limit is lower.\n"


def history_of(service: Path) -> list[str]:
    return git("log", "--all", "--format=%H %D", cwd=service).splitlines()


@pytest.mark.parametrize("size", [2, pytest.param(20, marks=pytest.mark.matrix)])
def test_the_script_updates_each_service_on_a_branch_and_the_second_run_changes_nothing(
    tmp_path: Path, size: int
) -> None:
    template = start(tmp_path / "template", "project_name: {type: str}\nsecurity_contact: {type: str}\n")
    template.release("v1.0.0", {"a.txt": "a\n", "name.txt.jinja": "{{ project_name }}\n"})
    reader = Reader(tmp_path / "home", {"https://git.example.com/platform/template.git": template.folder})
    reader.prepare()
    work = tmp_path / "work"
    names = [f"service-{number}" for number in range(size)]
    write(work, {"names.txt": "".join(f"{name}\n" for name in names)})

    reader.run(SCRIPT["Create them"], work)
    services = [work / "services" / name for name in names]
    assert sorted((work / "services").iterdir()) == sorted(services)
    mains = [git("rev-parse", "HEAD", cwd=service) for service in services]
    # One that nobody can update by script: both sides change the same line.
    write(services[0], {"a.txt": "mine\n"})
    mains[0] = commit(services[0])

    template.release("v1.1.0", {"a.txt": "b\n"}, CHANGELOG__md=CHANGES)
    printed = reader.run(SCRIPT["List their versions"], work)
    assert f"{size} projects: {size} behind ({size} with a security fix), 0 up to date, 0 failed" in printed
    fleet = json.loads((work / "fleet.json").read_text())["projects"]
    assert {(one["path"], one["behind"], one["security"]) for one in fleet} == {
        (str(service), 1, True) for service in services
    }

    printed = reader.run(SCRIPT["Update them"], work)
    assert sorted(printed.splitlines()) == sorted(
        [f"{names[0]}: conflicts, look at git status", *(f"{name}: updated" for name in names[1:])]
    )
    for service, main in zip(services[1:], mains[1:], strict=True):
        assert git("rev-parse", "HEAD", cwd=service) == main
        assert git("branch", "--show-current", cwd=service) != BRANCH
        assert git("rev-parse", f"{BRANCH}^", cwd=service) == main
        assert git("show", f"{BRANCH}:a.txt", cwd=service) == "b"
        assert git("status", "--porcelain", cwd=service) == ""
    assert "UU a.txt" in git("status", "--porcelain", cwd=services[0])

    before = [history_of(service) for service in services]
    assert reader.run(SCRIPT["Update them"], work) == ""
    assert [history_of(service) for service in services] == before

    for service in services[1:]:
        git("merge", "--quiet", BRANCH, cwd=service)
        git("branch", "--quiet", "--delete", BRANCH, cwd=service)
    assert reader.run(SCRIPT["Update them"], work) == ""
    assert not [service for service in services[1:] if git("branch", "--list", BRANCH, cwd=service)]
