"""Every mistake has one code, one sentence and a next step."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from scaffold import errors

EVERY_ERROR = [
    errors.wrong_usage("DEST is missing."),
    errors.answers_unreadable("answers.yml", "it is no mapping"),
    errors.destination_not_empty(Path("here"), ["a", "b"], 3),
    errors.destination_not_a_folder(Path("here")),
    errors.cannot_write(Path("here"), "No space left on device"),
    errors.template_unavailable("https://example.com/t.git", "not found"),
    errors.template_broken("https://example.com/t.git", "odd"),
    errors.template_too_slow("https://example.com/t.git", "rendering it", 60, "SCAFFOLD_RENDER_SECONDS"),
    errors.template_too_large("https://example.com/t.git", "it is too large"),
    errors.template_runs_code("https://example.com/t.git", ["_tasks"]),
    errors.NotUndoneError(["a.txt", "b.txt"], Path("saved")),
    errors.interrupted(errors.Interrupted()),
    errors.unexpected(RuntimeError("no idea")),
    errors.AnswerErrors([errors.AnswerProblem("database", "--database", "there is no such value")]),
]


@pytest.mark.parametrize("error", EVERY_ERROR, ids=lambda error: error.code)
def test_an_error_states_what_is_wrong_and_what_to_do(error: errors.ScaffoldError) -> None:
    assert str(error) == error.sentence
    assert error.code == error.code.lower()
    assert error.next_step.rstrip().endswith((".", "`", "SCAFFOLD_DEBUG=1."))
    assert error.exit_code in {2, 4, 69, 70, 73, 74, 130}


def test_codes_are_not_shared() -> None:
    codes = [error.code for error in EVERY_ERROR]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_exits_as_shells_expect(number: int, code: int) -> None:
    assert errors.Interrupted(number).exit_code == code


def test_an_interruption_is_not_caught_as_an_ordinary_exception() -> None:
    assert not issubclass(errors.Interrupted, Exception)
