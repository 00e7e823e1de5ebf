"""The template itself with a past: four releases, projects of each older one, and a month of somebody's work."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from scaffold.git.run import Git, isolated
from scaffold.update.update import update_project
from tests.support.answers import FREE_TEXT, REPOSITORY
from tests.support.command import environment
from tests.support.projects import Project
from tests.support.recipe import add_tasks
from tests.support.rendering import template_files
from tests.support.template_repository import History, commit, tracked, write

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.update.update import UpdateResult

PYTHON = sys.executable
NEWEST = "v1.3.0"
OLDER = ["v1.0.0", "v1.1.0", "v1.2.0"]
GUARD, GUARD_BEFORE = "src/http/middleware/host-guard.ts", "src/http/middleware/foreign-hosts.ts"
WORKFLOW = ".github/workflows/dependencies.yml"
ENTRY = re.compile(r'("node_modules/helmet": \{\s+"version": ")([^"]+)(",\s+"integrity": ")[^"]+')
# Both are in the registry; the entries are npm's own.
HELMET_BEFORE = (
    "8.2.0",
    "sha512-DRgTIUgnWcJ62KyarxxziuqYxKGnR6Rgg19BlbucN/dpmJbl1XOit6qvoOX0ZT+HhWe5OUVhU/a1zpGyc1xA0Q==",
)
DEQUAL = {
    "version": "2.0.3",
    "integrity": "sha512-0je+qPKHEMohvfRTCEo3CrPG6cAzAYgmzKyxRiYSSDkS6eGJdyVJm7WaYA5ECaAD9wLB2T4EEeymA5aFVcYXCA==",
    "license": "MIT",
    "engines": {"node": ">=6"},
}

Files = dict[str, bytes]

# Lines of the template in lists to which owners of earlier releases had to add theirs.
ADDED = [
    ("src/database/migrations/index.ts", "import * as usersByRole from './0005_users_by_role.ts';"),
    ("src/database/migrations/index.ts", "  '0005_users_by_role': usersByRole,"),
    ("src/database/schema.ts", "  rate_limits: RateLimitRow;"),
    ("src/routes.ts", "      ...sessionRoutes(services),"),
    (
        "src/users/owned-rows.ts",
        "  { table: 'one_time_tokens', key: 'token_hash', owner: 'user_id', largestRow: 500 },",
    ),
    ("test/authorization.test.ts", "  'PATCH /api/v1/users/:id': 'users:write',"),
]


def _every(files: Files, new: str, old: str) -> None:
    for name, content in files.items():
        files[name] = content.replace(new.encode(), old.encode())


def _one(files: Files, name: str, new: str, old: str) -> None:
    name = name if name in files else f"{name}.jinja"
    text = files[name].decode()
    assert new in text, (name, new)
    files[name] = text.replace(new, old, 1).encode()


def _before_the_limit(files: Files) -> None:
    """1.1.0 changes a default limit, brings a file and a migration, and adds to each list of the template."""
    _one(files, "template/src/config/base.ts", "1_000_000_000).default(300)", "1_000_000_000).default(200)")
    _one(files, "template/.env.example.jinja", "RATE_LIMIT_MAX=300", "RATE_LIMIT_MAX=200")
    del files["template/renovate.json"]
    del files["template/src/database/migrations/0005_users_by_role.ts"]
    for name, added in ADDED:
        _one(files, f"template/{name}", f"{added}\n", "")


def _before_the_moves(files: Files) -> None:
    """1.2.0 removes a file, renames another and changes a workflow."""
    files["template/docs/checklist.md"] = b"# Before you go live\n\n- Set PUBLIC_URL.\n"
    files[f"template/{GUARD_BEFORE}"] = files.pop(f"template/{GUARD}")
    _every(files, "host-guard.ts", "foreign-hosts.ts")
    _one(files, f"template/{WORKFLOW}", "name: Dependencies", "name: Audit")


def _before_the_upgrade(files: Files) -> None:
    """1.3.0 upgrades a dependency and renames a question."""
    lockfile = files["template/package-lock.json.jinja"].decode()
    entry = ENTRY.search(lockfile)
    assert entry is not None
    for name in ("package.json.jinja", "package-lock.json.jinja"):
        _one(files, f"template/{name}", f'"helmet": "{entry[2]}"', f'"helmet": "{HELMET_BEFORE[0]}"')
    _one(files, "template/package-lock.json.jinja", entry[0], entry[1] + HELMET_BEFORE[0] + entry[3] + HELMET_BEFORE[1])
    _every(files, "rate_limit_store", "limit_store")


# What takes the files of a release back to what they were before it, newest first.
UNDONE = {"v1.3.0": _before_the_upgrade, "v1.2.0": _before_the_moves, "v1.1.0": _before_the_limit}


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> History:
    """The template as it is now, as release 1.3.0, and what it was before."""
    files = {f"template/{name}": content for name, content in template_files().items()}
    files |= {name: (REPOSITORY / name).read_bytes() for name in ("copier.yml", "CHANGELOG.md")}
    states = {}
    for version, undo in UNDONE.items():
        states[version] = dict(files)
        undo(files)
    states["v1.0.0"] = files
    folder = tmp_path_factory.mktemp("history") / "template"
    folder.mkdir()
    isolated(folder).output("init", "--quiet")
    before: Files = {}
    for version, after in sorted(states.items()):
        write(folder, {**dict.fromkeys(before.keys() - after.keys()), **after})
        commit(folder, version)
        isolated(folder).output("tag", version)
        before = after
    return History(folder)


ROUTE = """import { dequal } from 'dequal';
import { z } from 'zod';
import { authenticated } from '../access/rules.ts';
import { route } from '../http/route.ts';
import type { AnyRoute } from '../http/route.ts';

