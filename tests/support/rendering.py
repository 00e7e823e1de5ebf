"""Rendering the template in memory, for the thousands of cheap checks; tests/template compares it with Copier."""

from __future__ import annotations

import shutil
from functools import cache
from typing import TYPE_CHECKING, Any

import yaml
from jinja2 import StrictUndefined, Template
from jinja2.sandbox import SandboxedEnvironment
from jinja2_ansible_filters import AnsibleCoreFiltersExtension

from tests.support.answers import REPOSITORY, Answers, copier_yml

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS_FILE = ".copier-answers.yml"
SUFFIX = ".jinja"

Tree = dict[str, bytes]


@cache
def template_files() -> dict[str, bytes]:
    """Return the template's files by path, as git would ship them."""
    root = REPOSITORY / "template"
    ignored = {"node_modules", ".env"}
    return {
        path.relative_to(root).as_posix(): path.read_bytes()
        for path in sorted(root.rglob("*"))
        if path.is_file() and not ignored.intersection(path.relative_to(root).parts)
    }


def source(folder: Path) -> Path:
    """Put the template into a plain folder: from a git checkout Copier would render the last tag."""
    folder.mkdir(parents=True, exist_ok=True)
    for path, content in template_files().items():
        (folder / "template" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / "template" / path).write_bytes(content)
    shutil.copy(REPOSITORY / "copier.yml", folder)
    return folder


def tree(folder: Path) -> Tree:
    """Read every file below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@cache
def _compiled(text: str) -> Template:
    environment = SandboxedEnvironment(
        undefined=StrictUndefined, keep_trailing_newline=True, extensions=[AnsibleCoreFiltersExtension]
    )
    return environment.from_string(text)


def optional_files(answers: Answers) -> dict[str, bool]:
    """Evaluate the table of copier.yml: which files ship with these answers."""
    text = _compiled(copier_yml()["optional_files"]["default"]).render(answers)
    table: dict[str, bool] = yaml.safe_load(text)
    return table


def is_left_out(path: str, table: dict[str, bool]) -> bool:
    """Tell whether the table keeps a file, or its folder, out of the project."""
    return any(f"/{path}/".startswith(f"{entry}/") for entry, ships in table.items() if not ships)


def in_memory(answers: Answers) -> Tree:
    """Render a project without touching the disk; tests/template holds the result against Copier's.

    Each result is kept, because many tests look at every combination of answers.
    """
    return dict(_rendered(tuple(answers.items())))


@cache
def _rendered(items: tuple[tuple[str, str | bool], ...]) -> Tree:
    answers = dict(items)
    table = optional_files(answers)
    context: dict[str, Any] = {
        **answers,
        "_copier_conf": {"answers_file": ANSWERS_FILE},
        "_copier_answers": dict(answers),
    }
    files = {}
    for path, content in template_files().items():
        name = _compiled(path).render(context).removesuffix(SUFFIX)
        if not is_left_out(name, table):
            is_seam = path.endswith(SUFFIX)
            files[name] = _compiled(content.decode()).render(context).encode() if is_seam else content
    return files
