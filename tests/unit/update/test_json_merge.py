"""Joining two changes of one JSON object."""

from __future__ import annotations

import pytest

from scaffold.update.json_merge import Object, merge, parse


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param({"a": 1}, {"a": 1}, {"a": 2}, {"a": 2}, id="only the template changed it"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 1}, {"a": 2}, id="only the owner changed it"),
        pytest.param({"a": 1}, {"a": 2}, {"a": 2}, {"a": 2}, id="both changed it alike"),
        pytest.param({"a": 1}, {}, {"a": 1}, {}, id="the owner removed it"),
        pytest.param({"a": 1}, {"a": 1}, {}, {}, id="the template removed it"),
        pytest.param({}, {"own": 1}, {"new": 1}, {"new": 1, "own": 1}, id="both added"),
        pytest.param({"a": {"x": 1}}, {"a": {"x": 1, "y": 1}}, {"a": {"x": 2}}, {"a": {"x": 2, "y": 1}}, id="nested"),
        pytest.param({}, {"a": {"x": 1}}, {"a": {"y": 1}}, {"a": {"x": 1, "y": 1}}, id="both added an object"),
        pytest.param({"a": None}, {"a": None}, {"a": False}, {"a": False}, id="null is a value"),
    ],
)
def test_changes_of_different_values_are_joined(base: Object, ours: Object, theirs: Object, merged: Object) -> None:
    assert merge(base, ours, theirs) == merged
    assert merge(base, ours, theirs, conflict="ours") == merged


@pytest.mark.parametrize(
    ("base", "ours", "theirs"),
    [
        pytest.param({"a": 1}, {"a": 2}, {"a": 3}, id="changed twice"),
        pytest.param({"a": 1}, {}, {"a": 3}, id="removed and changed"),
        pytest.param({"a": [1]}, {"a": [1, 2]}, {"a": [1, 3]}, id="lists are one value"),
        pytest.param({"a": {"x": 1}}, {"a": {"x": 2}}, {}, id="changed inside, removed as a whole"),
    ],
)
def test_one_value_changed_twice_is_that_of_the_side_asked_for(base: Object, ours: Object, theirs: Object) -> None:
    assert merge(base, ours, theirs) == theirs
    owners, before = {**ours, "b": 1}, {**base, "b": 0}
    assert merge(before, owners, {**theirs, "b": 0, "c": 1}, conflict="ours") == {**ours, "b": 1, "c": 1}
    assert merge(before, owners, {**theirs, "b": 0, "c": 1}, conflict="base") == {**base, "b": 1, "c": 1}


def test_own_keys_are_sorted_in_where_all_are_sorted() -> None:
    assert list(merge({}, {"b": 1, "d": 1}, {"a": 1, "c": 1})) == ["a", "b", "c", "d"]


def test_own_keys_stand_last_where_the_template_has_an_order_of_its_own() -> None:
    assert list(merge({}, {"b": 1}, {"name": 1, "version": 1, "main": 1})) == ["name", "version", "main", "b"]


@pytest.mark.parametrize("text", ["", "[]\n", '{"a": 1}', '{\n   "a": 1\n}\n', '{\n  "a": 1\r\n}\r\n', "{ // no\n}"])
def test_a_layout_of_its_own_is_left_to_git(text: str) -> None:
    assert parse(text) is None


@pytest.mark.parametrize("indent", ["  ", "\t", "    "])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["\n", ""])
def test_what_npm_and_editors_write_is_written_back_byte_for_byte(indent: str, newline: str, end: str) -> None:
    text = '{\n\t"name": "größe",\n\t"list": [\n\t\t1,\n\t\t{}\n\t]\n}' + end
    text = text.replace("\t", indent).replace("\n", newline)
    found = parse(text)
    assert found is not None
    value, style = found
    assert style.dump(value) == text
