"""The questions as JSON Schema."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

import pytest

from scaffold.questions.json_schema import json_schema, portable
from scaffold.questions.questionnaire import Questionnaire
from scaffold.template.source import CHECKOUT

SCHEMA = json_schema(Questionnaire.load(CHECKOUT / "copier.yml"))


def test_it_admits_nothing_but_the_questions() -> None:
    questionnaire = Questionnaire.load(CHECKOUT / "copier.yml")
    assert list(SCHEMA["properties"]) == [question.name for question in questionnaire.questions]
    assert SCHEMA["additionalProperties"] is False
    assert SCHEMA["required"] == ["security_contact"]


def test_every_property_says_what_it_takes() -> None:
    for name, schema in SCHEMA["properties"].items():
        assert schema["description"], name
        assert "enum" in schema or schema["type"] in {"string", "boolean"}
    assert SCHEMA["properties"]["database"]["default"] == SCHEMA["properties"]["database"]["enum"][0]
    assert SCHEMA["properties"]["metrics"] == {
        "description": SCHEMA["properties"]["metrics"]["description"],
        "type": "boolean",
        "default": True,
    }


@pytest.mark.parametrize(
    ("python", "expected"),
    [
        (r"\A[a-z]\Z", "^[a-z]$"),
        (r"[\w .]", "[0-9A-Za-z_\u00aa-\U0010ffff .]"),
        (r"\w+", "[0-9A-Za-z_\u00aa-\U0010ffff]+"),
        (r"a\.b\\w", r"a\.b\\w"),
    ],
)
def test_patterns_are_written_for_other_languages(python: str, expected: str) -> None:
    assert portable(python) == expected


ANSWERS = [
    "my-api",
    "a",
    "A secure API",
    "naïve 日本",
    "x\n",
    "security@example.com",
    "a@b",
    "https://example.com/x",
    "",
]


def accepted_here(questionnaire: Questionnaire) -> dict[str, list[bool]]:
    questions = [q for q in questionnaire.questions if "pattern" in SCHEMA["properties"][q.name]]
    return {q.name: [questionnaire.validate(q, text, {}) is None for text in ANSWERS] for q in questions}


def test_patterns_accept_in_python_what_scaffold_accepts() -> None:
    for name, accepted in accepted_here(Questionnaire.load(CHECKOUT / "copier.yml")).items():
        pattern = SCHEMA["properties"][name]["pattern"]
        assert [text for text, ok in zip(ANSWERS, accepted, strict=True) if ok and not re.search(pattern, text)] == []


def test_patterns_accept_in_javascript_what_scaffold_accepts(node: dict[str, str]) -> None:
    program = """
      const { patterns, answers } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
      const judge = (pattern) => answers.map((text) => new RegExp(pattern, 'u').test(text));
      console.log(JSON.stringify(Object.fromEntries(Object.entries(patterns).map(([k, v]) => [k, judge(v)]))));
    """
    patterns = {name: schema["pattern"] for name, schema in SCHEMA["properties"].items() if "pattern" in schema}
    done = subprocess.run(
        ["node", "-e", program],
        input=json.dumps({"patterns": patterns, "answers": ANSWERS}),
        env=node,
        capture_output=True,
        text=True,
        check=True,
    )
    judged: dict[str, Any] = json.loads(done.stdout)
    assert judged == accepted_here(Questionnaire.load(CHECKOUT / "copier.yml"))


def test_several_demands_all_hold() -> None:
    validator = "{% if not a | regex_search('x') %}1{% elif not a | regex_search('y') %}2{% endif %}"
    schema = json_schema(Questionnaire({"a": {"type": "str", "validator": validator}}))
    assert schema["properties"]["a"]["allOf"] == [{"pattern": "x"}, {"pattern": "y"}]


def test_a_demand_that_may_be_met_in_two_ways_is_left_to_scaffold() -> None:
    validator = "{% if not (a | regex_search('x') or a | regex_search('y')) %}1{% endif %}"
    schema = json_schema(Questionnaire({"a": {"type": "str", "validator": validator}}))
    assert "pattern" not in schema["properties"]["a"]
