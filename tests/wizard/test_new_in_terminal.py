"""`scaffold new` in a real terminal, as a person sees it."""

from __future__ import annotations

import os
import re
import shlex
import signal
from os import kill
from typing import TYPE_CHECKING

import pytest
import yaml

from scaffold.questions.questionnaire import Questionnaire
from tests.support.answers import REPOSITORY
from tests.wizard.terminal import CTRL_C, CTRL_D, DOWN, ENTER, ERASE_LINE, ESCAPE, SCAFFOLD, UP, Terminal

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scaffold.questions.question import Question
    from tests.wizard.conftest import Start

CONTACT = "security@example.com"
REVIEW = "Review: confirm"
COLOUR = re.compile(rb"\x1b\[(?:[0-9;]*;)?(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])(?:;[0-9;]*)?m")

QUESTIONS = {question.name: question for question in Questionnaire.load(REPOSITORY / "copier.yml").questions}
PROMPTED = [name for name, question in QUESTIONS.items() if len(question.choices) != 1 and not question.advanced]
# The order of the review.
REVIEWED = sorted(QUESTIONS, key=lambda name: QUESTIONS[name].advanced)


def answer(question: Question) -> str:
    """Return an answer of the kind a flag takes."""
    if question.choices:
        return str(question.choices[0].value)
    return {"bool": "true"}.get(question.kind) or question.placeholder or "Words"


def flags(*, but: str = "") -> list[str]:
    """Return flags that answer every question but one."""
    return [part for name, q in QUESTIONS.items() if name != but for part in (q.flag, answer(q))]


def recorded(project: Path) -> dict[str, object]:
    """Return the answers a project was rendered with."""
    answers: dict[str, object] = yaml.safe_load((project / ".copier-answers.yml").read_text(encoding="utf-8"))
    return answers


def through_defaults(terminal: Terminal) -> Terminal:
    """Accept every default, and name a security contact."""
    for name in PROMPTED:
        terminal.see(QUESTIONS[name].help)
        terminal.press(*([CONTACT] if name == "security_contact" else []), ENTER)
    return terminal.see(REVIEW)


def change(terminal: Terminal, name: str) -> Terminal:
    """Pick an answer in the review, to change it."""
    terminal.press(*[DOWN] * (REVIEWED.index(name) + 1)).see(f"> {name.replace('_', ' ')}").press(ENTER)
    return terminal.see(QUESTIONS[name].help)


def test_enter_at_every_question_gives_the_default_project(start: Start, folder: Path) -> None:
    terminal = start("my-api")
    through_defaults(terminal).press(ENTER)
    assert terminal.end() == 0
    by_flags = start(command=(*SCAFFOLD, "new", "by-flags", "--security-contact", CONTACT, "--defaults"))
    assert by_flags.end() == 0
    assert recorded(folder / "my-api") == recorded(folder / "by-flags") | {"project_name": "my-api"}
    assert (folder / "my-api" / ".env").stat().st_mode & 0o777 == 0o600


def test_every_page_and_every_meaning_is_shown(start: Start) -> None:
    questionnaire = Questionnaire.load(REPOSITORY / "copier.yml")
    terminal = start("my-api").see("my-api")
    for page, questions in questionnaire.groups():
        for question in questions:
            if question.name not in PROMPTED:
                continue
            terminal.see(page, question.help, *(f"{choice.value} {choice.label}" for choice in question.choices))
            terminal.press(*([CONTACT] if question.name == "security_contact" else []), ENTER)
    terminal.see(REVIEW)


def test_the_arrow_keys_choose(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags(but="database")).see(QUESTIONS["database"].help, "> sqlite")
    terminal.press(DOWN).see("> postgres").press(UP).see("> sqlite").press(DOWN).see("> postgres").press(ENTER)
    terminal.see(REVIEW, "database postgres").press(ENTER)
    assert terminal.end() == 0
    assert recorded(folder / "my-api")["database"] == "postgres"


def test_yes_and_no_have_their_own_keys(start: Start) -> None:
    terminal = start("my-api", *flags(but="ci")).see("> github").press(ENTER).see(REVIEW)
    change(terminal, "metrics").see("> yes")
    terminal.press("n").see("> no").press("y").see("> yes").press("n").see("> no").press(ENTER)
    terminal.see(REVIEW, "metrics no")


