"""A project with CRLF keeps CRLF: in files that the template changes, moves and adds."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.update.update import update_project
from tests.support.template_repository import commit, lines, start, write

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW, FAR, MINE = lines(*range(30)), lines(*range(31)), lines(*range(9)), b"mine\r\n"


def windows(text: str) -> bytes:
    return text.encode().replace(b"\n", b"\r\n")


def test_files_that_are_changed_moved_and_added_have_the_owners_line_endings(tmp_path: Path) -> None:
    history = start(tmp_path / "template")
    first = {
        "a.txt": OLD,
        "src/old.ts": OLD,
        "src/far.ts": lines(*range(30), word="far"),
        "gone.ts": lines(*range(30), word="gone"),
        "run.sh": "#!/bin/sh\n",
    }
    history.release("v1.0.0", first)
    moved = {
        "src/old.ts": None,
        "src/new.ts": NEW,
        "src/far.ts": None,
        "lib/near.ts": lines(*range(9)),
        "gone.ts": None,
    }
    added: dict[str, str | bytes] = {
        "b.ts": "b\nc\n",
        "b.md": "b\n",
        "tool.py": "#!/x\n",
        "b.bin": b"\0\n",
        "more.sh": "#!/bin/sh\n",
    }
    copier = "_subdirectory: template\n_moved: {src/far.ts: lib/near.ts}\nname: {type: str, default: x}\n"
    history.release("v1.1.0", {"a.txt": NEW, **moved, **added}, copier__yml=copier)
    project = history.project(tmp_path / "project", "v1.0.0")
    sources = {name: windows(text) for name, text in first.items() if name not in {"run.sh", "src/old.ts"}}
    write(project, {**sources, "src/old.ts": MINE + windows(OLD)})
    commit(project)
    plan = update_project(project).plan
    assert (plan.joined.conflicts, plan.joined.removed_edited) == ((), ())
    assert (project / "src/new.ts").read_bytes() == MINE + windows(NEW)
    assert (project / "a.txt").read_bytes() == windows(NEW)
    assert (project / "lib/near.ts").read_bytes() == windows(FAR)
    assert (project / "b.ts").read_bytes() == b"b\r\nc\r\n"
    assert (project / "b.md").read_bytes() == b"b\r\n"
    assert [(project / name).read_bytes() for name in ("tool.py", "b.bin", "more.sh")] == [
        b"#!/x\n", b"\0\n", b"#!/bin/sh\n"
    ]  # fmt: skip
    kinds = {change.path: change.kind for change in plan.joined.changes}
    assert (kinds["a.txt"], kinds["gone.ts"], kinds["src/old.ts"]) == ("changed", "removed", "moved")


def test_one_file_with_crlf_in_a_project_without_is_followed_when_it_moves(tmp_path: Path) -> None:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.ts": OLD, "b.ts": OLD, "src/old.ts": lines(*range(30), word="other")})
    history.release("v1.1.0", {"src/old.ts": None, "src/new.ts": lines(*range(31), word="other"), "c.ts": "c\n"})
    project = history.project(tmp_path / "project", "v1.0.0")
    write(project, {"src/old.ts": windows(lines(*range(30), word="other"))})
    commit(project)
    assert not update_project(project).plan.joined.conflicts
    assert (project / "src/new.ts").read_bytes() == windows(lines(*range(31), word="other"))
    assert (project / "c.ts").read_bytes() == b"c\n"
    assert not (project / "src/old.ts").exists()
