"""Imports follow the files that a release moves, in the owner's own files too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scaffold.update.moved_files import Moves
from scaffold.update.update import update_project
from tests.support.template_repository import History, commit, lines, start, tracked, write

if TYPE_CHECKING:
    from pathlib import Path

BODY = lines(*range(30), word="// line")
OWN = """import { text } from '../http/text.ts';
import type { Text } from "../http/text.ts";
import { stay } from '../http/stay.ts';
import { nowhere } from '../http/nowhere.ts';
const late = await import('../http/text.ts');
const url = new URL('../http/text.ts', import.meta.url);
const words = 'see ../http/text.ts';
// '../http/text.ts' is a comment
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of a release whose successor moves two files, one of which imports the other."""
    history: History = start(tmp_path / "template")
    old = {
        "src/http/text.ts": BODY + "export const text = 1;\n",
        "src/http/stay.ts": "export const stay = 1;\n",
        "src/app.ts": f"import {{ text }} from './http/text.ts';\n{BODY}",
    }
    history.release("v1.0.0", dict(old))
    history.release(
        "v1.1.0",
        {
            "src/http/text.ts": None,
            "src/app.ts": None,
            "src/http/fields.ts": old["src/http/text.ts"],
            "src/main/app.ts": old["src/app.ts"].replace("./http/text.ts", "../http/fields.ts"),
        },
    )
    return history.project(tmp_path / "project", "v1.0.0")


def test_the_owners_own_files_import_the_new_places(project: Path) -> None:
    write(project, {"src/tasks/routes.ts": OWN, "test/tasks.test.ts": "import '../src/http/text.ts';\n"})
    commit(project)
    plan = update_project(project).plan
    text = (project / "src/tasks/routes.ts").read_text()
    assert text == OWN.replace("'../http/text.ts';", "'../http/fields.ts';").replace(
        '"../http/text.ts"', '"../http/fields.ts"'
    ).replace("import('../http/text.ts')", "import('../http/fields.ts')").replace(
        "URL('../http/text.ts'", "URL('../http/fields.ts'"
    )
    assert (project / "test/tasks.test.ts").read_text() == "import '../src/http/fields.ts';\n"
    followed = [change.path for change in plan.joined.changes if change.kind == "followed"]
    assert followed == ["src/tasks/routes.ts", "test/tasks.test.ts"]


def test_an_import_that_the_owner_added_to_a_moved_file_finds_its_file(project: Path) -> None:
    app = (project / "src/app.ts").read_text() + "import { stay } from './http/stay.ts';\nimport './own.ts';\n"
    write(project, {"src/app.ts": app, "src/own.ts": "export {};\n"})
    commit(project)
    update_project(project)
    text = (project / "src/main/app.ts").read_text()
    assert "import { text } from '../http/fields.ts';" in text
    assert text.endswith("import { stay } from '../http/stay.ts';\nimport '../own.ts';\n")


def test_files_without_moved_imports_keep_every_byte(project: Path) -> None:
    own = {
        "src/own.ts": "import { stay } from './http/stay.ts';\r\n",
        "notes.md": "from '../http/text.ts'\n",
        "src/http/neighbour.js": "import './text.tsx';\n",
    }
    write(project, {**own, "src/latin.ts": b"// \xe4\nimport './http/text.ts';\n", "src/binary.ts": b"\0\xff"})
    commit(project)
    update_project(project)
    after = tracked(project)
    assert {name: after[name] for name in own} == {name: text.encode() for name, text in own.items()}
    assert after["src/latin.ts"] == b"// \xe4\nimport './http/fields.ts';\n"
    assert after["src/binary.ts"] == b"\0\xff"


def test_a_link_is_not_followed(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.ts"
    outside.write_text("import './src/http/text.ts';\n")
    (project / "link.ts").symlink_to(outside)
    commit(project)
    update_project(project)
    assert outside.read_text() == "import './src/http/text.ts';\n"


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        ("./a.ts", "./sub/a.ts"),
        ("./sub/../a.ts", "./sub/a.ts"),
        ("../x/a.ts", "./sub/a.ts"),
        ("../../x/a.ts", "../../x/a.ts"),
        ("./here.ts", "./here.ts"),
        ("a.ts", "a.ts"),
    ],
)
def test_a_specifier_becomes_the_shortest_relative_one(specifier: str, expected: str) -> None:
    moves = Moves({"x/a.ts": "x/sub/a.ts"})
    files = {"x/a.ts", "x/here.ts", "x/own.ts"}
    assert moves.follow("x/own.ts", f"import '{specifier}';", files) == f"import '{expected}';"


def test_a_line_beside_an_import_of_a_moved_file_is_no_conflict(project: Path) -> None:
    app = (project / "src/app.ts").read_text()
    own = "import { own } from './own.ts';\n"
    write(project, {"src/app.ts": own + app, "src/own.ts": "export const own = 1;\n"})
    commit(project)
    assert not update_project(project).plan.joined.conflicts
    text = (project / "src/main/app.ts").read_text()
    assert text.startswith("import { own } from '../own.ts';\nimport { text } from '../http/fields.ts';\n")
