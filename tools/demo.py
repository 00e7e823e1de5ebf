"""Generate a project, install it, test it, start it and use it over HTTP.

Flags are those of `scaffold new`, for other answers than the default ones. With them, in a terminal, the project runs
until Ctrl-C, and the address of a page or request to try and an account are printed. A PostgreSQL server is started if
the answers ask for one.

The project is in `demo/my-api` afterwards. A second run renders it again and keeps its installed packages. A project
that was edited in between is renamed, never overwritten. Exit code 0 means that every step succeeded.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import signal
import sys
import time
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rich.console import Console
from rich.markup import escape

from tools.node import NodeMissingError, environment, node_folder
from tools.postgres import ServerMissingError, postgres
from tools.processes import ended
from tools.project_server import ServerFailedError, serving
from tools.smoke_test import ApiClient, UnexpectedAnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from rich.status import Status

    from tools.project_server import ProjectServer

REPOSITORY = Path(__file__).resolve().parent.parent
DEMO = REPOSITORY / "demo"
PROJECT = DEMO / "my-api"
FRESH = DEMO / "fresh"
RENDERED = DEMO / "rendered.json"

ANSWERS = ["--security-contact", "security@example.com"]
NOT_RENDERED = {"node_modules", ".env", "data", ".git"}
LAST_LINES = 40
LONGEST_LINE = 60

console = Console(highlight=False)


class StepFailedError(RuntimeError):
    """A program of a step failed; its last lines are the message."""


@dataclass
class Step:
    """A running step.

    Attributes:
        title: what it does.
        spinner: what a terminal shows while it runs.
        result: what to print when it is done.
    """

    title: str
    spinner: Status
    result: str = ""

    def run(self, command: Sequence[str], folder: Path, **variables: str) -> str:
        """Run a program, show its last line while it runs, and return its output.

        Raises:
            StepFailedError: its exit code is not 0.
        """
        code, output = ended(command, folder, environment(**variables), self._show)
        if code:
            last = "\n".join(output.splitlines()[-LAST_LINES:])
            message = f"{' '.join(command)} ended with exit code {code}:\n{last}"
            raise StepFailedError(message)
        return output

    def _show(self, line: str) -> None:
        self.spinner.update(f"{self.title} … [dim]{escape(line.strip()[:LONGEST_LINE])}[/dim]")


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show a step while it runs, then its result and its duration."""
    started = time.monotonic()
    with console.status(f"{title} …") as spinner:
        running = Step(title, spinner)
        yield running
    seconds = time.monotonic() - started
    console.print(f"[green]✓[/green] {title:<42} {running.result:<24} [dim]{seconds:6.1f} s[/dim]")


def fingerprints(project: Path) -> dict[str, str]:
    """Return a hash of each file that belongs to the project itself."""
    return {
        path.relative_to(project).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(project.rglob("*"))
        if path.is_file() and not NOT_RENDERED.intersection(path.relative_to(project).parts)
    }


def keep_edited() -> Path | None:
    """Rename a project that was edited after it was rendered; return its new folder."""
    if not PROJECT.exists() or (RENDERED.exists() and json.loads(RENDERED.read_text()) == fingerprints(PROJECT)):
        return None
    kept = next(path for n in range(1, 10_000) if not (path := DEMO / f"my-api-edited-{n}").exists())
    return PROJECT.rename(kept)


def generate(step: Step, flags: Sequence[str]) -> int:
    """Render the project with the flags of `scaffold new`; returns its number of files."""
    shutil.rmtree(FRESH, ignore_errors=True)
    FRESH.mkdir(parents=True)
    fresh = FRESH / PROJECT.name
    step.run([sys.executable, "-m", "scaffold", "new", str(fresh), "--defaults", *ANSWERS, *flags], REPOSITORY)
    rendered = fingerprints(fresh)
    if kept := keep_edited():
        console.print(f"  You edited demo/my-api; it is kept as {kept.relative_to(REPOSITORY)}.")
    elif (PROJECT / "node_modules").exists():
        (PROJECT / "node_modules").rename(fresh / "node_modules")
    shutil.rmtree(PROJECT, ignore_errors=True)
    fresh.rename(PROJECT)
    FRESH.rmdir()
    RENDERED.write_text(json.dumps(rendered))
    return len(rendered)


