"""Results and failures as text and as JSON."""

from __future__ import annotations

import io
import json
from pathlib import Path

from scaffold.cli import output
from scaffold.errors import AnswerErrors, AnswerProblem, wrong_usage
from scaffold.new.create import CreateResult, ProjectFile
from scaffold.new.first_commit import GitResult

RESULT = CreateResult(
    path=Path("/srv/my-api"),
    dry_run=False,
    answers={"project_name": "my-api", "security_contact": "security@example.com"},
    files=(ProjectFile(".env", 10), ProjectFile("README.md", 7), ProjectFile("package.json", 20)),
    template_address="https://example.com/t.git",
    template_version="v1.0.0",
    git=GitResult(repository=True, commit="0123456789"),
    notes=("Mind the gap.",),
)


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def text(lines: list[output.Line]) -> str:
    stream = io.StringIO()
    output.write(lines, stream)
    return stream.getvalue()


def test_a_created_project_comes_with_next_steps() -> None:
    written = text(output.created(RESULT, "my api"))
    assert written.startswith(
        "Created /srv/my-api: 3 files, template v1.0.0, first commit 0123456\nNote: Mind the gap.\n"
    )
    assert "  cd 'my api'\n  npm ci\n  npm run dev\n" in written
    assert "security.txt names security@example.com." in written


def test_a_dry_run_lists_every_file_with_its_size() -> None:
    dry = CreateResult(RESULT.path, True, RESULT.answers, RESULT.files, "https://example.com/t.git", "v1.0.0")  # noqa: FBT003
    lines = text(output.created(dry, "my-api")).splitlines()
    assert lines[:3] == ["       10  .env", "        7  README.md", "       20  package.json"]
    assert lines[3].endswith("37 bytes. Nothing was written.")


def test_json_carries_its_version_and_every_field() -> None:
    stream = io.StringIO()
    output.write_json(output.created_fields(RESULT), stream)
    written = json.loads(stream.getvalue())
    assert written["version"] == 1
    assert written["command"] == "new"
    assert written["files"][0] == {"path": ".env", "size": 10}
    assert written["git"] == {"repository": True, "commit": "0123456789"}
    assert written["notes"] == ["Mind the gap."]


def test_a_failure_lists_every_problem() -> None:
    problems = [
        AnswerProblem("database", "--database", "'orcale': there is no such value", ("sqlite", "postgres"), "postgres"),
        AnswerProblem("contact", "--contact", "no answer was given. A contact"),
    ]
    written = text(output.failed(AnswerErrors(problems)))
    assert (
        "--database\n      'orcale': there is no such value. Did you mean postgres? Allowed: sqlite, postgres.\n"
        in written
    )
    assert "--contact\n      no answer was given. A contact.\n" in written
    fields = output.failure_fields(AnswerErrors(problems))
    assert json.loads(json.dumps(fields))["error"]["problems"][0]["suggestion"] == "postgres"


def test_nothing_can_steer_the_readers_terminal() -> None:
    written = text(output.failed(wrong_usage("\x1b]0;owned\x07 [red]not markup[/red]")))
    assert "\x1b" not in written
    assert "[red]not markup[/red]" in written


def test_a_terminal_gets_colours_and_no_markup_of_others() -> None:
    stream = Terminal()
    output.write([("[bold]file[/bold] :smile:", "red")], stream)
    assert "[bold]file[/bold] :smile:" in stream.getvalue()


def test_a_missing_stream_is_no_mistake() -> None:
    output.write([("text", "")], None)
    output.write_json({}, None)
