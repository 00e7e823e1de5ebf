"""What the Dockerfile promises before anything is built."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def instructions(project: Path) -> list[tuple[str, str]]:
    """The instructions of the Dockerfile in order, continuation lines joined."""
    text = (project / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    return [(name, rest.strip()) for name, _, rest in (x.partition(" ") for x in joined.split("\n"))]


def values(project: Path, instruction: str) -> list[str]:
    """Arguments of every such instruction."""
    return [rest for name, rest in instructions(project) if name == instruction]


def final_stage(project: Path) -> list[tuple[str, str]]:
    """The instructions of what is shipped."""
    every = instructions(project)
    last = max(index for index, (name, _) in enumerate(every) if name == "FROM")
    return every[last:]


def test_every_base_image_is_named_by_digest(project: Path) -> None:
    stages = {rest.split(" AS ")[-1] for rest in values(project, "FROM") if " AS " in rest}
    images = [rest.split()[0] for rest in values(project, "FROM")]
    outside = [image for image in images if image not in stages]
    assert outside
    assert all(re.fullmatch(r"[^@]+:[\w.-]+@sha256:[0-9a-f]{64}", image) for image in outside)


def test_the_base_image_is_the_node_line_of_the_project(project: Path) -> None:
    tag = values(project, "FROM")[0].split("@")[0]
    major = (project / ".nvmrc").read_text(encoding="utf-8").strip().removeprefix("v").split(".")[0]
    assert tag.startswith(f"node:{major}.")


def test_the_process_is_no_root_and_named_by_number(project: Path) -> None:
    assert [rest for name, rest in final_stage(project) if name == "USER"] == ["10001:10001"]


def test_every_program_of_the_image_runs_with_the_flags_of_the_start_script(project: Path) -> None:
    package = json.loads((project / "package.json").read_text(encoding="utf-8"))
    node, *flags, program = shlex.split(package["scripts"]["start"])
    every = final_stage(project)
    options = ("ENV", f'NODE_OPTIONS="{" ".join(flags)}"')
    made = next(index for index, (name, rest) in enumerate(every) if name == "RUN" and "--eval" in rest)
    assert options in every[:made], "the compile cache is made with them too"
    assert json.loads(values(project, "CMD")[-1]) == [node, program]
    probe = values(project, "HEALTHCHECK")[0].partition("CMD ")[2]
    assert json.loads(probe) == ["node", "src/commands/healthcheck.ts"]


def test_signals_reach_node_because_no_shell_stands_between(project: Path) -> None:
    assert values(project, "CMD")[-1].startswith("[")
    assert 'CMD ["node", ' in values(project, "HEALTHCHECK")[0]
    assert not values(project, "ENTRYPOINT")


def test_packages_are_installed_from_the_lockfile_without_scripts(project: Path) -> None:
    install = [run for run in values(project, "RUN") if "npm" in run.split()[:1]]
    assert [shlex.split(run)[:2] for run in install] == [["npm", "ci"]]
    assert {"--omit=dev", "--ignore-scripts"} <= set(shlex.split(install[0]))


def test_the_code_stays_owned_by_root(project: Path) -> None:
    copies = [rest for name, rest in final_stage(project) if name == "COPY"]
    assert copies == ["--from=dependencies /app/node_modules ./node_modules", "package.json ./", "src ./src"]


def test_no_secret_can_enter_through_build_arguments(project: Path) -> None:
    assert not values(project, "ARG")
    names = [name for rest in values(project, "ENV") for name in re.findall(r"(\w+)=", re.sub(r'"[^"]*"', "", rest))]
    assert names == ["NODE_ENV", "HOST", "NODE_OPTIONS", "NODE_COMPILE_CACHE"]
    assert not values(project, "ADD")


def test_only_the_public_port_is_exposed(project: Path) -> None:
    assert values(project, "EXPOSE") == ["3000"]


def test_the_build_context_is_an_allow_list(project: Path) -> None:
    text = (project / ".dockerignore").read_text(encoding="utf-8")
    rules = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule for rule in rules if rule.startswith("!")} == {
        "!package.json",
        "!package-lock.json",
        "!.npmrc",
        "!src/",
    }
    assert rules[-1] == "**/.env*"


def test_a_writable_folder_exists_only_where_a_database_file_needs_it(rendered: Callable[..., Path]) -> None:
    assert "/data" in (rendered(database="sqlite") / "Dockerfile").read_text(encoding="utf-8")
    assert "/data" not in (rendered(database="postgres") / "Dockerfile").read_text(encoding="utf-8")
