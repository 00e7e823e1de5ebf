"""Answers go on when a release renames or removes their question or their value, and the preview names each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.errors import ScaffoldError
from scaffold.template.source import builtin
from scaffold.update.plan import UpdateRequest, plan_update
from tests.support.command import scaffold
from tests.support.template_repository import History, commit, start, write

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.update.answers import SettledAnswers

STORE = "store: {type: str, choices: [memory, database], default: memory}\n"
LIMITS = "limits: {type: str, choices: [process, database], default: process}\n"


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = start(tmp_path / "template", STORE)
    history.release("v1.0.0", {"a.txt.jinja": "{{ store }}\n"})
    return history


def release(history: History, version: str, questions: str, *, shown: str = "limits") -> None:
    history.release(
        version, {"a.txt.jinja": f"{{{{ {shown} }}}}\n"}, copier__yml=f"_subdirectory: template\n{questions}"
    )


def planned(project: Path, **request: Any) -> SettledAnswers:
    with plan_update(UpdateRequest(project, defaults=True, dry_run=True, **request)) as plan:
        return plan.settled


def test_a_renamed_question_keeps_the_answer(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    release(history, "v1.1.0", f"_renamed: {{store: limits}}\n{LIMITS}")
    settled = planned(project)
    assert settled.answers == {"limits": "database"}
    assert [(one.old_question, one.question, one.value) for one in settled.renamed] == [("store", "limits", "database")]
    assert not settled.dropped
    assert not settled.defaulted


def test_a_renamed_value_goes_on_under_its_new_name_and_a_present_one_stays(history: History, tmp_path: Path) -> None:
    release(history, "v1.1.0", "_renamed: {store: limits}\n_renamed_values: {limits: {memory: process}}\n" + LIMITS)
    for old, new in (("memory", "process"), ("database", "database")):
        project = history.project(tmp_path / old, "v1.0.0", store=old)
        assert planned(project).answers == {"limits": new}


@pytest.mark.matrix
def test_two_renames_in_two_releases_are_followed_at_once_and_back(history: History, tmp_path: Path) -> None:
    release(
        history, "v1.1.0", f"_renamed: {{store: limits}}\n_renamed_values: {{limits: {{memory: process}}}}\n{LIMITS}"
    )
    last = "counts: {type: str, choices: [local, database], default: database}\n"
    renames = (
        "_renamed: {store: limits, limits: counts}\n_renamed_values: {counts: {memory: process, process: local}}\n"
    )
    release(history, "v1.2.0", renames + last, shown="counts")
    project = history.project(tmp_path / "project", "v1.0.0", store="memory")
    assert planned(project).answers == {"counts": "local"}
    newest = history.project(tmp_path / "newest", "v1.2.0", counts="local")
    assert planned(newest, ref="v1.0.0", downgrade=True).answers == {"store": "memory"}


@pytest.mark.matrix
def test_an_answer_recorded_under_the_present_name_wins(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    record = project / ".copier-answers.yml"
    record.write_text(record.read_text() + "limits: process\n")
    commit(project)
    release(history, "v1.1.0", f"_renamed: {{store: limits}}\n{LIMITS}")
    settled = planned(project)
    assert settled.answers == {"limits": "process"}
    assert settled.dropped == {"store": "database"}


def test_dropped_and_default_answers_are_shown_with_their_values(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    release(history, "v1.1.0", LIMITS)
    shown = " ".join(scaffold("update", "--defaults", "--dry-run", cwd=project).stdout.split())
    assert "new questions, answered with their default: limits: process" in shown
    assert "answers that no question asks for any more: store: database" in shown
    said = json.loads(scaffold("update", "--defaults", "--dry-run", "--json", cwd=project).stdout)["answer_changes"]
    assert (said["defaulted"], said["dropped"]) == ({"limits": "process"}, {"store": "database"})


def test_a_changed_answer_is_shown_with_what_the_template_says_about_it(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    release(history, "v1.1.0", f"_when_changed: {{store: The counts are lost.}}\n{STORE}", shown="store")
    settled = planned(project, changes={"store": "memory"})
    assert [(one.old_value, one.value, one.note) for one in settled.changed] == [
        ("database", "memory", "The counts are lost.")
    ]
    shown = scaffold("update", "--defaults", "--dry-run", "--store", "memory", cwd=project).stdout
    assert "store: database -> memory\n    The counts are lost.\n" in shown


@pytest.mark.parametrize(
    "setting", ["_renamed: [a]", "_renamed_values: {a: b}", "_renamed_values: [a]", "_renamed_values: {a: {b: [c]}}"]
)
def test_renames_of_another_shape_are_a_mistake_of_the_template(history: History, tmp_path: Path, setting: str) -> None:
    project = history.project(tmp_path / "project", "v1.0.0")
    release(history, "v1.1.0", f"{setting}\n{STORE}", shown="store")
    with pytest.raises(ScaffoldError, match=setting.partition(":")[0]):
        planned(project)


def test_a_circle_of_renames_ends(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    release(history, "v1.1.0", f"_renamed: {{store: shop, shop: store}}\n{LIMITS}")
    assert planned(project).dropped == {"store": "database"}


def test_our_own_notes_and_renames_name_questions_that_exist() -> None:
    template = builtin()
    names = {question.name for question in template.questionnaire().questions}
    assert set(template.mapping("when_changed", "questions")) <= names
    assert set(template.mapping("renamed", "questions").values()) <= names


def test_an_update_to_another_database_names_the_command_that_moves_the_rows() -> None:
    assert "`npm run copy-data`" in builtin().mapping("when_changed", "questions")["database"]


@pytest.mark.matrix
def test_the_record_has_the_new_name_after_the_update(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    write(project, {"mine.txt": "mine\n"})
    commit(project)
    release(history, "v1.1.0", f"_renamed: {{store: limits}}\n{LIMITS}")
    assert scaffold("update", "--yes", cwd=project).returncode == 0
    assert "limits: database" in (project / ".copier-answers.yml").read_text()
    assert (project / "a.txt").read_text() == "database\n"
