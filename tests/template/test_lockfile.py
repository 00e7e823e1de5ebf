"""package.json and package-lock.json agree as npm itself sees it, for every combination of answers."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.answers import REPOSITORY, chosen, every_combination
from tests.support.rendering import in_memory
from tools.lockfile import MANIFEST, dependency_conditions, root_entry

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.answers import Answers
    from tests.support.rendering import Tree

MOST_PRODUCTION_PACKAGES = 90


def locked(tree: Tree) -> dict[str, Any]:
    """Return the packages of a lockfile by path, without the project itself."""
    packages: dict[str, Any] = json.loads(tree["package-lock.json"])["packages"]
    del packages[""]
    return packages


def with_other_packages() -> Iterator[Answers]:
    """Yield every combination of the answers that bring or remove a package; the other answers are the default ones."""
    conditions = " ".join(dependency_conditions(MANIFEST.read_text(encoding="utf-8")).values())
    names = [name for name in chosen() if re.search(rf"\b{name}\b", conditions)]
    for row in product(*(chosen()[name] for name in names)):
        yield every_combination()[0] | dict(zip(names, row, strict=True))


# One project for each set of dependencies that differs from all others.
DIFFERENT = {tuple(locked(tree)): tree for tree in map(in_memory, with_other_packages())}


@pytest.fixture(params=DIFFERENT.values(), ids=lambda tree: f"{len(locked(tree))} packages")
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A folder with what npm reads."""
    for name in ("package.json", "package-lock.json", ".npmrc"):
        (tmp_path / name).write_bytes(request.param[name])
    return tmp_path


@pytest.fixture
def packages(project: Path) -> dict[str, Any]:
    """The packages of the project's lockfile."""
    return locked({"package-lock.json": (project / "package-lock.json").read_bytes()})


def npm(folder: Path, node: dict[str, str], *arguments: str) -> str:
    """Run npm, which needs no network for this."""
    ran = subprocess.run(
        ["npm", "--offline", "--no-audit", *arguments],
        cwd=folder,
        env=node,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_npm_would_not_change_a_byte(project: Path, node: dict[str, str]) -> None:
    before = (project / "package-lock.json").read_bytes()
    npm(project, node, "install", "--package-lock-only")
    assert (project / "package-lock.json").read_bytes() == before


def test_npm_sees_nothing_missing_and_nothing_too_much(project: Path, node: dict[str, str]) -> None:
    tree = json.loads(npm(project, node, "ls", "--all", "--json", "--package-lock-only"))
    assert "problems" not in tree


def test_what_is_installed_is_what_was_tested(project: Path, packages: dict[str, Any]) -> None:
    """Exact versions, a strong hash for each package, no address of one registry, no git dependency."""
    manifest = json.loads((project / "package.json").read_text())
    for version in (manifest["dependencies"] | manifest["devDependencies"]).values():
        assert re.fullmatch(r"\d+\.\d+\.\d+", version)
    for path, package in packages.items():
        assert package["integrity"].startswith("sha512-"), path
        assert "resolved" not in package, path
        assert "link" not in package, path


def test_production_packages_stay_few(packages: dict[str, Any]) -> None:
    """The budget is the default project's; a database server's driver and a second factor come on top."""
    production = [path for path, package in packages.items() if not package.get("dev")]
    driver = 15 if "node_modules/pg" in packages else 0
    second_factor = 3 if "node_modules/otpauth" in packages else 0
    assert len(production) <= MOST_PRODUCTION_PACKAGES + driver + second_factor


@pytest.mark.usefixtures("node")
def test_deriving_the_lockfile_again_gives_the_same_file() -> None:
    ran = subprocess.run([sys.executable, "-m", "tools.lockfile", "--check"], cwd=REPOSITORY, check=False)
    assert ran.returncode == 0


def test_a_literal_of_the_manifest_stays_a_literal() -> None:
    """A company's fork may have one license for all of its services."""
    manifest = MANIFEST.read_text(encoding="utf-8")
    fixed = manifest.replace('"license": {{ license | to_json }}', '"license": "UNLICENSED"')
    assert fixed != manifest
    root: dict[str, Any] = {"name": "project_name", "version": "0.1.0", "license": "UNLICENSED"}
    assert '"license": "UNLICENSED"' in root_entry(root, {}, fixed)
    assert '"name": {{ project_name | to_json }}' in root_entry(root, {}, fixed)
    assert '"license": {{ license | to_json }}' in root_entry({**root, "license": "license"}, {}, manifest)
