"""Walk through the life of a project: create, use, add a resource, deploy, update. Writes `docs/walk.md`.

The document is also the script. In each block of the kind `console` a line that starts with `$ ` is a command, and the
lines below it are its output. All commands run in one shell, one after the other, in an empty folder.

    python -m tools.walk            run all commands, write their output into the document
    python -m tools.walk --check    write nothing; exit 1 if an output differs by more than ids, times and sizes

Two comments of the document are instructions:

    <!-- commands: AGENTS.md, Add a feature -->     the next block has the commands of that section of the project; its
                                                    own ones are for projects without such a document
    <!-- release -->                                the next release of Scaffold is published
"""

from __future__ import annotations

import difflib
import os
import re
import secrets
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tools.checkout import copy_to
from tools.node import environment

if TYPE_CHECKING:
    from collections.abc import Iterator

REPOSITORY = Path(__file__).resolve().parent.parent
DOCUMENT = REPOSITORY / "docs" / "walk.md"
PROJECT = "orders"
FENCE = "```console"
PATIENCE_SECONDS = 300
COMMANDS = re.compile(r"<!-- commands: (\S+), (.+) -->")
RELEASE = "<!-- release -->"

# What differs from one run to the next.
FIGURES = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "ID"),
    (re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z"), "TIME"),
    (re.compile(r"\b\d{13}\b"), "TIME"),
    (re.compile(r"\b[\w-]{43}\b"), "TOKEN"),
    (re.compile(r"\b[0-9a-f]{7,40}\b"), "COMMIT"),
    (re.compile(r"\b\d+(?:\.\d+)? ?m?s\b"), "DURATION"),
    (re.compile(r"duration_ms [\d.]+"), "DURATION"),
    (re.compile(r"\bv?\d+\.\d+\.\d+\b"), "VERSION"),
    (re.compile(r"\b\d+ (packages|files)\b"), r"N \1"),
)

NEXT_RELEASE = """\
## {version}

### What changes in your project

- **Security**: an example, made for this walk.

"""


class WalkFailedError(RuntimeError):
    """A command of the walk failed; the message is the command and its output."""


class Shell:
    """One bash, in which the commands run. Ports that the document names stand for free ones.

    Args:
        folder: where it starts.
        programs: a folder that is first on PATH.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        """Start it."""
        author = {
            f"GIT_{role}_{part}": "ada@example.com" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")
        }
        variables = environment(
            **author, npm_config_fund="false", npm_config_audit="false", npm_config_loglevel="error"
        )
        variables["PATH"] = os.pathsep.join([str(programs), variables["PATH"]])
        self.folder = folder
        self.ports = {"3000": free_port(), "9464": free_port()}
        variables |= {"PORT": self.ports["3000"], "MANAGEMENT_PORT": self.ports["9464"]}
        self.process = subprocess.Popen(
            ["bash", "--norc"],
            cwd=folder,
            env=variables,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, command: str) -> str:
        """Run a command and return what it printed.

        Raises:
            WalkFailedError: its exit code is not 0.
        """
        end = f"end-{secrets.token_hex(8)}"
        # With an input of its own, or a program would read the next commands of the shell.
        self._write(f"{{ {self._with_ports(command)}\n}} < /dev/null\nprintf '\\n%s %s\\n' {end} $?\n")
        clock = threading.Timer(PATIENCE_SECONDS, self.kill)
        clock.start()
        output, code = self._read_until(end)
        clock.cancel()
        if code != "0":
            message = f"$ {command}\n{output}\nexit code {code}"
            raise WalkFailedError(message)
        return self._without_places(output)

    def kill(self) -> None:
        """End the shell and what it started in its own process group."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _write(self, text: str) -> None:
        if self.process.stdin:
            self.process.stdin.write(text)
            self.process.stdin.flush()

    def _read_until(self, end: str) -> tuple[str, str]:
        output = ""
        for line in self.process.stdout or ():
            if line.startswith(end):
                return output.strip("\n"), line.split()[1]
            output += line
        return output, "of bash"

    def _with_ports(self, command: str) -> str:
        for named, free in self.ports.items():
            command = re.sub(rf"\b{named}\b", free, command)
        return command

    def _without_places(self, output: str) -> str:
        for named, free in self.ports.items():
            output = output.replace(free, named)
        return "\n".join(line.rstrip() for line in output.replace(str(self.folder), "~").splitlines())


