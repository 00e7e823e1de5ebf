"""Programs that tell when they run, planted wherever git can be made to start one.

The list follows git-config(1), gitattributes(5), githooks(5) and gitrepository-layout(5). Each way has a
plain git command that starts its program in the same repository: a canary that cannot sing proves nothing.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.support.command import environment, git

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

# The hooks of githooks(5) that a command here could meet; the others belong to servers, mail and Perforce.
HOOKS = (
    "applypatch-msg",
    "commit-msg",
    "fsmonitor-watchman",
    "post-checkout",
    "post-commit",
    "post-index-change",
    "post-merge",
    "post-rewrite",
    "pre-auto-gc",
    "pre-commit",
    "pre-merge-commit",
    "pre-push",
    "pre-rebase",
    "prepare-commit-msg",
    "reference-transaction",
)


@dataclass(frozen=True)
class Aviary:
    """A folder of canaries.

    Attributes:
        folder: holds the programs, and `sung` with a file named after each that has run.
    """

    folder: Path

    def program(self, name: str, then: str = "exec cat") -> Path:
        """Make a program that leaves a trace when it runs, and passes on its input."""
        (self.folder / "sung").mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        path.write_text(f"#!/bin/sh\n: > '{self.folder}/sung/{name}'\n{then}\n")
        path.chmod(0o755)
        return path

    def sung(self) -> set[str]:
        """Name the canaries that have run since the last call."""
        (self.folder / "sung").mkdir(parents=True, exist_ok=True)
        names = {path.name for path in (self.folder / "sung").iterdir()}
        for name in names:
            (self.folder / "sung" / name).unlink()
        return names


@dataclass(frozen=True)
class Way:
    """One way in which a repository's configuration makes git start a program.

    Attributes:
        name: of the canary.
        setting: configuration, `{}` stands for the program.
        proof: shell commands that start it with plain git, in a repository where only this way is planted.
        more: further configuration that it needs.
        attributes: line of `.git/info/attributes` that it needs.
        then: what the program does besides singing.
    """

    name: str
    setting: str
    proof: str
    more: tuple[str, ...] = ()
    attributes: str = ""
    then: str = "exec cat"


_TOUCH = "echo more >> one.txt"
# Answers a fetch, or a process filter, with nothing.
_END = "exit 1"

WAYS = (
    Way("fsmonitor", "core.fsmonitor={}", "git status", then="printf 'x\\0/\\0'"),
    Way("filter-clean", "filter.one.clean={}", f"{_TOUCH}; git add one.txt", attributes="one.txt filter=one"),
    Way("filter-smudge", "filter.two.smudge={}", "git checkout HEAD^ -- two.txt", attributes="two.txt filter=two"),
    Way(
        "filter-process",
        "filter.three.process={}",
        "echo more >> three.txt; git add three.txt",
        attributes="three.txt filter=three",
        then=_END,
    ),
    Way("diff-external", "diff.external={}", f"{_TOUCH}; git diff", then="exit 0"),
    Way("diff-command", "diff.d.command={}", f"{_TOUCH}; git diff", attributes="one.txt diff=d", then="exit 0"),
    Way("diff-textconv", "diff.t.textconv={}", f"{_TOUCH}; git diff", attributes="one.txt diff=t", then='cat "$1"'),
    Way("merge-driver", "merge.m.driver={}", "git merge theirs", attributes="one.txt merge=m", then=_END),
    Way("merge-default", "merge.d.driver={}", "git merge theirs", more=("merge.default=d",), then=_END),
    Way("pager", "core.pager={}", "git grep --open-files-in-pager ours"),
    Way("editor", "core.editor={}", "git commit --amend", then="exit 0"),
    Way("sequence-editor", "sequence.editor={}", "git rebase --interactive HEAD^", then="exit 0"),
    Way("ssh", "core.sshCommand={}", "git ls-remote ssh://host.invalid/x", then=_END),
    Way(
        "credential-helper", "credential.helper={}", "printf 'protocol=https\\nhost=h.invalid\\n' | git credential fill"
    ),
    Way("askpass", "core.askPass={}", "printf 'protocol=https\\nhost=h.invalid\\n' | git credential fill"),
    Way("git-proxy", "core.gitProxy={}", "git ls-remote git://host.invalid/x", then=_END),
    Way("upload-pack", "remote.o.uploadpack={}", "git ls-remote o", more=("remote.o.url=.",), then=_END),
    Way("receive-pack", "remote.p.receivepack={}", "git push p HEAD:x", more=("remote.p.url=.",), then=_END),
    Way("ext", "remote.e.url=ext::{}", "git ls-remote e", more=("protocol.ext.allow=always",), then=_END),
    Way(
        "rewritten-url",
        "url.ext::{}.insteadOf=https:",
        "git ls-remote https:",
        more=("protocol.ext.allow=always",),
        then=_END,
    ),
    Way("gpg", "gpg.program={}", "git commit --allow-empty -S -m x", more=("commit.gpgSign=true",), then=_END),
    Way(
        "ssh-sign",
        "gpg.ssh.program={}",
        "git commit --allow-empty -S -m x",
        more=("gpg.format=ssh", "user.signingKey=/dev/null"),
        then=_END,
    ),
    Way("trailer", "trailer.k.command={}", "echo | git interpret-trailers --trailer k=v"),
    Way("alias", "alias.canary=!{}", "git canary"),
    Way("archive", "tar.canary.command={}", "git archive --format=canary HEAD"),
    Way("difftool", "difftool.c.cmd={}", f"{_TOUCH}; git difftool --no-prompt --tool=c"),
    Way(
        "alternate-refs",
        "core.alternateRefsCommand={}",
        "git clone -q --bare . ../alt && echo $PWD/../alt/objects > .git/objects/info/alternates; git receive-pack .",
        then="exit 0",
    ),
)


def configure(repository: Path, settings: Iterable[str]) -> None:
    """Write configuration into a repository's own file, as an archive would bring it."""
    for setting in settings:
        name, _, value = setting.partition("=")
        git("config", "--file", repository / "config", "--add", name, value, cwd=repository)


