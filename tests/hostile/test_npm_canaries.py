"""npm is never given a program by a template: not by `.npmrc`, not by `package.json`, not by the lockfile."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.hostile.canaries import Aviary
from tests.hostile.grounds import Ground
from tests.hostile.test_canaries import run
from tests.support.command import environment
from tests.support.small_template import ANSWERS_FILE, RECORD, write_files

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCRIPTS = ("preinstall", "install", "postinstall", "prepublish", "preprepare", "prepare", "postprepare")
COMMIT = "1" * 40
GIT = f"git+ssh://git@127.0.0.1/x.git#{COMMIT}"
# Way, setting of `.npmrc` (`{}` stands for the program), and the plain command that starts the program.
SETTINGS = (
    ("npm-git", "git={}", ("npm", "ci", "--ignore-scripts")),
    ("npm-script-shell", "script-shell={}", ("npm", "run", "test")),
    ("npm-node-options", "node-options=--require={}.cjs", ("npm", "run", "test")),
    ("npm-init-module", "init-module={}.cjs", ("npm", "init", "--yes")),
    ("npm-editor", "editor={}", ("npm", "edit", "present")),
    ("npm-shell", "shell={}", ("npm", "explore", "present")),
)


@pytest.fixture
def quiet(node: Mapping[str, str], tmp_path: Path) -> dict[str, str]:
    """Return the environment of somebody without settings for npm, and without its registry."""
    return {
        "PATH": node["PATH"],
        "npm_config_userconfig": str(tmp_path / "user.npmrc"),
        "npm_config_cache": str(tmp_path / "cache"),
        "npm_config_registry": "http://127.0.0.1:9/",
        "npm_config_fetch_retries": "0",
        "npm_config_audit": "false",
        "npm_config_update_notifier": "false",
    }


def package(folder: Path, aviary: Aviary, settings: str, *, with_git: bool, scripts: tuple[str, ...] = ()) -> Path:
    """Write a package whose every script is a canary, and which may need a package from git."""
    manifest = {
        "name": "x",
        "version": "1.0.0",
        "repository": "https://example.com/x",
        "scripts": {name: str(aviary.program(f"script-{name}", "exit 0")) for name in scripts} | {"test": "node -p 1"},
        "dependencies": {"y": GIT} if with_git else {},
    }
    packages = {"": manifest} | ({"node_modules/y": {"version": "1.0.0", "resolved": GIT}} if with_git else {})
    lockfile = {"name": "x", "lockfileVersion": 3, "requires": True, "packages": packages}
    files = {"package.json": json.dumps(manifest), "package-lock.json": json.dumps(lockfile), ".npmrc": settings}
    return write_files(folder, files)


def planted(aviary: Aviary, name: str, setting: str) -> str:
    """Make the canary of a setting, as a program and as a module of Node, and return the line."""
    program = aviary.program(name, "exit 1")
    sing = f"require('node:fs').writeFileSync({json.dumps(str(aviary.folder / 'sung' / name))}, '')\n"
    program.with_name(f"{name}.cjs").write_text(sing)
    return setting.replace("{}", str(program)) + "\n"


@pytest.mark.parametrize(("name", "setting", "command"), SETTINGS, ids=[name for name, _, _ in SETTINGS])
def test_plain_npm_starts_the_program(
    tmp_path: Path, quiet: dict[str, str], name: str, setting: str, command: tuple[str, ...]
) -> None:
    aviary = Aviary(tmp_path / "aviary")
    folder = package(tmp_path / "p", aviary, planted(aviary, name, setting), with_git=name == "npm-git")
    write_files(folder / "node_modules/present", {"package.json": '{"name": "present", "version": "1.0.0"}'})
    env = {**environment(), **quiet}
    subprocess.run(command, cwd=folder, env=env, input=b"", capture_output=True, check=False, timeout=120)
    assert name in aviary.sung()


def test_plain_npm_runs_the_scripts(tmp_path: Path, quiet: dict[str, str]) -> None:
    aviary = Aviary(tmp_path / "aviary")
    folder = package(tmp_path / "p", aviary, "", with_git=False, scripts=SCRIPTS)
    subprocess.run(["npm", "ci"], cwd=folder, env={**environment(), **quiet}, capture_output=True, check=False)
    assert aviary.sung() == {f"script-{name}" for name in SCRIPTS}


@pytest.mark.parametrize("with_git", [False, True], ids=["scripts", "a package from git"])
def test_installing_a_foreign_template_starts_no_program_of_it(
    tmp_path: Path,
    quiet: dict[str, str],
    with_git: bool,  # noqa: FBT001 - a case
) -> None:
    aviary, home = Aviary(tmp_path / "aviary"), tmp_path / "home"
    home.mkdir()
    settings = "".join(planted(aviary, name, setting) for name, setting, _ in SETTINGS)
    folder = package(tmp_path / "t", aviary, settings, with_git=with_git, scripts=SCRIPTS)
    write_files(folder, {"copier.yml": "name:\n  type: str\n  default: x\n", ANSWERS_FILE: RECORD})
    verb = ("new", "made", "--defaults", "--install", "--template", str(folder))
    [(_, code, sung)] = run(Ground(home, aviary, ""), verb, **quiet)
    assert code == 0
    assert sung == []
