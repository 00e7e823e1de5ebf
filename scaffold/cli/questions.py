"""`scaffold questions`."""

from __future__ import annotations

import json
import sys

import click

from scaffold.cli import output
from scaffold.template.source import open_template


def _questions(*, json_schema: bool, template: str | None, ref: str | None) -> None:
    with open_template(template, ref) as opened:
        questionnaire = opened.questionnaire()
        if json_schema:
            from scaffold.questions.json_schema import json_schema as schema

            sys.stdout.write(json.dumps(schema(questionnaire), indent=2) + "\n")
        else:
            output.write(output.questions(questionnaire), sys.stdout)


command = click.Command(
    name="questions",
    help="Explain every question: its flag, its default and what each value means.",
    callback=_questions,
    params=[
        click.Option(["--json-schema"], is_flag=True, help="Print them as JSON Schema (2020-12)."),
        click.Option(["--template"], metavar="URL", help="Git repository or folder of another template."),
        click.Option(["--ref"], metavar="REF", help="Tag, branch or commit of it [default: its newest version]."),
    ],
)
