"""Installed projects, each made once in a test process."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.support.answers import title
from tests.support.projects import Project, generate, install

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.support.answers import Answers


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Path:
    """Folder that all test processes of this run share."""
    base = tmp_path_factory.getbasetemp()
    folder = (base if worker_id == "master" else base.parent) / "installed"
    folder.mkdir(exist_ok=True)
    return folder


@pytest.fixture(scope="session")
def made(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, store: Path, node: dict[str, str]
) -> Callable[[Answers], Project]:
    """Gives the project of some answers: made by `scaffold new`, installed, with a database of its own."""
    projects: dict[str, Project] = {}

    def make(answers: Answers) -> Project:
        server = request.getfixturevalue("postgres_url") if answers["database"] == "postgres" else ""
        folder = tmp_path_factory.mktemp("project") / str(answers["project_name"])
        generate(folder, answers)
        # Programs of Node.js start faster; what they load is compared with the cache by its content.
        settings = {"TEST_DATABASE_URL": server, "NODE_COMPILE_CACHE": str(tmp_path_factory.getbasetemp() / "compiled")}
        project = Project(folder, answers, {**node, **settings}, server)
        return replace(project, installation=install(project, store))

    def once(answers: Answers) -> Project:
        name = title(answers)
        if name not in projects:
            projects[name] = make(answers)
        return projects[name]

    return once


@pytest.fixture
def project(request: pytest.FixtureRequest, made: Callable[[Answers], Project]) -> Project:
    """The project of the answers a test is parametrised with."""
    return made(request.param)
