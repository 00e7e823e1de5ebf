"""A migration that has run is never taken away: not by an answer, not by another release, not by a renamed question."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.template.source import CHECKOUT, builtin
from scaffold.update.kept_files import keep, rules_of, vanished
from tests.support.answers import every_combination
from tests.support.command import git, scaffold
from tests.support.rendering import in_memory
from tests.support.template_repository import History, commit, start, state, write

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "src/database/migrations"
LIST, SECOND = f"{FOLDER}/index.ts", f"{FOLDER}/0002_limits.ts"
QUESTION = f"""
{{name}}: {{{{type: str, default: memory}}}}
_exclude: ["{{{{% if {{name}} != 'database' %}}}}/{SECOND}{{{{% endif %}}}}"]
"""
KEEP = f"_keep:\n  {FOLDER}/[0-9]*.ts: {LIST}\n"
INDEX = """import * as initial from './0001_initial.ts';
{{% if {name} == 'database' -%}}
import * as limits from './0002_limits.ts';
{{% endif %}}
export const migrations = {{
  '0001_initial': initial,
{{%- if {name} == 'database' %}}
  '0002_limits': limits,
{{%- endif %}}
}};
"""


@pytest.fixture
def history(tmp_path: Path) -> History:
    """A template in which a migration depends on an answer; its second release says that migrations stay."""
    history = start(tmp_path / "template", QUESTION.format(name="store"))
    files = {f"{FOLDER}/0001_initial.ts": "initial\n", SECOND: "limits\n", f"{LIST}.jinja": INDEX.format(name="store")}
    history.release("v1.0.0", files)
    copier = f"_subdirectory: template\n{QUESTION.format(name='store')}{KEEP}"
    history.release("v1.1.0", {"a.txt": "a\n"}, copier__yml=copier)
    return history


def run(*arguments: str | Path, cwd: Path, code: int = 0) -> dict[str, Any]:
    done = scaffold("update", "--json", "--yes", *arguments, cwd=cwd)
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def assert_migration_stays(project: Path) -> None:
    assert (project / SECOND).read_text() == "limits\n"
    index = (project / LIST).read_text()
    assert "import * as limits from './0002_limits.ts';\n" in index
    assert "  '0002_limits': limits,\n" in index
    assert index.count("0002_limits") == 2
    assert index.endswith("};\n")


@pytest.mark.parametrize("ref", [[], ["--ref", "v1.0.0"]], ids=["update", "same version, rule of a later release"])
def test_changing_the_answer_that_brought_a_migration_keeps_it_and_its_line(
    history: History, tmp_path: Path, ref: list[str]
) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    said = run("--store", "memory", *ref, cwd=project)
    assert said["files"]["kept_shipped"] == [SECOND]
    assert said["files"]["removed"] == []
    assert_migration_stays(project)
    commit(project)
    assert "store: memory" in (project / ".copier-answers.yml").read_text()
    run("--store", "database", *ref, cwd=project)
    assert_migration_stays(project)
    commit(project)
    assert git("ls-files", FOLDER, cwd=project).count("0002") == 1


def test_a_renamed_question_takes_no_migration_away(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    copier = f"_subdirectory: template\n{QUESTION.format(name='limits_store')}{KEEP}"
    history.release("v1.2.0", {f"{LIST}.jinja": INDEX.format(name="limits_store")}, copier__yml=copier)
    said = run("--defaults", cwd=project)
    assert said["dropped_answers"] == ["store"]
    assert said["files"]["kept_shipped"] == [SECOND]
    assert_migration_stays(project)


def test_the_preview_says_that_it_stays_and_why(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0", store="database")
    shown = scaffold("update", "--dry-run", "--store", "memory", cwd=project).stdout
    heading, name = shown[shown.index("no longer shipped, but stay") :].splitlines()[:2]
    assert "a database that has run a migration needs it" in heading
    assert name.strip() == SECOND


def test_a_downgrade_that_would_take_a_migration_away_is_refused(history: History, tmp_path: Path) -> None:
    copier = f"_subdirectory: template\n{KEEP}store: {{type: str, default: memory}}\n"
    always = "import * as limits from './0002_limits.ts';\nexport const migrations = {\n  '0002_limits': limits,\n};\n"
    (history.folder / f"template/{LIST}.jinja").unlink()
    history.release("v1.2.0", {LIST: always}, copier__yml=copier)
    project = history.project(tmp_path / "project", "v1.2.0")
    before = state(project)
    told = run("--dry-run", "--ref", "v1.0.0", cwd=project, code=4)
    assert told["would_be_refused"] == ["downgrade", "kept-files-would-go"]
    said = run("--ref", "v1.0.0", "--downgrade", cwd=project, code=4)["error"]
    assert (said["code"], SECOND in said["message"]) == ("kept-files-would-go", True)
    assert "--remove-kept" in said["next_step"]
    assert state(project) == before
    run("--ref", "v1.0.0", "--downgrade", "--remove-kept", cwd=project)
    assert not (project / SECOND).exists()


def test_an_owner_who_has_edited_or_deleted_the_migration_is_respected(history: History, tmp_path: Path) -> None:
    edited = history.project(tmp_path / "edited", "v1.0.0", store="database")
    write(edited, {SECOND: "mine\n"})
    commit(edited)
    run("--store", "memory", cwd=edited)
    assert (edited / SECOND).read_text() == "mine\n"
    deleted = history.project(tmp_path / "deleted", "v1.0.0", store="database")
    write(deleted, {SECOND: None})
    commit(deleted)
    assert run("--store", "memory", cwd=deleted)["files"]["kept_shipped"] == []
    assert not (deleted / SECOND).exists()


def test_a_rule_of_another_shape_is_a_mistake_of_the_template(history: History, tmp_path: Path) -> None:
    project = history.project(tmp_path / "project", "v1.0.0")
    copier = f"_subdirectory: template\n{QUESTION.format(name='store')}_keep: [a, b]\n"
    history.release("v1.2.0", {}, copier__yml=copier)
    assert run(cwd=project, code=69)["error"]["code"] == "template-broken"


def test_every_migration_of_our_own_template_stays() -> None:
    rules = rules_of(builtin())
    for pattern, listing in rules.items():
        assert (CHECKOUT / "template" / listing).exists() or (CHECKOUT / f"template/{listing}.jinja").exists()
        assert not fnmatchcase(listing, pattern)
    migrations = [path for path in (CHECKOUT / "template" / FOLDER).iterdir() if not path.name.startswith("index.")]
    names = [path.relative_to(CHECKOUT / "template").as_posix() for path in migrations]
    assert names
    assert all(any(fnmatchcase(name, pattern) for pattern in rules) for name in names)


@pytest.mark.parametrize(
    ("question", "answers", "files"),
    [
        ("api_keys", (True, False), ("src/auth/api-keys/apikeys.ts", f"{FOLDER}/0009_api_keys.ts")),
        ("mfa", ("totp", "none"), ("src/auth/totp/totprows.ts", f"{FOLDER}/0010_totp.ts")),
    ],
)
def test_without_an_answer_its_tables_and_what_deletes_their_rows_stay(
    tmp_path: Path, question: str, answers: tuple[str | bool, str | bool], files: tuple[str, str]
) -> None:
    """Otherwise the service would not start, or rows of deleted accounts would stay."""
    base, theirs = tmp_path / "with", tmp_path / "without"
    for folder, answer in zip((base, theirs), answers, strict=True):
        for path, content in in_memory(every_combination()[0] | {question: answer}).items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_bytes(content)
    rules = rules_of(builtin())
    kept = vanished(base, theirs, rules)
    assert kept == files
    keep(base, theirs, kept, rules)
    for listing in rules.values():
        assert (theirs / listing).read_bytes() == (base / listing).read_bytes()
