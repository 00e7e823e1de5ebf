"""Rendered projects for the deployment tests."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.answers import every_combination
from tests.support.rendering import in_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="session")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a project with the given answers, the others at their defaults; once per test process."""
    projects: dict[str, Path] = {}

    def render(**answers: str | bool) -> Path:
        name = "-".join(["project", *(f"{question}={value}" for question, value in answers.items())])
        if name not in projects:
            projects[name] = tmp_path_factory.mktemp(name)
            for path, content in in_memory(every_combination()[0] | answers).items():
                (projects[name] / path).parent.mkdir(parents=True, exist_ok=True)
                (projects[name] / path).write_bytes(content)
        return projects[name]

    return render


@pytest.fixture(params=["sqlite", "postgres"])
def project(request: pytest.FixtureRequest, rendered: Callable[..., Path]) -> Path:
    """A project with everything about deployment switched on, for each database."""
    return rendered(database=request.param, deployment="compose", ci="github")
