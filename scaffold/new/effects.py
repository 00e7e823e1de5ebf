"""What answers bring into a project: computed from renders of the template, never kept by hand."""

from __future__ import annotations

import json
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.errors import ScaffoldError
from scaffold.files.staging import scratch
from scaffold.project.env_file import setting_names
from scaffold.text import listed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from scaffold.questions.question import Answer, Answers, Question
    from scaffold.questions.questionnaire import Questionnaire
    from scaffold.template.source import Template

CONTROLS = "docs/security-controls.md"
# The id of a control is the title of its section.
_CONTROL = re.compile(r"^### ([\w-]+)$", re.MULTILINE)
# How many names stand behind a number.
NAMED = 8


@dataclass(frozen=True)
class Contents:
    """What a project has, by name.

    Attributes:
        files: paths of its files.
        packages: packages that it names in package.json; what those need is not counted.
        settings: names in `.env.example`.
        controls: ids of its security controls.
    """

    files: frozenset[str] = frozenset()
    packages: frozenset[str] = frozenset()
    settings: frozenset[str] = frozenset()
    controls: frozenset[str] = frozenset()

    def without(self, other: Contents) -> Contents:
        """Return what the other does not have."""
        return Contents(
            self.files - other.files,
            self.packages - other.packages,
            self.settings - other.settings,
            self.controls - other.controls,
        )

    def common(self, other: Contents) -> Contents:
        """Return what both have."""
        return self.without(self.without(other))

    def lines(self) -> list[str]:
        """Return one line for each kind: how many there are, and the first names."""
        kinds = {"file": self.files, "package": self.packages, "setting": self.settings, "control": self.controls}
        named = [
            f"{_counted(len(names), kind)}: {listed(sorted(names), NAMED)}" for kind, names in kinds.items() if names
        ]
        return named or ["nothing that the other choices do not have"]


class Effects:
    """Renders the template with different answers and compares the results.

    Each set of answers is rendered once.
    """

    def __init__(self, template: Template, questionnaire: Questionnaire) -> None:
        """Start without a render."""
        self._template = template
        self._questionnaire = questionnaire
        self._known: dict[str, Contents] = {}

    def of_choices(self, question: Question, answers: Answers) -> Mapping[Answer, Sequence[str]]:
        """Return for each value of a question, in lines of text, what not every value brings.

        Args:
            question: a question with values to choose from.
            answers: the answers so far; the others are taken as their defaults.
        """
        values = [choice.value for choice in question.choices] or [True, False]
        try:
            brought = {value: self._contents({**answers, question.name: value}) for value in values}
        except ScaffoldError as error:
            return {value: [_not_available(error)] for value in values}
        everywhere = brought[values[0]]
        for contents in brought.values():
            everywhere = everywhere.common(contents)
        return {value: contents.without(everywhere).lines() for value, contents in brought.items()}

    def of_project(self, answers: Answers) -> Sequence[str]:
        """Return what a project of these answers has, in lines of text."""
        try:
            contents = self._contents(answers)
        except ScaffoldError as error:
            return [_not_available(error)]
        folders = Counter(path.partition("/")[0] + "/" if "/" in path else path for path in sorted(contents.files))
        named = [f"{name} ({number})" if name.endswith("/") else name for name, number in sorted(folders.items())]
        return [
            f"{_counted(len(contents.files), 'file')}: {', '.join(named)}",
            f"{_counted(len(contents.packages), 'package')}: {', '.join(sorted(contents.packages))}",
            f"{_counted(len(contents.settings), 'setting')}: {', '.join(sorted(contents.settings))}",
            f"{_counted(len(contents.controls), 'security control')}, listed in {CONTROLS}",
        ]

    def _contents(self, answers: Answers) -> Contents:
        complete = self._complete(answers)
        key = json.dumps(complete, sort_keys=True)
        if key not in self._known:
            self._known[key] = self._rendered(complete)
        return self._known[key]

    def _complete(self, answers: Answers) -> Answers:
        """Return answers to all questions: the placeholder stands for what nobody has answered yet."""
        examples = {q.name: q.placeholder for q in self._questionnaire.questions if self._questionnaire.is_required(q)}
        return self._questionnaire.resolve({**examples, **answers}, defaults=True)

    def _rendered(self, answers: Answers) -> Contents:
        from scaffold.template.render import render

        with scratch() as work:
            project = work / "project"
            paths = render(self._template, answers, project)
            return Contents(
                frozenset(paths),
                frozenset(_packages(project)),
                frozenset(setting_names(project)),
                frozenset(_CONTROL.findall(_text(project / CONTROLS))),
            )


def _packages(project: Path) -> set[str]:
    try:
        manifest = json.loads(_text(project / "package.json"))
        return {name for kind in ("dependencies", "devDependencies") for name in manifest.get(kind, {})}
    except (ValueError, AttributeError, TypeError):
        return set()


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def _not_available(error: ScaffoldError) -> str:
    return f"The preview is not available: {error.sentence}"
