"""Everything that can go wrong for a user: one exception, one code per mistake, one next step.

Every code is in `CODES`, every exit code in `ExitCode`. The help, `docs/reference/commands.md` and the tests are
made from these two. Each function below builds the error for one mistake.
"""

from __future__ import annotations

import signal
from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Literal, NamedTuple, Self

from scaffold.text import listed, shown

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class ExitCode(IntEnum):
    """Exit codes of the command; 69 and above follow sysexits(3).

    Attributes:
        meaning: what it means, for `scaffold --help`.
        details: what a script should know besides; may be empty.
    """

    meaning: str
    details: str

    DONE = 0, "done"
    UPDATE_WAITING = 1, "an update waits (--exit-code)", "only `scaffold status` ends with it"
    WRONG_USAGE = 2, "wrong usage or answers", "nothing was written"
    CONFLICTS = 3, "the update left conflicts", "they are marked in the files"
    REFUSED = 4, "refused to protect your work", "for example uncommitted changes, or a folder that is not empty"
    TEMPLATE_UNUSABLE = 69, "the template cannot be used", "it is not available, is broken or reached a limit"
    UNEXPECTED = 70, "a bug in Scaffold", "`SCAFFOLD_DEBUG=1` shows where"
    CANNOT_WRITE = 73, "the project cannot be written", "the disk is full, or permissions are missing"
    NOT_UNDONE = 74, "a failed update is not fully undone", "the message names the files and their copies"
    INTERRUPTED = 130, "interrupted", "128 + the number of the signal"

    def __new__(cls, number: int, meaning: str, details: str = "") -> Self:
        """Make a number that knows what it means."""
        code = int.__new__(cls, number)
        code._value_ = number
        code.meaning, code.details = meaning, details
        return code


class Code(NamedTuple):
    """What a code stands for: the exit code it ends with, and when it is raised."""

    exit_code: ExitCode
    meaning: str


# The one error that cannot be printed as JSON on standard output.
OUTPUT_UNWRITABLE = "output-unwritable"

