"""Rendered projects for the deployment tests."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import copier
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

REPOSITORY = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Render a project with the given answers, once per test process.

    From a plain copy: given this repository, Copier would clone it.
    """
    source = tmp_path_factory.mktemp("source")
    shutil.copytree(REPOSITORY / "template", source / "template")
    shutil.copy(REPOSITORY / "copier.yml", source)
    projects: dict[str, Path] = {}

    def render(**answers: object) -> Path:
        name = "-".join(["project", *(str(value) for value in answers.values())])
        if name not in projects:
            projects[name] = tmp_path_factory.mktemp(name)
            data = {"security_contact": "security@example.com", **answers}
            copier.run_copy(str(source), projects[name], data=data, defaults=True, quiet=True)
        return projects[name]

    return render


@pytest.fixture(params=["sqlite", "postgres"])
def project(request: pytest.FixtureRequest, rendered: Callable[..., Path]) -> Path:
    """A project with everything about deployment switched on, for each database."""
    return rendered(database=request.param, deployment="compose", ci="github")
