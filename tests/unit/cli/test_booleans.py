"""Flags that answer with yes or no."""

from __future__ import annotations

from scaffold.cli.booleans import spelt_out
from scaffold.questions.questionnaire import Questionnaire

QUESTIONS = Questionnaire({"metrics": {"type": "bool"}, "name": {"type": "str"}}).questions
FLAGS = {"--metrics": True, "--name": True, "--json": False}


def spelt(line: str) -> str:
    return " ".join(spelt_out(line.split(), QUESTIONS, FLAGS))


def test_a_flag_alone_means_yes_and_its_negation_no() -> None:
    assert spelt("my-api --metrics --json") == "my-api --metrics=true --json"
    assert spelt("--no-metrics my-api") == "--metrics=false my-api"


def test_a_word_for_yes_or_no_is_the_value_and_any_other_word_is_not() -> None:
    assert spelt("--metrics false my-api") == "--metrics=false my-api"
    assert spelt("--metrics Yes") == "--metrics=Yes"
    assert spelt("--metrics my-api") == "--metrics=true my-api"
    assert spelt("--metrics y") == "--metrics=true y"
    assert spelt("--metrics=maybe") == "--metrics=maybe"


def test_a_value_and_what_follows_two_dashes_is_left_alone() -> None:
    assert spelt("--name --no-metrics") == "--name --no-metrics"
    assert spelt("-- --no-metrics") == "-- --no-metrics"


def test_a_question_of_that_name_keeps_its_flag() -> None:
    assert spelt_out(["--no-metrics", "x"], QUESTIONS, {**FLAGS, "--no-metrics": True}) == ["--no-metrics", "x"]
