"""Answers from files: what is read, and what is refused before anything looks at it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.questions.answers_file import read_answers

if TYPE_CHECKING:
    from pathlib import Path


def read(folder: Path, content: str | bytes) -> dict[object, object]:
    path = folder / "answers"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read_answers(str(path))


@pytest.mark.parametrize(
    ("content", "answers"),
    [
        ("", {}),
        ("# only a comment\n", {}),
        ("{}", {}),
        ("a: b\nc: true\n", {"a": "b", "c": True}),
        ('{"a": "b", "c": true}', {"a": "b", "c": True}),
        ('{\n\t"a":\t"b"\n}', {"a": "b"}),
        ("{a: b}", {"a": "b"}),
        ("\ufeffa: b", {"a": "b"}),
        ("_commit: v1\n_src_path: x\na: b\n", {"a": "b"}),
        ("? [1, 2]\n: x\n", None),
        ("no: 1\n", {False: 1}),
    ],
)
def test_a_mapping_is_read(tmp_path: Path, content: str, answers: dict[object, object] | None) -> None:
    if answers is None:
        with pytest.raises(ScaffoldError):
            read(tmp_path, content)
    else:
        assert read(tmp_path, content) == answers


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("- a\n- b\n", "no mapping"),
        ("just text", "no mapping"),
        ("a: b\na: c\n", "a is given twice"),
        ('{"a": 1, "a": 2}', "a is given twice"),
        ("x: {a: 1, a: 2}", "a is given twice"),
        ("a: &x 1\nb: *x\n", "aliases are not allowed"),
        ("a: [", "line 1"),
        ("a: !!python/object/apply:os.system [id]", "constructor"),
        (b"\xff\xfe\x00", ""),
        (b"a: \x00", "special characters"),
        ("a: 2024-13-45", ""),
        ("a: " + "9" * 5000, ""),
        ("a: " + "[" * 20_000, "nested too deeply"),
        ('{"a":' + "[" * 20_000, "nested too deeply"),
        ("a: " + "x" * 70_000, "larger than 64 KiB"),
    ],
    ids=lambda value: str(value)[:25],
)
def test_anything_else_is_refused_with_its_reason(tmp_path: Path, content: str | bytes, reason: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        read(tmp_path, content)
    assert caught.value.code == "answers-unreadable"
    assert reason in caught.value.sentence
    assert len(caught.value.sentence) < 500


def test_a_small_file_that_stands_for_gigabytes_is_refused_at_once(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
    bomb += "".join(f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]\n" for n in range(1, 12))
    merges = "b0: &b0 {k: v}\n" + "".join(
        f"b{n}: &b{n} {{<<: [{', '.join([f'*b{n - 1}'] * 9)}]}}\n" for n in range(1, 9)
    )
    began = time.monotonic()
    for content in (bomb, merges):
        with pytest.raises(ScaffoldError, match="aliases"):
            read(tmp_path, content)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("name", ["missing", "."])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        read_answers(str(tmp_path / name))
    assert str(tmp_path / name) in caught.value.sentence
