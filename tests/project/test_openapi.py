"""The OpenAPI document of a running project says what the project accepts: two tools of others hold it against it.

`make scanners` installs both. Schemathesis sends what the document allows and what it does not; Spectral knows
OWASP's rules.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import missing
from tests.support.answers import title
from tests.support.projects import databases
from tools.processes import ended
from tools.project_server import ProjectServer, serving
from tools.smoke_test import ApiClient

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.projects import Project

RULES = Path(__file__).parent / "openapi"
SCANNERS = Path(__file__).resolve().parents[2] / ".cache" / "scanners"
ENOUGH = "1000000000"
SETTINGS = {
    "RATE_LIMIT_MAX": ENOUGH,
    "USER_RATE_LIMIT_MAX": ENOUGH,
    "LOGIN_LIMIT_MAX": ENOUGH,
    "BCRYPT_COST": "10",
    "LOG_LEVEL": "error",
}
# They end the session whose token the run uses: from then on it would see 401 and nothing else.
ENDING = r"/auth/logout$|/me/sessions/"
DATABASES = databases()
ON_EACH_DATABASE = pytest.mark.parametrize(
    "project",
    [pytest.param(row, id=title(row), marks=pytest.mark.xdist_group(title(row))) for row in DATABASES],
    indirect=True,
)


def program(name: str, *path: str) -> Path:
    """Return an installed scanner, or end the test."""
    found = SCANNERS.joinpath(name, *path)
    if not found.exists():
        missing(f"{name} is not installed: run `make scanners`")
    return found


@pytest.fixture
def database(project: Project) -> str:
    """DATABASE_URL of a database nobody has used."""
    return project.empty_database()


@pytest.fixture
def server(project: Project, database: str) -> Iterator[ProjectServer]:
    """The project in development, where it has the document, with limits that are not met."""
    with serving(project.folder, {**SETTINGS, "DATABASE_URL": database}) as running:
        yield running


@pytest.fixture(params=["administrator", "user", "stranger"])
def caller(request: pytest.FixtureRequest, project: Project, database: str, server: ProjectServer) -> list[str]:
    """The arguments by which schemathesis comes as one kind of caller."""
    if request.param == "stranger":
        return []
    client = ApiClient.of(server)
    role = "admin" if request.param == "administrator" else "user"
    create = ["npm", "run", "create-user", "--", "--email", client.email, "--role", role]
    environment = project.environment | {"DATABASE_URL": database, "BCRYPT_COST": SETTINGS["BCRYPT_COST"]}
    subprocess.run(
        create, cwd=project.folder, env=environment, input=client.password, text=True, check=True, capture_output=True
    )
    client.log_in()
    ((name, value),) = client.credentials().items()
    return ["--header", f"{name}: {value}", "--exclude-path-regex", ENDING, "--exclude-operation-id", "deleteApiV1Me"]


@pytest.mark.matrix
@ON_EACH_DATABASE
def test_the_document_promises_what_the_project_accepts_and_answers(
    server: ProjectServer, caller: list[str], tmp_path: Path
) -> None:
    schemathesis = program("schemathesis", "bin", "schemathesis")
    command = [schemathesis, "--config-file", RULES / "schemathesis.toml", "run", f"{server.url}/openapi.json"]
    seed = str(int.from_bytes(os.urandom(3), "big"))
    limits = ["--max-examples", "20", "--max-failures", "20", "--seed", seed, "--checks", "all", "--no-color"]
    arguments = [*command, "--url", server.url, *limits, *caller]
    code, output = ended(list(map(str, arguments)), tmp_path, dict(os.environ))
    assert code == 0, output[-6000:]


@pytest.mark.matrix
@ON_EACH_DATABASE
def test_owasps_rules_find_nothing_in_the_document(project: Project, server: ProjectServer, tmp_path: Path) -> None:
    folder = program("spectral", "node_modules", ".bin", "spectral").parents[2]
    document = tmp_path / "openapi.json"
    document.write_text(json.dumps(ApiClient.of(server).call(200, "GET", "/openapi.json")), encoding="utf-8")
    # Rule sets are found beside the rules, as node finds packages. Tests may run at the same time.
    rules = folder / f"{secrets.token_hex(8)}.yaml"
    rules.write_text((RULES / "spectral.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    try:
        spectral = ["node", "node_modules/.bin/spectral", "lint", "--fail-severity=warn", "--ruleset", rules, document]
        code, output = ended(list(map(str, spectral)), folder, project.environment)
    finally:
        rules.unlink()
    assert code == 0, output


@ON_EACH_DATABASE
def test_every_text_and_number_that_comes_in_has_a_bound_in_the_document(server: ProjectServer) -> None:
    document = ApiClient.of(server).call(200, "GET", "/openapi.json")
    unbounded = [
        f"{method} {path}: {place}"
        for path, operations in document["paths"].items()
        for method, operation in operations.items()
        for place, schema in inputs(operation)
        if not is_bounded(schema)
    ]
    assert not unbounded


def inputs(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield name and schema of everything that a caller sends."""
    for parameter in operation["parameters"]:
        yield parameter["name"], parameter["schema"]
    body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
    yield from body.get("properties", {}).items()


def is_bounded(schema: dict[str, Any]) -> bool:
    """Tell whether values of a schema have a largest one."""
    if schema.get("type") == "boolean" or "enum" in schema or schema.get("format") == "uuid":
        return True
    if schema.get("type") == "array":
        return "maxItems" in schema and is_bounded(schema["items"])
    return "maxLength" in schema or {"minimum", "maximum"} <= schema.keys()
