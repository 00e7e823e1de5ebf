"""Text and JSON about the catalogue of controls."""

from __future__ import annotations

import shutil
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.controls.gather import ALWAYS
from scaffold.controls.selection import COVERED, MEANINGS, in_words
from scaffold.text import shown as printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from scaffold.cli.output import Line
    from scaffold.controls.catalogue import Control
    from scaffold.controls.selection import Coverage, Selection
    from scaffold.project.record import Project
    from scaffold.questions.question import Answers

_NARROWEST, _WIDEST = 60, 120
_LABELS = {"in-part": "in part", "operator": "yours", "not-claimed": "not claimed", "choice": "by choice"}
# Widths of the first columns.
_CONTROL, _PRACTICE, _REQUIREMENT = 35, 19, 10


@dataclass(frozen=True)
class Shown:
    """What is listed.

    Attributes:
        selection: the controls and practices.
        project: whose they are; None without a project.
        answers: the answers they were selected for, except free text; None for the whole catalogue.
        version: release of Scaffold whose catalogue it is.
    """

    selection: Selection
    project: Project | None
    answers: Answers | None
    version: str


def lines(shown: Shown, by: str, *, uncovered: bool) -> list[Line]:
    """Return the list as text that fits the terminal; 80 columns where there is none.

    Args:
        shown: what is listed.
        by: `control`, `practice` or `asvs`.
        uncovered: list only practices that leave something open.
    """
    width = min(max(shutil.get_terminal_size((80, 24)).columns, _NARROWEST), _WIDEST)
    if by == "practice":
        table = _practices(shown.selection, width, uncovered=uncovered)
    else:
        table = (_controls if by == "control" else _requirements)(shown.selection, width)
    return [*_heading(shown, width), ("", ""), *table]


def fields(shown: Shown, by: str, *, uncovered: bool) -> dict[str, object]:
    """Return the same as fields."""
    project = shown.project
    return {
        "command": "controls",
        "path": str(project.folder) if project else None,
        "template_version": project.version if project else None,
        "catalogue_version": shown.version,
        "answers": shown.answers,
        "by": by,
        **_FIELDS[by](shown.selection, uncovered),
    }


def _heading(shown: Shown, width: int) -> Iterator[Line]:
    selection, project = shown.selection, shown.project
    whose = printable(str(project.folder), 500) if project else "The whole catalogue"
    if shown.answers is not None and not project:
        whose = "A project with these answers"
    yield f"{whose}: {len(selection.controls)} controls, {len(selection.practices)} practices", "bold"
    if shown.answers is not None:
        chosen = ", ".join(f"{name} {printable(value)}" for name, value in shown.answers.items())
        yield from _wrapped(f"answers: {chosen}", width)
    if project and project.version != shown.version:
        note = f"The catalogue is that of {shown.version}; the project is on {printable(project.version)}."
        yield from _wrapped(note, width)


def _controls(selection: Selection, width: int) -> Iterator[Line]:
    yield _title("CONTROL", "WHAT IT DOES", _CONTROL)
    for control in selection.controls:
        paragraphs = [control.statement, f"ASVS: {', '.join(control.asvs)}"]
        practices = selection.practices_of(control)
        paragraphs += [f"practices: {', '.join(practices)}"] if practices else []
        paragraphs += [f"only with {in_words(control.when)}"] if control.when != ALWAYS else []
        yield from _row(control.id, paragraphs, _CONTROL, width)


def _practices(selection: Selection, width: int, *, uncovered: bool) -> Iterator[Line]:
    yield _title("PRACTICE", "WHAT TO DO", _PRACTICE)
    for one in _listed(selection, uncovered):
        paragraphs = [one.practice.title, *([one.reason] if one.reason else [])]
        paragraphs += [f"only with {in_words(one.when)}"] if one.when != ALWAYS and one.rest != "choice" else []
        paragraphs += [f"controls: {', '.join(one.controls)}"] if one.controls else []
        paragraphs += [f"see: {', '.join(one.practice.files)}"] if one.practice.files and one.rest != "choice" else []
        yield from _row(f"{one.practice.id}  {label(one.status)}", paragraphs, _PRACTICE, width)
    yield "", ""
    for status, meaning in MEANINGS.items():
        yield from _row(f"{selection.count(status):>4}  {label(status)}", [meaning], _PRACTICE, width)


def _requirements(selection: Selection, width: int) -> Iterator[Line]:
    levels = selection.levels
    for level in sorted(set(levels.values())):
        names = [requirement for requirement in levels if levels[requirement] == level]
        yield f"Level {level}: controls contribute to {len(names)} requirements", "bold"
        for requirement in names:
            yield from _row(requirement, [", ".join(selection.controls_of(requirement))], _REQUIREMENT, width)
        yield "", ""
    yield from _wrapped("The numbers are requirements of OWASP ASVS 5.0. They are a map, not a certificate.", width)


def _listed(selection: Selection, uncovered: bool) -> Sequence[Coverage]:  # noqa: FBT001 - of the table below
    return [one for one in selection.practices if not uncovered or one.status not in COVERED]


def label(status: str) -> str:
    """Return what a status of a practice is called for its reader, the owner of a project."""
    return _LABELS.get(status, status)


def _title(left: str, right: str, column: int) -> Line:
    return f"{left:<{column}}{right}", "bold"


def _row(left: str, paragraphs: Sequence[str], column: int, width: int) -> Iterator[Line]:
    """Return a row of two columns; each paragraph of the second begins on a line of its own."""
    start = left.ljust(column - 1) + " "
    for paragraph in paragraphs:
        yield from _wrapped(paragraph, width, start, " " * column)
        start = " " * column


def _wrapped(text: str, width: int, start: str = "", indentation: str = "") -> Iterator[Line]:
    wrapped = textwrap.wrap(
        text, width, initial_indent=start, subsequent_indent=indentation, break_long_words=False, break_on_hyphens=False
    )
    return ((line, "") for line in wrapped)


def _control_fields(selection: Selection, _uncovered: bool) -> dict[str, object]:  # noqa: FBT001 - of the table below
    return {"controls": [_control(selection, control) for control in selection.controls]}


def _control(selection: Selection, control: Control) -> dict[str, object]:
    return {
        "id": control.id,
        "statement": control.statement,
        "when": control.when,
        "asvs": [{"id": name, "level": selection.levels[name]} for name in control.asvs],
        "practices": selection.practices_of(control),
        "code": list(control.code),
        "tests": list(control.tests),
    }


def _practice_fields(selection: Selection, uncovered: bool) -> dict[str, object]:  # noqa: FBT001 - of the table below
    return {
        "practices": [_practice(one) for one in _listed(selection, uncovered)],
        "counts": {status: selection.count(status) for status in MEANINGS},
    }


def _practice(one: Coverage) -> dict[str, object]:
    there = one.rest not in {None, "choice"}
    return {
        "id": one.practice.id,
        "title": one.practice.title,
        "status": one.status,
        "rest": one.rest,
        "reason": one.reason,
        "controls": list(one.controls),
        "files": list(one.practice.files) if there else [],
        "tests": list(one.practice.tests) if there else [],
    }


def _requirement_fields(selection: Selection, _uncovered: bool) -> dict[str, object]:  # noqa: FBT001 - of the table below
    return {
        "requirements": [
            {"id": name, "level": level, "controls": selection.controls_of(name)}
            for name, level in selection.levels.items()
        ]
    }


_FIELDS: Mapping[str, Callable[[Selection, bool], dict[str, object]]] = {
    "control": _control_fields,
    "practice": _practice_fields,
    "asvs": _requirement_fields,
}
