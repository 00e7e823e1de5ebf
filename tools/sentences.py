"""Print random sentences of the documents, to check whether each is plain: python tools/sentences.py --seed 1."""

from __future__ import annotations

import argparse
import random
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Code blocks, generated parts, tables' rules and headings are no sentences.
NO_PROSE = re.compile(r"(?ms)^```.*?^```$|<!-- (?:begin|table: begin).*?end -->|^[#|: -]+$|^#.*?$")
BREAK = re.compile(r"(?<=[.!?:])\s+(?=[A-Z`*\"])|\n\s*\n|\n(?=[-|\d])|\s\|\s")
LEAST_WORDS = 5


def sentences() -> list[str]:
    """Return the sentences of all documents, each with its file."""
    found = []
    for path in sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), ROOT / "benchmarks" / "README.md"]):
        text = NO_PROSE.sub("\n\n", path.read_text(encoding="utf-8"))
        pieces = (" ".join(piece.split()).strip("-| ") for piece in BREAK.split(text))
        found += [f"{path.relative_to(ROOT)}: {piece}" for piece in pieces if len(piece.split()) > LEAST_WORDS]
    return found


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--number", type=int, default=20)
    chosen = parser.parse_args()
    everything = sentences()
    drawn = random.Random(chosen.seed).sample(everything, min(chosen.number, len(everything)))  # noqa: S311 - no secret
    print(*drawn, sep="\n")
