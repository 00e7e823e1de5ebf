"""`make live` and `make live-back`: edits of a rendered copy arrive in the template, and none is lost."""

from __future__ import annotations

import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from copier import run_copy

from tests.support.answers import REPOSITORY, pairwise_sample
from tests.support.rendering import source
from tools.live import LiveCopy, LiveError, files, main, update

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = "src/notes/routes.ts"
SEAM = "package.json"


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project as Copier renders it from a copy of the template."""
    folder = tmp_path_factory.mktemp("rendered")
    template = str(source(folder / "source"))
    run_copy(template, folder / "my-api", data=dict(pairwise_sample()[0]), quiet=True)
    return folder


@pytest.fixture
def fresh(rendered: Path, tmp_path: Path) -> Path:
    """A fresh render that a test may change."""
    return shutil.copytree(rendered / "my-api", tmp_path / "fresh")


@pytest.fixture
def copy(rendered: Path, fresh: Path, tmp_path: Path) -> LiveCopy:
    """A live copy of a template that a test may change."""
    template = shutil.copytree(rendered / "source" / "template", tmp_path / "template")
    made = LiveCopy(tmp_path / "live", template)
    assert made.refresh(fresh) == []
    return made


def append(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_an_unedited_copy_carries_nothing_back(copy: LiveCopy) -> None:
    report = copy.carry_back()
    assert (report.carried, report.by_hand, report.refused) == ([], {}, {})


def test_an_edit_of_a_plain_file_arrives_in_the_template_each_time(copy: LiveCopy) -> None:
    for text in ("// one\n", "// two\n"):
        append(copy.project / PLAIN, text)
        assert copy.carry_back().carried == [PLAIN]
        assert (copy.template / PLAIN).read_text(encoding="utf-8").endswith(text)


def test_the_executable_bit_arrives_too(copy: LiveCopy) -> None:
    (copy.project / PLAIN).chmod(0o755)
    assert copy.carry_back().carried == [PLAIN]
    assert (copy.template / PLAIN).stat().st_mode & 0o777 == 0o755


def test_what_cannot_be_carried_back_is_listed_with_its_place(copy: LiveCopy) -> None:
    append(copy.project / SEAM, "\n")
    append(copy.project / "src/tags/routes.ts", "export {};\n")
    (copy.project / PLAIN).unlink()
    append(copy.project / "node_modules/package/index.js", "ignored by .gitignore")
    before = files(copy.template)
    report = copy.carry_back()
    assert not report.carried
    assert not report.refused
    assert set(report.by_hand) == {SEAM, "src/tags/routes.ts", PLAIN}
    assert "template/package.json.jinja" in report.by_hand[SEAM]
    assert "template/src/tags/routes.ts" in report.by_hand["src/tags/routes.ts"]
    assert f"git rm template/{PLAIN}" in report.by_hand[PLAIN]
    assert files(copy.template) == before


def test_a_template_file_that_changed_since_the_rendering_is_not_overwritten(copy: LiveCopy) -> None:
    append(copy.project / PLAIN, "// mine\n")
    append(copy.template / PLAIN, "// another's\n")
    report = copy.carry_back()
    assert list(report.refused) == [PLAIN]
    assert not report.carried
    assert (copy.template / PLAIN).read_text(encoding="utf-8").endswith("// another's\n")


def test_the_same_edit_in_both_places_is_no_conflict(copy: LiveCopy) -> None:
    for folder in (copy.project, copy.template):
        append(folder / PLAIN, "// the same\n")
    assert copy.carry_back().carried == [PLAIN]
    assert copy.carry_back().carried == []


def test_a_new_render_replaces_only_files_that_were_not_edited(copy: LiveCopy, fresh: Path) -> None:
    append(copy.project / PLAIN, "// mine\n")
    append(copy.project / ".env", "SECRET=mine\n")
    append(fresh / PLAIN, "// the template's\n")
    append(fresh / "src/app.ts", "// the template's\n")
    (fresh / "src/routes.ts").unlink()
    assert copy.refresh(fresh) == [PLAIN]
    assert (copy.project / PLAIN).read_text(encoding="utf-8").endswith("// mine\n")
    assert (copy.project / "src/app.ts").read_text(encoding="utf-8").endswith("// the template's\n")
    assert not (copy.project / "src/routes.ts").exists()
    assert (copy.project / ".env").read_text(encoding="utf-8") == "SECRET=mine\n"


def test_an_edit_that_was_carried_back_is_not_kept_as_an_edit(copy: LiveCopy, fresh: Path) -> None:
    append(copy.project / SEAM, "\n")
    append(fresh / SEAM, "\n")
    assert copy.refresh(fresh) == []
    assert copy.carry_back().by_hand == {}


def test_an_interrupted_new_render_shows_no_false_edit(copy: LiveCopy, fresh: Path) -> None:
    """Ctrl-C after the copy was written and before the record of it was."""
    for folder in (fresh, copy.template, copy.project):
        append(folder / PLAIN, "// the template's\n")
    assert copy.refresh(fresh) == []
    assert copy.carry_back().carried == []


def test_a_copy_is_rendered_with_the_answers_that_flags_give(tmp_path: Path) -> None:
    made = LiveCopy(tmp_path / "live", REPOSITORY / "template")
    assert update(made, ["--database", "postgres"]) == []
    assert (made.project / "src/database/postgres.ts").exists()
    assert (made.project / ".env").stat().st_mode & 0o777 == 0o600
    assert [path.name for path in made.folder.iterdir() if path.name.startswith(".")] == []
    assert made.carry_back().carried == []


def test_a_wrong_answer_leaves_the_copy_as_it_is(copy: LiveCopy, capfd: pytest.CaptureFixture[str]) -> None:
    before = files(copy.project)
    with pytest.raises(LiveError, match="not rendered"):
        update(copy, ["--database", "oracle"])
    assert "oracle" in capfd.readouterr().err
    assert files(copy.project) == before


def test_without_a_copy_there_is_a_next_step(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["back"], folder=tmp_path / "live", template=tmp_path) == 1
    assert "Run `make live` first." in capsys.readouterr().err


def test_the_command_prints_what_was_refused_and_fails(copy: LiveCopy, capsys: pytest.CaptureFixture[str]) -> None:
    append(copy.project / PLAIN, "// mine\n")
    (copy.template / PLAIN).unlink()
    assert main(["back"], folder=copy.folder, template=copy.template) == 1
    assert f"  {PLAIN}: template/{PLAIN} changed" in capsys.readouterr().out


def test_help_is_printed() -> None:
    command = [sys.executable, "-m", "tools.live", "--help"]
    shown = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout
    assert "live/my-api" in shown
    assert "run" in shown
    assert "back" in shown