const report = z.object({ same: z.boolean() });

export const reportRoutes = (): readonly AnyRoute[] => [
  route({
    method: 'get',
    path: '/api/v1/reports',
    summary: 'Whether two things are the same',
    access: authenticated,
    status: 200,
    response: report,
    handle: () => Promise.resolve({ same: dequal({ a: 1 }, { a: 1 }) }),
  }),
];
"""
FEATURE = """import type { Feature } from '../feature.ts';
import { reportRoutes } from './routes.ts';

export const reports: Feature = {
  routes: reportRoutes,
  migrations: {
    '20260131_reports': {
      up: ({ schema }) => schema.createTable('reports').addColumn('id', 'varchar(36)').execute(),
    },
  },
  ownedByUser: [],
};
"""
ATTACKS = """import type { FeatureAttacks } from '../support/features.ts';

export const attacks: FeatureAttacks = { routes: { 'GET /api/v1/reports': { caller: 'signed-in' } } };
"""


def a_month_of_work(project: Path) -> dict[str, list[str]]:
    """Let a team work in a project; return the lines it wrote, by the file they belong in after the update."""
    add_tasks(project)
    _add_reports(project)
    _add_dependency(project)
    guard = GUARD if (project / GUARD).exists() else GUARD_BEFORE
    remark = "// Reviewed by the platform team."
    write(
        project,
        {
            "README.md": "# Reports\n\nHow our team runs this.\n",
            WORKFLOW: None,
            guard: f"{(project / guard).read_text()}{remark}\n",
        },
    )
    _edit(
        project / "src/config/base.ts",
        "USER_RATE_LIMIT_MAX: integer(1, 1_000_000_000).default(120)",
        "USER_RATE_LIMIT_MAX: integer(1, 1_000_000_000).default(150)",
    )
    commit(project)
    return {
        "README.md": ["# Reports", "How our team runs this."],
        GUARD: [remark],
        "src/config/base.ts": ["  USER_RATE_LIMIT_MAX: integer(1, 1_000_000_000).default(150),"],
        "src/features.ts": [
            "import { reports } from './reports/feature.ts';",
            "export const features: readonly Feature[] = [notes, tasks, reports];",
        ],
        "src/access/policy.ts": ["  user: ['notes:own', 'tasks:own'],"],
        "src/reports/routes.ts": ROUTE.splitlines(),
        "src/reports/feature.ts": FEATURE.splitlines(),
        "test/features/reports.ts": ATTACKS.splitlines(),
        "package.json": ['    "dequal": "2.0.3",'],
    }


def _add_reports(project: Path) -> None:
    files = {"routes.ts": ROUTE, "feature.ts": FEATURE}
    write(project, {f"src/reports/{name}": text for name, text in files.items()})
    write(project, {"test/features/reports.ts": ATTACKS})
    tasks = "import { tasks } from './tasks/feature.ts';\n"
    _edit(project / "src/features.ts", tasks, f"import {{ reports }} from './reports/feature.ts';\n{tasks}")
    _edit(project / "src/features.ts", "[notes, tasks]", "[notes, tasks, reports]")


def _add_dependency(project: Path) -> None:
    """Do what `npm install dequal` does."""
    for name in ("package.json", "package-lock.json"):
        content = json.loads((project / name).read_text())
        manifest = content["packages"][""] if "packages" in content else content
        manifest["dependencies"] = dict(sorted({**manifest["dependencies"], "dequal": DEQUAL["version"]}.items()))
        if "packages" in content:
            content["packages"] = dict(sorted({**content["packages"], "node_modules/dequal": DEQUAL}.items()))
        write(project, {name: json.dumps(content, indent=2, ensure_ascii=False) + "\n"})


def _edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text, (path, old)
    path.write_text(text.replace(old, new, 1))


def made(history: History, folder: Path, version: str) -> Path:
    return history.project(folder, version, **FREE_TEXT)


def assert_everything_is_there(project: Path, result: UpdateResult, written: dict[str, list[str]]) -> None:
    for name, wanted in written.items():
        assert set(wanted) - {""} <= set((project / name).read_text().splitlines()), name
    assert not (project / WORKFLOW).exists()
    assert not (project / GUARD_BEFORE).exists()
    assert not (project / "docs/checklist.md").exists()
    assert (project / "renovate.json").exists()
    assert all(added in (project / name).read_text() for name, added in ADDED)
    assert "RATE_LIMIT_MAX: integer(1, 1_000_000_000).default(300)" in (project / "src/config/base.ts").read_text()
    packages = json.loads((project / "package-lock.json").read_text())["packages"]
    assert packages["node_modules/dequal"] == DEQUAL
    assert packages[""]["dependencies"]["helmet"] == packages["node_modules/helmet"]["version"] != HELMET_BEFORE[0]
    assert packages[""]["dependencies"] == json.loads((project / "package.json").read_text())["dependencies"]
    assert result.plan.joined.conflicts == ()
    assert result.plan.dropped == ("limit_store",)
    assert result.plan.check_lockfile


@pytest.mark.parametrize("version", [*(pytest.param(old, marks=pytest.mark.matrix) for old in OLDER[:-1]), OLDER[-1]])
def test_a_month_of_work_is_there_after_the_update(
    history: History, tmp_path: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scaffold.npm.find", lambda: None)
    project = made(history, tmp_path / "project", version)
    written = a_month_of_work(project)
    result = update_project(project)
    assert_everything_is_there(project, result, written)
    assert result.lockfile_confirmed is False
    commit(project)
    assert not update_project(project).applied


def test_a_project_that_nobody_edited_equals_a_fresh_render(history: History, tmp_path: Path) -> None:
    project = made(history, tmp_path / "project", "v1.0.0")
    result = update_project(project)
    assert tracked(project) == tracked(made(history, tmp_path / "fresh", NEWEST))
    assert not result.plan.check_lockfile


def run_step(project: Path, job: str, scratch: Path, **variables: str) -> None:
    """Run the longest step of a job of the project's workflow as GitHub's shell would."""
    workflow = yaml.safe_load((project / ".github/workflows/template-update.yml").read_text())
    script = max((step.get("run", "") for step in workflow["jobs"][job]["steps"]), key=len)
    # Stands for the download only: what pipx would fetch and run is this very Scaffold.
    pipx = f'#!/bin/sh\n[ "$1 $2 $3 $4" = "run --spec given scaffold" ] || exit 9\nshift 4\n{PYTHON} -m scaffold "$@"\n'
    write(scratch, {"bin/pipx": pipx})
    (scratch / "bin/pipx").chmod(0o755)
    path = f"{scratch / 'bin'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(
        ["bash", "-eo", "pipefail", "-c", script], cwd=project, env=environment(PATH=path, **variables), check=True
    )


@pytest.mark.skipif(not all(map(shutil.which, ("jq", "bash"))), reason="jq and bash are GitHub's, not there here")
def test_the_weekly_workflow_prepares_the_update_as_a_patch(history: History, tmp_path: Path) -> None:
    project, scratch = made(history, tmp_path / "project", "v1.0.0"), tmp_path / "scratch"
    write(project, {"src/config/base.ts": "// rewritten\n"})
    commit(project)
    subprocess.run(["git", "clone", "--quiet", project, tmp_path / "second"], check=True)
    output = scratch / "output"
    write(scratch, {"output": ""})
    run_step(
        project, "prepare", scratch, SCAFFOLD_REQUIREMENT="given", RUNNER_TEMP=str(scratch), GITHUB_OUTPUT=str(output)
    )
    assert output.read_text() == "waiting=true\n"
    assert (project / "proposal/title.txt").read_text() == f"Update the template to {NEWEST}\n"
    assert "to be solved here:** `src/config/base.ts`" in (project / "proposal/body.md").read_text()
    # The second job applies it to a checkout of its own.
    applied = Git(tmp_path / "second")
    applied.output("apply", "--index", "--binary", project / "proposal/changes.patch")
    shutil.rmtree(project / "proposal")
    assert tracked(tmp_path / "second") == tracked(project)


@pytest.mark.matrix
def test_the_updated_project_installs_and_passes_its_own_tests(
    history: History, tmp_path: Path, node: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", node["PATH"])
    folder = made(history, tmp_path / "project", "v1.0.0")
    written = a_month_of_work(folder)
    result = update_project(folder)
    assert_everything_is_there(folder, result, written)
    assert result.lockfile_confirmed
    project = Project(folder, dict(FREE_TEXT), node)
    for command in (["ci", "--no-audit", "--prefer-offline"], ["run", "typecheck"], ["test"]):
        code, output = project.npm(*command)
        assert code == 0, output
