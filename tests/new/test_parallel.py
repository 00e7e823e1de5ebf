"""Many at once: no run disturbs another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import pytest

from tests.support.command import COMPLETE, scaffold
from tests.support.trees import project_tree

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.timeout(1800)
@pytest.mark.parametrize("runs", [6, pytest.param(50, marks=pytest.mark.matrix)])
def test_runs_side_by_side_give_identical_trees(tmp_path: Path, runs: int) -> None:
    create = partial(
        scaffold, "new", *COMPLETE, "--project-name", "shop", "--database", "postgres", "--json", cwd=tmp_path
    )
    with ThreadPoolExecutor(runs) as pool:
        codes = [done.returncode for done in pool.map(create, [f"p{number}" for number in range(runs)])]
    assert codes == [0] * runs
    trees = [project_tree(tmp_path / f"p{number}") for number in range(runs)]
    assert all(tree == trees[0] for tree in trees)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(f"p{number}" for number in range(runs))


def test_of_runs_for_the_same_folder_one_wins(tmp_path: Path) -> None:
    create = partial(scaffold, "new", *COMPLETE, "--no-git", cwd=tmp_path)
    with ThreadPoolExecutor(4) as pool:
        codes = sorted(done.returncode for done in pool.map(create, ["same"] * 4))
    assert codes == [0, 4, 4, 4]
    assert [path.name for path in tmp_path.iterdir()] == ["same"]
    assert (tmp_path / "same" / "package.json").is_file()
