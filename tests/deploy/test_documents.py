"""What a project's documents say is what its code does."""

from __future__ import annotations

import json
import re
from posixpath import normpath
from typing import TYPE_CHECKING

import pytest

from tests.support.answers import drawn_sample, title
from tests.support.rendering import in_memory

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)")
# `NAME: rule(…).default(…),` as the settings modules write it.
SETTING = re.compile(r"(?m)^  ([A-Z][A-Z_]+): (.*)$")


def read(project: Path, name: str) -> str:
    """Text of a file of the project."""
    return (project / name).read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """Cells of the first table below a heading, without its head."""
    lines = text.split(f"\n## {heading}\n")[1].split("\n## ", maxsplit=1)[0].splitlines()
    table = [line for line in lines if line.startswith("|")][2:]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in table]


def settings(project: Path) -> dict[str, str]:
    """Every setting of the code, with its default; without one `required` or `none`."""
    files = ["config/base.ts", f"config/{database(project)}.ts", f"config/{strategy(project)}.ts"]
    found = {}
    for name, rule in SETTING.findall("".join(read(project, f"src/{file}") for file in files)):
        default = re.search(r"\.default\((.*?)\)", rule)
        value = default[1].strip("'").replace("[]", "none") if default else "required"
        found[name] = "none" if ".optional()" in rule else value
    return found


def strategy(project: Path) -> str:
    """How the project authenticates its callers."""
    return "session" if (project / "src/auth/session").exists() else "jwt"


def database(project: Path) -> str:
    """The database the project was rendered for."""
    return "postgres" if (project / "src/database/postgres.ts").exists() else "sqlite"


def test_the_readme_lists_every_setting_with_its_default(project: Path) -> None:
    documented = {cells[0].strip("`"): cells[1].strip("`") for cells in rows(read(project, "README.md"), "Settings")}
    assert documented == settings(project)


def test_the_example_environment_knows_no_setting_the_code_ignores(project: Path) -> None:
    assigned = set(re.findall(r"(?m)^#? ?([A-Z][A-Z_]+)=", read(project, ".env.example")))
    beyond = {"POSTGRES_PASSWORD", "POSTGRES_OWNER_PASSWORD"} if database(project) == "postgres" else set()
    assert assigned - beyond == set(settings(project))


def test_the_readme_lists_every_command(project: Path) -> None:
    documented = " ".join(cells[0] for cells in rows(read(project, "README.md"), "Commands"))
    scripts = json.loads(read(project, "package.json"))["scripts"]
    commands = {
        "npm start" if name == "start" else "npm test" if name == "test" else f"npm run {name}" for name in scripts
    }
    assert {command for command in commands if not re.search(rf"{command}\b", documented)} == set()


@pytest.mark.parametrize("metrics", [True, False])
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_every_runtime_dependency_has_its_reason(
    rendered: Callable[..., Path], database: str, *, metrics: bool
) -> None:
    project = rendered(database=database, metrics=metrics)
    reasons = re.findall(r"(?m)^\| `([\w-]+)` \|", read(project, "docs/dependencies.md"))
    assert reasons == sorted(json.loads(read(project, "package.json"))["dependencies"])


def test_every_event_worth_watching_exists(project: Path) -> None:
    events = read(project, "src/observability/security-events.ts")
    watched = re.findall(
        r"`(\w+)`", " ".join(row[0] for row in rows(read(project, "docs/operations.md"), "Logs and events"))
    )
    assert watched
    assert [event for event in watched if f"{event}:" not in events] == []


def test_every_link_of_a_project_leads_somewhere() -> None:
    for answers in drawn_sample():
        files = in_memory(answers)
        for name in (name for name in files if name.endswith(".md")):
            folder = name.rpartition("/")[0] or "."
            for target in LINK.findall(files[name].decode()):
                path = normpath(f"{folder}/{target}")
                assert path in files or any(file.startswith(path.rstrip("/") + "/") for file in files), (
                    f"{name} links to {target}, which {title(answers)} lacks"
                )


def test_documents_name_no_file_that_is_not_there() -> None:
    """Paths in backticks below the project's folders must exist in every project that names them."""
    path = re.compile(r"`((?:src|test|docs|deploy|\.github)/[\w./-]*|compose\.yaml|\.env\.example|\.npmrc)`")
    for answers in drawn_sample():
        files = in_memory(answers)
        for name in (name for name in files if name.endswith(".md")):
            for target in path.findall(files[name].decode()):
                assert any(file == target or file.startswith(target.rstrip("/") + "/") for file in files), (
                    f"{name} names {target}, which {title(answers)} lacks"
                )