def test_a_wrong_answer_is_explained_while_it_is_typed_and_not_accepted(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags(but="project_name")).see("> my-api")
    terminal.press("_").see("> my-api_ Use 2 to 63 characters", "and single hyphens, starting with a letter")
    terminal.press(ENTER, ENTER)
    terminal.press("x").see("> my-api_x").press(ERASE_LINE, "shop")
    terminal.wait_until(lambda: "Use 2 to 63" not in terminal.text, "see the sentence go")
    terminal.press(ENTER).see(REVIEW, "project name shop").press(ENTER)
    assert terminal.end() == 0
    assert recorded(folder / "my-api")["project_name"] == "shop"


def test_the_terminal_is_never_asked_where_its_cursor_is(start: Start) -> None:
    """Its reply could come late and end up as text in an answer or in the shell."""
    terminal = start("my-api", *flags(but="project_name")).see("> my-api").press(ENTER).see(REVIEW)
    assert b"\x1b[6n" not in terminal.raw


def test_the_name_of_the_folder_is_suggested_as_the_name_of_the_project(start: Start) -> None:
    start("web-shop", *flags(but="project_name")).see("> web-shop")


def test_a_required_answer_cannot_be_skipped(start: Start) -> None:
    terminal = start("my-api", *flags(but="security_contact")).see(f"for example {CONTACT}")
    terminal.press(ENTER).see("An answer is required").press(" ", ENTER).see("An answer is required")
    terminal.press(CONTACT, ENTER).see(REVIEW)


def test_given_answers_are_not_asked_again_but_can_be_changed(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags()[2:]).see("> my-api").press(ENTER).see(REVIEW, f"security contact {CONTACT}")
    for name in PROMPTED[1:]:
        assert QUESTIONS[name].help not in terminal.text
    terminal.press(DOWN).see("> project name").press(ENTER).see(QUESTIONS["project_name"].help)
    terminal.press(ERASE_LINE, "other", ENTER).see(REVIEW, "project name other").press(ENTER)
    assert terminal.end() == 0
    assert recorded(folder / "my-api")["project_name"] == "other"


def test_cancel_in_the_review_is_an_interruption(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags(but="ci")).see("> github").press(ENTER).see(REVIEW)
    terminal.press(UP).see("> Cancel").press(ENTER)
    assert terminal.end() == 130
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
@pytest.mark.parametrize("name", PROMPTED)
def test_leaving_at_a_question_leaves_nothing_behind(start: Start, folder: Path, name: str, key: str) -> None:
    terminal = start("my-api", *flags(but=name)).see(QUESTIONS[name].help).press(key)
    assert terminal.end() == 130
    assert terminal.echoes
    assert list(folder.iterdir()) == []
    assert "Traceback" not in terminal.text


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
def test_leaving_in_the_review_leaves_nothing_behind(start: Start, folder: Path, key: str) -> None:
    terminal = start("my-api", *flags(but="ci")).see("> github").press(ENTER).see(REVIEW).press(key)
    assert terminal.end() == 130
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("name", ["project_name", "database"])
def test_a_signal_at_a_question_gives_the_terminal_back(
    start: Start, folder: Path, name: str, number: signal.Signals
) -> None:
    terminal = start("my-api", *flags(but=name)).see(QUESTIONS[name].help)
    kill(terminal.pid, number)
    assert terminal.end() == 128 + number
    assert terminal.echoes
    assert list(folder.iterdir()) == []
    assert "Traceback" not in terminal.text


def test_ctrl_c_while_rendering_leaves_nothing_behind(start: Start, folder: Path, large_template: Path) -> None:
    terminal = start("my-api", "--template", str(large_template)).see("A word").press("yes", ENTER).see(REVIEW)
    terminal.press(ENTER)
    terminal.wait_until(lambda: any(folder.glob(".scaffold-*/*/*")), "see files appear").press(CTRL_C)
    assert terminal.end() == 130
    assert list(folder.iterdir()) == []
    assert "Traceback" not in terminal.text


