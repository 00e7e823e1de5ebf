"""Every service of the compose file runs without a way to harm its host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def compose(project: Path) -> dict[str, Any]:
    """The compose file as its reader sees it, anchors merged."""
    text = (project / "compose.yaml").read_text(encoding="utf-8")
    loaded: dict[str, Any] = yaml.safe_load(text)
    return loaded


@pytest.fixture
def services(compose: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The services by name."""
    found: dict[str, dict[str, Any]] = compose["services"]
    return found


def test_no_service_may_write_to_its_image_gain_rights_or_run_as_root(
    services: dict[str, dict[str, Any]],
) -> None:
    for name, service in services.items():
        assert service["read_only"] is True, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", service["user"]), name
        assert not {"privileged", "cap_add", "devices", "pid", "ipc", "userns_mode"} & set(service)


def test_no_service_can_exhaust_the_host(services: dict[str, dict[str, Any]]) -> None:
    for name, service in services.items():
        assert service["pids_limit"] <= 128, name
        assert service["mem_limit"] == "512m", name
        assert service["cpus"] <= 1, name
        assert service["ulimits"] == {"nofile": 8192}, name
        assert service["logging"]["options"] == {"max-size": "10m", "max-file": "5"}, name


def test_scratch_space_is_small_and_runs_nothing(services: dict[str, dict[str, Any]]) -> None:
    for mount in (mount for service in services.values() for mount in service["tmpfs"]):
        assert {"noexec", "nosuid", "nodev"} <= set(mount.split(":")[1].split(","))
        assert "size=" in mount


def test_only_the_app_is_reachable_and_only_from_this_machine(
    services: dict[str, dict[str, Any]],
) -> None:
    published = {name: service["ports"] for name, service in services.items() if "ports" in service}
    assert published == {"app": ["127.0.0.1:${PUBLISHED_PORT:-3000}:3000"]}


def test_no_folder_of_the_host_can_be_written(services: dict[str, dict[str, Any]]) -> None:
    mounts = [mount for service in services.values() for mount in service.get("volumes", [])]
    from_host = [mount for mount in mounts if mount.startswith((".", "/"))]
    assert all(mount.endswith(":ro") for mount in from_host)
    assert not [mount for mount in mounts if "docker.sock" in mount]


def test_the_schema_changes_before_a_new_version_answers(
    services: dict[str, dict[str, Any]],
) -> None:
    assert services["migrate"]["command"] == ["node", "src/commands/migrate.ts"]
    assert services["migrate"]["restart"] == "no"
    condition = services["app"]["depends_on"]["migrate"]["condition"]
    assert condition == "service_completed_successfully"


def test_a_stop_leaves_time_to_finish_requests(services: dict[str, dict[str, Any]]) -> None:
    assert services["app"]["stop_grace_period"] == "20s"
    assert services["app"]["init"] is True


def test_no_secret_stands_in_the_file(project: Path) -> None:
    text = (project / "compose.yaml").read_text(encoding="utf-8")
    secrets = re.findall(r"(?m)^\s*\w*(?:PASSWORD|SECRET|KEY)\w*:\s+(.*)$", text)
    assert all(value.startswith("${") for value in secrets)


def test_the_database_cannot_be_reached_from_outside_nor_reach_out(rendered: Callable[..., Path]) -> None:
    project = rendered(database="postgres", deployment="compose", ci="github")
    compose = yaml.safe_load((project / "compose.yaml").read_text(encoding="utf-8"))
    assert compose["networks"]["data"] == {"internal": True}
    assert compose["services"]["database"]["networks"] == ["data"]
    assert compose["services"]["migrate"]["networks"] == ["data"]
    assert re.search(r"@sha256:[0-9a-f]{64}\Z", compose["services"]["database"]["image"])


def test_the_api_signs_in_as_a_role_that_is_no_superuser(rendered: Callable[..., Path]) -> None:
    project = rendered(database="postgres", deployment="compose", ci="github")
    role = (project / "deploy/compose/create-app-role.sql").read_text(encoding="utf-8")
    compose = (project / "compose.yaml").read_text(encoding="utf-8")
    assert "CREATE ROLE app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE" in role
    assert "DATABASE_URL: postgres://app:" in compose


def test_a_project_without_compose_has_no_trace_of_it(rendered: Callable[..., Path]) -> None:
    project = rendered(database="postgres", deployment="none", ci="none")
    assert not (project / "deploy").exists()
    assert not (project / "compose.yaml").exists()
