"""A terminal for tests: starts a command in it, types keys, reads what stands on its screen."""

from __future__ import annotations

import os
import sys
import termios
import time
import warnings
from typing import TYPE_CHECKING, cast

import pexpect
import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

# How long a loaded machine may take for one step; an idle one needs a fraction of a second.
PATIENCE_SECONDS = 90

ENTER = "\r"
UP = "\x1b[A"
DOWN = "\x1b[B"
ESCAPE = "\x1b"
CTRL_C = "\x03"
CTRL_D = "\x04"
ERASE_LINE = "\x15"
SCAFFOLD = (sys.executable, "-m", "scaffold")


class Terminal:
    """A command in a pseudo-terminal, and the screen it draws on.

    Attributes:
        raw: every byte the command has written.
    """

    def __init__(
        self, command: tuple[str, ...], folder: Path, environment: Mapping[str, str], size: tuple[int, int]
    ) -> None:
        """Start the command on a screen of the given rows and columns."""
        rows, columns = size
        self.raw = b""
        self._lines: list[str] | None = None
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        with warnings.catch_warnings():
            # The child replaces itself at once, so the threads of the test runner cannot hurt it.
            warnings.simplefilter("ignore", DeprecationWarning)
            self._child = pexpect.spawn(
                command[0], list(command[1:]), cwd=str(folder), env=dict(environment), dimensions=size
            )
        self._child.delaybeforesend = None

    @property
    def pid(self) -> int:
        """Process id of the command."""
        assert self._child.pid is not None
        return self._child.pid

    @property
    def lines(self) -> list[str]:
        """What stands on the screen."""
        if self._lines is None:
            self._lines = [line.rstrip() for line in self._screen.display]
        return self._lines

    @property
    def text(self) -> str:
        """What stands on the screen as one line, so that it does not matter where it was folded."""
        return " ".join(" ".join(self.lines).split())

    @property
    def echoes(self) -> bool:
        """Whether the terminal shows typed keys and waits for whole lines, as a shell expects to find it."""
        local_modes = termios.tcgetattr(self._child.fileno())[3]
        return bool(local_modes & termios.ECHO) and bool(local_modes & termios.ICANON)

    def press(self, *keys: str) -> Terminal:
        """Type keys."""
        for key in keys:
            self._child.send(key)
        return self

    def resize(self, rows: int, columns: int) -> Terminal:
        """Change the size of the window."""
        self._lines = None
        self._screen.resize(rows, columns)
        self._child.setwinsize(rows, columns)
        return self

    def see(self, *texts: str) -> Terminal:
        """Wait until every text stands on the screen, wherever it is folded."""
        wanted = [" ".join(text.split()) for text in texts]

        def stands() -> bool:
            shown = self.text
            return all(text in shown for text in wanted)

        return self.wait_until(stands, f"see {wanted}")

    def wait_until(self, condition: Callable[[], bool], title: str) -> Terminal:
        """Draw what the command writes until a condition holds.

        Raises:
            AssertionError: it never did.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        running = True
        while not condition():
            picture = "\n".join(self.lines)
            assert running, f"the command ended before I could {title}:\n{picture}"
            assert time.monotonic() < deadline, f"waited in vain to {title}:\n{picture}"
            running = self._draw()
        return self

    def end(self) -> int:
        """Wait for the end of the command and return its exit code, negative for a signal."""
        self.wait_until(lambda: not self._draw(), "see the end")
        self._child.wait()
        if self._child.exitstatus is None:
            return -(self._child.signalstatus or 0)
        return self._child.exitstatus

    def close(self) -> None:
        """End the command if it still runs."""
        self._child.close(force=True)

    def _draw(self) -> bool:
        try:
            # Bytes as long as no encoding is given; the type information only knows of text.
            data = cast("bytes", self._child.read_nonblocking(65536, timeout=0.05))
        except pexpect.TIMEOUT:
            return True
        except pexpect.EOF:
            return False
        self.raw += data
        self._lines = None
        self._stream.feed(data)
        return True


def plain_environment(home: Path) -> dict[str, str]:
    """Return the environment of a person with an empty home folder and a colour terminal."""
    return {
        "HOME": str(home),
        "XDG_CONFIG_HOME": os.environ["XDG_CONFIG_HOME"],
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "GIT_AUTHOR_NAME": "A Person",
        "GIT_AUTHOR_EMAIL": "person@example.com",
        "GIT_COMMITTER_NAME": "A Person",
        "GIT_COMMITTER_EMAIL": "person@example.com",
    }
