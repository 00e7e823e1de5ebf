"""Each defence of the generator is taken out of a copy of it; the test that attacks it must then fail."""

from __future__ import annotations

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.command import environment

ROOT = Path(__file__).parents[2]
NEEDED = ("scaffold", "template", "tests", "tools", "copier.yml", "pyproject.toml", "CHANGELOG.md")
CANARIES, REPOSITORIES, TEMPLATES = "test_canaries.py", "test_repositories.py", "test_templates.py"


@dataclass(frozen=True)
class Defence:
    """One defence.

    Attributes:
        name: what it is.
        edits: file of the package, text in it and what stands there without the defence.
        file: file of the test that attacks it.
        test: expression that selects the test.
        seen: what the failing test shows: the canary that sang, or what else came true.
    """

    name: str
    edits: tuple[tuple[str, str, str], ...]
    file: str
    test: str
    seen: str


UNUSED = "harmless.setting"
DEFENCES = (
    Defence(
        "a bare repository inside a clone is not looked for",
        (
            ("git/run.py", '"safe.bareRepository"', f'"{UNUSED}"'),
            # It would be refused as well because its files lie in the folder of another repository.
            ("git/view.py", "if nearest is None or not place.top.samefile(nearest):", "if nearest is None:"),
        ),
        CANARIES,
        "bare_repository",
        "filter-smudge",
    ),
    Defence(
        "no fsmonitor",
        (("git/run.py", '"core.fsmonitor"', f'"{UNUSED}"'),),
        CANARIES,
        "updating_an_unpacked",
        "fsmonitor",
    ),
    Defence(
        "no hook",
        (("git/run.py", '"core.hooksPath"', f'"{UNUSED}"'),),
        CANARIES,
        "hooks_that_lie",
        "elsewhere-post-index-change",
    ),
    Defence(
        "no owner's hook while creating",
        (("git/run.py", '"core.hooksPath"', f'"{UNUSED}"'),),
        TEMPLATES,
        "no_hook_and_no_filter",
        "own-",
    ),
    Defence(
        "no name that macOS takes for .git",
        (("git/run.py", '"core.protectHFS"', f'"{UNUSED}"'),),
        TEMPLATES,
        "cannot_be_checked_out",
        "DID NOT RAISE",
    ),
    Defence(
        "no fetching of missing objects",
        (("git/run.py", '"GIT_ALLOW_PROTOCOL": "", ', ""),),
        CANARIES,
        "objects_that_a_project_misses",
        "promisor",
    ),
    Defence(
        "no program by way of a transport",
        (("git/run.py", '"file:git:https:ssh"', '"file:git:https:ssh:ext"'),),
        TEMPLATES,
        "address_that_is_a_program",
        "transport",
    ),
    Defence(
        "no git of the project's own",
        (("git/run.py", "if Path(entry).is_absolute()]", "]"),),
        CANARIES,
        "looking_at_an_unpacked",
        "git-in-bin",
    ),
    Defence(
        "nobody's configuration where we compute",
        (
            (
                "git/run.py",
                'NOBODYS_CONFIGURATION = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}',
                "NOBODYS_CONFIGURATION: dict[str, str] = {}",
            ),
        ),
        TEMPLATES,
        "no_hook_and_no_filter",
        "own-",
    ),
    Defence(
        "a view without the repository's configuration",
        (
            (
                "git/view.py",
                "return Git(folder.resolve(), surrounding, settings, _PATIENCE_SECONDS)",
                "return _patient(folder)",
            ),
        ),
        CANARIES,
        "looking_at_an_unpacked",
        "filter-clean",
    ),
    Defence(
        "a view that takes over named settings only",
        (
            ("git/view.py", "_COMPARING.fullmatch(name)", "name"),
            ("git/view.py", "_PLAIN.fullmatch(value)", "value"),
        ),
        CANARIES,
        "looking_at_an_unpacked",
        "filter-clean",
    ),
    Defence(
        "submodules are not asked while looking",
        (
            (
                "inspect/comparison.py",
                '_put(git, [f"0 {missing_object(',
                '_put(git, [] and [f"0 {missing_object(',
            ),
        ),
        CANARIES,
        "looking_at_an_unpacked",
        "sub-clean",
    ),
    Defence(
        "submodules are not asked while planning",
        (("project/record.py", "--ignore-submodules=dirty", "--ignore-submodules=none"),),
        CANARIES,
        "looking_at_an_unpacked",
        "sub-clean",
    ),
    Defence(
        "submodules are not asked while updating",
        (("update/obstacles.py", "--ignore-submodules=dirty", "--ignore-submodules=none"),),
        CANARIES,
        "updating_an_unpacked",
        "sub-clean",
    ),
    Defence(
        "a dry run puts nothing back",
        (("update/plan.py", "if request.dry_run and is_unf", "if False and is_unf"),),
        CANARIES,
        "dry_run_does_not_check_out",
        "filter-",
    ),
    Defence(
        "a working tree elsewhere is refused",
        (("git/view.py", "if nearest is None or not place.top.samefile(nearest):", "if nearest is None:"),),
        REPOSITORIES,
        "working_tree_that_lies_elsewhere",
        "no-commit",
    ),
    Defence(
        "another's repository is refused",
        (("git/view.py", 'git_dir.name != ".git" or git_dir.parent == nearest', "True"),),
        REPOSITORIES,
        "another_projects_repository",
        "DID NOT RAISE",
    ),
    Defence(
        "another's linked working tree is refused",
        (("git/view.py", "at_home = back.is_file() and", "at_home = True or"),),
        REPOSITORIES,
        "anothers_linked",
        "DID NOT RAISE",
    ),
    Defence(
        "an index that is a link is refused",
        (("git/view.py", ' or (place.git_dir / "index").is_symlink()', ""),),
        REPOSITORIES,
        "index_that_is_a_link",
        "DID NOT RAISE",
    ),
    Defence(
        "git is given up when it waits for ever",
        (("git/run.py", "timeout=self.patience,", "timeout=None,"),),
        REPOSITORIES,
        "waits_for_ever",
        "DID NOT RAISE",
    ),
    Defence(
        "a forged journal cannot name files outside",
        (("update/journal.py", "if not stays_inside(path):", "if False:"),),
        REPOSITORIES,
        "forged_journal and outside",
        "FileNotFoundError",
    ),
    Defence(
        "a forged journal cannot reach through a link",
        (
            ("update/journal.py", " or behind_link(top.folder, touched.path)", ""),
            ("update/journal.py", " and not behind_link(top.folder, file.path)", ""),
        ),
        REPOSITORIES,
        "forged_journal and link",
        "FileNotFoundError",
    ),
    Defence(
        "nothing is rendered into .git",
        (("template/render.py", "    if code:\n", "    if False:\n"),),
        TEMPLATES,
        "renders_into_git",
        "DID NOT RAISE",
    ),
    Defence(
        "no link leads out of a new project",
        (("template/render.py", "    if links:\n", "    if False:\n"),),
        TEMPLATES,
        "link_out_of_the_project or through_a_link",
        "DID NOT RAISE",
    ),
    Defence(
        "a repository that a template brought is not used",
        (
            ("template/render.py", "    if code:\n", "    if False:\n"),
            ("new/first_commit.py", 'if os.path.lexists(project / ".git"):', "if False:"),
        ),
        TEMPLATES,
        "repository_of_a_template",
        "brought-clean",
    ),
    Defence(
        "files of a new project are staged without filters",
        (("new/first_commit.py", "git = staging(project)", "git = creating(project)"),),
        TEMPLATES,
        "no_hook_and_no_filter",
        "own-clean",
    ),
    Defence(
        "a fetched template is checked out without filters",
        (
            (
                "template/releases.py",
                "git = bare(self.repository).with_environment(",
                "git = fetching(self.repository).with_environment(GIT_DIR=str(self.repository), ",
            ),
        ),
        TEMPLATES,
        "no_hook_and_no_filter",
        "own-smudge",
    ),
)


@pytest.mark.mutation
@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.name)
def test_without_the_defence_its_attack_succeeds(tmp_path: Path, defence: Defence) -> None:
    for name in NEEDED:
        source = ROOT / name
        (shutil.copytree if source.is_dir() else shutil.copy2)(source, tmp_path / name)
    for name, text, replacement in defence.edits:
        path = tmp_path / "scaffold" / name
        content = path.read_text(encoding="utf-8")
        assert content.count(text) == 1, f"{name} holds it {content.count(text)} times: {text}"
        path.write_text(content.replace(text, replacement), encoding="utf-8")
    selected = (f"tests/hostile/{defence.file}", "-k", defence.test)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-vv", "-p", "no:cacheprovider", *selected],
        cwd=tmp_path,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 1, done.stdout
    failures = [line for line in done.stdout.splitlines() if line.startswith("E  ")]
    assert any(defence.seen in line for line in failures), "\n".join(failures)


@pytest.mark.parametrize("defence", DEFENCES, ids=lambda defence: defence.name)
def test_the_defence_stands_where_the_table_says(defence: Defence) -> None:
    for name, text, _ in defence.edits:
        assert (ROOT / "scaffold" / name).read_text(encoding="utf-8").count(text) == 1