def install(step: Step) -> str:
    """Install the packages unless they are installed; return what was done."""
    lockfile, stamp = (PROJECT / "package-lock.json").read_bytes(), PROJECT / "node_modules" / ".installed"
    wanted = hashlib.sha256(lockfile + str(node_folder()).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return "already installed"
    output = step.run(["npm", "ci", "--no-audit", "--prefer-offline"], PROJECT)
    stamp.write_text(wanted)
    added = re.search(r"added (\d+) packages", output)
    return f"{added[1]} packages" if added else ""


def passed(output: str) -> str:
    """Read how many tests passed from the output of `npm test`."""
    counts = re.findall(r"^\S+ pass (\d+)$", output, re.MULTILINE)
    return f"{counts[-1]} passed" if counts else ""


def database() -> AbstractContextManager[str]:
    """Start the server that the project needs; yields its URL, an empty text when it needs none."""
    answers = (PROJECT / ".copier-answers.yml").read_text(encoding="utf-8")
    return postgres() if "\ndatabase: postgres\n" in answers else nullcontext("")


def demonstrate(flags: Sequence[str]) -> None:
    """Run all steps.

    Args:
        flags: flags of `scaffold new`; without them the answers are the default ones.
    """
    with step(f"generate demo/my-api, {' '.join(flags) or 'default answers'}") as this:
        this.result = f"{generate(this, flags)} files"
    with step("install its packages (npm ci)") as this:
        this.result = install(this)
    with database() as url:
        tested, served = ({"TEST_DATABASE_URL": url}, {"DATABASE_URL": url}) if url else ({}, {})
        with step("run its own attack tests (npm test)") as this:
            this.result = passed(this.run(["npm", "test"], PROJECT, **tested))
        use(served, stays=bool(flags) and sys.stdin.isatty())


def use(settings: Mapping[str, str], *, stays: bool) -> None:
    """Start the project and use it over HTTP.

    Args:
        settings: environment variables of the server.
        stays: whether it runs until Ctrl-C afterwards, for a person who tries it.
    """
    with serving(PROJECT, settings) as server:
        console.print(f"[green]✓[/green] started on {server.url}, management on {server.management_url}")
        client = ApiClient.of(server)
        with step("register, open the mail, set the password with its token") as this:
            client.register()
            this.result = client.email
        with step("log in") as this:
            client.log_in()
            this.result = "session cookie" if client.cookie else f"token for {client.tokens['expiresIn']} s"
            page = "/example" if client.cookie else "/api/v1/me"
        with step("write a note and read it") as this:
            this.result = f"“{client.write_and_read_note('Hello')}”"
        with step("log out; the token gets 401 now"):
            client.log_out()
        if stays:
            try_it(server, client, page)
        with step("stop it with SIGTERM") as this:
            this.result = f"exit code {server.stop()}"


def try_it(server: ProjectServer, client: ApiClient, page: str) -> None:
    """Say how to try the running project, and wait for Ctrl-C."""
    console.print(
        f"\nTry it: {server.url}{page}\n  e-mail    {client.email}\n  password  {client.password}", markup=False
    )
    console.print("Ctrl-C stops it.\n")
    try:
        signal.pause()
    except KeyboardInterrupt:
        console.print()


def give_up(number: int, _frame: object) -> NoReturn:
    """Exit with an exception, so that every started program is stopped."""
    raise SystemExit(128 + number)


def main() -> int:
    """Run the demonstration; returns the exit code."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, give_up)
    try:
        demonstrate(sys.argv[1:])
    except KeyboardInterrupt:
        console.print("stopped; nothing is left running")
        return 130
    except (StepFailedError, ServerFailedError, ServerMissingError, UnexpectedAnswerError, NodeMissingError) as error:
        console.print(f"✗ {error}", style="red", markup=False, soft_wrap=True)
        return 1
    place = PROJECT.relative_to(REPOSITORY)
    console.print(f"\nThe project is in {place}. Start it and read its README.md for the first requests:\n")
    console.print(f"  cd {place}\n  PATH={node_folder()}:$PATH npm run dev\n", soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
