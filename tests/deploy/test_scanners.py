"""What other people's scanners say about a rendered project. `make scanners` installs them."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.conftest import missing

SCANNERS = Path(__file__).resolve().parents[2] / ".cache" / "scanners"


def scan(name: str, *arguments: str | Path) -> None:
    """Run a scanner and show what it found."""
    program = SCANNERS / name / "bin" / name
    if not program.exists():
        missing(f"{name} is not installed: run `make scanners`")
    found = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stdout + found.stderr


def test_hadolint_finds_nothing_in_the_dockerfile(project: Path) -> None:
    scan("hadolint", project / "Dockerfile")


def test_the_compose_file_follows_the_compose_specification(project: Path) -> None:
    scan("check-jsonschema", "--builtin-schema", "vendor.compose-spec", project / "compose.yaml")


def test_the_workflows_follow_their_schema(project: Path) -> None:
    workflows = sorted((project / ".github" / "workflows").iterdir())
    scan("check-jsonschema", "--builtin-schema", "vendor.github-workflows", *workflows)


def test_the_update_configuration_follows_its_schema(project: Path) -> None:
    scan("check-jsonschema", "--builtin-schema", "vendor.dependabot", project / ".github" / "dependabot.yml")


def test_zizmor_finds_nothing_in_the_workflows_even_as_an_auditor(project: Path) -> None:
    scan("zizmor", "--offline", "--persona=auditor", "--no-progress", project / ".github")
