"""Fill the generated parts of `docs/reference/` from the command, `copier.yml` and the catalogue of controls.

A generated part stands between `<!-- begin: SOURCE -->` and `<!-- end -->`; everything around it is written by hand.
SOURCE is a command whose output is shown, `questions`, `exit codes`, `error codes`, `practices` or `statuses`.

    python -m tools.reference           write them
    python -m tools.reference --check   write nothing; exit 1 if a part is out of date
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.cli.output_controls import label
from scaffold.controls.catalogue import load
from scaffold.controls.gather import ALWAYS
from scaffold.controls.selection import MEANINGS, Selection, in_words, select
from scaffold.errors import CODES, ExitCode
from scaffold.template.source import builtin
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from scaffold.controls.selection import Coverage
    from scaffold.questions.question import Question
    from scaffold.questions.questionnaire import Questionnaire

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
PART = re.compile(r"(<!-- begin: (.+?) -->\n).*?(<!-- end -->)", re.DOTALL)


def output(command: str) -> str:
    """Return the output of a command as a code block."""
    arguments = [sys.executable, "-m", "scaffold", *command.split()[1:]]
    environment = os.environ | {"COLUMNS": "100", "NO_COLOR": "1"}
    printed = subprocess.run(arguments, env=environment, capture_output=True, text=True, check=True).stdout
    return f"```text\n$ {command}\n{printed.rstrip()}\n```\n"


def questions(questionnaire: Questionnaire) -> str:
    """Return all questions, page by page."""
    return "\n".join(
        f"## {title}\n\n" + "\n".join(section(questionnaire, question) for question in page)
        for title, page in questionnaire.groups()
    )


def section(questionnaire: Questionnaire, question: Question) -> str:
    """Return one question with its values."""
    default = questionnaire.static_default(question)
    words = f"default: `{shown(default)}`" if default is not None else questionnaire.default_in_words(question)
    default_line = words[0].upper() + words[1:] + "."
    rows = "".join(f"| `{shown(choice.value)}` | {choice.label} |\n" for choice in question.choices)
    if question.kind == "bool":
        rows = "| `true` | yes |\n| `false` | no |\n"
    table = f"\n| value | meaning |\n| --- | --- |\n{rows}" if rows else ""
    patterns = "".join(f"\nMust match `{pattern}`\n" for pattern in questionnaire.patterns(question))
    return f"### `{question.name}`\n\n{question.help}. Flag: `{question.flag}`. {default_line}\n{table}{patterns}"


def exit_codes() -> str:
    """Return the exit codes as a table."""
    rows = [f"| {code:d} | {code.meaning}{f': {code.details}' * bool(code.details)} |\n" for code in ExitCode]
    return "| exit code | meaning |\n| --- | --- |\n" + "".join(rows)


def error_codes() -> str:
    """Return the codes of all errors as a table."""
    rows = [f"| `{name}` | {code.exit_code:d} | {code.meaning} |\n" for name, code in CODES.items()]
    return "| `error.code` | exit code | when |\n| --- | --- | --- |\n" + "".join(rows)


def whole_catalogue() -> Selection:
    """Return everything, whatever the answers are."""
    return select(load(), lambda _: True)


def statuses() -> str:
    """Return what each status of a practice means, and how many practices have it."""
    found = whole_catalogue()
    rows = [
        f"| {label(status)} | {meaning} | {found.count(status)} |\n"
        for status, meaning in MEANINGS.items()
        if found.count(status)
    ]
    return "| status | meaning | practices |\n| --- | --- | --- |\n" + "".join(rows)


def practices() -> str:
    """Return all practices as a table."""
    found = whole_catalogue()
    code = {control.id: control.code for control in found.controls}
    head = "| practice | status | reason | controls and tests | where in a project |\n| --- | --- | --- | --- | --- |\n"
    return head + "".join(
        practice_row(one, [file for name in one.controls for file in code[name]]) for one in found.practices
    )


def practice_row(one: Coverage, code: Iterable[str]) -> str:
    """Return the row of a practice.

    Args:
        one: how a project stands to it.
        code: files of its controls.
    """
    practice = one.practice
    reason = one.reason + (f" Only with {in_words(one.when)}." if one.when != ALWAYS else "")
    proofs = [*one.controls, *practice.tests]
    cells = (
        f"{practice.id} {practice.title}",
        label(one.status),
        reason.strip(),
        *(", ".join(f"`{name}`" for name in names) for names in (proofs, dict.fromkeys([*code, *practice.files]))),
    )
    return "| " + " | ".join(cells) + " |\n"


MADE = {
    "questions": lambda: questions(builtin().questionnaire()),
    "exit codes": exit_codes,
    "error codes": error_codes,
    "practices": practices,
    "statuses": statuses,
}


def filled(text: str) -> str:
    """Return a document with new generated parts."""

    def part(found: re.Match[str]) -> str:
        made = MADE[found[2]]() if found[2] in MADE else output(found[2])
        return f"{found[1]}{made}{found[3]}"

    return PART.sub(part, text)


def main(arguments: list[str]) -> int:
    """Write the documents, or with `--check` list those that would change."""
    stale = []
    for document in sorted(REFERENCE.glob("*.md")):
        before = document.read_text(encoding="utf-8")
        if (after := filled(before)) != before:
            stale.append(document.name)
            if "--check" not in arguments:
                document.write_text(after, encoding="utf-8")
    print(f"changed: {', '.join(stale)}" if stale else "nothing changed")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
