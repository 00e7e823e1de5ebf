"""The one place that decides how npm is run.

A project's `.npmrc` can name programs that npm starts (`git`, `script-shell`), folders it writes
(`cache`, `prefix`), and registries that receive what stands in the user's environment (`${TOKEN}`).
npm therefore never runs in a project: it runs in a fresh folder, with a copy of the manifest and the
lockfile that were checked before, and with those settings of the project that are harmless. The user's
own settings (`~/.npmrc`, the global file, the environment) hold as ever.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

MANIFEST = "package.json"
LOCKFILE = "package-lock.json"
SETTINGS = ".npmrc"
# What neither starts a program nor names an address, a file or a folder.
HARMLESS = frozenset(
    {
        "audit",
        "audit-level",
        "allow-directory",
        "allow-file",
        "allow-git",
        "allow-remote",
        "allow-scripts",
        "before",
        "bin-links",
        "color",
        "engine-strict",
        "fetch-retries",
        "fetch-retry-factor",
        "fetch-retry-maxtimeout",
        "fetch-retry-mintimeout",
        "fetch-timeout",
        "foreground-scripts",
        "fund",
        "ignore-scripts",
        "include",
        "install-strategy",
        "legacy-peer-deps",
        "lockfile-version",
        "loglevel",
        "maxsockets",
        "min-release-age",
        "min-release-age-exclude",
        "offline",
        "omit",
        "omit-lockfile-registry-resolved",
        "package-lock",
        "prefer-dedupe",
        "prefer-offline",
        "prefer-online",
        "progress",
        "save",
        "save-exact",
        "save-prefix",
        "strict-allow-scripts",
        "strict-peer-deps",
        "tag",
        "update-notifier",
    }
)
# These win over every `.npmrc`. No package of ours comes by git: an older npm, which does not know
# `allow-git`, finds a program that cannot be started.
ALWAYS = (
    "--ignore-scripts",
    "--no-workspaces",
    "--allow-git=none",
    "--allow-file=none",
    "--allow-directory=none",
    f"--git={os.devnull}",
)

_SETTING = re.compile(r"\s*([A-Za-z-]+)\s*=\s*([\w.,^~@/+-]*)\s*")
_NAME = r"(?:@[^/\\\s:%.][^/\\\s:%]*/)?[^/\\\s:%.@][^/\\\s:%]*"
_PLACE = re.compile(rf"node_modules/{_NAME}(?:/node_modules/{_NAME})*")
# A version, a range or a tag of a registry; an alias of one.
_RANGE = re.compile(rf"(?:npm:{_NAME}(?:@|\Z))?(?![.])[^/\\:]*")
_ARCHIVE = re.compile(r"\.(?:tgz|tar\.gz|tar)\Z", re.IGNORECASE)
_DEPENDENCIES = ("dependencies", "devDependencies", "optionalDependencies", "peerDependencies")
_LARGEST = {MANIFEST: 1024 * 1024, LOCKFILE: 64 * 1024 * 1024, SETTINGS: 64 * 1024}
_CONFIG_SECONDS = 60


class NpmRefusedError(Exception):
    """npm is not run on a project; the message says why, as the end of a sentence."""


def find() -> str | None:
    """Return the absolute path of the user's npm.

    Relative entries of the PATH, such as `node_modules/.bin`, are left out: a project would choose the program.
    """
    entries = [entry for entry in os.environ.get("PATH", os.defpath).split(os.pathsep) if Path(entry).is_absolute()]
    return shutil.which("npm", path=os.pathsep.join(entries))


def prepare(npm: str, project: Path, scratch: Path) -> None:
    """Copy what npm needs of a project into a fresh folder, once it is known to be harmless.

    Args:
        npm: from `find`.
        project: holds `package.json` and `package-lock.json`.
        scratch: an empty folder.

    Raises:
        NpmRefusedError: the project would make npm start a program, leave the folder or contact an address.
    """
    settings = _harmless_settings(_content(project, SETTINGS).decode(errors="replace"))
    manifest, lockfile = _document(project, MANIFEST), _document(project, LOCKFILE)
    _check_manifest(manifest)
    hosts = set(_check_lockfile(lockfile))
    if hosts and not hosts <= _own_registries(npm, scratch):
        raise NpmRefusedError(f"{LOCKFILE} names {', '.join(sorted(hosts))}, which is no registry of yours")
    # Corepack, which may stand behind `npm`, would fetch and start the package manager named there.
    kept = {name: value for name, value in manifest.items() if name not in {"packageManager", "devEngines"}}
    (scratch / MANIFEST).write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    (scratch / LOCKFILE).write_bytes(_content(project, LOCKFILE))
    (scratch / SETTINGS).write_text(settings, encoding="utf-8")


def run(npm: str, scratch: Path, *arguments: str, output: int, timeout: float) -> int:
    """Run npm in a folder that `prepare` has filled, and return its exit code.

    Raises:
        OSError: it cannot be started.
        subprocess.TimeoutExpired: it was ended after `timeout` seconds.
    """
    return subprocess.run(  # noqa: S603 - a list of arguments, never a shell
        [npm, *arguments, *ALWAYS],
        cwd=scratch,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        check=False,
        timeout=timeout,
    ).returncode


def _environment() -> Mapping[str, str]:
    return {**os.environ, "COREPACK_ENABLE_PROJECT_SPEC": "0", "COREPACK_ENV_FILE": "0"}


def _content(project: Path, name: str) -> bytes:
    """Return the content of a plain file; a missing `.npmrc` is empty."""
    path = project / name
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode):
            raise NpmRefusedError(f"{name} is no plain file")
        if status.st_size > _LARGEST[name]:
            raise NpmRefusedError(f"{name} is too large")
        return path.read_bytes()
    except FileNotFoundError:
        if name == SETTINGS:
            return b""
        raise NpmRefusedError(f"there is no {name}") from None
    except OSError as error:
        raise NpmRefusedError(f"{name} cannot be read: {error.strerror}") from error


def _document(project: Path, name: str) -> dict[str, Any]:
    try:
        document = json.loads(_content(project, name))
    except (ValueError, RecursionError) as error:
        raise NpmRefusedError(f"{name} is no JSON") from error
    if not isinstance(document, dict):
        raise NpmRefusedError(f"{name} is no JSON object")
    return document


def _harmless_settings(text: str) -> str:
    """Return the settings of a `.npmrc`, spelt so that npm reads what was checked here.

    Raises:
        NpmRefusedError: it has others than harmless ones; the message names them.
    """
    lines = [line for line in text.splitlines() if line.strip() and line.strip()[0] not in ";#"]
    found = [(line, _SETTING.fullmatch(line)) for line in lines]
    odd = [line for line, setting in found if setting is None or setting[1] not in HARMLESS]
    if odd:
        names = ", ".join(sorted({shown(line.partition("=")[0].strip(), 100) for line in odd}))
        raise NpmRefusedError(f"{SETTINGS} sets {names}, and only settings that start and contact nothing are followed")
    return "".join(f"{setting[1]}={setting[2]}\n" for _, setting in found if setting)


def _check_manifest(manifest: Mapping[str, Any]) -> None:
    if manifest.get("workspaces"):
        raise NpmRefusedError(f"{MANIFEST} has workspaces, which are other folders")
    _check_dependencies(manifest, MANIFEST)
    _check_specifiers(_overrides(manifest.get("overrides", {})), MANIFEST)


def _check_lockfile(lockfile: Mapping[str, Any]) -> Iterator[str]:
    """Check a lockfile and yield the hosts that it names."""
    packages = lockfile.get("packages")
    if lockfile.get("lockfileVersion") != 3 or not isinstance(packages, dict):  # noqa: PLR2004 - npm 7 and newer
        raise NpmRefusedError(f"{LOCKFILE} is not of version 3")
    for place, package in packages.items():
        if not isinstance(package, dict) or (place and not _PLACE.fullmatch(place)):
            raise NpmRefusedError(f"{LOCKFILE} puts a package at {shown(place, 100)}")
        if package.get("link") or (not place and package.get("workspaces")):
            raise NpmRefusedError(f"{LOCKFILE} links {shown(place, 100)} to another folder")
        _check_dependencies(package, LOCKFILE)
        if "resolved" in package:
            yield _host_of(package["resolved"])


def _check_dependencies(package: Mapping[str, Any], source: str) -> None:
    for section in _DEPENDENCIES:
        wanted = package.get(section, {})
        if not isinstance(wanted, dict):
            raise NpmRefusedError(f"{source} has odd {section}")
        _check_specifiers(wanted.items(), source)


def _check_specifiers(pairs: Iterable[tuple[str, object]], source: str) -> None:
    """Refuse what is no version of a registry: git, a URL, a folder, an archive."""
    for name, wanted in pairs:
        plain = isinstance(wanted, str) and _RANGE.fullmatch(wanted) and not _ARCHIVE.search(wanted)
        if not plain or not re.fullmatch(_NAME, name.removeprefix("$")):
            raise NpmRefusedError(f"{source} wants {shown(name, 100)} from {shown(str(wanted), 100)}, no registry")


def _overrides(overrides: object) -> Iterator[tuple[str, object]]:
    """Yield the names and versions of `overrides`, however deep they lie."""
    if not isinstance(overrides, dict):
        yield "overrides", overrides
        return
    for name, wanted in overrides.items():
        if isinstance(wanted, dict):
            yield from _overrides(wanted)
        elif name == ".":
            yield "overrides", wanted
        else:
            yield re.sub(r"(?<=.)@.*", "", name), wanted


def _host_of(resolved: object) -> str:
    from urllib.parse import urlsplit

    try:
        address = urlsplit(str(resolved))
        # Over http a token of the user would be sent in the open: npm sends it to the host, whatever the scheme.
        if address.scheme == "https" and address.netloc == (address.netloc.rpartition("@")[2]) and address.netloc:
            return address.netloc.lower()
    except ValueError:
        pass
    raise NpmRefusedError(f"{LOCKFILE} gets a package from {shown(str(resolved), 100)}, no https address")


def _own_registries(npm: str, scratch: Path) -> set[str]:
    """Return the hosts of the registries that the user's own settings name."""
    from urllib.parse import urlsplit

    try:
        listed = subprocess.run(  # noqa: S603 - a list of arguments, never a shell
            [npm, "config", "list", "--json", "--no-workspaces"],
            cwd=scratch,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_CONFIG_SECONDS,
        ).stdout
        settings = json.loads(listed)
        named = [str(value) for key, value in settings.items() if key == "registry" or key.endswith(":registry")]
        return {urlsplit(address).netloc.lower() for address in named}
    except (OSError, ValueError, AttributeError, subprocess.TimeoutExpired):
        return set()
