"""The front that fits the present terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.wizard.front import Front


def open_front() -> Front:
    """Return the screen front, or plain lines where the cursor cannot be moved."""
    if os.environ.get("TERM", "").lower() in {"dumb", "unknown"}:
        from scaffold.wizard.lines import LineFront

        return LineFront()
    from scaffold.wizard.screen import ScreenFront

    return ScreenFront()
