"""`scaffold controls`, as people and scripts run it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.cli.output_controls import Shown, lines
from scaffold.controls.catalogue import load
from scaffold.controls.selection import select
from scaffold.template.source import TEMPLATE_ADDRESS, version
from tests.support.command import environment, scaffold

if TYPE_CHECKING:
    from pathlib import Path

VIEWS = {"control": "controls", "practice": "practices", "asvs": "requirements"}


def listed(*arguments: str | Path, cwd: Path, code: int = 0) -> dict[str, Any]:
    done = scaffold("controls", *arguments, "--json", cwd=cwd)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ids(found: dict[str, Any]) -> set[str]:
    return {control["id"] for control in found["controls"]}


def project(folder: Path, answers: str = "", address: str = TEMPLATE_ADDRESS, release: str = "") -> Path:
    """Write the record of a project: the command reads nothing else of it."""
    folder.mkdir()
    record = f"_src_path: {address}\n_commit: {release or f'v{version()}'}\nsecurity_contact: security@example.com\n"
    (folder / ".copier-answers.yml").write_text(record + answers, encoding="utf-8")
    return folder


def test_outside_a_project_it_is_the_whole_catalogue(tmp_path: Path) -> None:
    found = listed(cwd=tmp_path)
    assert (found["path"], found["answers"], found["by"]) == (None, None, "control")
    assert {"db-least-privilege", "db-tls-verified", "metrics-private", "rate-limit-shared-store"} <= ids(found)
    [control] = [one for one in found["controls"] if one["id"] == "metrics-private"]
    assert control["when"] == "metrics"
    assert control["asvs"] == [{"id": "V13.4.5", "level": 2}]
    assert "S031" in control["practices"]
    assert control["tests"] == ["test/health.test.ts"]
    assert control["code"]


def test_a_project_has_what_its_answers_include(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", "database: postgres\nmetrics: false\n")
    found = listed(folder, cwd=tmp_path)
    assert (found["path"], found["template_version"]) == (str(folder), f"v{version()}")
    assert (found["answers"]["database"], found["answers"]["ci"]) == ("postgres", "github")
    assert "security_contact" not in found["answers"]
    assert "db-tls-verified" in ids(found)
    assert not {"db-least-privilege", "metrics-private"} & ids(found)


def test_the_project_of_this_folder_needs_no_name(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", "database: postgres\n")
    assert listed(cwd=folder) == listed(folder, cwd=tmp_path)


def test_a_flag_replaces_a_recorded_answer_and_the_defaults_answer_the_rest(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", "database: postgres\n")
    changed = listed(folder, "--database", "sqlite", "--no-metrics", cwd=tmp_path)
    fresh = listed("--database", "sqlite", "--metrics", "false", cwd=tmp_path)
    assert (changed["answers"]["database"], fresh["answers"]["rate_limit_store"]) == ("sqlite", "memory")
    assert ids(changed) == ids(fresh)
    assert "db-least-privilege" in ids(fresh)
    assert "metrics-private" not in ids(fresh)


def test_what_is_not_covered_depends_on_the_answers_and_has_a_reason(tmp_path: Path) -> None:
    found = listed("--uncovered", "--ci", "none", cwd=tmp_path)
    practices = {one["id"]: one for one in found["practices"]}
    assert practices["S011"]["status"] == "choice"
    assert practices["S011"]["reason"] == "It comes with ci: github."
    assert (practices["S024"]["status"], practices["S024"]["rest"]) == ("in-part", "operator")
    assert practices["S082"]["status"] == "not-claimed"
    assert practices["S081"]["status"] == "choice"
    assert practices["S081"]["reason"] == "It comes with mfa: totp."
    assert all(one["reason"] for one in practices.values())
    assert not {"proven", "tested"} & {one["status"] for one in practices.values()}
    with_ci = listed("--uncovered", "--ci", "github", cwd=tmp_path)
    assert {one["id"] for one in with_ci["practices"]} < practices.keys()
    assert sum(found["counts"].values()) == 125


def test_requirements_have_their_level(tmp_path: Path) -> None:
    found = listed("--by", "asvs", cwd=tmp_path)["requirements"]
    assert {"id": "V6.3.8", "level": 3} in [{"id": one["id"], "level": one["level"]} for one in found]
    assert all(one["controls"] for one in found)


@pytest.mark.parametrize("by", VIEWS)
def test_the_json_has_one_list_of_the_view(tmp_path: Path, by: str) -> None:
    found = listed("--by", by, cwd=tmp_path)
    assert [name for name in VIEWS.values() if name in found] == [VIEWS[by]]
    assert (found["version"], found["command"], found["catalogue_version"]) == (1, "controls", f"v{version()}")


@pytest.mark.parametrize("view", ["control", "practice", "asvs"])
@pytest.mark.parametrize(("columns", "width"), [("0", 80), ("80", 80), ("100", 100), ("7", 60), ("9999", 120)])
def test_the_table_fits_its_width(monkeypatch: pytest.MonkeyPatch, view: str, columns: str, width: int) -> None:
    monkeypatch.setenv("COLUMNS", columns)
    found = lines(Shown(select(load(), lambda _: True), None, None, "v1"), view, uncovered=False)
    assert width - 15 < max(len(text) for text, _ in found) <= width
    assert not [text for text, _ in found if text != text.rstrip()]


def test_the_output_in_a_pipe_has_80_columns_and_no_colours(tmp_path: Path) -> None:
    variables = environment(FORCE_COLOR="1")
    variables.pop("COLUMNS", None)
    done = scaffold("controls", "--uncovered", cwd=tmp_path, env=variables)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_table_names_statement_requirements_practices_and_condition(tmp_path: Path) -> None:
    text = scaffold("controls", cwd=tmp_path, env=environment(COLUMNS="120")).stdout
    section = text.partition("\nmetrics-private ")[2].partition("\nmetrics-bounded ")[0]
    lines = [line.strip() for line in section.splitlines()]
    wanted = ["Metrics are not on the public port.", "ASVS: V13.4.5", "practices: S031", "only with metrics: true"]
    assert lines == wanted


def test_another_release_of_the_project_is_named(tmp_path: Path) -> None:
    folder = project(tmp_path / "old", release="v0.0.1")
    text = scaffold("controls", folder, cwd=tmp_path).stdout
    assert f"The catalogue is that of v{version()}; the project is on v0.0.1.\n" in text
    assert "The catalogue is that of" not in scaffold("controls", project(tmp_path / "new"), cwd=tmp_path).stdout


def test_an_answer_that_this_release_does_not_ask_for_is_left_out(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", "colour: red\n")
    assert "colour" not in listed(folder, cwd=tmp_path)["answers"]


@pytest.mark.parametrize(
    ("arguments", "code", "expected"),
    [
        (("nothing",), 2, "nothing is not a Scaffold or Copier project"),
        (("--by", "colour"), 2, "'colour' is not one of 'control', 'practice', 'asvs'"),
        (("--by", "asvs", "--uncovered"), 2, "--uncovered lists practices, and --by asvs does not."),
        (("--database", "oracle"), 2, "Allowed: sqlite, postgres."),
        (("--databas", "sqlite"), 2, "Did you mean --database?"),
        (("--template", "https://example.com/t.git"), 2, "there is no such flag"),
        (("a", "b"), 2, "unexpected extra argument"),
    ],
)
def test_wrong_usage_is_one_sentence_and_a_next_step(
    tmp_path: Path, arguments: tuple[str, ...], code: int, expected: str
) -> None:
    done = scaffold("controls", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert expected in done.stderr
    assert "\nNext: " in done.stderr


def test_a_project_of_another_template_is_not_in_the_catalogue(tmp_path: Path) -> None:
    folder = project(tmp_path / "foreign", address="https://example.com/t.git")
    assert listed(folder, cwd=tmp_path, code=2)["error"]["code"] == "not-in-catalogue"


@pytest.mark.parametrize(
    "hostile",
    [
        "database: oracle\n",
        "database: [sqlite]\n",
        "database: \"{{ ''.__class__ }}\"\n",
        "metrics: 5\n",
        "metrics: \"' or true or '\"\n",
        "project_name: \"{{ cycler.__init__.__globals__.os.system('touch owned') }}\"\n",
    ],
)
def test_a_record_with_hostile_answers_is_refused_and_evaluated_nowhere(tmp_path: Path, hostile: str) -> None:
    folder = project(tmp_path / "shop", hostile)
    error = listed(folder, cwd=tmp_path, code=2)["error"]
    assert error["code"] == "project-unreadable"
    assert [problem["question"] for problem in error["problems"]] == [hostile.partition(":")[0]]
    assert [path.name for path in tmp_path.iterdir()] == ["shop"]


def test_a_record_cannot_repaint_the_terminal(tmp_path: Path) -> None:
    folder = project(tmp_path / "shop", release='"v1\\e[2J"')
    assert "\x1b" not in scaffold("controls", folder, cwd=tmp_path).stdout
