"""The releases of a template, derived from the history of its repository."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from packaging.version import Version

from scaffold.git.run import GitError, bare, isolated
from scaffold.template.releases import (
    Releases,
    from_address,
    from_bundle,
    from_checkout,
    from_repository,
    parse,
    version_of,
    write_bundle,
)
from tests.support.template_repository import commit, write

if TYPE_CHECKING:
    from pathlib import Path


def manifest(version: str) -> str:
    return f'[project]\nname = "x"\nversion = "{version}"\n'


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with releases 0.1.0 and 0.2.0, and 0.3.0 in work; nothing is tagged."""
    folder = tmp_path / "repository"
    folder.mkdir()
    isolated(folder).output("init", "--quiet", "--initial-branch=main")
    write(folder, {"README.md": "nothing of a template yet\n", "pyproject.toml": "[tool.x]\n"})
    commit(folder)
    for version, text in (("0.1.0", "one\n"), ("0.2.0", "two\n"), ("0.3.0", "three\n")):
        files = {"copier.yml": "_subdirectory: template\n", "template/a.txt": text, "CHANGELOG.md": f"## {version}\n"}
        write(folder, {**files, "pyproject.toml": manifest(version), "scaffold.py": version})
        commit(folder)
        write(folder, {"template/a.txt": text + "fixed after the release\n"})
        commit(folder)
    return folder


def commits(releases: Releases) -> dict[str, str]:
    git = bare(releases.repository)
    return {tag: git.output("rev-parse", tag) for tag in releases.refs.values()}


def files(releases: Releases, ref: str, into: Path) -> dict[str, str]:
    folder = releases.export(ref, into)
    return {path.relative_to(folder).as_posix(): path.read_text() for path in folder.rglob("*") if path.is_file()}


def test_a_release_is_a_commit_that_changes_the_version(repository: Path, tmp_path: Path) -> None:
    found = from_checkout(repository, tmp_path / "found.git")
    assert list(found.refs.values()) == ["v0.1.0", "v0.2.0", "v0.3.0"]
    assert files(found, "v0.1.0", tmp_path / "first") == {
        "CHANGELOG.md": "## 0.1.0\n",
        "copier.yml": "_subdirectory: template\n",
        "template/a.txt": "one\n",
    }


def test_the_current_release_is_the_working_tree(repository: Path, tmp_path: Path) -> None:
    write(repository, {"template/new.txt": "untracked\n", "template/.env": "SECRET=1\n", ".gitignore": ".env\n"})
    found = from_checkout(repository, tmp_path / "found.git")
    current = files(found, "v0.3.0", tmp_path / "current")
    assert current["template/a.txt"] == "three\nfixed after the release\n"
    assert current["template/new.txt"] == "untracked\n"
    assert "template/.env" not in current


def test_two_clones_of_one_history_give_the_same_commits(repository: Path, tmp_path: Path) -> None:
    found = []
    for name in ("one", "another"):
        subprocess.run(["git", "clone", "--quiet", str(repository), str(tmp_path / name)], check=True)
        isolated(tmp_path / name).output("config", "user.name", name)
        found.append(commits(from_checkout(tmp_path / name, tmp_path / f"{name}.git")))
    assert found[0] == found[1]
    assert len(set(found[0].values())) == 3


def test_a_tag_outweighs_the_commit_that_changed_the_version(repository: Path, tmp_path: Path) -> None:
    isolated(repository).output("tag", "v0.1.0", "HEAD~4")
    found = from_checkout(repository, tmp_path / "found.git")
    assert files(found, "v0.1.0", tmp_path / "first")["template/a.txt"] == "one\nfixed after the release\n"


def test_tags_that_name_no_version_are_nothing(repository: Path, tmp_path: Path) -> None:
    for tag in ("vnext", "stable"):
        isolated(repository).output("tag", tag)
    assert len(from_checkout(repository, tmp_path / "found.git").refs) == 3