def plant(repository: Path, aviary: Aviary, ways: Iterable[Way] = WAYS) -> None:
    """Plant ways in the folder that git keeps a repository in."""
    attributes = []
    for way in ways:
        program = aviary.program(way.name, way.then)
        configure(repository, [way.setting.replace("{}", str(program)), *way.more])
        attributes += [way.attributes] if way.attributes else []
    (repository / "info").mkdir(exist_ok=True)
    with (repository / "info/attributes").open("a") as file:
        file.writelines(f"{line}\n" for line in attributes)


def plant_hooks(folder: Path, aviary: Aviary, prefix: str = "hook") -> None:
    """Plant a canary as every hook."""
    folder.mkdir(parents=True, exist_ok=True)
    for hook in HOOKS:
        shutil.copy2(aviary.program(f"{prefix}-{hook}", "exit 0"), folder / hook)


def sing(command: str, folder: Path, env: Mapping[str, str] | None = None) -> None:
    """Run plain git commands and let them fail."""
    plain = {**(env or environment()), "GIT_TERMINAL_PROMPT": "0", "GIT_MERGE_AUTOEDIT": "no"}
    for name in ("SSH_ASKPASS", "DISPLAY", "EDITOR", "VISUAL", "PAGER"):
        plain.pop(name, None)
    subprocess.run(
        ["sh", "-c", command],
        cwd=folder,
        env=plain,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )


def age(folder: Path) -> None:
    """Give every file another date: git has to look into it to see that it is unchanged."""
    for path in folder.rglob("*"):
        if path.is_file() and not path.is_symlink() and ".git" not in path.relative_to(folder).parts:
            os.utime(path, (1_600_000_000, 1_600_000_000))
