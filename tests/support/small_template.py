"""Templates made of a few lines, for tests that are not about the one Scaffold ships."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.template.source import Template
from tests.support.command import git

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANSWERS_FILE = "{{ _copier_conf.answers_file }}.jinja"
RECORD = "{{ _copier_answers | to_nice_yaml }}"


def write_files(folder: Path, files: Mapping[str, str]) -> Path:
    """Write text files, with the folders they lie in."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def small_template(folder: Path, copier_yml: str = "", **files: str) -> Template:
    """Make a template of the given questions and files; `__` in a file's name is a dot."""
    named = {name.replace("__", "."): text for name, text in files.items()}
    write_files(folder, {"copier.yml": copier_yml, ANSWERS_FILE: RECORD, **named})
    return Template(folder, "https://example.com/template.git", "v1.0.0")


def as_repository(folder: Path, *tags: str) -> Path:
    """Make a folder a git repository with one commit and tags on it."""
    git("init", "--quiet", "--initial-branch=main", cwd=folder)
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "Publish", cwd=folder)
    for tag in tags:
        git("tag", tag, cwd=folder)
    return folder
