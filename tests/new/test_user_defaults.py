"""The user's own `defaults.yml`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.support.command import environment, scaffold
from tests.support.small_template import small_template, write_files

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

DEFAULTS = "security_contact: security@example.com\nlicense: MIT\nmetrics: false\n"


def new(folder: Path, defaults: str, *arguments: str | Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run `scaffold new shop --dry-run --json` with a file of defaults."""
    write_files(folder / "settings/scaffold", {"defaults.yml": defaults})
    known = environment(XDG_CONFIG_HOME=str(folder / "settings"), **variables)
    return scaffold("new", "shop", "--dry-run", "--json", *arguments, cwd=folder, env=known)


def test_flags_and_answers_files_win_over_the_users_defaults_and_these_over_the_questions(tmp_path: Path) -> None:
    write_files(tmp_path, {"answers.yml": "ci: none\nlicense: Apache-2.0\n"})
    done = new(tmp_path, f"{DEFAULTS}ci: github\n", "--answers", "answers.yml", "--metrics")
    answers = json.loads(done.stdout)["answers"]
    assert (answers["security_contact"], answers["license"]) == ("security@example.com", "Apache-2.0")
    assert (answers["ci"], answers["metrics"]) == ("none", True)


def test_the_result_names_what_came_from_the_file(tmp_path: Path) -> None:
    done = new(tmp_path, DEFAULTS, "--license", "Apache-2.0")
    notes = json.loads(done.stdout)["notes"]
    assert notes == [f"From {tmp_path}/settings/scaffold/defaults.yml: security_contact, metrics."]


@pytest.mark.parametrize(
    ("flags", "variables"), [(["--no-user-defaults"], {}), ([], {"SCAFFOLD_NO_USER_DEFAULTS": "1"})]
)
def test_they_can_be_switched_off(tmp_path: Path, flags: list[str], variables: dict[str, str]) -> None:
    done = new(tmp_path, "broken: [", "--security-contact", "a@example.com", *flags, **variables)
    assert done.returncode == 0
    assert json.loads(done.stdout)["answers"]["license"] == "UNLICENSED"


@pytest.mark.parametrize(
    ("defaults", "told"),
    [
        ("license: GPL", "license"),
        ("licence: MIT", "licence"),
        ("license: 7", "license"),
        ("a: [", "line 1"),
        ("- license", "no mapping"),
        ("license: MIT\nlicense: MIT", "twice"),
        ("x" * 70_000, "larger than 64 KiB"),
    ],
)
def test_a_broken_file_is_named_with_its_mistakes(tmp_path: Path, defaults: str, told: str) -> None:
    done = new(tmp_path, defaults, "--security-contact", "a@example.com")
    assert done.returncode == 2
    error = json.loads(done.stdout)["error"]
    assert error["code"] == "defaults-unusable"
    assert str(tmp_path / "settings/scaffold/defaults.yml") in error["message"]
    assert told in error["message"] + "".join(problem["question"] for problem in error["problems"])
    assert "--no-user-defaults" in error["next_step"]


def test_something_else_than_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "settings/scaffold/defaults.yml").mkdir(parents=True)
    known = environment(XDG_CONFIG_HOME=str(tmp_path / "settings"))
    done = scaffold("new", "shop", "--security-contact", "a@example.com", cwd=tmp_path, env=known)
    assert done.returncode == 2
    assert "no plain file" in done.stderr


def test_another_template_takes_only_the_answers_to_its_questions(tmp_path: Path) -> None:
    template = small_template(tmp_path / "t", "license: {type: str, default: none}\n", a__jinja="{{ license }}")
    done = new(tmp_path, DEFAULTS, "--template", template.folder)
    assert done.returncode == 0, done.stdout
    assert json.loads(done.stdout)["answers"] == {"license": "MIT"}
