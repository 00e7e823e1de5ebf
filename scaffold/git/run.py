"""Run git isolated from the user's environment and configuration.

A template and a project are input, and so is the configuration that lies in a project's repository: it can
name programs that git starts by itself. Each way of running git below says whose configuration it follows:

- `isolated` and `bare`: nobody's. For what is computed in repositories that Scaffold has just made.
- `fetching`: the user's own. For fetching what the user named, with their credentials.
- `creating`: the user's own, in a repository that Scaffold has just made.
- `applying`: the user's own and the project's. For changing a project, as the user's `git checkout` would.
- `committing`: the same, with the hooks of the project. For a commit that the user has asked for.

To look at a project, `scaffold.git.view` shows its repository without its configuration.
Decision: docs/decisions/0009-how-git-is-run.md.
"""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_OBJECT_ID = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
# A name of our own for commits that no person made; `.invalid` can belong to nobody (RFC 2606).
_OURSELVES = {
    "GIT_AUTHOR_NAME": "Scaffold",
    "GIT_AUTHOR_EMAIL": "scaffold@scaffold.invalid",
    "GIT_COMMITTER_NAME": "Scaffold",
    "GIT_COMMITTER_EMAIL": "scaffold@scaffold.invalid",
}
# Filters, signing, merge drivers and line-ending rules of a person must not reach what we compute.
NOBODYS_CONFIGURATION = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
_NOBODYS_FILES = {"core.attributesFile": os.devnull, "core.excludesFile": os.devnull}
# Who the user is and how their git is set up; all other GIT_ variables aim git at another repository.
_PERSONAL = ("GIT_AUTHOR_", "GIT_COMMITTER_", "GIT_CONFIG_", "GIT_HTTP_", "GIT_PROXY_", "GIT_SSL_")
_CREDENTIALS = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS")
# Transports that move data; `ext::` and its like run programs.
TRANSPORTS = "file:git:https:ssh"

_HOOKS = "core.hooksPath"
# Holds for every git: these outrank the configuration of user and repository.
_ALWAYS = {
    # A folder laid out as a bare repository can be part of a clone, with a configuration that names programs.
    "safe.bareRepository": "explicit",
    # Git starts both by itself: fsmonitor when it reads the index, `post-index-change` when it writes it.
    "core.fsmonitor": "false",
    _HOOKS: os.devnull,
    # A file of a template whose name macOS takes for `.git` would be refused there, and only there.
    "core.protectHFS": "true",
}


# What a disk that is full or read-only lets git say, and one where files are not ours.
_FULL = ("No space left", "Read-only file system", "File too large", "Disk quota exceeded")
_DISK = (*_FULL, "Permission denied", "unable to write")


class GitError(Exception):
    """Git refused; the message is the last line it printed.

    Attributes:
        lines: everything it printed, for example why a program that it started failed.
    """

    def __init__(self, message: str, lines: Sequence[str] = ()) -> None:
        """Keep the lines beside the message."""
        super().__init__(message)
        self.lines = tuple(lines)

    @property
    def blames_disk(self) -> bool:
        """Whether the disk is full or read-only, or a file is not the user's."""
        return any(words in str(self) for words in _DISK)


def disk_is_full(error: Exception) -> bool:
    """Return whether a disk is full or read-only: then neither the template nor the repository is to blame."""
    return any(words in str(error) for words in _FULL)


def clean_environment() -> dict[str, str]:
    """Return the environment without what aims git at another repository, program or address.

    Variables by which git is aimed are set, for example, while a git hook runs. No address is contacted:
    a repository can name one from which git fetches what it misses, and the program that does so.
    """
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    # Of a relative entry, such as `node_modules/.bin`, a project would choose the program called git.
    entries = [entry for entry in inherited.get("PATH", os.defpath).split(os.pathsep) if Path(entry).is_absolute()]
    # A file may be called `[id].ts`: names are names, never patterns that match other files as well.
    names = {"GIT_LITERAL_PATHSPECS": "1"}
    # Git that only looks takes no lock, so that killing it leaves none behind.
    locks = {"GIT_OPTIONAL_LOCKS": "0"}
    quiet = {"GIT_TERMINAL_PROMPT": "0", "GIT_ALLOW_PROTOCOL": "", "LC_ALL": "C"}
    return {**inherited, "PATH": os.pathsep.join(entries), **names, **locks, **quiet}


