"""Random templates, random owners: whatever an owner has written is there after the update.

`make test` repeats some fixed histories and owners; `make matrix` makes up hundreds of new ones. A failure names
its seed: SCAFFOLD_TEST_SEED repeats it.
"""

from __future__ import annotations

import os
import random
import re
import stat
from collections import Counter
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.errors import ScaffoldError
from scaffold.git.run import Git, GitError, isolated
from scaffold.update.update import update_project
from tests.support.template_repository import History, commit, start, state, tracked, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from scaffold.update.update import UpdateResult

SEED = int(os.environ.get("SCAFFOLD_TEST_SEED") or random.SystemRandom().randrange(1_000_000))
QUICK, THOROUGH = 8, 100
UNEDITED = 4
NAMES = [
    "a.txt",
    "b.md",
    "src/c.ts",
    "src/deep/d.ts",
    "src/ümlaut é.ts",
    "bin/run.sh",
    "日本/読む.md",
    "with space.txt",
]
OWNER = re.compile(r"owner-\d+")

Files = dict[str, list[str]]


class Author:
    """Somebody who changes files at random, with lines that nobody else ever writes."""

    def __init__(self, chance: random.Random, name: str, files: Files) -> None:
        """Start from the given files."""
        self.chance, self.name, self.files = chance, name, files
        self.written = 0

    def line(self) -> str:
        """Return a line that is like no other."""
        self.written += 1
        return f"{self.name}-{self.written}"

    def pick(self) -> str:
        """Return one of the files; there is always one."""
        if not self.files:
            self.add()
        return self.chance.choice(sorted(self.files))

    def insert(self) -> None:
        """Insert some lines anywhere."""
        content = self.files[self.pick()]
        at = self.chance.randint(0, len(content))
        content[at:at] = [self.line() for _ in range(self.chance.randint(1, 3))]

    def change(self) -> None:
        """Write one line anew."""
        content = self.files[self.pick()]
        if content:
            content[self.chance.randrange(len(content))] = self.line()

    def cut(self) -> None:
        """Remove some lines."""
        content = self.files[self.pick()]
        at = self.chance.randint(0, len(content))
        del content[at : at + self.chance.randint(1, 4)]

    def add(self) -> None:
        """Add a file under a name that is free, which another author may have thought of as well."""
        free = [name for name in [*NAMES, *(f"more/{n}.txt" for n in range(6))] if name not in self.files]
        self.files[self.chance.choice(free)] = [self.line() for _ in range(self.chance.randint(1, 20))]

    def remove(self) -> None:
        """Remove a file."""
        del self.files[self.pick()]

    def rename(self) -> None:
        """Move a file, and at times change it on the way."""
        content = self.files.pop(self.pick())
        self.files[f"{self.chance.choice(['moved', 'src'])}/{self.line()} ö.txt"] = content
        if self.chance.random() < 0.5:
            self.insert()

    def work(self, times: int) -> None:
        """Do some of the above."""
        kinds = [self.insert, self.change, self.cut, self.add, self.remove, self.rename]
        for kind in self.chance.choices(kinds, weights=[4, 4, 2, 2, 1, 1], k=times):
            kind()


def as_text(files: Files) -> dict[str, str | bytes | None]:
    return {name: "".join(f"{line}\n" for line in content) for name, content in files.items()}


def replaced(before: Files, after: Files) -> dict[str, str | bytes | None]:
    """Return what turns one set of files into another: None for a file that goes."""
    return {**dict.fromkeys(before.keys() - after.keys()), **as_text(after)}


def grown(chance: random.Random, folder: Path) -> tuple[History, list[str]]:
    """Make a template with some releases."""
    history, author = start(folder), Author(chance, "template", {})
    for _ in range(6):
        author.add()
    before: Files = {}
    versions = [f"v1.{number}.0" for number in range(chance.randint(3, 5))]
    for version in versions:
        history.release(version, replaced(before, author.files))
        before = {name: [*content] for name, content in author.files.items()}
        author.work(chance.randint(2, 6))
    return history, versions


def edited(chance: random.Random, project: Path) -> set[str]:
    """Let an owner work in a project, and return the files the owner deleted."""
    found = tracked(project)
    record = found.pop(".copier-answers.yml")
    files = {name: content.decode().splitlines() for name, content in found.items()}
    before = {name: [*content] for name, content in files.items()}
    author = Author(chance, "owner", files)
    author.work(chance.randint(1, 8))
    write(project, replaced(before, files))
    for name in chance.sample(sorted(files), min(2, len(files))):
        path = project / name
        chance.choice([_in_windows_lines, _without_last_break, _executable])(path)
    commit(project)
    assert (project / ".copier-answers.yml").read_bytes() == record
    return before.keys() - files.keys()


