"""What an update may touch is put back as it was."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from scaffold.update import snapshot
from tests.support.template_repository import write

if TYPE_CHECKING:
    from pathlib import Path


def test_empty_folders_of_a_folder_that_made_place_are_put_back(tmp_path: Path) -> None:
    top = tmp_path / "project"
    write(top, {"place/file.txt": "text\n"})
    (top / "place/empty/inner").mkdir(parents=True)
    (top / "place/empty").chmod(0o700)
    before = snapshot.taken(top, ["place", "place/file.txt"])
    snapshot.save(top, before, tmp_path / "saved")
    shutil.rmtree(top / "place")
    write(top, {"place": "a file\n"})
    snapshot.restore(top, before, tmp_path / "saved")
    assert snapshot.differences(top, before) == []
    assert (top / "place/empty/inner").is_dir()
    assert (top / "place/empty").stat().st_mode & 0o777 == 0o700
