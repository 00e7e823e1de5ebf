"""Plain `copier copy` of the template gives the same project: nobody depends on our command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from scaffold.template.source import CHECKOUT, TEMPLATE_ADDRESS, version
from tests.support.command import CONTACT, environment, scaffold
from tests.support.small_template import as_repository
from tests.support.trees import project_tree
from tools.checkout import tracked

if TYPE_CHECKING:
    from pathlib import Path

ANSWERS = [
    {},
    {
        "database": "postgres",
        "rate_limit_store": "database",
        "license": "MIT",
        "description": "It's 100% ours; yes: all",
    },
    {"project_name": "other", "ci": "none", "deployment": "none", "metrics": "false", "license": "Apache-2.0"},
]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Publish the template as it is here, as a git repository with one release."""
    repository = tmp_path_factory.mktemp("published")
    # The catalogue of controls lies beside the questions; it must not reach a project.
    for name in tracked("copier.yml", "controls.yml", "practices.yml", "asvs.yml", "template"):
        (repository / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CHECKOUT / name, repository / name)
    return as_repository(repository, f"v{version()}")


def copier_copy(published: Path, destination: Path, answers: dict[str, str]) -> None:
    data = [f"--data={name}={value}" for name, value in {"security_contact": CONTACT[1], **answers}.items()]
    mapped = {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{published}.insteadOf",
        "GIT_CONFIG_VALUE_0": TEMPLATE_ADDRESS,
        "COPIER_CACHE_DIR": str(destination.parent / "cache"),
    }
    subprocess.run(
        [sys.executable, "-m", "copier", "copy", "--defaults", "--quiet", *data, TEMPLATE_ADDRESS, str(destination)],
        env=environment(**mapped),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=True,
        timeout=300,
    )


@pytest.mark.parametrize("answers", ANSWERS, ids=["defaults", "postgres", "bare"])
def test_both_give_the_same_bytes_and_modes(tmp_path: Path, published: Path, answers: dict[str, str]) -> None:
    flags = [f"--{name.replace('_', '-')}={value}" for name, value in answers.items()]
    # Both take the name of the project from the folder's name.
    done = scaffold("new", "ours/Web shop", *CONTACT, *flags, "--defaults", "--no-git", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    copier_copy(published, tmp_path / "theirs/Web shop", answers)
    ours, theirs = project_tree(tmp_path / "ours/Web shop"), project_tree(tmp_path / "theirs/Web shop")
    assert f"project_name: {answers.get('project_name', 'web-shop')}\n".encode() in ours[".copier-answers.yml"][1]
    assert ours.keys() == theirs.keys()
    assert {path for path in ours if ours[path] != theirs[path]} == set()


def test_the_repository_given_as_template_is_the_same_but_for_its_address(tmp_path: Path, published: Path) -> None:
    arguments = (*CONTACT, "--defaults", "--no-git")
    assert scaffold("new", "ours/shop", *arguments, cwd=tmp_path).returncode == 0
    assert scaffold("new", "theirs/shop", "--template", published, *arguments, cwd=tmp_path).returncode == 0
    ours, theirs = project_tree(tmp_path / "ours/shop"), project_tree(tmp_path / "theirs/shop")
    record = theirs.pop(".copier-answers.yml")[1].replace(os.fsencode(published), TEMPLATE_ADDRESS.encode())
    assert ours.pop(".copier-answers.yml")[1] == record
    assert ours == theirs
