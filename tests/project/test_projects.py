"""Generated projects are green from the first minute: installed, checked, started and used for real."""

from __future__ import annotations

import json
import re
import shutil
import stat
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.projects import attacked_sample, checked_alone, databases, rows
from tools.processes import ended
from tools.project_server import ServerFailedError, serving
from tools.smoke_test import ApiClient

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.projects import Project

PRODUCTION = {
    "NODE_ENV": "production",
    "PUBLIC_URL": "https://api.example.com",
    "SMTP_URL": "smtp://127.0.0.1:25",
}


@rows(databases(), attacked_sample())
def test_it_installs_without_a_warning(project: Project) -> None:
    # Settings of the machine's own npmrc are none of the project's business.
    warnings = re.findall(r"^npm warn (?!Unknown (?:user|env|global) config).*", project.installation, re.MULTILINE)
    assert not warnings
    code, output = project.npm("ls", "--all")
    assert code == 0, output


@rows(checked_alone()[:1], checked_alone())
def test_lint_formatter_and_compiler_find_nothing(project: Project) -> None:
    for script in ("lint", "format:check", "typecheck"):
        code, output = project.npm("run", "--silent", script)
        assert code == 0, output
        assert "warning" not in output.lower(), output


@pytest.mark.timeout(1800)  # the longest test of all, and machines of CI are slow
@rows(checked_alone()[:1], checked_alone())
def test_its_own_attack_tests_pass(project: Project) -> None:
    code, output = project.npm("test")
    assert code == 0, failures(output)
    counts = {name: int(count) for name, count in re.findall(r"^\S+ (tests|skipped|todo) (\d+)$", output, re.MULTILINE)}
    assert counts["tests"] > 0
    assert counts["skipped"] == counts["todo"] == 0, output
    assert "Warning" not in output, output


def failures(output: str) -> str:
    """Return the part of the output of `npm test` that says what failed."""
    return output[output.find("failing tests") :]


@rows(databases(), attacked_sample())
def test_the_first_five_minutes(project: Project) -> None:
    with serving(project.folder, {"DATABASE_URL": project.empty_database()}) as server:
        client = ApiClient.of(server)
        client.register()
        client.log_in()
        assert client.write_and_read_note("Hello") == "Hello"
        client.refresh()
        assert client.call(200, "GET", "/api/v1/me")["email"] == client.email
        client.log_out()
        assert server.stop() == 0


@rows(databases(), attacked_sample())
def test_the_first_admin_is_made_on_the_command_line(project: Project) -> None:
    address = project.empty_database()
    with serving(project.folder, {"DATABASE_URL": address}) as server:
        admin = ApiClient.of(server)
        command = ["npm", "run", "create-user", "--", "--email", admin.email, "--role", "admin"]
        subprocess.run(
            command,
            cwd=project.folder,
            env=project.environment | {"DATABASE_URL": address},
            input=admin.password,
            text=True,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        admin.log_in()
        if project.answers["mfa"] == "totp":
            assert admin.call(403, "GET", "/api/v1/users")["code"] == "second-factor-required"
            admin.enrol_second_factor()
        users = admin.call(200, "GET", "/api/v1/users")["items"]
        assert [(user["email"], user["role"]) for user in users] == [(admin.email, "admin")]


@rows(databases(), attacked_sample())
def test_production_asks_for_migrations_first_and_starts_after_them(project: Project) -> None:
    """A server that changes its own tables would need rights an intruder inherits."""
    settings = PRODUCTION | project.production_database()
    with pytest.raises(ServerFailedError, match="npm run migrate"), serving(project.folder, settings):
        pass
    code, output = project.npm("run", "migrate", **settings)
    assert code == 0, output
    with serving(project.folder, settings) as server:
        ApiClient.of(server).call(200, "GET", "/healthz")
        ApiClient.of(server).call(404, "GET", "/openapi.json")
        assert server.stop() == 0


@rows(databases(), [])
def test_setup_writes_the_secrets_of_a_project_that_plain_copier_made(project: Project, tmp_path: Path) -> None:
    for name in (".env.example", "package.json", "src"):
        (tmp_path / name).symlink_to(project.folder / name)
    command = ["node", *json.loads((project.folder / "package.json").read_text())["scripts"]["setup"].split()[1:]]
    code, output = ended(command, tmp_path, project.environment)
    assert code == 0, output
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    shutil.copy(tmp_path / ".env", project.folder / ".env")
    with serving(project.folder, {"DATABASE_URL": project.empty_database()}):
        pass
