"""Bring a project to another release of its template, or to other answers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import ScaffoldError
from scaffold.files.staging import deferrable_signals, scratch
from scaffold.git.tree import Blob, with_blobs
from scaffold.project import env_file
from scaffold.project.record import repository_of
from scaffold.template.trust import Consent, agree
from scaffold.update import abort, apply, npm_lockfile
from scaffold.update.branch import commit_update, new_branch, require_branch, require_nothing_staged
from scaffold.update.plan import Edited, UpdatePlan, UpdateRequest, plan_update

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable, Mapping

    from scaffold.git.run import Git


@dataclass(frozen=True)
class UpdateResult:
    """What an update did.

    Attributes:
        plan: the plan it followed.
        applied: whether the project was changed.
        settings_added: settings that were added to `.env`.
        lockfile_confirmed: whether npm has confirmed the joined lockfile; None when there was no need.
        lockfile_problem: why npm has not; empty when it has, or when there was no need.
        branch: the branch that was made for it; empty without one.
        commit: id of its commit; empty when it is only staged.
    """

    plan: UpdatePlan
    applied: bool
    settings_added: tuple[str, ...] = ()
    lockfile_confirmed: bool | None = None
    lockfile_problem: str = ""
    branch: str = ""
    commit: str = ""


@dataclass(frozen=True)
class UpdateOptions:
    """What to do besides bringing a plan into the project's files and index.

    Attributes:
        add_settings: append the settings that `.env` lacks, with fresh secrets.
        branch: make a branch of this name for it; None stays on the present one.
        commit: commit the result if there are no conflicts.
    """

    add_settings: bool = False
    branch: str | None = None
    commit: bool = False


def execute(plan: UpdatePlan, options: UpdateOptions | None = None) -> UpdateResult:
    """Bring a plan into the project: all of it, or nothing, also when it is interrupted before the end.

    Args:
        plan: a plan, inside the context that made it.
        options: what to do besides. Default: nothing.

    Raises:
        ScaffoldError: what is forbidden in the plan, or what `apply` raises; `branch-refused`. `commit-failed`: the
            update is staged and not committed.
    """
    options = options or UpdateOptions()
    git = plan.project.git
    if plan.is_empty:
        added = plan.missing_settings if options.add_settings else ()
        with env_file.adding_settings(plan.project.folder, plan.example, added):
            return UpdateResult(plan, applied=False, settings_added=added)
    if plan.forbidden:
        raise plan.forbidden[0]
    _require_possible(plan, options)
    with abort.taken_back_if_interrupted(git):
        result = _applied(plan, options, git)
        return _committed(result, git) if options.commit else result


def _applied(plan: UpdatePlan, options: UpdateOptions, git: Git) -> UpdateResult:
    """Bring a plan into the project, and write down how it can be taken back."""
    added = plan.missing_settings if options.add_settings else ()
    branch = options.branch or ""
    with deferrable_signals() as defer:
        with (
            env_file.adding_settings(plan.project.folder, plan.example, added),
            new_branch(git, options.branch) as previous,
        ):
            head, target = git.output("rev-parse", "HEAD"), apply.apply_merge(git, plan.joined, defer)
        lacking = [name for name in plan.missing_settings if name not in added]
        applied = abort.Applied(head, target, plan.to_version, branch, previous, lacking)
        abort.remember(git, applied)
    result = _confirmed(UpdateResult(plan, applied=True, settings_added=added, branch=branch), git)
    if result.lockfile_confirmed:
        abort.remember(git, replace(applied, target=_with_lockfile(git, target)))
    return result


def add_settings(folder: Path) -> tuple[str, ...] | None:
    """Append to `.env` what it lacks since the last update, which is not committed yet; None if there is none.

    Raises:
        ScaffoldError: `not-a-project`, `no-git`, `no-repository` or `environment-file-unusable`.
    """
    git = repository_of(folder)
    applied = abort.applied_to(git)
    if applied is None or git.output("rev-parse", "HEAD:./") == _staged_tree(git):
        return None
    lacking = env_file.missing_settings(folder, None, folder)
    names = tuple(name for name in lacking if name in applied.missing_settings)
    with env_file.adding_settings(folder, env_file.text_of_example(folder), names):
        return names


def _staged_tree(git: Git) -> str:
    """Return the tree of the project's staged files; empty while there are conflicts."""
    prefix = git.prefix()
    return git.run("write-tree", *((f"--prefix={prefix}",) if prefix else ()), check=False).stdout.decode().strip()


def refusals(plan: UpdatePlan, options: UpdateOptions) -> tuple[ScaffoldError, ...]:
    """Return the errors with which carrying a plan out would end, as far as looking can tell; nothing is changed."""
    if plan.is_empty:
        return ()
    try:
        _require_possible(plan, options)
    except ScaffoldError as refusal:
        return (*plan.refusals, refusal)
    return plan.refusals


def _require_possible(plan: UpdatePlan, options: UpdateOptions) -> None:
    """Check that the branch can be made, and that a commit would hold no other changes.

    Raises:
        ScaffoldError: `branch-refused` or `dirty-tree`.
    """
    if options.branch is not None:
        require_branch(plan.project.git, options.branch)
    if options.commit:
        require_nothing_staged(plan.project.git)


def _confirmed(result: UpdateResult, git: Git) -> UpdateResult:
    if not result.plan.check_lockfile:
        return result
    problem = npm_lockfile.confirm(git)
    return replace(result, lockfile_confirmed=problem is None, lockfile_problem=problem or "")


def _with_lockfile(git: Git, target: str) -> str:
    """Return a tree with the lockfile that npm has confirmed and staged."""
    staged = git.output("ls-files", "--stage", "--full-name", "-z", "--", npm_lockfile.LOCKFILE)
    described, path = staged.rstrip("\0").split("\t", 1)
    mode, object_id, _ = described.split()
    with scratch() as work:
        return with_blobs(git.top(), target, {path: Blob(mode, object_id)}, work / "index")


def _committed(result: UpdateResult, git: Git) -> UpdateResult:
    """Commit an update without conflicts; one that is committed is taken back by git, not by us."""
    if result.plan.joined.conflicts:
        return result
    commit = commit_update(git, result.plan.to_version)
    abort.remember(git, None)
    return replace(result, commit=commit)


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
    downgrade: bool = False,
    branch: str | None = None,
    commit: bool = False,
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
        downgrade: `ref` may name an older release than the project's. Default: False.
        branch: make a branch of this name for the update. Default: stay on the present one.
        commit: commit the update if there are no conflicts; hooks run. Default: False.

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
        downgrade=downgrade,
    )
    with plan_update(request) as plan:
        result = execute(plan, UpdateOptions(add_settings, branch, commit))
    if template and result.applied:
        agree(template)
    return result
