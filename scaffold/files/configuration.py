"""Where the user's own settings of Scaffold are."""

from __future__ import annotations

import os
from pathlib import Path


def configuration_folder() -> Path | None:
    """Return the folder of the user's settings, by XDG; None on a machine without a place for it."""
    configured = os.environ.get("XDG_CONFIG_HOME", "")
    # The specification of XDG says that a relative path is to be ignored: it would lie in a project.
    if configured and Path(configured).is_absolute():
        return Path(configured, "scaffold")
    if os.environ.get("HOME") == "":
        return None
    home = os.path.expanduser("~")  # noqa: PTH111 - Path.home() fails where there is none
    return Path(home, ".config", "scaffold") if Path(home).is_absolute() else None
