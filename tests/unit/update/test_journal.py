"""An update that died is put back, and nothing that was done since is lost."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.git.run import Git, GitError, isolated
from scaffold.project.unfinished import is_unfinished
from scaffold.update import journal
from tests.support.template_repository import commit, state, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"a.txt": "a\n" * 9, "b.txt": "b\n", "gone.txt": "gone\n", "other.txt": "other\n"}
AFTER = {"a.txt": "a\n" * 9 + "more\n", "gone.txt": None, "new/file.txt": "new\n" * 9}


@pytest.fixture(params=["", "deep/er/"], ids=["a repository of its own", "a folder of a repository"])
def died(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The folder of a project whose update died before it wrote a file."""
    top = tmp_path / "top"
    folder = top / str(request.param)
    write(folder, FILES)
    isolated(top).output("init", "--quiet")
    head = commit(top)
    write(folder, AFTER)
    commit(top)
    target = isolated(top).output("rev-parse", "HEAD^{tree}")
    isolated(top).output("reset", "--quiet", "--hard", head)
    (top / ".git/scaffold-update.json").write_text(json.dumps({"head": head, "target": target}))
    return folder


@pytest.mark.parametrize(
    "half_way",
    [
        {},
        {"a.txt": None},
        {"a.txt": "a\na\n", "new/file.txt": "new\n"},
        {"a.txt": "", "gone.txt": None, "new/file.txt": ""},
        AFTER,
    ],
    ids=["nothing", "a file taken away", "files half written", "files still empty", "everything"],
)
def test_what_git_may_have_left_is_put_back(died: Path, half_way: dict[str, str | bytes | None]) -> None:
    before = state(died)
    write(died, half_way)
    isolated(died).output("add", "--all")
    assert journal.recover(died)
    assert state(died) == before
    assert not (died / "new").exists()
    assert not is_unfinished(died)


@pytest.mark.parametrize(
    "edit", [{"a.txt": "a\nmine\n"}, {"new/file.txt": "mine\n"}, {"gone.txt": "gone\nmine\n"}], ids=str
)
def test_a_touched_file_that_was_edited_since_is_not_overwritten(
    died: Path, edit: dict[str, str | bytes | None]
) -> None:
    write(died, AFTER | edit)
    before = state(died)
    with pytest.raises(ScaffoldError, match="edited afterwards") as refused:
        journal.recover(died)
    assert refused.value.code == "update-unfinished"
    assert state(died) == before
    assert is_unfinished(died)


def test_edits_of_other_files_stay(died: Path) -> None:
    write(died, {**AFTER, "other.txt": "mine\n", "untracked.txt": "mine\n"})
    assert journal.recover(died)
    assert (died / "other.txt").read_text() == "mine\n"
    assert (died / "untracked.txt").read_text() == "mine\n"
    assert (died / "a.txt").read_text() == FILES["a.txt"]


@pytest.mark.parametrize("cut", ["", "{", "[]", json.dumps({"head": "x"})])
def test_a_journal_that_was_cut_off_means_that_nothing_was_touched(died: Path, cut: str) -> None:
    place = Git(died).path_of("scaffold-update.json")
    place.write_text(cut)
    write(died, {"a.txt": "mine\n"})
    before = state(died)
    assert journal.recover(died)
    assert state(died) == before
    assert not place.exists()


def test_an_update_that_is_at_work_is_left_alone(died: Path) -> None:
    place = Git(died).path_of("scaffold-update.json")
    text = place.read_text()
    place.unlink()
    with journal.exclusive(Git(died)) as file:
        file.write(text)
        file.flush()
        with pytest.raises(ScaffoldError, match="is running"):
            journal.recover(died)


def test_where_there_is_no_repository_there_is_nothing_to_put_back(tmp_path: Path) -> None:
    assert not journal.recover(tmp_path)
    assert not journal.recover(tmp_path / "missing")


def test_a_planted_journal_gives_git_no_options(died: Path, tmp_path: Path) -> None:
    """An archive can bring a journal; `git diff-tree` would write the file that this option names."""
    head = json.loads(Git(died).path_of("scaffold-update.json").read_text())["head"]
    planted = {"head": head, "target": f"--output={tmp_path / 'written'}"}
    Git(died).path_of("scaffold-update.json").write_text(json.dumps(planted))
    with suppress(ScaffoldError, GitError):
        journal.recover(died)
    assert not (tmp_path / "written").exists()
