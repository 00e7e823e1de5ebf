"""The project's `.env`: its `.env.example` with fresh secrets in it."""

from __future__ import annotations

import os
import re
import secrets
from typing import TYPE_CHECKING

from scaffold.errors import template_broken

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = ".env.example"
NAME = ".env"
# Stands on a line of its own above each setting that is a secret. `npm run setup` reads it too.
MARK = "# secret: generated"
SETTING = re.compile(r"([A-Z][A-Z0-9_]*)=.*")
SECRET_BYTES = 32


def write_environment_file(project: Path) -> bool:
    """Write `.env`, readable by its owner only from the moment it exists.

    Args:
        project: a rendered project.

    Returns:
        Whether it was written: not when the template has no `.env.example` or brings a `.env`.

    Raises:
        ScaffoldError: `template-broken`, when a mark stands above something else than a setting.
    """
    example = project / EXAMPLE
    if not example.is_file() or os.path.lexists(project / NAME):
        return False
    content = with_secrets(example.read_text(encoding="utf-8"))
    # Creating it with the default mode and changing that later would leave a moment to read it.
    descriptor = os.open(project / NAME, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(content)
    return True


def with_secrets(example: str) -> str:
    """Return the text of `.env.example` with a fresh random value for every marked setting.

    Args:
        example: the text.

    Raises:
        ScaffoldError: `template-broken`, when a mark stands above something else than a setting.
    """
    lines = example.splitlines()
    for number, line in enumerate(lines):
        if line.strip() == MARK:
            setting = SETTING.fullmatch(lines[number + 1]) if number + 1 < len(lines) else None
            if setting is None:
                raise template_broken(EXAMPLE, f"no setting follows the mark on line {number + 1}.")
            lines[number + 1] = f"{setting[1]}={secrets.token_urlsafe(SECRET_BYTES)}"
    return "\n".join(lines) + "\n"
