"""The project's `.env`."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.project.env_file import with_secrets, write_environment_file

if TYPE_CHECKING:
    from pathlib import Path

EXAMPLE = """\
# Where it listens.
PORT=3000

# Signs tokens.
# secret: generated
JWT_SECRET=
# secret: generated
ENCRYPTION_KEY=change-me
SMTP_URL=
"""


def test_marked_settings_get_random_values_and_all_else_stays() -> None:
    lines = with_secrets(EXAMPLE).splitlines()
    assert re.fullmatch(r"JWT_SECRET=[A-Za-z0-9_-]{43}", lines[5])
    assert re.fullmatch(r"ENCRYPTION_KEY=[A-Za-z0-9_-]{43}", lines[7])
    assert lines[5].partition("=")[2] != lines[7].partition("=")[2]
    rest = [line for number, line in enumerate(lines) if number not in {5, 7}]
    assert rest == [line for number, line in enumerate(EXAMPLE.splitlines()) if number not in {5, 7}]


def test_no_two_projects_share_a_secret() -> None:
    assert with_secrets(EXAMPLE) != with_secrets(EXAMPLE)


@pytest.mark.parametrize("umask", [0, 0o022, 0o077])
def test_only_its_owner_can_read_it(tmp_path: Path, umask: int) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE)
    before = os.umask(umask)
    try:
        assert write_environment_file(tmp_path)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_it_never_has_a_wider_mode_even_for_a_moment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE)
    modes = []
    real_open = os.open

    def spying_open(path: str, flags: int, mode: int = 0o777) -> int:
        modes.append((flags & os.O_EXCL, mode))
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", spying_open)
    write_environment_file(tmp_path)
    assert modes == [(os.O_EXCL, 0o600)]


def test_a_template_without_an_example_gets_none(tmp_path: Path) -> None:
    assert not write_environment_file(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("link", [False, True])
def test_what_the_template_brought_is_not_overwritten(tmp_path: Path, link: bool) -> None:  # noqa: FBT001
    (tmp_path / ".env.example").write_text(EXAMPLE)
    if link:
        (tmp_path / ".env").symlink_to(tmp_path / "elsewhere")
    else:
        (tmp_path / ".env").write_text("A=1")
    assert not write_environment_file(tmp_path)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("text", ["# secret: generated\n", "# secret: generated\n\nA=\n", "# secret: generated\n#A=\n"])
def test_a_mark_without_a_setting_is_the_templates_mistake(text: str) -> None:
    with pytest.raises(ScaffoldError) as caught:
        with_secrets(text)
    assert caught.value.code == "template-broken"
