"""A project's repository, seen without its configuration.

A cloned repository, or an unpacked archive with a `.git` of its own, is somebody's input. Git starts
programs that a repository's configuration names (filters, fsmonitor, merge and diff drivers, what fetches
missing objects, and with each version others), so Scaffold does not list and forbid them: it looks at the
project's files, index and objects through a repository of its own, in which nothing is configured but the
few settings below, none of which can name a program.
"""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

from scaffold.git.run import NOBODYS_CONFIGURATION, Git, GitError, applying, borrow_objects

# What decides whether two files are the same on this disk, and nothing else.
_COMPARING = re.compile(
    r"core\.(autocrlf|eol|filemode|symlinks|ignorecase|precomposeunicode|checkstat|trustctime)", re.IGNORECASE
)
_PLAIN = re.compile(r"[A-Za-z0-9]{0,16}")
# The user's own file of attributes; one that a project's repository names is not read.
_USERS_FILE = "core.attributesfile"
_OBJECT_FORMAT = "extensions.objectformat"
# A project can make git wait for ever: a pipe where it expects `.gitattributes`, or a file it includes.
_PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Place:
    """Where git keeps a project.

    Attributes:
        top: top folder of the working tree.
        git_dir: holds the index.
        common_dir: holds the objects.
    """

    top: Path
    git_dir: Path
    common_dir: Path


def find(folder: Path) -> Place:
    """Find the repository that a folder is part of.

    Raises:
        GitError: there is none; or its configuration or a `.git` file leads to files that lie elsewhere.
        FileNotFoundError: there is no git on this machine.
    """
    git = _patient(folder)
    answer = git.output("rev-parse", "--path-format=absolute", "--show-toplevel", "--git-dir", "--git-common-dir")
    lines = answer.split("\n")
    if len(lines) != len(Place.__dataclass_fields__):
        raise GitError("its path holds a line break")
    place = Place(*map(Path, lines))
    _require_at_home(folder, place)
    return place


def view(folder: Path, into: Path) -> Git:
    """Return a git that sees a folder of a project's repository, but not the repository's configuration.

    It runs no program of the project and writes nothing outside `into`. Filters do not run: a file that has
    one (Git LFS, git-crypt) and that the index does not call unchanged is compared as it lies there.

    Args:
        folder: a folder in the repository.
        into: folder to create for the view; it holds a copy of the index, and objects that are written.

    Raises:
        GitError: there is no repository that can be used.
        FileNotFoundError: there is no git on this machine.
    """
    place, configured = find(folder), _configuration(folder)
    head = _patient(folder).run("rev-parse", "--verify", "--quiet", "HEAD", check=False).stdout.decode().strip()
    _build(place, into, configured.get(_OBJECT_FORMAT, "sha1"), head)
    settings = {name: value for name, value in configured.items() if name != _OBJECT_FORMAT}
    surrounding = {**NOBODYS_CONFIGURATION, "GIT_DIR": str(into), "GIT_WORK_TREE": str(place.top)}
    return Git(folder.resolve(), surrounding, settings, _PATIENCE_SECONDS)


def filtered(git: Git, names: list[str]) -> set[str]:
    """Return those of some paths whose content a filter would change, whether it is configured or not."""
    if not names:
        return set()
    asked = "\0".join(names) + "\0"
    told = git.output("check-attr", "-z", "--stdin", "filter", stdin=os.fsencode(asked)).split("\0")
    return {name for name, value in zip(told[::3], told[2::3], strict=False) if value not in {"unspecified", "unset"}}


def _patient(folder: Path) -> Git:
    return replace(applying(folder), patience=_PATIENCE_SECONDS)


def _require_at_home(folder: Path, place: Place) -> None:
    """Refuse a repository that would have us read or write files of another folder.

    An archive can bring a `.git` with `core.worktree`, or one that leads into another repository.
    """
    folder = folder.resolve()
    nearest = next((path for path in (folder, *folder.parents) if os.path.lexists(path / ".git")), None)
    if nearest is None or not place.top.samefile(nearest):
        raise GitError("its working tree lies elsewhere (core.worktree)")
    git_dir = place.git_dir.resolve()
    back = git_dir / "gitdir"
    if git_dir != place.common_dir.resolve():
        at_home = back.is_file() and (git_dir / back.read_text(errors="replace").strip()).resolve() == nearest / ".git"
    else:
        at_home = git_dir.name != ".git" or git_dir.parent == nearest
    if not at_home or (place.git_dir / "index").is_symlink():
        raise GitError(f"{nearest / '.git'} leads into another repository")


def _configuration(folder: Path) -> dict[str, str]:
    """Return the settings that a view takes over."""
    listed = _patient(folder).output("config", "--list", "--show-scope", "-z").split("\0")
    found = {}
    for scope, entry in zip(listed[::2], listed[1::2], strict=False):
        # A name alone means true.
        name, _, value = entry.partition("\n") if "\n" in entry else (entry, "", "true")
        comparing = (name == _OBJECT_FORMAT or _COMPARING.fullmatch(name)) and _PLAIN.fullmatch(value)
        if comparing or (name == _USERS_FILE and scope in {"system", "global"}):
            found[name] = value
    return found


def _build(place: Place, into: Path, object_format: str, head: str) -> None:
    for part in ("objects/info", "refs", "info"):
        (into / part).mkdir(parents=True)
    (into / "config").write_text(
        f"[core]\n\trepositoryformatversion = 1\n[extensions]\n\tobjectFormat = {object_format}\n"
    )
    (into / "HEAD").write_text(f"{head or 'ref: refs/heads/main'}\n")
    borrow_objects(into, place.common_dir / "objects")
    attributes = place.common_dir / "info/attributes"
    if attributes.is_file():
        shutil.copyfile(attributes, into / "info/attributes")
    # With its date: by that git knows which files may have changed right after it was written.
    for index in (place.git_dir / "index", *place.git_dir.glob("sharedindex.*")):
        if index.is_file():
            shutil.copy2(index, into)
