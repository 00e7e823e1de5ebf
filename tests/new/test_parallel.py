"""Many at once: no run disturbs another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.command import COMPLETE, start
from tests.support.trees import project_tree

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("runs", [6, pytest.param(50, marks=pytest.mark.matrix)])
def test_runs_side_by_side_give_identical_trees(tmp_path: Path, runs: int) -> None:
    names = [f"p{number}" for number in range(runs)]
    assert _create(tmp_path, names, "--project-name", "shop", "--database", "postgres", "--json") == [0] * runs
    trees = [project_tree(tmp_path / name) for name in names]
    assert all(tree == trees[0] for tree in trees)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(names)


def test_of_runs_for_the_same_folder_one_wins(tmp_path: Path) -> None:
    assert sorted(_create(tmp_path, ["same"] * 4, "--no-git")) == [0, 4, 4, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["same"]
    assert (tmp_path / "same" / "package.json").is_file()


def _create(folder: Path, names: Sequence[str], *options: str) -> list[int]:
    """Create projects at the same time, each by a process of its own; returns the exit codes."""
    commands = [start("new", name, *COMPLETE, *options, cwd=folder) for name in names]
    for command in commands:
        command.communicate(timeout=1200)
    return [command.returncode for command in commands]
