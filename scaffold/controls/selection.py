"""Which controls and practices a project with certain answers has."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

from scaffold.controls.gather import any_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from scaffold.controls.catalogue import Catalogue, Control, Practice

Status: TypeAlias = Literal["proven", "tested", "in-part", "documented", "operator", "not-claimed", "choice"]
# What each status means; the statuses from "in-part" on leave something open.
MEANINGS: Mapping[Status, str] = {
    "proven": "controls cover it, and an attack test proves each",
    "tested": "tests of Scaffold check what no control proves",
    "in-part": "controls cover a part; the reason says what is left",
    "documented": "a file of the project says how; people do it",
    "operator": "it is up to whoever runs the service",
    "not-claimed": "a project does not have it",
    "choice": "it comes with other answers",
}
COVERED: tuple[Status, ...] = ("proven", "tested")


@dataclass(frozen=True)
class Coverage:
    """How a project stands to one practice.

    Attributes:
        practice: the practice.
        status: how far it is covered.
        rest: status of the part that no control proves; None when the controls cover it.
        controls: ids of the controls that the project has for it.
        reason: why something is left open, or what the tests check; may be empty.
        when: Jinja condition on the answers under which it has the status of the whole catalogue.
    """

    practice: Practice
    status: Status
    rest: Status | None
    controls: tuple[str, ...]
    reason: str
    when: str


@dataclass(frozen=True)
class Selection:
    """The part of the catalogue that a project has.

    Attributes:
        controls: its controls; `code` and `tests` have only the files that it has.
        practices: how it stands to every practice.
        levels: level of each requirement of OWASP ASVS 5.0 that these controls contribute to.
    """

    controls: tuple[Control, ...]
    practices: tuple[Coverage, ...]
    levels: Mapping[str, int]

    def practices_of(self, control: Control) -> list[str]:
        """Return the ids of the practices that a control contributes to."""
        return [one.practice.id for one in self.practices if control.id in one.practice.controls]

    def controls_of(self, requirement: str) -> list[str]:
        """Return the ids of the controls that contribute to a requirement of ASVS."""
        return [control.id for control in self.controls if requirement in control.asvs]

    def count(self, status: Status) -> int:
        """Return how many practices have a status."""
        return sum(one.status == status for one in self.practices)


def select(catalogue: Catalogue, holds: Callable[[str], bool]) -> Selection:
    """Select what a project has.

    Args:
        catalogue: everything.
        holds: says whether a condition on the answers holds; for the whole catalogue each does.
    """
    holds = cache(holds)
    controls = tuple(_files_that_are_there(one, holds) for one in catalogue.controls if holds(one.when))
    conditions = {control.id: control.when for control in catalogue.controls}
    used = {requirement for control in controls for requirement in control.asvs}
    return Selection(
        controls,
        tuple(_coverage(practice, conditions, holds) for practice in catalogue.practices),
        {requirement: level for requirement, level in catalogue.levels.items() if requirement in used},
    )


def in_words(condition: str) -> str:
    """Return a condition as answers: `database: postgres`."""
    for joint in (" or ", " and "):
        if joint in condition:
            return joint.join(map(in_words, condition.split(joint)))
    name, _, value = condition.partition(" == ")
    if value:
        return f"{name}: {value.strip(chr(39))}"
    return f"{name.removeprefix('not ')}: {'false' if name.startswith('not ') else 'true'}"


def _files_that_are_there(control: Control, holds: Callable[[str], bool]) -> Control:
    def there(files: Mapping[str, str]) -> dict[str, str]:
        return {file: when for file, when in files.items() if holds(when)}

    return replace(control, code=there(control.code), tests=there(control.tests))


def _coverage(practice: Practice, conditions: Mapping[str, str], holds: Callable[[str], bool]) -> Coverage:
    when = practice.when if practice.status else any_of(conditions[one] for one in practice.controls)
    controls = tuple(one for one in practice.controls if holds(conditions[one]))
    if not holds(when):
        rest, reason = "choice", f"It comes with {in_words(when)}."
    else:
        rest, reason = practice.status, practice.reason
    status = "proven" if not rest else "in-part" if controls and rest not in COVERED else rest
    return Coverage(practice, cast("Status", status), cast("Status", rest) or None, controls, reason, when)
