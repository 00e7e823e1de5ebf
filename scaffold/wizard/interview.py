"""The course of the wizard: open questions page by page, then the review. Draws nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scaffold.wizard.prompts import Option

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaffold.questions.question import Answer, Answers, Question
    from scaffold.questions.questionnaire import Questionnaire
    from scaffold.wizard.prompts import Prompts

# With a sign that no question's name can hold.
CONFIRM: Final = "+confirm"
CANCEL: Final = "+cancel"
YES_OR_NO: Final[tuple[Option[Answer], ...]] = (
    Option(value=True, label="yes", key="y"),
    Option(value=False, label="no", key="n"),
)


class Interview:
    """One run of the wizard.

    Attributes:
        answers: the answers that apply at present.
        remembered: every answer ever given, to pre-fill a question that comes back.
        heading: the heading printed last.
    """

    def __init__(
        self,
        questionnaire: Questionnaire,
        prompts: Prompts,
        given: Mapping[str, object],
        suggested: Mapping[str, object],
    ) -> None:
        """Start from the given answers, which are not asked again unless they do not fit."""
        self.questionnaire = questionnaire
        self.prompts = prompts
        self.answers: Answers = _plain(given)
        self.remembered: Answers = _plain(suggested) | self.answers
        self.heading = ""
        self.column = max((len(label(question)) for question in questionnaire.questions), default=0)

    def run(self, title: str, confirm: str) -> Answers:
        """Ask, review and return the confirmed answers.

        Raises:
            KeyboardInterrupt: the person cancelled.
        """
        self._introduce(title)
        self._ask_open_questions()
        while (choice := self._review(confirm)) != CONFIRM:
            if choice == CANCEL:
                raise KeyboardInterrupt
            self._change(choice)
            self._ask_open_questions()
        self.prompts.say("", tone="hint")
        return self.answers

    def _introduce(self, title: str) -> None:
        self.prompts.say(title, tone="title")
        self.prompts.say("Enter keeps what is shown. Nothing is written before the review. Ctrl-C leaves.", tone="hint")

    def _ask_open_questions(self) -> None:
        """Keep every answer that still applies and fits, drop what no longer applies, ask for the rest."""
        settled: Answers = {}
        for page, questions in self.questionnaire.groups():
            for question in questions:
                if not self.questionnaire.is_asked(question, settled):
                    continue
                if not self._holds(question, settled):
                    self.answers[question.name] = self._ask(question, settled, page)
                settled[question.name] = self.answers[question.name]
        self.answers = settled

    def _holds(self, question: Question, settled: Answers) -> bool:
        if question.name not in self.answers:
            return False
        return self.questionnaire.validate(question, self.answers[question.name], settled) is None

    def _ask(self, question: Question, settled: Answers, heading: str) -> Answer:
        if heading != self.heading:
            self.prompts.say(heading, tone="heading")
            self.heading = heading
        prefilled = self.remembered.get(question.name, self.questionnaire.default(question, settled))
        value = self._prompt(question, prefilled, settled)
        self.remembered[question.name] = value
        self.prompts.say(label(question), spelt(value), tone="answer", column=self.column)
        return value

    def _prompt(self, question: Question, prefilled: Answer | None, settled: Answers) -> Answer:
        options = choices(question)
        if len(options) == 1:
            return options[0].value
        if options:
            fitting = prefilled if prefilled in [option.value for option in options] else None
            return self.prompts.choose(question.help, options, default=fitting)
        required = self.questionnaire.default(question, settled) is None

        def problem(text: str) -> str | None:
            if required and not text:
                return "An answer is required"
            return self.questionnaire.validate(question, text, settled)

        default = "" if prefilled is None else str(prefilled)
        return self.prompts.text(question.help, default=default, example=question.placeholder, problem=problem)

    def _review(self, confirm: str) -> str:
        by_name = {question.name: question for question in self.questionnaire.questions}
        rows = [Option(name, label(by_name[name]), spelt(value)) for name, value in self.answers.items()]
        # The tail of a pasted text must not confirm what nobody has looked at.
        self.prompts.discard_typeahead()
        return self.prompts.choose(
            "Review: confirm, or pick an answer to change it",
            [Option(CONFIRM, confirm)],
            rows,
            [Option(CANCEL, "Cancel, write nothing")],
            default=CONFIRM,
        )

    def _change(self, name: str) -> None:
        question = next(question for question in self.questionnaire.questions if question.name == name)
        others = {key: value for key, value in self.answers.items() if key != name}
        self.answers[name] = self._ask(question, others, "Changed")


def label(question: Question) -> str:
    """Return the name of a question as people read it."""
    return question.name.replace("_", " ")


def spelt(value: Answer) -> str:
    """Return an answer as people read it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value


def choices(question: Question) -> tuple[Option[Answer], ...]:
    """Return what can be chosen; nothing for a free text."""
    if question.kind == "bool" and not question.choices:
        return YES_OR_NO
    return tuple(Option(choice.value, spelt(choice.value), choice.label) for choice in question.choices)


def _plain(answers: Mapping[str, object]) -> Answers:
    return {name: value for name, value in answers.items() if isinstance(value, str | bool)}
