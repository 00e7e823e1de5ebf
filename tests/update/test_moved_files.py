"""Imports follow the files that a release moves, in the owner's own files too."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from scaffold.errors import ScaffoldError
from scaffold.template.source import builtin
from scaffold.update.moved_files import Moves, listed_moves
from scaffold.update.update import update_project
from tests.support.rendering import template_files
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


LISTED = "_subdirectory: template\nname:\n  type: str\n  default: x\n_moved: {moved}\n"
OLD = {"src/old.ts": f"{BODY}export const old = 1;\n", "src/app.ts": f"import {{ old }} from './old.ts';\n{BODY}"}
# Nothing of the old file is left, so git does not see that it was moved.
NEW = {"src/old.ts": None, "src/deep/new.ts": "export const old = 2;\n", "src/app.ts": "import './deep/new.ts';\n"}


@pytest.fixture
def listed(tmp_path: Path) -> History:
    """A history whose second release moves and rewrites a file, and lists the move."""
    history = start(tmp_path / "template")
    history.release("v1.0.0", dict(OLD))
    history.release("v1.1.0", dict(NEW), copier__yml=LISTED.format(moved="{src/old.ts: src/deep/new.ts}"))
    return history


def test_a_listed_move_takes_edits_along_though_git_does_not_recognise_the_file(
    listed: History, tmp_path: Path
) -> None:
    project = listed.project(tmp_path / "project", "v1.0.0")
    edited = OLD["src/old.ts"].replace("// line 3\n", "// ours\n")
    write(project, {"src/old.ts": edited, "src/own.ts": "import { old } from './old.ts';\n"})
    commit(project)
    joined = update_project(project).plan.joined
    assert not joined.removed_edited
    assert [conflict.path for conflict in joined.conflicts] == ["src/deep/new.ts"]
    text = (project / "src/deep/new.ts").read_text()
    assert "// ours\n" in text
    assert "export const old = 2;\n" in text
    assert not (project / "src/old.ts").exists()
    assert (project / "src/own.ts").read_text() == "import { old } from './deep/new.ts';\n"


def test_a_move_to_a_place_where_the_owner_has_a_file_loses_neither(listed: History, tmp_path: Path) -> None:
    project = listed.project(tmp_path / "project", "v1.0.0")
    write(project, {"src/old.ts": OLD["src/old.ts"] + "// ours\n", "src/deep/new.ts": "// mine\n"})
    commit(project)
    joined = update_project(project).plan.joined
    assert "src/deep/new.ts" in [conflict.path for conflict in joined.conflicts]
    assert "// mine\n" in (project / "src/deep/new.ts").read_text()
    assert (project / "src/old.ts").read_text().endswith("// ours\n")


def test_an_update_to_the_older_release_moves_the_file_back(listed: History, tmp_path: Path) -> None:
    project = listed.project(tmp_path / "project", "v1.1.0")
    write(project, {"src/own.ts": "import { old } from './deep/new.ts';\n"})
    commit(project)
    update_project(project, ref="v1.0.0", downgrade=True)
    assert (project / "src/old.ts").read_text() == OLD["src/old.ts"]
    assert not (project / "src/deep/new.ts").exists()
    assert (project / "src/own.ts").read_text() == "import { old } from './old.ts';\n"


@pytest.mark.parametrize("moved", ["[a, b]", "{a: [b]}", "text"])
def test_a_list_of_moves_that_is_no_mapping_of_paths_is_named(moved: str, tmp_path: Path) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": "a\n"})
    history.release("v1.1.0", {"a.txt": "b\n"}, copier__yml=LISTED.format(moved=moved))
    project = history.project(tmp_path / "project", "v1.0.0")
    with pytest.raises(ScaffoldError) as caught:
        update_project(project)
    assert caught.value.code == "template-broken"
    assert "_moved" in caught.value.sentence
    assert (project / "a.txt").read_text() == "a\n"


def test_the_list_of_the_template_is_true() -> None:
    files = {path.removesuffix(".jinja") for path in template_files()}
    moves = listed_moves(builtin())
    assert moves
    assert not moves.keys() & files, "an old path is in use again: an owner's file would be moved away from it"
    assert set(moves.values()) <= files


@pytest.mark.parametrize(
    ("moves", "files", "after"),
    [
        ({"tool/version": "tool"}, {"tool/version"}, {"tool"}),
        ({"tool": "tool/version"}, {"tool"}, {"tool/version"}),
        ({"tool/version": "tool"}, {"tool/version", "tool/own"}, {"tool/version", "tool/own"}),
        ({"a": "b/c"}, {"a", "b"}, {"a", "b"}),
        ({"a": "b", "c": "a/d"}, {"a", "b", "c"}, {"a", "b", "c"}),
        ({"a": "b", "c": "a/d"}, {"a", "c"}, {"b", "a/d"}),
    ],
)
def test_files_and_folders_take_each_others_places(
    moves: dict[str, str], files: set[str], after: set[str], tmp_path: Path
) -> None:
    write(tmp_path, {name: f"{name}\n" for name in files})
    done, _ = Moves(moves).carry_out(tmp_path, files)
    found = {path.relative_to(tmp_path).as_posix(): path.read_text() for path in tmp_path.rglob("*") if path.is_file()}
    assert found.keys() == after
    came_from = {new: old for old, new in done.items()}
    assert all(text == f"{came_from.get(name, name)}\n" for name, text in found.items())
