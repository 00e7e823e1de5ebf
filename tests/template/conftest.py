"""The template, rendered by Copier through the `copie` fixture of pytest-copie."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.rendering import source

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pytest_copie.plugin import Copie

    from tests.support.answers import Answers


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The template of the working tree: from a git checkout Copier would render what is committed."""
    return source(tmp_path_factory.mktemp("template"))


@pytest.fixture
def copie(copie: Callable[..., Copie], template: Path) -> Copie:
    """`copie` with that template: `copie.copy(answers)` renders a project."""
    return copie(child_tpl=template)


@pytest.fixture
def rendered(copie: Copie) -> Callable[[Answers], Path]:
    """Gives the folder of a project with some answers; fails when Copier did, which `copie` only says in its result."""

    def render(answers: Answers) -> Path:
        result = copie.copy(answers)
        assert result.exception is None
        assert result.exit_code == 0
        assert result.project_dir is not None
        return result.project_dir

    return render
