"""Answers from a file: plain names and values in YAML or JSON, and nothing cleverer."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import yaml

from scaffold.errors import answers_unreadable
from scaffold.questions.question import RESERVED
from scaffold.text import shown

LARGEST = 64 * 1024
STDIN = "-"


class UnusableFileError(Exception):
    """A file holds no answers; the message says why."""


class _PlainLoader(yaml.SafeLoader):
    """YAML without aliases, which can make gigabytes of a small file, and without repeated keys."""

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.constructor.ConstructorError(problem="aliases are not allowed")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - PyYAML's
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        _refuse_repeated(keys)
        return super().construct_mapping(node, deep=deep)


def read_answers(source: str) -> dict[object, object]:
    """Read answers from a file.

    Args:
        source: path of a YAML or JSON file of 64 KiB at most; `-` is standard input.

    Returns:
        The mapping in it. Values may be of any type: whoever asks the questions judges them. What
        Copier records about itself is left out, so that an existing project's answers can be used.

    Raises:
        ScaffoldError: `answers-unreadable`.
    """
    try:
        return answers_in(source)
    except UnusableFileError as error:
        raise answers_unreadable("standard input" if source == STDIN else source, str(error)) from error


def answers_in(source: str) -> dict[object, object]:
    """Read answers from a file, as `read_answers`.

    Raises:
        UnusableFileError: it is not such a file.
    """
    try:
        answers = parsed(_read(source))
    except OSError as error:
        raise UnusableFileError(error.strerror or "it cannot be read") from error
    except yaml.MarkedYAMLError as error:
        raise UnusableFileError(_place(error)) from error
    except RecursionError:
        raise UnusableFileError("it is nested too deeply") from None
    except (ValueError, yaml.YAMLError) as error:
        raise UnusableFileError(shown(" ".join(str(error).split()), 200)) from error
    if not isinstance(answers, dict):
        raise UnusableFileError("it is no mapping of names to values")
    return {name: value for name, value in answers.items() if name not in RESERVED}


def _read(source: str) -> bytes:
    if source == STDIN:
        content = sys.stdin.buffer.read(LARGEST + 1)
    else:
        with Path(source).open("rb") as file:
            content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        message = f"it is larger than {LARGEST // 1024} KiB"
        raise ValueError(message)
    return content


def parsed(content: bytes) -> object:
    """Return what YAML or JSON stands for: plain values, without aliases and without repeated names.

    Raises:
        ValueError: it is neither, or a name is given twice.
        yaml.YAMLError: likewise.
        RecursionError: it is nested too deeply.
    """
    # JSON may be indented with tabs, which YAML refuses.
    if content.lstrip().startswith(b"{"):
        try:
            return json.loads(content, object_pairs_hook=_without_repeated)
        except json.JSONDecodeError:
            pass
    # An empty file is an empty mapping: every answer can come from flags and defaults.
    parsed = yaml.load(content, _PlainLoader)  # noqa: S506 - a SafeLoader
    return {} if parsed is None else parsed


def _without_repeated(pairs: list[tuple[str, object]]) -> dict[str, object]:
    _refuse_repeated([key for key, _ in pairs])
    return dict(pairs)


def _refuse_repeated(keys: list[Any]) -> None:
    seen: set[object] = set()
    for key in keys:
        if isinstance(key, (list, dict, set)):
            message = "a name must be text"
            raise ValueError(message)  # noqa: TRY004 - a mistake in the file, not in the program
        if key in seen:
            message = f"{shown(key)} is given twice"
            raise ValueError(message)
        seen.add(key)


def _place(error: yaml.MarkedYAMLError) -> str:
    mark = error.problem_mark
    where = f" (line {mark.line + 1})" if mark else ""
    return f"{error.problem or error.context or 'it is no YAML'}{where}"