CODES = {
    "usage": Code(ExitCode.WRONG_USAGE, "the command line is wrong"),
    "answers-invalid": Code(ExitCode.WRONG_USAGE, "answers are missing or wrong; `problems` lists each"),
    "answers-unreadable": Code(ExitCode.WRONG_USAGE, "the file of `--answers` cannot be used"),
    "defaults-unusable": Code(ExitCode.WRONG_USAGE, "your own file of defaults cannot be used; `problems` lists why"),
    "not-a-project": Code(ExitCode.WRONG_USAGE, "the folder has no `.copier-answers.yml`"),
    "not-in-catalogue": Code(ExitCode.WRONG_USAGE, "the project is made from a template that has no catalogue here"),
    "project-unreadable": Code(ExitCode.WRONG_USAGE, "the project's `.copier-answers.yml` cannot be used"),
    "trust-unreadable": Code(ExitCode.WRONG_USAGE, "the list of addresses you agreed to cannot be used"),
    "version-unknown": Code(ExitCode.WRONG_USAGE, "the template has no release the project was made from"),
    "release-unknown": Code(ExitCode.WRONG_USAGE, "there is no release that `--ref` names"),
    "template-older": Code(ExitCode.WRONG_USAGE, "the project is newer than every release known here"),
    "destination-not-empty": Code(ExitCode.REFUSED, "the folder for a new project holds files"),
    "destination-not-a-folder": Code(ExitCode.REFUSED, "the path for a new project, or a parent of it, is a file"),
    "no-git": Code(ExitCode.REFUSED, "git is not installed"),
    "no-repository": Code(ExitCode.REFUSED, "the project is in no git repository that can be used"),
    "no-commit": Code(ExitCode.REFUSED, "the project was never committed"),
    "dirty-tree": Code(ExitCode.REFUSED, "the project has uncommitted changes"),
    "git-at-work": Code(ExitCode.REFUSED, "a merge, rebase or the like is not finished in the repository"),
    "hidden-edits": Code(ExitCode.REFUSED, "you edited a file that git was told to overlook"),
    "downgrade": Code(ExitCode.REFUSED, "`--ref` names an older release than the project's"),
    "edited-files-would-go": Code(ExitCode.REFUSED, "the new release no longer ships files that you edited"),
    "kept-files-would-go": Code(ExitCode.REFUSED, "an older release lacks files that must stay, such as migrations"),
    "environment-file-unusable": Code(ExitCode.REFUSED, "`--add-settings` cannot add to `.env`"),
    "update-refused": Code(ExitCode.REFUSED, "a file is in the way, or git or one of its filters refused"),
    "branch-refused": Code(ExitCode.REFUSED, "the branch of `--branch` exists, or cannot be made"),
    "commit-failed": Code(ExitCode.REFUSED, "the update is staged, and git or a hook refused `--commit`"),
    "nothing-to-abort": Code(ExitCode.REFUSED, "`--abort` finds no update that is not committed"),
    "edited-since-update": Code(ExitCode.REFUSED, "`--abort` would lose edits that were made after the update"),
    "update-running": Code(ExitCode.REFUSED, "another update is running in the repository"),
    "update-unfinished": Code(ExitCode.REFUSED, "an update was interrupted and has to be put back first"),
    "address-not-trusted": Code(ExitCode.REFUSED, "the project names a template address you have not agreed to"),
    "template-unavailable": Code(ExitCode.TEMPLATE_UNUSABLE, "the template cannot be fetched or found"),
    "template-broken": Code(ExitCode.TEMPLATE_UNUSABLE, "the template has a mistake of its own"),
    "template-runs-code": Code(ExitCode.TEMPLATE_UNUSABLE, "the template would run programs on this machine"),
    "template-leaves-project": Code(ExitCode.TEMPLATE_UNUSABLE, "the template has links that leave the project"),
    "template-too-slow": Code(ExitCode.TEMPLATE_UNUSABLE, "the template reached a time limit"),
    "template-too-large": Code(ExitCode.TEMPLATE_UNUSABLE, "the template reached a limit of memory or disk"),
    "unexpected": Code(ExitCode.UNEXPECTED, "a bug in Scaffold"),
    "cannot-write": Code(ExitCode.CANNOT_WRITE, "the disk is full or read-only, or the folder is not yours"),
    OUTPUT_UNWRITABLE: Code(ExitCode.CANNOT_WRITE, "standard output cannot be written"),
    "trust-not-written": Code(ExitCode.CANNOT_WRITE, "the list of addresses you agreed to cannot be written"),
    "update-not-undone": Code(ExitCode.NOT_UNDONE, "an update failed, and some files could not be put back"),
    "interrupted": Code(ExitCode.INTERRUPTED, "Ctrl-C, or a signal that ends the command"),
}


class ScaffoldError(Exception):
    """A failure a user can act on.

    Attributes:
        code: stable name of the mistake, for scripts; one of `CODES`.
        sentence: what is wrong, in one sentence.
        next_step: what to do about it.
        exit_code: exit code of the command.
        problems: the single mistakes in the answers, if there are any.
    """

    problems: tuple[AnswerProblem, ...] = ()

    def __init__(self, code: str, sentence: str, next_step: str, exit_code: int | None = None) -> None:
        """Keep the parts apart, so that text and JSON can be made of them."""
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence
        self.next_step = next_step
        self.exit_code = int(CODES[code].exit_code if exit_code is None else exit_code)


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
            "Give each answer with its flag, or in a file with --answers. `scaffold questions` explains them all.",
        )
        self.problems = tuple(problems)


