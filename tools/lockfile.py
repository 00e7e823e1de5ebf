"""Generate ``template/package-lock.json.jinja`` from one resolution of all dependencies of the template.

``template/package.json.jinja`` lists the dependencies; one that belongs to an answer is between
``{%- if CONDITION %}`` and ``{%- endif %}``. npm resolves all of them together, once. A project contains a package of
that resolution if one of the project's own dependencies needs it. So the condition of a package is the ``or`` of the
conditions of these dependencies; the same is true for its flags (``dev``, ``optional``, …). tests/template compares
the result with npm for every combination of answers.

    python -m tools.lockfile            resolve what changed in package.json.jinja, keep every other version
    python -m tools.lockfile --refresh  resolve all dependencies again
    python -m tools.lockfile --check    write nothing; exit 1 if the file is out of date
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tools.node import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

TEMPLATE = Path(__file__).resolve().parent.parent / "template"
MANIFEST = TEMPLATE / "package.json.jinja"
LOCKFILE = TEMPLATE / "package-lock.json.jinja"

ALWAYS = ""
IF = re.compile(r"\{%- if (.+?) %\}")
TAG = re.compile(r"\{%-? .+? %\}")
VALUE = re.compile(r"\{\{ (\w+) \| to_json \}\}")
# A key of the manifest whose value is inserted; any other value is a literal and stays one.
INSERTED = re.compile(rf'"(\w+)": {VALUE.pattern}')
DEPENDENCY = re.compile(r'\s+"([^"]+)": "[^"]+",?')

# npm writes these keys first, then the plain values by name, then the objects.
LEADING_KEYS = ("version", "resolved", "integrity")
FLAGS = ("dev", "optional", "devOptional", "peer", "extraneous")

Package = dict[str, Any]
Conditions = frozenset[str]


class ConditionalFirstEntryError(ValueError):
    """The first entry of an object depends on an answer, so the comma after it cannot be right for all."""


class Edge(NamedTuple):
    """One dependency of one package: its entry in ``packages``, and its kind."""

    to: str
    peer: bool
    optional: bool


class Item(NamedTuple):
    """A piece of JSON text and the condition under which a project has it."""

    text: str
    condition: str


def without_tags(text: str) -> object:
    """Read a template of JSON with every condition true and every value replaced by its question's name."""
    return json.loads(VALUE.sub(r'"\1"', TAG.sub("", text)))


def dependency_conditions(manifest: str) -> dict[str, str]:
    """Map each name of package.json.jinja to its Jinja condition (``ALWAYS`` for none)."""
    conditions = {}
    condition = ALWAYS
    for line in manifest.splitlines():
        if opened := IF.fullmatch(line):
            condition = opened[1]
        elif line == "{%- endif %}":
            condition = ALWAYS
        elif named := DEPENDENCY.fullmatch(line):
            conditions[named[1]] = condition
    return conditions


def resolve(manifest: str, previous: str | None, npm: Iterable[str]) -> dict[str, Package]:
    """Resolve the union of all dependencies with npm; versions of ``previous`` stay if they still match."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "package.json").write_text(json.dumps(without_tags(manifest), indent=2))
        Path(folder, ".npmrc").write_text((TEMPLATE / ".npmrc").read_text())
        lockfile = Path(folder, "package-lock.json")
        if previous is not None:
            lockfile.write_text(json.dumps(without_tags(previous), indent=2))
        subprocess.run(
            [*npm, "install", "--package-lock-only", "--no-audit", "--loglevel=error"],
            cwd=folder,
            env=environment(),
            check=True,
            stdout=sys.stderr,
        )
        packages: dict[str, Package] = json.loads(lockfile.read_text())["packages"]
        return packages


def located(packages: dict[str, Package], start: str, name: str) -> str | None:
    """Find ``name`` as Node does: in the package's own node_modules, then in those of the folders above."""
    folder = start
    while True:
        candidate = f"{folder}/node_modules/{name}".lstrip("/")
        if candidate in packages:
            return candidate
        if not folder:
            return None
        folder = folder.rpartition("node_modules/")[0].rstrip("/")


def edges(packages: dict[str, Package], path: str) -> Iterator[Edge]:
    """Yield the dependencies of an installed package, optional and peer ones included."""
    package = packages[path]
    meta = package.get("peerDependenciesMeta", {})
    kinds = (
        (package.get("dependencies", {}), False, False),
        (package.get("optionalDependencies", {}), False, True),
        (package.get("peerDependencies", {}), True, False),
    )
    for names, peer, optional in kinds:
        for name in names:
            to = located(packages, path, name)
            if to:
                yield Edge(to, peer, optional or (peer and meta.get(name, {}).get("optional", False)))


