"""The image, really built, and run as hardened as `docs/operations.md` says. `make containers` runs it."""

from __future__ import annotations

import json
import secrets
import tarfile
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.deploy.container.conftest import Engine

pytestmark = pytest.mark.containers

CANARY = "canary-that-must-not-travel"
HARDENED = [
    *("--read-only", "--tmpfs=/tmp:size=16m,noexec,nosuid,nodev", "--cap-drop=ALL"),
    *("--security-opt=no-new-privileges", "--pids-limit=128", "--memory=512m", "--init", "--network=none"),
]


def settings() -> dict[str, str]:
    """What production needs."""
    return {
        "PUBLIC_URL": "https://api.example.com",
        "SMTP_URL": "smtp://mail:25",
        "MAIL_FROM": "no-reply@example.com",
        "SECURITY_CONTACT": "security@example.com",
        "JWT_SECRET": secrets.token_urlsafe(32),
        "DATABASE_URL": "file:/data/app.sqlite",
    }


@pytest.fixture(scope="module")
def image(build: Callable[[Path, str], str], rendered: Callable[..., Path]) -> str:
    """The image of the default project, built beside secrets and leftovers that must stay outside."""
    project = rendered(database="sqlite", deployment="none", ci="none")
    for leftover in (".env", "src/.env", "backup.sqlite", "id_ed25519.pem"):
        (project / leftover).write_text(CANARY, encoding="utf-8")
    return build(project, "localhost/image-under-test:1")


@pytest.fixture(scope="module")
def container(engine: Engine, image: str) -> Iterator[str]:
    """A container of it, ready to answer."""
    environment = [f"--env={name}={value}" for name, value in settings().items()]
    run = ["run", "--pull=never", *HARDENED, "--volume=image-check:/data", *environment]
    engine(*run, "--rm", image, "node", "src/commands/migrate.ts")
    identity = engine(*run, "--detach", image)
    engine.until_healthy(identity)
    yield identity
    engine("rm", "--force", "--time=1", identity)


def inside(engine: Engine, container: str, script: str) -> str:
    """What a shell in the container prints, errors included."""
    return engine("exec", container, "sh", "-c", f"{{ {script}; }} 2>&1 || true")


def test_the_process_runs_without_any_right(engine: Engine, container: str) -> None:
    status = engine.status(container)
    assert status["Uid"].split() == ["10001"] * 4
    assert status["Gid"].split() == ["10001"] * 4
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_an_intruder_finds_nothing_writable_but_the_data(engine: Engine, container: str) -> None:
    assert "Read-only" in inside(engine, container, "touch /app/x")
    assert inside(engine, container, "cp /bin/true /tmp/x && /tmp/x") == "sh: 1: /tmp/x: Permission denied"
    assert inside(engine, container, "touch /data/x && rm /data/x && echo written") == "written"


def test_even_a_writable_image_keeps_its_code(engine: Engine, image: str) -> None:
    probe = "find /app -writable | head -n 3; stat -c '%u:%g' /app/src/server.ts"
    assert engine("run", "--rm", "--pull=never", "--network=none", image, "sh", "-c", probe) == "0:0"


def test_a_start_compiles_nothing(engine: Engine, container: str) -> None:
    for entry in ("server.ts", "commands/healthcheck.ts"):
        script = f"cd /app && NODE_DEBUG_NATIVE=COMPILE_CACHE node --eval \"import('./src/{entry}')\""
        lines = [line for line in inside(engine, container, script).splitlines() if "/app/" in line]
        assert [line for line in lines if line.endswith("was not initialized, initializing the in-memory entry")] == []
        assert [line for line in lines if "was accepted" in line]


def test_an_intruder_finds_no_package_manager_and_no_way_up(engine: Engine, container: str) -> None:
    assert inside(engine, container, "for p in npm npx corepack yarn; do command -v $p; done") == ""
    assert inside(engine, container, "find / -xdev -perm /6000 -type f 2>/dev/null") == ""


def test_a_signal_opens_no_debugger_in_the_server(engine: Engine, container: str) -> None:
    inside(engine, container, "kill -USR1 $(pidof node | tr ' ' '\\n' | sort -n | head -n 1)")
    listening = "for _ in 1 2 3 4 5; do cat /proc/net/tcp /proc/net/tcp6; sleep 0.3; done | grep -ci ':240d '"
    # 9229, where Node.js listens for debuggers, is 240D in hexadecimal.
    assert inside(engine, container, listening) == "0"
    assert "ebugger" not in engine("logs", container, merge=True)


def test_every_program_of_the_container_has_the_flags(engine: Engine, container: str) -> None:
    probe = "node -p \"Object.hasOwn(Object.prototype, '__proto__')\""
    assert inside(engine, container, probe) == "false"
    assert "EvalError" in inside(engine, container, "node --eval \"eval('1')\"; true")


def test_the_database_file_is_private(engine: Engine, container: str) -> None:
    assert inside(engine, container, "stat -c %a:%u /data /data/app.sqlite").split() == ["700:10001", "600:10001"]


def test_the_image_holds_code_and_production_packages_only(engine: Engine, image: str) -> None:
    listing = engine("run", "--rm", "--pull=never", "--network=none", image, "ls", "-A", "/app").split()
    assert listing == [".compile-cache", "node_modules", "package.json", "src"]
    lock = "node_modules/.package-lock.json"
    installed = json.loads(engine("run", "--rm", "--pull=never", "--network=none", image, "cat", f"/app/{lock}"))
    assert not [path for path, package in installed["packages"].items() if package.get("dev")]
    assert "node_modules/express" in installed["packages"]
    assert "node_modules/typescript" not in installed["packages"]


def test_no_secret_travels_in_a_layer_or_in_the_configuration(engine: Engine, image: str, tmp_path: Path) -> None:
    engine("save", "--output", tmp_path / "image.tar", image)
    with tarfile.open(tmp_path / "image.tar") as archive:
        blobs = [archive.extractfile(member) for member in archive if member.isfile()]
        assert not [True for blob in blobs if blob and CANARY.encode() in blob.read()]
    described: list[dict[str, Any]] = json.loads(engine("inspect", image))
    names = {variable.partition("=")[0] for variable in described[0]["Config"]["Env"]}
    # The certificate bundle belongs to the stand-in for the base image.
    assert names - {"NODE_EXTRA_CA_CERTS"} == {"PATH", "NODE_ENV", "HOST", "NODE_OPTIONS", "NODE_COMPILE_CACHE"}


def test_without_settings_it_refuses_to_start_and_names_all_of_them(engine: Engine, image: str) -> None:
    identity = engine("run", "--detach", "--pull=never", *HARDENED, image)
    assert engine("wait", identity) == "78"
    printed = engine("logs", identity, merge=True)
    assert [name for name in settings() if name not in printed] == []


def test_a_stop_is_heard_and_ends_well(engine: Engine, container: str) -> None:
    started = time.monotonic()
    engine("stop", "--time=15", container)
    assert time.monotonic() - started < 10
    assert engine("inspect", "--format={{.State.ExitCode}}", container) == "0"
    assert '"event":"sys_shutdown"' in engine("logs", container, merge=True)
