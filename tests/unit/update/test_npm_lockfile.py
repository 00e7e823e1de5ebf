"""The lockfile after an update, with a program that stands in for npm where what it resolves is the point."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest

from scaffold.git.run import Git
from scaffold.update import npm_lockfile
from tests.support.template_repository import commit, start, write

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = {"name": "p", "version": "1.0.0"}
LOCKED = {**MANIFEST, "lockfileVersion": 3, "packages": {"": MANIFEST}}


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Git:
    """A repository of a project; the stand-in for npm writes `resolved.json` of the folder above as its lockfile."""
    folder = start(tmp_path / "project").folder
    write(folder, {"package.json": json.dumps(MANIFEST), "package-lock.json": json.dumps(LOCKED)})
    commit(folder)
    write(tmp_path, {"bin/npm": f"#!/bin/sh\ncp '{tmp_path}/resolved.json' package-lock.json\n"})
    (tmp_path / "bin/npm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    return Git(folder)


def test_what_npm_resolves_is_written_and_staged(project: Git) -> None:
    resolved = json.dumps(LOCKED | {"requires": True})
    write(project.folder.parent, {"resolved.json": resolved})
    assert npm_lockfile.confirm(project) is None
    assert (project.folder / "package-lock.json").read_text(encoding="utf-8") == resolved
    assert project.output("diff", "--cached", "--name-only").split() == ["package-lock.json"]
    assert project.output("diff", "--name-only") == ""


def test_a_lockfile_that_npm_confirms_is_not_touched(project: Git) -> None:
    write(project.folder.parent, {"resolved.json": json.dumps(LOCKED)})
    assert npm_lockfile.confirm(project) is None
    assert project.output("status", "--porcelain") == ""


def test_a_failure_of_npm_changes_nothing(project: Git) -> None:
    assert npm_lockfile.confirm(project) == "npm failed, or its registry does not answer"
    assert project.output("status", "--porcelain") == ""
