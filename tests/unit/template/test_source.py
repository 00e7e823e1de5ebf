"""Where templates come from."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.template.source import CHECKOUT, TEMPLATE_ADDRESS, builtin, open_template, version
from tests.support.command import IDENTITY, git
from tests.support.small_template import as_repository, small_template, write_files

if TYPE_CHECKING:
    from pathlib import Path

QUESTION = "name: {type: str, default: someone}\n"


@pytest.fixture(autouse=True)
def _identity(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in IDENTITY.items():
        monkeypatch.setenv(name, value)


def opened(address: str | None, ref: str | None = None) -> tuple[str, str | None, str]:
    """Return address, version and the text of file `a` of a template."""
    with open_template(address, ref) as template:
        return template.address, template.version, (template.folder / "a").read_text()


def code_of(address: str | None, ref: str | None = None) -> str:
    with pytest.raises(ScaffoldError) as caught:
        opened(address, ref)
    return caught.value.code


def test_the_version_is_the_one_of_pyproject() -> None:
    assert version() == tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["version"]


def test_the_builtin_template_has_the_address_and_version_that_updates_look_for() -> None:
    template = builtin()
    assert (template.address, template.version) == (TEMPLATE_ADDRESS, f"v{version()}")
    assert (template.folder / "copier.yml").is_file()
    assert template.questionnaire().questions


@pytest.mark.parametrize("ref", [None, version(), f"v{version()}"])
def test_the_builtin_template_is_there_in_its_own_version(ref: str | None) -> None:
    with open_template(None, ref) as template:
        assert template == builtin()


def test_another_version_of_the_builtin_template_is_not_there() -> None:
    assert code_of(None, "v99.0.0") == "template-unavailable"


def test_a_plain_folder_is_used_where_it_lies(tmp_path: Path) -> None:
    folder = small_template(tmp_path / "t", QUESTION, a="here").folder
    assert opened(str(folder)) == (str(folder), None, "here")
    assert code_of(str(folder), "v1") == "usage"


def test_the_newest_version_of_a_repository_is_taken(tmp_path: Path) -> None:
    folder = small_template(tmp_path / "t", QUESTION, a="one").folder
    as_repository(folder, "v1.0.0", "not-a-version", "v1.10.0a1")
    write_files(folder, {"a": "two"})
    git("commit", "--all", "--message", "Two", cwd=folder)
    git("tag", "v1.9.0", cwd=folder)
    write_files(folder, {"a": "three"})
    git("commit", "--all", "--message", "Three", cwd=folder)
    assert opened(str(folder)) == (str(folder), "v1.9.0", "two")
    assert opened(str(folder), "v1.0.0")[2] == "one"
    assert opened(str(folder), "main")[1:] == (git("describe", "--tags", cwd=folder), "three")
    assert opened(str(folder), git("rev-parse", "HEAD", cwd=folder))[2] == "three"
    assert code_of(str(folder), "v3") == "template-unavailable"
    assert code_of(str(folder), "--upload-pack=id") == "template-unavailable"


def test_a_repository_without_versions_gives_its_head(tmp_path: Path) -> None:
    folder = as_repository(small_template(tmp_path / "t", QUESTION, a="head").folder)
    assert opened(f"git+file://{folder}") == (
        f"file://{folder}",
        git("rev-parse", "--short", "HEAD", cwd=folder),
        "head",
    )


def test_a_bare_repository_and_a_bundle_are_repositories(tmp_path: Path) -> None:
    folder = as_repository(small_template(tmp_path / "t", QUESTION, a="here").folder, "v1")
    git("clone", "--quiet", "--bare", folder, tmp_path / "bare", cwd=tmp_path)
    git("bundle", "create", "--quiet", tmp_path / "t.bundle", "main", "v1", cwd=folder)
    assert opened(str(tmp_path / "bare")) == (str(tmp_path / "bare"), "v1", "here")
    assert opened(str(tmp_path / "t.bundle"))[1:] == ("v1", "here")


def test_a_git_hook_around_us_does_not_aim_git_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = as_repository(small_template(tmp_path / "t", QUESTION, a="here").folder, "v1")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "elsewhere"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(tmp_path / "index"))
    assert opened(str(folder))[2] == "here"


@pytest.mark.parametrize(
    ("address", "code"),
    [
        ("no-such-folder", "template-unavailable"),
        ("https://user:password@example.com/t.git", "usage"),
        ("ext::sh -c id", "template-unavailable"),
        ("--upload-pack=id", "template-unavailable"),
        ("", "usage"),
    ],
)
def test_an_address_that_leads_nowhere_is_told_as_such(address: str, code: str) -> None:
    assert code_of(address) == code


def test_short_addresses_are_recorded_in_full(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    folder = as_repository(small_template(tmp_path / "t", QUESTION, a="here").folder, "v1")
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{folder}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://github.com/example/template.git")
    assert opened("gh:example/template")[0] == "https://github.com/example/template.git"


def test_a_template_without_questions_file_is_none(tmp_path: Path) -> None:
    with open_template(str(tmp_path)) as template, pytest.raises(ScaffoldError) as caught:
        template.questionnaire()
    assert caught.value.code == "template-unavailable"


@pytest.mark.parametrize("feature", ["_tasks: [id]", "_migrations: [id]", "_jinja_extensions: [os]"])
def test_a_template_that_would_run_code_is_refused_before_it_asks_anything(tmp_path: Path, feature: str) -> None:
    template = small_template(tmp_path / "t", f"{feature}\n{QUESTION}")
    with pytest.raises(ScaffoldError) as caught:
        template.questionnaire()
    assert caught.value.code == "template-runs-code"


def test_git_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ScaffoldError, match="git is needed"):
        opened("https://example.com/t.git")


def test_a_clone_is_gone_afterwards(tmp_path: Path) -> None:
    folder = as_repository(small_template(tmp_path / "t", QUESTION, a="here").folder, "v1")
    with open_template(str(folder)) as template:
        assert template.folder.is_dir()
    assert not template.folder.exists()
