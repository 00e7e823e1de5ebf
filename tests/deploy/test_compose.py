"""Every service of the compose file runs without a way to harm its host."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import yaml

from tests.support.projects import run_sql

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
    assert all(value.startswith("${") or value == '""' for value in secrets)


def test_the_database_cannot_be_reached_from_outside_nor_reach_out(rendered: Callable[..., Path]) -> None:
    project = rendered(database="postgres", deployment="compose", ci="github")
    compose = yaml.safe_load((project / "compose.yaml").read_text(encoding="utf-8"))
    assert compose["networks"]["data"] == {"internal": True}
    assert compose["services"]["database"]["networks"] == ["data"]
    assert compose["services"]["migrate"]["networks"] == ["data"]
    assert re.search(r"@sha256:[0-9a-f]{64}\Z", compose["services"]["database"]["image"])


def test_only_the_migrations_know_the_owner_of_the_tables(rendered: Callable[..., Path]) -> None:
    project = rendered(database="postgres", deployment="compose", ci="github")
    services = yaml.safe_load((project / "compose.yaml").read_text(encoding="utf-8"))["services"]
    app, migrate = services["app"]["environment"], services["migrate"]["environment"]
    assert app["DATABASE_URL"].startswith("postgres://app:${POSTGRES_PASSWORD:")
    # Empty, because .env has them and is given to every container.
    assert (app.get("MIGRATION_DATABASE_URL"), app.get("POSTGRES_OWNER_PASSWORD")) == ("", "")
    assert migrate["MIGRATION_DATABASE_URL"].startswith("postgres://app_owner:${POSTGRES_OWNER_PASSWORD:")
    assert {**app, "MIGRATION_DATABASE_URL": ""} == {**migrate, "MIGRATION_DATABASE_URL": ""}


def test_the_account_of_the_api_owns_nothing_also_in_a_volume_where_it_owned_everything(
    rendered: Callable[..., Path], postgres_url: str
) -> None:
    project = rendered(database="postgres", deployment="compose", ci="github")
    script = (project / "deploy/compose/create-app-role.sql").read_text(encoding="utf-8")
    # This server has another superuser than the image.
    script = script.replace("ALTER ROLE postgres PASSWORD NULL;", "")
    words = {"POSTGRES_PASSWORD": "word", "POSTGRES_OWNER_PASSWORD": 'owner\'s "word"'}
    run_sql(postgres_url, "create role app login; create database app owner app")
    app = urlsplit(postgres_url)._replace(path="/app").geturl()
    try:
        run_sql(app, "set role app; create table notes (id text)")
        for _ in range(2):
            run_sql(app, script, **words)
        owners = "select rolname from pg_roles join pg_class on relowner = pg_roles.oid where relname = 'notes'"
        assert run_sql(app, owners).split() == ["app_owner"]
        rights = "has_database_privilege('app', 'app', 'create'), has_schema_privilege('app', 'public', 'create')"
        assert run_sql(app, f"select {rights}").split() == ["f|f"]
        roles = (
            "select rolname, rolsuper, rolcreaterole, rolcreatedb from pg_roles where rolname like 'app%' order by 1"
        )
        assert run_sql(app, roles).split() == ["app|f|f|f", "app_owner|f|f|f"]
    finally:
        run_sql(postgres_url, "drop database app; drop role app; drop role app_owner")


def test_a_project_without_compose_has_no_trace_of_it(rendered: Callable[..., Path]) -> None:
    project = rendered(database="postgres", deployment="none", ci="none")
    assert not (project / "deploy").exists()
    assert not (project / "compose.yaml").exists()