@dataclass(frozen=True)
class Git:
    """Git in one folder.

    Attributes:
        folder: where it runs.
        environment: variables on top of the cleaned environment.
        settings: configuration on top of what holds for every git; outranks that of user and repository.
        patience: seconds after which a command is given up; None for ever.
        runner: runs the program; `limited` sets one that ends it in time.
        held: open files that git and the programs it starts keep open, with their locks, if we are killed.
        hooks: run the hooks of the repository. Default: none runs.
    """

    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    patience: float | None = None
    runner: Callable[..., subprocess.CompletedProcess[bytes]] = subprocess.run
    held: tuple[int, ...] = ()
    hooks: bool = False

    def run(self, *arguments: str | Path, stdin: bytes = b"", check: bool = True) -> subprocess.CompletedProcess[bytes]:
        """Run one git command.

        Raises:
            GitError: the command failed and `check` is set, or it took longer than `patience`.
            FileNotFoundError: there is no git on this machine.
        """
        try:
            result = self.runner(
                ["git", *arguments],
                cwd=self.folder,
                env=_configured({**clean_environment(), **self.environment}, {**self._always(), **self.settings}),
                input=stdin,
                capture_output=True,
                check=False,
                timeout=self.patience,
                pass_fds=self.held,
            )
        except subprocess.TimeoutExpired:
            raise GitError(f"git {arguments[0]} took longer than {self.patience:.0f} seconds") from None
        if check and result.returncode != 0:
            lines = result.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
            raise GitError(lines[-1].removeprefix("fatal: "), lines)
        return result

    def _always(self) -> dict[str, str]:
        return {name: value for name, value in _ALWAYS.items() if not (self.hooks and name == _HOOKS)}

    def output(self, *arguments: str | Path, stdin: bytes = b"") -> str:
        """Run one git command and return what it prints, without the last line break.

        Raises:
            GitError: the command failed.
        """
        return self.run(*arguments, stdin=stdin).stdout.decode(errors="surrogateescape").rstrip("\n")

    def top(self) -> Git:
        """Return the same git at the top of the repository."""
        return replace(self, folder=Path(self.output("rev-parse", "--show-toplevel")))

    def prefix(self) -> str:
        """Return this folder inside its repository, empty or ending in a slash."""
        return self.output("rev-parse", "--show-prefix")

    def path_of(self, name: str) -> Path:
        """Return the absolute path of a file of git's own, for example `index`."""
        return Path(self.output("rev-parse", "--path-format=absolute", "--git-path", name))

    def object_format(self) -> str:
        """Return how the repository names its objects: `sha1` or `sha256`."""
        return self.output("rev-parse", "--show-object-format")

    def committed(self) -> str:
        """Return the tree of this folder's committed files."""
        return self.output("rev-parse", "HEAD:./")

    def stored(self, folder: Path, index: Path) -> str:
        """Store the files of a folder outside of the repository, ignored ones too, and return their tree.

        Args:
            folder: holds the files.
            index: a file that git may write; one that holds an earlier state of the folder saves time.
        """
        git = self.with_environment(GIT_INDEX_FILE=str(index))
        git.output("--work-tree", folder, "add", "--all", "--force", ".")
        return git.output("write-tree")

    def with_environment(self, **variables: str) -> Git:
        """Return the same git with more variables."""
        return replace(self, environment={**self.environment, **variables})

    def limited(self, runner: Callable[..., subprocess.CompletedProcess[bytes]]) -> Git:
        """Return the same git with limits of time and size, for what others wrote."""
        return replace(self, runner=runner)


def isolated(folder: Path) -> Git:
    """Return a git for a repository of our own: it follows nobody's configuration and commits in nobody's name."""
    return Git(folder, {**_OURSELVES, **NOBODYS_CONFIGURATION, "GIT_ATTR_NOSYSTEM": "1"}, _NOBODYS_FILES)


