"""What a person decides about an update in a terminal, after looking as long as they like."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import click

from scaffold.cli import output_project
from scaffold.text import shown, visible

if TYPE_CHECKING:
    from scaffold.update.plan import Edited, UpdatePlan

_Look = Literal["list", "file"]


def decided(plan: UpdatePlan) -> UpdatePlan | None:
    """Ask what to do with a plan; None means nothing."""
    agreed = _downgrade_decided(plan)
    if agreed is None:
        return None
    edited = _looked(agreed, _edited_question() if _is_open(agreed) else _plain_question(agreed))
    if edited is None:
        return None
    return agreed if edited == agreed.edited else agreed.decided(edited)


def _is_open(plan: UpdatePlan) -> bool:
    return bool(plan.joined.removed_edited) and plan.edited == "refuse"


def _downgrade_decided(plan: UpdatePlan) -> UpdatePlan | None:
    """Let a person agree to an older release; Enter cancels."""
    if not plan.is_downgrade or plan.downgrade:
        return plan
    from scaffold.wizard.choose import choose

    agreed = choose(
        f"{shown(plan.to_version)} is OLDER than the project's release: its fixes would be taken back. Go back?",
        [(False, "cancel", "change nothing"), (True, "go back", "the older release, without those fixes")],
    )
    return replace(plan, downgrade=True) if agreed else None


_Question = tuple[str, list[tuple["Edited | None", str, str]]]


def _edited_question() -> _Question:
    return "Files that you edited are no longer shipped. What becomes of them?", [
        ("keep", "keep", "update, and keep them as your own"),
        ("remove", "remove", "update, and remove them with your edits"),
        (None, "cancel", "change nothing"),
    ]


def _plain_question(plan: UpdatePlan) -> _Question:
    return "Update the project?", [(plan.edited, "update", "stage these changes"), (None, "cancel", "change nothing")]


def _looked(plan: UpdatePlan, asked: _Question) -> Edited | None:
    """Ask until the answer is a decision; the last two choices only look."""
    from scaffold.wizard.choose import choose

    question, decisions = asked
    looks: list[tuple[_Look, str, str]] = [
        ("file", "look", "look at the changes of one file first"),
        ("list", "pages", "read the list above page by page first"),
    ]
    while True:
        options: list[tuple[Edited | _Look | None, str, str]] = [*decisions, *looks]
        chosen = choose(question, options)
        if chosen == "file":
            _look_at_one_file(plan)
        elif chosen == "list":
            click.echo_via_pager("".join(f"{text}\n" for text, _ in output_project.preview(plan)))
        else:
            return chosen


def _look_at_one_file(plan: UpdatePlan) -> None:
    from scaffold.wizard.choose import choose

    joined = plan.joined
    paths = sorted({change.path for change in joined.changes} | {conflict.path for conflict in joined.conflicts})
    path = choose("Which file?", [*((path, shown(path, 200), "") for path in paths), (None, "back", "")])
    if path is not None:
        # A file can hold sequences that repaint the terminal.
        click.echo_via_pager("".join(f"{visible(line)}\n" for line in plan.diff(path).split("\n")))
