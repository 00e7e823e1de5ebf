"""Work out what an update would do, without touching the project.

Copier renders the release the project was made from and the one it goes to; git merges the
difference into the project's last commit, in a repository of its own.
"""

from __future__ import annotations

from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Literal

from scaffold.errors import (
    ScaffoldError,
    downgrade_refused,
    edited_files_would_go,
    kept_files_would_go,
    update_refused,
    update_unfinished,
)
from scaffold.files.staging import scratch
from scaffold.git.view import find
from scaffold.project.env_file import changed_settings, missing_settings, text_of_example
from scaffold.project.record import look_at, open_project, require_clean
from scaffold.project.unfinished import is_unfinished
from scaffold.template.trust import Consent
from scaffold.template.upgrade import Upgrade, news, upgrade_of
from scaffold.update import answers, journal, kept_files, line_endings, merge
from scaffold.update.moved_files import listed_moves
from scaffold.update.obstacles import Foreseen, foreseen, require_settled
from scaffold.update.special_files import edited_by_owner, read_sides, reconcile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from scaffold.git.run import Git
    from scaffold.project.record import Project
    from scaffold.questions.question import Answers
    from scaffold.template.changelog import Entry
    from scaffold.template.source import Template
    from scaffold.update.answers import Ask, SettledAnswers
    from scaffold.update.merge import MergeResult

Edited = Literal["refuse", "keep", "remove"]


@dataclass(frozen=True)
class UpdateRequest:
    """What somebody wants.

    Attributes:
        changes: answers to change, by name of the question.
        ref: release to go to, for example `v0.2.0`; None for the newest.
        template: git address of another template; None for the recorded one.
        defaults: take the default of a question that is new and was not answered.
        edited: what becomes of edited files that the template no longer ships.
        ask: asks a person for what is still open; None where nobody is there.
        dry_run: the plan will not be carried out: nothing of the project is written.
        consent: which addresses may be contacted because the project names them. Default: those the user
            has agreed to before.
        remove_kept: also remove files that otherwise stay once they shipped, such as migrations.
        downgrade: `ref` may name an older release than the project's.
        progress: is told each step before it begins.
    """

    folder: Path
    changes: Mapping[str, object] = field(default_factory=dict)
    ref: str | None = None
    template: str | None = None
    defaults: bool = False
    edited: Edited = "refuse"
    ask: Ask | None = None
    dry_run: bool = False
    consent: Consent = field(default_factory=Consent)
    remove_kept: bool = False
    downgrade: bool = False
    progress: Callable[[str], None] = field(default=lambda _: None)


@dataclass(frozen=True)
class UpdatePlan:
    """What an update would do.

    Attributes:
        to_version: the release it would be on.
        settled: the answers it would have, and how they differ from the recorded ones.
        joined: files added, changed, merged, removed and in conflict.
        edited: what becomes of edited files that the template no longer ships.
        entries: what the changelog says about the releases between, security first; of a downgrade, what it
            takes back.
        missing_settings: settings of the new release that the project's `.env` lacks.
        changed_settings: settings with another value in the new `.env.example`.
        example: text of the new `.env.example`, empty without one.
        check_lockfile: the lockfile joins two sets of dependencies; npm should look at it.
        kept: files that the new render lacks and that stay all the same, such as migrations.
        is_downgrade: the release it would be on is older than the project's.
        downgrade: whether an older release was agreed to.
        foreseen: what stands in its way.
    """

    project: Project
    to_version: str
    settled: SettledAnswers
    joined: MergeResult
    edited: Edited
    entries: tuple[Entry, ...]
    missing_settings: tuple[str, ...]
    changed_settings: tuple[str, ...]
    example: str
    check_lockfile: bool
    kept: tuple[str, ...] = ()
    is_downgrade: bool = False
    downgrade: bool = False
    foreseen: Foreseen = field(default_factory=Foreseen)

    @property
    def answers(self) -> Answers:
        """The answers the project would have."""
        return self.settled.answers

    @property
    def dropped(self) -> tuple[str, ...]:
        """Recorded answers that no question asks for any more."""
        return tuple(sorted(self.settled.dropped))

    @property
    def in_the_way(self) -> tuple[str, ...]:
        """Untracked or ignored files where new ones go."""
        return self.foreseen.in_the_way

    @property
    def undecided(self) -> tuple[ScaffoldError, ...]:
        """The errors with which carrying it out would end because nobody has decided; a person can be asked."""
        found = []
        if self.is_downgrade and not self.downgrade:
            found.append(downgrade_refused(self.project.version, self.to_version))
        if self.joined.removed_edited and self.edited == "refuse":
            found.append(edited_files_would_go(self.joined.removed_edited))
        return tuple(found)

    @property
    def forbidden(self) -> tuple[ScaffoldError, ...]:
        """The errors that need another decision, whatever becomes of the files in its way."""
        lost = self.kept and self.is_downgrade
        return (*self.undecided, kept_files_would_go(self.to_version, self.kept)) if lost else self.undecided

    @property
    def refusals(self) -> tuple[ScaffoldError, ...]:
        """The errors with which carrying it out would end, as far as looking can tell; the first is raised."""
        if self.is_empty:
            return ()
        obstacle = self.foreseen.obstacle
        if obstacle is None:
            return self.forbidden
        return (
            *self.forbidden,
            update_refused(obstacle, "Nothing was changed.", obstacle.next_step, obstacle.code),
        )

    @property
    def is_empty(self) -> bool:
        """Whether nothing would change."""
        joined = self.joined
        return not (joined.changes or joined.conflicts or joined.removed_edited)

    def diff(self, path: str | None = None) -> str:
        """Return what would change in the project, or in one file of it, as a unified diff."""
        return merge.diff(self.joined, path)

    def decided(self, edited: Edited) -> UpdatePlan:
        """Return the same plan with another decision about edited files that the template no longer ships.

        Nothing is asked, rendered or merged again: what was shown is what is applied.
        """
        if self.edited == "remove":
            raise ValueError("files that a plan removes are not in its result any more")
        joined = merge.without(self.joined, self.joined.removed_edited) if edited == "remove" else self.joined
        return replace(self, edited=edited, joined=joined)


