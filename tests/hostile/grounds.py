"""Hostile ground: projects and templates in which every way to start a program is planted at once."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.hostile.canaries import WAYS, Aviary, age, configure, plant, plant_hooks
from tests.support.command import environment, git
from tests.support.small_template import as_repository
from tests.support.template_repository import start, write

if TYPE_CHECKING:
    from pathlib import Path

FILES = {f"{name}.txt": f"{name}\n" for name in ("one", "two", "three", "four", "five")}
# Programs that the owner's own `git checkout` would run as well; `sub-` are those of a submodule.
FILTERS = {"filter-clean", "filter-smudge", "included-clean", "worktree-clean"}


@dataclass(frozen=True)
class Ground:
    """A project on hostile ground.

    Attributes:
        project: its folder.
        aviary: the canaries planted in it.
        path: PATH of somebody who has relative folders in it, as JavaScript developers do.
    """

    project: Path
    aviary: Aviary
    path: str


def project_of_two_releases(folder: Path) -> Path:
    """Return a committed project of the first release of a template that has a second one."""
    folder.mkdir()
    history = start(folder / "template")
    history.release("v1.0.0", FILES, CHANGELOG__md="# Changelog\n")
    history.release("v2.0.0", {name: f"{text}new\n" for name, text in FILES.items()} | {"six.txt": "six\n"})
    return history.project(folder / "project", "v1.0.0")


def archive(folder: Path, *besides: str) -> Ground:
    """Return an unpacked archive: a project whose `.git` was made by somebody else, with all ways but some."""
    project, aviary = project_of_two_releases(folder), Aviary(folder / "aviary")
    _add_submodule(project, aviary)
    repository = project / ".git"
    plant(repository, aviary, [way for way in WAYS if way.name not in besides])
    _configure_indirectly(repository, aviary)
    plant_hooks(repository / "hooks", aviary)
    path = _shadow_git(project, aviary)
    age(project)
    aviary.sung()
    return Ground(project, aviary, path)


def hooks_elsewhere(folder: Path) -> Ground:
    """Return an unpacked archive whose configuration says where its hooks lie, and nothing else."""
    project, aviary = project_of_two_releases(folder), Aviary(folder / "aviary")
    plant_hooks(folder / "elsewhere", aviary, "elsewhere")
    configure(project / ".git", [f"core.hooksPath={folder / 'elsewhere'}"])
    age(project)
    aviary.sung()
    return Ground(project, aviary, "")


def bare_in_clone(folder: Path) -> Ground:
    """Return a folder of an honest clone that is laid out as a bare repository, configuration included."""
    project, aviary = project_of_two_releases(folder), Aviary(folder / "aviary")
    outer, inner = folder / "outer", folder / "outer/project"
    outer.mkdir()
    shutil.move(project, inner)
    for part in ("HEAD", "config", "objects", "refs", "index"):
        shutil.move(inner / ".git" / part, inner / part)
    shutil.rmtree(inner / ".git")
    plant(inner, aviary, [way for way in WAYS if way.name != "filter-process"])
    git("config", "--file", inner / "config", "core.bare", "false", cwd=folder)
    configure(inner, ["core.worktree=."])
    git("init", "--quiet", cwd=outer)
    git("add", "--all", "--force", cwd=outer)
    git("commit", "--quiet", "--message", "Harmless", cwd=outer)
    git("clone", "--quiet", outer, folder / "clone", cwd=folder)
    aviary.sung()
    return Ground(folder / "clone" / "project", aviary, "")


def promisor(folder: Path) -> Ground:
    """Return an unpacked archive that misses an object, and says which program fetches it."""
    project, aviary = project_of_two_releases(folder), Aviary(folder / "aviary")
    program = aviary.program("promisor", "exit 1")
    configure(
        project / ".git",
        [
            "core.repositoryFormatVersion=1",
            "extensions.partialClone=o",
            "remote.o.url=.",
            "remote.o.promisor=true",
            f"remote.o.uploadpack={program}",
        ],
    )
    blob = git("rev-parse", "HEAD:two.txt", cwd=project)
    (project / ".git/objects" / blob[:2] / blob[2:]).unlink()
    age(project)
    # Neither as before nor as after: to judge that, the object of after is read.
    (project / "one.txt").write_text("edited\n")
    missing = f"100644 blob {'1' * 40}\tone.txt"
    _die(project, git("mktree", "--missing", cwd=project, stdin=missing))
    aviary.sung()
    return Ground(project, aviary, "")


def dead_update(folder: Path) -> Ground:
    """Return an unpacked archive in which an update seems to have died half way: the next one puts it back."""
    ground = archive(folder, "filter-process")
    git("-c", "core.fsmonitor=false", "rm", "--cached", "--quiet", "one.txt", cwd=ground.project)
    _die(ground.project, git("-c", "core.fsmonitor=false", "write-tree", cwd=ground.project))
    ground.aviary.sung()
    return ground


def _die(project: Path, target: str) -> None:
    journal = {"head": git("rev-parse", "HEAD", cwd=project), "target": target}
    (project / ".git/scaffold-update.json").write_text(json.dumps(journal))


def _add_submodule(project: Path, aviary: Aviary) -> None:
    """Add a submodule with a configuration of its own, which git asks for its state."""
    submodule = project / "sub"
    submodule.mkdir()
    write(submodule, {"inner.txt": "x\n"})
    as_repository(submodule)
    git("add", "sub", cwd=project)
    git("commit", "--quiet", "--message", "Add a submodule", cwd=project)
    configure(submodule / ".git", [f"core.fsmonitor={aviary.program('sub-fsmonitor')}"])
    configure(submodule / ".git", [f"filter.s.clean={aviary.program('sub-clean')}"])
    (submodule / ".git/info/attributes").write_text("* filter=s\n")


def _configure_indirectly(repository: Path, aviary: Aviary) -> None:
    included = repository / "included"
    included.write_text(f'[filter "i"]\n\tclean = {aviary.program("included-clean")}\n')
    worktree = repository / "config.worktree"
    worktree.write_text(f'[filter "w"]\n\tclean = {aviary.program("worktree-clean")}\n')
    configure(repository, [f"include.path={included}", "extensions.worktreeConfig=true"])
    with (repository / "info/attributes").open("a") as attributes:
        attributes.write("four.txt filter=i\nfive.txt filter=w\n")


def _shadow_git(project: Path, aviary: Aviary) -> str:
    """Plant programs called git where a relative entry of PATH finds them; ignored, so that the tree stays clean."""
    (project / "node_modules/.bin").mkdir(parents=True)
    shutil.copy2(aviary.program("git-in-bin", 'exec /usr/bin/git "$@"'), project / "node_modules/.bin/git")
    shutil.copy2(aviary.program("git-in-folder", 'exec /usr/bin/git "$@"'), project / "git")
    (project / ".git/info/exclude").write_text("node_modules\n/git\n")
    return f"node_modules/.bin:.:{environment()['PATH']}"
