"""The document of a project's controls names the files and sections that this project has."""

from __future__ import annotations

import re

import pytest

from tests.support.answers import REPOSITORY, Answers, pairwise_sample, title
from tests.support.rendering import Tree, in_memory
from tools.controls import load

FILE = re.compile(r"`([^`]+)`")


def document(project: Tree) -> str:
    return project["docs/security-controls.md"].decode()


@pytest.mark.parametrize("answers", pairwise_sample(), ids=title)
def test_every_named_file_is_in_the_project(answers: Answers) -> None:
    project = in_memory(answers)
    lists = [line for line in document(project).splitlines() if line.startswith(("- Code", "- Attacked"))]
    assert lists
    for line in lists:
        files = FILE.findall(line)
        assert files, line
        assert [file for file in files if file not in project and not (REPOSITORY / file).is_file()] == [], line
        assert line.endswith("`"), line


@pytest.mark.parametrize("answers", pairwise_sample(), ids=title)
def test_the_contents_are_the_chapters(answers: Answers) -> None:
    text = document(in_memory(answers))
    chapters = re.findall(r"(?m)^## (.+)$", text)
    assert re.findall(r"(?m)^- \[(.+)\]\(#[a-z-]+\)$", text) == chapters
    assert "\n\n\n" not in text


def test_controls_without_a_chapter_of_their_own_are_few() -> None:
    """A new test file belongs into `_CHAPTERS` of tools/controls.py."""
    text = document(in_memory(pairwise_sample()[0]))
    others = text.partition("## Other controls\n")[2]
    assert others.count("\n### ") <= len(load()) // 20
