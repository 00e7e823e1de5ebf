"""A refused or failed update leaves every file as it was, whatever git was told about it, and only then says so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.git.run import isolated
from tests.support.command import environment, git, scaffold
from tests.support.template_repository import History, commit, lines, start, state, write

if TYPE_CHECKING:
    from pathlib import Path

SENTENCE = "The project is as it was."
MANY = {f"many/{number}.txt": lines(*range(20)) for number in range(9)}


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A template whose next release adds, changes and removes files."""
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": lines(*range(20)), "gone.txt": "gone\n", **MANY})
    more = {name: text + "more\n" for name, text in MANY.items()}
    history.release("v1.1.0", {"a.txt": lines(*range(21)), "gone.txt": None, "deep/er/new.txt": "new\n", **more})
    return history


@pytest.fixture
def project(history: History, tmp_path: Path) -> Path:
    return history.project(tmp_path / "project", "v1.0.0")


def everything(project: Path) -> object:
    """Return what may not change: files, links, modes and folders, the index with its flags, the commit."""
    found = {
        path.relative_to(project).as_posix(): (oct(path.lstat().st_mode), path.is_symlink() and path.readlink())
        for path in sorted(project.rglob("*"))
        if ".git" not in path.relative_to(project).parts
    }
    return state(project), found, git("ls-files", "-v", cwd=project)


def refused(project: Path, *arguments: str, code: int = 4, **variables: str) -> dict[str, Any]:
    done = scaffold("update", project, "--yes", "--json", *arguments, cwd=project, env=environment(**variables))
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)["error"]
    return found


