"""Text and JSON about where projects stand, and about what differs in one."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

from scaffold.cli.output import failure_fields
from scaffold.cli.output_parts import entry_fields, file_lines, news_lines
from scaffold.inspect.status import Failure, Status
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaffold.cli.output import Line
    from scaffold.git.difference import Difference


def one_status(status: Status) -> list[Line]:
    """Return where a project stands, with all that is known about it."""
    lines = [_headline(status), *news_lines(status.waiting.entries)]
    answers = status.project.answers.items()
    lines.append(("  answers: " + ", ".join(f"{name} {shown(value)}" for name, value in answers), ""))
    lines += _edits(status)
    return [*lines, ("  next: scaffold update --dry-run", "cyan")] if status.waiting.behind else lines


def statuses(found: Sequence[Status | Failure]) -> list[Line]:
    """Return where many projects stand: one line for each, what failed last, and how many there are of each kind."""
    stand = [one for one in found if isinstance(one, Status)]
    failures = [one for one in found if isinstance(one, Failure)]
    lines: list[Line] = []
    for status in stand:
        lines += [_headline(status), *_edits(status)]
    for failure in failures:
        lines.append((f"{shown(str(failure.folder), 500)}: {shown(failure.error.sentence, 2000)}", "bold red"))
        lines += [(f"  {problem.question}: {problem.problem}", "") for problem in failure.error.problems]
        lines.append((f"  next: {failure.error.next_step}", "cyan"))
    return [*lines, _summary(stand, len(failures))]


def status_fields(found: Sequence[Status | Failure]) -> dict[str, object]:
    """Return the fields of all projects in `projects`; those of a single one are repeated beside it."""
    projects = [_fields(one) for one in found]
    single = projects[0] if len(projects) == 1 else {}
    return {"command": "status", **single, "projects": projects}


def difference_fields(difference: Difference) -> dict[str, object]:
    """Return the fields of what differs."""
    return {"files": [asdict(file) for file in difference.files], "diff": difference.text}


def _headline(status: Status) -> Line:
    waiting, text = status.waiting, "up to date"
    if waiting.behind:
        text = f"{waiting.behind} release{'s' if waiting.behind > 1 else ''} behind {waiting.newest}"
        text += ", with a security fix" if status.security else ""
    if status.unfinished:
        text += "; an update was interrupted: `scaffold update` restores the project"
    style = "bold red" if status.security or status.unfinished else "yellow" if waiting.behind else "green"
    return f"{shown(str(status.project.folder), 500)}: {status.project.version}, {text}", style


def _edits(status: Status) -> list[Line]:
    if status.edits is None:
        return []
    changed = file_lines("edited since rendering", status.edits.changed, "")
    return changed + file_lines("deleted since rendering", status.edits.deleted, "")


def _summary(stand: Sequence[Status], failures: int) -> Line:
    behind = sum(status.waiting.behind > 0 for status in stand)
    security = sum(status.security for status in stand)
    total = len(stand) + failures
    text = f"{total} projects: {behind} behind ({security} with a security fix), {len(stand) - behind} up to date"
    return f"{text}, {failures} failed", "bold"


def _fields(found: Status | Failure) -> dict[str, object]:
    if isinstance(found, Failure):
        return {"path": str(found.folder), **failure_fields(found.error)}
    answers = found.project.answers.items()
    return {
        "path": str(found.project.folder),
        "template_version": found.project.version,
        "newest": found.waiting.newest,
        "behind": found.waiting.behind,
        "security": found.security,
        "changelog": entry_fields(found.waiting.entries),
        "answers": {name: value if isinstance(value, str | bool) else shown(value) for name, value in answers},
        "edited": None if found.edits is None else list(found.edits.changed),
        "deleted": None if found.edits is None else list(found.edits.deleted),
        "unfinished_update": found.unfinished,
    }
