"""A terminal for tests: starts a command in it, types keys, reads what stands on its screen."""

from __future__ import annotations

import os
import select
import signal
import termios
import time
from typing import TYPE_CHECKING

import pyte

from tests.support import prepared

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
SCAFFOLD = prepared.SCAFFOLD
# A command that lost its terminal tidies up and ends; after so long it is killed.
_GRACE_SECONDS = 20


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
        self._terminal, theirs = os.openpty()
        termios.tcsetwinsize(theirs, size)
        self._command = prepared.start_in_terminal(command, folder, environment, theirs)
        os.close(theirs)

    @property
    def pid(self) -> int:
        """Process id of the command."""
        return self._command.pid

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
        local_modes = termios.tcgetattr(self._terminal)[3]
        return bool(local_modes & termios.ECHO) and bool(local_modes & termios.ICANON)

    def press(self, *keys: str) -> Terminal:
        """Type keys."""
        for key in keys:
            os.write(self._terminal, key.encode())
        return self

    def resize(self, rows: int, columns: int) -> Terminal:
        """Change the size of the window."""
        self._lines = None
        self._screen.resize(rows, columns)
        termios.tcsetwinsize(self._terminal, (rows, columns))
        return self

    def without_signals(self) -> Terminal:
        """Make bytes of Ctrl-C and its like, no signals."""
        modes = termios.tcgetattr(self._terminal)
        modes[3] &= ~termios.ISIG
        termios.tcsetattr(self._terminal, termios.TCSANOW, modes)
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
        return self._command.wait()

    def close(self) -> None:
        """End the command if it still runs."""
        os.close(self._terminal)
        if not self._command.has_ended(_GRACE_SECONDS):
            os.kill(self.pid, signal.SIGKILL)
        self._command.wait()

    def _draw(self) -> bool:
        if not select.select([self._terminal], [], [], 0.05)[0]:
            return True
        try:
            data = os.read(self._terminal, 1 << 16)
        except OSError:  # no process has the terminal open: the command has ended
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
