"""The catalogue of controls, and the table of it that a project carries.

python tools/controls.py          write template/docs/security-controls.md.jinja
python tools/controls.py --check  exit 1 when the file is not what would be written
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "controls.yml"
TABLE = ROOT / "template" / "docs" / "security-controls.md.jinja"

_HEAD = """# Security controls

Each row is a defence of this project and the attack test that proves it: take the defence away and
the test fails. Scaffold's own test run does exactly that for every row. The numbers are requirements of
the OWASP Application Security Verification Standard 5.0 that the control contributes to; this is a map,
not a certificate.

| control | what holds | ASVS 5.0 | defence | attack test |
| --- | --- | --- | --- | --- |
"""


@dataclass(frozen=True)
class Proof:
    """An attack test, and the smallest edit of the project after which it must fail.

    Attributes:
        file: where the defence stands in the project.
        text: a piece of that file; it occurs there once.
        replacement: what takes its place and leaves the project without the defence.
        test_file: where the attack test stands.
        test: title of the attack test.
        when: Jinja condition on the answers under which the project has both. Default: always.
    """

    file: str
    text: str
    replacement: str
    test_file: str
    test: str
    when: str = "true"


@dataclass(frozen=True)
class Control:
    """One defence that is claimed.

    Attributes:
        id: stable name.
        statement: what holds, in one sentence.
        asvs: requirement ids of OWASP ASVS 5.0.
        proofs: what shows that it holds; at least one.
    """

    id: str
    statement: str
    asvs: tuple[str, ...]
    proofs: tuple[Proof, ...]


def load() -> list[Control]:
    """Read the catalogue.

    Raises:
        TypeError: an entry lacks a key or has one too many.
    """
    entries = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return [
        Control(entry["id"], entry["statement"], tuple(entry["asvs"]), tuple(Proof(**p) for p in entry["proofs"]))
        for entry in entries
    ]


def _cell(row_condition: str, values: Iterable[tuple[str, str]]) -> str:
    """Join texts, each with the condition under which the project has it; the row's own needs no repetition."""
    parts: dict[str, str] = {}
    for text, when in values:
        known = when in {"true", row_condition}
        parts[text] = f"<br>{text}" if known else f"{{% if {when} %}}<br>{text}{{% endif %}}"
    return "".join(sorted(parts.values(), key=lambda part: part.startswith("{%"))).removeprefix("<br>")


def _row(control: Control) -> str:
    conditions = sorted({proof.when for proof in control.proofs})
    condition = "true" if "true" in conditions else " or ".join(conditions)
    files = _cell(condition, ((f"`{proof.file}`", proof.when) for proof in control.proofs))
    tests = _cell(
        condition, ((f"{_escaped(proof.test)} (`{proof.test_file}`)", proof.when) for proof in control.proofs)
    )
    row = f"| {control.id} | {_escaped(control.statement)} | {', '.join(control.asvs)} | {files} | {tests} |\n"
    return row if condition == "true" else f"{{% if {condition} %}}{row}{{% endif %}}"


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def table() -> str:
    """Render the project's document, with a Jinja condition around rows that depend on answers."""
    return _HEAD + "".join(_row(control) for control in load())


def main() -> int:
    """Write or check the document."""
    wanted = table()
    if "--check" not in sys.argv[1:]:
        TABLE.parent.mkdir(exist_ok=True)
        TABLE.write_text(wanted, encoding="utf-8")
        return 0
    if TABLE.exists() and TABLE.read_text(encoding="utf-8") == wanted:
        return 0
    sys.stderr.write(f"{TABLE.name} is out of date: run `python tools/controls.py`.\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
