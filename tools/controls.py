"""The catalogue of controls, and the document about them that each project contains.

python tools/controls.py          write template/docs/security-controls.md.jinja
python tools/controls.py --check  exit 1 if that file is out of date
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from scaffold.controls.gather import any_of

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "controls.yml"
DOCUMENT = ROOT / "template" / "docs" / "security-controls.md.jinja"

_HEAD = """# Security controls

Each section is one defence of this project: what it does, the code, and the tests that attack it. If you remove the
defence, its attack test fails; Scaffold's own tests check that for every control. A file
below `tests/` or `scaffold/` is in the repository of Scaffold: the test checks a rule that you may change, or how your
project was made. The numbers are requirements of
the OWASP Application Security Verification Standard (ASVS) 5.0 that the control contributes to. They are a map, not a
certificate.

"""

# Chapter of a control: the first whose word begins the name of its first test file.
_CHAPTERS = {
    "Passwords and sign-in": ("password", "common-password", "login", "throttle", "account-ceiling", "hashing"),
    "Registration and mail": ("registration", "mail", "outbox", "account-timing", "create-user"),
    "Tokens and sessions": ("auth-", "sessions", "disabled-account", "account-deletion"),
    "Authorization and ownership": (
        "authorization",
        "feature",
        "ownership",
        "exposure",
        "responses",
        "route-",
        "quotas",
    ),
    "Database": ("database", "injection", "query-plans"),
    "Response headers and CORS": ("headers", "cors"),
    "Requests and input": ("body", "event-loop", "host", "input", "parser", "proxies", "routing"),
    "Rate limits, connections and timeouts": ("rate-limit", "connections", "pipelining", "timeouts"),
    "Errors, logs and security events": ("problems", "log", "security-events"),
    "Configuration and secrets": ("configuration", "field-encryption", "production", "setup", "start"),
    "Operation": ("health", "metrics", "shutdown", "upkeep"),
    "API document and security.txt": ("openapi", "security-txt"),
    "Code and dependencies": ("dependencies", "lint", "package"),
    "Containers": ("test_image", "test_compose"),
    "Workflows": ("test_workflows",),
    "How the project was made": ("test_source", "test_render", "test_releases", "test_hostile"),
}
_OTHERS = "Other controls"


@dataclass(frozen=True)
class Edit:
    """A change of one file of the project.

    Attributes:
        file: path in the project.
        text: a part of that file; it occurs there once.
        replacement: the text to put there.
    """

    file: str
    text: str
    replacement: str


@dataclass(frozen=True)
class Proof:
    """An attack test, and the smallest edit of the project after which it must fail.

    Attributes:
        file: file of the project that contains the defence. Below `scaffold/` it is a file of this repository.
        text: a part of that file; it occurs there once.
        replacement: the text to put there, so that the project is without the defence.
        test_file: file of the attack test, in the project. Below `tests/` it is a file of this repository, for a rule
            that the owner of a project may change: of Node's test runner (`.ts`) or of pytest (`.py`).
        test: title of the attack test; of pytest the name of the function.
        when: Jinja condition on the answers under which the project has both. Default: always.
        further: edits that the first one needs, for example an import. Default: none.
        tolerates: flaws of the proof (`tests/mutation/judge.py`) that are right here, each with the reason.
    """

    file: str
    text: str
    replacement: str
    test_file: str
    test: str
    when: str = "true"
    further: tuple[Edit, ...] = ()
    tolerates: Mapping[str, str] = field(default_factory=dict)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All changes that remove the defence."""
        return (Edit(self.file, self.text, self.replacement), *self.further)

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> Proof:
        """Read an entry of the catalogue."""
        return cls(**{**entry, "further": tuple(Edit(**edit) for edit in entry.get("further", ()))})


@dataclass(frozen=True)
class Control:
    """One defence that the project claims.

    Attributes:
        id: stable name.
        statement: what the defence does, in one sentence.
        asvs: requirement ids of OWASP ASVS 5.0.
        proofs: the tests of it; at least one.
    """

    id: str
    statement: str
    asvs: tuple[str, ...]
    proofs: tuple[Proof, ...]

    @property
    def when(self) -> str:
        """Jinja condition on the answers under which a project has the control."""
        return any_of(proof.when for proof in self.proofs)


def load() -> list[Control]:
    """Read the catalogue.

    Raises:
        TypeError: an entry lacks a key or has one too many.
    """
    entries = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return [
        Control(entry["id"], entry["statement"], tuple(entry["asvs"]), tuple(map(Proof.of, entry["proofs"])))
        for entry in entries
    ]


def _chapter(control: Control) -> str:
    file = Path(control.proofs[0].test_file).name
    return next((title for title, words in _CHAPTERS.items() if file.startswith(words)), _OTHERS)


def _if(condition: str, text: str) -> str:
    return text if condition == "true" else f"{{% if {condition} %}}{text}{{% endif %}}"


def _files(control: Control, name: str) -> str:
    """List files of a control; those that not every project with this control has are left to Jinja."""
    conditions: dict[str, set[str]] = {}
    for proof in control.proofs:
        conditions.setdefault(f"`{getattr(proof, name)}`", set()).add(proof.when)
    needed = {file: any_of(found) for file, found in conditions.items()}
    if set(needed.values()) <= {"true", control.when}:
        return ", ".join(needed)
    items = (f'"{file}"' + ("" if when == "true" else f" if {when} else ''") for file, when in needed.items())
    return f"{{{{ [{', '.join(items)}] | select | join(', ') }}}}"


def _section(control: Control) -> str:
    lines = [
        f"### {control.id}\n",
        f"{control.statement.replace('<', '&lt;')}\n",
        f"- ASVS: {', '.join(control.asvs)}",
        f"- Code: {_files(control, 'file')}",
        f"- Attacked in: {_files(control, 'test_file')}\n\n",
    ]
    return _if(control.when, "\n".join(lines))


def document() -> str:
    """Write the project's document, with Jinja conditions around what depends on answers."""
    chapters: dict[str, list[Control]] = {title: [] for title in (*_CHAPTERS, _OTHERS)}
    for control in load():
        chapters[_chapter(control)].append(control)
    contents, text = "", ""
    for title, controls in chapters.items():
        if controls:
            condition = any_of(control.when for control in controls)
            anchor = re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
            contents += _if(condition, f"- [{title}](#{anchor})\n")
            text += _if(condition, f"## {title}\n\n") + "".join(_section(control) for control in controls)
    return f"{_HEAD}{contents}\n{text}".rstrip("\n") + "\n"


def main() -> int:
    """Write or check the document."""
    wanted = document()
    if "--check" not in sys.argv[1:]:
        DOCUMENT.parent.mkdir(exist_ok=True)
        DOCUMENT.write_text(wanted, encoding="utf-8")
        return 0
    if DOCUMENT.exists() and DOCUMENT.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write(f"{DOCUMENT.name} is out of date: run `python tools/controls.py`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
