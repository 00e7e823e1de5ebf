"""No verb runs a program that a template or a project brought along."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tests.hostile import grounds
from tests.hostile.canaries import HOOKS, WAYS
from tests.hostile.grounds import FILTERS, Ground
from tests.support.command import environment

ROOT = Path(__file__).parents[2]
LOOKING = (
    ("status", "."),
    ("status", ".", "."),
    ("diff", "."),
    ("diff", "--incoming", "."),
    ("update", ".", "--dry-run", "--defaults"),
    ("update", ".", "--dry-run", "--json"),
    ("questions",),
    ("new", "inside", "--dry-run", "--defaults", "--security-contact", "security@example.com"),
)
UPDATE = ("update", ".", "--yes", "--defaults")
# Runs several verbs in one process, which saves most of the time, and looks for songs after each.
DRIVER = """
import json, sys
from pathlib import Path
from scaffold.cli import main
from tests.hostile.canaries import Aviary
folder, result, verbs = Path(sys.argv[1]), Path(sys.argv[2]), json.loads(sys.argv[3])
told = []
for verb in verbs:
    code = main(verb)
    told.append([" ".join(verb[:3]), code, sorted(Aviary(folder).sung())])
result.write_text(json.dumps(told))
"""


def run(ground: Ground, *verbs: tuple[str, ...], **variables: str) -> list[tuple[str, int, list[str]]]:
    """Run verbs in the project; return for each its exit code and the canaries that sang."""
    env = environment(PYTHONPATH=str(ROOT), **({"PATH": ground.path} if ground.path else {}), **variables)
    result = ground.aviary.folder / "result.json"
    command = [sys.executable, "-c", DRIVER, str(ground.aviary.folder), str(result), json.dumps(verbs)]
    done = subprocess.run(
        command, cwd=ground.project, env=env, capture_output=True, text=True, check=False, timeout=300
    )
    assert "Traceback" not in done.stderr
    return [(verb, code, sung) for verb, code, sung in json.loads(result.read_text())]


def silent(code: int, *verbs: tuple[str, ...]) -> list[tuple[str, int, list[str]]]:
    """Return what `run` returns when every verb ends with a code and no canary has sung."""
    return [(" ".join(verb[:3]), code, []) for verb in verbs]


def test_looking_at_an_unpacked_archive_runs_nothing_of_it(tmp_path: Path) -> None:
    ground = grounds.archive(tmp_path / "a")
    assert len(WAYS) + len(HOOKS) >= 25
    assert run(ground, *LOOKING) == silent(0, *LOOKING)


def test_updating_an_unpacked_archive_runs_its_filters_as_git_checkout_does_and_nothing_else(tmp_path: Path) -> None:
    ground = grounds.archive(tmp_path / "a", "filter-process")
    [(_, code, sung)] = run(ground, UPDATE)
    assert code == 0
    assert "new" in (ground.project / "two.txt").read_text()
    assert {"filter-smudge", "filter-clean"} <= {*sung} <= FILTERS


def test_hooks_that_lie_elsewhere_do_not_run(tmp_path: Path) -> None:
    ground = grounds.hooks_elsewhere(tmp_path / "a")
    assert run(ground, *LOOKING, UPDATE) == silent(0, *LOOKING, UPDATE)


def test_a_bare_repository_inside_a_clone_is_not_used(tmp_path: Path) -> None:
    ground = grounds.bare_in_clone(tmp_path / "a")
    verbs = (LOOKING[0], *LOOKING[2:4], UPDATE)
    assert run(ground, *verbs) == silent(4, *verbs)
    # Nothing is compared for several projects, so their repositories are not looked at.
    assert run(ground, LOOKING[1]) == silent(0, LOOKING[1])


def test_objects_that_a_project_misses_are_not_fetched(tmp_path: Path) -> None:
    ground = grounds.promisor(tmp_path / "a")
    assert [sung for _, _, sung in run(ground, *LOOKING[:4], UPDATE)] == [[]] * 5


def test_a_dry_run_does_not_check_out_what_an_archive_calls_an_unfinished_update(tmp_path: Path) -> None:
    ground = grounds.dead_update(tmp_path / "a")
    assert run(ground, *LOOKING[3:6]) == silent(4, *LOOKING[3:6])
    [(_, code, sung)] = run(ground, UPDATE)
    assert code == 0
    assert set() < {*sung} <= FILTERS
