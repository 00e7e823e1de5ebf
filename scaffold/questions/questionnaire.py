"""The questions of a template, read from its `copier.yml`: the one list of them.

Flags, wizard, JSON Schema, documentation and test matrix all come from here. `when`, `default`,
`choices` and `validator` are evaluated as Copier does it, in Jinja2's sandbox; a test compares both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypeGuard

from scaffold.errors import AnswerErrors, AnswerProblem, ScaffoldError, template_broken
from scaffold.questions.coercion import as_bool, coerced, problem_of, type_problem
from scaffold.questions.question import RESERVED, Answer, Answers, Choice, Question
from scaffold.text import closest, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from jinja2.sandbox import SandboxedEnvironment

# The name under which Copier tells a template what the project's folder is called.
FOLDER_NAME = "_folder_name"
# What to do with a question nobody answered: say so, take its default, or leave it for the wizard.
Unanswered: TypeAlias = Literal["problem", "default", "skip"]


class Questionnaire:
    """All questions of one template, and the judge of their answers."""

    def __init__(self, document: Mapping[str, Any], address: str = "") -> None:
        """Read the questions out of a parsed `copier.yml`.

        Args:
            document: the parsed file.
            address: where it comes from, for error messages.

        Raises:
            ScaffoldError: `template-broken`, when a question is of a kind that cannot be asked.
        """
        self._address = address
        self._folder_name = ""
        self.settings = {key[1:]: value for key, value in document.items() if key.startswith("_")}
        self._details: dict[str, dict[str, Any]] = {
            key: value if isinstance(value, dict) else {"default": value}
            for key, value in document.items()
            if not key.startswith("_")
        }
        self._environment: SandboxedEnvironment | None = None
        groups: Mapping[str, list[str]] = self.settings.get("groups", {})
        group_of = {name: title for title, names in groups.items() for name in names}
        self.questions = tuple(
            self._question(name, details, group_of.get(name, ""))
            for name, details in self._details.items()
            if details.get("when") is not False
        )
        self._by_name = {question.name: question for question in self.questions}
        self._pages = tuple(groups)

    @classmethod
    def load(cls, path: Path, address: str = "") -> Questionnaire:
        """Read a `copier.yml`.

        Args:
            path: the file.
            address: where the template comes from, for error messages. Default: the file.

        Raises:
            ScaffoldError: `template-broken`, when it cannot be read or is no mapping.
        """
        import yaml

        document: dict[str, Any] = {}
        try:
            with path.open("rb") as stream:
                for part in yaml.load_all(stream, _fastest_loader()):
                    document.update(part or {})
        except (OSError, yaml.YAMLError, TypeError, ValueError) as error:
            reason = " ".join(str(error).split()).replace(str(path), path.name)
            raise template_broken(address or str(path), f"{path.name}: {reason}") from error
        return cls(document, address or str(path))

    def for_folder(self, name: str) -> None:
        """Let defaults see the name of the project's folder, as Copier's `_folder_name`."""
        self._folder_name = name

    def groups(self) -> tuple[tuple[str, tuple[Question, ...]], ...]:
        """Return the pages of the questionnaire: title and questions of each."""
        titled = [(title, tuple(q for q in self.questions if q.group == title)) for title in self._pages]
        alone = [(question.name, (question,)) for question in self.questions if not question.group]
        return tuple((title, questions) for title, questions in titled + alone if questions)

    def is_asked(self, question: Question, answers: Mapping[str, object]) -> bool:
        """Return whether the question matters, given the answers so far (its `when`)."""
        return self._applies(question.name, self._context(answers, question.name))

    def default(self, question: Question, answers: Mapping[str, object]) -> Answer | None:
        """Return the default under the answers so far; None when an answer is required."""
        value = self._default(question.name, self._context(answers, question.name))
        return value if isinstance(value, (str, bool)) else None

    def validate(self, question: Question, value: object, answers: Mapping[str, object]) -> str | None:
        """Return what is wrong with an answer.

        Args:
            question: the question answered.
            value: the answer, of any type.
            answers: the answers so far.

        Returns:
            One sentence for the user, or None when the answer is accepted.
        """
        typed = coerced(question, value)
        if typed is None:
            return type_problem(question, value)
        if question.choices and typed not in [choice.value for choice in question.choices]:
            return "Choose one of " + ", ".join(question.allowed)
        validator = self._details[question.name].get("validator", "")
        context = {**self._context(answers, question.name), question.name: typed}
        return " ".join(str(self._render(validator, context, f"validator of question {question.name}")).split()) or None

    def resolve(self, given: Mapping[str, object], *, defaults: bool) -> Answers:
        """Return all answers, in the order of the questions.

        Args:
            given: the answers somebody gave, by name of the question.
            defaults: take the default of a question nobody answered.

        Raises:
            AnswerErrors: every unknown name, wrong value and missing answer at once.
        """
        return self._evaluate(given, "default" if defaults else "problem")

    def check(self, given: Mapping[str, object]) -> Answers:
        """Return the given answers that matter, typed; questions without an answer are left out.

        Raises:
            AnswerErrors: every unknown name and wrong value at once.
        """
        return self._evaluate(given, "skip")

    def check_known(self, recorded: Mapping[str, object]) -> Answers:
        """Check recorded answers as `check` does; answers to questions that are not asked any more are left out.

        Raises:
            AnswerErrors: every wrong value at once.
        """
        names = {question.name for question in self.questions}
        return self.check({name: value for name, value in recorded.items() if name in names})

    def with_defaults(self, answers: Mapping[str, object]) -> Answers:
        """Return the answers, and the defaults of questions without one; a question without both is left out."""
        context = self._context(answers, until="")
        named = {question.name: context.get(question.name) for question in self.questions}
        return {name: value for name, value in named.items() if isinstance(value, (str, bool))}

    def holds(self, condition: str, answers: Mapping[str, object]) -> bool:
        """Return whether a Jinja condition holds for answers and, where there are none, for the defaults.

        Raises:
            ScaffoldError: `template-broken`, when it names something that is no question.
        """
        context = self._context(answers, until="")
        return as_bool(self._render(f"{{{{ {condition} }}}}", context, f"the condition {condition}"))

    def is_required(self, question: Question) -> bool:
        """Return whether the question matters whatever the other answers are, and has no default."""
        details = self._details[question.name]
        return "default" not in details and "when" not in details

    def static_default(self, question: Question) -> Answer | None:
        """Return the default if it depends on no other answer, else None."""
        default = self._details[question.name].get("default")
        return self.default(question, {}) if not _is_template(default) else None

    def default_in_words(self, question: Question) -> str:
        """Return what becomes of a question that nobody answers, for help and documents."""
        default = self.static_default(question)
        if default is not None:
            return f"default: {shown(default)}"
        if self.is_required(question):
            return "required"
        return f"default: {self._source_of_default(question)}"

    def _source_of_default(self, question: Question) -> str:
        from jinja2.meta import find_undeclared_variables

        default = str(self._details[question.name].get("default", ""))
        used = find_undeclared_variables(self._jinja().parse(default))
        return "the name of the folder" if FOLDER_NAME in used else "depends on other answers"

    def patterns(self, question: Question) -> list[str]:
        """Return the regular expressions that the validator demands of an answer, as it writes them."""
        from jinja2 import nodes

        validator = self._details[question.name].get("validator", "")
        refusals = [refusal.node for refusal in self._jinja().parse(validator).find_all(nodes.Not)]
        return [
            test.args[0].value
            for test in refusals
            if isinstance(test, nodes.Filter) and test.name == "regex_search"
            if isinstance(test.node, nodes.Name) and test.node.name == question.name
            if test.args and isinstance(test.args[0], nodes.Const)
        ]

    def is_complete(self, answers: Mapping[str, object]) -> bool:
        """Return whether every question that matters has an answer."""
        return all(q.name in answers or not self.is_asked(q, answers) for q in self.questions)

    def _evaluate(self, given: Mapping[str, object], unanswered: Unanswered) -> Answers:
        known = self._by_name.keys() | RESERVED
        problems = [self._unknown(name) for name in given if name not in known]
        answers: Answers = {}
        for question in self.questions:
            try:
                if self.is_asked(question, answers):
                    problems += self._answer(question, given, unanswered, answers)
            except ScaffoldError:
                # A question may hang on an answer that is missing; that one is told already.
                if not problems:
                    raise
        if problems:
            raise AnswerErrors(problems)
        return answers

    def _answer(
        self,
        question: Question,
        given: Mapping[str, object],
        unanswered: Unanswered,
        answers: Answers,
    ) -> Iterator[AnswerProblem]:
        """Put the answer into `answers`, or yield what is wrong with it."""
        if question.name in given:
            value = given[question.name]
            problem = self.validate(question, value, answers)
            typed = coerced(question, value)
        else:
            if unanswered == "skip":
                return
            value = typed = self.default(question, answers) if unanswered == "default" else None
            problem = f"no answer was given. {question.help}" if typed is None else None
        if problem is None and typed is not None:
            answers[question.name] = typed
        else:
            yield problem_of(question, value, problem or "")

    def _unknown(self, name: object) -> AnswerProblem:
        plain = name.strip().lower().replace("-", "_") if isinstance(name, str) else ""
        return AnswerProblem(
            question=shown(name),
            flag="",
            problem="there is no such question",
            allowed=tuple(self._by_name),
            suggestion=closest(plain, self._by_name),
        )

    def _question(self, name: str, details: Mapping[str, Any], group: str) -> Question:
        kind = details.get("type") or type(details.get("default")).__name__
        if kind not in {"str", "bool", "path"} or details.get("multiselect"):
            raise template_broken(self._address, f"question {name} is of an unsupported type.")
        return Question(
            name=name,
            kind="bool" if kind == "bool" else "str",
            help=" ".join(str(details.get("help", name)).split()),
            placeholder=str(details.get("placeholder", "")),
            choices=tuple(self._choices(name, details.get("choices", []))),
            group=group,
            flag="--" + name.replace("_", "-"),
            advanced=name in (self.settings.get("advanced") or ()),
        )

    def _choices(self, name: str, choices: object) -> Iterator[Choice]:
        pairs: Iterable[Any] = choices.items() if isinstance(choices, dict) else choices  # type: ignore[assignment]
        if isinstance(pairs, str):
            raise template_broken(self._address, f"question {name} computes its choices.")
        for pair in pairs:
            label, value = pair if isinstance(pair, (list, tuple)) else (pair, pair)
            if not isinstance(value, (str, bool)):
                raise template_broken(
                    self._address, f"question {name} has a choice that is neither text nor true/false."
                )
            yield Choice(value, str(label).removeprefix(str(value)).removeprefix(":").strip())

    def _context(self, answers: Mapping[str, object], until: str) -> dict[str, object]:
        """Return what a template of question `until` sees: the answers and defaults before it."""
        context: dict[str, object] = {FOLDER_NAME: self._folder_name}
        for name in self._details:
            if name == until:
                break
            if name in answers and self._applies(name, context):
                context[name] = answers[name]
            elif (value := self._default(name, context)) is not None:
                context[name] = value
        return context

    def _applies(self, name: str, context: Mapping[str, object]) -> bool:
        return as_bool(self._render(self._details[name].get("when", True), context, f"`when` of question {name}"))

    def _default(self, name: str, context: Mapping[str, object]) -> object | None:
        details = self._details[name]
        if "default" not in details:
            return None
        value = self._render(details["default"], context, f"default of question {name}")
        question = self._by_name.get(name)
        if question is None:
            return _computed(details.get("type"), value)
        return as_bool(value) if question.kind == "bool" else str(value)

    def _render(self, source: object, context: Mapping[str, object], where: str) -> object:
        """Render a value of `copier.yml`: text is a Jinja template, all else stands for itself.

        Errors say `where` it stands: which setting of which question.
        """
        if not _is_template(source):
            return source
        try:
            return self._jinja().from_string(source).render(context)
        except Exception as error:  # a template's expression can raise anything
            raise template_broken(self._address, f"copier.yml, {where}: {error}.") from error

    def _jinja(self) -> SandboxedEnvironment:
        if self._environment is None:
            import jinja2
            from jinja2.sandbox import SandboxedEnvironment

            options = {"keep_trailing_newline": True, **self.settings.get("envops", {})}
            if "undefined" in options:
                options["undefined"] = getattr(jinja2, options["undefined"].rpartition(".")[2])
            extensions = ["jinja2_ansible_filters.AnsibleCoreFiltersExtension"]
            self._environment = SandboxedEnvironment(extensions=extensions, **options)
        return self._environment


def _is_template(source: object) -> TypeGuard[str]:
    return isinstance(source, str) and ("{{" in source or "{%" in source)


def _computed(kind: object, value: object) -> object:
    """Return the value of a question nobody is asked, in the type the template gives it."""
    if kind == "bool":
        return as_bool(value)
    if kind in {None, "yaml"} and isinstance(value, str):
        import yaml

        return yaml.load(value, _fastest_loader())  # noqa: S506 - a SafeLoader, in C where there is one
    return value


def _fastest_loader() -> Any:  # noqa: ANN401 - PyYAML's stubs give the two loaders no common type
    import yaml

    return getattr(yaml, "CSafeLoader", yaml.SafeLoader)
