"""The catalogue as plain data, out of the files at the top of the repository.

A wheel has the result in one file, because those files are not part of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

ALWAYS = "true"


def gathered(root: Path) -> dict[str, Any]:
    """Read the catalogue; the edits that prove a control are left out.

    Args:
        root: holds `controls.yml`, `practices.yml` and `asvs.yml`.

    Returns:
        What JSON can hold: `controls`, `practices` and `levels`.
    """
    return {
        "controls": [_control(entry) for entry in _read(root / "controls.yml")],
        "practices": _read(root / "practices.yml"),
        "levels": _read(root / "asvs.yml"),
    }


def any_of(conditions: Iterable[str]) -> str:
    """Join conditions: whatever has several parts is in a project that has one of them.

    A condition that another one contains is left out: of `a` and `a and b` only `a` remains.
    """
    found = {part for condition in conditions for part in condition.split(" or ")}
    if ALWAYS in found:
        return ALWAYS
    parts = {condition: set(condition.split(" and ")) for condition in found}
    return " or ".join(sorted(one for one in found if not any(parts[other] < parts[one] for other in found)))


def _control(entry: Mapping[str, Any]) -> dict[str, Any]:
    proofs = entry["proofs"]
    return {
        "id": entry["id"],
        "statement": entry["statement"],
        "when": any_of(proof.get("when", ALWAYS) for proof in proofs),
        "asvs": entry["asvs"],
        "code": _places(proofs, "file"),
        "tests": _places(proofs, "test_file"),
    }


def _places(proofs: Iterable[Mapping[str, Any]], name: str) -> dict[str, str]:
    """Return the files of a control with the condition under which it has each."""
    found: dict[str, list[str]] = {}
    for proof in proofs:
        found.setdefault(proof[name], []).append(proof.get("when", ALWAYS))
    return {file: any_of(conditions) for file, conditions in found.items()}


def _read(path: Path) -> Any:  # noqa: ANN401 - YAML of this repository
    import yaml

    # In C where PyYAML has it: the catalogue has thousands of lines.
    return yaml.load(path.read_bytes(), getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a SafeLoader
