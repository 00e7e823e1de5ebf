"""Takes an update back that is not committed yet: files, index and branch become what they were before it.

Each update that was applied is written down in git's folder, by the project's folder in the repository.
"""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from scaffold.errors import ScaffoldError, edited_since_update, nothing_to_abort
from scaffold.files.staging import signals_deferred
from scaffold.git.run import is_object_id
from scaffold.project.record import repository_of
from scaffold.update import apply, journal
from scaffold.update.branch import leave_branch
from scaffold.update.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import TextIO

    from scaffold.git.run import Git
    from scaffold.update.snapshot import Snapshot

_APPLIED = "scaffold-update.applied"


@dataclass(frozen=True)
class Applied:
    """An update that was applied.

    Attributes:
        head: the commit it started from.
        target: the tree of the whole repository that it staged.
        version: the release that it went to.
        branch: the branch that was made for it; empty without one.
        previous: full name of the branch that HEAD was on before; empty if it was on none.
        missing_settings: settings of the release that the project's `.env` lacked afterwards.
    """

    head: str
    target: str
    version: str
    branch: str = ""
    previous: str = ""
    missing_settings: Sequence[str] = ()


def remember(project: Git, applied: Applied | None) -> None:
    """Write an update of the project down; None forgets the last one."""
    path, prefix = project.path_of(_APPLIED), project.prefix()
    known = {folder: fields for folder, fields in _read(path).items() if folder != prefix}
    if applied is not None:
        known[prefix] = asdict(applied)
    if known:
        path.write_text(json.dumps(known), encoding="utf-8")
    else:
        path.unlink(missing_ok=True)


def applied_to(project: Git) -> Applied | None:
    """Return the last update of the project, None if nothing is known of one or something was committed since."""
    fields = _read(project.path_of(_APPLIED)).get(project.prefix())
    try:
        applied = Applied(**fields) if isinstance(fields, dict) else None
    except TypeError:
        return None
    if applied is None or not _is_sound(project, applied):
        return None
    return applied if applied.head == project.output("rev-parse", "HEAD") else None


def _is_sound(project: Git, applied: Applied) -> bool:
    """Check what was read: an archive can bring such a file, with options for git in the place of names."""
    refs = [applied.previous, applied.branch and f"refs/heads/{applied.branch}"]
    return (
        is_object_id(applied.head)
        and is_object_id(applied.target)
        and isinstance(applied.missing_settings, list)
        and all(
            isinstance(text, str)
            for text in (applied.version, applied.branch, applied.previous, *applied.missing_settings)
        )
        and all(_is_branch(project, ref) for ref in refs if ref)
    )


def _is_branch(project: Git, ref: str) -> bool:
    return ref.startswith("refs/heads/") and project.run("check-ref-format", ref, check=False).returncode == 0


def take_back(folder: Path) -> Applied:
    """Take back the last update of a project; edits that were made since are never lost.

    An update that was interrupted is put back first.

    Returns:
        The update that was taken back.

    Raises:
        ScaffoldError: `nothing-to-abort`: there is none, or it is committed. `edited-since-update`: files that it
            changed were edited since. Otherwise what an update raises.
    """
    project = repository_of(folder)
    journal.recover(folder)
    applied = applied_to(project)
    if applied is None:
        raise nothing_to_abort("none is known since the last commit")
    changed = project.top().output("diff-tree", "-r", "-z", "--name-only", "--no-renames", applied.head, applied.target)
    paths = {path for path in changed.split("\0") if path}

    def action(git: Git, file: TextIO, before: Snapshot) -> None:
        _take_back(git.top(), applied, paths, file, before)

    apply.all_or_nothing(project, paths, action)
    if applied.branch:
        leave_branch(project, applied.branch, applied.previous, applied.head)
    remember(project, None)
    return applied


@contextmanager
def taken_back_if_interrupted(project: Git) -> Iterator[None]:
    """Take the update of a block back if the block is interrupted before the update is committed."""
    try:
        yield
    except KeyboardInterrupt:
        # Nothing to take back: the interruption came before the update was applied, or after its commit.
        with signals_deferred(), suppress(ScaffoldError):
            take_back(project.folder)
        raise


def _take_back(top: Git, applied: Applied, paths: set[str], file: TextIO, before: Snapshot) -> None:
    staged = journal.staged_entries(top, paths)
    written = Journal(applied.head, applied.target, before, tuple(sorted(staged)))
    with journal.recorded(file, top, written) as index:
        working = top.with_environment(GIT_INDEX_FILE=str(index))
        _require_unedited(working, applied, paths, staged)
        apply.move(working, applied.target, applied.head)
        apply.require_gone(top.folder, paths - _paths(journal.staged_entries(working, paths)))


def _require_unedited(working: Git, applied: Applied, paths: set[str], staged: set[str]) -> None:
    """Check that each file is as the update left it, or as before, and let the index hold what lies there.

    Conflicts are no edits: the index holds them in more than one stage.
    """
    before, after = (journal.committed_entries(working, tree, paths) for tree in (applied.head, applied.target))
    others = _paths({entry for entry in staged - before - after if entry.split("\t")[0].endswith(" 0")})
    not_before = _edited(working, paths, before)
    if not not_before and not others:
        raise nothing_to_abort("its changes are undone already")
    edited = (not_before & _edited(working, paths, after)) | others
    if edited:
        raise edited_since_update(sorted(edited))
    as_before = paths - not_before
    journal.put_entries(working, as_before, {entry for entry in before if _paths({entry}) <= as_before})
    working.run("update-index", "-q", "--refresh", check=False)


def _paths(entries: set[str]) -> set[str]:
    return {entry.partition("\t")[2] for entry in entries}


def _edited(working: Git, paths: set[str], entries: set[str]) -> set[str]:
    """Let the index hold these entries, and return which of the files differ from them."""
    journal.put_entries(working, paths, entries)
    working.run("update-index", "-q", "--refresh", check=False)
    differing = working.output("diff-files", "-z", "--name-only", "--ignore-submodules").split("\0")
    return (paths & set(differing)) | {path for path in paths - _paths(entries) if _is_file(working.folder / path)}


def _is_file(path: Path) -> bool:
    return path.is_symlink() or path.is_file()


def _read(path: Path) -> dict[str, object]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
