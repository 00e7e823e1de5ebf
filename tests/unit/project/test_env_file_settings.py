"""Settings that a newer release needs: named, and added on request only."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.project.env_file import adding_settings, changed_settings, missing_settings
from tests.support.template_repository import write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OLD = "# Where it listens.\nPORT=3000\n# secret: generated\nKEY=\n"
NEW = OLD.replace("3000", "3001") + "# A second one.\n# secret: generated\nSECOND_KEY=\nMAIL=\n"


@pytest.fixture
def folders(tmp_path: Path) -> tuple[Path, Path, Path]:
    """A project that is updated already, beside its old and its new render."""
    write(tmp_path, {"old/.env.example": OLD, "new/.env.example": NEW, "project/.env.example": NEW})
    return tmp_path / "project", tmp_path / "old", tmp_path / "new"


def add_settings(project: Path, *names: str) -> None:
    with adding_settings(project, NEW, names):
        pass


def test_what_the_projects_own_file_lacks_is_missing(folders: tuple[Path, Path, Path]) -> None:
    write(folders[0], {".env": "PORT=1\nMAIL=\n"})
    assert missing_settings(*folders) == ("KEY", "SECOND_KEY")


def test_without_an_own_file_what_is_new_is_missing(folders: tuple[Path, Path, Path]) -> None:
    assert missing_settings(*folders) == ("SECOND_KEY", "MAIL")


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("SECOND_KEY=1", id="plain"),
        pytest.param("export SECOND_KEY=1", id="as a shell reads it"),
        pytest.param("  SECOND_KEY = 1", id="with blanks"),
        pytest.param("SECOND_KEY_FILE=/run/secrets/key", id="from a file"),
    ],
)
def test_a_setting_is_not_missing_however_it_is_written(folders: tuple[Path, Path, Path], line: str) -> None:
    """A second line of that name would win over the owner's."""
    write(folders[0], {".env": f"PORT=1\nKEY=1\nMAIL=\n{line}\n"})
    assert missing_settings(*folders) == ()


def test_a_comment_sets_nothing(folders: tuple[Path, Path, Path]) -> None:
    write(folders[0], {".env": "# PORT=1\nKEY=1\nMAIL=\nSECOND_KEY=1\n"})
    assert missing_settings(*folders) == ("PORT",)


def test_bytes_that_are_no_utf_8_disturb_nobody(folders: tuple[Path, Path, Path]) -> None:
    content = "PORT=1\nKEY=1\nMAIL=\n# gr\xfc\xdfe\n".encode("latin-1")
    write(folders[0], {".env": content})
    assert missing_settings(*folders) == ("SECOND_KEY",)
    add_settings(folders[0], "SECOND_KEY")
    assert (folders[0] / ".env").read_bytes().startswith(content)


def test_other_example_values_are_named(folders: tuple[Path, Path, Path]) -> None:
    assert changed_settings(*folders[1:]) == ("PORT",)


def test_added_settings_have_fresh_secrets_and_a_private_file(folders: tuple[Path, Path, Path]) -> None:
    project = folders[0]
    add_settings(project, "SECOND_KEY", "MAIL")
    text = (project / ".env").read_text()
    assert re.fullmatch(r"# secret: generated\nSECOND_KEY=[\w-]{43}\nMAIL=\n", text)
    assert (project / ".env").stat().st_mode & 0o777 == 0o600


def make_link(path: Path) -> None:
    write(path.parent.parent, {"shared.env": "PORT=1\nKEY=shared\n"})
    path.symlink_to("../shared.env")


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_folder(path: Path) -> None:
    path.mkdir()


def make_device(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_huge(path: Path) -> None:
    path.write_bytes(b"#" * (1024 * 1024 + 1))


def make_unreadable(path: Path) -> None:
    path.write_text("PORT=1\n")
    path.chmod(0)
    if os.access(path, os.R_OK):
        pytest.skip("root reads every file")


def identity(path: Path) -> tuple[int, ...]:
    found = path.lstat()
    return (found.st_ino, found.st_mode, found.st_size, found.st_mtime_ns)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("make", [make_link, make_pipe, make_folder, make_device, make_huge, make_unreadable])
def test_a_env_that_is_no_plain_file_is_neither_read_nor_replaced(
    folders: tuple[Path, Path, Path], make: Callable[[Path], None]
) -> None:
    """A cloned project can point it at any file of the user, or at a pipe that never ends."""
    project = folders[0]
    make(project / ".env")
    before = identity(project / ".env")
    assert missing_settings(*folders) == ("SECOND_KEY", "MAIL")
    with pytest.raises(ScaffoldError) as refused, adding_settings(project, NEW, ("MAIL",)):
        pytest.fail("the update went on")
    assert (refused.value.code, refused.value.exit_code) == ("environment-file-unusable", 4)
    assert identity(project / ".env") == before
    assert sorted(path.name for path in project.iterdir()) == [".env", ".env.example"]


def test_what_is_in_the_file_stays_byte_for_byte(folders: tuple[Path, Path, Path]) -> None:
    project = folders[0]
    write(project, {".env": b"PORT=1\r\nKEY=mine"})
    add_settings(project, "MAIL")
    assert (project / ".env").read_bytes() == b"PORT=1\r\nKEY=mine\nMAIL=\n"


def test_nothing_is_added_when_the_update_fails(folders: tuple[Path, Path, Path]) -> None:
    project = folders[0]
    write(project, {".env": "PORT=1\n"})
    with pytest.raises(ZeroDivisionError), adding_settings(project, NEW, ("MAIL",)):
        raise ZeroDivisionError
    assert [path.name for path in sorted(project.iterdir())] == [".env", ".env.example"]
    assert (project / ".env").read_text() == "PORT=1\n"


def test_why_the_update_failed_is_told_also_when_somebody_tidied_up(folders: tuple[Path, Path, Path]) -> None:
    def tidy_up_and_fail() -> None:
        (prepared,) = folders[0].glob(".env.[0-9]*")
        prepared.unlink()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), adding_settings(folders[0], NEW, ("MAIL",)):
        tidy_up_and_fail()


def test_a_file_that_cannot_be_written_stays_as_it_is(
    folders: tuple[Path, Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    project = folders[0]
    write(project, {".env": "PORT=1\n"})

    def refuse(*_: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("scaffold.project.env_file.with_secrets", refuse)
    with pytest.raises(OSError, match="no space"):
        add_settings(project, "MAIL")
    assert [path.name for path in sorted(project.iterdir())] == [".env", ".env.example"]
    assert (project / ".env").read_text() == "PORT=1\n"
