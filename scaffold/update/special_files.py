"""Files that need more than a merge line by line: the manifest, the lockfile, Scaffold's own record.

Each is settled before git merges: the old side is replaced by the owner's version and the new
side by the settled one, so that git finds exactly one change and nothing to argue about.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from scaffold.project.record import ANSWERS_FILE
from scaffold.update import filters, json_merge

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.git.run import Git

# What `git cat-file --batch` writes before an object; a missing one has no such line.
_HEADER = re.compile(rb"[0-9a-f]+ (?P<type>\w+) (?P<size>\d+)")

MANIFEST, LOCKFILE = "package.json", "package-lock.json"


@dataclass(frozen=True)
class Sides:
    """The three sides of a merge.

    Attributes:
        base: folder with the old render.
        theirs: folder with the new render.
        ours: the owner's committed version of every file that either render has.
        compared: those of them that the merge takes with other bytes than git stores.
    """

    base: Path
    theirs: Path
    ours: dict[str, bytes]
    compared: dict[str, bytes] = field(default_factory=dict)


def read_sides(project: Git, base: Path, theirs: Path) -> Sides:
    """Read the owner's version of every file of the two renders with one git process."""
    names = sorted({*_files(base), *_files(theirs)})
    asked = "".join(f"HEAD:./{name}\n" for name in names).encode(errors="surrogateescape")
    answer = project.run("cat-file", "--batch", stdin=asked).stdout
    stored = dict(_blobs(names, answer))
    found = filters.in_folder(project, stored)
    return Sides(base, theirs, {**stored, **found}, found)


def edited_by_owner(sides: Sides) -> set[str]:
    """Return the rendered files that the owner has changed; meaningful before `reconcile` only."""
    return {
        name
        for name, content in sides.ours.items()
        if (path := sides.base / name).is_file() and path.read_bytes() != content
    }


def reconcile(sides: Sides) -> bool:
    """Settle the special files.

    Returns:
        Whether the lockfile joins two sets of dependencies and npm should look at it.
    """
    if ANSWERS_FILE in sides.ours:
        _replace_sides(sides, ANSWERS_FILE, (sides.theirs / ANSWERS_FILE).read_bytes())
    _settle_manifest(sides)
    return _settle_lockfile(sides)


def _files(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()]


def _blobs(names: list[str], answer: bytes) -> list[tuple[str, bytes]]:
    """Cut the answer of `git cat-file --batch` into files; missing ones are left out."""
    found, at = [], 0
    for name in names:
        line_end = answer.index(b"\n", at)
        header = _HEADER.fullmatch(answer, at, line_end)
        at = line_end + 1
        if header is not None:
            size = int(header["size"])
            if header["type"] == b"blob":
                found.append((name, answer[at : at + size]))
            at += size + 1
    return found


def _replace_sides(sides: Sides, name: str, content: bytes) -> None:
    (sides.base / name).write_bytes(sides.ours[name])
    (sides.theirs / name).write_bytes(content)


def _texts(sides: Sides, name: str) -> tuple[str, str, str] | None:
    paths = (sides.base / name, sides.theirs / name)
    if name not in sides.ours or not all(path.is_file() for path in paths):
        return None
    base, theirs = (path.read_bytes().decode(errors="replace") for path in paths)
    return base, sides.ours[name].decode(errors="replace"), theirs


def _settle_manifest(sides: Sides) -> None:
    texts = _texts(sides, MANIFEST)
    if texts is None:
        return
    base, ours, theirs = map(json_merge.parse, texts)
    if base is None or ours is None or theirs is None:
        return
    values, style = (base[0], ours[0], theirs[0]), ours[1]
    merged = json_merge.merge(*values)
    _replace_sides(sides, MANIFEST, style.dump(merged).encode())
    owners = json_merge.merge(*values, conflict="ours")
    if owners != merged:
        # The sides differ only in what both changed: the lines of a conflict are those of real ones.
        (sides.base / MANIFEST).write_bytes(style.dump(json_merge.merge(*values, conflict="base")).encode())
        sides.compared[MANIFEST] = style.dump(owners).encode()


def _settle_lockfile(sides: Sides) -> bool:
    texts = _texts(sides, LOCKFILE)
    if texts is None or texts[0] in texts[1:]:
        # One side only has changed it, or neither: what that one tested is complete.
        return False
    try:
        base, ours, theirs = (json.loads(text) for text in texts)
        merged = json_merge.merge(base, ours, theirs)
    except (ValueError, AttributeError):
        # A lockfile nobody can read: the template's own is at least valid.
        _replace_sides(sides, LOCKFILE, texts[2].encode())
        return True
    _replace_sides(sides, LOCKFILE, json_merge.Style().dump(merged).encode())
    return True
