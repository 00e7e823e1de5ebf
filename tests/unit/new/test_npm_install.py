"""`npm ci`, with programs that stand in for Node.js and npm where their absence or age is the point."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from scaffold.new.npm_install import install_packages, required_node
from scaffold.npm import ALWAYS

LOCKED = {"name": "p", "version": "1.0.0", "lockfileVersion": 3, "packages": {"": {"name": "p", "version": "1.0.0"}}}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    manifest = {"name": "p", "version": "1.0.0", "engines": {"node": ">=24.15 <27"}}
    (folder / "package.json").write_text(json.dumps(manifest))
    (folder / "package-lock.json").write_text(json.dumps(LOCKED))
    return folder


def program(folder: Path, name: str, script: str) -> None:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\n{script}\n")
    (folder / name).chmod(0o755)


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the only folder on the PATH; it holds a Node.js that is new enough."""
    program(tmp_path / "bin", "node", "echo v24.15.0")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def install(project: Path) -> str | None:
    return install_packages(project, subprocess.DEVNULL)


def test_the_lockfile_is_installed_without_running_scripts(project: Path, programs: Path) -> None:
    program(programs, "npm", f'echo "$@" > {project}/arguments; pwd > {project}/folder')
    assert install(project) is None
    assert (project / "arguments").read_text() == " ".join(("ci", "--include=dev", *ALWAYS)) + "\n"
    assert "--ignore-scripts" in ALWAYS
    assert (project / "folder").read_text().strip() != str(project)


@pytest.mark.parametrize("version", ["v24.14.9", "v20.19.2", "v4.0.0", "nonsense", ""])
def test_an_old_node_is_not_used(project: Path, programs: Path, version: str) -> None:
    program(programs, "node", f"echo {version}")
    program(programs, "npm", f"touch {project}/called")
    note = install(project)
    assert note is not None
    assert "24.15 or newer is needed" in note
    assert note.endswith("npm ci")
    assert not (project / "called").exists()


@pytest.mark.parametrize("missing", ["node", "npm"])
def test_a_missing_program_is_named(project: Path, programs: Path, missing: str) -> None:
    program(programs, "npm", "true")
    (programs / missing).unlink()
    note = install(project)
    assert note is not None
    assert {"node": "no Node.js", "npm": "no npm"}[missing] in note


def test_half_an_installation_is_removed(project: Path, programs: Path) -> None:
    program(programs, "npm", "/bin/mkdir -p node_modules/half; exit 7")
    note = install(project)
    assert note is not None
    assert "exit code 7" in note
    assert not (project / "node_modules").exists()


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        ('{"engines": {"node": ">=24.15 <27"}}', (24, 15)),
        ('{"engines": {"node": ">= 22"}}', (22, 0)),
        ('{"engines": {"node": "*"}}', (0, 0)),
        ("{}", (0, 0)),
        ("[]", (0, 0)),
        ("not json", (0, 0)),
        (None, (0, 0)),
    ],
)
def test_the_oldest_node_is_read_from_the_project(
    tmp_path: Path, manifest: str | None, expected: tuple[int, int]
) -> None:
    if manifest is not None:
        (tmp_path / "package.json").write_text(manifest)
    assert required_node(tmp_path) == expected


def test_the_real_npm_installs_a_real_lockfile(
    project: Path, node: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", node["PATH"])
    assert install(project) is None


def test_packages_are_installed_when_the_temporary_folder_is_on_another_disk(
    project: Path, programs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = Path("/dev/shm")  # noqa: S108 - another file system on Linux
    if not elsewhere.is_dir() or elsewhere.stat().st_dev == project.stat().st_dev:
        pytest.skip("there is no other file system here")
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    program(programs, "npm", "PATH=/bin:/usr/bin mkdir node_modules")
    assert install(project) is None
    assert (project / "node_modules").is_dir()
