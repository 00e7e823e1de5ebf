"""Creating a project, as a program does it."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import scaffold
from scaffold.new.create import resolve_destination
from tests.support.command import IDENTITY, git
from tests.support.small_template import as_repository, small_template, write_files

if TYPE_CHECKING:
    from scaffold.template.source import Template

QUESTION = "name: {type: str, default: someone}\n"
FILES = {"__gitignore": ".env\n", "__env__example": "# secret: generated\nKEY=\n", "a__txt__jinja": "{{ name }}"}


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**IDENTITY, "GIT_CONFIG_GLOBAL": os.devnull}.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def template(tmp_path: Path) -> Template:
    return small_template(tmp_path / "template", QUESTION, **FILES)


def test_a_project_is_created_and_described(tmp_path: Path, template: Template) -> None:
    result = scaffold.create_project(tmp_path / "p", {"name": "you"}, template=str(template.folder))
    assert result.path == tmp_path / "p"
    assert [file.path for file in result.files] == [
        ".copier-answers.yml",
        ".env",
        ".env.example",
        ".gitignore",
        "a.txt",
    ]
    assert all((tmp_path / "p" / file.path).stat().st_size == file.size for file in result.files)
    assert result.answers == {"name": "you"}
    assert result.git.commit == git("rev-parse", "HEAD", cwd=tmp_path / "p")
    assert result.notes == ()
    assert not result.installed
    assert sorted(path.name for path in tmp_path.iterdir()) == ["p", "template"]


def test_a_dry_run_tells_the_same_files_and_writes_nothing(
    tmp_path: Path, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    before = sorted(tmp_path.rglob("*"))
    dry = scaffold.create_project(tmp_path / "a" / "p", template=str(template.folder), dry_run=True)
    assert dry.dry_run
    assert sorted(tmp_path.rglob("*")) == before
    real = scaffold.create_project(tmp_path / "a" / "p", template=str(template.folder))
    assert dry.files == real.files


def test_secrets_are_in_no_result(tmp_path: Path, template: Template) -> None:
    result = scaffold.create_project(tmp_path / "p", template=str(template.folder))
    secret = (tmp_path / "p" / ".env").read_text().splitlines()[1].partition("=")[2]
    assert len(secret) == 43
    assert secret not in repr(result)


def test_without_git_on_request_there_is_no_repository(tmp_path: Path, template: Template) -> None:
    result = scaffold.create_project(tmp_path / "p", template=str(template.folder), git=False)
    assert not result.git.repository
    assert not (tmp_path / "p" / ".git").exists()


def test_inside_a_repository_there_is_a_note(tmp_path: Path, template: Template) -> None:
    outer = as_repository(write_files(tmp_path / "outer", {"a": ""}))
    result = scaffold.create_project(outer / "p", template=str(template.folder))
    assert not result.git.repository
    assert str(outer) in result.notes[0]
    assert not (outer / "p" / ".git").exists()


def test_wrong_answers_leave_nothing_behind(tmp_path: Path, template: Template) -> None:
    with pytest.raises(scaffold.AnswerErrors) as caught:
        scaffold.create_project(tmp_path / "p", {"nme": "you"}, template=str(template.folder))
    assert caught.value.problems[0].suggestion == "name"
    assert not (tmp_path / "p").exists()


@pytest.mark.parametrize("step", ["scaffold.new.create.first_commit", "scaffold.new.create.write_environment_file"])
@pytest.mark.parametrize(
    "failure", [OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), KeyboardInterrupt(), RuntimeError()]
)
def test_a_failure_at_any_step_leaves_nothing_behind(
    tmp_path: Path, template: Template, monkeypatch: pytest.MonkeyPatch, step: str, failure: BaseException
) -> None:
    def fail(*_: object) -> None:
        raise failure

    monkeypatch.setattr(step, fail)
    expected = scaffold.ScaffoldError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected):
        scaffold.create_project(tmp_path / "a" / "b", template=str(template.folder))
    assert [path.name for path in tmp_path.iterdir()] == ["template"]


def test_a_link_to_an_empty_folder_is_followed(tmp_path: Path, template: Template) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real", target_is_directory=True)
    result = scaffold.create_project(tmp_path / "link", template=str(template.folder))
    assert result.path == tmp_path / "real"
    assert (tmp_path / "link" / "a.txt").is_file()


def test_a_name_may_be_as_long_as_the_disk_allows(tmp_path: Path, template: Template) -> None:
    longest = "p" * os.pathconf(tmp_path, "PC_NAME_MAX")
    assert scaffold.create_project(tmp_path / longest, template=str(template.folder)).path.name == longest
    with pytest.raises(scaffold.ScaffoldError) as caught:
        scaffold.create_project(tmp_path / f"{longest}x", template=str(template.folder))
    assert caught.value.code == "cannot-write"


@pytest.mark.parametrize("name", ["a b", "naïve", "$(id)", "-rf", "a\nb", "{{ 7 }}", "%s", "\udcff"])
def test_a_folder_may_have_any_name(tmp_path: Path, template: Template, name: str) -> None:
    scaffold.create_project(tmp_path / name, template=str(template.folder))
    assert (tmp_path / name / "a.txt").read_text() == "someone"


@pytest.mark.parametrize("destination", ["", "a\0b"])
def test_a_destination_without_a_name_is_refused(destination: str) -> None:
    with pytest.raises(scaffold.ScaffoldError) as caught:
        resolve_destination(destination)
    assert caught.value.code == "usage"


def test_the_root_of_the_disk_is_refused() -> None:
    with pytest.raises(scaffold.ScaffoldError) as caught:
        resolve_destination("/")
    assert caught.value.code == "destination-not-empty"


def test_the_shipped_template_renders(tmp_path: Path) -> None:
    result = scaffold.create_project(tmp_path / "Web Shop", {"security_contact": "security@example.com"}, git=False)
    assert json.loads((result.path / "package.json").read_text())["name"] == "web-shop"


def test_the_public_names_are_there() -> None:
    for name in scaffold.__all__:
        assert getattr(scaffold, name)
    with pytest.raises(AttributeError):
        scaffold.nothing_like_it  # noqa: B018 - the access is the point
    assert scaffold.__version__ == scaffold.template.source.version()
    assert Path(scaffold.__file__).with_name("py.typed").is_file()
