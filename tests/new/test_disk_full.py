"""A disk that is full leaves a clear sentence and nothing else."""

from __future__ import annotations

import resource
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.support.command import COMPLETE, environment, scaffold
from tests.support.prepared import SCAFFOLD

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(params=["48k", "200k", "700k"])
def small_disk(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={request.param}", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("only root can mount a small disk; the test of a file size limit covers the same ground")
    yield disk
    subprocess.run(["umount", str(disk)], check=True)


def test_a_full_disk_is_named_and_left_as_it_was(small_disk: Path) -> None:
    done = scaffold("new", "a/x", *COMPLETE, cwd=small_disk)
    if done.returncode == 0:
        # Enough for the project but not for its history: whole, with a note.
        assert "Note: " in done.stdout
        assert (small_disk / "a" / "x" / "package.json").stat().st_size > 0
        return
    assert done.returncode == 73
    assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert list(small_disk.iterdir()) == []


def test_a_limit_on_file_size_is_named_and_nothing_is_left(tmp_path: Path) -> None:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))

    done = subprocess.run(
        [*SCAFFOLD, "new", "a/x", *COMPLETE],
        cwd=tmp_path,
        env=environment(PYTHONDONTWRITEBYTECODE="1"),
        preexec_fn=limit,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 73
    assert "File too large" in done.stderr
    assert list(tmp_path.iterdir()) == []