class NotUndoneError(ScaffoldError):
    """An update failed, and what it had changed could not all be put back."""

    def __init__(self, changed: Sequence[str], saved: Path | None) -> None:
        """Name what is not as it was, and where its content of before lies (None where nothing was copied)."""
        where = f" Their content of before is in {saved}." if saved else ""
        super().__init__(
            "update-not-undone",
            f"The update failed, and these are not as they were: {listed(changed)}.{where}",
            "Repair the cause (disk, permissions), then run `scaffold update` again: it puts them back first."
            if saved
            else "Look at `git status` and at the cause (disk, a filter), then run `scaffold update` again.",
        )


class Interrupted(KeyboardInterrupt):
    """The user or the system asked the command to stop."""

    def __init__(self, signal_number: int = signal.SIGINT) -> None:
        """Remember the signal: a shell expects it in the exit code."""
        super().__init__("interrupted")
        self.exit_code = 128 + signal_number


# The command itself.


def wrong_usage(sentence: str, next_step: str = "`scaffold --help` lists the commands.") -> ScaffoldError:
    """The command line is wrong."""
    return ScaffoldError("usage", sentence, next_step)


def interrupted(interruption: Interrupted) -> ScaffoldError:
    """The command was interrupted and has tidied up."""
    return ScaffoldError(
        "interrupted",
        "Interrupted; nothing was left behind.",
        "Run the command again when you are ready.",
        interruption.exit_code,
    )


def unexpected(exception: BaseException) -> ScaffoldError:
    """Scaffold has a bug."""
    return ScaffoldError(
        "unexpected",
        f"Scaffold failed because of a bug: {type(exception).__name__}: {exception}",
        "Please report this with the output of the same command under SCAFFOLD_DEBUG=1.",
    )


def disk_failed(reason: str) -> ScaffoldError:
    """A file cannot be read or written, and no other error says what that means for the command."""
    return ScaffoldError(
        "cannot-write",
        f"A file cannot be read or written: {reason}.",
        "Check free space and permissions of the project, its git folder and the folder for temporary files.",
    )


def output_unwritable(error: OSError) -> ScaffoldError:
    """Standard output cannot be written: a full disk behind `>`, for example."""
    return ScaffoldError(
        OUTPUT_UNWRITABLE,
        f"Standard output cannot be written: {error.strerror or error}.",
        "Look at `git status` to see what the command has done, then run it again with another output.",
    )


# Answers, and the folder of a new project.


def answers_unreadable(source: str, reason: str) -> ScaffoldError:
    """An answers file is not a plain mapping of names to values."""
    return ScaffoldError(
        "answers-unreadable",
        f"The answers in {source} cannot be used: {reason}.",
        "Write one `name: value` a line (YAML) or one JSON object; `scaffold questions --json-schema` describes it.",
    )


def defaults_unusable(source: str, reason: str, problems: Sequence[AnswerProblem] = ()) -> ScaffoldError:
    """The user's own file of defaults cannot be used."""
    error = ScaffoldError(
        "defaults-unusable",
        f"Your defaults in {source} cannot be used: {reason}.",
        "Correct the file; --no-user-defaults ignores it. `scaffold questions` lists the names and values.",
    )
    error.problems = tuple(problems)
    return error


def destination_not_empty(folder: Path, entries: Sequence[str]) -> ScaffoldError:
    """The destination holds somebody's work."""
    return ScaffoldError(
        "destination-not-empty",
        f"{folder} is not empty: it holds {listed(entries)}.",
        "Choose another folder, or move these away. .git, .gitignore, README, LICENSE and the like may stay.",
    )


def destination_not_a_folder(path: Path) -> ScaffoldError:
    """The destination, or a parent of it, is a file."""
    return ScaffoldError(
        "destination-not-a-folder",
        f"{path} exists and is not a folder.",
        "Choose another destination.",
    )


def cannot_create(folder: Path, reason: str) -> ScaffoldError:
    """A new project cannot be written: the disk is full or read-only, or the folder is not the user's."""
    return ScaffoldError(
        "cannot-write",
        f"The project cannot be written in {folder}: {reason}. Nothing was left behind.",
        "Check free space and permissions there, or choose another folder.",
    )


