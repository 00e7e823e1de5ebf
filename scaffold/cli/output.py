"""The one place where results and failures become text for people or JSON for programs."""

from __future__ import annotations

import json
import shlex
from dataclasses import asdict
from typing import TYPE_CHECKING, TextIO

from scaffold.cli.fold import folded
from scaffold.cli.terminal import printing
from scaffold.project.env_file import ENV_FILE
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scaffold.errors import AnswerProblem, ScaffoldError
    from scaffold.new.create import CreateResult
    from scaffold.questions.question import Question
    from scaffold.questions.questionnaire import Questionnaire

# Version of the JSON. It changes when a field is removed or changes its meaning, not when one is added.
JSON_VERSION = 1

# A line of text and how it looks on a terminal: a style of rich, or none.
Line = tuple[str, str]


def write(lines: Iterable[Line], stream: TextIO | None, *, fold: bool = False) -> None:
    """Write lines, styled on a terminal and plain elsewhere.

    Args:
        lines: text and style of each.
        stream: where to; None when the process was started without it.
        fold: fold sentences at the width of the terminal. Default: False, for what is copied from the screen.
    """
    if stream is None:
        return
    if not stream.isatty():
        with printing():
            stream.writelines(f"{text}\n" for text, _ in lines)
            # What cannot be printed is noticed before a command goes on to change something.
            stream.flush()
        return
    from rich.console import Console

    console = Console(file=stream, markup=False, highlight=False, emoji=False, soft_wrap=True)
    for text, style in lines:
        console.print(folded(text, console.width) if fold else text, style=style or None)


def write_json(fields: dict[str, object], stream: TextIO | None) -> None:
    """Write one JSON object with the version of its shape.

    Args:
        fields: what it holds besides.
        stream: where to; None when the process was started without it.
    """
    if stream is not None:
        with printing():
            stream.write(json.dumps({"version": JSON_VERSION, **fields}, indent=2) + "\n")
            stream.flush()


def created_fields(result: CreateResult) -> dict[str, object]:
    """Return the fields of a created project."""
    return {
        "command": "new",
        "dry_run": result.dry_run,
        "path": str(result.path),
        "template": {"address": result.template_address, "version": result.template_version},
        "answers": result.answers,
        "files": [asdict(file) for file in result.files],
        "git": asdict(result.git),
        "installed": result.installed,
        "kept": list(result.kept),
        "notes": list(result.notes),
    }


def created(result: CreateResult, displayed_path: str) -> list[Line]:
    """Return what a person wants to know about a created project, next steps last.

    Args:
        result: what `create` returned.
        displayed_path: the destination as it was typed.
    """
    if result.dry_run:
        return _would_create(result)
    lines: list[Line] = [(f"Created {shown(str(result.path), 500)}: {_summary(result)}", "bold green")]
    lines += [(f"Note: {shown(note, 1000)}", "yellow") for note in result.notes]
    if any(file.path == ENV_FILE for file in result.files):
        lines.append((f"{ENV_FILE} holds fresh secrets; only you can read it, and git ignores it.", ""))
    contact = result.answers.get("security_contact")
    if contact:
        lines.append((f"security.txt names {contact}.", ""))
    return [*lines, ("", ""), ("Next:", "bold"), *_next_steps(result, displayed_path)]


def _summary(result: CreateResult) -> str:
    version = f", template {result.template_version}" if result.template_version else ""
    commit = f", first commit {result.git.commit[:7]}" if result.git.commit else ""
    return f"{len(result.files)} files{version}{commit}"


def _would_create(result: CreateResult) -> list[Line]:
    total = sum(file.size for file in result.files)
    header = f"Would create {shown(str(result.path), 500)}: {_summary(result)}, {total} bytes. Nothing was written."
    return [*((f"{file.size:>9}  {shown(file.path, 500)}", "") for file in result.files), (header, "bold")]


def _next_steps(result: CreateResult, displayed_path: str) -> list[Line]:
    steps = [f"cd {shlex.quote(shown(displayed_path, 500))}"] if displayed_path != "." else []
    if any(file.path == "package.json" for file in result.files):
        steps += [] if result.installed else ["npm ci"]
        steps += ["npm run dev"]
    if any(file.path == "README.md" for file in result.files):
        steps += ["then see README.md for the first requests"]
    return [(f"  {step}", "cyan") for step in steps]


def failure_fields(failure: ScaffoldError) -> dict[str, object]:
    """Return the fields of a failure."""
    return {
        "error": {
            "code": failure.code,
            "message": failure.sentence,
            "next_step": failure.next_step,
            "problems": [asdict(problem) for problem in failure.problems],
        }
    }


def failed(failure: ScaffoldError) -> list[Line]:
    """Return a failure as text: what is wrong, every single mistake, and what to do."""
    lines: list[Line] = [(f"Error: {shown(failure.sentence, 2000)}", "bold red")]
    for problem in failure.problems:
        lines += [(f"  {problem.flag or problem.question}", "bold"), (f"      {_explained(problem)}", "")]
    return [*lines, (f"Next: {failure.next_step}", "")]


def _explained(problem: AnswerProblem) -> str:
    text = problem.problem.rstrip(".") + "."
    if problem.suggestion:
        text += f" Did you mean {problem.suggestion}?"
    if problem.allowed:
        text += f" Allowed: {', '.join(problem.allowed)}."
    return text


def questions(questionnaire: Questionnaire) -> list[Line]:
    """Return all questions as text, page by page."""
    lines: list[Line] = []
    for title, page in questionnaire.groups():
        lines += [(title, "bold"), ("", "")]
        for question in page:
            lines += _question(questionnaire, question)
    return lines


def _question(questionnaire: Questionnaire, question: Question) -> list[Line]:
    answered = questionnaire.default_in_words(question)
    values = [f"      {shown(c.value)}: {c.label}" if c.label else f"      {shown(c.value)}" for c in question.choices]
    if question.kind == "bool":
        values = ["      true or false"]
    return [
        (f"  {question.name}  ({question.flag}; {answered})", "cyan"),
        (f"      {question.help}", ""),
        *((value, "") for value in values),
        ("", ""),
    ]
