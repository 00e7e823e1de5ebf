"""Bring a project to another release of its template, or to other answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import edited_files_would_go, kept_files_would_go
from scaffold.project import env_file
from scaffold.template.trust import Consent, agree
from scaffold.update import apply, npm_lockfile
from scaffold.update.plan import Edited, UpdatePlan, UpdateRequest, plan_update

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True)
class UpdateResult:
    """What an update did.

    Attributes:
        plan: the plan it followed.
        applied: whether the project was changed.
        settings_added: settings that were added to `.env`.
        lockfile_confirmed: whether npm has confirmed the joined lockfile; None when there was no need.
        lockfile_problem: why npm has not; empty when it has, or when there was no need.
    """

    plan: UpdatePlan
    applied: bool
    settings_added: tuple[str, ...] = ()
    lockfile_confirmed: bool | None = None
    lockfile_problem: str = ""


def execute(plan: UpdatePlan, *, add_settings: bool = False) -> UpdateResult:
    """Bring a plan into the project: all of it, or nothing.

    Args:
        plan: a plan, inside the context that made it.
        add_settings: append the settings that `.env` lacks, with fresh secrets.

    Raises:
        ScaffoldError: `edited-files-would-go`, `kept-files-would-go`, or what `apply` raises.
    """
    if plan.joined.removed_edited and plan.edited == "refuse":
        raise edited_files_would_go(plan.joined.removed_edited)
    if plan.kept and plan.is_downgrade:
        raise kept_files_would_go(plan.to_version, plan.kept)
    added = plan.missing_settings if add_settings else ()
    with env_file.adding_settings(plan.project.folder, plan.example, added):
        if not plan.is_empty:
            apply.apply_merge(plan.project.git, plan.joined)
    result = UpdateResult(plan, applied=not plan.is_empty, settings_added=added)
    if not plan.check_lockfile or plan.is_empty:
        return result
    problem = npm_lockfile.confirm(plan.project.git)
    return replace(result, lockfile_confirmed=problem is None, lockfile_problem=problem or "")


def update_project(  # noqa: PLR0913 - the options of the command, by name
    folder: str | os.PathLike[str],
    changes: Mapping[str, object] | None = None,
    *,
    ref: str | None = None,
    template: str | None = None,
    edited: Edited = "refuse",
    add_settings: bool = False,
    trust_addresses: Iterable[str] = (),
    remove_kept: bool = False,
) -> UpdateResult:
    """Update a project. Nothing is printed; on any failure but `update-not-undone` the project is as it was.

    Args:
        folder: the project, in a git repository without uncommitted changes.
        changes: answers to change, by name of the question. New questions take their defaults.
        ref: release to go to, for example `v0.2.0`. Default: the newest.
        template: git address of another template. Default: the one the project records.
        edited: what becomes of edited files that the template no longer ships: `refuse` the update,
            `keep` them or `remove` them.
        add_settings: append the settings that `.env` lacks, with fresh secrets.
        trust_addresses: addresses that may be contacted when the project names them. Those that the user
            has agreed to, and `template`, may be anyway.
        remove_kept: also remove files that otherwise stay once they shipped, such as migrations. Default: False.

    Returns:
        What was done; conflicts are in `plan.joined.conflicts`, marked in the index.

    Raises:
        ScaffoldError: with a stable `code`, a sentence and a next step.
    """
    request = UpdateRequest(
        Path(folder),
        changes or {},
        ref,
        template,
        defaults=True,
        edited=edited,
        consent=Consent(tuple(trust_addresses)),
        remove_kept=remove_kept,
    )
    with plan_update(request) as plan:
        result = execute(plan, add_settings=add_settings)
    if template and result.applied:
        agree(template)
    return result