def test_ctrl_c_during_the_first_commit_leaves_nothing_behind(start: Start, folder: Path, slow_git: str) -> None:
    terminal = start("my-api", *flags(but="ci"), PATH=slow_git).see("> github").press(ENTER).see(REVIEW).press(ENTER)
    terminal.wait_until((folder.parent / "committing").exists, "see the commit begin").press(CTRL_C)
    assert terminal.end() == 130
    assert list(folder.iterdir()) == []


def test_the_window_may_change_its_size(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags(but="database")).see(QUESTIONS["database"].help)
    terminal.resize(24, 40).press(DOWN).see("> postgres").resize(12, 120).press(UP).see("> sqlite").press(ENTER)
    terminal.see(REVIEW, "> Create the project").resize(8, 60).press(DOWN).see("> project name").press(UP)
    terminal.see("> Create the project").press(ENTER)
    assert terminal.end() == 0
    assert recorded(folder / "my-api")["database"] == "sqlite"


def test_forty_columns_show_every_word(start: Start, folder: Path) -> None:
    terminal = start("my-api", columns=40)
    for name in PROMPTED:
        meanings = [f"{choice.value} {choice.label}" for choice in QUESTIONS[name].choices]
        terminal.see(QUESTIONS[name].help, *meanings)
        terminal.press(*([CONTACT] if name == "security_contact" else []), ENTER)
    terminal.see(REVIEW, CONTACT, "> Create the project").press(ENTER)
    assert terminal.end() == 0
    assert (folder / "my-api" / "package.json").exists()


def test_no_color_means_no_colour(start: Start) -> None:
    coloured = start("my-api", *flags(but="ci"))
    plain = start("my-api", *flags(but="ci"), NO_COLOR="1")
    for terminal in (coloured, plain):
        terminal.see("> github").press(ENTER).see(REVIEW).press(CTRL_C).end()
    assert COLOUR.search(coloured.raw)
    assert not COLOUR.search(plain.raw)


def test_a_terminal_without_a_cursor_gets_plain_lines(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags(but="database"), TERM="dumb").see(QUESTIONS["database"].help, "[sqlite] >")
    terminal.press("nonsense\n").see("Answer with a number from 1 to 2").press("2\n").see(REVIEW, "1) Create")
    terminal.press("project name\n").see("[my-api] >").press("No!\n").see("Use 2 to 63 characters").press("shop\n")
    terminal.see("2) project name shop", "[Create the project] >").press("\n")
    assert terminal.end() == 0
    assert b"\x1b" not in terminal.raw
    assert recorded(folder / "my-api")["project_name"] == "shop"
    assert recorded(folder / "my-api")["database"] == "postgres"


@pytest.mark.parametrize("key", [CTRL_C, CTRL_D], ids=["ctrl-c", "ctrl-d"])
def test_plain_lines_can_be_left(start: Start, folder: Path, key: str) -> None:
    terminal = start("my-api", TERM="dumb").see("[my-api] >").press(key)
    assert terminal.end() == 130
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("language", ["C", "POSIX", "en_US.ISO-8859-1"])
def test_only_ascii_is_drawn_where_the_language_is_not_utf_8(start: Start, language: str) -> None:
    terminal = start("my-api", LANG=language, LC_ALL=language)
    through_defaults(terminal).press(ENTER)
    assert terminal.end() == 0
    assert terminal.raw.isascii()


def test_a_pasted_text_becomes_one_harmless_line(start: Start) -> None:
    terminal = start("my-api", *flags(but="ci")).see("> github").press(ENTER).see(REVIEW)
    change(terminal, "description").press(ERASE_LINE)
    terminal.press("\x1b[200~Two\r\nlines\x1b]0;stolen title\x07 and \x1b[31mred\x1b[201~").see("> Two lines?]0;stolen")
    terminal.press(ENTER).see("Use one line").press(ERASE_LINE, "\x1b[200~Two\r\nlines\n\x1b[201~").see("> Two lines")
    terminal.press(ENTER).see(REVIEW, "description Two lines")
    assert b"\x1b]0;stolen" not in terminal.raw