@contextmanager
def plan_update(request: UpdateRequest) -> Iterator[UpdatePlan]:
    """Plan an update; the plan holds scratch files and can be carried out inside the context only.

    If an earlier update was interrupted, the project is restored first. A dry run writes nothing, so it refuses then.

    Raises:
        ScaffoldError: the project or the template cannot be used.
        AnswerErrors: answers are wrong, or a new question needs one.
    """
    if request.dry_run and is_unfinished(request.folder):
        raise update_unfinished(request.folder)
    journal.recover(request.folder)
    project = open_project(request.folder)
    # As for a new project, what a killed run has left is removed by the next.
    with scratch() as work:
        git = look_at(project, work / "view.git")
        require_settled(find(project.folder).git_dir)
        require_clean(git)
        address = request.template or project.address
        if not request.template:
            request.consent.require(address)
        upgrade = upgrade_of(project, address, request.ref, work)
        with closing(upgrade.confined):
            yield _plan(request, project, git, upgrade)


def _plan(request: UpdateRequest, project: Project, git: Git, upgrade: Upgrade) -> UpdatePlan:
    from scaffold.template.render import render, render_recorded

    work = upgrade.releases.repository.parent
    older, newer = upgrade.template(upgrade.older, work), upgrade.template(upgrade.newer, work)
    request.progress(f"Comparing {upgrade.older} with {upgrade.newer}")
    settled = _settled(request, project, older, newer)
    base, theirs = work / "base", work / "theirs"
    render_recorded(older, project, base)
    render(newer, settled.answers, theirs)
    kept = _kept(base, theirs, {} if request.remove_kept else _keep_rules(upgrade, older, newer))
    request.progress("Merging with your files")
    sides = read_sides(git, base, theirs)
    listed = listed_moves(older) | listed_moves(newer)
    line_endings.follow(sides, lambda: merge.moves_between(base, theirs, listed).to)
    edited = edited_by_owner(sides)
    check_lockfile = reconcile(sides)
    joined = merge.merge_renders(git, git.committed(), sides, label=f"template-{upgrade.newer}", listed=listed)
    plan = UpdatePlan(
        project=project,
        to_version=upgrade.newer,
        settled=settled,
        joined=_classified(joined, edited),
        edited="refuse",
        entries=_news(upgrade),
        missing_settings=missing_settings(project.folder, base, theirs),
        changed_settings=changed_settings(base, theirs),
        example=text_of_example(theirs),
        check_lockfile=check_lockfile,
        kept=tuple(name for name in kept if name in sides.ours),
        is_downgrade=upgrade.is_downgrade,
        downgrade=request.downgrade,
    )
    plan = plan.decided(request.edited)
    return replace(plan, foreseen=foreseen(git, plan.joined, find(project.folder).git_dir))


def _settled(request: UpdateRequest, project: Project, older: Template, newer: Template) -> SettledAnswers:
    renames = answers.Renames.of(older, newer)
    recorded, changes = project.answers, request.changes
    return answers.settled(recorded, changes, newer, renames, defaults=request.defaults, ask=request.ask)


def _kept(base: Path, theirs: Path, rules: Mapping[str, str]) -> tuple[str, ...]:
    """Carry the files that stay over into the new render, and return them."""
    kept = kept_files.vanished(base, theirs, rules)
    kept_files.keep(base, theirs, kept, rules)
    return kept


def _keep_rules(upgrade: Upgrade, older: Template, newer: Template) -> dict[str, str]:
    """Return the rules of every release at hand: an old one may not have the rule yet."""
    rules = kept_files.rules_of(older) | kept_files.rules_of(newer)
    newest = upgrade.releases.newest()
    ref = upgrade.releases.refs[newest] if newest else upgrade.newer
    if ref in {upgrade.older, upgrade.newer}:
        return rules
    folder = upgrade.releases.export(ref, newer.folder.with_name("template-newest"))
    with suppress(ScaffoldError):  # nobody goes to that one
        rules |= kept_files.rules_of(replace(newer, folder=folder, version=ref))
    return rules


def _classified(joined: MergeResult, edited: set[str]) -> MergeResult:
    """Mark the changes that meet the owner's edits."""
    met = {"changed": "merged", "removed": "moved"}
    changes = [
        replace(change, kind=met.get(change.kind, change.kind)) if change.path in edited else change
        for change in joined.changes
        if change.path not in joined.removed_edited
    ]
    return replace(joined, changes=tuple(changes))


def _news(upgrade: Upgrade) -> tuple[Entry, ...]:
    """Return what the releases between have changed; for a downgrade what it takes back."""
    earlier, later = upgrade.older, upgrade.newer
    if upgrade.is_downgrade:
        earlier, later = later, earlier
    return news(upgrade.releases, earlier, later)
