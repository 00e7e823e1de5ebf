"""Edit the template as a live project: render a copy of it, run the copy, carry the edits back.

`live/my-api` is the copy; edit there. `live/rendered` keeps each file as it was rendered: a file that differs from it
was edited. No edit is lost: `run` replaces only files that were not edited, and `back` refuses to overwrite a file of
`template/` that changed since it was rendered.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

from tools.node import NodeMissingError, environment, node_folder

if TYPE_CHECKING:
    from collections.abc import Sequence

REPOSITORY = Path(__file__).resolve().parent.parent
TEMPLATE = REPOSITORY / "template"
LIVE = REPOSITORY / "live"
ANSWERS = ["--project-name", "my-api", "--security-contact", "security@example.com"]
ANSWERS_FILE = ".copier-answers.yml"


@dataclass(frozen=True)
class File:
    """A file as git sees it.

    Attributes:
        content: its bytes; of a symbolic link its target.
        kind: `file`, `program` (executable) or `link`.
    """

    content: bytes
    kind: str


@dataclass
class Report:
    """What `back` did with the edited files.

    Attributes:
        carried: files that are in `template/` now.
        by_hand: files that a person must transfer, each with what to do.
        refused: files of `template/` that were not overwritten, each with the reason.
    """

    carried: list[str] = field(default_factory=list)
    by_hand: dict[str, str] = field(default_factory=dict)
    refused: dict[str, str] = field(default_factory=dict)


class LiveError(RuntimeError):
    """There is no live copy, or it cannot be rendered."""


def read(path: Path) -> File | None:
    """Read a file; None when there is none."""
    if path.is_symlink():
        return File(os.fsencode(path.readlink()), "link")
    if not path.is_file():
        return None
    return File(path.read_bytes(), "program" if path.stat().st_mode & 0o100 else "file")


def put(path: Path, wanted: File | None) -> None:
    """Write or delete a file in one step: after Ctrl-C it is the old or the new one."""
    if wanted == read(path):
        return
    if wanted is None:
        path.unlink()
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        fresh.write_bytes(wanted.content)
        fresh.chmod(0o755 if wanted.kind == "program" else 0o644)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def files(folder: Path) -> set[str]:
    """List the files below a folder that its `.gitignore` does not exclude."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    variables |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    with TemporaryDirectory() as empty:
        # A repository of its own: in the one around it all of `live/` is ignored.
        subprocess.run(["git", "init", "--quiet", "--bare", "--template=", empty], env=variables, check=True)
        command = ["git", "--git-dir", empty, "--work-tree", ".", "ls-files", "-z", "--others", "--exclude-standard"]
        listed = subprocess.run(command, cwd=folder, env=variables, capture_output=True, check=True).stdout
    return {name for name in os.fsdecode(listed).split("\0") if name and not name.endswith("/")}


@dataclass(frozen=True)
class LiveCopy:
    """A rendered copy of the template that somebody edits.

    Attributes:
        folder: holds the copy, and the files as they were rendered.
        template: where edits are carried back to.
    """

    folder: Path
    template: Path

    @property
    def project(self) -> Path:
        """The copy."""
        return self.folder / "my-api"

    @property
    def rendered(self) -> Path:
        """Each file as it was rendered."""
        return self.folder / "rendered"

    def refresh(self, fresh: Path) -> list[str]:
        """Bring the copy to a fresh render; returns the edited files, which stay as they are."""
        for folder in (self.project, self.rendered):
            folder.mkdir(parents=True, exist_ok=True)
        edited = []
        for name in sorted(files(fresh) | files(self.project) | files(self.rendered)):
            new = read(fresh / name)
            if read(self.project / name) in (read(self.rendered / name), new):
                put(self.project / name, new)
                put(self.rendered / name, new)
            else:
                edited.append(name)
        return edited

    def carry_back(self) -> Report:
        """Copy edited files into the template.

        Raises:
            LiveError: there is no copy.
        """
        if not self.project.is_dir() or not self.rendered.is_dir():
            message = f"There is no live copy in {self.folder.name}/. Run `make live` first."
            raise LiveError(message)
        report = Report()
        for name in sorted(files(self.project) | files(self.rendered)):
            if read(self.project / name) != read(self.rendered / name):
                self._carry(name, report)
        return report

    def _carry(self, name: str, report: Report) -> None:
        live, before, now = (read(folder / name) for folder in (self.project, self.rendered, self.template))
        if reason := self._needs_a_person(name, live, before or now):
            report.by_hand[name] = reason
        elif now not in (before, live):
            report.refused[name] = f"template/{name} changed since it was rendered; merge the two by hand"
        else:
            put(self.template / name, live)
            put(self.rendered / name, live)
            report.carried.append(name)

    def _needs_a_person(self, name: str, live: File | None, known: File | None) -> str:
        """Say what to do with a file that cannot be copied; an empty text when it can."""
        if name == ANSWERS_FILE:
            return "rendered from the answers; nothing to transfer"
        if (self.template / f"{name}.jinja").exists():
            return f"rendered from template/{name}.jinja; transfer the edit there"
        if live is None and (self.template / name).exists():
            return f"deleted in the copy; if you mean it: git rm template/{name}"
        if live and live.kind == "link":
            return f"a symbolic link; template/{name} must be a file"
        if known is None:
            return (
                f"new; copy it to template/{name}, and add a line to optional_files in copier.yml if an answer decides"
            )
        return ""


