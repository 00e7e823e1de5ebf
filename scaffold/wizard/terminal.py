"""The front that fits the present terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from scaffold.wizard.prompts import Prompts


def open_prompts() -> Prompts:
    """Return the screen front, or plain lines where the cursor cannot be moved."""
    if os.environ.get("TERM", "").lower() in {"dumb", "unknown"}:
        from scaffold.wizard.plain import PlainPrompts

        return PlainPrompts()
    from scaffold.wizard.interactive import InteractivePrompts

    return InteractivePrompts()
