"""The command line as a whole: quick to answer, quiet about what is not the user's business."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from scaffold.cli import _failure
from scaffold.cli.program import COMMANDS
from scaffold.errors import NotUndoneError
from scaffold.git.run import GitError
from scaffold.template.source import version
from tests.support.command import COMPLETE, environment, scaffold
from tests.support.prepared import SCAFFOLD

SLOW = ("copier", "jinja2", "yaml", "rich", "questionary", "prompt_toolkit", "pydantic", "plumbum", "subprocess")


@pytest.mark.parametrize("arguments", [["--help"], ["--version"]])
def test_help_waits_for_no_library_it_does_not_need(arguments: list[str]) -> None:
    program = f"import sys; from scaffold.cli import main; main({arguments!r}); print(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert not set(SLOW) & set(done.stderr.split())


def test_help_names_every_command_and_exit_code(tmp_path: Path) -> None:
    done = scaffold("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert all(f"  {name} " in done.stdout for name in COMMANDS)
    assert all(f"  {code} " in done.stdout for code in (0, 1, 2, 3, 4, 69, 70, 73, 130))


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(tmp_path: Path, name: str) -> None:
    done = scaffold(name, "--help", cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.startswith(f"Usage: scaffold {name}")
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_help_of_new_shows_every_question_with_its_values(tmp_path: Path) -> None:
    text = " ".join(scaffold("new", "--help", cwd=tmp_path).stdout.split())
    assert "--database sqlite|postgres" in text
    assert "--metrics / --no-metrics" in text
    assert "--rate-limit-store memory|database" in text
    assert "--security-contact TEXT" in text


def test_the_version_is_printed(tmp_path: Path) -> None:
    assert scaffold("--version", cwd=tmp_path).stdout == f"scaffold {version()}\n"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["nwe"], "Did you mean new?"),
        (["new"], "DEST is missing."),
        (["new", "a", "b"], "unexpected extra argument"),
        (["new", "a", "-x"], "-x"),
        (["new", "a", "--answers"], "--answers"),
        (["new", "a", "--database"], "`scaffold new --help`"),
        (["new", "a", "--metrics=maybe"], "Allowed: true, false."),
        (["--unknown"], "--unknown"),
        (["questions", "--nothing"], "--nothing"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_sentence_and_a_next_step(tmp_path: Path, arguments: list[str], expected: str) -> None:
    done = scaffold(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert expected in done.stderr
    assert "\nNext: " in done.stderr
    assert done.stdout == ""
    assert list(tmp_path.iterdir()) == []


def test_the_questions_are_explained(tmp_path: Path) -> None:
    done = scaffold("questions", cwd=tmp_path)
    assert "security_contact  (--security-contact; required)" in done.stdout
    assert "database  (--database; default: sqlite)" in done.stdout


def test_the_questions_are_a_json_schema(tmp_path: Path) -> None:
    schema = json.loads(scaffold("questions", "--json-schema", cwd=tmp_path).stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


BROKEN = "import scaffold.template.source\nscaffold.template.source.builtin = lambda: 1 / 0\n"


@pytest.mark.parametrize("debug", ["", "1"])
def test_a_mistake_of_ours_is_no_traceback_unless_asked_for(tmp_path: Path, debug: str) -> None:
    program = f"{BROKEN}import sys\nfrom scaffold.cli import main\nsys.exit(main(['new', 'p']))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(SCAFFOLD_DEBUG=debug),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 70
    assert "ZeroDivisionError: division by zero" in done.stderr
    assert ("Traceback" in done.stderr) == (debug == "1")
    assert "SCAFFOLD_DEBUG=1" in done.stderr


TWISTED = """
import os, signal, sys
import scaffold.template.source
def interrupted():
    try:
        os.kill(os.getpid(), signal.SIGTERM)
    except BaseException:
        raise RuntimeError("half imported") from None
scaffold.template.source.builtin = interrupted
from scaffold.cli import main
sys.exit(main(["new", "p"]))
"""


def test_an_interruption_that_a_library_turns_into_an_error_is_still_one(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", TWISTED], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 143
    assert done.stderr.startswith("Error: Interrupted")


def test_an_interrupted_update_that_left_something_behind_does_not_say_that_it_did_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("scaffold.cli._received", [2])
    failure = _failure(NotUndoneError(["a.txt"], None))
    assert (failure.code, failure.exit_code) == ("update-not-undone", 74)
    assert "nothing was left behind" not in failure.sentence


def test_a_reader_that_goes_away_is_no_mistake(tmp_path: Path) -> None:
    command = f"set -o pipefail; {' '.join(SCAFFOLD)} questions | true"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode in {0, 141}
    assert done.stderr == ""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_do_no_harm(tmp_path: Path, closed: str) -> None:
    command = f"{' '.join(SCAFFOLD)} new p {' '.join(COMPLETE)} --no-git {closed}"
    done = subprocess.run(["bash", "-c", command], cwd=tmp_path, env=environment(), capture_output=True, check=False)
    assert done.returncode == 0
    assert (tmp_path / "p" / "package.json").is_file()


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("scaffold ", "questions"),
        ("scaffold new --data", "--database"),
        ("scaffold new my-api --database ", "postgres"),
        ("scaffold new --database p", "postgres"),
        ("scaffold new --no-me", "--no-metrics"),
        ("scaffold new --metrics ", "false"),
        ("scaffold update --data", "--database"),
        ("scaffold update . --ci ", "github"),
        ("scaffold update --no-me", "--no-metrics"),
        ("scaffold update --keep", "--keep-edited"),
        ("scaffold con", "controls"),
        ("scaffold controls --unc", "--uncovered"),
        ("scaffold controls --by ", "practice"),
        ("scaffold controls --database p", "postgres"),
        ("scaffold controls --no-me", "--no-metrics"),
    ],
)
def test_completion_offers_commands_questions_and_values(tmp_path: Path, shell: str, words: str, expected: str) -> None:
    parts = words.split(" ")
    variables = {"_SCAFFOLD_COMPLETE": f"{shell}_complete", "COMP_WORDS": words, "COMP_CWORD": str(len(parts) - 1)}
    if shell == "fish":
        variables["COMP_CWORD"] = parts[-1]
    program = f"import sys\nfrom scaffold.cli import main\nfor variables in {[variables]!r}: main([])"
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env=environment(**variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert expected in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_the_shell_is_printed(tmp_path: Path, shell: str) -> None:
    done = scaffold(cwd=tmp_path, env=environment(_SCAFFOLD_COMPLETE=f"{shell}_source"))
    assert "_SCAFFOLD_COMPLETE" in done.stdout


def test_the_command_alone_prints_the_help_and_fails(tmp_path: Path) -> None:
    done = scaffold(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == scaffold("--help", cwd=tmp_path).stdout


@pytest.mark.parametrize("command", ["questions", "new made --defaults --json --security-contact a@example.com"])
def test_an_output_that_cannot_be_written_is_named(tmp_path: Path, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*SCAFFOLD, *command.split()],
            cwd=tmp_path,
            env=environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert done.returncode == 73
    assert done.stderr.startswith(b"Error: Standard output cannot be written: No space left on device.")


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_a_disk_problem_that_nobody_expected_is_no_bug(number: int) -> None:
    failure = _failure(OSError(number, os.strerror(number), "here"))
    assert (failure.code, f"{os.strerror(number)} (here)" in failure.sentence) == ("cannot-write", True)
    assert _failure(GitError(f"unable to write file x: {os.strerror(number)}")).code == "cannot-write"
    assert _failure(OSError(errno.EINVAL, "odd")).code == "unexpected"
