"""Everything that can go wrong for a user: one exception, one code per mistake, one next step."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

# Exit codes of the command; 69 and above follow sysexits(3).
WRONG_USAGE = 2
REFUSED = 4
TEMPLATE_UNAVAILABLE = 69
UNEXPECTED = 70
CANNOT_WRITE = 73
NOT_UNDONE = 74
_NAMED = 5


class ScaffoldError(Exception):
    """A failure a user can act on.

    Attributes:
        code: stable name of the mistake, for scripts.
        sentence: what is wrong, in one sentence.
        next_step: what to do about it.
        exit_code: exit code of the command.
        problems: the single mistakes in the answers, if there are any.
    """

    problems: tuple[AnswerProblem, ...] = ()

    def __init__(self, code: str, sentence: str, next_step: str, exit_code: int) -> None:
        """Keep the parts apart, so that text and JSON can be made of them."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.next_step = next_step
        self.exit_code = exit_code


@dataclass(frozen=True)
class AnswerProblem:
    """One mistake in the answers.

    Attributes:
        question: name of the question, as in `copier.yml`.
        flag: the flag that answers it; empty when there is no such question.
        problem: what is wrong with the answer.
        allowed: the values that would be accepted; empty when any text that fits would be.
        suggestion: the value or name that was probably meant.
    """

    question: str
    flag: str
    problem: str
    allowed: tuple[str, ...] = ()
    suggestion: str | None = None


class AnswerErrors(ScaffoldError):  # noqa: N818 - it carries many
    """Every mistake in the answers at once."""

    def __init__(self, problems: Sequence[AnswerProblem]) -> None:
        """Take the mistakes in the order in which the questions are asked."""
        count = f"{len(problems)} answers are" if len(problems) > 1 else "One answer is"
        super().__init__(
            "answers-invalid",
            f"{count} missing or wrong; nothing was written.",
            "Give each answer with its flag or in a file with --answers; --defaults fills in the rest. "
            "`scaffold questions` explains them all.",
            WRONG_USAGE,
        )
        self.problems = tuple(problems)


class NotUndoneError(ScaffoldError):
    """An update failed, and what it had changed could not all be put back."""

    def __init__(self, changed: Sequence[str], saved: Path | None) -> None:
        """Name what is not as it was, and where its content of before lies (None where nothing was copied)."""
        more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
        where = f" Their content of before is in {saved}." if saved else ""
        super().__init__(
            "update-not-undone",
            f"The update failed, and these are not as they were: {', '.join(changed[:_NAMED])}{more}.{where}",
            "Mend what is in the way (disk, permissions), then run `scaffold update` again: it puts them back first."
            if saved
            else "Look at `git status` and at what is in the way (disk, a filter), then run `scaffold update` again.",
            NOT_UNDONE,
        )


class Interrupted(KeyboardInterrupt):
    """The user or the system asked the command to stop."""

    def __init__(self, signal_number: int = signal.SIGINT) -> None:
        """Remember the signal: a shell expects it in the exit code."""
        super().__init__("interrupted")
        self.exit_code = 128 + signal_number


def wrong_usage(sentence: str, next_step: str = "`scaffold --help` lists the commands.") -> ScaffoldError:
    """Build the error for a command line that makes no sense."""
    return ScaffoldError("usage", sentence, next_step, WRONG_USAGE)


def answers_unreadable(source: str, reason: str) -> ScaffoldError:
    """Build the error for an answers file that is no plain mapping of names to values."""
    return ScaffoldError(
        "answers-unreadable",
        f"The answers in {source} cannot be used: {reason}.",
        "Write one `name: value` a line (YAML) or one JSON object; `scaffold questions --json-schema` describes it.",
        WRONG_USAGE,
    )


