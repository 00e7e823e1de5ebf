"""Convert values, as people and files write them, to the type of a question; say what is wrong with the others."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.errors import AnswerProblem
from scaffold.text import closest, shown, type_name

if TYPE_CHECKING:
    from scaffold.questions.question import Answer, Question

TRUE_WORDS = frozenset({"y", "yes", "t", "true", "on"})
FALSE_WORDS = frozenset({"n", "no", "f", "false", "off", "~", "null", "none"})


def as_bool(value: object) -> bool:
    """Read a value as Copier reads a condition: numbers first, then YAML's words, then Python.

    Args:
        value: usually the text a template rendered.
    """
    try:
        return bool(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError):
        word = value.strip().lower() if isinstance(value, str) else value
        return bool(word) and word not in FALSE_WORDS


def coerced(question: Question, value: object) -> Answer | None:
    """Return a value in the type of the question, None when it is of another one."""
    if question.kind == "str":
        return value if isinstance(value, str) else None
    if isinstance(value, str):
        word = value.strip().lower()
        return True if word in TRUE_WORDS else False if word in FALSE_WORDS - {"~", "null", "none"} else None
    return value if isinstance(value, bool) else None


def type_problem(question: Question, value: object) -> str:
    """Return the sentence about a value of another type."""
    if question.kind == "bool":
        return "Choose true or false"
    quotes = "" if value is None or isinstance(value, (list, dict)) else "; put it in quotes"
    return f"Give text, not {type_name(value)}{quotes}"


def problem_of(question: Question, value: object, problem: str) -> AnswerProblem:
    """Describe a wrong answer: the value, what is wrong with it, and what was probably meant."""
    meant = None
    if isinstance(value, str):
        # To guess between true and false is no help.
        guesses = question.allowed if question.kind != "bool" else ()
        by_lower_case = {allowed.lower(): allowed for allowed in guesses}
        meant = closest(value.strip().lower(), by_lower_case, alike=0.4)
        # The allowed values are listed beside it.
        problem = "there is no such value" if question.allowed else problem
    given = f"{shown(value)!r}: " if isinstance(value, (str, bool, int, float)) else ""
    return AnswerProblem(
        question=question.name,
        flag=question.flag,
        problem=given + problem,
        allowed=question.allowed,
        suggestion=by_lower_case[meant] if meant else None,
    )
