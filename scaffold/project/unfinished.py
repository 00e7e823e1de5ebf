"""Whether an update of a project was stopped half way: it leaves its journal in git's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.git.run import GitError
from scaffold.git.view import find

if TYPE_CHECKING:
    from pathlib import Path

# In git's folder of the project; `scaffold.update.journal` writes it.
JOURNAL = "scaffold-update.json"


def is_unfinished(folder: Path) -> bool:
    """Return whether an update was stopped half way in a folder's repository, whatever else is wrong with it."""
    try:
        return (find(folder).git_dir / JOURNAL).exists()
    except (OSError, GitError):
        return False
