"""The catalogue of controls, and the table of it that a project carries.

python tools/controls.py          write template/docs/security-controls.md.jinja
python tools/controls.py --check  exit 1 when the file is not what would be written
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
CATALOGUE = ROOT / "scaffold" / "controls.yml"
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
class Mutation:
    """The smallest edit that removes a control: `text` occurs once in the file."""

    text: str
    replacement: str


@dataclass(frozen=True)
class Control:
    """One defence that is claimed.

    Attributes:
        id: stable name.
        statement: what holds, in one sentence.
        asvs: requirement ids of OWASP ASVS 5.0.
        when: Jinja condition on the answers under which the control is there.
        file: where the defence stands in the project.
        test_file: where its attack test stands.
        test: title of the attack test.
        mutation: the edit that removes the defence.
    """

    id: str
    statement: str
    asvs: tuple[str, ...]
    when: str
    file: str
    test_file: str
    test: str
    mutation: Mutation


def load() -> list[Control]:
    """Read the catalogue.

    Raises:
        TypeError: an entry lacks a key or has one too many.
    """
    entries = yaml.safe_load(CATALOGUE.read_text(encoding="utf-8"))
    return [
        Control(
            **{
                **entry,
                "asvs": tuple(entry["asvs"]),
                "when": str(entry["when"]).lower() if entry["when"] is True else entry["when"],
                "mutation": Mutation(**entry["mutation"]),
            }
        )
        for entry in entries
    ]


def _row(control: Control) -> str:
    defence, proof = f"`{control.file}`", f"`{control.test_file}`: {control.test}"
    cells = (control.id, control.statement, ", ".join(control.asvs), defence, proof)
    row = "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"
    if control.when == "true":
        return row
    return f"{{% if {control.when} %}}{row}{{% endif %}}"


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
