"""The wizard as plain lines, for terminals whose cursor cannot be moved."""

from __future__ import annotations

import os
import select
import shutil
import sys
from typing import TYPE_CHECKING, TypeVar

from scaffold.text import visible
from scaffold.wizard.prompts import Explain, GoBack
from scaffold.wizard.wrap import wrap, wrap_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from scaffold.wizard.prompts import Block, Option, Tone

T = TypeVar("T")

MARGIN = " " * 6
BACK = "<"
EXPLAIN = "?"
# Ctrl-C and Ctrl-D.
LEAVING = (b"\x03", b"\x04")
_PORTION_BYTES = 1 << 16


class PlainPrompts:
    """Asks one line at a time."""

    @property
    def width(self) -> int:
        """Columns of the terminal at this moment."""
        return shutil.get_terminal_size().columns

    def say(self, label: str, text: str = "", *, tone: Tone, column: int = 0) -> None:
        """Print one paragraph."""
        gap = "\n" if tone == "heading" else ""
        margin = MARGIN if tone == "detail" else ""
        row = wrap_row(label, text, column=column, width=self.width - len(margin))
        self._print(gap + margin + row.replace("\n", f"\n{margin}"))

    def text(
        self, message: str, *, default: str, example: str, problem: Callable[[str], str | None], steps: bool
    ) -> str:
        """Ask until the line is accepted; an empty line stands for the default."""
        self._print(wrap(message, self.width))
        self._name_keys(steps=steps)
        hint = f"[{visible(default)}] " if default else f"(for example {visible(example)}) " if example else ""
        while True:
            answer = self._read(hint, steps=steps) or default
            sentence = problem(answer)
            if sentence is None:
                return answer
            self._print(wrap(sentence, self.width))

    def choose(self, message: str, *blocks: Block[T], default: T | None = None, steps: bool) -> T:
        """Ask until the line is a number, a label or a key of the list; an empty line stands for the default."""
        options = [option for block in blocks for option in block.options]
        column = max((len(option.label) for option in options if option.meaning), default=0)
        self._print(wrap(message, self.width))
        number = 0
        for block in blocks:
            if block.title:
                self._print(wrap(block.title, self.width))
            for number, option in enumerate(block.options, number + 1):  # noqa: B020 - numbers go on in the next block
                row = wrap_row(option.label, option.meaning, column=column, width=self.width - len(MARGIN))
                self._print(f"{number:>4}) " + row.replace("\n", f"\n{MARGIN}"))
        self._name_keys(steps=steps)
        return self._pick(options, next((option for option in options if option.value == default), None), steps=steps)

    def discard_typeahead(self) -> None:
        """Drop what was typed or pasted ahead, unless it asks to leave.

        It is read: `tcflush` can also drop a Ctrl-C that the kernel has not made a signal of.
        """
        import termios
        import tty

        terminal = sys.stdin.fileno()
        modes = termios.tcgetattr(terminal)
        dropped = b""
        try:
            tty.setraw(terminal, termios.TCSANOW)
            while select.select([terminal], [], [], 0)[0] and (typed := os.read(terminal, _PORTION_BYTES)):
                dropped += typed
        finally:
            termios.tcsetattr(terminal, termios.TCSANOW, modes)
        if any(key in dropped for key in LEAVING):
            raise KeyboardInterrupt

    def _name_keys(self, *, steps: bool) -> None:
        if steps:
            self._print(wrap("(Enter: accept  <: back  ?: explain  Ctrl-C: leave)", self.width))

    def _pick(self, options: Sequence[Option[T]], standard: Option[T] | None, *, steps: bool) -> T:
        names = {name: option for option in options for name in (option.label.lower(), option.key)}
        names |= {str(number): option for number, option in enumerate(options, 1)}
        while True:
            answer = self._read(f"[{visible(standard.label)}] " if standard else "", steps=steps)
            chosen = names.get(answer.lower()) if answer else standard
            if chosen:
                return chosen.value
            self._print(f"Answer with a number from 1 to {len(options)}")

    def _print(self, line: str) -> None:
        sys.stdout.write(f"{line}\n")

    def _read(self, hint: str, *, steps: bool) -> str:
        sys.stdout.write(f"{hint}> ")
        sys.stdout.flush()
        line = sys.stdin.buffer.readline()
        if not line:
            raise EOFError
        answer = line.decode(sys.stdin.encoding, "replace").strip()
        if steps and answer == BACK:
            raise GoBack
        if steps and answer == EXPLAIN:
            raise Explain
        return answer
