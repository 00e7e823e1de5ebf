"""A foreign template makes files and nothing else: no program of it runs, and nothing lies outside of the project."""

from __future__ import annotations

import json
import warnings
from contextlib import suppress
from pathlib import Path

import pytest
from copier import run_copy
from jinja2 import Environment

from scaffold.errors import ScaffoldError
from scaffold.files.paths import names_git
from scaffold.new.create import create_project
from scaffold.template.source import open_template
from tests.hostile.canaries import WAYS, Aviary, plant, plant_hooks, sing
from tests.hostile.grounds import Ground
from tests.hostile.test_canaries import run, silent
from tests.support.command import environment
from tests.support.small_template import ANSWERS_FILE, RECORD, as_repository, write_files

pytestmark = pytest.mark.real_workers

# Spellings that some file system takes for `.git`; git refuses them when it checks out (core.protectHFS, protectNTFS).
SPELLINGS = (
    ".git",
    ".GIT",
    ".Git",
    "git~1",
    "GIT~1",
    "git~2",
    ".git.",
    ".git ",
    ".git . .",
    ".git::$INDEX_ALLOCATION",
    ".git:stream",
    ".g\u200cit",
    "\ufeff.git",
    ".gi\u206ft",
    "src\\.git",
    ".git\\hooks",
)
HARMLESS = (".gitignore", ".github", ".gitattributes", "git", "agit~1", ".git-blame-ignore-revs", "legit~1")
# Each would give an expression the program that it names; `{}` stands for it.
ESCAPES = (
    "{{ cycler.__init__.__globals__.os.system('{}') }}",
    "{{ lipsum.__globals__['os'].system('{}') }}",
    "{{ (lipsum|attr('__globals__'))['os'].system('{}') }}",
    "{{ namespace.__init__.__globals__['__builtins__']['__import__']('os').system('{}') }}",
    (
        "{{ ''.__class__.__base__.__subclasses__()|selectattr('__name__', 'eq', '_wrap_close')"
        "|map(attribute='__init__')|map(attribute='__globals__')|map(attribute='system')"
        "|first|attr('__call__')('{}') }}"
    ),
    "{{ self.__init__.__globals__.__builtins__.__import__('os').system('{}') }}",
    "{{ joiner.__init__.__globals__.os.popen('{}').close() }}",
)
# Features of Copier that run what a template says, once it is trusted.
FEATURES = (
    "_tasks: ['{}']",
    "_tasks: [{command: '{}', when: true}]",
    "_migrations: ['{}']",
    "_jinja_extensions: ['canary.Extension']",
)


@pytest.fixture
def aviary(tmp_path: Path) -> Aviary:
    """Return an empty one."""
    return Aviary(tmp_path / "aviary")


def template(folder: Path, copier_yml: str = "", **files: str) -> str:
    """Write a template and return its address."""
    write_files(
        folder, {"copier.yml": copier_yml or "name:\n  type: str\n  default: x\n", ANSWERS_FILE: RECORD, **files}
    )
    return str(folder)


def refused(address: str, parent: Path) -> str:
    """Create a project; return the code it is refused with, once it is sure that nothing was left behind."""
    before = sorted(parent.iterdir())
    with pytest.raises(ScaffoldError) as caught:
        create_project(parent / "made", {}, template=address)
    assert sorted(parent.iterdir()) == before
    return caught.value.code


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_every_spelling_of_git_is_known(spelling: str) -> None:
    assert names_git(f"a/{spelling}/hooks/pre-commit")