def test_without_git_there_is_the_current_release(repository: Path, tmp_path: Path) -> None:
    """As in a source distribution, also when it was unpacked inside somebody's repository."""
    shutil.copytree(repository, tmp_path / "sdist", ignore=shutil.ignore_patterns(".git"))
    isolated(tmp_path).output("init", "--quiet")
    found = from_checkout(tmp_path / "sdist", tmp_path / "found.git")
    assert list(found.refs.values()) == ["v0.3.0"]
    assert files(found, "v0.3.0", tmp_path / "current")["template/a.txt"].startswith("three\n")


def test_a_version_that_had_no_template_yet_is_no_release(repository: Path, tmp_path: Path) -> None:
    isolated(repository).output("tag", "v0.0.1", "HEAD~6")
    found = from_checkout(repository, tmp_path / "found.git")
    assert found.versions[0] == Version("0.1.0")


def test_a_bundle_carries_all_releases(repository: Path, tmp_path: Path) -> None:
    write_bundle(repository, tmp_path / "work.git", tmp_path / "releases.bundle")
    found = from_bundle(tmp_path / "releases.bundle", tmp_path / "found.git")
    assert commits(found) == commits(from_checkout(repository, tmp_path / "again.git"))
    assert found.read("v0.2.0", "CHANGELOG.md") == "## 0.2.0\n"
    assert found.read("v0.2.0", "missing.md") == ""


def test_a_damaged_bundle_is_an_error(repository: Path, tmp_path: Path) -> None:
    write_bundle(repository, tmp_path / "work.git", tmp_path / "releases.bundle")
    os.truncate(tmp_path / "releases.bundle", 600)
    with pytest.raises(GitError):
        from_bundle(tmp_path / "releases.bundle", tmp_path / "found.git")


@pytest.mark.parametrize("address", ["ext::sh -c touch% pwned", "--upload-pack=touch pwned"])
def test_an_address_that_would_run_a_program_does_not(tmp_path: Path, address: str) -> None:
    with pytest.raises(GitError):
        from_address(address, tmp_path / "found.git")
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize(
    ("versions", "current", "newest"),
    [
        (["1.0.0", "1.1.0", "1.10.0"], None, "1.10.0"),
        (["1.0.0", "1.1.0rc1"], "1.0.0", "1.0.0"),
        (["1.0.0", "1.1.0rc1", "1.1.0rc2"], "1.1.0rc1", "1.1.0rc2"),
        (["1.1.0rc1", "1.1.0"], "1.1.0rc1", "1.1.0"),
        (["1.0.0", "1.2.0rc1", "1.1.0"], "1.1.0rc1", "1.1.0"),
        (["0.1.0a1", "0.1.0a2"], None, "0.1.0a2"),
        ([], None, None),
    ],
)
def test_a_prerelease_counts_for_those_who_are_on_one(
    tmp_path: Path, versions: list[str], current: str | None, newest: str | None
) -> None:
    found = Releases(tmp_path, {Version(version): f"v{version}" for version in versions})
    than = Version(current) if current else None
    assert found.newest(than=than) == (Version(newest) if newest else None)


@pytest.mark.parametrize(
    ("recorded", "version"),
    [
        ("v1.2.3", "1.2.3"),
        ("1.2.3", "1.2.3"),
        ("v1.2.3-4-gabcdef0", "1.2.3"),
        ("v1.2.3-rc.1", "1.2.3rc1"),
        ("v1.2.3-rc.1-4-gabcdef0", "1.2.3rc1"),
        ("1234567", None),
        ("12345a0", None),
        ("main", None),
    ],
)
def test_what_is_recorded_names_a_version_or_none(recorded: str, version: str | None) -> None:
    assert version_of(recorded) == (Version(version) if version else None)
    assert parse("main") is None


def test_a_branch_is_described_by_what_stays_when_it_moves_on(repository: Path) -> None:
    untagged = from_repository(repository / ".git")
    assert untagged.described("HEAD") == isolated(repository).output("rev-parse", "--short", "HEAD")
    isolated(repository).output("tag", "v0.2.0", "HEAD~2")
    found = from_repository(repository / ".git")
    assert found.described("v0.2.0") == "v0.2.0"
    assert found.described("main").startswith("v0.2.0-2-g")
    assert found.has(found.described("main"))
