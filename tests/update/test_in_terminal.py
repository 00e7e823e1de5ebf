"""`scaffold update` in a real terminal, as a person sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scaffold.git.run import Git
from tests.support.template_repository import History, commit, lines, start, state, write
from tests.wizard.terminal import CTRL_C, CTRL_D, DOWN, ENTER, SCAFFOLD, Terminal, plain_environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

QUESTION = "Update the project?"
WHAT_BECOMES = "What becomes of them?"
CHANGELOG = """# Changes

## 1.1.0

### What changes in your project

- A file is new.
- **Security**: the limit is lower.
"""


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"limits.txt": lines(*range(20)), "gone.txt": "gone\n"})
    newer = {"limits.txt": lines(*range(21)), "gone.txt": None, "new.txt": "new\n"}
    history.release("v1.1.0", newer, CHANGELOG__md=CHANGELOG)
    return history


@pytest.fixture
def project(history: History, tmp_path: Path) -> Path:
    return history.project(tmp_path / "project", "v1.0.0")


@pytest.fixture
def update(project: Path, tmp_path: Path) -> Iterator[Callable[..., Terminal]]:
    """Start `scaffold update` in a terminal, in the project."""
    opened: list[Terminal] = []
    (tmp_path / "home").mkdir()

    def run(*arguments: str, **variables: str) -> Terminal:
        environment = plain_environment(tmp_path / "home") | variables
        opened.append(Terminal((*SCAFFOLD, "update", *arguments), project, environment, (40, 100)))
        return opened[-1]

    yield run
    for terminal in opened:
        terminal.close()


def staged(project: Path) -> set[str]:
    return set(Git(project).output("diff", "--cached", "--name-only").splitlines())


def test_enter_stages_what_was_shown(update: Callable[..., Terminal], project: Path) -> None:
    terminal = update().see("v1.0.0 -> v1.1.0", "Security", "A file is new", "new.txt", "gone.txt", QUESTION)
    assert staged(project) == set()
    terminal.press(ENTER).see("staged, not committed", "npm run check")
    assert terminal.end() == 0
    assert staged(project) == {".copier-answers.yml", "limits.txt", "gone.txt", "new.txt"}
    commit(project)
    assert update().see("is up to date").end() == 0


def test_security_is_the_first_line_of_the_news_and_red(update: Callable[..., Terminal]) -> None:
    terminal = update("--dry-run")
    assert terminal.end() == 0
    text = terminal.text
    assert text.index("**Security**: the limit is lower.") < text.index("A file is new.")
    assert b"\x1b[1;31m  1.1.0: **Security**" in terminal.raw
    assert QUESTION not in text


def test_cancel_changes_nothing(update: Callable[..., Terminal], project: Path) -> None:
    before = state(project)
    terminal = update().see(QUESTION).press(DOWN, ENTER)
    assert terminal.end() == 0
    assert state(project) == before


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["Ctrl-C", "Ctrl-D"])
def test_leaving_at_the_question_changes_nothing(update: Callable[..., Terminal], project: Path, key: str) -> None:
    before = state(project)
    terminal = update().see(QUESTION).press(key)
    assert terminal.end() == 130
    assert terminal.echoes
    assert "Traceback" not in terminal.text
    assert state(project) == before


@pytest.mark.parametrize(
    ("keys", "there", "applied"),
    [([ENTER], True, True), ([DOWN, ENTER], False, True), ([DOWN, DOWN, ENTER], True, False)],
    ids=["keep", "remove", "cancel"],
)
def test_the_owner_decides_about_an_edited_file_that_would_go(
    update: Callable[..., Terminal], project: Path, keys: list[str], *, there: bool, applied: bool
) -> None:
    write(project, {"gone.txt": "gone\nedited\n"})
    commit(project)
    terminal = update().see("EDITED BY YOU and no longer shipped", "gone.txt", WHAT_BECOMES, "keep", "remove", "cancel")
    terminal.press(*keys)
    assert terminal.end() == 0
    assert (project / "gone.txt").exists() == there
    assert bool(staged(project)) == applied


def test_a_new_question_is_asked_and_nothing_else(
    update: Callable[..., Terminal], history: History, project: Path
) -> None:
    question = 'owner: {type: str, help: "Who owns it?"}\n'
    (history.folder / "copier.yml").write_text((history.folder / "copier.yml").read_text() + question)
    history.release("v1.2.0", {"owner.txt.jinja": "{{ owner }}\n"})
    terminal = update().see("The new version has new questions", "Who owns it?").press("platform", ENTER)
    terminal.see("Continue", "platform").press(ENTER)
    terminal.see(QUESTION).press(ENTER)
    assert terminal.end() == 0
    assert (project / "owner.txt").read_text() == "platform\n"


def test_answers_given_before_the_preview_are_the_ones_applied_after_a_decision(
    update: Callable[..., Terminal], history: History, project: Path
) -> None:
    write(project, {"gone.txt": "gone\nedited\n"})
    commit(project)
    question = 'owner: {type: str, help: "Who owns it?"}\n'
    (history.folder / "copier.yml").write_text((history.folder / "copier.yml").read_text() + question)
    history.release("v1.2.0", {"owner.txt.jinja": "{{ owner }}\n"})
    terminal = update().see("Who owns it?").press("platform", ENTER)
    terminal.see("Continue", "platform").press(ENTER)
    terminal.see(WHAT_BECOMES).press(ENTER)
    assert terminal.end() == 0
    assert terminal.text.count("The new version has new questions") == 1
    assert (project / "owner.txt").read_text() == "platform\n"
    assert (project / "gone.txt").exists()


def test_plain_lines_do_where_the_cursor_cannot_move(update: Callable[..., Terminal], project: Path) -> None:
    before = state(project)
    terminal = update(TERM="dumb").see(QUESTION, "1) update", "2) cancel").press("2", ENTER)
    assert terminal.end() == 0
    assert state(project) == before


@pytest.mark.parametrize("flag", ["--yes", "--defaults"])
def test_nobody_is_asked_who_said_yes(update: Callable[..., Terminal], project: Path, flag: str) -> None:
    terminal = update(flag)
    assert terminal.end() == 0
    assert QUESTION not in terminal.text
    assert "new.txt" in staged(project)


def test_one_file_and_the_list_are_looked_at_before_the_decision(
    update: Callable[..., Terminal], project: Path
) -> None:
    before = state(project)
    terminal = update(PAGER="cat").see(QUESTION, "look", "pages")
    terminal.press(DOWN, DOWN, ENTER).see("Which file?", "new.txt").press(DOWN, DOWN, DOWN, ENTER)
    terminal.see("+++ b/new.txt", "+new", QUESTION).press(DOWN, DOWN, DOWN, ENTER)
    terminal.wait_until(lambda: terminal.raw.count(b"v1.0.0 -> v1.1.0") == 2, "see the list again")
    terminal.wait_until(lambda: terminal.raw.count(QUESTION.encode()) >= 3, "be asked again").press(DOWN, ENTER)
    assert terminal.end() == 0
    assert state(project) == before


@pytest.mark.parametrize(("keys", "goes_back"), [((ENTER,), False), ((DOWN, ENTER), True)])
def test_a_person_is_asked_about_an_older_release_and_enter_cancels(
    update: Callable[..., Terminal], history: History, project: Path, keys: tuple[str, ...], *, goes_back: bool
) -> None:
    history.release("v1.2.0", {"more.txt": "more\n"})
    newest = history.project(project.parent / "newest", "v1.2.0")
    terminal = update(str(newest), "--ref", "v1.1.0").see("AN OLDER RELEASE", "Go back?").press(*keys)
    if goes_back:
        terminal.see(QUESTION).press(ENTER)
    assert terminal.end() == 0
    assert staged(newest) == ({".copier-answers.yml", "more.txt"} if goes_back else set())
