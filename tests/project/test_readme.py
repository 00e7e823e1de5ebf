"""The commands of a project's README work as they stand there."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from tests.conftest import missing
from tests.support.projects import databases_and_strategies, rows
from tools.project_server import serving

if TYPE_CHECKING:
    from tests.support.projects import Project

# How the README starts the server; and a block of this kind is one walk through the API, from registration to logout.
SERVER = "npm run dev | tee dev.log"
WALK = re.compile(r"^```sh walk\n(.*?)^```$", re.MULTILINE | re.DOTALL)

# Printed to the console within a second, on a machine that has nothing else to do.
PATIENCE = "until grep -q '^ *token: ' dev.log; do sleep 0.1; done"


@rows(databases_and_strategies(), [])
def test_the_walk_from_registration_to_logout(project: Project) -> None:
    """The server in one terminal, the block of the README in another; only the port is a free one."""
    if not shutil.which("curl") or not shutil.which("bash"):
        missing("the README's requests are made with curl and bash")
    readme = (project.folder / "README.md").read_text(encoding="utf-8")
    assert SERVER in readme
    walk = WALK.search(readme)
    assert walk
    with serving(project.folder, {"DATABASE_URL": project.empty_database()}, ["sh", "-c", SERVER]) as server:
        script = walk[1].replace("http://localhost:3000", server.url).replace("sleep 1\n", f"{PATIENCE}\n")
        ran = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=project.folder,
            env=project.environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    for answer in ('"status":"check-your-email"', '"title":"First"', '"items":[{', '"status":401'):
        assert answer in ran.stdout, ran.stdout
