"""Whether an update of a project was interrupted: then its journal is still in git's folder."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.git.run import GitError
from scaffold.git.view import find

if TYPE_CHECKING:
    from pathlib import Path

# In git's folder of the project; `scaffold.update.journal` writes it.
JOURNAL = "scaffold-update.json"


def is_unfinished(folder: Path) -> bool:
    """Return whether an update was interrupted in a folder's repository; False if git cannot read it."""
    try:
        return (find(folder).git_dir / JOURNAL).exists()
    except (OSError, GitError):
        return False
