"""Bringing the result of a merge into a project: all of it, or nothing."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.errors import NotUndoneError, ScaffoldError
from scaffold.git.run import Git, GitError, isolated
from scaffold.project.unfinished import is_unfinished
from scaffold.update import apply, journal, merge, snapshot
from scaffold.update.special_files import Sides
from tests.support.template_repository import commit, lines, state, write

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.update.merge import MergeResult

LONG = lines(*range(30))


class Made:
    """A project, the two renders around an update, and the steps between.

    Attributes:
        folder: the project.
    """

    def __init__(self, place: Path) -> None:
        """Make a project of one long file."""
        self.place, self.folder = place, place / "project"
        write(self.folder, {"old.txt": LONG})
        isolated(self.folder).output("init", "--quiet")
        commit(self.folder)
        write(place, {"base/old.txt": LONG, "theirs/old.txt": LONG})

    @property
    def git(self) -> Git:
        """Git in the project."""
        return Git(self.folder)

    def join(self, **theirs: str | None) -> MergeResult:
        """Merge a new render in which these files (dots as `__`, slashes as `___`) are other."""
        write(self.place / "theirs", {name.replace("___", "/").replace("__", "."): t for name, t in theirs.items()})
        tree = self.git.output("rev-parse", "HEAD^{tree}")
        sides = Sides(self.place / "base", self.place / "theirs", {})
        return merge.merge_renders(self.git, tree, sides, label="template-v2")


@pytest.fixture
def made(tmp_path: Path) -> Made:
    return Made(tmp_path)


def fail_at_last(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def fail(*_: Any) -> None:
        raise error

    monkeypatch.setattr("scaffold.update.apply._mark", fail)


def test_files_arrive_in_the_index_and_on_disk(made: Made) -> None:
    apply.apply_merge(made.git, made.join(old__txt=LONG + "more\n", new___file__txt="new\n"))
    assert made.git.output("diff", "--name-only") == ""
    assert made.git.output("diff", "--cached", "--name-only").splitlines() == ["new/file.txt", "old.txt"]
    assert not is_unfinished(made.folder)


@pytest.mark.parametrize("error", [GitError("no space"), KeyboardInterrupt(), MemoryError()])
def test_whatever_fails_the_project_is_as_it_was(
    made: Made, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    write(made.folder, {"notes.txt": "untracked\n"})
    before = state(made.folder)
    joined = made.join(old__txt=None, new___deep___file__txt="new\n")
    fail_at_last(monkeypatch, error)
    with pytest.raises(ScaffoldError if isinstance(error, GitError) else type(error)):
        apply.apply_merge(made.git, joined)
    assert state(made.folder) == before
    assert not (made.folder / "new").exists()
    assert not is_unfinished(made.folder)


def test_a_conflict_in_a_file_that_the_template_renames_leaves_nothing_behind(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(made.folder, {"old.txt": LONG.replace("line 3\n", "owner\n")})
    commit(made.folder)
    before = state(made.folder)
    joined = made.join(old__txt=None, moved__txt=LONG.replace("line 3\n", "template\n"))
    assert [conflict.path for conflict in joined.conflicts] == ["moved.txt"]
    fail_at_last(monkeypatch, GitError("no space"))
    with pytest.raises(ScaffoldError):
        apply.apply_merge(made.git, joined)
    assert state(made.folder) == before


@pytest.mark.parametrize("name", ["new.txt", "new.txt/notes", "folder"])
def test_what_is_untracked_and_in_the_way_stops_it(made: Made, name: str) -> None:
    write(made.folder, {name: "somebody's notes\n"})
    before = state(made.folder)
    with pytest.raises(ScaffoldError):
        apply.apply_merge(made.git, made.join(new__txt="new\n", folder___file__txt="new\n"))
    assert state(made.folder) == before


def test_an_ignored_file_in_the_way_of_a_conflict_stops_it(made: Made) -> None:
    write(made.folder, {"old.txt": LONG.replace("line 3\n", "owner\n"), ".gitignore": "moved.txt\n"})
    commit(made.folder)
    write(made.folder, {"moved.txt": "somebody's notes\n"})
    before = state(made.folder)
    with pytest.raises(ScaffoldError, match=r"moved\.txt"):
        apply.apply_merge(made.git, made.join(old__txt=None, moved__txt=LONG.replace("line 3\n", "template\n")))
    assert state(made.folder) == before


def test_a_copied_project_is_not_taken_for_an_edited_one(made: Made) -> None:
    content = (made.folder / "old.txt").read_bytes()
    (made.folder / "old.txt").unlink()
    (made.folder / "old.txt").write_bytes(content)
    os.utime(made.folder / "old.txt", (1, 1))
    apply.apply_merge(made.git, made.join(old__txt=LONG + "more\n"))
    assert (made.folder / "old.txt").read_text() == LONG + "more\n"


def test_the_lock_of_another_git_is_respected(made: Made) -> None:
    lock = made.folder / ".git/index.lock"
    lock.touch()
    before = state(made.folder)
    with pytest.raises(ScaffoldError, match=r"index\.lock") as refused:
        apply.apply_merge(made.git, made.join(old__txt=LONG + "more\n"))
    assert state(made.folder) == before
    assert lock.exists()
    # The reason as a sentence, not the arguments of an exception.
    assert "('" not in str(refused.value)


def test_a_name_is_never_a_pattern(made: Made) -> None:
    """`[id].ts` as a pattern matches `i.ts`, which is somebody's own file."""
    write(made.folder, {"[id].ts": LONG + "edited\n", "i.ts": "own\n"})
    commit(made.folder)
    write(made.place, {"base/[id].ts": LONG})
    tree = made.git.output("rev-parse", "HEAD^{tree}")
    joined = merge.merge_renders(made.git, tree, Sides(made.place / "base", made.place / "theirs", {}), label="v2")
    assert joined.removed_edited == ("[id].ts",)
    apply.apply_merge(made.git, merge.without(joined, joined.removed_edited))
    assert not (made.folder / "[id].ts").exists()
    assert (made.folder / "i.ts").read_text() == "own\n"