def bare(repository: Path) -> Git:
    """Return the same for a bare repository of our own, which is named outright and not looked for."""
    return isolated(repository).with_environment(GIT_DIR=str(repository))


def applying(folder: Path) -> Git:
    """Return a git that changes a project as its owner's own would.

    It follows the configuration of the owner and of the project's repository. Of the programs that those
    name it starts the filters of the files it writes (such as Git LFS), as `git checkout` does there, and
    no other: no hook, no fsmonitor, nothing that fetches.
    """
    return Git(folder, _personal())


def fetching(folder: Path) -> Git:
    """Return a git that fetches what the user named, with the user's own configuration and credentials.

    Nothing it fetches is checked out by it: filters and hooks do not run.
    """
    credentials = {name: os.environ[name] for name in _CREDENTIALS if name in os.environ}
    return Git(folder, {**_personal(), **credentials, "GIT_ALLOW_PROTOCOL": TRANSPORTS})


def creating(project: Path) -> Git:
    """Return a git for the repository of a new project, with the user's identity and configuration; no hook runs.

    The repository is named outright: no other that lies around, or in the project, is taken for it.
    """
    return Git(project, _personal()).with_environment(**_repository_of(project))


def committing(project: Path) -> Git:
    """Return a git that commits in a project as its owner's own would: it runs the hooks that are set up there.

    Only for a commit that the owner has asked for.
    """
    ordinary = {"GIT_ALLOW_PROTOCOL": TRANSPORTS, "GIT_LITERAL_PATHSPECS": "0", "GIT_OPTIONAL_LOCKS": "1"}
    credentials = {name: os.environ[name] for name in _CREDENTIALS if name in os.environ}
    return Git(project, {**_personal(), **credentials, **ordinary}, hooks=True)


def staging(project: Path) -> Git:
    """Return a git that stages the files of a new project as they are: no filter runs, on whoever's account."""
    return isolated(project).with_environment(**_repository_of(project))


def reported(git: Git, *arguments: str, stdin: bytes = b"") -> str:
    """Run git and, if it fails, tell the first thing it complained about: what follows is advice.

    Raises:
        GitError: it failed.
    """
    done = git.run(*arguments, stdin=stdin, check=False)
    if done.returncode:
        said = done.stderr.decode(errors="replace").splitlines()
        told = [line.partition(": ")[2] for line in said if line.startswith(("fatal: ", "error: "))]
        raise GitError("; ".join(told[-2:]) or f"git {arguments[0]} ended with {done.returncode}")
    return done.stdout.decode(errors="surrogateescape")


def borrow_objects(git_dir: Path, objects: Path) -> None:
    """Let a repository of our own read the objects of another one, without a copy of them.

    Args:
        git_dir: git's folder of our own.
        objects: the folder `objects` of the other, whose objects are named in the same format.
    """
    (git_dir / "objects/info/alternates").write_text(f"{objects}\n")


def is_object_id(value: object) -> bool:
    """Tell whether a value that was read from a file is a full id, which git takes for nothing else."""
    return isinstance(value, str) and _OBJECT_ID.fullmatch(value) is not None


def missing_object(like: str) -> str:
    """Return the id by which git says that there is no object; it is as long as the ids of the repository."""
    return "0" * len(like)


def _repository_of(project: Path) -> dict[str, str]:
    return {"GIT_DIR": str(project / ".git"), "GIT_WORK_TREE": str(project)}


def _personal() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if name.startswith(_PERSONAL)}


def _configured(environment: Mapping[str, str], settings: Mapping[str, str]) -> dict[str, str]:
    """Add settings to an environment, behind those that it holds already; the last one wins."""
    count = environment.get("GIT_CONFIG_COUNT", "")
    first = int(count) if count.isdecimal() else 0
    added = {"GIT_CONFIG_COUNT": str(first + len(settings))}
    for number, (name, value) in enumerate(settings.items(), first):
        added[f"GIT_CONFIG_KEY_{number}"] = name
        added[f"GIT_CONFIG_VALUE_{number}"] = value
    return {**environment, **added}
