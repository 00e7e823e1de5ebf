"""Files with a filter (Git LFS): the merge compares what lies in the folder, git stores what the filter makes."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

import pytest

from scaffold.git.run import isolated
from scaffold.update.update import update_project
from tests.support.command import git
from tests.support.template_repository import History, commit, lines, start, write

if TYPE_CHECKING:
    from pathlib import Path

LOGO, NEW_LOGO = b"\x89PNG" * 99, b"\x89PNG more" * 99
TEXT = lines(*range(30))


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"logo.png": LOGO, "a.md": TEXT, "b.md": TEXT, "c.md": TEXT, "same.md": "same\n"})
    changed = TEXT + "theirs\n"
    files: dict[str, str | bytes | None] = {
        "logo.png": NEW_LOGO,
        "a.md": changed,
        "b.md": changed,
        "c.md": changed,
        "new.png": LOGO,
    }
    history.release("v1.1.0", files)
    return history


@pytest.fixture
def project(history: History, tmp_path: Path) -> Path:
    """A project in which git stores images and Markdown in base64."""
    project = history.project(tmp_path / "project", "v1.0.0")
    git("config", "filter.coded.required", "true", cwd=project)
    git("config", "filter.coded.clean", "base64", cwd=project)
    git("config", "filter.coded.smudge", "base64 -d", cwd=project)
    write(project, {".gitattributes": "*.png filter=coded\n*.md filter=coded\n"})
    write(project, {"b.md": "mine\n" + TEXT})
    git("add", "--renormalize", ".", cwd=project)
    commit(project)
    assert stored(project, "logo.png") == LOGO
    return project


def stored(project: Path, name: str, where: str = "") -> bytes:
    """Return what the filter once made into what git stores."""
    return base64.b64decode(isolated(project).run("show", f"{where}:{name}").stdout, validate=False)


def test_files_with_a_filter_are_updated_merged_and_added_as_git_add_would_store_them(project: Path) -> None:
    joined = update_project(project).plan.joined
    assert {change.path: change.kind for change in joined.changes} == {
        ".copier-answers.yml": "changed",
        "logo.png": "changed",
        "a.md": "changed",
        "b.md": "merged",
        "c.md": "changed",
        "new.png": "added",
    }
    assert joined.conflicts == ()
    expected = {
        "logo.png": NEW_LOGO,
        "new.png": LOGO,
        "a.md": (TEXT + "theirs\n").encode(),
        "b.md": ("mine\n" + TEXT + "theirs\n").encode(),
        "same.md": b"same\n",
    }
    for name, content in expected.items():
        assert (project / name).read_bytes() == content
        assert stored(project, name) == content
    status = git("status", "--porcelain", cwd=project).splitlines()
    assert [line for line in status if line[1] != " "] == []


def test_a_conflict_shows_readable_text_and_keeps_both_sides(project: Path) -> None:
    write(project, {"c.md": TEXT + "mine\n"})
    commit(project)
    joined = update_project(project).plan.joined
    assert [conflict.path for conflict in joined.conflicts] == ["c.md"]
    text = (project / "c.md").read_text()
    assert "mine\n=======\ntheirs\n" in text
    assert stored(project, "c.md", ":1") == TEXT.encode()
    assert stored(project, "c.md", ":2") == (TEXT + "mine\n").encode()
    assert stored(project, "c.md", ":3") == (TEXT + "theirs\n").encode()
