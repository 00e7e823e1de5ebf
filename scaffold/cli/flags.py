"""Flags for questions: one for every question of the template at hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

from scaffold.cli.booleans import negated, offered_negations, spelt_out
from scaffold.cli.completion import completing
from scaffold.errors import AnswerErrors, AnswerProblem
from scaffold.template.source import builtin, open_template
from scaffold.text import closest, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from click.shell_completion import CompletionItem

    from scaffold.questions.question import Answers, Question
    from scaffold.questions.questionnaire import Questionnaire
    from scaffold.template.source import Template

ANSWER_PREFIX = "answer_"


@dataclass
class OpenTemplate:
    """What a command knows once its template is open; click carries it as the context's object.

    Attributes:
        unknown: flags that no question and no option goes by.
    """

    template: Template
    questionnaire: Questionnaire
    unknown: list[AnswerProblem]

    def answers(self, judge: Callable[[], Answers]) -> Answers:
        """Return what a judge of answers returns, unless there were unknown flags.

        Raises:
            AnswerErrors: those flags and everything the judge finds, at once.
        """
        try:
            answers = judge()
        except AnswerErrors as errors:
            raise AnswerErrors([*self.unknown, *errors.problems]) from errors
        if self.unknown:
            raise AnswerErrors(self.unknown)
        return answers


class QuestionCommand(click.Command):
    """A command that takes every answer as a flag, whatever template `--template` names.

    The template is opened before the rest of the line is read, since it says which flags there are. Without the options
    `--template` and `--ref` it is the one that comes with Scaffold.
    """

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Open the template, put unknown flags aside for one list of all mistakes, and parse the rest."""
        try:
            own = _flags(self.params)
            address, ref = (_value_of(flag, args) if flag in own else None for flag in ("--template", "--ref"))
            template = ctx.with_resource(open_template(address, ref))
            ctx.obj = OpenTemplate(template, template.questionnaire(), [])
            flags = _flags(self.get_params(ctx))
            spelt = spelt_out(args, ctx.obj.questionnaire.questions, flags)
            known, ctx.obj.unknown = _without_unknown(spelt, flags)
            return super().parse_args(ctx, known)
        except BaseException:
            # click closes a context only once it is complete.
            ctx.close()
            raise

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own options and one for each question."""
        own = super().get_params(ctx)
        taken = _flags(own)
        return own + [_option(question) for question in ctx.obj.questionnaire.questions if question.flag not in taken]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer `--no-QUESTION` besides the flags that click knows."""
        questions = ctx.obj.questionnaire.questions
        return [*super().shell_complete(ctx, incomplete), *offered_negations(questions, incomplete)]

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the answers page by page, then the other options."""
        questionnaire = ctx.obj.questionnaire
        for title, questions in questionnaire.groups():
            with formatter.section(f"Answers: {title}"):
                formatter.write_dl([_help_row(questionnaire, question) for question in questions])
        self.format_own_options(ctx, formatter)

    def format_own_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Show the options that are no answers."""
        own = [param for param in super().get_params(ctx) if isinstance(param, click.Option)]
        records = [param.get_help_record(ctx) for param in own]
        with formatter.section("Options"):
            formatter.write_dl([record for record in records if record])


class AnswerCommand(click.Command):
    """A command that reads the flags of questions itself, because its template is known only later.

    A shell is offered the questions of the built-in template.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """Return the command's own options; while a shell completes a line, one for each question too."""
        own = super().get_params(ctx)
        if not ctx.resilient_parsing:
            return own
        taken = _flags(own)
        return own + [_option(question) for question in _builtin_questions() if question.flag not in taken]

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Offer `--no-QUESTION` besides the flags that click knows."""
        return [*super().shell_complete(ctx, incomplete), *offered_negations(_builtin_questions(), incomplete)]

    def with_values(self, args: list[str]) -> list[str]:
        """Return the arguments with `--metrics` and `--no-metrics` as `--metrics=true` and `--metrics=false`."""
        return spelt_out(args, _builtin_questions(), _flags(self.params))


def given_answers(parameters: Mapping[str, object]) -> dict[object, object]:
    """Return the answers among a command's parameters, by name of the question."""
    return {
        name.removeprefix(ANSWER_PREFIX): value
        for name, value in parameters.items()
        if name.startswith(ANSWER_PREFIX) and value is not None
    }


def _value_of(flag: str, args: list[str]) -> str | None:
    for number, argument in enumerate(args):
        if argument == flag and number + 1 < len(args):
            return args[number + 1]
        if argument.startswith(f"{flag}="):
            return argument.partition("=")[2]
    return None


def _flags(params: Iterable[click.Parameter]) -> dict[str, bool]:
    """Return every long flag, and whether a value follows it."""
    return {
        flag: not param.is_flag
        for param in params
        if isinstance(param, click.Option)
        for flag in (*param.opts, *param.secondary_opts)
        if flag.startswith("--")
    }


def _without_unknown(args: list[str], flags: Mapping[str, bool]) -> tuple[list[str], list[AnswerProblem]]:
    """Part the arguments into those click may read and unknown flags; a value goes with its flag."""
    known: list[str] = []
    unknown: list[AnswerProblem] = []
    rest = list(args)
    while rest:
        argument = rest.pop(0)
        flag, equals, _ = argument.partition("=")
        if argument == "--":
            return [*known, argument, *rest], unknown
        if flag in flags or not argument.startswith("--"):
            value = bool(rest) and not equals and flags.get(flag, False)
            known += [argument, *([rest.pop(0)] if value else [])]
        else:
            unknown.append(_unknown(flag, flags))
            if rest and not equals and not rest[0].startswith("-"):
                rest.pop(0)
    return known, unknown


def _unknown(flag: str, flags: Iterable[str]) -> AnswerProblem:
    meant = closest(flag.removeprefix("--").replace("_", "-"), [known.removeprefix("--") for known in flags])
    return AnswerProblem(
        question=shown(flag.removeprefix("--").replace("-", "_")),
        flag=shown(flag),
        problem="there is no such flag",
        suggestion=f"--{meant}" if meant else None,
    )


def _builtin_questions() -> tuple[Question, ...]:
    return builtin().questionnaire().questions


def _option(question: Question) -> click.Option:
    return click.Option(
        [question.flag, ANSWER_PREFIX + question.name],
        metavar="VALUE",
        shell_complete=completing(question),
    )


def _help_row(questionnaire: Questionnaire, question: Question) -> tuple[str, str]:
    ending = f" [{questionnaire.default_in_words(question)}]"
    if question.kind == "bool":
        return (f"{question.flag} / {negated(question)}", question.help + ending)
    return (f"{question.flag} {'|'.join(question.allowed) or 'TEXT'}", question.help + ending)