def _in_windows_lines(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))


def _without_last_break(path: Path) -> None:
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))


def _executable(path: Path) -> None:
    path.chmod(0o755)


def failing_once(moment: int) -> Callable[..., Any]:
    """Return git that fails at its n-th call and works again afterwards."""
    run, calls = Git.run, count(1)

    def maybe(git: Git, *arguments: Any, **options: Any) -> Any:
        if next(calls) == moment:
            raise GitError("the disk is full")
        return run(git, *arguments, **options)

    return maybe


def updated(chance: random.Random, project: Path, monkeypatch: pytest.MonkeyPatch) -> UpdateResult:
    """Update a project, at a third of all times after a failure that has to leave it alone."""
    if chance.random() < 0.33:
        before = state(project)
        with monkeypatch.context() as patch:
            patch.setattr(Git, "run", failing_once(chance.randint(1, 45)))
            try:
                return update_project(project, edited="keep")
            except (GitError, ScaffoldError):
                pass
        assert state(project) == before
    return update_project(project, edited="keep")


def contents(project: Path) -> dict[str, tuple[bool, bytes]]:
    """Return the tracked files with their executable bits."""
    return {
        name: (bool((project / name).stat().st_mode & stat.S_IXUSR), content)
        for name, content in tracked(project).items()
    }


def words(content: bytes) -> Counter[str]:
    return Counter(content.decode().splitlines())


def owners_lines(files: dict[str, bytes]) -> set[str]:
    return {line for content in files.values() for line in words(content) if OWNER.fullmatch(line)}


def assert_both_sides(project: Path, result: UpdateResult) -> None:
    """Check that a file in conflict holds the owner's lines, and every line that is new in the template."""
    git = isolated(project)
    for conflict in result.plan.joined.conflicts:
        assert git.output("ls-files", "--unmerged", "--", conflict.path), conflict.path
        sides = {
            stage: words(git.run("cat-file", "blob", blob.object_id).stdout) for stage, blob in conflict.stages.items()
        }
        there = words((project / conflict.path).read_bytes())
        base = sides.get(1, Counter())
        for stage in {2, 3} & sides.keys():
            missing = (sides[stage] - base).keys() - there.keys()
            assert not missing, (conflict.path, stage, missing)


@pytest.mark.parametrize(
    "number", [*range(QUICK), *(pytest.param(n, marks=pytest.mark.matrix) for n in range(QUICK, THOROUGH))]
)
def test_nothing_that_an_owner_wrote_is_lost(tmp_path: Path, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    seed = str(number) if number < QUICK else f"{SEED}-{number}"
    print(f"seed {SEED}")  # noqa: T201
    chance = random.Random(seed)  # noqa: S311 - repeatable on purpose
    history, versions = grown(chance, tmp_path / "template")
    project = history.project(tmp_path / "project", chance.choice(versions[:-1]))
    deleted = edited(chance, project)
    write(project, {"untracked-owner.txt": "notes\n"})
    before = contents(project)
    result = updated(chance, project, monkeypatch)
    after, joined = contents(project), result.plan.joined
    assert owners_lines(tracked(project)) >= owners_lines({name: content for name, (_, content) in before.items()})
    assert not deleted & after.keys()
    listed = {change.path for change in joined.changes} | {conflict.path for conflict in joined.conflicts}
    assert {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)} <= listed
    assert set(joined.removed_edited) <= after.keys()
    assert_both_sides(project, result)
    assert (project / "untracked-owner.txt").read_text() == "notes\n"
    assert isolated(project).output("diff", "--name-only", "--diff-filter=ad") == "" or joined.conflicts


@pytest.mark.parametrize("number", range(UNEDITED))
def test_a_project_without_edits_equals_a_fresh_render(tmp_path: Path, number: int) -> None:
    chance = random.Random(f"unedited-{number}")  # noqa: S311 - repeatable on purpose
    history, versions = grown(chance, tmp_path / "template")
    project = history.project(tmp_path / "project", chance.choice(versions[:-1]))
    result = update_project(project)
    assert contents(project) == contents(history.project(tmp_path / "fresh", versions[-1]))
    assert {change.kind for change in result.plan.joined.changes} <= {"added", "changed", "removed"}
    commit(project)
    assert not update_project(project).applied