@pytest.mark.parametrize("name", ["project_name", "database"])
def test_odd_keys_do_no_harm(start: Start, name: str) -> None:
    colour_codes, position, mouse = "\x1b[31mred\x1b[0m", "\x1b[12;40R", "\x1b[<0;1;1M\x1b[M !!"
    control_keys, searches, others = "\x00\x1c\x1e\x1f", "\x12\x13\x18\x16", "\x1b\x1b[5~\té中\u202e"
    terminal = start("my-api", *flags(but=name)).see(QUESTIONS[name].help)
    terminal.press(colour_codes, position, mouse, control_keys, searches, others)
    assert terminal.press(CTRL_C).end() == 130
    assert b"Traceback" not in terminal.raw
    assert b"Exception" not in terminal.raw


def test_the_tail_of_pasted_lines_does_not_confirm_the_review(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags(but="project_name")).see("> my-api")
    terminal.press(ERASE_LINE + "shop\rsecond line\rthird line\r").see(REVIEW, "> Create the project")
    terminal.press(DOWN).see("> project name")
    assert terminal.press(CTRL_C).end() == 130
    assert list(folder.iterdir()) == []


def test_ctrl_c_typed_ahead_of_the_review_leaves(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags(but="project_name")).see("> my-api").press(f"\r\r{CTRL_C}")
    assert terminal.end() == 130
    assert list(folder.iterdir()) == []


def test_ctrl_c_typed_ahead_of_the_review_leaves_in_a_terminal_without_a_cursor(start: Start, folder: Path) -> None:
    terminal = start("my-api", *flags(but="database"), TERM="dumb").see("[sqlite] >")
    # As when the kernel has taken the key and not yet made a signal of it.
    terminal.without_signals().press(f"\n{CTRL_C}")
    assert terminal.end() == 130
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("tail", ["\n", "line\nline\n", "part of a line"])
def test_the_tail_of_pasted_lines_is_dropped_in_a_terminal_without_a_cursor(
    start: Start, folder: Path, tail: str
) -> None:
    terminal = start("my-api", *flags(but="database"), TERM="dumb").see("[sqlite] >").press(f"\n{tail}")
    terminal.see("[Create the project] >").press("license\n").see("[UNLICENSED] >")
    assert terminal.press(CTRL_C).end() == 130
    assert list(folder.iterdir()) == []


def test_a_page_of_text_pasted_into_a_line_is_refused_at_once(start: Start) -> None:
    terminal = start("my-api", *flags(but="project_name")).see("> my-api")
    terminal.press("\x1b[200~" + "a" * 100_000 + "\x1b[201~").see("Use 2 to 63 characters")
    terminal.press(ERASE_LINE, "shop", ENTER).see(REVIEW, "project name shop")


def test_a_foreign_template_cannot_repaint_the_terminal(start: Start, write_template: Callable[..., Path]) -> None:
    template = write_template(
        {
            "word": {"type": "str", "help": "A \x1b]0;stolen\x07word", "placeholder": "\x1b[2Jx"},
            "kind": {"type": "str", "choices": {"\x1b[2J": "a", "b: \u202egood": "b"}, "default": "a"},
        }
    )
    terminal = start("my-api", "--template", str(template), "--word", "x\x1b]0;stolen\x07").see("kind")
    terminal.press(ENTER).see(REVIEW).press(DOWN).see("> word").press(ENTER).see("A ?]0;stolen?word").press(CTRL_C)
    assert terminal.end() == 130
    assert b"\x1b]0;" not in terminal.raw
    assert b"\x1b[2J" not in terminal.raw
    assert "\u202e".encode() not in terminal.raw


def test_changing_an_answer_asks_what_now_matters_and_drops_what_no_longer_does(
    start: Start, folder: Path, write_template: Callable[..., Path]
) -> None:
    template = write_template(
        {
            "store": {"type": "str", "help": "Where", "choices": ["disk", "net"], "default": "disk"},
            "host": {"type": "str", "help": "Which host", "when": "{{ store == 'net' }}"},
        }
    )
    terminal = start("my-api", "--template", str(template)).see("> disk").press(ENTER).see(REVIEW)
    assert "host" not in terminal.text
    terminal.press(DOWN, ENTER).see("Where").press(DOWN, ENTER).see("Which host").press("a.example", ENTER)
    terminal.see(REVIEW, "host a.example").press(DOWN, ENTER).see("Where").press(UP, ENTER).see(REVIEW)
    terminal.wait_until(lambda: "host a.example" not in _below(terminal, REVIEW), "see the answer go").press(ENTER)
    assert terminal.end() == 0
    assert "host" not in recorded(folder / "my-api")