@pytest.mark.parametrize("name", HARMLESS)
def test_names_that_only_look_like_git_are_rendered(name: str) -> None:
    assert not names_git(f"a/{name}/b")


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("{{ '.git' }}/hooks/pre-commit", "#!/bin/sh\n"),
        ("{{ '.git' }}/config", "[core]\n\thooksPath = .h\n"),
        ("{{ '.git' }}", "gitdir: elsewhere\n"),
        ("sub/{{ '.GIT' }}/config", ""),
        ("{{ 'git~1' }}/config", ""),
        ("sub/{{ '.g\u200cit' }}", ""),
    ],
)
@pytest.mark.parametrize("dry_run", [False, True], ids=["for good", "dry run"])
def test_a_template_that_renders_into_git_is_refused(tmp_path: Path, path: str, content: str, dry_run: bool) -> None:  # noqa: FBT001 - a case
    # Without this, Copier itself leaves out what is called exactly `.git`.
    address = template(tmp_path / "t", "_exclude: [copier.yml]\n", **{path: content})
    with pytest.raises(ScaffoldError) as caught:
        create_project(tmp_path / "made", {}, template=address, dry_run=dry_run)
    assert caught.value.code == "template-runs-code"
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize("target", ["/etc/hostname", "../outside", "a/../../outside", "loop"])
def test_a_template_with_a_link_out_of_the_project_is_refused(tmp_path: Path, target: str) -> None:
    address = template(tmp_path / "t", "_preserve_symlinks: true\n")
    (tmp_path / "t/loop").symlink_to(target)
    assert refused(address, tmp_path) == "template-leaves-project"


def test_the_record_is_not_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.write_text("_src_path: kept\n")
    address = template(tmp_path / "t", "_preserve_symlinks: true\n")
    (tmp_path / "t" / ANSWERS_FILE).unlink()
    (tmp_path / "t/.copier-answers.yml").symlink_to(outside)
    assert refused(address, tmp_path) == "template-leaves-project"
    assert outside.read_text() == "_src_path: kept\n"


def test_a_link_inside_the_project_stays(tmp_path: Path) -> None:
    address = template(tmp_path / "t", "_preserve_symlinks: true\n", **{"a/one": "1"})
    (tmp_path / "t/a/two").symlink_to("one")
    create_project(tmp_path / "made", {}, template=address)
    assert (tmp_path / "made/a/two").readlink() == Path("one")


@pytest.mark.parametrize("escape", ESCAPES)
def test_no_expression_of_a_template_reaches_a_program(tmp_path: Path, aviary: Aviary, escape: str) -> None:
    expression = escape.replace("{}", str(aviary.program("escaped", "exit 0")))
    Environment(autoescape=False).from_string(expression).render()  # noqa: S701 - the proof: without a sandbox it runs
    assert aviary.sung() == {"escaped"}
    quoted = json.dumps(expression)
    places = {
        "in a file": template(tmp_path / "file", **{"a.jinja": expression}),
        "in a default": template(tmp_path / "default", f"name:\n  type: str\n  default: {quoted}\n"),
        "in a validator": template(
            tmp_path / "validator", f"name:\n  type: str\n  default: x\n  validator: {quoted}\n"
        ),
        "in a condition": template(tmp_path / "when", f"name:\n  type: str\n  default: x\n  when: {quoted}\n"),
        "in what is left out": template(tmp_path / "exclude", f"_exclude: [{quoted}]\n"),
        "in the subfolder": template(tmp_path / "subfolder", f"_subdirectory: {quoted}\n"),
        "in a message": template(tmp_path / "message", f"_message_after_copy: {quoted}\n"),
    }
    for place, address in places.items():
        try:
            create_project(tmp_path / f"made {place}", {}, template=address)
        except ScaffoldError:
            assert not (tmp_path / f"made {place}").exists()
        assert aviary.sung() == set(), place


