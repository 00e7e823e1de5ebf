"""Files that stay in a project once they shipped, such as migrations that a database has run.

A template names them in `_keep` of its `copier.yml`: a pattern, and the file that lists what matches it.
Copier ignores the setting.
"""

from __future__ import annotations

from difflib import SequenceMatcher
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scaffold.template.source import Template


def rules_of(template: Template) -> dict[str, str]:
    """Read which files of a template stay: the list file of each pattern.

    Raises:
        ScaffoldError: `template-broken`: `_keep` is no mapping of patterns to files.
    """
    return template.mapping("keep", "patterns to the files that list what they match")


def vanished(base: Path, theirs: Path, rules: Mapping[str, str]) -> tuple[str, ...]:
    """Return the files that have to stay and that the new render does not have.

    Args:
        base: folder with the old render.
        theirs: folder with the new render.
        rules: what `rules_of` returned.
    """
    names = sorted(path.relative_to(base).as_posix() for path in base.rglob("*") if path.is_file())
    matching = [name for name in names if any(fnmatchcase(name, pattern) for pattern in rules)]
    return tuple(name for name in matching if not (theirs / name).exists())


def keep(base: Path, theirs: Path, names: Sequence[str], rules: Mapping[str, str]) -> None:
    """Carry files over into the new render, with the lines that name them in the file that lists them."""
    for name in names:
        (theirs / name).parent.mkdir(parents=True, exist_ok=True)
        (theirs / name).write_bytes((base / name).read_bytes())
        for listing in {listing for pattern, listing in rules.items() if fnmatchcase(name, pattern)}:
            if (base / listing).is_file() and (theirs / listing).is_file():
                _list_again(base / listing, theirs / listing, Path(name).stem)


def _list_again(old: Path, new: Path, stem: str) -> None:
    mention, text = stem.encode(), new.read_bytes()
    if mention in text:
        return
    before, after = old.read_bytes().splitlines(keepends=True), text.splitlines(keepends=True)
    kept: list[bytes] = []
    for _, old_from, old_to, new_from, new_to in SequenceMatcher(None, before, after, autojunk=False).get_opcodes():
        gone = before[old_from:old_to] if before[old_from:old_to] != after[new_from:new_to] else []
        kept += [line for line in gone if mention in line] + after[new_from:new_to]
    new.write_bytes(b"".join(kept))
