"""`scaffold new` in a folder that holds what a forge puts into a new repository."""

from __future__ import annotations

import errno
import json
import os
import signal
import time
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.new.beside import may_stay
from scaffold.new.create import CreateOptions, create, resolve_destination
from tests.support.command import COMPLETE, git, scaffold, start
from tests.support.small_template import as_repository, small_template, write_files

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"__gitignore": "/.env\nnode_modules/\n", "README__md": "Ours\n", "__env__example": "A=1\n", "src/a__ts": "a\n"}
QUESTION = "name: {type: str, default: someone}\n"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a clone with a README, a licence and a .gitignore, all committed."""
    files = {"README.md": "# Theirs\n", "LICENSE": "Their licence\n", ".gitignore": "*.tmp\n!.env"}
    return as_repository(write_files(tmp_path / "shop", files))


def contents(folder: Path) -> dict[str, bytes]:
    """Return every file of a folder but git's own."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }


@pytest.mark.parametrize("inside", [False, True])
def test_a_clone_becomes_a_project_that_can_be_updated_and_nothing_is_overwritten(clone: Path, *, inside: bool) -> None:
    (clone / ".DS_Store").write_bytes(b"\0")
    before, head = contents(clone), git("rev-parse", "HEAD", cwd=clone)
    arguments = ("--license", "MIT", *COMPLETE, "--json")
    done = scaffold("new", "." if inside else "shop", *arguments, cwd=clone if inside else clone.parent)
    assert done.returncode == 0, done.stdout
    result = json.loads(done.stdout)
    after = contents(clone)
    assert result["kept"] == ["LICENSE", "README.md"]
    assert {name: after[name] for name in before if name != ".gitignore"} == {
        name: content for name, content in before.items() if name != ".gitignore"
    }
    assert after[".gitignore"].startswith(before[".gitignore"] + b"\n")
    assert {file["path"] for file in result["files"]} == (after.keys() - before.keys()) | {".gitignore"}
    assert result["answers"]["project_name"] == "shop"
    assert any("LICENSE, README.md stays as it was" in note for note in result["notes"])
    assert git("rev-parse", "HEAD", cwd=clone) == head
    assert result["git"] == {"repository": False, "commit": None}
    git("add", "--all", cwd=clone)
    assert ".env" not in git("ls-files", cwd=clone).splitlines()
    assert (clone / ".env").stat().st_mode & 0o777 == 0o600
    git("commit", "--quiet", "-m", "Create the project", cwd=clone)
    # Both READMEs are in the conflict; everything else is updated.
    updated = json.loads(scaffold("update", "--database", "postgres", "--defaults", "--json", cwd=clone).stdout)
    assert updated["files"]["conflicts"] == ["README.md"]
    git("checkout", "--ours", "README.md", cwd=clone)
    assert (clone / "README.md").read_bytes() == before["README.md"]
    assert (clone / "src/database/postgres.ts").is_file()


def test_an_empty_clone_commits_nothing_and_ignores_its_secrets(tmp_path: Path) -> None:
    clone = tmp_path / "shop"
    clone.mkdir()
    git("init", "--quiet", cwd=clone)
    template = small_template(tmp_path / "t", QUESTION, __env__example="A=1\n")
    done = scaffold("new", "shop", "--template", template.folder, "--defaults", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    git("add", "--all", cwd=clone)
    assert git("ls-files", cwd=clone).splitlines() == [".copier-answers.yml", ".env.example", ".gitignore"]
    assert {file["path"] for file in json.loads(done.stdout)["files"]} >= {".env", ".gitignore"}


def test_a_folder_with_a_readme_and_no_repository_gets_one_with_that_readme(tmp_path: Path) -> None:
    folder = write_files(tmp_path / "shop", {"README.md": "# Theirs\n"})
    done = scaffold("new", "shop", *COMPLETE, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "Note: README.md stays as it was" in done.stdout
    assert git("show", "HEAD:README.md", cwd=folder) == "# Theirs"
    assert git("status", "--porcelain", cwd=folder) == ""


def test_a_dry_run_tells_what_stays(clone: Path) -> None:
    before = contents(clone)
    result = json.loads(scaffold("new", clone, *COMPLETE, "--dry-run", "--json", cwd=clone.parent).stdout)
    assert result["kept"] == ["README.md"]
    assert "README.md" not in {file["path"] for file in result["files"]}
    assert contents(clone) == before


@pytest.mark.parametrize("name", ["work.txt", "package.json", ".env", "README", "src/a.ts", "README.md.d/x", "link"])
def test_anything_else_in_the_folder_is_refused(clone: Path, name: str) -> None:
    if name == "link":
        (clone / "LICENSE.md").symlink_to("LICENSE")
    elif name == "README":
        (clone / name).mkdir()
    else:
        write_files(clone, {name: "precious"})
    before = contents(clone)
    done = scaffold("new", "shop", *COMPLETE, cwd=clone.parent)
    assert done.returncode == 4
    assert contents(clone) == before


@pytest.mark.parametrize("name", ["README", "readme.rst", "LICENSE-MIT", "LICENCE.txt", ".gitattributes", "Thumbs.db"])
def test_files_of_forges_may_stay(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert may_stay(tmp_path / name)


def test_a_full_disk_while_moving_puts_the_folder_back(
    tmp_path: Path, clone: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    template = small_template(tmp_path / "t", QUESTION, **FILES)
    before = contents(clone)
    original = os.rename
    failed: list[bytes] = []

    def fail(source: Path, target: Path) -> None:
        # After .gitignore, which is extended, has been replaced.
        if target == clone / "src" and not failed:
            failed.append((clone / ".gitignore").read_bytes())
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(source, target)

    monkeypatch.setattr("os.rename", fail)
    answers = template.questionnaire().resolve({}, defaults=True)
    with pytest.raises(ScaffoldError):
        create(resolve_destination(clone), template, answers, CreateOptions())
    assert failed != [before[".gitignore"]]
    assert len(failed) == 1
    assert contents(clone) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL], ids=lambda number: number.name)
def test_a_signal_while_rendering_leaves_the_folder_as_it_was(clone: Path, number: signal.Signals) -> None:
    before = contents(clone)
    process = start("new", "shop", *COMPLETE, cwd=clone.parent)
    while not any(clone.glob(".scaffold-*/shop/src")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(number)
    process.communicate(timeout=600)
    assert {name: content for name, content in contents(clone).items() if not name.startswith(".scaffold-")} == before
    assert number is signal.SIGKILL or contents(clone) == before
    assert scaffold("new", "shop", *COMPLETE, cwd=clone.parent).returncode == 0
    assert not list(clone.glob(".scaffold-*"))
