"""Whether somebody is there to be asked."""

from __future__ import annotations

import sys


def is_interactive() -> bool:
    """Return whether a person reads what is printed and can answer: prompts in a pipe would block a script."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))
