"""Settings that a newer release needs and the project's `.env` does not have yet."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from scaffold.environment_file import EXAMPLE, MARK, NAME, with_secrets

if TYPE_CHECKING:
    from pathlib import Path

_VALUE = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
_SETTING = re.compile(r"^([A-Z][A-Z0-9_]*)=", re.MULTILINE)


def missing_settings(project: Path, old: Path, new: Path) -> tuple[str, ...]:
    """Name the settings of the new `.env.example` that are not set.

    Args:
        project: the project; without a `.env` of its own, what is new in `.env.example` counts.
        old: folder with the old render.
        new: folder with the new render.
    """
    own = project / NAME
    known = _names(own if own.is_file() else old / EXAMPLE)
    return tuple(name for name in _names(new / EXAMPLE) if name not in known)


def changed_settings(old: Path, new: Path) -> tuple[str, ...]:
    """Name the settings that have another value in the new `.env.example`: the project's own may not fit any more."""
    before, after = (dict(_VALUE.findall(_text(folder / EXAMPLE))) for folder in (old, new))
    return tuple(name for name, value in after.items() if name in before and before[name] != value)


def add_settings(project: Path, names: tuple[str, ...]) -> None:
    """Append settings to `.env`, with fresh secrets, all of them or none.

    Raises:
        OSError: `.env` cannot be written; it is as it was.
    """
    target, example = project / NAME, (project / EXAMPLE).read_text(encoding="utf-8")
    added = "\n".join(block for block in _blocks(example) if _SETTING.findall(block)[0] in names)
    present = target.read_text(encoding="utf-8") if target.is_file() else ""
    gap = "" if present.endswith("\n") or not present else "\n"
    fresh = project / f"{NAME}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(present + gap + with_secrets(added))
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _names(path: Path) -> list[str]:
    return _SETTING.findall(_text(path))


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.is_file() else ""


def _blocks(example: str) -> list[str]:
    """Cut `.env.example` into one piece a setting: its secret mark, if any, and the setting itself."""
    lines = example.splitlines()
    return [
        f"{MARK}\n{line}" if number and lines[number - 1].strip() == MARK else line
        for number, line in enumerate(lines)
        if _SETTING.match(line)
    ]
