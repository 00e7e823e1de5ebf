"""The wizard on a screen: questionary's prompts, folded to the width of the terminal and erased once answered.

Everything drawn is ASCII, so that no encoding of the terminal can garble it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar, cast

import questionary
from prompt_toolkit import print_formatted_text
from prompt_toolkit.application import get_app
from prompt_toolkit.filters import Condition, to_filter
from prompt_toolkit.formatted_text import FormattedText
from prompt_toolkit.input import create_input
from prompt_toolkit.input.typeahead import get_typeahead
from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
from prompt_toolkit.key_binding.key_processor import KeyPress
from prompt_toolkit.keys import Keys
from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, Window
from prompt_toolkit.output import create_output
from prompt_toolkit.output.vt100 import Vt100_Output
from questionary.prompts.common import InquirerControl

from scaffold.text import visible
from scaffold.wizard.prompts import Explain, GoBack
from scaffold.wizard.wrap import wrap, wrap_row

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from prompt_toolkit.key_binding import KeyBindingsBase, KeyPressEvent

    from scaffold.wizard.prompts import Block, Option, Tone

T = TypeVar("T")

POINTER = ">"
MARGIN = "   "
LEAVING = (Keys.ControlC, Keys.ControlD)
MARGINS = {"answer": "  ", "detail": " " * 6}
LONGEST_PASTE = 1000
LEAVE_KEY = "Enter: accept  Ctrl-C: leave"
TEXT_KEYS = "Enter: accept  Esc: back  F1 or ?: explain  Ctrl-C: leave"
MENU_KEYS = "Up/Down: choose  Enter: accept  Esc: back  ?: explain  Ctrl-C: leave"
# Named colours only: they follow the person's own light or dark theme.
STYLE = questionary.Style(
    [
        ("title", "bold"),
        ("heading", "bold ansicyan"),
        ("qmark", "bold ansicyan"),
        ("question", "bold"),
        ("answer", "noinherit"),
        ("pointer", "bold ansicyan"),
        ("highlighted", "bold ansicyan"),
        ("selected", "noreverse"),
        ("placeholder", "ansibrightblack"),
        ("validation-toolbar", "noreverse bg:default ansired"),
        ("hint", "ansibrightblack"),
        ("detail", "ansibrightblack"),
    ]
)


class InteractivePrompts:
    """Asks with cursor keys and validates at every keystroke."""

    def __init__(self) -> None:
        """Open the terminal on standard input and output."""
        self.input = create_input()
        self.output = create_output()
        if isinstance(self.output, Vt100_Output):
            # A terminal asked for its cursor position answers on stdin: a late answer would become typed text, and a
            # known position would push the validation sentence to the bottom of the screen.
            self.output.enable_cpr = False

    @property
    def width(self) -> int:
        """Columns of the terminal at this moment."""
        return self.output.get_size().columns

    def say(self, label: str, text: str = "", *, tone: Tone, column: int = 0) -> None:
        """Print one paragraph in the style of its tone."""
        gap = "\n" if tone == "heading" else ""
        margin = MARGINS.get(tone, "")
        row = wrap_row(label, text, column=column, width=self.width - len(margin))
        paragraph = gap + margin + row.replace("\n", f"\n{margin}")
        print_formatted_text(FormattedText([(f"class:{tone}", paragraph)]), style=STYLE, output=self.output)

    def text(
        self, message: str, *, default: str, example: str, problem: Callable[[str], str | None], steps: bool
    ) -> str:
        """Ask for one line; the sentence about a wrong one stands below it while it is typed."""

        def verdict(text: str) -> str | bool:
            sentence = problem(text.strip())
            return True if sentence is None else wrap(sentence, self.width, first="  ", rest="  ")

        question = questionary.text(
            f"{wrap(message, self.width - 2, rest='  ')}\n{POINTER}",
            default=default,
            validate=verdict,
            placeholder=[("class:placeholder", f"for example {visible(example)}")] if example else None,
            style=STYLE,
            input=self.input,
            output=self.output,
        )
        # Below the line and the sentence about it. A toolbar of prompt_toolkit's would wait for the cursor position.
        cast("HSplit", question.application.layout.container).children.append(
            self._hint(TEXT_KEYS if steps else LEAVE_KEY)
        )
        keys = merge_key_bindings([_pasting_keys(), _typing_steps(default)]) if steps else _pasting_keys()
        return str(_run(question, keys)).strip()

    def choose(self, message: str, *blocks: Block[T], default: T | None = None, steps: bool) -> T:
        """Ask for one option, moved to with the cursor keys or the option's own key."""
        options = [option for block in blocks for option in block.options]
        question = questionary.select(
            message,
            [choice for block in blocks for choice in self._choices(block, apart=block is not blocks[0])],
            # Whole options, because questionary takes a choice with the value None for one without a value.
            default=next((option for option in options if option.value == default), None),  # type: ignore[arg-type]
            pointer=POINTER,
            style=STYLE,
            input=self.input,
            output=self.output,
        )
        menu = _menu(question.application.layout)
        question.application.layout = self._page(message, menu, MENU_KEYS if steps else f"Up/Down: choose  {LEAVE_KEY}")
        keys: list[KeyBindingsBase] = [_pointing_keys(menu, options), *([_menu_steps(menu)] if steps else [])]
        return cast("Option[T]", _run(question, merge_key_bindings(keys))).value

    def discard_typeahead(self) -> None:
        """Drop what was typed or pasted ahead, unless it asks to leave."""
        dropped = get_typeahead(self.input)
        with self.input.raw_mode():
            while pressed := self.input.read_keys():
                dropped += pressed
        if any(press.key in LEAVING for press in dropped):
            raise KeyboardInterrupt

    def _choices(self, block: Block[T], *, apart: bool) -> list[questionary.Choice]:
        options = block.options
        column = max(len(visible(option.label)) for option in options)
        rows = [
            questionary.Choice(_row(option.label, option.meaning, column, self.width - len(MARGIN)), option)
            for option in options
        ]
        title = [questionary.Separator(wrap(block.title, self.width - len(MARGIN)))] if block.title else []
        return [questionary.Separator(" "), *title, *rows] if apart else rows

    def _page(self, message: str, menu: InquirerControl, keys: str) -> Layout:
        """Return a layout without questionary's hidden text field, which would take part in pastes and searches."""
        text = FormattedText([("class:qmark", "? "), ("class:question", wrap(message, self.width - 2, rest="  "))])
        parts = [Window(FormattedTextControl(text), dont_extend_height=True), Window(menu, dont_extend_height=True)]
        return Layout(HSplit([*parts, self._hint(keys)]), parts[1])

    def _hint(self, keys: str) -> Window:
        text = FormattedText([("class:hint", wrap(keys, self.width))])
        return Window(FormattedTextControl(text), dont_extend_height=True)


