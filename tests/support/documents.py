"""The commands of a how-to, run as a reader would run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.answers import REPOSITORY
from tests.support.command import environment

if TYPE_CHECKING:
    from pathlib import Path

# A heading, or a block of code that can be run; a line of the block is no heading.
_PART = re.compile(r"^## (?P<title>[^\n]+)$|^```sh run\n(?P<run>.*?)^```$", re.MULTILINE | re.DOTALL)


def commands(document: Path) -> dict[str, str]:
    """Return the commands of a document that can be run, by the heading they stand under."""
    found: dict[str, str] = {}
    title = ""
    for part in _PART.finditer(document.read_text(encoding="utf-8")):
        title = part["title"] or title
        found[title] = found.get(title, "") + (part["run"] or "")
    return found


@dataclass(frozen=True)
class Reader:
    """Somebody who follows a document in a folder of their own.

    Attributes:
        home: their home folder.
        addresses: which folder stands for which address of the document.
    """

    home: Path
    addresses: dict[str, Path]

    def prepare(self) -> None:
        """Install this checkout's `scaffold`, and lead git's addresses to folders."""
        programs = self.home / "bin"
        programs.mkdir(parents=True)
        (programs / "scaffold").write_text(f'#!/bin/sh\nexec {sys.executable} -m scaffold "$@"\n', encoding="utf-8")
        (programs / "scaffold").chmod(0o755)
        mapped = [f'[url "{folder}"]\n\tinsteadOf = {address}\n' for address, folder in self.addresses.items()]
        (self.home / ".gitconfig").write_text("".join(mapped), encoding="utf-8")

    def run(self, script: str, folder: Path) -> str:
        """Run commands to their end and return what they print; a failing one ends them.

        Raises:
            AssertionError: one failed; the message is its output.
        """
        variables = environment(
            HOME=str(self.home),
            XDG_CONFIG_HOME=str(self.home / ".config"),
            PATH=f"{self.home / 'bin'}{os.pathsep}{os.environ['PATH']}",
            PYTHONPATH=str(REPOSITORY),
            GIT_CONFIG_GLOBAL=str(self.home / ".gitconfig"),
        )
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout
