"""`docs/walk.md` records what its commands print."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tools.walk import DOCUMENT, WalkFailedError, commands_in, differences, section_commands, walked

if TYPE_CHECKING:
    from pathlib import Path

ID = "74e4bae9-8ed9-42db-8e26-cd1178f2b82b"
OTHER = "aaadc0fc-157d-4da8-9158-bcc0885bed80"


@pytest.mark.matrix
@pytest.mark.timeout(1800)
def test_the_commands_of_the_walk_print_what_it_records() -> None:
    recorded = DOCUMENT.read_text(encoding="utf-8")
    found = differences(recorded, walked(recorded))
    assert not found, f"{found}\nIf this is right, run: python -m tools.walk"


def test_only_figures_may_differ() -> None:
    assert differences(f'{{"id":"{ID}"}} in 8s, commit 6b856b0', f'{{"id":"{OTHER}"}} in 61s, commit ea00de8') == ""
    assert "+200" in differences("401\n", "200\n")
    assert differences("created", "changed") != ""


def test_a_command_can_have_several_lines() -> None:
    block = ["$ cat << 'END'", "> first", ">", "> END", "first", "$ ls"]
    assert commands_in(block) == ["cat << 'END'\nfirst\n\nEND", "ls"]


def test_the_commands_of_a_section_of_a_document_are_its_blocks(tmp_path: Path) -> None:
    document = tmp_path / "AGENTS.md"
    recipe = "```sh recipe\ncp a b\nls\n```\n\ntext\n\n```ts src/b.ts\nexport {};\n```\n"
    document.write_text(f"## Add\n\n{recipe}\n## Next\n\n```sh\nno\n```\n")
    assert section_commands(document, "Add") == ["cp a b\nls", "cat > src/b.ts << 'END'\nexport {};\nEND"]
    with pytest.raises(WalkFailedError, match="no commands in a section 'Missing'"):
        section_commands(document, "Missing")