def test_rolling_back_touches_one_project_of_a_repository_only(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    top = made.place / "mono"
    write(top, {"[ab]/old.txt": LONG, "a/other.txt": "other\n"})
    isolated(top).output("init", "--quiet")
    commit(top)
    write(top, {"a/other.txt": "work that is not committed\n"})
    project = Git(top / "[ab]")
    sides = Sides(made.place / "base", _changed(made, "more\n"), {})
    joined = merge.merge_renders(project, project.output("rev-parse", "HEAD:[ab]"), sides, label="v2")
    fail_at_last(monkeypatch, GitError("no space"))
    with pytest.raises(ScaffoldError, match="no space"):
        apply.apply_merge(project, joined)
    assert (top / "[ab]/old.txt").read_text() == LONG
    assert (top / "a/other.txt").read_text() == "work that is not committed\n"


def _changed(made: Made, text: str) -> Path:
    write(made.place / "theirs", {"old.txt": LONG + text})
    return made.place / "theirs"


def test_two_updates_at_once_do_not_mix(made: Made) -> None:
    joined = made.join(old__txt=LONG + "more\n")
    before = state(made.folder)
    with journal.exclusive(made.git), pytest.raises(ScaffoldError, match="is running"):
        apply.apply_merge(made.git, joined)
    assert state(made.folder) == before
    (made.folder / ".git/scaffold-update.json").write_text("{}")
    with pytest.raises(ScaffoldError, match="is running"):
        apply.apply_merge(made.git, joined)
    assert state(made.folder) == before


def test_work_done_while_the_plan_lay_on_the_screen_stays(made: Made) -> None:
    joined = made.join(old__txt=LONG + "more\n")
    write(made.folder, {"old.txt": LONG + "not committed\n"})
    before = state(made.folder)
    with pytest.raises(ScaffoldError, match="changed since"):
        apply.apply_merge(made.git, joined)
    assert state(made.folder) == before
    commit(made.folder)
    before = state(made.folder)
    with pytest.raises(ScaffoldError, match="committed since"):
        apply.apply_merge(made.git, joined)
    assert state(made.folder) == before


def test_a_conflict_whose_file_stays_is_put_back_in_the_index_too(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a conflict in a binary file only the index changes: both sides are stored there."""
    write(made.place, {"base/both.bin": b"\0old", "theirs/both.bin": b"\0new"})
    write(made.folder, {"both.bin": b"\0mine"})
    commit(made.folder)
    joined = made.join(old__txt=LONG + "more\n")
    assert [conflict.path for conflict in joined.conflicts] == ["both.bin"]
    before = state(made.folder)
    monkeypatch.setattr("scaffold.update.journal._replace_index", _then(KeyboardInterrupt, journal._replace_index))  # noqa: SLF001
    with pytest.raises(KeyboardInterrupt):
        apply.apply_merge(made.git, joined)
    assert state(made.folder) == before
    assert not is_unfinished(made.folder)


def _then(error: type[BaseException], function: Any) -> Any:
    def called(*arguments: Any) -> None:
        function(*arguments)
        raise error

    return called


@pytest.mark.parametrize("error", [GitError("no space"), KeyboardInterrupt(), MemoryError()])
def test_what_cannot_be_put_back_is_named_with_the_place_of_its_content(
    made: Made, monkeypatch: pytest.MonkeyPatch, error: BaseException
) -> None:
    joined = made.join(old__txt=LONG + "more\n", new__txt="new\n")
    fail_at_last(monkeypatch, error)
    monkeypatch.setattr("scaffold.update.snapshot._put_back", _then(OSError, lambda *_: None))
    with pytest.raises(NotUndoneError) as failed:
        apply.apply_merge(made.git, joined)
    saved = made.folder / ".git/scaffold-update.saved"
    assert (failed.value.code, failed.value.exit_code) == ("update-not-undone", 74)
    assert "old.txt" in failed.value.sentence
    assert "new.txt" not in failed.value.sentence
    assert str(saved) in failed.value.sentence
    assert snapshot.AS_IT_WAS not in failed.value.sentence
    assert (saved / "old.txt").read_text() == LONG
    assert is_unfinished(made.folder)
    monkeypatch.undo()
    assert journal.recover(made.folder)
    assert (made.folder / "old.txt").read_text() == LONG
    assert not saved.exists()


@pytest.mark.parametrize("edit", ["bytes", "mode", "a link", "a folder more"])
def test_the_sentence_is_said_only_after_a_comparison(made: Made, monkeypatch: pytest.MonkeyPatch, edit: str) -> None:
    """Something else changes a touched file after it was put back: the update may not say that nothing changed."""
    joined = made.join(old__txt=LONG + "more\n", new___file__txt="new\n")
    path = made.folder / "old.txt"

    def changed(*_: Any) -> None:
        if edit == "bytes":
            path.write_text(LONG + "else\n")
        elif edit == "mode":
            path.chmod(0o755)
        elif edit == "a link":
            path.unlink()
            path.symlink_to("elsewhere")
        else:
            (made.folder / "new").mkdir()

    fail_at_last(monkeypatch, GitError("no space"))
    monkeypatch.setattr("scaffold.update.snapshot.restore", _then(OSError, changed))
    with pytest.raises(ScaffoldError) as failed:
        apply.apply_merge(made.git, joined)
    assert failed.value.code == "update-not-undone"
    assert ("new/" if edit == "a folder more" else "old.txt") in failed.value.sentence


def test_an_edit_made_after_the_kill_is_not_overwritten_by_what_was_saved(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    joined = made.join(old__txt=LONG + "more\n")
    fail_at_last(monkeypatch, KeyboardInterrupt())
    monkeypatch.setattr("scaffold.update.snapshot._put_back", _then(OSError, lambda *_: None))
    with pytest.raises(NotUndoneError):
        apply.apply_merge(made.git, joined)
    monkeypatch.undo()
    write(made.folder, {"old.txt": LONG + "mine\n"})
    with pytest.raises(ScaffoldError, match=r"edited afterwards: old\.txt") as refused:
        journal.recover(made.folder)
    assert "another name" in refused.value.next_step
    (made.folder / "old.txt").rename(made.folder / "mine.txt")
    assert journal.recover(made.folder)
    assert (made.folder / "old.txt").read_text() == LONG
    assert (made.folder / "mine.txt").read_text() == LONG + "mine\n"


def test_a_file_that_cannot_be_removed_stops_the_update(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git goes on in a folder it may not write; the file would stay behind, untracked."""
    joined = made.join(old__txt=None)
    before = state(made.folder)
    move = apply.move

    def moved(top: Git, head: str, target: str) -> None:
        move(top, head, target)
        write(made.folder, {"old.txt": LONG})

    monkeypatch.setattr("scaffold.update.apply.move", moved)
    with pytest.raises(ScaffoldError, match=r"old\.txt cannot be removed") as refused:
        apply.apply_merge(made.git, joined)
    assert (refused.value.code, refused.value.exit_code) == ("cannot-write", 73)
    assert state(made.folder) == before


@pytest.mark.parametrize("path", ["../outside.txt", ".git/hooks/evil", "link/outside.txt"])
@pytest.mark.parametrize("there", [False, True], ids=["nothing is there", "a file is there"])
def test_a_planted_journal_writes_nothing_outside_the_project(made: Made, path: str, *, there: bool) -> None:
    (made.folder / "link").symlink_to("..")
    outside = made.folder / path
    if there:
        outside.write_text("somebody's\n")
    before = snapshot.Snapshot((snapshot.File(path, "file", 0o644, "0"),), {})
    head = made.git.output("rev-parse", "HEAD")
    planted = json.dumps(asdict(journal.Journal(head, head, before)))
    write(made.folder, {".git/scaffold-update.json": planted})
    (made.folder / ".git/scaffold-update.saved").mkdir()
    write(made.folder / ".git/scaffold-update.saved", {path: "evil\n"})
    with pytest.raises(ScaffoldError):
        journal.recover(made.folder)
    assert (outside.read_text() if outside.exists() else None) == ("somebody's\n" if there else None)
