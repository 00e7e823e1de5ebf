"""The catalogue of security controls, and the practices that they contribute to."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from scaffold.controls.gather import ALWAYS, gathered
from scaffold.template.source import CHECKOUT, PACKAGE

if TYPE_CHECKING:
    from collections.abc import Mapping

# hatch_build.py writes it into a wheel.
_FILE = PACKAGE / "_controls.json"


@dataclass(frozen=True)
class Control:
    """One defence that a project claims.

    Attributes:
        id: stable name.
        statement: what the defence does, in one sentence.
        when: Jinja condition on the answers under which a project has it.
        asvs: requirement ids of OWASP ASVS 5.0.
        code: files of the project that contain it, with the condition of each.
        tests: files of its attack tests, likewise; below `tests/` they are files of Scaffold's repository.
    """

    id: str
    statement: str
    when: str
    asvs: tuple[str, ...]
    code: Mapping[str, str]
    tests: Mapping[str, str]


@dataclass(frozen=True)
class Practice:
    """One practice of the literature.

    Attributes:
        id: `S001` and so on.
        title: what to do, in a few words.
        controls: ids of the controls that contribute to it.
        status: what becomes of the part that no control proves: `tested`, `documented`, `operator` or
            `not-claimed`. Default: empty, the controls cover it.
        reason: why, in one or two sentences.
        files: where it is in a project.
        tests: tests of Scaffold's repository that check it, file::name.
        when: Jinja condition on the answers under which the status holds.
    """

    id: str
    title: str
    controls: tuple[str, ...] = ()
    status: str = ""
    reason: str = ""
    files: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    when: str = ALWAYS


@dataclass(frozen=True)
class Catalogue:
    """What is claimed.

    Attributes:
        controls: all controls.
        practices: all practices.
        levels: level (1 to 3) of each requirement of OWASP ASVS 5.0 that a control names.
    """

    controls: tuple[Control, ...]
    practices: tuple[Practice, ...]
    levels: Mapping[str, int]


def load() -> Catalogue:
    """Read the catalogue of this version of Scaffold: of the wheel, or of the checkout."""
    document = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.is_file() else gathered(CHECKOUT)
    return Catalogue(
        tuple(Control(**_frozen(entry)) for entry in document["controls"]),
        tuple(Practice(**_frozen(entry)) for entry in document["practices"]),
        document["levels"],
    )


def _frozen(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in entry.items()}
