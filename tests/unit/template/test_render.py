"""Rendering: what Copier does for us, and what we keep away from it."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.project.record import open_project
from scaffold.template.render import render
from scaffold.template.source import Template
from tests.support.small_template import as_repository, small_template, write_files

if TYPE_CHECKING:
    from pathlib import Path

QUESTION = "name: {type: str, default: someone}\n"


def test_files_are_rendered_and_listed(tmp_path: Path) -> None:
    template = small_template(
        tmp_path / "t", QUESTION, **{"a__txt__jinja": "Hello {{ name }}\n", "b/c__txt": "{{ raw }}\n"}
    )
    assert render(template, {"name": "you"}, tmp_path / "p") == (".copier-answers.yml", "a.txt", "b/c.txt")
    assert (tmp_path / "p/a.txt").read_text() == "Hello you\n"
    assert (tmp_path / "p/b/c.txt").read_text() == "{{ raw }}\n"


def test_the_origin_is_recorded_not_the_place_it_lay_in(tmp_path: Path) -> None:
    # A path this long makes YAML fold it over several lines.
    deep = tmp_path / "a folder with a long name" / ("and spaces " * 8).strip()
    render(small_template(deep, QUESTION), {"name": "you"}, tmp_path / "p")
    assert (tmp_path / "p/.copier-answers.yml").read_text() == (
        "_commit: v1.0.0\n_src_path: https://example.com/template.git\nname: you\n"
    )


def test_a_template_without_a_version_records_none(tmp_path: Path) -> None:
    folder = small_template(tmp_path / "t", QUESTION).folder
    render(Template(folder, "/somewhere", None), {"name": "you"}, tmp_path / "p")
    assert (tmp_path / "p/.copier-answers.yml").read_text() == "_src_path: /somewhere\nname: you\n"


@pytest.mark.parametrize("version", ["3505886", "0123456", "12e4567", "v1.0.0"])
@pytest.mark.parametrize("address", ["/srv/a: b #c", "/srv/{x}", "/srv/" + "long name " * 20 + "x", "/srv/größe"])
def test_any_commit_and_address_are_read_back_as_they_were(tmp_path: Path, version: str, address: str) -> None:
    folder = small_template(tmp_path / "t", QUESTION).folder
    render(Template(folder, address, version), {"name": "you"}, tmp_path / "p")
    project = open_project(tmp_path / "p")
    assert (project.version, project.address) == (version, address)


@pytest.mark.parametrize("version", ["3505886", "0123456", "12e4567"])
def test_a_commit_of_digits_that_an_earlier_release_wrote_without_quotes_is_read(tmp_path: Path, version: str) -> None:
    (tmp_path / ".copier-answers.yml").write_text(f"_commit: {version}\n_src_path: /srv/template\n")
    assert open_project(tmp_path).version == version


def test_a_folder_that_is_a_repository_is_rendered_as_it_lies_there(tmp_path: Path) -> None:
    template = small_template(tmp_path / "t", QUESTION, a__txt="committed")
    as_repository(template.folder, "v0.9.0")
    write_files(template.folder, {"a.txt": "edited"})
    render(template, {"name": "you"}, tmp_path / "p")
    assert (tmp_path / "p/a.txt").read_text() == "edited"


def test_only_what_git_would_track_is_rendered_from_a_checkout(tmp_path: Path) -> None:
    files = {
        "copier.yml": "_subdirectory: template\n",
        "template/.gitignore": ".env\nnode_modules/\n",
        "template/tracked": "",
    }
    as_repository(write_files(tmp_path / "t", files))
    write_files(tmp_path / "t", {"template/new": "", "template/.env": "SECRET=1", "template/node_modules/x/y.js": ""})
    template = Template(tmp_path / "t", "https://example.com/t.git", "v1", tracked_only=True)
    assert render(template, {}, tmp_path / "p") == (".gitignore", "new", "tracked")


def test_settings_of_one_persons_copier_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = write_files(tmp_path, {"settings.yml": "defaults: {hidden: hacked}\ntrust: ['/']\n"}) / "settings.yml"
    monkeypatch.setenv("COPIER_SETTINGS_PATH", str(settings))
    questions = QUESTION + "hidden: {type: str, when: false, default: ours}\n"
    render(small_template(tmp_path / "t", questions, a__jinja="{{ hidden }}"), {"name": "you"}, tmp_path / "p")
    assert (tmp_path / "p/a").read_text() == "ours"


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_modes_follow_the_umask_not_the_installation(tmp_path: Path, umask: int) -> None:
    template = small_template(tmp_path / "t", QUESTION, plain="", program="#!/bin/sh\n")
    (template.folder / "plain").chmod(0o400)
    (template.folder / "program").chmod(0o555)
    before = os.umask(umask)
    try:
        render(template, {"name": "you"}, tmp_path / "p")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "p/plain").stat().st_mode) == 0o666 & ~umask
    assert stat.S_IMODE((tmp_path / "p/program").stat().st_mode) == 0o777 & ~umask


def test_the_same_answers_give_the_same_bytes(tmp_path: Path) -> None:
    template = small_template(tmp_path / "t", QUESTION, a__jinja="{{ name }}")
    for destination in ("p", "q"):
        render(template, {"name": "you"}, tmp_path / destination)
    read = [{p.name: p.read_bytes() for p in (tmp_path / d).iterdir()} for d in ("p", "q")]
    assert read[0] == read[1]


@pytest.mark.parametrize(
    "files",
    [
        {"a__jinja": "{{ nothing_like_it }}"},
        {"a__jinja": "{% if %}"},
        {"a__jinja": "{{ 1 / 0 }}"},
        {"a__jinja": "{% include '../../etc/passwd' %}"},
        {"a__jinja": "{{ ''.__class__.__base__.__subclasses__() }}"},
    ],
    ids=lambda files: next(iter(files.values())),
)
def test_a_template_that_cannot_be_rendered_is_told_as_such(tmp_path: Path, files: dict[str, str]) -> None:
    questions = "_envops: {undefined: jinja2.StrictUndefined}\n" + QUESTION
    with pytest.raises(ScaffoldError) as caught:
        render(small_template(tmp_path / "t", questions, **files), {"name": "you"}, tmp_path / "p")
    assert caught.value.code == "template-broken"


def test_a_link_out_of_the_template_is_refused(tmp_path: Path) -> None:
    template = small_template(tmp_path / "t", QUESTION)
    (template.folder / "link").symlink_to("/etc/hostname")
    with pytest.raises(ScaffoldError, match="forbidden"):
        render(template, {"name": "you"}, tmp_path / "p")


@pytest.mark.parametrize("feature", ["_tasks: [id]", "_jinja_extensions: [os.path]"])
def test_copier_is_never_asked_to_run_a_templates_code(tmp_path: Path, feature: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        render(small_template(tmp_path / "t", f"{feature}\n{QUESTION}"), {"name": "you"}, tmp_path / "p")
    assert caught.value.code == "template-runs-code"


def test_nothing_is_left_beside_the_project(tmp_path: Path) -> None:
    (tmp_path / "private").mkdir()
    render(small_template(tmp_path / "t", QUESTION), {"name": "you"}, tmp_path / "private" / "p")
    assert [path.name for path in (tmp_path / "private").iterdir()] == ["p"]
