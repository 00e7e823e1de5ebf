"""Measure `scaffold status` of many projects: `python -m benchmarks.fleet --before FOLDER`.

The earlier checkout lies in FOLDER, as `git worktree add FOLDER <commit>` puts it there. It makes the projects, because
it does not know the later release. It rendered every project, so only a few are compared with it; the rows about all
projects are of this checkout alone. It prints a table.
"""

from __future__ import annotations

import resource
import tempfile
from pathlib import Path
from shutil import copytree

from benchmarks.commands import commit
from benchmarks.machine import ROOT, comparison_options, noise
from benchmarks.measurement import Row, alternate, ratio_row, seconds_of, table
from benchmarks.releases import Checkout

COMPARED, EDITED = 10, 40


def _projects(made_by: Checkout, count: int) -> list[Path]:
    """Create one project and copy it; each copy has a name of its own, so that each has a render of its own."""
    made_by.generate()
    projects = [made_by.work / "services" / f"service-{number}" for number in range(count)]
    for project in projects:
        copytree(made_by.work / "my-api", project, symlinks=True)
        record = project / ".copier-answers.yml"
        record.write_text(record.read_text().replace("project_name: my-api", f"project_name: {project.name}"))
        commit(project, "named")
    return projects


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _total(what: str, checkout: Checkout, arguments: list[str | Path], count: int, target: float | None) -> Row:
    before = _processor_seconds()
    wall = seconds_of(lambda: checkout.scaffold("status", "--json", *arguments))
    used = f"{_processor_seconds() - before:.1f} s of processor time"
    asked = f"≤ {target:g} s" if target is not None else "none"
    return Row(f"{what} of {count} projects", f"{wall:.1f} s", used, asked, target is None or wall <= target)


def main() -> None:
    """Parse the command line, measure, print."""
    parser = comparison_options(__doc__, 3)
    parser.add_argument("--projects", type=int, default=200, help="how many projects (default 200)")
    options = parser.parse_args()
    print(noise(), flush=True)
    with tempfile.TemporaryDirectory() as folder:
        later, earlier = Checkout(ROOT, Path(folder)), Checkout(options.before.resolve(), Path(folder))
        projects: list[str | Path] = [*_projects(earlier, options.projects)]
        rows = [
            _total("`scaffold status`", later, projects, len(projects), 10),
            _total("`scaffold status --edited`", later, ["--edited", *projects[:EDITED]], EDITED, None),
        ]
        few = projects[:COMPARED]
        pairs = alternate(
            lambda: seconds_of(lambda: later.scaffold("status", "--json", *few)),
            lambda: seconds_of(lambda: earlier.scaffold("status", "--json", *few)),
            options.rounds,
        )
        rows.append(ratio_row(f"`scaffold status` of {COMPARED} projects / the same before", pairs, at_most=1.05))
    print(f"\n{table(rows)}")


if __name__ == "__main__":
    main()