def reached(
    packages: dict[str, Package], roots: dict[str, str], follows: Callable[[Edge], bool]
) -> dict[str, Conditions]:
    """Collect, for every package, the conditions of the ``roots`` from which edges of one kind reach it."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    queue = [(f"node_modules/{name}", condition) for name, condition in roots.items()]
    while queue:
        path, condition = queue.pop()
        if condition not in found[path]:
            found[path].add(condition)
            queue += [(edge.to, condition) for edge in edges(packages, path) if follows(edge)]
    return defaultdict(frozenset, {path: frozenset(conditions) for path, conditions in found.items()})


def expression(conditions: Conditions) -> str:
    """Write "any of these" as Jinja; ``ALWAYS`` when one of them is always true."""
    return ALWAYS if ALWAYS in conditions else " or ".join(sorted(conditions))


def flag_condition(wanted: Conditions, spared: Conditions) -> str | None:
    """Return the condition for a flag that ``spared`` removes, in a package under ``wanted``; None for never."""
    if ALWAYS in spared or wanted <= spared:
        return None
    return f"not ({expression(spared)})" if spared else ALWAYS


def flags(
    packages: dict[str, Package], production: dict[str, str], development: dict[str, str]
) -> Iterator[tuple[str, dict[str, str], str]]:
    """Yield each package with the conditions of its flags and of itself, by npm's rules."""
    everything = production | development
    present = reached(packages, everything, lambda edge: not (edge.peer and edge.optional))
    not_dev = reached(packages, production, lambda _: True)
    not_optional = reached(packages, everything, lambda edge: not edge.optional)
    not_peer = reached(packages, everything, lambda edge: not edge.peer)
    for path in packages:
        if path:
            wanted = present[path]
            rules = {"dev": not_dev, "optional": not_optional, "peer": not_peer}
            stands = {flag: flag_condition(wanted, spared[path]) for flag, spared in rules.items()}
            yield path, {flag: at for flag, at in stands.items() if at is not None}, expression(wanted)


def joined(items: list[Item]) -> str:
    """Join pieces of JSON; the commas are correct for every combination of the conditional ones."""
    if items[0].condition:
        raise ConditionalFirstEntryError(items[0].text)
    text = items[0].text
    held = ALWAYS
    for item in items[1:]:
        if item.condition != held:
            text += "\n{%- endif %}" if held else ""
            text += f"\n{{%- if {item.condition} %}}" if item.condition else ""
            held = item.condition
        text += f",\n{item.text}"
    return text + ("\n{%- endif %}" if held else "")


def as_json(value: object, indent: int) -> str:
    """Write a value as npm does, with its later lines ``indent`` spaces in."""
    return json.dumps(value, indent=2, ensure_ascii=False).replace("\n", "\n" + " " * indent)


def entry(path: str, package: Package, flag_conditions: dict[str, str]) -> str:
    """Write one package of the lockfile."""
    plain = {key: value for key, value in package.items() if key not in FLAGS} | dict.fromkeys(flag_conditions, True)

    def order(key: str) -> tuple[int, int, str]:
        if isinstance(plain[key], dict | list):
            return 2, 0, ""
        return (0, LEADING_KEYS.index(key), "") if key in LEADING_KEYS else (1, 0, key)

    items = [
        Item(f'      "{key}": {as_json(plain[key], 6)}', flag_conditions.get(key, ALWAYS))
        for key in sorted(plain, key=order)
    ]
    return f'    "{path}": {{\n{joined(items)}\n    }}'


def inserted(key: str, value: object, manifest: str, indent: int) -> str:
    """Write a value of the project's own entry: as the manifest has it, an inserted answer or a literal."""
    names = dict(INSERTED.findall(manifest))
    return f"{{{{ {names[key]} | to_json }}}}" if key in names else as_json(value, indent)


def root_entry(root: Package, conditions: dict[str, str], manifest: str) -> str:
    """Write the project's own entry, with its conditional dependencies."""
    parts = []
    for key, value in root.items():
        if key.endswith("ependencies"):
            rows = [Item(f'        "{name}": "{version}"', conditions[name]) for name, version in value.items()]
            parts.append(f'      "{key}": {{\n{joined(rows)}\n      }}')
        else:
            parts.append(f'      "{key}": {inserted(key, value, manifest, 6)}')
    return '    "": {\n' + ",\n".join(parts) + "\n    }"


def derive(manifest: str, packages: dict[str, Package]) -> str:
    """Write the lockfile template for a resolution of ``manifest``."""
    conditions = dependency_conditions(manifest)
    root = packages[""]
    production = {name: conditions[name] for name in root["dependencies"]}
    development = {name: conditions[name] for name in root["devDependencies"]}
    items = [Item(root_entry(root, conditions, manifest), ALWAYS)]
    for path, flag_conditions, condition in flags(packages, production, development):
        items.append(Item(entry(path, packages[path], flag_conditions), condition))
    return (
        f'{{\n  "name": {inserted("name", root["name"], manifest, 2)},\n'
        f'  "version": "{root["version"]}",\n  "lockfileVersion": 3,\n  "requires": true,\n'
        f'  "packages": {{\n{joined(items)}\n  }}\n}}\n'
    )


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--refresh", action="store_true", help="resolve all dependencies again")
    mode.add_argument("--check", action="store_true", help="exit 1 when the file would change")
    options = parser.parse_args()
    manifest = MANIFEST.read_text(encoding="utf-8")
    before = LOCKFILE.read_text(encoding="utf-8") if LOCKFILE.exists() else None
    npm = ["npm", "--offline"] if options.check else ["npm"]
    try:
        after = derive(manifest, resolve(manifest, None if options.refresh else before, npm))
    except subprocess.CalledProcessError as error:
        return int(error.returncode)  # npm has said what is the matter
    if options.check:
        return 0 if after == before else 1
    LOCKFILE.write_text(after, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
