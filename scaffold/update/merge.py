"""Joins the owner's work with a newer template by git's own three-way merge.

Everything happens in a repository of its own that borrows the project's objects: until
`scaffold.update.apply` is called, nothing of the project changes.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scaffold.git.run import Git, borrow_objects, isolated
from scaffold.git.tree import BASE, OURS, THEIRS, Blob, Conflict, blobs, with_blobs
from scaffold.update.moved_files import Moves

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scaffold.update.special_files import Sides

_INDEX = ".git/scratch.index"
# No line-ending rule, filter or merge driver of the project may change what is compared.
_ATTRIBUTES = "* -text !eol !filter !ident !working-tree-encoding !merge\n"


@dataclass(frozen=True)
class Compared:
    """The owner's files as the merge takes them: some with other bytes than the project's git stores.

    Attributes:
        tree: has the bytes that the merge takes.
        seen: its blobs of those files, by path.
        stored: the blobs that the project's git stores, by path.
    """

    tree: str
    seen: Mapping[str, Blob]
    stored: Mapping[str, Blob]

    @classmethod
    def of(cls, git: Git, tree: str, contents: Mapping[str, bytes]) -> Compared:
        """Put other bytes into a tree.

        Args:
            git: git of a repository of our own.
            tree: the files as the project's git stores them.
            contents: bytes by file of that tree.

        Raises:
            GitError: git failed.
        """
        if not contents:
            return cls(tree, {}, {})
        stored = blobs(git, tree, contents)
        seen = {
            name: replace(blob, object_id=git.output("hash-object", "-w", "--stdin", stdin=contents[name]))
            for name, blob in stored.items()
        }
        return cls(with_blobs(git, tree, seen, git.folder / _INDEX), seen, stored)

    def undone(self, git: Git, tree: str) -> str:
        """Return a tree that was made from this one, with the stored blobs of the files that are still the same.

        Raises:
            GitError: git failed.
        """
        if not self.seen:
            return tree
        now = blobs(git, tree, self.seen)
        same = {name: self.stored[name] for name in now if now[name] == self.seen[name]}
        return with_blobs(git, tree, same, git.folder / _INDEX)


@dataclass(frozen=True)
class Change:
    """One file that the update touches.

    Attributes:
        path: relative to the project.
        kind: `added`, `changed` or `removed`; `merged` when the owner had edited what changes, `moved` when
            those edits go on under another name; `followed` when a file of the owner's own imports moved files.
    """

    path: str
    kind: str


@dataclass(frozen=True)
class MergeResult:
    """What a merge would do.

    Attributes:
        repository: where the merge was done; it holds the new objects.
        ours: commit of the project as it is.
        result: commit of the project as it would be; conflicted files hold both sides.
        changes: files that differ between the two, without the conflicted ones.
        conflicts: files a person has to look at.
        removed_edited: files with the owner's edits that the template no longer ships; kept here.
        kept_deleted: files that the template changed and the owner had deleted.
    """

    repository: Path
    ours: str
    result: str
    changes: tuple[Change, ...]
    conflicts: tuple[Conflict, ...]
    removed_edited: tuple[str, ...]
    kept_deleted: tuple[str, ...]


def merge_renders(
    project: Git, tree: str, sides: Sides, *, label: str, listed: Mapping[str, str] | None = None
) -> MergeResult:
    """Merge what changed between two renders into the project's committed files.

    Files that the template no longer ships stay in the result if the owner edited them; `without` removes them.

    Args:
        project: git in the project's folder.
        tree: object id of the project's committed files.
        sides: fresh renders of the version the project is on and of the version it goes to.
        label: name of the new side in conflict markers.
        listed: files that the template says it has moved. Default: none; git finds renames.

    Raises:
        GitError: git failed.
    """
    base = sides.base
    git = _borrowing_repository(project, base.parent / "merge")
    before, after = _tree_of(git, base), _tree_of(git, sides.theirs)
    old, new, moves = _compared(git, before, after, listed or {})
    if moves.to:
        moves.carry_out(base, old)
        before = _tree_of(git, base)
    start = _commit(git, before)
    ours = _commit(git, tree, start)
    compared = Compared.of(git, tree, sides.compared)
    git.output("tag", label, _commit(git, after, start))
    git.output("reset", "--quiet", "--hard", _commit(git, compared.tree, start))
    own = _move_ours(git, moves) - old - new
    git.run(
        "-c", "merge.directoryRenames=false", "-c", "merge.conflictStyle=merge",
        "merge", "--quiet", "--no-commit", "--no-ff", label, check=False,
    )  # fmt: skip
    unmerged = _unmerged(git)
    groups = _resolve_deletions(git, unmerged)
    result = _commit(git, compared.undone(git, git.output("write-tree")), ours)
    changes = _changes(git, ours, result, {path for path, _ in groups.conflicts}, own)
    conflicts = tuple(Conflict(path, stages) for path, stages in groups.conflicts)
    return MergeResult(git.folder, ours, result, changes, conflicts, tuple(groups.removed), tuple(groups.deleted))


def moves_between(base: Path, theirs: Path, listed: Mapping[str, str]) -> Moves:
    """Return the files that move from one render to another.

    Args:
        base: folder with the old render.
        theirs: folder with the new render.
        listed: files that the template says it has moved.

    Raises:
        GitError: git failed.
    """
    folder = theirs.parent / "moves"
    folder.mkdir()
    git = isolated(folder)
    git.output("init", "--quiet")
    before, after = (git.stored(side, folder / f"{side.name}.index") for side in (base, theirs))
    return _compared(git, before, after, listed)[2]


def _compared(git: Git, before: str, after: str, listed: Mapping[str, str]) -> tuple[set[str], set[str], Moves]:
    """Return the files of two trees, and those that move from one to the other."""
    old, new = _files_of(git, before), _files_of(git, after)
    return old, new, Moves.between(old, new, listed, _renames(git, before, after))


def diff(joined: MergeResult, path: str | None = None) -> str:
    """Return what a merge would change, or only in one file, as a unified diff; conflicts show both sides.

    Raises:
        GitError: git failed.
    """
    only = ("--", path) if path is not None else ()
    shown = isolated(joined.repository).run("diff", "--no-color", "--no-ext-diff", joined.ours, joined.result, *only)
    return shown.stdout.decode(errors="replace")


def without(joined: MergeResult, paths: Sequence[str]) -> MergeResult:
    """Return the same merge with some files removed from its result.

    Raises:
        GitError: git failed.
    """
    if not paths:
        return joined
    git = isolated(joined.repository)
    git.output("read-tree", joined.result)
    git.output("rm", "--quiet", "--cached", "--force", "--", *paths)
    return replace(joined, result=_commit(git, git.output("write-tree"), joined.ours))


def _borrowing_repository(project: Git, folder: Path) -> Git:
    folder.mkdir()
    git = isolated(folder)
    git.output("init", "--quiet", f"--object-format={project.object_format()}")
    git_dir = folder / ".git"
    borrow_objects(git_dir, project.path_of("objects"))
    (git_dir / "info").mkdir(exist_ok=True)
    (git_dir / "info/attributes").write_text(_ATTRIBUTES)
    return git


def _tree_of(git: Git, folder: Path) -> str:
    return git.stored(folder, folder.parent / f"{folder.name}.index")


def _files_of(git: Git, tree: str) -> set[str]:
    return _names(git.output("ls-tree", "-r", "-z", "--name-only", tree))


def _renames(git: Git, before: str, after: str) -> dict[str, str]:
    """Return the renames between two trees that git recognises."""
    found = git.output("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", before, after).split("\0")
    return dict(zip(found[1::3], found[2::3], strict=False))


def _move_ours(git: Git, moves: Moves) -> set[str]:
    """Move the owner's files as the template does; returns the files whose imports changed."""
    moved, rewritten = moves.carry_out(git.folder, _names(git.output("ls-files", "-z")))
    if moved or rewritten:
        touched = {moved.get(name, name) for name in (*moved, *rewritten)}
        git.output("update-index", "--force-remove", "--", *sorted(moved))
        git.output("add", "--force", "--", *sorted(touched))
        git.output("commit", "--quiet", "-m", "moves")
    return rewritten


