"""What this repository's documents say is what its command does."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.support.answers import REPOSITORY, questions
from tools.reference import filled

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
# Not inside code, where brackets mean something else.
LINK = re.compile(r"`[^`\n]*`|\]\((?!https?:|mailto:)([^)\s]+)\)")
RUN = re.compile(r"^```sh run\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Fragments that a document's headings can be linked by."""
    titles = re.findall(r"(?m)^#+ (.+)$", document.read_text(encoding="utf-8"))
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.fixture
def command(tmp_path: Path) -> dict[str, str]:
    """Environment in which `scaffold` is this checkout's command, and git knows an author."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "scaffold").write_text(f'#!/bin/sh\nexec {sys.executable} -m scaffold "$@"\n', encoding="utf-8")
    (programs / "scaffold").chmod(0o755)
    author = {
        f"GIT_{role}_{part}": "someone@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
    }
    path = f"{programs}{os.pathsep}{os.environ['PATH']}"
    return os.environ | author | {"PATH": path, "PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path)}


def ran(script: str, folder: Path, environment: dict[str, str]) -> str:
    """What a script prints; a failing command ends it."""
    folder.mkdir()
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "document",
    ["README.md", pytest.param("docs/how-to/script.md", marks=pytest.mark.matrix)],
)
def test_the_commands_of_the_documents_work_one_after_the_other(
    document: str, tmp_path: Path, command: dict[str, str]
) -> None:
    blocks = RUN.findall((REPOSITORY / document).read_text(encoding="utf-8"))
    assert blocks
    ran("\n".join(blocks), tmp_path / "work", command)


@pytest.mark.matrix
def test_a_project_made_from_anothers_answers_has_them(tmp_path: Path, command: dict[str, str]) -> None:
    """The README's example, looked at: the flag wins, the rest is the other project's."""
    script = RUN.findall((REPOSITORY / "README.md").read_text(encoding="utf-8"))[0]
    printed = ran(script, tmp_path / "work", command)
    made = json.loads(printed[printed.index("{") : printed.rindex("}") + 1])
    assert (made["answers"]["project_name"], made["answers"]["database"]) == ("orders", "postgres")


def test_every_link_leads_somewhere() -> None:
    for document in DOCUMENTS:
        for link in filter(None, LINK.findall(document.read_text(encoding="utf-8"))):
            path, _, fragment = link.partition("#")
            target = (document.parent / path).resolve() if path else document
            assert target.exists(), f"{document.name} links to {link}"
            assert not fragment or fragment in anchors(target), f"{document.name} links to {link}"


@pytest.mark.parametrize("name", ["commands.md", "practices.md", "questions.md"])
def test_the_reference_is_what_the_command_says(name: str) -> None:
    """`python -m tools.reference` writes it."""
    text = (REPOSITORY / "docs/reference" / name).read_text(encoding="utf-8")
    assert filled(text) == text


def test_every_command_and_every_question_is_documented() -> None:
    commands = (REPOSITORY / "docs/reference/commands.md").read_text(encoding="utf-8")
    overview = commands.split("Commands:\n")[1].split("\n\n")[0]
    names = re.findall(r"(?m)^  (\w+) ", overview)
    assert {"new", "questions"} <= set(names)
    assert [name for name in names if f"\n## scaffold {name}\n" not in commands] == []
    asked = (REPOSITORY / "docs/reference/questions.md").read_text(encoding="utf-8")
    assert [name for name in questions() if f"### `{name}`" not in asked] == []


def test_the_number_of_packages_is_the_lockfiles(tmp_path: Path, command: dict[str, str]) -> None:
    ran("scaffold new counted --security-contact security@example.com --defaults --no-git", tmp_path / "work", command)
    lock = json.loads((tmp_path / "work/counted/package-lock.json").read_text(encoding="utf-8"))
    production = [path for path, package in lock["packages"].items() if path and not package.get("dev")]
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert f"{len(production)} production packages" in readme


def test_documents_promise_no_machine_and_no_workplace() -> None:
    machine = re.compile(r"(?:^|[^\w.-])/(?:root|home|tmp)/\w|\blocalhost/\w+:\d")
    for document in DOCUMENTS:
        assert not machine.search(document.read_text(encoding="utf-8")), document.name
