"""`npm run db` of a project with PostgreSQL, really run in a container. `make containers` runs it."""

from __future__ import annotations

import re
import signal
import socket
from typing import TYPE_CHECKING

import pytest

from tests.support.projects import attacked_sample
from tools.processes import running

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.deploy.container.conftest import Engine
    from tests.support.answers import Answers
    from tests.support.projects import Project

pytestmark = pytest.mark.containers


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def replace(file: Path, pattern: str, text: str) -> None:
    """Replace the one match of a pattern in a file."""
    content, count = re.subn(pattern, text, file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1
    file.write_text(content, encoding="utf-8")


@pytest.fixture
def environment(engine: Engine, tmp_path: Path, node: dict[str, str]) -> dict[str, str]:
    """Environment in which this engine is the only one that answers."""
    docker = tmp_path / "docker"
    docker.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    docker.chmod(0o755)
    return {**node, **engine.environment, "PATH": f"{tmp_path}:{node['PATH']}"}


def test_the_development_database_runs_in_a_container_and_is_removed_after_ctrl_c(
    engine: Engine, postgres_image: str, environment: dict[str, str], made: Callable[[Answers], Project]
) -> None:
    project = made(next(row for row in attacked_sample() if row["database"] == "postgres"))
    port = free_port()
    replace(
        project.folder / ".env", r"^DATABASE_URL=.*$", f"DATABASE_URL=postgresql://app:word@localhost:{port}/orders"
    )
    replace(
        project.folder / "development/postgres-server.ts", r"'docker\.io/library/postgres:.*'", f"'{postgres_image}'"
    )
    with running(["node", "development/database.ts"], project.folder, environment) as process:
        said = next((line for line in process.stdout or () if "runs at" in line), "")
        assert f"PostgreSQL (podman) runs at localhost:{port} with the empty database orders." in said
        names = engine("ps", "--format={{.Names}} {{.Ports}}")
        assert f"development-database 127.0.0.1:{port}->5432/tcp" in names
        code, output = project.npm("run", "migrate")
        assert (code, "Migrated: " in output) == (0, True), output
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
    assert "development-database" not in engine("ps", "--all", "--format={{.Names}}")
    assert engine("volume", "ls", "--quiet") == ""