def free_port() -> str:
    """Return a port that nothing uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return str(probe.getsockname()[1])


@contextmanager
def walking() -> Iterator[tuple[Shell, Path]]:
    """Yield a shell in an empty folder, and the copy of this repository whose command it runs."""
    with tempfile.TemporaryDirectory(prefix="scaffold-walk-") as name:
        work, source = Path(name, "work"), copied(Path(name, "source"))
        work.mkdir()
        shell = Shell(work, command_of(source, Path(name, "bin")))
        # Closes its pipes, too.
        with shell.process:
            try:
                yield shell, source
            finally:
                shell.kill()


def git(*arguments: str, cwd: Path) -> str:
    """Run git as nobody in particular and return what it printed."""
    identity = ["-c", "user.name=Release", "-c", "user.email=release@example.com"]
    return subprocess.run(["git", *identity, *arguments], cwd=cwd, check=True, capture_output=True, text=True).stdout


def copied(folder: Path) -> Path:
    """Copy the files of this repository into a repository with one release."""
    copy_to(folder)
    git("init", "--quiet", cwd=folder)
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit everything."""
    git("add", "--all", cwd=folder)
    git("commit", "--quiet", "--message", "Release", cwd=folder)


def command_of(source: Path, programs: Path) -> Path:
    """Write a program `scaffold` that runs the code of a repository; returns its folder."""
    programs.mkdir()
    program = programs / "scaffold"
    program.write_text(f'#!/bin/sh\nPYTHONPATH={source} exec {sys.executable} -m scaffold "$@"\n', encoding="utf-8")
    program.chmod(0o755)
    return programs


def release(source: Path) -> None:
    """Publish the next release: a security fix in the template and its entry in the changelog."""
    manifest, changelog = source / "pyproject.toml", source / "CHANGELOG.md"
    text = manifest.read_text(encoding="utf-8")
    major, minor, _ = re.findall(r'(?m)^version = "(\d+)\.(\d+)\.(\d+)"$', text)[0]
    version = f"{major}.{int(minor) + 1}.0"
    manifest.write_text(re.sub(r'(?m)^version = ".*"$', f'version = "{version}"', text, count=1), encoding="utf-8")
    entry, entries = NEXT_RELEASE.format(version=version), changelog.read_text(encoding="utf-8")
    changelog.write_text(re.sub(r"(?m)^(?=## )", entry, entries, count=1), encoding="utf-8")
    with (source / "template/src/http/middleware/response.ts").open("a", encoding="utf-8") as file:
        file.write("\n// A change of the next release.\n")
    commit(source)


def section_commands(document: Path, heading: str) -> list[str]:
    """Return the commands of a section: of its shell blocks, and for each block with a file name one that writes it.

    Raises:
        WalkFailedError: the document has no such section with a block.
    """
    text = document.read_text(encoding="utf-8")
    found = re.search(rf"(?ms)^(#+) {re.escape(heading)}\n(.*?)(?=^#{{1,2}} |\Z)", text)
    blocks = re.findall(r"(?ms)^```(\w+)(?: (\S+))?\n(.*?)\n```$", found[2]) if found else []
    if not blocks:
        message = f"{document.name} has no commands in a section {heading!r}"
        raise WalkFailedError(message)
    return [code if kind == "sh" else f"cat > {name} << 'END'\n{code}\nEND" for kind, name, code in blocks]


def commands_in(block: list[str]) -> list[str]:
    """Return the commands of a block of the document; `> ` continues one."""
    commands: list[str] = []
    for line in block:
        if line.startswith("$ "):
            commands.append(line[2:])
        elif line.startswith(">") and commands:
            commands[-1] += "\n" + line[2:]
    return commands


def recorded(commands: list[str], shell: Shell) -> list[str]:
    """Run commands and return them with their output, as lines of a block."""
    lines: list[str] = []
    for command in commands:
        lines += [("$ " + command.replace("\n", "\n> ")).replace("> \n", ">\n")]
        output = shell.run(command)
        lines += [output] if output else []
    return lines


def walked(document: str) -> str:
    """Run all commands of a document and return it with their output.

    Raises:
        WalkFailedError: a command failed.
    """
    written: list[str] = []
    section: list[str] | None = None
    lines = iter(document.splitlines())
    with walking() as (shell, source):
        for line in lines:
            written.append(line)
            if line == RELEASE:
                release(source)
            elif match := COMMANDS.fullmatch(line):
                guide = shell.folder / PROJECT / match[1]
                section = section_commands(guide, match[2]) if guide.exists() else None
            elif line == FENCE:
                block = list(iter(lambda: next(lines), "```"))
                written += [*recorded(section or commands_in(block), shell), "```"]
                section = None
    return "\n".join(written) + "\n"


def comparable(text: str) -> list[str]:
    """Return the lines of a document without what differs from one run to the next."""
    for pattern, name in FIGURES:
        text = pattern.sub(name, text)
    return text.splitlines()


def differences(before: str, after: str) -> str:
    """Return what differs between two records of the walk; an empty text when nothing does."""
    return "\n".join(difflib.unified_diff(comparable(before), comparable(after), "recorded", "now", lineterm="", n=1))


def main() -> int:
    """Write or check the document."""
    before = DOCUMENT.read_text(encoding="utf-8")
    after = walked(before)
    if "--check" not in sys.argv[1:]:
        DOCUMENT.write_text(after, encoding="utf-8")
        return 0
    found = differences(before, after)
    print(found or "The walk is as recorded.")
    return 1 if found else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except WalkFailedError as error:
        sys.exit(str(error))
