"""What a shell offers when Tab is pressed at the answer of a question."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    import click
    from click.shell_completion import CompletionItem

    from scaffold.questions.question import Question


def completing(question: Question) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return what click asks for the values of a question, with the meaning of each."""

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        meanings = {str(choice.value): choice.label for choice in question.choices}
        values = [value for value in question.allowed if value.startswith(incomplete)]
        return [CompletionItem(value, help=meanings.get(value) or None) for value in values]

    return complete


def completing_paths(kind: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """Return what click asks for a path: the shell completes it itself.

    Args:
        kind: `file` or `dir`.
    """

    def complete(_ctx: click.Context, _param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type=kind)]

    return complete