def _row(label: str, meaning: str, column: int, width: int) -> str:
    return wrap_row(label, meaning, column=column, width=width).replace("\n", f"\n{MARGIN}")


def _menu(layout: Layout) -> InquirerControl:
    return next(window.content for window in layout.find_all_windows() if isinstance(window.content, InquirerControl))


def _run(question: questionary.Question, keys: KeyBindingsBase) -> object:
    application = question.application
    application.erase_when_done = True
    application.key_bindings = merge_key_bindings([application.key_bindings or KeyBindings(), _guarding_keys(), keys])
    for window in application.layout.find_all_windows():
        window.wrap_lines = to_filter(True)  # noqa: FBT003 -- prompt_toolkit's own signature
        if window.height == 1:
            window.height = None
    return question.unsafe_ask()


def _guarding_keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add(Keys.ControlC, eager=True)
    @keys.add(Keys.ControlD, eager=True)
    @keys.add(Keys.SIGINT, eager=True)
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(exception=KeyboardInterrupt)

    @keys.add(Keys.ControlJ, eager=True)
    def enter(event: KeyPressEvent) -> None:
        """Enter typed between two questions arrives like this."""
        event.key_processor.feed(KeyPress(Keys.ControlM), first=True)

    @keys.add(Keys.Vt100MouseEvent, eager=True)
    @keys.add(Keys.CPRResponse, eager=True)
    def ignore(_event: KeyPressEvent) -> None:
        """Neither is ever asked for; pasted colour codes look like the former, which prompt_toolkit trips over."""

    return keys


def _typing_steps(default: str) -> KeyBindings:
    keys = KeyBindings()

    @Condition
    def untouched() -> bool:
        return get_app().current_buffer.text in {"", default}

    @keys.add(Keys.Escape, eager=True)
    def back(event: KeyPressEvent) -> None:
        event.app.exit(exception=GoBack())

    # A question mark can be part of an answer.
    @keys.add("?", eager=True, filter=untouched)
    @keys.add(Keys.F1, eager=True)
    def explain(event: KeyPressEvent) -> None:
        event.app.exit(exception=Explain())

    return keys


def _menu_steps(menu: InquirerControl) -> KeyBindings:
    keys = KeyBindings()

    @keys.add(Keys.Escape, eager=True)
    def back(event: KeyPressEvent) -> None:
        event.app.exit(exception=GoBack())

    @keys.add("?", eager=True)
    @keys.add(Keys.F1, eager=True)
    def explain(event: KeyPressEvent) -> None:
        event.app.exit(exception=Explain(cast("Option[object]", menu.get_pointed_at().value).value))

    return keys


def _pasting_keys() -> KeyBindings:
    keys = KeyBindings()

    @keys.add(Keys.BracketedPaste, eager=True)
    def paste(event: KeyPressEvent) -> None:
        # One line, whatever was on the clipboard; nobody reads more than this in a terminal.
        event.current_buffer.insert_text(visible(" ".join(event.data[:LONGEST_PASTE].split())))

    return keys


def _pointing_keys(menu: InquirerControl, options: Sequence[Option[T]]) -> KeyBindings:
    keys = KeyBindings()

    def point_at(option: Option[T]) -> None:
        menu.pointed_at = next(index for index, choice in enumerate(menu.choices) if choice.value == option)

    keys.add(Keys.Home, eager=True)(lambda _event: point_at(options[0]))
    keys.add(Keys.End, eager=True)(lambda _event: point_at(options[-1]))
    for option in options:
        if option.key:
            keys.add(option.key, eager=True)(lambda _event, option=option: point_at(option))
    return keys