@pytest.mark.parametrize("kind", ["xterm", "dumb"])
def test_a_decision_may_be_for_nothing(start: Start, kind: str) -> None:
    program = (
        "from scaffold.wizard.choose import choose;"
        "print('result', choose('What now?', [('go', 'go', 'do it'), (None, 'cancel', 'do nothing')]))"
    )
    terminal = start(command=(SCAFFOLD[0], "-c", program), TERM=kind).see("What now?", "cancel do nothing")
    terminal.press(*((DOWN, ENTER) if kind == "xterm" else ("cancel\n",))).see("result None")


def _below(terminal: Terminal, text: str) -> str:
    return terminal.text.rpartition(text)[2]


def test_the_common_path_asks_six_questions_at_most() -> None:
    assert len(PROMPTED) <= 6


def test_escape_goes_back_and_the_keys_are_named(start: Start, folder: Path) -> None:
    terminal = (
        start("my-api").see("> my-api", "Esc: back").press(ENTER).see(f"for example {CONTACT}", "F1 or ?: explain")
    )
    terminal.press(CONTACT, ENTER).see("> sqlite", "Up/Down: choose").press(DOWN).see("> postgres").press(ENTER)
    terminal.see(QUESTIONS["deployment"].help).press(ESCAPE).see("> postgres").press(ESCAPE).see(f"> {CONTACT}")
    terminal.press(ESCAPE).see("> my-api").press(ESCAPE)
    terminal.wait_until(lambda: "> my-api" in _below(terminal, "This is the first question."), "see it again")
    terminal.press(ERASE_LINE, "shop", ENTER).see(f"> {CONTACT}").press(ENTER).see("> postgres").press(UP, ENTER)
    terminal.see("> compose").press(ENTER).see("> github").press(ENTER).see(REVIEW).press(ESCAPE).see("> github")
    terminal.press(DOWN, ENTER).see(REVIEW, "ci none").press(ENTER)
    assert terminal.end() == 0
    answers = recorded(folder / "my-api")
    assert [answers[name] for name in ("project_name", "database", "ci")] == ["shop", "sqlite", "none"]


@pytest.mark.parametrize(("kind", "question_mark"), [("xterm", "?"), ("dumb", "?\n")])
def test_a_question_mark_shows_what_each_choice_brings(start: Start, kind: str, question_mark: str) -> None:
    terminal = start("my-api", *flags(but="database"), rows=60, TERM=kind).see("sqlite", "explain").press(question_mark)
    terminal.see(
        "test/database-sqlite.test.ts", "src/config/postgres.ts", "2 packages: @types/pg, pg", "db-tls-verified"
    )
    terminal.press("\r" if kind == "xterm" else "\n").see(REVIEW).press(question_mark)
    terminal.see("package.json", "20 packages: @eslint/js", "BCRYPT_COST", "security controls, listed in")
    assert terminal.press(CTRL_C).end() == 130


def test_a_question_mark_inside_a_text_is_part_of_it(start: Start) -> None:
    terminal = start("my-api", *flags(but="ci")).see("> github").press(ENTER).see(REVIEW)
    change(terminal, "description").press(ERASE_LINE, "Ready?").see("> Ready?").press(ENTER)
    terminal.see(REVIEW, "description Ready?")


def test_a_less_than_sign_goes_back_in_a_terminal_without_a_cursor(start: Start) -> None:
    terminal = start("my-api", TERM="dumb").see("[my-api] >", "<: back").press("shop\n").see("for example security")
    terminal.press("<\n").see("[shop] >").press("\n", CONTACT, "\n").see("Database").press("<\n").see(f"[{CONTACT}] >")
    assert terminal.press(CTRL_C).end() == 130


