"""The first commit of a project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from scaffold.new.first_commit import enclosing_repository, first_commit
from tests.support.command import IDENTITY, git
from tests.support.small_template import as_repository, write_files

if TYPE_CHECKING:
    from pathlib import Path

IGNORING = {".gitignore": ".env\n", ".env": "SECRET=1", "src/a.ts": ""}


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be somebody whose git is set up in no other way."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")


@pytest.fixture
def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file that git takes for the user's configuration."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(tmp_path / "gitconfig"))
    return tmp_path / "gitconfig"


def committed(project: Path) -> list[str]:
    return git("ls-tree", "-r", "--name-only", "HEAD", cwd=project).splitlines()


def test_everything_but_secrets_is_committed_on_main_in_the_owners_name(tmp_path: Path) -> None:
    project = write_files(tmp_path / "p", IGNORING)
    result, note = first_commit(project, "Create")
    assert note is None
    assert result.commit == git("rev-parse", "main", cwd=project)
    assert committed(project) == [".gitignore", "src/a.ts"]
    assert git("log", "--format=%an <%ae> %s", cwd=project) == "Somebody <somebody@example.com> Create"
    assert git("status", "--porcelain", cwd=project) == ""


def test_secrets_stay_out_even_if_the_template_forgot_to_ignore_them(tmp_path: Path) -> None:
    project = write_files(tmp_path / "p", {".env": "SECRET=1", "a": ""})
    first_commit(project, "Create")
    git("add", "--all", cwd=project)
    assert git("ls-files", cwd=project) == "a"
    assert "SECRET" not in git("cat-file", "--batch-all-objects", "--batch", cwd=project)


def test_without_git_there_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    project = write_files(tmp_path / "p", IGNORING)
    monkeypatch.setenv("PATH", str(tmp_path))
    result, note = first_commit(project, "Create")
    assert (result.repository, result.commit) == (False, None)
    assert note is not None
    assert "git is not installed" in note


def test_without_an_identity_git_makes_none_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in IDENTITY:
        monkeypatch.delenv(name)
    project = write_files(tmp_path / "p", IGNORING)
    result, note = first_commit(project, "Create")
    assert (result.repository, result.commit) == (True, None)
    assert note is not None
    assert "user.name and user.email" in note
    assert git("diff", "--cached", "--name-only", cwd=project).splitlines() == [".gitignore", "src/a.ts"]


def test_a_commit_that_cannot_be_signed_is_a_note(tmp_path: Path, configure: Path) -> None:
    project = write_files(tmp_path / "p", IGNORING)
    programs = write_files(tmp_path, {"sign": "#!/bin/sh\necho 'gpg: no secret key for somebody' >&2\nexit 2\n"})
    (programs / "sign").chmod(0o755)
    configure.write_text(f"[commit]\ngpgSign = true\n[gpg]\nprogram = {programs}/sign\n")
    result, note = first_commit(project, "Create")
    assert (result.repository, result.commit) == (True, None)
    assert note is not None
    assert "refused the first commit" in note
    assert "gpg failed to sign the data" in note
    # Older versions of git hide what gpg printed.
    assert "no secret key for somebody" in note or "gpg --clearsign` shows why" in note


def test_the_commit_is_signed_if_the_owners_git_says_so(tmp_path: Path, configure: Path) -> None:
    signer = write_files(
        tmp_path, {"sign": "#!/bin/sh\ncat > /dev/null\necho '[GNUPG:] SIG_CREATED ' >&2\necho signed\n"}
    )
    (signer / "sign").chmod(0o755)
    configure.write_text(f"[commit]\ngpgSign = true\n[gpg]\nprogram = {signer}/sign\n")
    project = write_files(tmp_path / "p", IGNORING)
    first_commit(project, "Create")
    assert "gpgsig signed" in git("cat-file", "commit", "HEAD", cwd=project)


def test_a_repository_that_is_there_already_is_not_used(tmp_path: Path) -> None:
    project = write_files(tmp_path / "p", IGNORING)
    (project / ".git").write_text("gitdir: elsewhere\n")
    result, note = first_commit(project, "Create")
    assert (result.repository, result.commit) == (False, None)
    assert note is not None
    assert ".git already" in note


def test_what_the_owner_alone_ignores_is_committed_but_secrets_are_not(tmp_path: Path, configure: Path) -> None:
    ignored = write_files(tmp_path, {"ignored": "*\n"}) / "ignored"
    configure.write_text(f"[core]\nexcludesFile = {ignored}\n")
    project = write_files(tmp_path / "p", {".env": "SECRET=1", "a": ""})
    first_commit(project, "Create")
    assert committed(project) == ["a"]


def test_a_git_hook_around_us_does_not_get_our_commit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    outer = as_repository(write_files(tmp_path / "outer", {"a": ""}))
    before = git("rev-parse", "HEAD", cwd=outer)
    monkeypatch.setenv("GIT_DIR", str(outer / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(outer))
    monkeypatch.setenv("GIT_INDEX_FILE", str(outer / ".git" / "index"))
    project = write_files(tmp_path / "p", IGNORING)
    result, _ = first_commit(project, "Create")
    assert result.commit is not None
    assert git("rev-parse", "HEAD", cwd=outer) == before
    assert git("ls-files", cwd=outer) == "a"


def test_the_owners_other_choice_of_branch_does_not_matter(tmp_path: Path, configure: Path) -> None:
    configure.write_text("[init]\ndefaultBranch = trunk\n")
    project = write_files(tmp_path / "p", IGNORING)
    first_commit(project, "Create")
    assert git("branch", "--show-current", cwd=project) == "main"


@pytest.mark.parametrize("ignored", [False, True])
def test_a_project_inside_a_repository_is_part_of_it_unless_ignored(tmp_path: Path, ignored: bool) -> None:  # noqa: FBT001
    outer = as_repository(write_files(tmp_path / "outer", {".gitignore": "demo/\n" if ignored else "x\n"}))
    assert enclosing_repository(outer / "demo" / "my-api") == (None if ignored else outer)


def test_a_folder_in_no_repository_stands_alone(tmp_path: Path) -> None:
    assert enclosing_repository(tmp_path / "my-api") is None
