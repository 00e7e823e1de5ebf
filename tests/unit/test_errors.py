"""Every mistake has one code, one sentence and a next step; every code is documented and raised somewhere."""

from __future__ import annotations

import ast
import inspect
import pickle
import re
import signal
from pathlib import Path

import pytest

from scaffold import errors
from scaffold.errors import CODES, ExitCode, ScaffoldError

PACKAGE = Path(errors.__file__).parent
REFERENCE = PACKAGE.parent / "docs" / "reference" / "commands.md"
URL, HERE = "https://example.com/t.git", Path("here")
EVERY_ERROR = {
    "wrong_usage": errors.wrong_usage("DEST is missing."),
    "interrupted": errors.interrupted(errors.Interrupted()),
    "unexpected": errors.unexpected(RuntimeError("no idea")),
    "disk_failed": errors.disk_failed("No space left on device"),
    "output_unwritable": errors.output_unwritable(OSError("odd")),
    "answers_unreadable": errors.answers_unreadable("answers.yml", "it is no mapping"),
    "defaults_unusable": errors.defaults_unusable("defaults.yml", "it is no mapping"),
    "destination_not_empty": errors.destination_not_empty(HERE, ["a", "b"]),
    "destination_not_a_folder": errors.destination_not_a_folder(HERE),
    "cannot_create": errors.cannot_create(HERE, "No space left on device"),
    "template_unavailable": errors.template_unavailable(URL, "not found"),
    "template_broken": errors.template_broken(URL, "odd"),
    "template_runs_code": errors.template_runs_code(URL, ["_tasks"]),
    "template_leaves_project": errors.template_leaves_project(URL, ["link"]),
    "template_too_slow": errors.template_too_slow(URL, "rendering it", 60, "SCAFFOLD_RENDER_SECONDS"),
    "template_too_large": errors.template_too_large(URL, "it is too large"),
    "version_unknown": errors.version_unknown("abc1234"),
    "release_unknown": errors.release_unknown("v9", ["0.1.0", "0.2.0"]),
    "no_releases": errors.no_releases("v1.0.0", URL),
    "template_older (of others)": errors.template_older("v9", "0.2.0", URL),
    "template_older": errors.template_older("v9", "0.2.0"),
    "address_not_trusted": errors.address_not_trusted(URL, "the host example.com", URL),
    "trust_unreadable": errors.trust_unreadable(HERE, OSError("odd")),
    "trust_not_written": errors.trust_not_written(None),
    "not_a_project": errors.not_a_project(HERE, ".copier-answers.yml"),
    "project_unreadable": errors.project_unreadable(HERE, "it is a link"),
    "recorded_answers_wrong": errors.recorded_answers_wrong(HERE, [errors.AnswerProblem("database", "", "no")]),
    "not_in_catalogue": errors.not_in_catalogue(HERE, URL),
    "no_git": errors.no_git(),
    "no_repository": errors.no_repository(HERE, OSError("odd")),
    "no_commit": errors.no_commit(".copier-answers.yml"),
    "dirty_tree": errors.dirty_tree(["a", "b"]),
    "environment_file_unusable": errors.environment_file_unusable(HERE, OSError("odd"), HERE),
    "git_at_work": errors.git_at_work("merge", "--abort"),
    "downgrade_refused": errors.downgrade_refused("v0.2.0", "v0.1.0"),
    "branch_refused": errors.branch_refused("update", "it exists"),
    "commit_failed": errors.commit_failed("the hook said no"),
    "nothing_to_abort": errors.nothing_to_abort("none is known"),
    "edited_since_update": errors.edited_since_update(["a", "b"]),
    "edited_files_would_go": errors.edited_files_would_go(["a"]),
    "kept_files_would_go": errors.kept_files_would_go("v0.1.0", ["a"]),
    "update_refused": errors.update_refused("a is in the way", "Nothing was changed.", "Move it."),
    "update_refused (hidden)": errors.update_refused("a was edited", "Nothing was changed.", "See.", "hidden-edits"),
    "git_refused": errors.git_refused("it failed", "Nothing was changed."),
    "cannot_update": errors.cannot_update("No space left on device", "Nothing was changed."),
    "update_running": errors.update_running(),
    "update_unfinished": errors.update_unfinished(HERE),
    "edited_since_interrupted": errors.edited_since_interrupted(["a", "b"]),
    "NotUndoneError": errors.NotUndoneError(["a.txt", "b.txt"], Path("saved")),
    "AnswerErrors": errors.AnswerErrors([errors.AnswerProblem("database", "--database", "there is no such value")]),
}


def builders() -> set[str]:
    """Return the names in `scaffold.errors` that build an error."""
    functions = {
        name for name, it in inspect.getmembers(errors, inspect.isfunction) if it.__module__ == errors.__name__
    }
    classes = {kind.__name__ for kind in ScaffoldError.__subclasses__()}
    return functions | classes


def names_used_outside() -> set[str]:
    """Return every name that a module other than `scaffold.errors` reads."""
    modules = [path for path in PACKAGE.rglob("*.py") if path.name != "errors.py"]
    nodes = [node for path in modules for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))]
    return {node.id for node in nodes if isinstance(node, ast.Name)}


@pytest.mark.parametrize("error", EVERY_ERROR.values(), ids=EVERY_ERROR)
def test_an_error_states_what_is_wrong_and_what_to_do(error: ScaffoldError) -> None:
    assert str(error) == error.sentence
    assert error.sentence[0].isupper() or error.sentence.startswith(("here", ".copier-answers.yml", "v0."))
    assert error.next_step.rstrip().endswith((".", "`", "SCAFFOLD_DEBUG=1."))
    assert error.exit_code == CODES[error.code].exit_code


def test_every_builder_of_an_error_is_tried_here_and_used_by_another_module() -> None:
    assert {name.partition(" ")[0] for name in EVERY_ERROR} == builders()
    assert builders() <= names_used_outside()


def test_every_code_is_built_and_every_built_code_is_listed() -> None:
    assert {error.code for error in EVERY_ERROR.values()} == CODES.keys()


def test_codes_are_written_in_one_file() -> None:
    elsewhere = [path for path in PACKAGE.rglob("*.py") if path.name != "errors.py"]
    assert not [path for path in elsewhere if re.search(r"ScaffoldError\(\s*[\"']", path.read_text(encoding="utf-8"))]


def test_every_code_and_exit_code_is_documented() -> None:
    text = REFERENCE.read_text(encoding="utf-8")
    assert not [
        name for name, code in CODES.items() if f"| `{name}` | {code.exit_code:d} | {code.meaning} |" not in text
    ]
    assert not [code for code in ExitCode if f"| {code:d} | {code.meaning}" not in text]


def test_an_exit_code_is_a_number_that_survives_pickling() -> None:
    assert pickle.loads(pickle.dumps(ExitCode.REFUSED)) is ExitCode.REFUSED  # noqa: S301 - made here
    assert [code.value for code in ExitCode] == [0, 1, 2, 3, 4, 69, 70, 73, 74, 130]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interruption_exits_as_shells_expect(number: int, code: int) -> None:
    assert errors.Interrupted(number).exit_code == code
    assert errors.interrupted(errors.Interrupted(number)).exit_code == code


def test_an_interruption_is_not_caught_as_an_ordinary_exception() -> None:
    assert not issubclass(errors.Interrupted, Exception)
