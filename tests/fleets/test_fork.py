"""A company's fork of the template, from clone to service and through a release of the original."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.inspect.status import Status, status_of
from scaffold.template.trust import Consent
from scaffold.update.update import update_project
from tests.support.answers import REPOSITORY
from tests.support.command import git
from tests.support.documents import Reader, commands
from tests.support.template_repository import History, commit, start, write

if TYPE_CHECKING:
    from pathlib import Path

FORK = commands(REPOSITORY / "docs/how-to/fork.md")
QUESTIONS = """
_templates_suffix: .jinja
_envops: {undefined: jinja2.StrictUndefined}
project_name: {type: str, default: my-api}
security_contact: {type: str}
database:
  type: str
  choices: [sqlite, postgres]
  default: sqlite
"""
FIRST = """# Changelog

## 0.1.0

### What changes in your project

- **Security** Known to every service of the fork.
"""
SECOND = FIRST.replace(
    "# Changelog\n",
    """# Changelog

## 0.1.1

### What changes in your project

- A file is new.
- **Security** An attacker could read the limits.
""",
)


@pytest.fixture
def upstream(tmp_path: Path) -> History:
    history = start(tmp_path / "upstream", QUESTIONS)
    git("symbolic-ref", "HEAD", "refs/heads/main", cwd=history.folder)
    history.release("v0.1.0", {"a.txt": "a\n", "database.txt.jinja": "{{ database }}\n"}, CHANGELOG__md=FIRST)
    return history


@pytest.fixture
def reader(tmp_path: Path, upstream: History) -> Reader:
    git("init", "--quiet", "--bare", "--initial-branch=main", tmp_path / "platform.git", cwd=tmp_path)
    addresses = {
        "https://git.example.com/upstream/scaffold.git": upstream.folder,
        "https://git.example.com/platform/template.git": tmp_path / "platform.git",
    }
    someone = Reader(tmp_path / "home", addresses)
    someone.prepare()
    return someone


def status(reader: Reader, project: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(reader.run("scaffold status --json", project))
    return found


@pytest.mark.matrix
def test_services_of_a_fork_see_the_security_news_of_the_original(
    tmp_path: Path, upstream: History, reader: Reader
) -> None:
    *creation, merging = FORK.values()
    work = tmp_path / "work"
    work.mkdir()
    printed = reader.run("\n".join(creation), work)
    assert "--cost-center" in printed
    billing = work / "billing"
    assert (billing / "docs/ownership.md").read_text() == "# Ownership\n\nbilling is paid for by CC-1234.\n"
    assert (billing / "database.txt").read_text() == "postgres\n"
    assert status(reader, billing)["behind"] == 0

    upstream.release("v0.1.1", {"b.txt": "b\n"}, CHANGELOG__md=SECOND)
    diff = reader.run(merging, work / "template")
    assert "+++ b/b.txt" in diff
    assert git("tag", cwd=work / "template").split() == ["v1.0.0", "v1.1.0"]
    said = status(reader, billing)
    assert (said["template_version"], said["newest"], said["behind"]) == ("v1.0.0", "v1.1.0", 1)
    assert said["security"] is True
    assert said["changelog"] == [
        {"version": "0.1.1", "security": True, "text": "**Security** An attacker could read the limits."},
        {"version": "0.1.1", "security": False, "text": "A file is new."},
        {"version": "1.1.0", "security": False, "text": "The fixes of the original template, see its own entries."},
    ]

    updated = json.loads(reader.run("scaffold update --defaults --json", billing))
    assert updated["changelog"] == said["changelog"]
    commit(billing, "Update the template")
    assert (billing / "b.txt").read_text() == "b\n"
    assert (billing / "docs/ownership.md").read_text() == "# Ownership\n\nbilling is paid for by CC-1234.\n"
    after = status(reader, billing)
    assert (after["behind"], after["changelog"], after["edited"]) == (0, [], [])


def look(project: Path, history: History) -> Status:
    """Return the status of a project without looking for edited files."""
    return status_of(project, Consent((str(history.folder),)), edited=False)


def test_a_release_of_the_fork_alone_does_not_repeat_the_news_of_the_original(
    tmp_path: Path, upstream: History
) -> None:
    """The number of the next release is higher than those that the original had before."""
    fork = History(tmp_path / "fork")
    git("clone", "--quiet", "--no-tags", upstream.folder, fork.folder, cwd=tmp_path)
    fork.release("v1.0.0", {"c.txt": "c\n"})
    project = fork.project(tmp_path / "project", "v1.0.0", security_contact="a@example.com")
    own = FIRST + "\n## 1.1.0\n\n### What changes in your project\n\n- Ours.\n"
    fork.release("v1.1.0", {"c.txt": "cc\n"}, CHANGELOG__md=own)
    found = look(project, fork)
    assert [entry.text for entry in found.waiting.entries] == ["Ours."]
    assert not found.security


def test_commits_of_a_template_without_tags_are_an_update_that_waits(tmp_path: Path) -> None:
    history = start(tmp_path / "untagged")
    write(history.folder, {"template/a.txt": "a\n", "CHANGELOG.md": FIRST})
    commit(history.folder)
    project = history.project(tmp_path / "project", "HEAD")
    assert look(project, history).waiting.behind == 0
    for number, changes in enumerate((FIRST, SECOND)):
        write(history.folder, {"template/a.txt": f"{number}\n", "CHANGELOG.md": changes})
        newest = commit(history.folder)
    found = look(project, history)
    assert (found.waiting.behind, found.security) == (2, True)
    assert newest.startswith(found.waiting.newest)
    updated = update_project(project, trust_addresses=[str(history.folder)])
    assert updated.plan.to_version == found.waiting.newest


def test_a_project_on_a_commit_before_the_first_tag_waits_for_the_releases_after_it(tmp_path: Path) -> None:
    history = start(tmp_path / "late")
    write(history.folder, {"template/a.txt": "a\n"})
    commit(history.folder)
    project = history.project(tmp_path / "project", "HEAD")
    history.release("v1.0.0", {"a.txt": "b\n"})
    history.release("v1.1.0", {"a.txt": "c\n"})
    waiting = look(project, history).waiting
    assert (waiting.newest, waiting.behind) == ("v1.1.0", 2)


def test_a_template_that_lost_its_tags_is_named(tmp_path: Path) -> None:
    history = start(tmp_path / "tagged")
    history.release("v1.0.0", {"a.txt": "a\n"})
    project = history.project(tmp_path / "project", "v1.0.0")
    git("tag", "--delete", "v1.0.0", cwd=history.folder)
    with pytest.raises(ScaffoldError, match="has no tags") as caught:
        look(project, history)
    assert caught.value.code == "version-unknown"
    assert "pip install" not in caught.value.next_step
