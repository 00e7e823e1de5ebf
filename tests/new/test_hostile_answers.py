"""No accepted answer can break or leave a file; every rejected one is named."""

from __future__ import annotations

import json
import re
import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from scaffold.errors import AnswerErrors
from scaffold.template.render import render
from scaffold.template.source import builtin

if TYPE_CHECKING:
    from scaffold.errors import AnswerProblem
    from scaffold.questions.question import Answers
    from scaffold.questions.questionnaire import Questionnaire

VALID = {"security_contact": "security@example.com"}
# What ends a value, a line, a comment or a string in any of the files an answer reaches.
BREAKING = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\"`$\\<>{}|^~\[\]*#=@]")
FRAGMENTS = [
    "\n", "\r\n", "\t", "\0", '"', "'", "`", "$(id)", "${HOME}", "{{ 7*7 }}", "{% raw %}", "<script>", "-->", "\\",
    "#", ": ", "- ", "&a", "*a", "!!js", "|", ">", "%0a", "../", "/etc/hosts", "\u2028", "\u202e", "\ufeff", "\udcff",
    "my-api", "security@example.com", "https://example.com/", "A secure API", "true", "null", "0x10", "__proto__",
]  # fmt: skip
hostile = st.lists(st.sampled_from(FRAGMENTS) | st.text(max_size=8), max_size=5).map("".join)
anything = hostile | st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.binary() | hostile,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile, inner, max_size=3),
    max_leaves=5,
)


@cache
def questionnaire() -> Questionnaire:
    return builtin().questionnaire()


def judged(answers: dict[Any, object]) -> tuple[Answers, tuple[AnswerProblem, ...]]:
    try:
        return questionnaire().resolve(answers, defaults=True), ()
    except AnswerErrors as errors:
        return {}, errors.problems


NAMES = [question.name for question in questionnaire().questions]
TEXTS = [q.name for q in questionnaire().questions if q.kind == "str" and not q.choices]


@settings(max_examples=400, deadline=None)
@given(name=st.sampled_from(NAMES), value=anything)
def test_an_answer_is_harmless_or_named(name: str, value: object) -> None:
    answers, problems = judged({**VALID, name: value})
    if problems:
        assert [problem.question for problem in problems] == [name]
        assert problems[0].problem.isprintable()
        return
    accepted = answers[name]
    if isinstance(accepted, str):
        allowed = "@" if name == "security_contact" else ""
        assert not BREAKING.search(accepted.replace(allowed, "") if allowed else accepted)
        assert len(accepted) <= 200


@settings(max_examples=100, deadline=None)
@given(st.dictionaries(hostile | st.integers() | st.none() | st.dates(), anything, max_size=4))
@example({"__proto__": 1, "optional_files": {}, "_src_path": "x"})
def test_unknown_names_are_never_accepted(given_answers: dict[Any, object]) -> None:
    unknown = [name for name in given_answers if name not in {*NAMES, "_src_path", "_commit"}]
    _, problems = judged({**VALID, **given_answers})
    assert len([problem for problem in problems if problem.problem == "there is no such question"]) == len(unknown)


def patterned(name: str) -> st.SearchStrategy[str]:
    question = next(question for question in questionnaire().questions if question.name == name)
    (pattern,) = questionnaire().patterns(question)
    matching = st.from_regex(pattern)
    return matching.filter(lambda text: questionnaire().validate(question, text, VALID) is None)


@cache
def rendered(items: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """Render the shipped template with some answers and return every file as text."""
    answers = questionnaire().resolve({**VALID, "license": "MIT", **dict(items)}, defaults=True)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "project"
        paths = render(builtin(), answers, project)
        beside = [path.name for path in Path(folder).iterdir()]
        assert beside == ["project"]
        return {path: (project / path).read_text(encoding="utf-8") for path in paths}


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.fixed_dictionaries({name: patterned(name) for name in TEXTS}))
@example(
    {
        "project_name": "no",
        "description": "No: it's 100% 'quoted', see (a/b) & more!",
        "security_contact": "a@b.co",
    }
)
@example({"project_name": "null", "description": "null", "security_contact": "https://example.com/"})
@example({"project_name": "e1", "description": "1e3", "security_contact": "a+b_c.d-e@example.com"})
def test_accepted_answers_give_files_that_parse_and_no_line_more(answers: dict[str, str]) -> None:
    files, plain = rendered(tuple(answers.items())), rendered(())
    assert files.keys() == plain.keys()
    for path, text in files.items():
        assert text.count("\n") == plain[path].count("\n"), path
        if path.endswith(".json"):
            json.loads(text)
        elif path.endswith((".yml", ".yaml")):
            list(yaml.safe_load_all(text))
    manifest = json.loads(files["package.json"])
    assert (manifest["name"], manifest["description"]) == (answers["project_name"], answers["description"])
    recorded = yaml.safe_load(files[".copier-answers.yml"])
    assert {name: recorded[name] for name in answers} == answers
