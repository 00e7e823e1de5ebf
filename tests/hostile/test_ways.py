"""Every canary can sing: plain git, in the same repository, starts the program."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.hostile.canaries import WAYS, Aviary, Way, plant, sing
from tests.support.command import git
from tests.support.small_template import write_files

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with two commits and a branch that cannot be merged without a driver."""
    folder = write_files(
        tmp_path_factory.mktemp("original") / "r", {"one.txt": "1\n", "two.txt": "2\n", "three.txt": "3\n"}
    )
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "One", cwd=folder)
    git("checkout", "--quiet", "-b", "theirs", cwd=folder)
    write_files(folder, {"one.txt": "theirs\n"})
    git("commit", "--quiet", "--all", "--message", "Theirs", cwd=folder)
    git("checkout", "--quiet", "main", cwd=folder)
    write_files(folder, {"one.txt": "ours\n", "two.txt": "ours\n"})
    git("commit", "--quiet", "--all", "--message", "Ours", cwd=folder)
    return folder


@pytest.fixture
def repository(tmp_path: Path, original: Path) -> Path:
    """Return a copy of it."""
    return shutil.copytree(original, tmp_path / "r")


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.name)
def test_plain_git_starts_the_program(tmp_path: Path, repository: Path, way: Way) -> None:
    aviary = Aviary(tmp_path / "aviary")
    plant(repository / ".git", aviary, [way])
    sing(way.proof, repository)
    assert aviary.sung() == {way.name}
