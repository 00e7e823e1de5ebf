"""Updates compared with plain Copier's, and 200 projects."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from benchmarks.commands import commit, run, template_repository
from benchmarks.machine import BIN, CONTACT
from benchmarks.measurement import Row, alternate, ratio_row, seconds_of

FLEET, AT_ONCE = 200, 2


def _two_releases(work: Path) -> Path:
    """Add a release with one changed and one new file."""
    template = template_repository(work)
    (template / "template/src/news.ts").write_text("export const news = true;\n", encoding="utf-8")
    with (template / "template/src/app.ts").open("a", encoding="utf-8") as file:
        file.write("// A line more.\n")
    commit(template, "v0.2.0")
    return template


def _project(template: Path, work: Path) -> Path:
    project = work / "project"
    data = f"security_contact={CONTACT}"
    run(BIN / "copier", "copy", "--defaults", "--quiet", "--vcs-ref=v0.1.0", "--data", data, template, project)
    commit(project, "v0")
    return project


def _update(project: Path, *command: str | Path) -> float:
    copy = project.with_name("updated")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(project, copy, symlinks=True)
    # The files of a copy have other times than git's index.
    subprocess.run(["git", "update-index", "-q", "--refresh"], cwd=copy, check=False)
    return run(*command, cwd=copy)


def _generated(folder: Path, number: int) -> Path:
    project = folder / f"service-{number}"
    run(BIN / "scaffold", "new", project, "--defaults", "--security-contact", CONTACT, "--json")
    return project


def _total(what: str, seconds: float, at_most: float | None = None) -> Row:
    target = "none" if at_most is None else f"≤ {at_most:g} s"
    return Row(what, f"{seconds:.1f} s", f"{seconds / FLEET:.2f} s each", target, at_most is None or seconds <= at_most)


def _fleet(work: Path) -> list[Row]:
    folder = work / "fleet"
    folder.mkdir()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        made = seconds_of(lambda: list(pool.map(partial(_generated, folder), range(FLEET))))
    checked = run(BIN / "scaffold", "status", "--json", *sorted(folder.iterdir()))
    return [
        _total(f"{FLEET} projects generated, {AT_ONCE} at a time", made),
        _total(f"`scaffold status` of {FLEET} projects", checked, at_most=10),
    ]


def measure(rounds: int) -> list[Row]:
    """Compare updates of an unedited default project; time 200 projects once."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        project = _project(_two_releases(work), work)
        pairs = alternate(
            lambda: _update(project, BIN / "scaffold", "update", "--yes", "--json"),
            lambda: _update(project, BIN / "copier", "update", "--defaults", "--quiet"),
            rounds,
        )
        title = "`scaffold update` of an unedited default project / `copier update`"
        return [ratio_row(title, pairs, at_most=1.5), *_fleet(work)]
