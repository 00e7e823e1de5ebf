"""The course of the wizard: open questions page by page, then the review. Draws nothing itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from scaffold.wizard.prompts import Block, Explain, GoBack, Option

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from scaffold.questions.question import Answer, Answers, Question
    from scaffold.questions.questionnaire import Questionnaire
    from scaffold.wizard.prompts import Effects, Prompts

# With a sign that no question's name can hold.
CONFIRM: Final = "+confirm"
SHOW: Final = "+show"
BACK: Final = "+back"
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
        asked: names of the questions that were asked one after the other, to go back through.
    """

    def __init__(
        self,
        questionnaire: Questionnaire,
        prompts: Prompts,
        given: Mapping[str, object],
        sources: Mapping[str, str] | None = None,
        effects: Effects | None = None,
    ) -> None:
        """Start from the given answers, which are not asked again unless they do not fit.

        Args:
            questionnaire: the questions.
            prompts: the terminal.
            given: answers that are known already.
            sources: where some of them come from, by name; shown in the review. Default: nothing to show.
            effects: knows what answers bring. Default: that is not shown.
        """
        self.questionnaire = questionnaire
        self.prompts = prompts
        self.answers: Answers = _plain(given)
        self.remembered: Answers = dict(self.answers)
        self.sources = {name: (self.answers.get(name), source) for name, source in (sources or {}).items()}
        self.effects = effects
        self.heading = ""
        self.asked: list[str] = []
        self.column = max((len(label(question)) for question in questionnaire.questions), default=0)

    def run(self, title: str, confirm: str) -> Answers:
        """Ask, review and return the confirmed answers.

        Raises:
            KeyboardInterrupt: the person cancelled.
        """
        self._introduce(title)
        self._ask_open_questions()
        pointed = CONFIRM
        while (choice := self._review(confirm, pointed)) != CONFIRM:
            pointed = self._follow(choice)
            self._ask_open_questions()
        self.prompts.say("", tone="hint")
        return self.answers

    def _introduce(self, title: str) -> None:
        self.prompts.say(title, tone="title")
        self.prompts.say("Enter keeps what is shown. Nothing is written before the review.", tone="hint")

    def _ask_open_questions(self) -> None:
        """Keep every answer that still applies and fits, drop what no longer applies, ask for the rest."""
        while (settled := self._asked_in_order()) is None:
            # Also for the questions after the one that the person went back to.
            continue
        self.answers = settled

    def _asked_in_order(self) -> Answers | None:
        """Return all answers, None when the person went back to an earlier question."""
        settled: Answers = {}
        for page, questions in self.questionnaire.groups():
            for question in questions:
                if not self.questionnaire.is_asked(question, settled):
                    continue
                if not (self._holds(question, settled) or self._takes_default(question, settled)):
                    try:
                        self.answers[question.name] = self._ask(question, settled, page)
                        self.asked.append(question.name)
                    except GoBack:
                        self._step_back()
                        return None
                settled[question.name] = self.answers[question.name]
        return settled

    def _step_back(self) -> None:
        if not self.asked:
            self.prompts.say("This is the first question.", tone="hint")
            return
        self.answers.pop(self.asked.pop(), None)

    def _holds(self, question: Question, settled: Answers) -> bool:
        if question.name not in self.answers:
            return False
        return self.questionnaire.validate(question, self.answers[question.name], settled) is None

    def _takes_default(self, question: Question, settled: Answers) -> bool:
        """Take what needs no question: the default of an advanced one, the only choice of any."""
        options = choices(question)
        if not question.advanced and len(options) != 1:
            return False
        default = self.remembered.get(question.name, self.questionnaire.default(question, settled))
        value = options[0].value if len(options) == 1 else default
        if value is None or self.questionnaire.validate(question, value, settled) is not None:
            return False
        self.answers[question.name] = value
        return True

    def _ask(self, question: Question, settled: Answers, heading: str) -> Answer:
        if heading != self.heading:
            self.prompts.say(heading, tone="heading")
            self.heading = heading
        prefilled = self.remembered.get(question.name, self.questionnaire.default(question, settled))
        value = self._answered(question, prefilled, settled)
        self.remembered[question.name] = value
        self.prompts.say(label(question), spelt(value), tone="answer", column=self.column)
        return value

    def _answered(self, question: Question, prefilled: Answer | None, settled: Answers) -> Answer:
        while True:
            try:
                return self._prompt(question, prefilled, settled)
            except Explain as wish:
                self._explain(question, settled)
                prefilled = wish.pointed if isinstance(wish.pointed, str | bool) else prefilled

    def _prompt(self, question: Question, prefilled: Answer | None, settled: Answers) -> Answer:
        options = choices(question)
        if options:
            fitting = prefilled if prefilled in [option.value for option in options] else None
            return self.prompts.choose(question.help, Block(options), default=fitting, steps=True)
        required = self.questionnaire.default(question, settled) is None

        def problem(text: str) -> str | None:
            if required and not text:
                return "An answer is required"
            return self.questionnaire.validate(question, text, settled)

        default = "" if prefilled is None else str(prefilled)
        example = question.placeholder
        return self.prompts.text(question.help, default=default, example=example, problem=problem, steps=True)

    def _explain(self, question: Question, answers: Answers) -> None:
        """Say what a question means, and what each of its choices brings."""
        self.prompts.say(f"{label(question)}: {question.help}", tone="heading")
        options = choices(question)
        if not options:
            shown = f"Flag: {question.flag}. " + (f"Example: {question.placeholder}" if question.placeholder else "")
            self.prompts.say(shown.strip(), tone="hint")
        brought = self.effects.of_choices(question, answers) if self.effects and options else {}
        for option in options:
            self.prompts.say(f"{option.label}: {option.meaning}".rstrip(": "), tone="answer")
            for line in brought.get(option.value, ()):
                self.prompts.say(line, tone="detail")

    def _review(self, confirm: str, pointed: str) -> str:
        # The tail of a pasted text must not confirm what nobody has looked at.
        self.prompts.discard_typeahead()
        try:
            return self.prompts.choose(
                "Review: confirm, or pick an answer to change it",
                Block([Option(CONFIRM, confirm)]),
                *self._answer_blocks(),
                Block(self._last_options()),
                default=pointed,
                steps=True,
            )
        except GoBack:
            return BACK
        except Explain as wish:
            return f"?{wish.pointed or SHOW}"

    def _answer_blocks(self) -> list[Block[str]]:
        by_name = {question.name: question for question in self.questionnaire.questions}
        rows: dict[bool, list[Option[str]]] = {False: [], True: []}
        for name, value in self.answers.items():
            rows[by_name[name].advanced].append(Option(name, label(by_name[name]), self._reviewed(name, value)))
        blocks = [Block(rows[False]), Block(rows[True], "Advanced (not asked; pick one to change it)")]
        return [block for block in blocks if block.options]

    def _reviewed(self, name: str, value: Answer) -> str:
        """Return an answer with the file it comes from."""
        origin, source = self.sources.get(name, (None, ""))
        return f"{spelt(value)} ({source})" if source and origin == value else spelt(value)

    def _last_options(self) -> Sequence[Option[str]]:
        show = [Option(SHOW, "Show what this creates")] if self.effects else []
        return [*show, Option(CANCEL, "Cancel, write nothing")]

    def _follow(self, choice: str) -> str:
        """Do what was chosen in the review; return the line to point at next."""
        if choice == CANCEL:
            raise KeyboardInterrupt
        if choice == BACK:
            self._step_back()
            return CONFIRM
        name = choice.removeprefix("?")
        if name in {CONFIRM, SHOW, CANCEL}:
            for line in self.effects.of_project(self.answers) if self.effects else ():
                self.prompts.say(line, tone="detail")
            return CONFIRM if name == SHOW else name
        question = next(question for question in self.questionnaire.questions if question.name == name)
        if choice.startswith("?"):
            self._explain(question, self.answers)
            return name
        self._change(question)
        return CONFIRM

    def _change(self, question: Question) -> None:
        others = {key: value for key, value in self.answers.items() if key != question.name}
        try:
            self.answers[question.name] = self._ask(question, others, "Changed")
        except GoBack:
            self.prompts.say("Not changed.", tone="hint")


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
