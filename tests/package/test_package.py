"""What people install: the wheel, the source distribution, and that both hold the whole template."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from scaffold.template.source import CHECKOUT, version
from tools.checkout import tracked

if TYPE_CHECKING:
    from pathlib import Path

Contents = dict[str, tuple[bytes, bool]]


def build(source: Path, target: str, into: Path) -> Path:
    into.mkdir()
    command = [sys.executable, "-m", "hatchling", "build", "--target", target, "--directory", str(into)]
    subprocess.run(command, cwd=source, check=True, capture_output=True, timeout=300)
    return next(into.iterdir())


def contents(wheel: Path) -> Contents:
    """Return content and executable bit of every file of a wheel but its own record."""
    with zipfile.ZipFile(wheel) as archive:
        return {
            info.filename: (archive.read(info), bool(info.external_attr >> 16 & 0o100))
            for info in archive.infolist()
            if not info.filename.endswith(("/RECORD", ".bundle"))
        }


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the source distribution and unpack it."""
    folder = tmp_path_factory.mktemp("sdist")
    with tarfile.open(build(CHECKOUT, "sdist", folder / "built")) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    return next((folder / "unpacked").iterdir())


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(CHECKOUT, "wheel", tmp_path_factory.mktemp("wheel") / "built")


def test_the_wheel_holds_package_and_template_and_nothing_else(wheel: Path) -> None:
    found = {name for name in contents(wheel) if ".dist-info/" not in name}
    template = {f"scaffold/_bundled/{name}" for name in tracked("copier.yml", "template")}
    assert found == {*tracked("scaffold")} | template | {"scaffold/_controls.json"}


def test_files_with_a_dot_and_the_answers_file_are_in_it(wheel: Path) -> None:
    found = contents(wheel)
    for name in (".gitignore", ".npmrc", "{{ _copier_conf.answers_file }}.jinja"):
        assert f"scaffold/_bundled/template/{name}" in found


def test_a_wheel_made_of_the_source_distribution_is_the_same(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    assert contents(build(sdist, "wheel", tmp_path / "again")) == contents(wheel)


def test_the_source_distribution_holds_what_git_holds(sdist: Path) -> None:
    found = {path.relative_to(sdist).as_posix() for path in sdist.rglob("*") if path.is_file()}
    assert {*tracked("scaffold", "template", "tests", "copier.yml", "pyproject.toml", "LICENSE")} <= found
    assert not {name for name in found if {"node_modules", "__pycache__", ".venv"} & set(name.split("/"))}


def test_an_installed_wheel_creates_the_same_project(wheel: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")  # noqa: S202 - our own archive
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import scaffold\n"
        "assert scaffold.__file__.startswith(sys.argv[1])\n"
        "result = scaffold.create_project(sys.argv[2], {'security_contact': 'security@example.com'}, git=False)\n"
        "print(result.template_version, len(result.files))\n"
    )
    arguments = [sys.executable, "-c", program, str(tmp_path / "site"), str(tmp_path / "project")]
    done = subprocess.run(arguments, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=300)
    assert done.stdout.split()[0] == f"v{version()}"
    assert (tmp_path / "project" / "package.json").is_file()


@pytest.mark.parametrize("arguments", [["--by=control"], ["--by=practice", "--database=postgres"], ["--by=asvs"]])
def test_an_installed_wheel_lists_the_same_controls(wheel: Path, tmp_path: Path, arguments: list[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(tmp_path / "site")  # noqa: S202 - our own archive
    assert not list((tmp_path / "site").rglob("controls.yml"))
    program = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import scaffold.cli\n"
        "assert scaffold.__file__.startswith(sys.argv[1])\n"
        "sys.exit(scaffold.cli.main(['controls', '--json', *sys.argv[2:]]))\n"
    )
    listed = [
        subprocess.run(
            [sys.executable, "-c", program, str(place), *arguments],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        ).stdout
        for place in (tmp_path / "site", CHECKOUT)
    ]
    assert listed[0] == listed[1]
    assert "S0" in listed[0] or "V1.1.1" in listed[0]
