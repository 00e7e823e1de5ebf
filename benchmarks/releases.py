"""Compare two checkouts of this repository in one run: `python -m benchmarks.releases --before FOLDER`.

The earlier one lies in FOLDER, as `git worktree add FOLDER <commit>` puts it there. Each row is later / earlier,
measured in turn. It prints a table; what got slower, and why, belongs into README.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from shutil import rmtree
from typing import TYPE_CHECKING, TypeVar

from benchmarks.footprint import production_copy, resident_megabytes
from benchmarks.http_load import requests_per_second
from benchmarks.machine import CONTACT, ROOT, comparison_options, noise
from benchmarks.measurement import Row, alternate, ratio_row, seconds_of, table
from benchmarks.servers import SETTINGS, Server, prepare, project_server
from tools.node import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

Side = TypeVar("Side")


@dataclass(frozen=True)
class Checkout:
    """A checkout, and a project that it made.

    Attributes:
        root: folder of the checkout.
        work: folder for what the measurement makes.
        answers: flags of `scaffold new`. Default: none.
        settings: more settings of its server. Default: none.
    """

    root: Path
    work: Path
    answers: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def project(self) -> Path:
        """Folder of the installed project."""
        return self.work / "production"

    def scaffold(self, *arguments: str | Path) -> None:
        """Run the checkout's own `scaffold` with the packages of this environment."""
        env = os.environ | {"PYTHONPATH": str(self.root)}
        command = [sys.executable, "-m", "scaffold", *arguments]
        subprocess.run(command, cwd=self.work, env=env, check=True, stdin=subprocess.DEVNULL, capture_output=True)

    def generate(self) -> None:
        """Create the project."""
        rmtree(self.work / "my-api", ignore_errors=True)
        self.scaffold("new", "my-api", "--defaults", "--security-contact", CONTACT, "--json", *self.answers)

    def install(self) -> None:
        """Create the project and install it as in production."""
        self.generate()
        production_copy(self.work / "my-api", self.work)
        prepare(self.project, **self.settings)

    @contextmanager
    def serving(self) -> Iterator[Server]:
        """Run the project with a compile cache, as its image does."""
        with project_server(
            self.project, NODE_COMPILE_CACHE=str(self.work / "compile-cache"), **self.settings
        ) as server:
            yield server

    def start(self) -> tuple[float, float]:
        """Start and stop the project; returns seconds until it listens, and megabytes after a sign-in."""
        with self.serving() as server:
            return server.boot_seconds, resident_megabytes(server.pid)

    def probe(self, server: Server) -> tuple[float, float]:
        """Run the health check of the container once; returns its seconds and its peak of memory in megabytes."""
        cache = str(self.work / "compile-cache")
        settings = SETTINGS | {"MANAGEMENT_PORT": str(server.management_port), "NODE_COMPILE_CACHE": cache}
        code = "import os, resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True)"
        code += "; print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000)"
        command = [sys.executable, "-S", "-c", code, "node", "src/commands/healthcheck.ts"]
        peak: list[float] = []

        def run() -> None:
            ran = subprocess.run(
                command, cwd=self.project, env=environment(**settings), check=True, stdout=subprocess.PIPE
            )
            peak.append(float(ran.stdout))

        return seconds_of(run), peak[0]


def _compared(
    titles: tuple[str, ...], measure: Callable[[Side], tuple[float, ...]], sides: tuple[Side, Side], rounds: int
) -> list[Row]:
    """Measure both sides in turn; one row for each figure that ``measure`` returns."""
    pairs = alternate(lambda: measure(sides[0]), lambda: measure(sides[1]), rounds)
    return [
        ratio_row(title, [(later[number], earlier[number]) for later, earlier in pairs], at_most=1.05)
        for number, title in enumerate(titles)
    ]


def _commands(sides: tuple[Checkout, Checkout], rounds: int) -> list[Row]:
    def measure(one: Checkout) -> tuple[float, ...]:
        return (
            seconds_of(lambda: one.scaffold("--help")),
            seconds_of(one.generate),
            seconds_of(lambda: one.scaffold("status", one.work / "my-api")),
        )

    return _compared(("`scaffold --help`", "`scaffold new --defaults`", "`scaffold status`"), measure, sides, rounds)


def _servers(sides: tuple[Checkout, Checkout], rounds: int) -> list[Row]:
    rows = _compared(("boot until it listens", "resident memory after one sign-in"), Checkout.start, sides, rounds)
    later, earlier = sides
    with later.serving() as new, earlier.serving() as old:
        running = ((later, new), (earlier, old))
        probes = ("one health probe", "peak memory of one health probe")
        rows += _compared(probes, lambda side: side[0].probe(side[1]), running, rounds)
        for path in ("/healthz", "/api/v1/me"):
            rows += _compared((f"`GET {path}`, time of one request under load",), _time_of(path), running, rounds)
    return rows


def _time_of(path: str) -> Callable[[tuple[Checkout, Server]], tuple[float, ...]]:
    return lambda side: (1 / requests_per_second(side[1], path),)


def main() -> None:
    """Parse the command line, measure, print."""
    options = comparison_options(__doc__, 7).parse_args()
    print(noise(), flush=True)
    subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--silent"], cwd=ROOT / "benchmarks", env=environment(), check=True
    )
    with tempfile.TemporaryDirectory() as folder:
        checkouts = [
            Checkout(root, Path(folder, name))
            for name, root in (("later", ROOT), ("earlier", options.before.resolve()))
        ]
        for checkout in checkouts:
            checkout.work.mkdir()
            checkout.install()
        sides = (checkouts[0], checkouts[1])
        print(f"\n{table(_commands(sides, options.rounds) + _servers(sides, options.rounds))}")


if __name__ == "__main__":
    main()
