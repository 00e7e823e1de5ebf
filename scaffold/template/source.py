"""Where templates come from: this package, a checkout of its repository, or any git repository."""

from __future__ import annotations

import os
import shutil
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.errors import template_broken, template_runs_code, template_unavailable, wrong_usage
from scaffold.files.staging import scratch
from scaffold.questions.questionnaire import Questionnaire
from scaffold.template.confined import Confined, Described

if TYPE_CHECKING:
    from collections.abc import Iterator


# What projects record as their origin. It belongs to nobody (RFC 2606), works on every machine
# and is mapped to the template at hand.
TEMPLATE_ADDRESS = "https://scaffold.invalid/scaffold.git"
PACKAGE = Path(__file__).parent.parent
CHECKOUT = PACKAGE.parent
DISTRIBUTION = "scaffold-express"
CONFIGURATIONS = ("copier.yml", "copier.yaml")
CODE_SETTINGS = ("tasks", "migrations", "jinja_extensions")
SHORT_ADDRESSES = {"gh:": "https://github.com/", "gl:": "https://gitlab.com/"}


@dataclass(frozen=True)
class Template:
    """A template that lies on this machine.

    Attributes:
        folder: holds `copier.yml` and the files to render.
        address: where updates look for it; recorded in the project.
        version: its version; recorded in the project. None when nobody gave it one.
        tracked_only: render only what git tracks or would track, as in a checkout that is worked in.
        ours: it comes with Scaffold; that of anybody else is evaluated in a process with limits.
        shared: such a process that works for several versions of a template. Default: one of its own.
    """

    folder: Path
    address: str
    version: str | None
    tracked_only: bool = False
    ours: bool = False
    shared: Confined | None = None

    @cached_property
    def confined(self) -> Confined:
        """The process with limits in which this template is evaluated; it starts when it is needed."""
        return self.shared or Confined(self.address)

    def described(self) -> Described:
        """Return what the process with limits needs to know."""
        return Described(self.folder, self.address, self.version, self.tracked_only)

    def close(self) -> None:
        """End the process in which the template is evaluated, if there is one of its own."""
        if "confined" in self.__dict__ and self.shared is None:
            self.confined.close()

    def questionnaire(self) -> Questionnaire:
        """Read the questions.

        Raises:
            ScaffoldError: `template-unavailable` without a `copier.yml`, `template-broken` with an
                unusable one, `template-runs-code` when it would run programs on this machine.
        """
        path = next((p for name in CONFIGURATIONS if (p := self.folder / name).is_file()), None)
        if path is None:
            raise template_unavailable(self.address, "there is no copier.yml in it.")
        questionnaire = Questionnaire.load(path, self.address) if self.ours else self.confined.questionnaire(path)
        code = [f"_{name}" for name in CODE_SETTINGS if questionnaire.settings.get(name)]
        if code:
            raise template_runs_code(self.address, code)
        return questionnaire

    def mapping(self, setting: str, meaning: str) -> dict[str, str]:
        """Read a setting of `copier.yml` that maps texts to texts; empty when it is missing.

        Args:
            setting: its name, without the underscore.
            meaning: what it maps to what, for the message.

        Raises:
            ScaffoldError: `template-broken`: it maps something else.
        """
        found = self.questionnaire().settings.get(setting) or {}
        if not isinstance(found, dict) or not all(isinstance(part, str) for pair in found.items() for part in pair):
            raise template_broken(self.address, f"_{setting} is no mapping of {meaning}")
        return found

    def files(self, scratch: Path) -> Path:
        """Return a folder with nothing but the template in it.

        Args:
            scratch: a path that may be created and filled for that.
        """
        if not self.tracked_only:
            return self.folder
        for name in _tracked(self.folder):
            target = scratch / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.folder / name, target)
        return scratch


@cache
def version() -> str:
    """Return the version of Scaffold and of the template it carries."""
    manifest = CHECKOUT / "pyproject.toml"
    if _is_checkout():
        import tomllib

        return str(tomllib.loads(manifest.read_text(encoding="utf-8"))["project"]["version"])
    from importlib.metadata import version as installed_version

    return installed_version(DISTRIBUTION)


def builtin() -> Template:
    """Return the template that comes with this version of Scaffold."""
    commit = f"v{version()}"
    if _is_checkout():
        tracked_only = (CHECKOUT / ".git").exists() and shutil.which("git") is not None
        return Template(CHECKOUT, TEMPLATE_ADDRESS, commit, tracked_only, ours=True)
    return Template(PACKAGE / "_bundled", TEMPLATE_ADDRESS, commit, ours=True)


@contextmanager
def open_template(address: str | None = None, ref: str | None = None) -> Iterator[Template]:
    """Open a template for the time of a block.

    Args:
        address: git URL or folder of the template. Default: the one that comes with Scaffold.
        ref: tag, branch or commit. Default: the newest tag that is a version (PEP 440; pre-releases only where
            there is nothing else), or HEAD where no tag is.

    Raises:
        ScaffoldError: `template-unavailable` or `usage`.
    """
    if address is None:
        yield _builtin_at(ref)
    elif not address:
        raise wrong_usage("--template needs an address.")
    elif Path(address).is_dir() and not _is_repository(Path(address)):
        if ref is not None:
            raise wrong_usage(f"--ref needs a git repository, and {address} is a plain folder.")
        with closing(Template(Path(address).resolve(), str(Path(address).resolve()), None)) as template:
            yield template
    else:
        with (
            scratch() as work,
            closing(_fetched(_full_address(address), ref, work)) as template,
        ):
            yield template


def _builtin_at(ref: str | None) -> Template:
    template = builtin()
    if ref is not None and ref.removeprefix("v") != version():
        raise template_unavailable(
            f"at {ref}", f"this is Scaffold {version()}; `pip install {DISTRIBUTION}==VERSION` installs another."
        )
    return template


def _is_checkout() -> bool:
    return not (PACKAGE / "_bundled").is_dir()


def _is_repository(folder: Path) -> bool:
    bare = (folder / "HEAD").is_file() and (folder / "objects").is_dir()
    return bare or (folder / ".git").exists()


def _full_address(address: str) -> str:
    """Return the address as every git understands it, also on another machine."""
    for short, full in SHORT_ADDRESSES.items():
        if address.startswith(short):
            return full + address.removeprefix(short).removesuffix(".git") + ".git"
    host = address.partition("://")[2].partition("/")[0]
    if ":" in host.rpartition("@")[0]:
        # The address is committed with the project: a password in it would be published.
        raise wrong_usage("The address of --template contains a password.", "Let git's credential helper give it.")
    return str(Path(address).resolve()) if Path(address).exists() else address.removeprefix("git+")


def _fetched(address: str, ref: str | None, work: Path) -> Template:
    from scaffold.git.run import GitError, disk_is_full
    from scaffold.template.releases import from_address

    try:
        found = from_address(address, work / "template.git")
        revision = found.revision(ref)
        # Exported with nobody's configuration: what lies there is what was committed, no filter runs.
        return Template(found.export(revision, work / "template"), address, found.described(revision))
    except FileNotFoundError:
        raise template_unavailable(address, "git is needed to fetch it, and is not installed.") from None
    except GitError as error:
        if disk_is_full(error):
            raise
        raise template_unavailable(address, str(error)) from error


def _tracked(checkout: Path) -> list[str]:
    from scaffold.git.run import applying

    listed = applying(checkout).output(
        "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", "template", *CONFIGURATIONS
    )
    return [name for name in listed.split("\0") if name and os.path.lexists(checkout / name)]
