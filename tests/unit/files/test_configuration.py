"""Where the user's own settings are."""

from __future__ import annotations

from pathlib import Path

import pytest

from scaffold.files.configuration import configuration_folder


@pytest.mark.parametrize("configured", ["", "settings", "./settings", "../settings"])
def test_a_relative_folder_is_ignored_because_it_would_lie_in_a_project(
    configured: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", configured)
    monkeypatch.setenv("HOME", "/home/person")
    assert configuration_folder() == Path("/home/person/.config/scaffold")


def test_an_absolute_folder_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", "/settings")
    assert configuration_folder() == Path("/settings/scaffold")


@pytest.mark.parametrize("home", ["", "person", "."])
def test_without_a_home_there_is_none(home: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setenv("HOME", home)
    assert configuration_folder() is None
