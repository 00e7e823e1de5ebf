"""Flags for questions."""

from __future__ import annotations

from scaffold.cli.flags import _value_of, _without_unknown

FLAGS = {"--database": True, "--json": False, "--git": False, "--no-git": False}


def parted(line: str) -> tuple[list[str], list[str]]:
    known, unknown = _without_unknown(line.split(), FLAGS)
    return known, [problem.flag for problem in unknown]


def test_known_flags_and_destinations_pass() -> None:
    line = "my-api --database postgres --json --no-git --database=sqlite"
    assert parted(line) == (line.split(), [])


def test_an_unknown_flag_takes_its_value_with_it() -> None:
    assert parted("my-api --databse postgres --json") == (["my-api", "--json"], ["--databse"])
    assert parted("--databse=postgres my-api") == (["my-api"], ["--databse"])
    assert parted("--a --b x my-api") == (["my-api"], ["--a", "--b"])


def test_a_value_may_look_like_a_flag() -> None:
    assert parted("--database --unknown") == (["--database", "--unknown"], [])


def test_after_two_dashes_nothing_is_a_flag() -> None:
    assert parted("-- --unknown") == (["--", "--unknown"], [])


def test_what_was_probably_meant_is_suggested() -> None:
    _, unknown = _without_unknown(["--data_base", "x", "--xyzzy"], FLAGS)
    assert [problem.suggestion for problem in unknown] == ["--database", None]


def test_the_template_is_found_before_the_line_is_parsed() -> None:
    assert _value_of("--template", ["p", "--template", "a"]) == "a"
    assert _value_of("--template", ["p", "--template=a=b"]) == "a=b"
    assert _value_of("--template", ["p", "--template"]) is None
