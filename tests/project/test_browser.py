"""Pages of other sites attack a project with cookies, in Chromium: what cookies and headers are sent decides it alone.

`make scanners` installs the driver; Chromium is a package of the system. It runs outside of a sandbox, because it only
loads pages of these tests. Its hosts end in `.localhost`: there it takes cookies with `Secure` without TLS.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.support.answers import every_combination
from tools.project_server import serving
from tools.scanners import FOLDER
from tools.smoke_test import ApiClient

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.support.answers import Answers
    from tests.support.projects import Project
    from tools.project_server import ProjectServer

SCRIPT = Path(__file__).parent / "browser" / "attacks.mjs"
HOST = "app.site.localhost"
SETTINGS = {"ALLOWED_HOSTS": f"127.0.0.1,{HOST}", "BCRYPT_COST": "10", "LOGIN_LIMIT_MAX": "1000"}
ANSWERS = every_combination()[0] | {"auth": "session"}

# On a machine that does much else; otherwise it takes half a minute.
SLOWEST_SECONDS = 900

SIGN_OUT = "a form of another site signs out"
SIGN_OUT_BY_SIBLING = "a form of a sibling host signs out"
# The statuses show that the attack has reached the project: a page that was never sent proves nothing.
ATTACKS = {
    SIGN_OUT: [403],
    SIGN_OUT_BY_SIBLING: [403],
    "a script of another site signs out": [403],
    "a script of a sibling host signs out": [403],
    "a form of another site signs in as the attacker": [403],
    "a script of a sibling host signs in as the attacker": [403],
    "a script of another site reads the account": [401],
    "a script of a sibling host reads the account": [200],
    "a link of another site opens with the session": [401],
    "a sibling host shows the page in a frame": [200],
    "a script of the own page finds a token": [200],
    "a sibling host plants a session of the attacker": [200],
    "a session that was planted before the sign-in is signed in afterwards": [],
    "somebody who uses the browser after the sign-out is signed in": [204, 401],
}


@dataclass(frozen=True)
class Edit:
    """A defence that is taken away: a text of a file, which occurs once, and what takes its place."""

    file: str
    text: str
    replacement: str


# It sends no cookie with them, whatever the project says.
STOPPED_BY_CHROMIUM = {"a script of another site signs out", "a script of another site reads the account"}

COOKIE, ROUTES = "src/auth/session/cookie.ts", "src/auth/session/routes.ts"
NO_CHECK_OF_THE_ORIGIN = Edit(
    "src/auth/session/same-origin.ts", "if (!isOwn) throw", "if (!isOwn && method === '') throw"
)
EVERYBODY = """{ share: (request, response, next) => {
  response.set('Access-Control-Allow-Origin', request.headers.origin ?? '*');
  response.set('Access-Control-Allow-Credentials', 'true');
  next();
}, guard: pass }"""
NO_DEFENCE = (
    NO_CHECK_OF_THE_ORIGIN,
    Edit(COOKIE, "HttpOnly; Secure; SameSite=Strict", "Secure; SameSite=None"),
    Edit(COOKIE, "`__Host-${PROJECT_NAME}_sid`", "`${PROJECT_NAME}_sid`"),
    Edit("src/http/middleware/content-type.ts", "type?.trim() === 'application/json' &&", ""),
    Edit("src/http/middleware/body.ts", "express.json({ limit", "express.json({ type: () => true, limit"),
    Edit("src/http/middleware/security-headers.ts", "xFrameOptions: { action: 'deny' }", "xFrameOptions: false"),
    Edit("src/http/developer-page.ts", "; frame-ancestors 'none'", ""),
    Edit("src/http/middleware/cors.ts", "{ share: pass, guard: pass }", EVERYBODY),
    Edit(
        "src/auth/session/store.ts", "renew: async (unit, sessionId) =>", "renew: async (unit, sessionId, planted) =>"
    ),
    Edit(
        "src/auth/session/store.ts", "const token = createOpaqueToken()", "const token = planted ?? createOpaqueToken()"
    ),
    Edit(
        ROUTES,
        "tokens.renew(unit, sessionId)",
        "tokens.renew(unit, sessionId, tokensIn(context.cookies).find((one) => one.startsWith('planted')))",
    ),
    Edit(ROUTES, "      await sessions.endOwn(principal, principal.sessionId, clock());\n", ""),
)


@pytest.fixture(scope="module")
def chromium() -> list[str]:
    """The arguments of the script before the address of the project."""
    playwright, browser = FOLDER / "playwright", shutil.which("chromium")
    if browser is None:
        missing("chromium is not installed: .ci/browser-setup installs it")
    if not (playwright / "installed.txt").exists():
        missing("the driver of the browser is not installed: run `make scanners`")
    return [str(playwright), browser]


@contextmanager
def server_of(project: Project) -> Iterator[ProjectServer]:
    """Run a project on an empty database."""
    with serving(project.folder, SETTINGS | {"DATABASE_URL": project.empty_database()}) as server:
        yield server


def attack(project: Project, chromium: Sequence[str], *only: str) -> dict[str, tuple[bool, list[int]]]:
    """Run attacks, all of them by default; returns for each whether it succeeded and the statuses of its responses."""
    with server_of(project) as server:
        accounts = {}
        for name in ("victim", "attacker"):
            user = ApiClient.of(server)
            user.password += "=and-more"
            user.register()
            accounts[name] = {"email": user.email, "password": user.password}
        ran = subprocess.run(
            ["node", str(SCRIPT), *chromium, server.url.replace("127.0.0.1", HOST)],
            input=json.dumps({**accounts, "only": only}),
            env=project.environment,
            text=True,
            capture_output=True,
            timeout=SLOWEST_SECONDS,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr[-3000:] + "\n".join(server.lines[-10:])
    lines = map(json.loads, ran.stdout.splitlines())
    return {line["attack"]: (line["succeeded"], line["seen"]) for line in lines}


@pytest.mark.matrix
@pytest.mark.timeout(SLOWEST_SECONDS + 60)
@pytest.mark.xdist_group("browser")
def test_no_page_of_another_host_uses_or_plants_a_session(
    made: Callable[[Answers], Project], chromium: list[str]
) -> None:
    found = attack(made(ANSWERS), chromium)
    assert [name for name, (succeeded, _) in found.items() if succeeded] == []
    assert {name: seen for name, (_, seen) in found.items()} == ATTACKS


def without(project: Project, edits: Sequence[Edit], folder: Path) -> Project:
    """Return a copy of a project with some of its defences taken away."""
    shutil.copytree(project.folder, folder, ignore=shutil.ignore_patterns("node_modules"))
    (folder / "node_modules").symlink_to(project.folder / "node_modules")
    for edit in edits:
        file = folder / edit.file
        content = file.read_text(encoding="utf-8")
        assert content.count(edit.text) == 1, edit
        file.write_text(content.replace(edit.text, edit.replacement), encoding="utf-8")
    return replace(project, folder=folder)


@pytest.mark.matrix
@pytest.mark.timeout(SLOWEST_SECONDS + 60)
@pytest.mark.xdist_group("browser")
def test_without_the_defences_the_same_pages_succeed(
    made: Callable[[Answers], Project], chromium: list[str], tmp_path: Path
) -> None:
    found = attack(without(made(ANSWERS), NO_DEFENCE, tmp_path / "project"), chromium)
    assert {name for name, (succeeded, _) in found.items() if not succeeded} == STOPPED_BY_CHROMIUM


@pytest.mark.matrix
@pytest.mark.timeout(SLOWEST_SECONDS + 60)
@pytest.mark.xdist_group("browser")
def test_same_site_alone_does_not_stop_a_sibling_host(
    made: Callable[[Answers], Project], chromium: list[str], tmp_path: Path
) -> None:
    project = without(made(ANSWERS), [NO_CHECK_OF_THE_ORIGIN], tmp_path / "project")
    found = attack(project, chromium, SIGN_OUT, SIGN_OUT_BY_SIBLING)
    assert {name: succeeded for name, (succeeded, _) in found.items()} == {SIGN_OUT: False, SIGN_OUT_BY_SIBLING: True}