# Templates.


def template_unavailable(address: str, reason: str) -> ScaffoldError:
    """The template cannot be fetched or found."""
    return ScaffoldError(
        "template-unavailable",
        f"The template {address} is not available: {reason.rstrip('.')}.",
        "Check --template and --ref; the template that comes with Scaffold needs neither.",
    )


def template_broken(address: str, reason: str) -> ScaffoldError:
    """The template has a mistake of its own."""
    return ScaffoldError(
        "template-broken",
        f"The template {address} cannot be rendered: {reason.rstrip('.')}.",
        "Report this to whoever maintains the template.",
    )


def template_runs_code(address: str, features: Sequence[str]) -> ScaffoldError:
    """The template would run programs on this machine."""
    return ScaffoldError(
        "template-runs-code",
        f"The template {address} would run code on this machine ({', '.join(features)}).",
        "Scaffold never runs code of a template. If you have read it and trust it, use `copier copy --trust`.",
    )


def template_leaves_project(address: str, links: Sequence[str]) -> ScaffoldError:
    """The template has links to files outside of the project."""
    return ScaffoldError(
        "template-leaves-project",
        f"The template {address} has links that lead out of the project ({', '.join(links)}).",
        "Report this to whoever maintains the template.",
    )


def template_too_slow(address: str, what: str, seconds: float, variable: str) -> ScaffoldError:
    """The template was stopped because it took too long."""
    return ScaffoldError(
        "template-too-slow",
        f"The template {address} was stopped: {what} took longer than {seconds:g} seconds.",
        f"Check the address and the network. If the template is good and slow, set {variable} to more seconds.",
    )


def template_too_large(address: str, limit: str) -> ScaffoldError:
    """The template was stopped because it took too much memory or disk."""
    return ScaffoldError(
        "template-too-large",
        f"The template {address} was stopped: {limit}.",
        "Report this to whoever maintains the template. If you have read it and trust it, use `copier copy`.",
    )


def version_unknown(version: str) -> ScaffoldError:
    """The template has no release that the project was made from."""
    return ScaffoldError(
        "version-unknown",
        f"The project was made from {version}, which this template does not know.",
        "Update Scaffold (`pip install -U`), or name the template with --template.",
    )


def release_unknown(ref: str, newest: Sequence[str]) -> ScaffoldError:
    """There is no release of that name."""
    return ScaffoldError("release-unknown", f"There is no release {ref}.", f"The newest ones are: {', '.join(newest)}.")


def no_releases(version: str, address: str) -> ScaffoldError:
    """The project was made from a release of a template whose repository has no tags (any more)."""
    return ScaffoldError(
        "version-unknown",
        f"The project was made from {version}, and the repository of the template ({address}) has no tags.",
        "Bring the tags of its releases there (`git fetch --tags` in a clone, `git push --tags` to a server), "
        "or name another repository with --template.",
    )


def template_older(version: str, newest: str, address: str = "") -> ScaffoldError:
    """The project is newer than every release known here; `address` is empty for the template of this package."""
    ours = "Update Scaffold: `pip install -U scaffold-express`."
    others = f"Push the tag of the newer release to {address}, or name another repository with --template."
    return ScaffoldError(
        "template-older",
        f"The project is on {version}, and the releases known here end with v{newest}.",
        others if address else ours,
    )


# Addresses that the user has agreed to.


def address_not_trusted(address: str, place: str, quoted: str) -> ScaffoldError:
    """A project names a template address that the user has not agreed to."""
    return ScaffoldError(
        "address-not-trusted",
        f"The project names a template at {address} ({place}), and you have not agreed yet to contact it.",
        f"If you know it: `scaffold trust {quoted}` once for all, or --trust-address {quoted} for this command.",
    )


def trust_unreadable(path: Path | None, error: Exception) -> ScaffoldError:
    """The list of addresses that the user agreed to cannot be used."""
    reason = getattr(error, "strerror", None) or str(error)
    return ScaffoldError(
        "trust-unreadable",
        f"{path}, which lists the template addresses you agreed to, cannot be used: {reason}.",
        "Correct or delete that file, or name the address with --trust-address or --template.",
    )