@pytest.mark.parametrize("feature", FEATURES)
def test_no_feature_of_copier_that_runs_programs_is_followed(
    tmp_path: Path, aviary: Aviary, feature: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = aviary.program("feature", "exit 0")
    (aviary.folder / "canary.py").write_text(
        f"import os\nfrom jinja2.ext import Extension as _Base\nclass Extension(_Base):\n    os.system('{program}')\n"
    )
    monkeypatch.syspath_prepend(aviary.folder)
    address = template(tmp_path / "t", feature.replace("{}", str(program)) + "\n")
    assert refused(address, tmp_path) == "template-runs-code"
    assert aviary.sung() == set()
    if "migrations" not in feature:  # they run when Copier updates
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            run_copy(address, tmp_path / "trusted", unsafe=True, defaults=True, quiet=True)
        assert aviary.sung() == {"feature"}


def test_creating_runs_no_hook_and_no_filter_not_even_the_owners(tmp_path: Path, aviary: Aviary) -> None:
    folder = tmp_path / "t"
    template(folder, **{"one.txt": "1\n", "two.txt": "2\n", ".gitattributes": "*.txt filter=own\n"})
    as_repository(folder, "v1.0.0")
    plant(folder / ".git", aviary, WAYS)
    plant_hooks(folder / ".git/hooks", aviary)
    configuration = _owners_configuration(tmp_path, aviary)
    verbs = tuple(
        ("new", "made", "--defaults", "--template", str(folder), *more) for more in (("--dry-run",), ("--git",))
    )
    ground = Ground(tmp_path / "home", aviary, "")
    assert run(ground, *verbs, HOME=str(ground.project), GIT_CONFIG_GLOBAL=str(configuration)) == silent(0, *verbs)
    made = ground.project / "made"
    assert (made / ".git/refs/heads/main").is_file()
    plain = {**environment(), "GIT_CONFIG_GLOBAL": str(configuration)}
    sing("echo x >> one.txt; git commit --all --message More", made, plain)
    assert {"own-clean", "own-pre-commit", "own-fsmonitor"} <= aviary.sung()


def test_a_repository_of_a_template_is_not_used_for_the_first_commit(tmp_path: Path, aviary: Aviary) -> None:
    clean = aviary.program("brought-clean")
    brought = f'[core]\n\trepositoryFormatVersion = 0\n[filter "x"]\n\tclean = {clean}\n'
    address = template(
        tmp_path / "t",
        "_exclude: [copier.yml]\n",
        **{"{{ '.git' }}/config": brought, ".gitattributes": "* filter=x\n"},
    )
    with suppress(ScaffoldError):
        create_project(tmp_path / "made", {}, template=address)
    assert aviary.sung() == set()


def test_an_address_that_is_a_program_is_refused(tmp_path: Path, aviary: Aviary) -> None:
    address = f"ext::{aviary.program('transport', 'exit 1')}"
    sing(f"git -c protocol.ext.allow=always ls-remote {address}", aviary.folder)
    assert aviary.sung() == {"transport"}
    assert refused(address, tmp_path) == "template-unavailable"
    assert aviary.sung() == set()


def test_a_name_that_macos_takes_for_git_cannot_be_checked_out(tmp_path: Path) -> None:
    template(tmp_path / "t", **{".g\u200cit/config": ""})
    as_repository(tmp_path / "t", "v1.0.0")
    with pytest.raises(ScaffoldError) as caught, open_template(str(tmp_path / "t")):
        pass
    assert caught.value.code == "template-unavailable"


def _owners_configuration(folder: Path, aviary: Aviary) -> Path:
    """Write the configuration of an owner with hooks and filters, which are not the template's to use."""
    (folder / "home").mkdir()
    plant_hooks(folder / "home/hooks", aviary, "own")
    plant_hooks(folder / "home/skeleton/hooks", aviary, "own-skeleton")
    clean, smudge, watch = (aviary.program(f"own-{name}") for name in ("clean", "smudge", "fsmonitor"))
    aviary.sung()
    configuration = folder / "home/.gitconfig"
    configuration.write_text(
        f"[core]\n\thooksPath = {folder}/home/hooks\n\tfsmonitor = {watch}\n"
        f'[init]\n\ttemplateDir = {folder}/home/skeleton\n[filter "own"]\n\tclean = {clean}\n\tsmudge = {smudge}\n'
    )
    return configuration
