"""Continuous integration that a stranger's pull request cannot turn against its owner."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.support.command import environment, git
from tests.support.template_repository import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


SECRETS = re.compile(r"\$\{\{[^}]*secrets\b")


def workflows(project: Path) -> dict[str, dict[str, Any]]:
    """The workflows by file name."""
    files = sorted((project / ".github/workflows").iterdir())
    return {file.name: yaml.safe_load(file.read_text(encoding="utf-8")) for file in files}


def jobs(project: Path) -> list[dict[str, Any]]:
    """All jobs of all workflows."""
    return [job for flow in workflows(project).values() for job in flow["jobs"].values()]


def steps(project: Path) -> list[dict[str, Any]]:
    """All steps of all jobs."""
    return [step for job in jobs(project) for step in job["steps"]]


def test_a_job_gets_no_right_but_to_read_the_code(project: Path) -> None:
    assert all(flow["permissions"] == {} for flow in workflows(project).values())
    assert all(job["permissions"] == {"contents": "read"} for job in jobs(project) if job["name"] != "Propose")


def test_job_with_write_permission_uses_only_checkout_and_no_pull_request_trigger(project: Path) -> None:
    flow = workflows(project)["template-update.yml"]
    # YAML 1.1 reads the key `on` as true.
    assert set(flow[True]) == {"schedule", "workflow_dispatch"}  # type: ignore[index]
    job = flow["jobs"]["propose"]
    assert job["permissions"] == {"actions": "read", "contents": "write", "pull-requests": "write"}
    assert [step["uses"].partition("@")[0] for step in job["steps"] if "uses" in step] == ["actions/checkout"]
    ran = "\n".join(step["run"] for step in job["steps"] if "run" in step)
    assert not re.search(r"\b(npm|npx|node|pipx?|python3?|scaffold|curl)\b", ran.replace("template-update", ""))


FOREIGN_WORKFLOW = "on: push\njobs: {x: {runs-on: ubuntu-24.04, steps: [{run: env}]}}\n"


def pushed(project: Path, scratch: Path, files: dict[str, str]) -> tuple[str, str]:
    """Run the script of the job that may write, on a patch that writes some files.

    Returns:
        What the pushed commit changes, one path a line, and the text of the pull request.
    """
    proposal = scratch / "temp" / "proposal"
    write(proposal, {"title.txt": "Update the template to v9\n", "body.md": "From v1 to v9.\n"})
    subprocess.run(["git", "init", "--quiet", "--bare", scratch / "origin"], check=True)
    subprocess.run(["git", "init", "--quiet", "--initial-branch=main", scratch / "work"], check=True)
    shutil.copytree(project, scratch / "work", dirs_exist_ok=True)
    git("remote", "add", "origin", scratch / "origin", cwd=scratch / "work")
    git("add", "--all", cwd=scratch / "work")
    git("commit", "--quiet", "-m", "Start", cwd=scratch / "work")
    git("push", "--quiet", "origin", "main", cwd=scratch / "work")
    write(scratch / "work", files)
    git("add", "--all", cwd=scratch / "work")
    patch = git("diff", "--cached", "--binary", cwd=scratch / "work") + "\n"
    (proposal / "changes.patch").write_text(patch)
    git("reset", "--quiet", "--hard", cwd=scratch / "work")
    flow = workflows(project)["template-update.yml"]
    script = max((step.get("run", "") for step in flow["jobs"]["propose"]["steps"]), key=len)
    # Stands for GitHub: it keeps the text of the pull request, and has none open.
    write(scratch, {"bin/gh": f'#!/bin/sh\n[ "$1 $2" = "pr create" ] && cp "$8" {scratch}/said.md\nexit 0\n'})
    (scratch / "bin/gh").chmod(0o755)
    path = f"{scratch / 'bin'}{os.pathsep}{os.environ['PATH']}"
    variables = environment(PATH=path, RUNNER_TEMP=str(scratch / "temp"), GITHUB_RUN_ID="1")
    subprocess.run(["bash", "-eo", "pipefail", "-c", script], cwd=scratch / "work", env=variables, check=True)
    changed = git("diff", "--name-only", "main", "template-update", cwd=scratch / "origin")
    return changed, (scratch / "said.md").read_text()


def test_a_patch_of_foreign_code_pushes_no_workflow_that_would_run_with_all_secrets(
    project: Path, tmp_path: Path
) -> None:
    hidden = {".github/workflows/x.yml": FOREIGN_WORKFLOW, ".github/dependabot.yml": "version: 2\n"}
    changed, said = pushed(project, tmp_path, {**hidden, "src/new.ts": "1;\n"})
    assert changed == "src/new.ts"
    assert "    +on: push" in said
    assert ".github/dependabot.yml" in said


def test_an_update_of_workflows_alone_is_proposed_as_a_patch_for_a_person(project: Path, tmp_path: Path) -> None:
    changed, said = pushed(project, tmp_path, {".github/workflows/x.yml": FOREIGN_WORKFLOW})
    assert changed == ""
    assert "    +on: push" in said


def test_an_update_without_workflows_is_pushed_whole(project: Path, tmp_path: Path) -> None:
    changed, said = pushed(project, tmp_path, {"src/new.ts": "1;\n", "README.md": "Other.\n"})
    assert changed.split() == ["README.md", "src/new.ts"]
    assert said == "From v1 to v9.\n"


def test_an_action_is_named_by_commit_because_tags_move(project: Path) -> None:
    used = [step["uses"] for step in steps(project) if "uses" in step]
    assert used
    assert all(re.fullmatch(r"actions/[\w-]+@[0-9a-f]{40}", action) for action in used)


def test_every_pinned_action_names_its_version(project: Path) -> None:
    for file in (project / ".github/workflows").iterdir():
        lines = [line for line in file.read_text(encoding="utf-8").splitlines() if "uses:" in line]
        assert all(re.search(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line) for line in lines)


def test_the_token_does_not_stay_in_the_checkout(project: Path) -> None:
    checkouts = [step for step in steps(project) if "checkout" in step.get("uses", "")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_no_text_of_a_stranger_reaches_a_shell_and_no_secret_a_pull_request(project: Path) -> None:
    assert not [step["run"] for step in steps(project) if "${{" in step.get("run", "")]
    for file in (project / ".github").rglob("*.yml"):
        text = file.read_text(encoding="utf-8")
        assert "pull_request_target" not in text
        assert not SECRETS.search(text) or file.name == "template-update.yml"


def test_no_job_runs_for_hours(project: Path) -> None:
    assert all(job["timeout-minutes"] <= 15 for job in jobs(project))
    assert all("concurrency" in flow for flow in workflows(project).values())


def test_every_check_of_the_project_runs(project: Path) -> None:
    ran = [step["run"] for step in steps(project) if "run" in step]
    for command in ("npm ci", "npm run lint", "npm run typecheck", "npm test"):
        assert command in ran
    assert "npm audit --omit=dev --audit-level=high" in ran
    assert "npm audit signatures" in ran
    assert any(command.startswith("npm sbom") for command in ran)
    assert any(command.startswith("docker build") for command in ran)
    assert not [command for command in ran if "|| true" in command]


def test_a_pull_request_runs_every_check(project: Path) -> None:
    found = workflows(project)
    # YAML 1.1 reads the key `on` as true.
    triggers: list[Any] = [{**found[name]}[True] for name in ("ci.yml", "dependencies.yml")]  # type: ignore[index]
    assert all("pull_request" in one for one in triggers)
    assert not [job for name in ("ci.yml", "dependencies.yml") for job in found[name]["jobs"].values() if "if" in job]


def test_known_vulnerabilities_are_looked_up_when_nobody_pushes(project: Path) -> None:
    text = (project / ".github/workflows/dependencies.yml").read_text(encoding="utf-8")
    # YAML 1.1 reads the key `on` as true.
    assert yaml.safe_load(text)[True]["schedule"]


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_a_database_server_runs_only_where_the_tests_need_one(rendered: Callable[..., Path], database: str) -> None:
    project = rendered(database=database, deployment="compose", ci="github")
    check = workflows(project)["ci.yml"]["jobs"]["check"]
    assert ("services" in check) is (database == "postgres")
    assert ("TEST_DATABASE_URL" in check.get("env", {})) is (database == "postgres")


@pytest.mark.parametrize(
    ("database", "deployment", "expected"),
    [
        ("sqlite", "compose", {"npm", "docker", "github-actions"}),
        ("postgres", "none", {"npm", "docker", "github-actions"}),
        ("postgres", "compose", {"npm", "docker", "docker-compose", "github-actions"}),
    ],
)
def test_every_pinned_thing_has_somebody_who_moves_it(
    rendered: Callable[..., Path], database: str, deployment: str, expected: set[str]
) -> None:
    project = rendered(database=database, deployment=deployment, ci="github")
    config = yaml.safe_load((project / ".github/dependabot.yml").read_text(encoding="utf-8"))
    assert {update["package-ecosystem"] for update in config["updates"]} == expected
    assert all(update["cooldown"]["default-days"] >= 7 for update in config["updates"])