def trust_not_written(path: Path | None) -> ScaffoldError:
    """The list of addresses that the user agreed to cannot be written."""
    return ScaffoldError(
        "trust-not-written",
        f"{path or 'A file in your home folder'} cannot be written.",
        "Use --trust-address, or set XDG_CONFIG_HOME to a folder that can be written.",
    )


# Projects that exist.


def not_a_project(folder: Path, record: str) -> ScaffoldError:
    """The folder has no record of a template and its answers."""
    return ScaffoldError(
        "not-a-project",
        f"{folder} is not a Scaffold or Copier project: it has no {record}.",
        "Name the folder of a project: `scaffold update PROJECT`.",
    )


def not_in_catalogue(folder: Path, address: str) -> ScaffoldError:
    """The catalogue of controls describes another template than the project's."""
    return ScaffoldError(
        "not-in-catalogue",
        f"{folder} is made from the template {shown(address, 500)}, and the catalogue describes only the template that "
        "comes with Scaffold.",
        "Read docs/security-controls.md of the project. In another folder `scaffold controls` lists the catalogue.",
    )


def project_unreadable(path: Path, reason: str) -> ScaffoldError:
    """The record of a project cannot be used."""
    return ScaffoldError(
        "project-unreadable",
        f"{path} cannot be used: {reason}.",
        f"Restore it from git: `git checkout HEAD -- {path.name}`.",
    )


def recorded_answers_wrong(path: Path, problems: Sequence[AnswerProblem]) -> ScaffoldError:
    """The record of a project holds answers that its template refuses."""
    error = ScaffoldError(
        "project-unreadable",
        f"{path} holds answers that the template does not accept: {listed([one.question for one in problems])}.",
        f"Correct them there, or restore the file: `git checkout HEAD -- {path.name}`.",
    )
    error.problems = tuple(problems)
    return error


def no_git() -> ScaffoldError:
    """Git is not installed."""
    return ScaffoldError("no-git", "There is no git on this machine.", "Install git, then try again.")


def no_repository(folder: Path, reason: Exception) -> ScaffoldError:
    """The project is in no git repository that can be used."""
    return ScaffoldError(
        "no-repository",
        f"{folder} is not in a git repository that can be used: {reason}.",
        "Run `git init && git add . && git commit -m Start` there first.",
    )


def no_commit(record: str) -> ScaffoldError:
    """The project was never committed."""
    return ScaffoldError(
        "no-commit",
        f"{record} is not committed, so the update could not be undone.",
        "Commit the project first.",
    )


def dirty_tree(changed: Sequence[str]) -> ScaffoldError:
    """The project has uncommitted changes."""
    return ScaffoldError(
        "dirty-tree",
        f"There are uncommitted changes: {listed(changed)}.",
        "Commit them or put them aside with `git stash`, then try again.",
    )


def environment_file_unusable(target: Path, error: OSError, example: Path) -> ScaffoldError:
    """Settings cannot be added to `.env`."""
    return ScaffoldError(
        "environment-file-unusable",
        f"Settings cannot be added to {target}: {error.strerror or error}. Nothing was changed.",
        f"Run the update without --add-settings, then copy the new settings from {example} to where yours are.",
    )


# Updates.


def git_at_work(command: str, stop: str) -> ScaffoldError:
    """Git waits for its user to finish a merge or the like."""
    return ScaffoldError(
        "git-at-work",
        f"A `git {command}` is not finished in this repository; an update would become part of it.",
        f"Finish it, or end it with `git {command} {stop}`, then try again.",
    )


def edited_files_would_go(paths: Sequence[str]) -> ScaffoldError:
    """The new release no longer ships files that the owner edited."""
    return ScaffoldError(
        "edited-files-would-go",
        f"The new version no longer ships files that you edited: {', '.join(paths)}.",
        "Choose what becomes of them: --keep-edited or --remove-edited.",
    )


