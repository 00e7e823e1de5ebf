"""Two releases of Scaffold, built as wheels and installed at two places: what travels between machines."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.command import CONTACT, environment, git
from tests.support.template_repository import commit, tracked
from tools.checkout import copy_to

if TYPE_CHECKING:
    from pathlib import Path

FIXED = "const CSP = 'stricter';"
CHANGES = """
## 0.2.0

### What changes in your project

- **Security**: the sample is stricter.

"""


@dataclass(frozen=True)
class Installed:
    """Scaffold in a folder of its own.

    Attributes:
        folder: what goes on Python's path.
    """

    folder: Path

    def __call__(self, *arguments: str | Path, cwd: Path, code: int = 0) -> dict[str, Any]:
        """Run it without any network, and return its JSON."""
        env = environment(PYTHONPATH=str(self.folder), PYTHONSAFEPATH="1", https_proxy="http://127.0.0.1:9")
        command = [sys.executable, "-m", "scaffold", *map(str, arguments), "--json"]
        done = subprocess.run(command, cwd=cwd, env=env, capture_output=True, text=True, check=False, timeout=300)
        assert done.returncode == code, done.stdout + done.stderr
        found: dict[str, Any] = json.loads(done.stdout)
        return found


def build(source: Path, target: str, into: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=300)
    return next(into.iterdir())


def installed(wheel: Path, folder: Path) -> Installed:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", "--target", str(folder)]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True, timeout=300)
    return Installed(folder)


def released(repository: Path, version: str) -> None:
    """Change the version, which makes a release, and commit."""
    manifest = repository / "pyproject.toml"
    text = re.sub(r'^version = ".*"$', f'version = "{version}"', manifest.read_text(), count=1, flags=re.MULTILINE)
    manifest.write_text(text)
    commit(repository, f"Release {version}")


@pytest.fixture(scope="module")
def releases(tmp_path_factory: pytest.TempPathFactory) -> tuple[Installed, Installed]:
    """Version 0.1.0 from a wheel, and version 0.2.0 from a wheel that was built from a source distribution."""
    folder = tmp_path_factory.mktemp("releases")
    repository = folder / "repository"
    copy_to(repository)
    git("init", "--quiet", cwd=repository)
    released(repository, "0.1.0")
    older = installed(build(repository, "wheel", folder / "older"), folder / "one machine")
    with (repository / "template/src/app.ts").open("a") as file:
        file.write(FIXED + "\n")
    changelog = repository / "CHANGELOG.md"
    changelog.write_text(re.sub(r"^(?=## )", CHANGES.lstrip(), changelog.read_text(), count=1, flags=re.MULTILINE))
    released(repository, "0.2.0")
    sdist = build(repository, "sdist", folder / "sdist")
    shutil.unpack_archive(sdist, folder / "unpacked", filter="data")
    newer = installed(build(next((folder / "unpacked").iterdir()), "wheel", folder / "newer"), folder / "another")
    return older, newer


def test_a_teammate_updates_offline_what_another_one_created(
    releases: tuple[Installed, Installed], tmp_path: Path
) -> None:
    older, newer = releases
    older("new", "project", *CONTACT, "--defaults", cwd=tmp_path)
    project = tmp_path / "project"
    assert str(older.folder) not in (project / ".copier-answers.yml").read_text()
    with (project / "README.md").open("a") as file:
        file.write("Ours.\n")
    commit(project)
    assert older("status", cwd=project)["behind"] == 0
    said = newer("status", cwd=project)
    assert (said["behind"], said["security"], said["edited"]) == (1, True, ["README.md"])
    said = newer("update", cwd=project)
    assert (said["from"], said["to"], said["files"]["conflicts"]) == ("v0.1.0", "v0.2.0", [])
    assert (project / "src/app.ts").read_text().endswith(FIXED + "\n")
    assert (project / "README.md").read_text().endswith("Ours.\n")


def test_an_unedited_project_equals_a_fresh_render(releases: tuple[Installed, Installed], tmp_path: Path) -> None:
    older, newer = releases
    answers = (*CONTACT, "--defaults", "--database", "postgres", "--project-name", "same-name")
    older("new", "updated", *answers, cwd=tmp_path)
    newer("update", cwd=tmp_path / "updated")
    newer("new", "fresh", *answers, cwd=tmp_path)
    assert tracked(tmp_path / "updated") == tracked(tmp_path / "fresh")


def test_an_older_scaffold_does_not_take_a_project_back(releases: tuple[Installed, Installed], tmp_path: Path) -> None:
    older, newer = releases
    newer("new", "project", *CONTACT, "--defaults", cwd=tmp_path)
    said = older("update", cwd=tmp_path / "project", code=2)
    assert said["error"]["code"] == "template-older"


@pytest.mark.matrix
def test_plain_copier_updates_too_when_the_address_is_a_repository(
    releases: tuple[Installed, Installed], tmp_path: Path
) -> None:
    """What an installed package carries is a git bundle; here git is told that it is the recorded address."""
    older, newer = releases
    older("new", "project", *CONTACT, "--defaults", cwd=tmp_path)
    bundle = newer.folder / "scaffold/_releases.bundle"
    env = environment(
        GIT_CONFIG_COUNT="1",
        GIT_CONFIG_KEY_0=f"url.{bundle}.insteadOf",
        GIT_CONFIG_VALUE_0="https://scaffold.invalid/scaffold.git",
        COPIER_CACHE_DIR=str(tmp_path / "cache"),
    )
    env.pop("GIT_CONFIG_GLOBAL", None)
    command = [sys.executable, "-m", "copier", "update", "--defaults", "--quiet"]
    subprocess.run(command, cwd=tmp_path / "project", env=env, check=True, capture_output=True, timeout=300)
    assert (tmp_path / "project/src/app.ts").read_text().endswith(FIXED + "\n")
    assert "_commit: v0.2.0" in (tmp_path / "project/.copier-answers.yml").read_text()


def test_a_damaged_package_is_an_error_and_the_project_stays(
    releases: tuple[Installed, Installed], tmp_path: Path
) -> None:
    older, newer = releases
    older("new", "project", *CONTACT, "--defaults", cwd=tmp_path)
    damaged = tmp_path / "damaged"
    shutil.copytree(newer.folder, damaged)
    os.truncate(damaged / "scaffold/_releases.bundle", 2000)
    before = git("status", "--porcelain", cwd=tmp_path / "project")
    said = Installed(damaged)("update", cwd=tmp_path / "project", code=69)
    assert said["error"]["code"] == "template-unavailable"
    assert git("status", "--porcelain", cwd=tmp_path / "project") == before