def destination_not_empty(folder: Path, entries: Sequence[str], more: int) -> ScaffoldError:
    """Build the error for a destination that holds somebody's work."""
    named = ", ".join(entries) + (f" and {more} more" if more else "")
    return ScaffoldError(
        "destination-not-empty",
        f"{folder} is not empty: it holds {named}.",
        "Choose another folder, or empty this one yourself.",
        REFUSED,
    )


def destination_not_a_folder(path: Path) -> ScaffoldError:
    """Build the error for a destination, or a parent of it, that is a file."""
    return ScaffoldError(
        "destination-not-a-folder",
        f"{path} exists and is not a folder.",
        "Choose another destination.",
        REFUSED,
    )


def cannot_write(folder: Path, reason: str) -> ScaffoldError:
    """Build the error for a disk that is full, read-only or not ours."""
    return ScaffoldError(
        "cannot-write",
        f"The project cannot be written in {folder}: {reason}. Nothing was left behind.",
        "Check free space and permissions there, or choose another folder.",
        CANNOT_WRITE,
    )


def template_unavailable(address: str, reason: str) -> ScaffoldError:
    """Build the error for a template that cannot be fetched or found."""
    return ScaffoldError(
        "template-unavailable",
        f"The template {address} cannot be had: {reason.rstrip('.')}.",
        "Check --template and --ref; the template that comes with Scaffold needs neither.",
        TEMPLATE_UNAVAILABLE,
    )


def template_broken(address: str, reason: str) -> ScaffoldError:
    """Build the error for a template with a mistake of its own."""
    return ScaffoldError(
        "template-broken",
        f"The template {address} cannot be rendered: {reason.rstrip('.')}.",
        "Report this to whoever maintains the template.",
        TEMPLATE_UNAVAILABLE,
    )


def template_runs_code(address: str, features: Sequence[str]) -> ScaffoldError:
    """Build the error for a template that wants to run programs on this machine."""
    return ScaffoldError(
        "template-runs-code",
        f"The template {address} wants to run code on this machine ({', '.join(features)}).",
        "Scaffold never runs code of a template. If you have read it and trust it, use `copier copy --trust`.",
        TEMPLATE_UNAVAILABLE,
    )


def template_leaves_project(address: str, links: Sequence[str]) -> ScaffoldError:
    """Build the error for a template with links to files outside of the project."""
    return ScaffoldError(
        "template-leaves-project",
        f"The template {address} has links that lead out of the project ({', '.join(links)}).",
        "Report this to whoever maintains the template.",
        TEMPLATE_UNAVAILABLE,
    )


def template_too_slow(address: str, what: str, seconds: float, variable: str) -> ScaffoldError:
    """Build the error for a template that was stopped because it took too long."""
    return ScaffoldError(
        "template-too-slow",
        f"The template {address} was stopped: {what} took longer than {seconds:g} seconds.",
        f"Check the address and the network. If the template is good and slow, set {variable} to more seconds.",
        TEMPLATE_UNAVAILABLE,
    )


def template_too_large(address: str, limit: str) -> ScaffoldError:
    """Build the error for a template that was stopped because it took too much memory or disk."""
    return ScaffoldError(
        "template-too-large",
        f"The template {address} was stopped: {limit}.",
        "Report this to whoever maintains the template. If you have read it and trust it, use `copier copy`.",
        TEMPLATE_UNAVAILABLE,
    )


def interrupted(interruption: Interrupted) -> ScaffoldError:
    """Build the report of an interruption."""
    return ScaffoldError(
        "interrupted",
        "Interrupted; nothing was left behind.",
        "Run the command again when you are ready.",
        interruption.exit_code,
    )


def unexpected(exception: BaseException) -> ScaffoldError:
    """Build the error for a mistake of ours."""
    return ScaffoldError(
        "unexpected",
        f"Scaffold failed in a way it should not: {type(exception).__name__}: {exception}",
        "Please report this with the output of the same command under SCAFFOLD_DEBUG=1.",
        UNEXPECTED,
    )
