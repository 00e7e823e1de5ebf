"""Combinations of answers give projects whose files are whole: each pair of answers, and some drawn by the seed."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING

import pytest
import yaml

from tests.support.answers import drawn_sample, every_combination, pairs, pairwise_sample, questions, title
from tests.support.rendering import (
    ANSWERS_FILE,
    SUFFIX,
    in_memory,
    is_left_out,
    optional_files,
    template_files,
    tree,
)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_copie.plugin import Copie

    from tests.support.answers import Answers

# The files a value or an answer is rendered into. All else is read in place by editors, tsc and eslint: a file joins
# this list only where choosing between two files of one folder will not do.
SEAMS = [
    ".env.example.jinja",
    ".github/dependabot.yml.jinja",
    ".github/workflows/ci.yml.jinja",
    "AGENTS.md.jinja",
    "Dockerfile.jinja",
    "LICENSE.jinja",
    "README.md.jinja",
    "SECURITY.md.jinja",
    "compose.yaml.jinja",
    "development/tokens/chosen.ts.jinja",
    "docs/dependencies.md.jinja",
    "docs/operations.md.jinja",
    "docs/security-controls.md.jinja",
    "docs/security.md.jinja",
    "package-lock.json.jinja",
    "package.json.jinja",
    "src/auth/chosen-rotation.ts.jinja",
    "src/auth/chosen.ts.jinja",
    "src/auth/login.ts.jinja",
    "src/auth/parts.ts.jinja",
    "src/config/chosen.ts.jinja",
    "src/database/chosen.ts.jinja",
    "src/database/migrations/index.ts.jinja",
    "src/mail/notices.ts.jinja",
    "src/observability/metrics/chosen.ts.jinja",
    "src/observability/security-events.ts.jinja",
    "src/project.ts.jinja",
    "src/rate-limit/chosen.ts.jinja",
    "src/users/owned-rows.ts.jinja",
    "test/support/accounts.ts.jinja",
    "test/support/database.ts.jinja",
    "test/support/parts.ts.jinja",
    "test/support/strategy.ts.jinja",
    "{{ _copier_conf.answers_file }}.jinja",
]

LONGEST_SOURCE_LINES = 150

# What Jinja leaves behind when something goes wrong, or when a file with a value lacks the suffix of a seam.
LEFTOVERS = re.compile(rf"\{{%|%\}}|\{{#-? |\{{\{{-? *(?:_copier\w*|{'|'.join(questions())})\b|Undefined\b")

# Names that Windows cannot check out.
FOREIGN_TO_WINDOWS = re.compile(
    r'[<>:"|?*\\\x00-\x1f]|[. ](?:/|\Z)|(?:\A|/)(?i:con|prn|aux|nul|com\d|lpt\d)(?:[./]|\Z)'
)


@cache
def fault(path: str, content: bytes) -> str:
    """Say what is wrong with a file; an empty text when nothing is."""
    text = content.decode("utf-8")
    if path.endswith(".json"):
        json.loads(text)
    if path.endswith((".yml", ".yaml")):
        list(yaml.safe_load_all(text))
    rules = {
        "a leftover of the template language": LEFTOVERS.search(text),
        "not exactly one line end at its end": not text.endswith("\n") or text.endswith("\n\n"),
        "a carriage return": "\r" in text,
        "a space at the end of a line": " \n" in text and not path.endswith(".md"),
    }
    return ", ".join(rule for rule, broken in rules.items() if broken)


def test_every_file_of_a_project_can_be_read() -> None:
    """JSON and YAML parse, nothing of the template language is left, texts end as texts do."""
    for answers in drawn_sample():
        for path, content in in_memory(answers).items():
            assert not fault(path, content), f"{path} of {title(answers)}"


def test_a_file_ships_exactly_with_the_answers_that_ask_for_it() -> None:
    names = {path.removesuffix(SUFFIX) for path in template_files()} - {"{{ _copier_conf.answers_file }}"}
    for answers in drawn_sample():
        table = optional_files(answers)
        expected = {name for name in names if not is_left_out(name, table)} | {ANSWERS_FILE}
        assert set(in_memory(answers)) == expected, title(answers)


@pytest.mark.parametrize("answers", pairwise_sample(), ids=title)
def test_the_memory_render_gives_what_copier_gives(answers: Answers, rendered: Callable[[Answers], Path]) -> None:
    """The cheap checks are worth what this comparison is worth: byte for byte, on a sample with every pair."""
    on_disk, here = tree(rendered(answers)), in_memory(answers)
    recorded = yaml.safe_load(on_disk.pop(ANSWERS_FILE))
    assert {name: recorded[name] for name in answers} == answers
    del here[ANSWERS_FILE]
    assert on_disk == here


def test_the_same_answers_give_the_same_bytes(rendered: Callable[[Answers], Path]) -> None:
    once, again = (rendered(pairwise_sample()[0]) for _ in range(2))
    assert once != again
    assert tree(once) == tree(again)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("project_name", "../elsewhere"),
        ("description", "two\nlines"),
        ("security_contact", "javascript:alert(1)"),
        ("database", "a database that nobody offers"),
    ],
)
def test_copier_refuses_a_wrong_answer_and_renders_nothing(copie: Copie, question: str, answer: str) -> None:
    """`copie` swallows exceptions: only `exception` and `exit_code` tell that Copier stopped."""
    result = copie.copy({**every_combination()[0], question: answer})
    assert isinstance(result.exception, ValueError)
    assert question in str(result.exception)
    assert result.exit_code == -1
    assert result.project_dir is None
    assert not list(copie.test_dir.rglob("package.json*"))


def test_the_sample_holds_every_pair_of_answers() -> None:
    wanted = set().union(*map(pairs, every_combination()))
    assert set().union(*map(pairs, pairwise_sample())) == wanted
    assert len(pairwise_sample()) < len(every_combination()) / 4


def test_the_seams_are_these_and_no_others() -> None:
    assert sorted(path for path in template_files() if path.endswith(SUFFIX)) == SEAMS


def test_every_path_of_the_table_is_there() -> None:
    names = [f"/{path.removesuffix(SUFFIX)}" for path in template_files()]
    for entry in optional_files(every_combination()[0]):
        assert any(name == entry or name.startswith(f"{entry}/") for name in names), entry


# Migrations of a table that only projects with this answer have. `_keep` of copier.yml makes them stay in a project.
MIGRATIONS_OF_ANSWERS = {
    "src/database/migrations/0009_api_keys.ts": ("api_keys", True),
    "src/database/migrations/0010_totp.ts": ("mfa", "totp"),
}


def test_a_migration_is_the_same_in_every_project_and_only_new_tables_depend_on_an_answer() -> None:
    """An update that changes an answer must not take away or change a migration that has run."""
    folder = "src/database/migrations/"
    shipped = {path: content for path, content in template_files().items() if path.startswith(folder)}
    migrations = {path: content for path, content in shipped.items() if not path.endswith(SUFFIX)}
    assert len(shipped) - len(migrations) == 1
    for answers in drawn_sample():
        found = {path: content for path, content in in_memory(answers).items() if path.startswith(folder)}
        listed = found.pop(f"{folder}index.ts").decode()
        absent = {path for path, (name, value) in MIGRATIONS_OF_ANSWERS.items() if answers[name] != value}
        assert found == {path: content for path, content in migrations.items() if path not in absent}, title(answers)
        names = {path.removeprefix(folder).removesuffix(".ts") for path in found}
        assert set(re.findall(r"'(\d{4}_\w+)':", listed)) == names, title(answers)


def test_names_of_files_work_on_every_system() -> None:
    paths = [path for answers in drawn_sample() for path in in_memory(answers)]
    assert not [path for path in paths if FOREIGN_TO_WINDOWS.search(path)]
    for answers in pairwise_sample():
        names = [path.casefold() for path in in_memory(answers)]
        assert len(names) == len(set(names)), "two names differ in case only"


def test_source_files_are_short() -> None:
    # The list of stolen passwords is data: hashes that a program made and only a program reads.
    data = "src/auth/common-passwords.txt"
    sources = {path: text for path, text in template_files().items() if path.startswith("src/") and path != data}
    assert sources
    assert not [path for path, text in sources.items() if text.count(b"\n") > LONGEST_SOURCE_LINES]
