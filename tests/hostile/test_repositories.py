"""What a project's repository says of itself is not believed, and a project that is honest is compared rightly."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.git.run import Git, GitError
from scaffold.git.view import find, view
from scaffold.inspect.diff import diff_of
from scaffold.inspect.status import status_of
from scaffold.update.update import update_project
from tests.hostile.canaries import age, configure
from tests.hostile.grounds import project_of_two_releases
from tests.support.command import git

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a committed project of the first of two releases."""
    return project_of_two_releases(tmp_path / "p")


def edited(project: Path) -> tuple[str, ...]:
    """Return the files that status calls edited."""
    edits = status_of(project).edits
    assert edits is not None
    return edits.changed


def refusal(project: Path) -> str:
    """Return the code with which every verb refuses a project."""
    codes = set()
    for verb in (status_of, diff_of, update_project):
        with pytest.raises(ScaffoldError) as caught:
            verb(project)
        codes.add(caught.value.code)
    [code] = codes
    return code


def test_a_working_tree_that_lies_elsewhere_is_refused(project: Path) -> None:
    configure(project / ".git", [f"core.worktree={project.parent}"])
    assert refusal(project) == "no-repository"


def test_a_git_file_that_leads_into_another_projects_repository_is_refused(tmp_path: Path, project: Path) -> None:
    mine = project_of_two_releases(tmp_path / "mine")
    before = git("status", "--porcelain", cwd=mine)
    (project / ".git").rename(tmp_path / "gone")
    (project / ".git").write_text(f"gitdir: {mine / '.git'}\n")
    assert refusal(project) == "no-repository"
    (project / ".git").unlink()
    (project / ".git").symlink_to(mine / ".git")
    assert refusal(project) == "no-repository"
    assert git("status", "--porcelain", cwd=mine) == before


def test_a_git_file_that_leads_into_anothers_linked_working_tree_is_refused(tmp_path: Path, project: Path) -> None:
    mine = project_of_two_releases(tmp_path / "mine")
    git("worktree", "add", "--quiet", "--detach", tmp_path / "linked", cwd=mine)
    (project / ".git").rename(tmp_path / "gone")
    (project / ".git").write_text(f"gitdir: {mine / '.git/worktrees/linked'}\n")
    assert refusal(project) == "no-repository"
    assert edited(tmp_path / "linked") == ()


def test_an_index_that_is_a_link_is_not_written_through(tmp_path: Path, project: Path) -> None:
    (project / ".git/index").rename(tmp_path / "outside")
    (project / ".git/index").symlink_to(tmp_path / "outside")
    before = (tmp_path / "outside").read_bytes()
    assert refusal(project) == "no-repository"
    assert (tmp_path / "outside").read_bytes() == before


@pytest.mark.parametrize("kind", ["submodule", "separate"])
def test_a_repository_kept_in_another_place_by_git_itself_is_used(tmp_path: Path, project: Path, kind: str) -> None:
    if kind == "submodule":
        outer = tmp_path / "outer"
        outer.mkdir()
        git("init", "--quiet", cwd=outer)
        git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", project, "sub", cwd=outer)
        project = outer / "sub"
    else:
        git("init", "--quiet", "--separate-git-dir", tmp_path / "kept.git", cwd=project)
    assert edited(project) == ()


def forge_journal(project: Path, path: str, content: bytes, *, copied: bool = False) -> None:
    """Leave what an update that died leaves, with a target no git would write: a tree with that path in it."""
    maker = Git(project)
    entry, kind = maker.output("hash-object", "-w", "--stdin", stdin=content), b"100644"
    for name in reversed(path.split("/")):
        tree = kind + b" " + name.encode() + b"\0" + bytes.fromhex(entry)
        entry = maker.output("hash-object", "-w", "-t", "tree", "--literally", "--stdin", stdin=tree)
        kind = b"40000"
    # What lay there before, as an update that copies files first would write it down.
    before = {"files": [{"path": path, "kind": "missing", "mode": 0, "digest": ""}], "folders": {}}
    journal = {"head": maker.output("rev-parse", "HEAD"), "target": entry, "before": before if copied else None}
    (project / ".git/scaffold-update.json").write_text(json.dumps(journal))


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("way", ["../outside/kept", ".git/kept", "link/kept"])
def test_a_forged_journal_deletes_nothing_outside_of_the_files_of_the_project(
    project: Path,
    way: str,
    copied: bool,  # noqa: FBT001 - a case
) -> None:
    (project.parent / "outside").mkdir()
    (project / "link").symlink_to(project.parent / "outside")
    kept = project / way
    kept.write_bytes(b"known content\n")
    forge_journal(project, way, b"known content\n", copied=copied)
    try:
        update_project(project)
    except ScaffoldError as error:
        # Some of these are refused, some are passed by.
        assert error.code in {"update-unfinished", "update-not-undone"}  # noqa: PT017
    assert kept.read_bytes() == b"known content\n"


