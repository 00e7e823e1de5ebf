"""Another answer about authentication, in a project with accounts that its owner has edited, and back again."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scaffold.update.update import update_project
from tests.support.answers import FREE_TEXT, REPOSITORY
from tests.support.projects import Project
from tests.support.recipe import add_tasks
from tests.support.rendering import template_files
from tests.support.template_repository import commit, start, write
from tools.project_server import serving
from tools.smoke_test import ApiClient

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = (["ci", "--no-audit", "--prefer-offline"], ["run", "typecheck"], ["run", "lint"], ["run", "migrate"])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with bearer tokens, and with a feature of its owner."""
    files = {f"template/{name}": content for name, content in template_files().items()}
    files |= {name: (REPOSITORY / name).read_bytes() for name in ("copier.yml", "CHANGELOG.md")}
    history = start(tmp_path / "template")
    write(history.folder, files)
    history.release("v1.0.0", {})
    project = history.project(tmp_path / "project", "v1.0.0", **FREE_TEXT, auth="jwt", database="sqlite")
    add_tasks(project)
    commit(project, "Add tasks")
    return project


def sign_in(project: Project, user: ApiClient | None = None) -> ApiClient:
    """Start the project and sign a user in; without one, a new account is registered and writes a note."""
    with serving(project.folder) as server:
        client = ApiClient.of(server) if user is None else ApiClient(server, user.email, user.password, {})
        if user is None:
            client.register()
        client.log_in()
        if user is None:
            client.write_and_read_note("kept")
        notes = client.call(200, "GET", "/api/v1/notes")["items"]
        assert [note["title"] for note in notes] == ["kept"]
        client.call(200, "GET", "/api/v1/tasks")
        return client


@pytest.mark.matrix
@pytest.mark.timeout(1200)
def test_nobody_is_locked_out_by_a_change_of_the_answer_and_back(
    folder: Path, node: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", node["PATH"])
    project = Project(folder, dict(FREE_TEXT), node)
    assert project.npm(*CHECKS[0])[0] == 0
    user = sign_in(project)
    assert user.tokens
    for auth in ("session", "jwt"):
        result = update_project(folder, {"auth": auth}, add_settings=True)
        assert result.plan.joined.conflicts == ()
        commit(folder, f"auth: {auth}")
        for command in CHECKS:
            code, output = project.npm(*command)
            assert code == 0, output
        signed_in = sign_in(project, user)
        assert bool(signed_in.cookie) == (auth == "session")


@pytest.mark.matrix
@pytest.mark.timeout(1200)
def test_nobody_is_locked_out_by_a_second_factor_and_its_removal(
    folder: Path, node: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", node["PATH"])
    project = Project(folder, dict(FREE_TEXT), node)
    assert project.npm(*CHECKS[0])[0] == 0
    user = sign_in(project)
    for mfa in ("totp", "none"):
        result = update_project(folder, {"mfa": mfa}, add_settings=True)
        assert result.plan.joined.conflicts == ()
        commit(folder, f"mfa: {mfa}")
        for command in CHECKS:
            code, output = project.npm(*command)
            assert code == 0, output
        assert "\nENCRYPTION_KEY=" in (folder / ".env").read_text()
        sign_in(project, user)
        assert (folder / "src/database/migrations/0010_totp.ts").exists()