def updated(project: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = scaffold("update", project, "--yes", "--json", *arguments, cwd=project)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def program(folder: Path, text: str) -> str:
    """Write a shell program and return its path."""
    path = folder / "program"
    path.write_text(f"#!/bin/sh\n{text}")
    path.chmod(0o755)
    return str(path)


def leftovers(project: Path) -> list[str]:
    """Return what an update left in git's folder, except what `--abort` needs."""
    names = {path.name for path in (project / ".git").iterdir()} - {"scaffold-update.applied"}
    return [name for name in names if "scaffold" in name or "lock" in name]


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
@pytest.mark.parametrize("edit", ["more", "other mode", "taken away", "a link"])
def test_an_edit_that_git_was_told_not_to_see_stays_and_is_named(project: Path, flag: str, edit: str) -> None:
    if flag == "--skip-worktree" and edit == "taken away":
        pytest.skip("a file that a sparse checkout leaves out")
    path = project / "a.txt"
    git("update-index", flag, "a.txt", cwd=project)
    if edit == "more":
        path.write_text(path.read_text() + "mine\n")
    elif edit == "other mode":
        path.chmod(0o755)
    else:
        path.unlink()
    if edit == "a link":
        path.symlink_to("gone.txt")
    before = everything(project)
    said = refused(project)
    assert everything(project) == before
    assert (said["code"], "a.txt" in said["message"], SENTENCE in said["message"]) == ("hidden-edits", True, True)
    assert "--no-assume-unchanged --no-skip-worktree" in said["next_step"]
    assert leftovers(project) == []


@pytest.mark.parametrize("flag", ["--assume-unchanged", "--skip-worktree"])
def test_a_file_without_edits_is_updated_whatever_git_was_told(project: Path, flag: str) -> None:
    git("update-index", flag, "a.txt", cwd=project)
    updated(project)
    assert (project / "a.txt").read_text() == lines(*range(21))


def test_a_sparse_checkout_is_updated_and_stays_sparse(project: Path) -> None:
    git("sparse-checkout", "set", "deep", cwd=project)
    assert not (project / "many").exists()
    updated(project)
    assert not (project / "many").exists()
    assert (project / "deep/er/new.txt").exists()


@pytest.mark.parametrize("smudge", ["false", "cat; exit 1", "case $1 in *4*) exit 1;; esac; cat", "kill -9 $$"])
@pytest.mark.parametrize("clean", ["cat", "false", None])
def test_a_filter_that_fails_changes_nothing(project: Path, tmp_path: Path, smudge: str, clean: str | None) -> None:
    write(project, {".gitattributes": "*.txt filter=large\n"})
    commit(project)
    command = program(tmp_path, smudge) if " " in smudge else smudge
    git("status", cwd=project)
    # A file as young as the index, in seconds, would be compared, and so filtered, by whoever looks.
    os.utime(project / ".git/index", (time.time() + 5, time.time() + 5))
    git("config", "filter.large.required", "true", cwd=project)
    git("config", "filter.large.smudge", f"{command} %f", cwd=project)
    if clean is not None:
        git("config", "filter.large.clean", clean, cwd=project)
    before, written = everything(project), (project / "a.txt").stat().st_ino
    said = refused(project)
    assert everything(project) == before
    # The filter failed on a rehearsal: not even the same bytes were written again.
    assert (project / "a.txt").stat().st_ino == written
    assert said["code"] == "update-refused"
    assert SENTENCE in said["message"]
    assert "filter" in said["message"]
    assert leftovers(project) == []


def test_a_filter_that_works_on_a_copy_and_fails_on_the_file_changes_nothing(project: Path, tmp_path: Path) -> None:
    """The first run of the filter is a rehearsal; what it did once it may not do again."""
    write(project, {".gitattributes": "many/*.txt filter=large\n"})
    commit(project)
    count = tmp_path / "count"
    text = f'echo x >> {count}\n[ "$(wc -l < {count})" -le 13 ] || exit 1\ncat\n'
    git("config", "filter.large.required", "true", cwd=project)
    git("config", "filter.large.clean", "cat", cwd=project)
    git("config", "filter.large.smudge", program(tmp_path, text), cwd=project)
    before = everything(project)
    said = refused(project)
    assert everything(project) == before
    assert SENTENCE in said["message"]
    assert leftovers(project) == []


def test_a_filter_that_works_is_applied(project: Path) -> None:
    write(project, {".gitattributes": "a.txt filter=upper\n"})
    commit(project)
    git("config", "filter.upper.required", "true", cwd=project)
    git("config", "filter.upper.smudge", "tr a-z A-Z", cwd=project)
    git("config", "filter.upper.clean", "tr A-Z a-z", cwd=project)
    updated(project)
    assert (project / "a.txt").read_text() == lines(*range(21)).upper()
    assert git("diff", "--name-only", cwd=project) == ""


def test_a_file_takes_the_place_of_a_folder(tmp_path: Path) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": "a\n", "tool/version": "24\n", "tool/deep/er": "x\n"})
    history.release("v1.1.0", {"tool/version": None, "tool/deep/er": None})
    shutil.rmtree(history.folder / "template/tool")
    history.release("v1.2.0", {"tool": "24\n"})
    project = history.project(tmp_path / "project", "v1.0.0")
    updated(project)
    assert (project / "tool").read_text() == "24\n"
    commit(project)
    updated(project, "--ref", "v1.0.0", "--downgrade")
    assert (project / "tool/deep/er").read_text() == "x\n"


@pytest.mark.parametrize("ignored", [False, True])
def test_a_folder_with_files_that_git_does_not_keep_is_not_replaced(tmp_path: Path, *, ignored: bool) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": "a\n", "tool/version": "24\n"})
    history.release("v1.1.0", {"a.txt": "a\nb\n", "tool/version": None})
    shutil.rmtree(history.folder / "template/tool")
    history.release("v1.2.0", {"tool": "24\n"})
    project = history.project(tmp_path / "project", "v1.0.0")
    if ignored:
        write(project, {".gitignore": "node_modules\n"})
        commit(project)
    write(project, {"tool/node_modules/x.js": "x\n"})
    before = everything(project)
    said = refused(project)
    assert everything(project) == before
    assert (said["code"], "tool/node_modules/x.js" in said["message"]) == ("update-refused", True)
    assert SENTENCE in said["message"]


def monorepo(history: History, folder: Path) -> Path:
    """A project in a folder of a repository."""
    write(folder, {"README.md": "many services\n"})
    isolated(folder).output("init", "--quiet")
    made = history.project(folder / "services/api", "v1.0.0")
    shutil.rmtree(made / ".git")
    commit(folder)
    return made


@pytest.mark.parametrize("left", [["scaffold-update.index.lock"], ["scaffold-update.index"], ["scaffold-update.saved"]])
def test_what_a_killed_update_left_in_gits_folder_is_removed(history: History, tmp_path: Path, left: list[str]) -> None:
    project = monorepo(history, tmp_path / "mono")
    for name in left:
        (tmp_path / "mono/.git" / name).touch()
    updated(project)
    assert leftovers(tmp_path / "mono") == []


def test_the_lock_of_another_git_is_named_with_its_path_and_stays(project: Path) -> None:
    lock = project / ".git/index.lock"
    lock.touch()
    before = everything(project)
    said = refused(project)
    assert str(lock) in said["message"]
    assert SENTENCE in said["message"]
    assert lock.exists()
    assert everything(project) == before


def test_a_lock_that_comes_while_the_update_runs_is_not_removed(project: Path, tmp_path: Path) -> None:
    """Another git may start at any moment; its lock is not ours to take away."""
    write(project, {".gitattributes": "a.txt filter=slow\n"})
    commit(project)
    lock = project / ".git/index.lock"
    text = f"test -e {lock} || echo somebody > {lock}\ncat\n"
    git("config", "filter.slow.smudge", program(tmp_path, text), cwd=project)
    before = everything(project)
    said = refused(project)
    assert str(lock) in said["message"]
    assert lock.read_text() == "somebody\n"
    assert everything(project) == before


@pytest.mark.parametrize(
    ("marks", "name"),
    [
        (["MERGE_HEAD"], "merge"),
        (["CHERRY_PICK_HEAD"], "cherry-pick"),
        (["REVERT_HEAD"], "revert"),
        (["BISECT_LOG"], "bisect"),
        (["rebase-merge/head-name"], "rebase"),
        (["rebase-apply/head-name"], "rebase"),
    ],
)
def test_an_update_in_the_middle_of_something_else_is_refused_by_name(
    project: Path, marks: list[str], name: str
) -> None:
    head = git("rev-parse", "HEAD", cwd=project)
    write(project / ".git", dict.fromkeys(marks, f"{head}\n"))
    before = everything(project)
    said = refused(project)
    assert (said["code"], f"git {name}" in said["message"]) == ("git-at-work", True)
    assert everything(project) == before


def test_a_folder_of_git_that_cannot_be_written_is_no_mistake_of_ours(project: Path) -> None:
    (project / ".git/scaffold-update.saved").mkdir()
    blocked = project / ".git/scaffold-update.json"
    blocked.symlink_to("/proc/nothing/here")
    before = everything(project)
    said = refused(project, code=73)
    assert (said["code"], SENTENCE in said["message"]) == ("cannot-write", True)
    assert everything(project) == before


@pytest.mark.parametrize("room", ["64k", "400k"])
def test_a_full_disk_for_temporary_files_is_named_and_not_the_template(
    project: Path, tmp_path: Path, room: str
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", disk], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk")
    before = everything(project)
    try:
        said = refused(project, code=73, TMPDIR=str(disk))
    finally:
        subprocess.run(["umount", disk], check=True)
    assert (said["code"], "No space left on device" in said["message"]) == ("cannot-write", True)
    assert everything(project) == before
