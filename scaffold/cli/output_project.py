"""Text and JSON about updates: what one would do, and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.cli.output_parts import entry_fields as _entries
from scaffold.cli.output_parts import file_lines as _files
from scaffold.cli.output_parts import news_lines as _news
from scaffold.text import shown
from scaffold.update.npm_lockfile import MANUAL_COMMAND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from scaffold.cli.output import Line
    from scaffold.errors import ScaffoldError
    from scaffold.update.answers import SettledAnswers
    from scaffold.update.plan import UpdatePlan
    from scaffold.update.update import UpdateResult

_KINDS = {
    "added": "new files",
    "changed": "changed, untouched by you",
    "merged": "changed, merged with your edits",
    "moved": "renamed, with your edits",
    "followed": "yours, importing what was moved: the imports follow",
    "removed": "removed, untouched by you",
}


def preview(plan: UpdatePlan) -> list[Line]:
    """Return what an update would do, what is dangerous last."""
    if plan.is_empty:
        return [(f"{plan.project.folder} is up to date ({plan.to_version}).", "green")]
    joined = plan.joined
    lines: list[Line] = [(f"{plan.project.version} -> {plan.to_version}  {plan.project.folder}", "bold")]
    if plan.is_downgrade:
        lines.append(("  AN OLDER RELEASE: these changes would be taken back", "bold red"))
    lines += _news(plan.entries)
    for kind, heading in _KINDS.items():
        lines += _files(heading, [change.path for change in joined.changes if change.kind == kind], "")
    stays = "older release without them, refused" if plan.is_downgrade else "no longer shipped, but stay"
    lines += _files(f"{stays} (a database that has run a migration needs it)", plan.kept, "yellow")
    lines += _files("deleted by you, changed by the template: stay deleted", joined.kept_deleted, "")
    lines += _files("in conflict: both sides will be in the file", [c.path for c in joined.conflicts], "yellow")
    lines += _files("EDITED BY YOU and no longer shipped", joined.removed_edited, "bold red")
    lines += _files("IN THE WAY of new files, not in git", plan.in_the_way, "bold red")
    lines += _answers(plan.settled)
    lines += _files("settings that .env lacks", plan.missing_settings, "yellow")
    return [*lines, *_files("settings with a new example value: compare your .env", plan.changed_settings, "yellow")]


def _answers(settled: SettledAnswers) -> list[Line]:
    """Return every answer that is not as it was recorded, with its values."""
    changed = [f"{one.question}: {shown(one.old_value)} -> {shown(one.value)}" for one in settled.changed]
    renamed = [
        f"{one.old_question}: {shown(one.old_value)} -> {one.question}: {shown(one.value)}" for one in settled.renamed
    ]
    defaulted = [f"{name}: {shown(value)}" for name, value in settled.defaulted.items()]
    dropped = [f"{name}: {shown(value)}" for name, value in settled.dropped.items()]
    return [
        *_files("answers that change", changed, "yellow"),
        *((f"    {shown(one.note, 500)}", "bold yellow") for one in settled.changed if one.note),
        *_files("answers under a new name", renamed, ""),
        *_files("new questions, answered with their default", defaulted, "yellow"),
        *_files("answers that no question asks for any more", dropped, "yellow"),
    ]


def updated(result: UpdateResult) -> list[Line]:
    """Return what an update did and what is left to do."""
    if not result.applied:
        return _added_settings(result)
    plan = result.plan
    where = f" on the new branch {shown(result.branch, 200)}" if result.branch else ""
    what = f"committed{where}" if result.commit else f"staged{where}, not committed"
    done = f"Updated to {plan.to_version}. The changes are {what}."
    lines: list[Line] = [("", ""), (done, "bold green"), *_added_settings(result)]
    steps = []
    if plan.joined.conflicts:
        steps.append("solve the conflicts (`git diff` shows them), then `git add` each file")
    if result.lockfile_confirmed is False:
        steps.append(
            f"{MANUAL_COMMAND}   # npm has not seen the joined lockfile yet: {shown(result.lockfile_problem, 500)}"
        )
    if plan.missing_settings and not result.settings_added:
        steps.append(f"set {', '.join(plan.missing_settings)} in .env, or: scaffold update --add-settings")
    steps.append("npm ci && npm run check")
    if not result.commit:
        steps.append(f"git commit -m 'Update the template to {plan.to_version}'")
        steps.append("or take it all back: scaffold update --abort")
    return [*lines, ("", ""), ("Next:", "bold"), *((f"  {step}", "cyan") for step in steps)]


def plan_fields(plan: UpdatePlan, *, refusals: Sequence[ScaffoldError] | None = None) -> dict[str, object]:
    """Return the fields of a plan.

    Args:
        plan: what would change, or was changed.
        refusals: the errors with which carrying it out would end; None for a plan that was carried out.
    """
    joined = plan.joined
    by_kind = {kind: [c.path for c in joined.changes if c.kind == kind] for kind in _KINDS}
    return {
        "command": "update",
        "dry_run": refusals is not None,
        "path": str(plan.project.folder),
        "from": plan.project.version,
        "to": plan.to_version,
        "up_to_date": plan.is_empty,
        "answers": plan.answers,
        "dropped_answers": list(plan.dropped),
        "answer_changes": _answer_fields(plan.settled),
        "downgrade": plan.is_downgrade,
        "files": {
            **by_kind,
            "conflicts": [conflict.path for conflict in joined.conflicts],
            "edited_no_longer_shipped": list(joined.removed_edited),
            "kept_deleted": list(joined.kept_deleted),
            "kept_shipped": list(plan.kept),
            "in_the_way": list(plan.in_the_way),
        },
        "would_be_refused": [one.code for one in refusals or ()],
        "refusals": [_error_fields(one) for one in refusals or ()],
        "changelog": _entries(plan.entries),
        "missing_settings": list(plan.missing_settings),
        "changed_settings": list(plan.changed_settings),
        "check_lockfile": plan.check_lockfile,
    }


def update_fields(result: UpdateResult) -> dict[str, object]:
    """Return the fields of an update."""
    fields = plan_fields(result.plan)
    return {
        **fields,
        "applied": result.applied,
        "branch": result.branch,
        "commit": result.commit,
        "settings_added": list(result.settings_added),
        "lockfile_confirmed": result.lockfile_confirmed,
        "lockfile_problem": result.lockfile_problem,
    }


def _answer_fields(settled: SettledAnswers) -> dict[str, object]:
    return {
        "changed": [
            {"question": c.question, "from": _plain(c.old_value), "to": c.value, "note": c.note}
            for c in settled.changed
        ],
        "renamed": [
            {"from": r.old_question, "from_value": _plain(r.old_value), "to": r.question, "to_value": _plain(r.value)}
            for r in settled.renamed
        ],
        "defaulted": dict(settled.defaulted),
        "dropped": {name: _plain(value) for name, value in settled.dropped.items()},
    }


def _plain(value: object) -> str | bool:
    """Return a recorded value as JSON can hold it: a record may hold anything that YAML can."""
    return value if isinstance(value, (str, bool)) else shown(value)


def _error_fields(failure: ScaffoldError) -> dict[str, str]:
    return {"code": failure.code, "message": failure.sentence, "next_step": failure.next_step}


def _added_settings(result: UpdateResult) -> list[Line]:
    if not result.settings_added:
        return []
    return [(f"Added to .env: {', '.join(result.settings_added)}.", "green")]
