"""The project's `.env`: written from `.env.example` with fresh secrets, and what a newer release adds to it."""

from __future__ import annotations

import errno
import os
import re
import secrets
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from scaffold.errors import environment_file_unusable, template_broken

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ENV_EXAMPLE = ".env.example"
ENV_FILE = ".env"
# Stands on a line of its own above each setting that is a secret. `npm run setup` reads it too.
GENERATED_MARKER = "# secret: generated"
SECRET_BYTES = 32
# A `.env` of a project has some dozen lines.
_LARGEST = 1024 * 1024
# A line of `.env.example`: name and value.
_SETTING = re.compile(r"^([A-Z][A-Z0-9_]*)=(.*)$", re.MULTILINE)
# As Node reads a `.env` that people write by hand.
_SET = re.compile(r"^[ \t]*(?:export[ \t]+)?([A-Z][A-Z0-9_]*)[ \t]*=", re.MULTILINE)


def write_environment_file(project: Path) -> bool:
    """Write `.env`, readable by its owner only from the moment it exists.

    Args:
        project: a rendered project.

    Returns:
        Whether it was written: not when the template has no `.env.example` or brings a `.env`.

    Raises:
        ScaffoldError: `template-broken`, when a mark stands above something else than a setting.
    """
    example = project / ENV_EXAMPLE
    if not example.is_file() or os.path.lexists(project / ENV_FILE):
        return False
    content = with_secrets(example.read_text(encoding="utf-8"))
    # Creating it with the default mode and changing that later would leave a moment to read it.
    descriptor = os.open(project / ENV_FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(content)
    return True


def with_secrets(example: str) -> str:
    """Return the text of `.env.example` with a fresh random value for every marked setting.

    Raises:
        ScaffoldError: `template-broken`, when a mark stands above something else than a setting.
    """
    lines = example.splitlines()
    for number, line in enumerate(lines):
        if line.strip() == GENERATED_MARKER:
            setting = _SETTING.fullmatch(lines[number + 1]) if number + 1 < len(lines) else None
            if setting is None:
                raise template_broken(ENV_EXAMPLE, f"no setting follows the mark on line {number + 1}.")
            lines[number + 1] = f"{setting[1]}={secrets.token_urlsafe(SECRET_BYTES)}"
    return "\n".join(lines) + "\n"


def missing_settings(project: Path, old: Path | None, new: Path) -> tuple[str, ...]:
    """Return the settings of the new `.env.example` that are not set.

    Args:
        project: the project; without a `.env` of its own, or with one that cannot be read or is a link,
            what is new in `.env.example` counts.
        old: folder with the old render; None if nothing of it is known.
        new: folder with the new render.
    """
    present = _plain_text(project / ENV_FILE)
    before = text_of_example(old) if old else ""
    known = _SET.findall(before if present is None else present)
    wanted = _SETTING.findall(text_of_example(new))
    return tuple(name for name, _ in wanted if not {name, f"{name}_FILE"} & {*known})


def changed_settings(old: Path, new: Path) -> tuple[str, ...]:
    """Return the settings that have another value in the new `.env.example`: the project's own may not fit any more."""
    before, after = (dict(_SETTING.findall(text_of_example(folder))) for folder in (old, new))
    return tuple(name for name, value in after.items() if name in before and before[name] != value)


def setting_names(render: Path) -> tuple[str, ...]:
    """Return the names of the settings in a render's `.env.example`, in their order."""
    return tuple(name for name, _ in _SETTING.findall(text_of_example(render)))


def text_of_example(render: Path) -> str:
    """Return the text of a render's `.env.example`, empty without one."""
    return _text(render / ENV_EXAMPLE)


@contextmanager
def adding_settings(project: Path, example: str, names: tuple[str, ...]) -> Iterator[None]:
    """Append settings to `.env`, with fresh secrets, when the block ends well; else leave it as it was.

    Args:
        project: its `.env` is appended to, or made.
        example: text of the `.env.example` that has the settings.
        names: the settings; without any, nothing is done.

    Raises:
        ScaffoldError: `environment-file-unusable`, before the block starts: `.env` is a link, no plain
            file, or cannot be read.
        OSError: `.env` cannot be written. Nearly always before the block starts.
    """
    if not names:
        yield
        return
    target = project / ENV_FILE
    present = _present(target)
    added = "\n".join(block for block in _blocks(example) if _SETTING.findall(block)[0][0] in names)
    gap = b"" if present.endswith(b"\n") or not present else b"\n"
    fresh = project / f"{ENV_FILE}.{os.getpid()}"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(present + gap + with_secrets(added).encode())
        yield
        fresh.replace(target)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _present(target: Path) -> bytes:
    """Return what `.env` holds now, nothing when there is none."""
    try:
        return _plain_content(target)
    except FileNotFoundError:
        return b""
    except OSError as error:
        raise environment_file_unusable(target, error, target.with_name(ENV_EXAMPLE)) from error


def _plain_text(path: Path) -> str | None:
    """Return the text of a plain file; None when it is something else or cannot be read."""
    try:
        return _plain_content(path).decode(errors="replace")
    except OSError:
        return None


def _plain_content(path: Path) -> bytes:
    # A link is not followed: a cloned project can point anywhere. A pipe or a device would be waited for.
    if not stat.S_ISREG(path.lstat().st_mode):
        raise OSError(errno.EINVAL, "it is a link, a folder, a pipe or a device, and no plain file")
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(descriptor, "rb") as file:
        content = file.read(_LARGEST + 1)
    if len(content) > _LARGEST:
        raise OSError(errno.EFBIG, f"it is larger than {_LARGEST // 1024} KiB")
    return content


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _blocks(example: str) -> list[str]:
    """Cut `.env.example` into one piece a setting: its secret mark, if any, and the setting itself."""
    lines = example.splitlines()
    return [
        f"{GENERATED_MARKER}\n{line}" if number and lines[number - 1].strip() == GENERATED_MARKER else line
        for number, line in enumerate(lines)
        if _SETTING.match(line)
    ]
