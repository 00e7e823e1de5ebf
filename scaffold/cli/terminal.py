"""Whether somebody is there to be asked, and what happens when nothing can be printed."""

from __future__ import annotations

import sys
from contextlib import contextmanager

from scaffold.errors import output_unwritable

# Not imported from typing: `scaffold --help` answers sooner.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator


def is_interactive() -> bool:
    """Return whether a person reads what is printed and can answer: prompts in a pipe would block a script."""
    return all(stream is not None and stream.isatty() for stream in (sys.stdin, sys.stdout))


@contextmanager
def printing() -> Iterator[None]:
    """Tell a standard output that cannot be written from all other disks.

    Raises:
        ScaffoldError: `output-unwritable`.
        BrokenPipeError: nobody reads on.
    """
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise output_unwritable(error) from error
