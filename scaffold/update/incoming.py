"""What an update would bring to a project, as a diff."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from scaffold.git.difference import difference
from scaffold.git.run import isolated
from scaffold.update.plan import plan_update

if TYPE_CHECKING:
    from scaffold.git.difference import Difference
    from scaffold.project.record import Project
    from scaffold.update.plan import UpdatePlan, UpdateRequest


@dataclass(frozen=True)
class Incoming:
    """What an update would bring.

    Attributes:
        to_version: the release it goes to.
        difference: from the committed files of the project to what an update would leave.
        conflicts: files that would hold both sides.
        refusals: codes of the errors with which the update would end.
    """

    project: Project
    to_version: str
    difference: Difference
    conflicts: tuple[str, ...]
    refusals: tuple[str, ...]


def incoming(request: UpdateRequest) -> Incoming:
    """Plan an update as a dry run and return what it would bring; nothing is changed.

    Raises:
        ScaffoldError: the project or the template cannot be used.
        AnswerErrors: answers are wrong, or a new question needs one.
    """
    with plan_update(replace(request, dry_run=True)) as plan:
        conflicts = tuple(conflict.path for conflict in plan.joined.conflicts)
        codes = tuple(refusal.code for refusal in plan.refusals)
        return Incoming(plan.project, plan.to_version, difference_of(plan), conflicts, codes)


def difference_of(plan: UpdatePlan) -> Difference:
    """Return the difference from the committed files of the project to what a plan would leave.

    Args:
        plan: a plan, inside the context that made it.

    Raises:
        GitError: git failed.
    """
    joined = plan.joined
    return difference(isolated(joined.repository), joined.ours, joined.result)