def _names(output: str) -> set[str]:
    return set(output.split("\0")) - {""}


def _commit(git: Git, tree: str, *parents: str) -> str:
    named = [part for parent in parents for part in ("-p", parent)]
    return git.output("commit-tree", tree, *named, "-m", "state")


def _unmerged(git: Git) -> dict[str, dict[int, Blob]]:
    found: dict[str, dict[int, Blob]] = defaultdict(dict)
    for entry in git.output("ls-files", "--unmerged", "-z").split("\0"):
        if entry:
            described, path = entry.split("\t", 1)
            mode, object_id, stage = described.split()
            found[path][int(stage)] = Blob(mode, object_id)
    return found


@dataclass(frozen=True)
class _Groups:
    conflicts: list[tuple[str, dict[int, Blob]]]
    removed: list[str]
    deleted: list[str]


def _resolve_deletions(git: Git, unmerged: dict[str, dict[int, Blob]]) -> _Groups:
    """Decide what needs no person; stage the rest with both sides in the file."""
    groups = _Groups([], [], [])
    for path, stages in sorted(unmerged.items()):
        if OURS not in stages and BASE in stages:
            groups.deleted.append(path)
            git.output("rm", "--quiet", "--force", "--", path)
        elif THEIRS not in stages and BASE in stages:
            groups.removed.append(path)
            git.output("add", "--force", "--", path)
        else:
            groups.conflicts.append((path, stages))
            git.output("add", "--all", "--force", "--", path)
    return groups


def _changes(git: Git, ours: str, result: str, besides: set[str], followed: set[str]) -> tuple[Change, ...]:
    listed = git.output("diff-tree", "-r", "-z", "--no-renames", "--name-status", ours, result).split("\0")
    pairs = zip(listed[::2], listed[1::2], strict=False)
    kinds = {"A": "added", "D": "removed"} | dict.fromkeys(followed, "followed")
    return tuple(
        Change(path, kinds.get(path, kinds.get(letter, "changed"))) for letter, path in pairs if path not in besides
    )