def test_the_command_that_does_the_same_is_printed_and_does(start: Start, folder: Path) -> None:
    flags_given = ("--security-contact", CONTACT, "--no-metrics", "--no-git")
    terminal = start("a shop", *flags_given, columns=200).see("> a-shop").press(ENTER).see("> sqlite")
    terminal.press(DOWN, ENTER, ENTER, ENTER).see(REVIEW)
    change(terminal, "description").press(ERASE_LINE, "It's 'ours'", ENTER).see(REVIEW).press(ENTER)
    assert terminal.end() == 0
    line = next(line for line in terminal.lines if line.startswith("  scaffold new"))
    words = shlex.split(line)
    assert words[:3] == ["scaffold", "new", "a shop"]
    (folder / "a shop").rename(folder / "first")
    again = start(command=(*SCAFFOLD, *words[1:]))
    assert again.end() == 0
    assert recorded(folder / "a shop") == recorded(folder / "first")
    assert not (folder / "a shop" / ".git").exists()


def test_the_folder_is_asked_for_if_it_is_not_named(start: Start, folder: Path) -> None:
    (folder / "taken").mkdir()
    (folder / "taken" / "work.txt").touch()
    terminal = start(*flags()[2:]).see("Folder to create").press("taken").see("is not empty")
    terminal.press(ERASE_LINE, "shop", ENTER).see("> shop").press(ENTER).see(REVIEW).press(ENTER)
    assert terminal.end() == 0
    assert recorded(folder / "shop")["project_name"] == "shop"


def test_defaults_of_the_user_are_not_asked_and_named_in_the_review(start: Start, folder: Path) -> None:
    settings = folder.parent / "settings" / "scaffold"
    settings.mkdir(parents=True)
    (settings / "defaults.yml").write_text(f"security_contact: {CONTACT}\nlicense: MIT\nci: none\n", encoding="utf-8")
    terminal = start("my-api", XDG_CONFIG_HOME=str(settings.parent), columns=160).see("> my-api").press(ENTER)
    terminal.see("> sqlite").press(ENTER).see("> compose").press(ENTER)
    terminal.see(REVIEW, f"security contact {CONTACT} (from {settings}/defaults.yml)", "license MIT (from").press(ENTER)
    assert terminal.end() == 0
    assert recorded(folder / "my-api")["license"] == "MIT"


def programs_with(folder: Path, npm: str) -> str:
    """Return a PATH on which Node.js is new enough and npm is this script."""
    programs = folder.parent / "programs"
    programs.mkdir()
    for name, script in {"node": "#!/bin/sh\necho v24.19.0\n", "npm": npm}.items():
        (programs / name).write_text(script, encoding="utf-8")
        (programs / name).chmod(0o755)
    return f"{programs}:{os.environ['PATH']}"


def test_the_offer_to_install_and_start_runs_npm_in_the_project(start: Start, folder: Path) -> None:
    npm = '#!/bin/sh\necho "npm $* in $(pwd)"\ncase $1 in ci) mkdir node_modules ;; esac\n'
    path = programs_with(folder, npm)
    terminal = start("my-api", *flags(but="ci"), rows=60, columns=160, PATH=path).see("> github").press(ENTER)
    terminal.see(REVIEW).press(ENTER).see("What next?", "> nothing").press(DOWN, DOWN).see("> start").press(ENTER)
    assert terminal.end() == 0
    assert f"npm run dev in {folder}/my-api" in terminal.text
    assert (folder / "my-api" / "node_modules").is_dir()


def test_leaving_at_the_offer_to_install_keeps_the_project(start: Start, folder: Path) -> None:
    path = programs_with(folder, "#!/bin/sh\nexit 1\n")
    terminal = start("my-api", *flags(but="ci"), rows=60, PATH=path).see("> github").press(ENTER).see(REVIEW)
    terminal.press(ENTER).see("What next?", "> nothing").press(CTRL_C)
    assert terminal.end() == 0
    assert "Interrupted" not in terminal.text
    assert (folder / "my-api" / "package.json").is_file()


def test_errors_are_folded_between_words(start: Start) -> None:
    terminal = start("my-api", "--database", "orcale", "--license", "GPL", columns=40)
    assert terminal.end() == 2
    words = {word for line in terminal.lines for word in line.split()}
    assert {"Allowed:", "`scaffold", "questions`", "Apache-2.0."} <= words
