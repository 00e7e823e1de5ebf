"""The compose file, really brought up, for both databases. `make containers` runs it."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.conftest import missing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.deploy.container.conftest import Engine

pytestmark = pytest.mark.containers

COMPOSE = Path(__file__).resolve().parents[3] / ".cache" / "scanners" / "podman-compose" / "bin" / "podman-compose"
PASSWORD = "a phrase only this test knows 41"


@dataclass(frozen=True)
class Deployment:
    """A project brought up with its compose file.

    Attributes:
        port: of the API on loopback
        adaptation: second compose file, with what this engine and machine lack: images, and a right on limits
    """

    engine: Engine
    project: Path
    adaptation: Path
    port: int

    def compose(self, *arguments: str) -> None:
        """Run a compose command."""
        files = ("-f", self.project / "compose.yaml", "-f", self.adaptation)
        self.engine.run(COMPOSE, "--in-pod=false", *files, *arguments)

    def container(self, service: str) -> str:
        """Name of a service's container."""
        return f"my-api_{service}_1"

    def services(self) -> list[str]:
        """Services that keep running."""
        compose = yaml.safe_load((self.project / "compose.yaml").read_text(encoding="utf-8"))
        return [name for name in ("database", "app") if name in compose["services"]]

    def up(self) -> None:
        """Start everything in the order the file asks for; this engine cannot wait for health by itself."""
        for service in ("database", "migrate", "app"):
            if service == "migrate":
                self.compose("up", "--no-deps", "--no-build", service)
            elif service in self.services():
                self.compose("up", "--no-deps", "--no-build", "--detach", service)
                self.engine.until_healthy(self.container(service))

    def request(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any]:
        """Ask the API as a proxy on this machine does."""
        sent = {"host": "api.example.com", **({"content-type": "application/json"} if body else {}), **headers}
        with closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, json.dumps(body) if body else None, sent)
            answer = connection.getresponse()
            text = answer.read()
        return answer.status, json.loads(text) if text else None

    def sign_in(self) -> dict[str, str]:
        """Headers of the administrator that `deployed` made."""
        credentials = {"email": "admin@example.com", "password": PASSWORD}
        status, tokens = self.request("POST", "/api/v1/auth/login", credentials)
        assert status == 200, tokens
        return {"authorization": f"Bearer {tokens['accessToken']}"}


def free_port() -> int:
    """A port of loopback that nobody uses."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def write_environment(project: Path, port: int, node: dict[str, str]) -> None:
    """Write `.env` as its reader is told to: set it up, then change what production changes."""
    (project / ".env").unlink(missing_ok=True)
    subprocess.run(["node", "src/commands/setup.ts"], cwd=project, env=node, check=True, capture_output=True)
    text = (project / ".env").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^PUBLIC_URL=.*$", "PUBLIC_URL=https://api.example.com", text)
    text = re.sub(r"(?m)^SMTP_URL=.*$", "SMTP_URL=smtp://mail:25", text)
    (project / ".env").write_text(f"{text}\nPUBLISHED_PORT={port}\n", encoding="utf-8")


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def deployed(
    request: pytest.FixtureRequest,
    engine: Engine,
    build: Callable[[Path, str], str],
    rendered: Callable[..., Path],
    node: dict[str, str],
) -> Iterator[Deployment]:
    """A running deployment with one administrator."""
    if not COMPOSE.exists():
        missing("podman-compose is not installed: run `make scanners`")
    project = rendered(database=request.param, deployment="compose", ci="none")
    deployment = Deployment(engine, project, engine.home / "adaptation.yaml", free_port())
    services: dict[str, dict[str, object]] = {name: {"ulimits": {"nproc": 4096}} for name in ("app", "migrate")}
    if request.param == "postgres":
        services["database"] = services["app"] | {"image": request.getfixturevalue("postgres_image")}
    deployment.adaptation.write_text(yaml.safe_dump({"services": services}), encoding="utf-8")
    write_environment(project, deployment.port, node)
    build(project, "localhost/my-api:local")
    deployment.up()
    create = ("node", "src/commands/create-user.ts", "--email", "admin@example.com", "--role", "admin")
    engine("exec", "--interactive", deployment.container("app"), *create, stdin=PASSWORD)
    yield deployment
    deployment.compose("down", "--volumes")


def test_every_container_runs_without_any_right_and_within_limits(deployed: Deployment) -> None:
    for service in deployed.services():
        status = deployed.engine.status(deployed.container(service))
        assert "0" not in status["Uid"].split() + status["Gid"].split(), service
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0, service
        assert (status["NoNewPrivs"], status["Seccomp"]) == ("1", "2"), service
        host = json.loads(deployed.engine("inspect", deployed.container(service)))[0]["HostConfig"]
        assert host["ReadonlyRootfs"] is True, service
        assert (host["PidsLimit"], host["Memory"], host["NanoCpus"]) == (128, 512 * 2**20, 10**9), service


def test_a_service_cannot_write_outside_its_data(deployed: Deployment) -> None:
    for service in deployed.services():
        probe = "for d in / /usr /usr/local/bin /var/lib; do touch $d/x 2>/dev/null && echo $d; done; true"
        assert deployed.engine("exec", deployed.container(service), "sh", "-c", probe) == "", service


def test_only_the_api_is_published_and_only_on_loopback(deployed: Deployment) -> None:
    ports = {service: deployed.engine("port", deployed.container(service)) for service in deployed.services()}
    assert ports.pop("app") == f"3000/tcp -> 127.0.0.1:{deployed.port}"
    assert not any(ports.values())


def test_the_word_of_the_proxy_counts_and_a_callers_does_not(deployed: Deployment) -> None:
    deployed.request("GET", "/api/v1/me", **{"x-forwarded-for": "203.0.113.1, 203.0.113.77"})
    lines = deployed.engine("logs", deployed.container("app"), merge=True).splitlines()
    assert json.loads(lines[-1])["ip"] == "203.0.113.77"


def test_data_outlives_the_containers(deployed: Deployment) -> None:
    status, note = deployed.request("POST", "/api/v1/notes", {"title": "kept", "body": ""}, **deployed.sign_in())
    assert status == 201
    deployed.compose("down")
    deployed.up()
    assert deployed.request("GET", f"/api/v1/notes/{note['id']}", **deployed.sign_in())[1]["title"] == "kept"


def test_the_database_is_out_of_reach_and_its_superuser_too(deployed: Deployment) -> None:
    if "database" not in deployed.services():
        return
    container = deployed.container("database")
    routes = deployed.engine("exec", container, "cat", "/proc/net/route").splitlines()[1:]
    assert "00000000" not in [route.split()[1] for route in routes], "a way out"
    roles = "select rolname, rolsuper from pg_roles where rolcanlogin order by rolname || '|'"
    psql = ("exec", container, "psql", "--username=postgres", "--dbname=app", "--tuples-only", "--no-align")
    assert deployed.engine(*psql, f"--command={roles}").split() == ["app_owner|f", "app|f", "postgres|t"]
    over_tcp = (
        'PGPASSWORD="$POSTGRES_PASSWORD" psql --host=127.0.0.1 --username=postgres --dbname=app --command="select 1"'
    )
    refused = deployed.engine.run("podman", "exec", container, "sh", "-c", over_tcp, check=False)
    assert "password authentication failed" in refused.stderr


def test_every_service_ends_well_when_asked_to(deployed: Deployment) -> None:
    for service in reversed(deployed.services()):
        deployed.engine("stop", "--time=15", deployed.container(service))
        assert deployed.engine("inspect", "--format={{.State.ExitCode}}", deployed.container(service)) == "0", service
