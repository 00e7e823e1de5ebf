"""Flags for questions that are answered with yes or no: `--metrics`, `--no-metrics`, `--metrics false`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.questions.coercion import FALSE_WORDS, TRUE_WORDS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from click.shell_completion import CompletionItem

    from scaffold.questions.question import Question

# Any other word after the flag is an argument of its own: `scaffold new --metrics my-api`. One letter can be a folder.
WORDS = {word for word in TRUE_WORDS | FALSE_WORDS - {"null", "none"} if len(word) > 1}


def negated(question: Question) -> str:
    """Return the flag that answers a question with no."""
    return f"--no-{question.flag.removeprefix('--')}"


def spelt_out(args: list[str], questions: Iterable[Question], flags: Mapping[str, bool]) -> list[str]:
    """Return the arguments with every answer of this kind as `--QUESTION=WORD`.

    Args:
        args: the arguments of the command.
        questions: all questions; those of another kind are left alone.
        flags: every other flag, and whether a value follows it. A value may look like a flag.
    """
    boolean = [question for question in questions if question.kind == "bool"]
    yes = {question.flag for question in boolean}
    no = {negated(question): question.flag for question in boolean if negated(question) not in flags}
    spelt: list[str] = []
    rest = list(args)
    while rest and rest[0] != "--":
        argument = rest.pop(0)
        if argument in no:
            spelt.append(f"{no[argument]}=false")
        elif argument in yes:
            word = rest.pop(0) if rest and rest[0].lower() in WORDS else "true"
            spelt.append(f"{argument}={word}")
        else:
            spelt += [argument, *([rest.pop(0)] if flags.get(argument) and rest else [])]
    return [*spelt, *rest]


def offered_negations(questions: Iterable[Question], incomplete: str) -> list[CompletionItem]:
    """Return the flags `--no-QUESTION` that a shell may complete a word to."""
    from click.shell_completion import CompletionItem

    names = [negated(question) for question in questions if question.kind == "bool"]
    return [CompletionItem(name) for name in names if incomplete.startswith("-") and name.startswith(incomplete)]
