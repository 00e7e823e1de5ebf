"""All or nothing: what is staged, what is swept, and what nobody but its owner may touch."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from scaffold.errors import ScaffoldError
from scaffold.files.staging import (
    LOCK_NAME,
    PREFIX,
    check_free,
    move_into_place,
    parent_folder,
    remove_stale,
    signals_deferred,
    staging,
)

HOLD = """
import sys, time
from pathlib import Path
from scaffold.files.staging import staging
with staging(Path(sys.argv[1])) as folder:
    (folder / "half").write_text("done")
    print(folder, flush=True)
    time.sleep(600)
"""


def hold(parent: Path) -> subprocess.Popen[str]:
    """Start a process that stages something and never ends."""
    return subprocess.Popen([sys.executable, "-c", HOLD, str(parent)], stdout=subprocess.PIPE, text=True)


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_a_staging_folder_is_private_and_gone_afterwards(tmp_path: Path) -> None:
    with staging(tmp_path) as folder:
        assert folder.parent == tmp_path
        assert folder.stat().st_mode & 0o077 == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("exception", [OSError, KeyboardInterrupt, SystemExit])
def test_a_staging_folder_is_gone_after_any_failure(tmp_path: Path, exception: type[BaseException]) -> None:
    def fail() -> None:
        with staging(tmp_path) as folder:
            (folder / "a").mkdir()
            (folder / "a" / "b").write_text("c")
            (folder / "a" / "b").chmod(0o400)
            raise exception

    with pytest.raises(exception):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_what_a_living_process_stages_is_left_alone(tmp_path: Path) -> None:
    process = hold(tmp_path)
    try:
        folder = first_line(process)
        remove_stale(tmp_path)
        assert Path(folder, "half").exists()
    finally:
        end(process)


def test_what_a_killed_process_left_is_swept(tmp_path: Path) -> None:
    process = hold(tmp_path)
    folder = first_line(process)
    end(process)
    assert Path(folder, "half").exists()
    remove_stale(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_only_our_own_leftovers_are_swept(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    (tmp_path / ".scaffold").mkdir()
    (tmp_path / f"{PREFIX}0123456789abcdef").write_text("a file")
    (tmp_path / f"{PREFIX}0123456789abcde0").symlink_to(tmp_path / "work", target_is_directory=True)
    (tmp_path / f"{PREFIX}0123456789abcde1").mkdir()
    (tmp_path / f"{PREFIX}0123456789abcde1" / "somebody's").write_text("work")
    (tmp_path / f"{PREFIX}not-ours").mkdir()
    (tmp_path / f"{PREFIX}not-ours" / LOCK_NAME).write_text("")
    before = sorted(tmp_path.rglob("*"))
    remove_stale(tmp_path)
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_whose_process_died_before_locking_it_is_swept_after_a_while(tmp_path: Path) -> None:
    folder = tmp_path / f"{PREFIX}0123456789abcdef"
    folder.mkdir()
    remove_stale(tmp_path)
    assert folder.exists()
    long_ago = time.time() - 3600
    os.utime(folder, (long_ago, long_ago))
    remove_stale(tmp_path)
    assert not folder.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make folders of others")
def test_leftovers_of_others_are_left_to_them(tmp_path: Path) -> None:
    folder = tmp_path / f"{PREFIX}0123456789abcdef"
    folder.mkdir()
    (folder / LOCK_NAME).write_text("")
    os.chown(folder, 12345, 12345)
    remove_stale(tmp_path)
    assert folder.exists()


def test_a_folder_that_cannot_be_listed_is_not_swept(tmp_path: Path) -> None:
    remove_stale(tmp_path / "missing")


def project(folder: Path) -> Path:
    (folder / "project" / "src").mkdir(parents=True)
    (folder / "project" / "src" / "a.ts").write_text("a")
    return folder / "project"


@pytest.mark.parametrize("exists", [False, True])
def test_a_project_appears_at_its_destination(tmp_path: Path, exists: bool) -> None:  # noqa: FBT001
    destination = tmp_path / "destination"
    if exists:
        destination.mkdir(mode=0o700)
    move_into_place(project(tmp_path), destination)
    assert (destination / "src" / "a.ts").read_text() == "a"
    assert not exists or destination.stat().st_mode & 0o777 == 0o700


def test_a_destination_somebody_filled_meanwhile_is_kept(tmp_path: Path) -> None:
    (tmp_path / "destination").mkdir()
    (tmp_path / "destination" / "work").write_text("precious")
    with pytest.raises(ScaffoldError) as caught:
        move_into_place(project(tmp_path), tmp_path / "destination")
    assert caught.value.code == "destination-not-empty"
    assert (tmp_path / "destination" / "work").read_text() == "precious"


def test_the_folder_one_stands_in_is_filled_not_replaced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    destination = tmp_path / "destination"
    destination.mkdir()
    monkeypatch.chdir(destination)
    inode = destination.stat().st_ino
    with parent_folder(destination) as parent, staging(parent) as folder:
        assert parent == destination
        move_into_place(project(folder), destination)
    assert destination.stat().st_ino == inode
    assert [path.name for path in destination.iterdir()] == ["src"]


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_filling_a_folder_is_undone_when_something_came_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """A rename would replace a file without a word."""
    destination = tmp_path / "destination"
    destination.mkdir()
    monkeypatch.chdir(destination)
    with parent_folder(destination) as parent, staging(parent) as folder:
        made = project(folder)
        (made / "a-first").write_text("")
        (made / "license").write_text("of the template")
        taken = destination / ("license" if kind == "file" else "src")
        taken.write_text("precious")
        with pytest.raises(ScaffoldError) as caught:
            move_into_place(made, destination)
        assert caught.value.code == "destination-not-empty"
        assert sorted(path.name for path in made.iterdir()) == ["a-first", "license", "src"]
    assert taken.read_text() == "precious"
    assert [path.name for path in destination.iterdir()] == [taken.name]


def test_parents_that_were_made_go_again_after_a_failure(tmp_path: Path) -> None:
    def fail() -> None:
        with parent_folder(tmp_path / "a" / "b" / "project") as parent:
            assert parent.is_dir()
            raise OSError("full")

    with pytest.raises(OSError, match="full"):
        fail()
    assert list(tmp_path.iterdir()) == []


def test_parents_that_were_there_stay(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(KeyboardInterrupt), parent_folder(tmp_path / "a" / "b" / "project"):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("path", ["file", "file/project", "file/a/project"])
def test_a_file_in_the_way_is_named(tmp_path: Path, path: str) -> None:
    (tmp_path / "file").write_text("")
    destination = tmp_path / path
    with pytest.raises(ScaffoldError) as caught, parent_folder(destination):
        check_free(destination)
    assert caught.value.code == "destination-not-a-folder"
    assert str(tmp_path / "file") in caught.value.sentence


def test_entries_in_the_way_are_named_up_to_five(tmp_path: Path) -> None:
    for name in "gfedcba":
        (tmp_path / name).write_text("")
    with pytest.raises(ScaffoldError, match="a, b, c, d, e and 2 more"):
        check_free(tmp_path)


def test_signals_wait_until_the_work_is_done() -> None:
    done = []

    def work() -> None:
        with signals_deferred():
            # To this thread: a test process has others, in which nothing is held back.
            signal.raise_signal(signal.SIGINT)
            done.append(1)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert done


def test_a_disk_without_locks_will_do_but_is_never_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", refuse)
    with staging(tmp_path) as folder:
        remove_stale(tmp_path)
        assert folder.exists()
    assert list(tmp_path.iterdir()) == []
