"""The releases of the template: a small git repository with one commit a release.

The commits are reproducible: author and dates are fixed and only the template is included, so the same
history gives the same commit ids.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from scaffold.git.run import GitError, bare, borrow_objects, fetching, isolated
from scaffold.template.limits import within_limits
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scaffold.git.run import Git

# What makes up a release; everything else of the repository never reaches a project.
CONTENT = ("copier.yml", "template", "CHANGELOG.md")
# What `git describe` says of a commit that is no release: the tag before it, or a bare commit id.
_SINCE = re.compile(r"-\d+-g[0-9a-f]+\Z")
_COMMIT_ID = re.compile(r"[0-9a-f]{7,40}")
# The newest commit of the default branch: what a repository without tags offers.
_UNTAGGED = "HEAD"
_CURRENT_DATE = "2000-01-01T00:00:00+00:00"


@dataclass(frozen=True)
class Releases:
    """Releases of one template, oldest first.

    Attributes:
        repository: the bare repository that holds them.
        refs: the git revision of each version.
        address: where they were fetched; empty for our own.
    """

    repository: Path
    refs: dict[Version, str]
    address: str = ""

    @property
    def versions(self) -> list[Version]:
        """All versions, oldest first."""
        return sorted(self.refs)

    @property
    def is_tagged(self) -> bool:
        """Whether the repository has releases; without any, its newest commit counts as one."""
        return _UNTAGGED not in self.refs.values()

    def newest(self, *, than: Version | None = None) -> Version | None:
        """Return the newest version to update to.

        Pre-releases count only for a project that is already on a later one than every release.
        """
        finals = [version for version in self.versions if not version.is_prerelease]
        newest = max(finals or self.versions, default=None)
        if newest is not None and than is not None and than.is_prerelease and newest < than:
            return self.versions[-1]
        return newest

    def revision(self, ref: str | None) -> str:
        """Return the revision that a tag, branch or commit names; that of the newest version for None.

        Raises:
            GitError: there is no such revision.
        """
        if ref is None:
            newest = self.newest()
            return self.refs[newest] if newest is not None else _UNTAGGED
        verify = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
        found = self._git().run(*verify, check=False)
        if found.returncode:
            raise GitError(f"it has no tag, branch or commit {shown(ref)}")
        return found.stdout.decode().strip()

    def has(self, ref: str) -> bool:
        """Return whether the repository knows a tag, a commit or what `git describe` calls one."""
        named = f"{ref}^{{commit}}"
        verify = ("rev-parse", "--verify", "--quiet", "--end-of-options", named)
        return self._git().run(*verify, check=False).returncode == 0

    def precedes(self, one: str, other: str) -> bool:
        """Return whether one revision is in the history of another, and not the same."""
        found = self._git().run("merge-base", "--is-ancestor", f"{one}^{{commit}}", f"{other}^{{commit}}", check=False)
        return found.returncode == 0 and self.revision(one) != self.revision(other)

    def described(self, ref: str) -> str:
        """Return a name that stands for the same files for ever: a tag, or what `git describe` makes of a branch."""
        if ref in self.refs.values() and ref != _UNTAGGED:
            return ref
        return self._git().output("describe", "--tags", "--always", f"{ref}^{{commit}}")

    def export(self, ref: str, into: Path) -> Path:
        """Write the files of one release into a fresh folder and return it.

        Raises:
            GitError: there is no such revision.
        """
        into.mkdir(parents=True)
        git = bare(self.repository).with_environment(GIT_INDEX_FILE=str(into.parent / f"{into.name}.index"))
        git = git.limited(within_limits(into, self.address)) if self.address else git
        git.output("read-tree", f"{ref}^{{tree}}")
        git.output("--work-tree", into, "checkout-index", "--all", "--force")
        return into

    def read(self, ref: str, path: str) -> str:
        """Return the text of one file of a release, empty when it has none."""
        result = self._git().run("show", f"{ref}:{path}", check=False)
        return result.stdout.decode(errors="replace") if result.returncode == 0 else ""

    def commits_since(self, ref: str) -> int:
        """Return how many commits the default branch is ahead of a revision.

        Raises:
            GitError: there is no such revision.
        """
        ahead = f"{self.revision(ref)}..{_UNTAGGED}"
        return int(self._git().output("rev-list", "--count", "--first-parent", ahead))

    def since(self, ref: str) -> list[Version]:
        """Return the releases, without pre-releases, that a commit does not contain.

        Raises:
            GitError: there is no such revision.
        """
        missing = set(self._git().output("tag", "--list", "--no-merged", self.revision(ref)).splitlines())
        return [version for version in self.versions if self.refs[version] in missing and not version.is_prerelease]

    def _git(self) -> Git:
        """Return git in the repository, with limits if others wrote what it reads."""
        git = bare(self.repository)
        return git.limited(within_limits(self.repository, self.address)) if self.address else git


def parse(version: str) -> Version | None:
    """Return the version that a tag names, or None."""
    try:
        return Version(version.removeprefix("v"))
    except InvalidVersion:
        return None


def version_of(recorded: str) -> Version | None:
    """Return the version that a project is on, or was on when the template was worked in; None for a bare commit."""
    return None if _COMMIT_ID.fullmatch(recorded) else parse(_SINCE.sub("", recorded))


def from_repository(repository: Path) -> Releases:
    """Read the releases of a repository from its tags; without any, HEAD is the only one."""
    tags = bare(repository).output("tag", "--list").splitlines()
    refs = {version: tag for tag in tags if (version := parse(tag)) is not None}
    return Releases(repository, refs or {Version("0"): _UNTAGGED})


def from_bundle(bundle: Path, into: Path) -> Releases:
    """Unpack the releases that an installed package carries.

    Raises:
        GitError: the bundle is damaged.
    """
    local = isolated(into.parent).with_environment(GIT_ALLOW_PROTOCOL="file")
    local.output("clone", "--quiet", "--bare", bundle, into)
    return from_repository(into)


def from_address(address: str, into: Path) -> Releases:
    """Fetch the releases of any git repository, with the user's own credentials.

    Raises:
        GitError: it cannot be reached.
    """
    git = fetching(into.parent).limited(within_limits(into, address))
    git.output("clone", "--quiet", "--bare", "--", address, into)
    return replace(from_repository(into), address=address)


def from_checkout(root: Path, into: Path) -> Releases:
    """Derive the releases from the history of Scaffold's own repository.

    A release is a commit that changes the version in pyproject.toml, or the commit a tag of that
    name points at. The current version is the working tree.
    """
    git = bare(into)
    into.mkdir(parents=True)
    git.output("init", "--quiet", "--bare")
    source = isolated(root)
    if _is_top_level(source):
        borrow_objects(into, source.path_of("objects"))
    parent = ""
    current = _version_of((root / "pyproject.toml").read_text())
    for version, commit in _released(source):
        if version != current:
            parent = _commit(git, _tree_of(git, commit), version, _date_of(source, commit), parent)
    if current is not None:
        _commit(git, _tree_of_files(git, root, into), current, _CURRENT_DATE, parent)
    return from_repository(into)


def write_bundle(root: Path, work: Path, bundle: Path) -> None:
    """Pack the releases derived from a checkout into one file."""
    releases = from_checkout(root, work)
    bare(releases.repository).output("bundle", "create", "--quiet", bundle, "--tags")


def _is_top_level(git: Git) -> bool:
    result = git.run("rev-parse", "--show-toplevel", check=False)
    top = result.stdout.decode().strip()
    return result.returncode == 0 and Path(top).resolve() == git.folder.resolve()


def _version_of(pyproject: str) -> Version | None:
    try:
        return parse(str(tomllib.loads(pyproject).get("project", {}).get("version", "")))
    except tomllib.TOMLDecodeError:
        return None


def _released(git: Git) -> list[tuple[Version, str]]:
    """List versions and commits, oldest version first; a tag outweighs the derived commit."""
    if not _is_top_level(git):
        return []
    commits = dict(_version_changes(git))
    for tag in git.output("tag", "--list", "v*").splitlines():
        if (version := parse(tag)) is not None:
            commits[version] = git.output("rev-parse", f"{tag}^{{commit}}")
    return sorted((version, commit) for version, commit in commits.items() if _has_template(git, commit))


def _has_template(git: Git, commit: str) -> bool:
    return git.run("cat-file", "-e", f"{commit}:copier.yml", check=False).returncode == 0


def _version_changes(git: Git) -> Iterator[tuple[Version, str]]:
    log = git.run("log", "--first-parent", "--reverse", "--format=%H", "--", "pyproject.toml", check=False)
    previous = None
    for commit in log.stdout.decode().split():
        shown = git.run("show", f"{commit}:pyproject.toml", check=False).stdout.decode()
        version = _version_of(shown)
        if version is not None and version != previous:
            yield version, commit
        previous = version


def _date_of(git: Git, commit: str) -> str:
    return git.output("show", "--no-patch", "--format=%cI", commit)


def _tree_of(git: Git, commit: str) -> str:
    entries = git.output("ls-tree", commit, *CONTENT)
    return git.output("mktree", stdin=(entries + "\n").encode(errors="surrogateescape"))


def _tree_of_files(git: Git, root: Path, into: Path) -> str:
    """Store the files as they lie there, tracked or not, without what .gitignore names."""
    present = [name for name in CONTENT if (root / name).exists()]
    indexed = git.with_environment(GIT_INDEX_FILE=str(into / "current.index"), GIT_DIR=str(into))
    worktree = replace(indexed, folder=root)
    worktree.output("--work-tree", root, "add", "--", *present)
    return worktree.output("write-tree")


def _commit(git: Git, tree: str, version: Version, date: str, parent: str) -> str:
    dated = git.with_environment(GIT_AUTHOR_DATE=date, GIT_COMMITTER_DATE=date)
    parents = ("-p", parent) if parent else ()
    commit = dated.output("commit-tree", tree, *parents, "-m", f"Release {version}")
    git.output("tag", f"v{version}", commit)
    return commit