def render(fresh: Path, flags: Sequence[str]) -> None:
    """Render the template with the default answers, or with the ones that flags of `scaffold new` give.

    Raises:
        LiveError: `scaffold new` failed; its message is on standard error.
    """
    command = [sys.executable, "-m", "scaffold", "new", str(fresh), "--defaults", "--no-git", *ANSWERS, *flags]
    if subprocess.run(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL, check=False).returncode:
        message = "The template was not rendered; the live copy is as it was."
        raise LiveError(message)


def update(copy: LiveCopy, flags: Sequence[str]) -> list[str]:
    """Render the template anew into the copy; returns the edited files, which stay as they are."""
    copy.folder.mkdir(exist_ok=True)
    with TemporaryDirectory(dir=copy.folder, prefix=".fresh-") as folder:
        fresh = Path(folder) / copy.project.name
        render(fresh, flags)
        edited = copy.refresh(fresh)
        if not (copy.project / ".env").exists():
            (fresh / ".env").rename(copy.project / ".env")
    return edited


def install(project: Path) -> int:
    """Run `npm ci` unless these packages are installed; returns its exit code."""
    stamp = project / "node_modules" / ".installed"
    lockfile = (project / "package-lock.json").read_bytes()
    wanted = hashlib.sha256(lockfile + str(node_folder()).encode()).hexdigest()
    if stamp.exists() and stamp.read_text() == wanted:
        return 0
    command = ["npm", "ci", "--no-audit", "--prefer-offline"]
    code = subprocess.run(command, cwd=project, env=environment(), check=False).returncode
    if not code:
        stamp.write_text(wanted)
    return code


def serve(project: Path) -> int:
    """Run `npm run dev` until it ends or Ctrl-C ends it; returns the exit code."""
    with subprocess.Popen(["npm", "run", "dev"], cwd=project, env=environment()) as server:
        interrupted = False
        while True:
            try:
                return 130 if server.wait() and interrupted else server.returncode
            except KeyboardInterrupt:
                interrupted = True  # The terminal sent it to the server too, which shuts down.
            except SystemExit:
                server.terminate()
                raise


def run(copy: LiveCopy, flags: Sequence[str]) -> int:
    """Render, install and start the copy; returns the exit code."""
    edited = update(copy, flags)
    place = copy.project.relative_to(copy.folder.parent)
    print(f"{place} is a copy of template/. Edit it; `make live-back` carries edits of it back.")
    if edited:
        print("Your edits of these files stay as they are:", *edited, sep="\n  ")
    return install(copy.project) or serve(copy.project)


def back(copy: LiveCopy) -> int:
    """Carry edits back and print what was done; returns the exit code."""
    report = copy.carry_back()
    print(
        "Carried back into template/:" if report.carried else "Nothing was carried back.", *report.carried, sep="\n  "
    )
    for title, entries in (("Not carried back:", report.by_hand), ("Refused:", report.refused)):
        if entries:
            print(title, *(f"{name}: {reason}" for name, reason in entries.items()), sep="\n  ")
    if report.by_hand or report.refused:
        place = copy.folder.name
        print(f"See an edit: git diff --no-index {place}/rendered/FILE {place}/{copy.project.name}/FILE")
    return 1 if report.refused else 0


def give_up(number: int, _frame: object) -> NoReturn:
    """End in order, so that the fresh render is removed and the server stops."""
    raise SystemExit(128 + number)


def main(arguments: Sequence[str] | None = None, *, folder: Path = LIVE, template: Path = TEMPLATE) -> int:
    """Run a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tools.live", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="run|back")
    commands.add_parser("run", help="render, install and start the copy; takes the flags of `scaffold new`")
    commands.add_parser("back", help="copy edited files back into template/")
    chosen, flags = parser.parse_known_args(arguments)
    if chosen.command == "back" and flags:
        parser.error(f"unknown arguments: {' '.join(flags)}")
    copy = LiveCopy(folder, template)
    try:
        return run(copy, flags) if chosen.command == "run" else back(copy)
    except KeyboardInterrupt:
        return 130
    except (LiveError, NodeMissingError, OSError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    for caught in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(caught, give_up)
    sys.exit(main())
