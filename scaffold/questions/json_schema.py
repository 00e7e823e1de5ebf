"""The questions as JSON Schema (2020-12), for editors, forms and portals."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scaffold.questions.question import Question
    from scaffold.questions.questionnaire import Questionnaire

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# ECMA 262, by which JSON Schema reads patterns, knows no \A and \Z, and its \w is ASCII only.
WORD = "0-9A-Za-z_\u00aa-\U0010ffff"
PIECE = re.compile(r"\\.|[\[\]]|.", re.DOTALL)


def json_schema(questionnaire: Questionnaire) -> dict[str, Any]:
    """Return a schema that every accepted set of answers satisfies.

    It is a first check: `scaffold new` also judges answers against each other.
    """
    properties = {q.name: _property(questionnaire, q) for q in questionnaire.questions}
    return {
        "$schema": DIALECT,
        "title": "Answers for scaffold new",
        "type": "object",
        "properties": properties,
        "required": [q.name for q in questionnaire.questions if questionnaire.is_required(q)],
        "additionalProperties": False,
    }


def _property(questionnaire: Questionnaire, question: Question) -> dict[str, Any]:
    schema: dict[str, Any] = {"description": _description(question)}
    if question.choices:
        schema["enum"] = [choice.value for choice in question.choices]
    else:
        schema["type"] = "boolean" if question.kind == "bool" else "string"
    patterns = [portable(pattern) for pattern in questionnaire.patterns(question)]
    if len(patterns) == 1:
        schema["pattern"] = patterns[0]
    elif patterns:
        schema["allOf"] = [{"pattern": pattern} for pattern in patterns]
    default = questionnaire.static_default(question)
    if default is not None:
        schema["default"] = default
    if question.placeholder:
        schema["examples"] = [question.placeholder]
    return schema


def _description(question: Question) -> str:
    meanings = [f"{choice.value}: {choice.label}" for choice in question.choices if choice.label]
    return "\n".join([question.help, *meanings])


def portable(pattern: str) -> str:
    """Return a Python pattern as one that ECMA 262 understands and that accepts no less.

    Args:
        pattern: a pattern of a validator in `copier.yml`.
    """
    parts, in_class = [], False
    for piece in PIECE.findall(pattern):
        if piece in {"[", "]"}:
            in_class = piece == "["
        words = WORD if in_class else f"[{WORD}]"
        parts.append({r"\A": "^", r"\Z": "$", r"\w": words}.get(piece, piece))
    return "".join(parts)
