"""Template repositories with a history, and projects with owners, for the tests of updates."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from scaffold.git.run import Git, isolated
from scaffold.new.create import create_project

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

ANSWERS = "{{ _copier_conf.answers_file }}.jinja"
RECORD = "{{ _copier_answers | to_nice_yaml | trim }}\n"


def lines(*numbers: int, word: str = "line") -> str:
    """Return text of one numbered line each."""
    return "".join(f"{word} {number}\n" for number in numbers)


def write(folder: Path, files: Mapping[str, str | bytes | None]) -> None:
    """Write files below a folder; None removes one."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content.encode() if isinstance(content, str) else content)


def commit(folder: Path, message: str = "work") -> str:
    """Commit everything and return the id."""
    git = isolated(folder)
    git.output("add", "--all")
    git.output("commit", "--quiet", "--allow-empty", "--message", message)
    return git.output("rev-parse", "HEAD")


@dataclass(frozen=True)
class History:
    """A template repository that grows.

    Attributes:
        folder: its working tree.
    """

    folder: Path

    def release(self, version: str, template: Mapping[str, str | bytes | None], **other: str) -> None:
        """Change files of the template (and others of the repository, dots as `__`), commit, tag."""
        write(self.folder / "template", template)
        write(self.folder, {name.replace("__", "."): text for name, text in other.items()})
        commit(self.folder, version)
        isolated(self.folder).output("tag", version)

    def project(self, folder: Path, ref: str, **answers: object) -> Path:
        """Create a project from a release, committed."""
        create_project(folder, answers, template=str(self.folder), ref=ref, git=False)
        isolated(folder).output("init", "--quiet")
        commit(folder, "Create the project")
        return folder


def start(folder: Path, questions: str = "name:\n  type: str\n  default: x\n") -> History:
    """Start a template repository without a release."""
    folder.mkdir()
    isolated(folder).output("init", "--quiet")
    write(folder, {"copier.yml": f"_subdirectory: template\n{questions}", f"template/{ANSWERS}": RECORD})
    return History(folder)


def tracked(folder: Path) -> dict[str, bytes]:
    """Return the tracked files of a project as they lie there."""
    names = isolated(folder).output("ls-files", "-z").split("\0")
    return {name: (folder / name).read_bytes() for name in names if (folder / name).is_file()}


def state(folder: Path) -> tuple[dict[str, bytes], str, str]:
    """Return everything an update may touch: all files, the index, the commit."""
    git = Git(folder)
    files = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and ".git" not in path.relative_to(folder).parts
    }
    return files, git.output("ls-files", "--stage"), git.output("rev-parse", "HEAD")