def downgrade_refused(version: str, older: str) -> ScaffoldError:
    """`--ref` names an older release than the project's."""
    return ScaffoldError(
        "downgrade",
        f"{older} is older than {version}, the project's release: its fixes would be taken back.",
        "If you want that: --downgrade. To go back to before the last update: `git revert` of its commit.",
    )


def kept_files_would_go(version: str, names: Sequence[str]) -> ScaffoldError:
    """An older release lacks files that have to stay."""
    return ScaffoldError(
        "kept-files-would-go",
        f"{version} is older than the project and lacks files that stay once they shipped: {', '.join(names)}. "
        "A database that has run a migration refuses to start without it.",
        "Stay on the newer release. If you have undone them in every database, --remove-kept goes back all the same.",
    )


def update_refused(
    reason: object, outcome: str, next_step: str, code: Literal["update-refused", "hidden-edits"] = "update-refused"
) -> ScaffoldError:
    """Something is in the way of an update; `outcome` says what became of the project."""
    return ScaffoldError(code, f"The update was refused: {reason}. {outcome}", next_step)


def git_refused(reason: object, outcome: str) -> ScaffoldError:
    """Git, or a filter of the project, refused an update."""
    return ScaffoldError(
        "update-refused", f"Git refused the update: {reason}. {outcome}", "Repair what git names, then try again."
    )


def cannot_update(reason: str, outcome: str) -> ScaffoldError:
    """An update cannot be written: the disk is full or read-only, or a file is not the user's."""
    return ScaffoldError(
        "cannot-write",
        f"The update cannot be written: {reason}. {outcome}",
        "Check free space and permissions of the project and of its git folder, then try again.",
    )


def branch_refused(name: str, reason: str) -> ScaffoldError:
    """The branch that `--branch` names cannot be made."""
    return ScaffoldError(
        "branch-refused",
        f"The branch {shown(name)} cannot be made: {reason}. Nothing was changed.",
        "Choose another name for --branch.",
    )


def commit_failed(reason: str) -> ScaffoldError:
    """Git, or a hook, did not commit an update that is complete and staged."""
    return ScaffoldError(
        "commit-failed",
        f"The update is staged, and git did not commit it: {reason}",
        "Correct that and run `git commit`, or take the update back with `scaffold update --abort`.",
    )


def nothing_to_abort(reason: str) -> ScaffoldError:
    """There is no update that could be taken back."""
    return ScaffoldError(
        "nothing-to-abort",
        f"There is no update to take back: {reason}.",
        "`git revert` takes back an update that is committed.",
    )


def edited_since_update(paths: Sequence[str]) -> ScaffoldError:
    """Taking an update back would take the owner's later edits with it."""
    return ScaffoldError(
        "edited-since-update",
        f"These files were edited after the update: {listed(paths)}. Nothing was changed.",
        "Copy your edits to another place, then undo them: `git restore --source=HEAD FILE`, or delete a new file.",
    )


def update_running() -> ScaffoldError:
    """Another update is running in the repository."""
    return ScaffoldError(
        "update-running",
        "Another update is running in this repository.",
        "Look at `git status`, then try again.",
    )


def update_unfinished(folder: Path) -> ScaffoldError:
    """An update was interrupted; the next one puts the project back before it can be looked at."""
    return ScaffoldError(
        "update-unfinished",
        f"An update of {folder} was interrupted.",
        "Run `scaffold update` there: it puts the project back first.",
    )


def edited_since_interrupted(paths: Sequence[str]) -> ScaffoldError:
    """Files that an interrupted update had touched were edited before it was put back."""
    return ScaffoldError(
        "update-unfinished",
        f"A previous update was interrupted, and these files were edited afterwards: {listed(paths)}.",
        "Move each of them to another name, then try again: what was there before the update comes back.",
    )