def test_a_dry_run_does_not_put_back_what_a_dead_update_left(project: Path) -> None:
    from scaffold.update.plan import UpdateRequest, plan_update

    forge_journal(project, "one.txt", b"half\n")
    (project / "one.txt").write_text("half\n")
    with pytest.raises(ScaffoldError) as caught, plan_update(UpdateRequest(project, dry_run=True)):
        pass
    assert caught.value.code == "update-unfinished"
    assert (project / "one.txt").read_text() == "half\n"


def test_replaced_objects_are_not_followed(tmp_path: Path, project: Path) -> None:
    (project / "one.txt").write_text("other\n")
    git("add", "--all", cwd=project)
    other = git("write-tree", cwd=project)
    git("reset", "--quiet", "--hard", cwd=project)
    honest = git("rev-parse", "HEAD^{tree}", cwd=project)
    git("replace", honest, other, cwd=project)
    assert view(project, tmp_path / "view").committed() == honest
    assert view(project, tmp_path / "view2").output("show", "HEAD:one.txt") == "one"


def feed(pipe: Path, done: threading.Event) -> None:
    """Let git go on after a while: a test that fails must end as well."""
    done.wait(20)
    while not done.wait(0.05):
        with suppress(OSError):
            os.close(os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))


def test_git_that_waits_for_ever_is_given_up(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scaffold.git.view._PATIENCE_SECONDS", 2)
    pipe, done = project / ".git/waiting", threading.Event()
    os.mkfifo(pipe)
    configure(project / ".git", [f"include.path={pipe}"])
    feeding = threading.Thread(target=feed, args=(pipe, done))
    feeding.start()
    try:
        with pytest.raises(ScaffoldError, match="longer than"):
            status_of(project)
    finally:
        done.set()
        feeding.join()


@pytest.mark.parametrize("touched", [False, True])
def test_converted_line_endings_are_no_edit(project: Path, touched: bool) -> None:  # noqa: FBT001 - a case
    configure(project / ".git", ["core.autocrlf=true"])
    for path in project.glob("*.txt"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    git("add", "--all", cwd=project)
    if touched:
        age(project)
    assert edited(project) == ()
    (project / "one.txt").write_bytes(b"mine\r\n")
    assert edited(project) == ("one.txt",)


@pytest.fixture
def stored_elsewhere(project: Path) -> Path:
    """Return the project with a filter as Git LFS has one: what is committed is not what lies there."""
    configure(project / ".git", ["filter.store.clean=rev", "filter.store.smudge=rev", "filter.store.required=true"])
    (project / "mine.txt").write_text("twelve\n")
    (project / ".gitattributes").write_text("mine.txt filter=store\none.txt filter=store\n")
    age(project)
    git("add", "--all", "--renormalize", cwd=project)
    git("add", "--all", cwd=project)
    git("commit", "--quiet", "--message", "Store elsewhere", cwd=project)
    assert git("show", "HEAD:one.txt", "HEAD:mine.txt", cwd=project).split() == ["eno", "evlewt"]
    return project


@pytest.mark.parametrize("touched", [False, True])
def test_a_file_with_a_filter_is_compared_as_it_lies_there(stored_elsewhere: Path, touched: bool) -> None:  # noqa: FBT001 - a case
    if touched:
        (stored_elsewhere / "one.txt").touch()
    assert edited(stored_elsewhere) == ()
    (stored_elsewhere / "one.txt").write_text("mine\n")
    assert edited(stored_elsewhere) == ("one.txt",)


def test_a_touched_file_with_a_filter_does_not_stop_an_update(stored_elsewhere: Path) -> None:
    (stored_elsewhere / "mine.txt").touch()
    assert update_project(stored_elsewhere).applied
    assert (stored_elsewhere / "mine.txt").read_text() == "twelve\n"
    assert (stored_elsewhere / "five.txt").read_text() == "five\nnew\n"


def test_an_edited_file_with_a_filter_stops_an_update_before_anything_is_written(stored_elsewhere: Path) -> None:
    (stored_elsewhere / "mine.txt").write_text("edited\n")
    with pytest.raises(ScaffoldError) as caught:
        update_project(stored_elsewhere)
    assert caught.value.code == "update-refused"
    assert (stored_elsewhere / "mine.txt").read_text() == "edited\n"
    assert (stored_elsewhere / "five.txt").read_text() == "five\n"


def test_a_folder_in_no_repository_is_in_no_place(tmp_path: Path) -> None:
    with pytest.raises(GitError):
        find(tmp_path)
