"""The steps of `AGENTS.md` of a project, carried out as they are written there."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

STEP = re.compile(r"^```(?P<language>sh|ts) (?P<place>\S+)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)


def add_tasks(project: Path) -> None:
    """Add the feature `tasks`: run each block of commands, write each block that names a file."""
    steps = list(STEP.finditer((project / "AGENTS.md").read_text(encoding="utf-8")))
    assert {step["language"] for step in steps} == {"sh", "ts"}
    for step in steps:
        if step["language"] == "sh":
            subprocess.run(["sh", "-euc", step["text"]], cwd=project, check=True)
        else:
            (project / step["place"]).write_text(step["text"], encoding="utf-8")
