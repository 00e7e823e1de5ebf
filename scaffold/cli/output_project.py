"""Text and JSON about updates: what one would do, and what it did."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.cli.output_parts import entry_fields as _entries
from scaffold.cli.output_parts import file_lines as _files
from scaffold.cli.output_parts import news_lines as _news
from scaffold.text import shown
from scaffold.update.npm_lockfile import MANUAL_COMMAND

if TYPE_CHECKING:
    from scaffold.cli.output import Line
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
    lines += _news(plan.entries)
    for kind, heading in _KINDS.items():
        lines += _files(heading, [change.path for change in joined.changes if change.kind == kind], "")
    stays = "older release without them, refused" if plan.is_downgrade else "no longer shipped, but stay"
    lines += _files(f"{stays} (a database that has run a migration needs it)", plan.kept, "yellow")
    lines += _files("deleted by you, changed by the template: stay deleted", joined.kept_deleted, "")
    lines += _files("in conflict: both sides will be in the file", [c.path for c in joined.conflicts], "yellow")
    lines += _files("EDITED BY YOU and no longer shipped", joined.removed_edited, "bold red")
    lines += _files("IN THE WAY of new files, not in git", plan.in_the_way, "bold red")
    lines += _files("answers to questions that were removed", plan.dropped, "")
    lines += _files("settings that .env lacks", plan.missing_settings, "yellow")
    return [*lines, *_files("settings with a new example value: compare your .env", plan.changed_settings, "yellow")]


def updated(result: UpdateResult) -> list[Line]:
    """Return what an update did and what is left to do."""
    if not result.applied:
        return _added_settings(result)
    plan = result.plan
    done = f"Updated to {plan.to_version}. The changes are staged, not committed."
    lines: list[Line] = [("", ""), (done, "bold green"), *_added_settings(result)]
    steps = []
    if plan.joined.conflicts:
        steps.append("solve the conflicts (`git diff` shows them), then `git add` each file")
    if result.lockfile_confirmed is False:
        steps.append(
            f"{MANUAL_COMMAND}   # npm has not seen the joined lockfile yet: {shown(result.lockfile_problem, 500)}"
        )
    if plan.missing_settings and not result.settings_added:
        steps.append(f"set {', '.join(plan.missing_settings)} in .env (or run again with --add-settings)")
    steps += ["npm ci && npm run check", f"git commit -m 'Update the template to {plan.to_version}'"]
    return [*lines, ("", ""), ("Next:", "bold"), *((f"  {step}", "cyan") for step in steps)]


def plan_fields(plan: UpdatePlan, *, dry_run: bool) -> dict[str, object]:
    """Return the fields of a plan."""
    joined = plan.joined
    by_kind = {kind: [c.path for c in joined.changes if c.kind == kind] for kind in _KINDS}
    return {
        "command": "update",
        "dry_run": dry_run,
        "path": str(plan.project.folder),
        "from": plan.project.version,
        "to": plan.to_version,
        "up_to_date": plan.is_empty,
        "answers": plan.answers,
        "dropped_answers": list(plan.dropped),
        "files": {
            **by_kind,
            "conflicts": [conflict.path for conflict in joined.conflicts],
            "edited_no_longer_shipped": list(joined.removed_edited),
            "kept_deleted": list(joined.kept_deleted),
            "kept_shipped": list(plan.kept),
            "in_the_way": list(plan.in_the_way),
        },
        "would_be_refused": list(plan.refusals),
        "changelog": _entries(plan.entries),
        "missing_settings": list(plan.missing_settings),
        "changed_settings": list(plan.changed_settings),
        "check_lockfile": plan.check_lockfile,
    }


def update_fields(result: UpdateResult) -> dict[str, object]:
    """Return the fields of an update."""
    fields = plan_fields(result.plan, dry_run=False)
    return {
        **fields,
        "applied": result.applied,
        "settings_added": list(result.settings_added),
        "lockfile_confirmed": result.lockfile_confirmed,
        "lockfile_problem": result.lockfile_problem,
    }


def _added_settings(result: UpdateResult) -> list[Line]:
    if not result.settings_added:
        return []
    return [(f"Added to .env: {', '.join(result.settings_added)}.", "green")]
