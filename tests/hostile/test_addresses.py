"""A project names the address of its template: which addresses are contacted, and who is asked before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.errors import ScaffoldError
from scaffold.git.run import isolated
from scaffold.inspect.status import status_of
from scaffold.template import trust
from scaffold.template.source import TEMPLATE_ADDRESS
from scaffold.template.trust import Consent
from scaffold.update.update import update_project
from tests.hostile.listener import listening
from tests.support.command import COMPLETE, environment, git, scaffold
from tests.support.template_repository import History, commit, start, write
from tests.wizard.terminal import DOWN, ENTER, SCAFFOLD, Terminal, plain_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.hostile.listener import Listener

VERBS = [["status"], ["diff"], ["update"], ["update", "--dry-run"]]
QUESTION = "Contact it?"


@pytest.fixture(autouse=True)
def configuration(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give each test a user who has agreed to nothing yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    return tmp_path / "configuration/scaffold/trusted.json"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def history(tmp_path: Path) -> History:
    history = start(tmp_path / "template")
    history.release("v1.0.0", {"a.txt": "a\n"})
    return history


def project(folder: Path, address: str) -> Path:
    """Make a project that names an address, as a clone of somebody's repository."""
    record = {"_src_path": address, "_commit": "v1.0.0", "name": "x"}
    write(folder, {".copier-answers.yml": json.dumps(record), "a.txt": "a\n"})
    isolated(folder).output("init", "--quiet")
    commit(folder)
    return folder


def run(*arguments: str | Path, cwd: Path, code: int = 0, **variables: str) -> dict[str, Any]:
    done = scaffold(*arguments, "--json", cwd=cwd, env=environment(**variables))
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("verb", VERBS)
def test_an_address_that_a_project_names_is_not_contacted(tmp_path: Path, listener: Listener, verb: list[str]) -> None:
    address = f"git://127.0.0.1:{listener.port}/x.git"
    done = scaffold(*verb, cwd=project(tmp_path / "p", address))
    assert done.returncode == 4
    assert f"The project names a template at {address}" in done.stderr
    assert f"scaffold trust {address}" in done.stderr
    assert f"--trust-address {address}" in done.stderr
    assert listener.heard == []


def test_the_refusal_has_a_stable_code(tmp_path: Path) -> None:
    folder = project(tmp_path / "p", "https://example.com/x.git")
    assert run("status", cwd=folder, code=4)["error"]["code"] == "address-not-trusted"


def test_a_yes_on_the_command_line_holds_for_one_command(tmp_path: Path, listener: Listener) -> None:
    address = f"git://127.0.0.1:{listener.port}/x.git"
    folder = project(tmp_path / "p", address)
    run("status", "--trust-address", address, cwd=folder, code=69)
    assert listener.heard
    run("status", "--trust-address", "https://example.com/other.git", cwd=folder, code=4)
    run("update", "--trust-address", address, cwd=folder, code=69, SCAFFOLD_FETCH_SECONDS="10")
    before = len(listener.heard)
    run("status", cwd=folder, code=4)
    assert len(listener.heard) == before


def test_the_environment_can_agree_for_machines(tmp_path: Path, listener: Listener) -> None:
    address = f"git://127.0.0.1:{listener.port}/x.git"
    folder = project(tmp_path / "p", address)
    run("status", cwd=folder, code=69, SCAFFOLD_TRUST_ADDRESSES=f"https://example.com/x {address}")
    assert listener.heard


def test_the_address_that_the_user_gives_needs_no_further_yes(
    history: History, tmp_path: Path, configuration: Path
) -> None:
    folder = history.project(tmp_path / "p", "v1.0.0")
    history.release("v1.1.0", {"b.txt": "b\n"})
    configuration.unlink()
    run("update", cwd=folder, code=4)
    assert run("update", "--template", history.folder, "--dry-run", cwd=folder)["to"] == "v1.1.0"
    assert not configuration.exists()
    assert run("update", "--template", history.folder, cwd=folder)["to"] == "v1.1.0"
    assert run("trust", cwd=folder)["addresses"] == [str(history.folder)]


def test_creating_a_project_from_an_address_is_a_yes_to_it(
    history: History, tmp_path: Path, configuration: Path
) -> None:
    run("new", "p", "--template", history.folder, "--defaults", "--dry-run", cwd=tmp_path)
    assert not configuration.exists()
    run("new", "p", "--template", history.folder, "--defaults", cwd=tmp_path)
    assert run("status", cwd=tmp_path / "p")["template_version"] == "v1.0.0"
    assert configuration.stat().st_mode & 0o777 == 0o600
    assert configuration.parent.stat().st_mode & 0o777 == 0o700


def test_our_own_template_needs_no_yes(tmp_path: Path, configuration: Path) -> None:
    run("new", "p", *COMPLETE, cwd=tmp_path)
    run("status", cwd=tmp_path / "p")
    assert not configuration.exists()
    Consent().require(TEMPLATE_ADDRESS)


@pytest.mark.parametrize(
    "address",
    [
        "/srv/template",
        "file:///srv/template",
        "./template",
        "//host/share",
        "ssh://git@example.com/x.git",
        "git@example.com:x.git",
        "https://user@example.com/x.git",
        "https://scaffold.invalid/scaffold.git/",
        "https://scaffold.invalid/scaffold",
        "https://scaffold.invalid@example.com/scaffold.git",
    ],
)
def test_every_other_address_needs_a_yes_also_a_folder(address: str) -> None:
    with pytest.raises(ScaffoldError) as refused:
        Consent().require(address)
    assert refused.value.code == "address-not-trusted"


@pytest.mark.parametrize(
    "address",
    [
        "https://example.com/\x1b[2J.git",
        "https://example.com/\u202egnp.git",
        "https://example.com/x.git\nhttps://other.example.com",
        " https://example.com/x.git",
        "https://ex\u0430mple.com/x.git",
        "https://user:hunter2@example.com/x.git",
        "ext::sh -c true",
        "~/template",
        "\\\\host\\share",
        "-oProxyCommand=x",
        "https://example.com/" + "x" * 2000,
    ],
)
def test_an_address_that_cannot_be_shown_or_used_is_refused_whatever_was_agreed(tmp_path: Path, address: str) -> None:
    folder = project(tmp_path / "p", address)
    for arguments in (["status"], ["diff", "--trust-address", address], ["update", "--trust-address", address]):
        done = scaffold(*arguments, cwd=folder)
        assert done.returncode == 69
        printed = done.stdout + done.stderr
        assert all(char.isprintable() or char == "\n" for char in printed)
        assert "hunter2" not in printed


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://Example.com/x.git", "HTTPS://example.com/x.git", True),
        ("https://example.com/x.git", "https://example.com/X.git", False),
        ("https://example.com/x.git", "https://example.com/x", False),
        ("https://example.com/x", "https://example.com/x/", False),
        ("https://example.com/x", "http://example.com/x", False),
        ("https://a@example.com/x", "https://example.com/x", False),
        ("ssh://git@example.com/x", "git@example.com:x", False),
        ("/srv/x", "/srv/x/", False),
    ],
)
def test_only_scheme_and_host_are_compared_without_case(one: str, other: str, *, same: bool) -> None:
    assert (trust.canonical(one) == trust.canonical(other)) is same


def test_the_configuration_of_a_project_redirects_nothing(tmp_path: Path, listener: Listener) -> None:
    address = "https://template.invalid/x.git"
    folder = project(tmp_path / "p", address)
    git("config", f"url.git://127.0.0.1:{listener.port}/.insteadOf", "https://template.invalid/", cwd=folder)
    git("config", f"url.git://127.0.0.1:{listener.port}/.insteadOf", "https://scaffold.invalid/", cwd=folder)
    run("status", "--trust-address", address, cwd=folder, code=69, SCAFFOLD_FETCH_SECONDS="10")
    run("status", cwd=project(tmp_path / "ours", TEMPLATE_ADDRESS), code=2)
    assert listener.heard == []


def test_each_project_of_one_status_is_told_about(history: History, tmp_path: Path) -> None:
    fine = history.project(tmp_path / "fine", "v1.0.0")
    others = [project(tmp_path / name, f"https://example.com/{name}.git") for name in ("a", "b")]
    said = run("status", fine, *others, cwd=tmp_path, code=4)["projects"]
    assert said[0]["template_version"] == "v1.0.0"
    assert [one["error"]["code"] for one in said[1:]] == ["address-not-trusted"] * 2
    assert "scaffold trust https://example.com/a.git" in said[1]["error"]["next_step"]
    printed = scaffold("status", fine, *others, cwd=tmp_path).stdout
    assert "scaffold trust https://example.com/b.git" in printed


def test_a_person_is_asked_once_for_each_address(history: History, tmp_path: Path) -> None:
    """Two projects of one template, and one of another."""
    asked: list[str] = []

    def yes(address: str) -> bool:
        asked.append(address)
        return True

    consent = Consent(ask=yes)
    for name in ("a", "b"):
        consent.require(str(history.folder))
        assert status_of(project(tmp_path / name, str(history.folder)), consent).project.version == "v1.0.0"
    assert asked == [str(history.folder)]
    assert trust.remembered() == (str(history.folder),)


def test_a_no_is_not_asked_again_and_not_remembered(configuration: Path) -> None:
    asked: list[str] = []

    def no(address: str) -> bool:
        asked.append(address)
        return False

    consent = Consent(ask=no)
    for _ in range(2):
        with pytest.raises(ScaffoldError):
            consent.require("https://example.com/x.git")
    assert len(asked) == 1
    assert not configuration.exists()


@pytest.mark.parametrize("answer", ["yes", "no"])
def test_in_a_terminal_the_address_and_its_host_are_shown_and_enter_means_no(
    tmp_path: Path, history: History, answer: str
) -> None:
    folder = project(tmp_path / "p", str(history.folder))
    (tmp_path / "home").mkdir()
    terminal = Terminal((*SCAFFOLD, "status"), folder, plain_environment(tmp_path / "home"), (40, 200))
    try:
        terminal.see(QUESTION)
        assert str(history.folder) in terminal.text
        terminal.press(*((DOWN, ENTER) if answer == "yes" else (ENTER,)))
        assert terminal.end() == (0 if answer == "yes" else 4)
    finally:
        terminal.close()
    assert trust.remembered() == ((str(history.folder),) if answer == "yes" else ())


def test_addresses_are_listed_added_and_removed(tmp_path: Path, configuration: Path) -> None:
    one, other = "https://example.com/x.git", "git@example.com:y.git"
    assert run("trust", cwd=tmp_path)["addresses"] == []
    assert run("trust", one, other, cwd=tmp_path)["addresses"] == [other, one]
    assert run("trust", one, cwd=tmp_path) == {
        "version": 1,
        "command": "trust",
        "addresses": [other, one],
        "file": str(configuration),
    }
    assert scaffold("trust", cwd=tmp_path).stdout == f"{other}\n{one}\n"
    assert run("trust", "--remove", one.upper().replace("/X.GIT", "/x.git"), cwd=tmp_path)["addresses"] == [other]
    assert run("trust", "--remove", one, cwd=tmp_path, code=2)["error"]["code"] == "usage"
    assert run("trust", "--remove", cwd=tmp_path, code=2)["error"]["code"] == "usage"
    assert run("trust", "https://u:p@example.com/x", cwd=tmp_path, code=69)["error"]["code"] == "template-unavailable"


def test_a_shell_completes_remembered_addresses(tmp_path: Path) -> None:
    trust.remember("https://example.com/x.git")
    variables = {"_SCAFFOLD_COMPLETE": "bash_complete", "COMP_WORDS": "scaffold trust https://e", "COMP_CWORD": "2"}
    command = [str(Path(sys.executable).with_name("scaffold"))]
    done = subprocess.run(command, cwd=tmp_path, env=environment(**variables), capture_output=True, check=False)
    assert done.stdout == b"plain,https://example.com/x.git\n"


@pytest.mark.parametrize("content", ["", "[]", '{"addresses": [1]}', "[" * 100_000, "\xff"])
def test_a_damaged_file_is_an_error_and_no_yes(tmp_path: Path, configuration: Path, content: str) -> None:
    write(configuration.parent, {configuration.name: content.encode("latin-1")})
    folder = project(tmp_path / "p", "https://example.com/x.git")
    assert run("status", cwd=folder, code=2)["error"]["code"] == "trust-unreadable"
    assert run("trust", "https://example.com/x.git", cwd=folder, code=2)["error"]["code"] == "trust-unreadable"
    assert configuration.read_bytes() == content.encode("latin-1")


@pytest.mark.timeout(60)
@pytest.mark.parametrize("kind", ["pipe", "folder", "written by others"])
def test_a_file_that_others_could_have_planted_is_not_believed(configuration: Path, kind: str) -> None:
    write(configuration.parent, {configuration.name: '{"addresses": ["https://example.com/x.git"]}'})
    if kind == "written by others":
        configuration.chmod(0o666)
    else:
        configuration.unlink()
        os.mkfifo(configuration) if kind == "pipe" else configuration.mkdir()
    with pytest.raises(ScaffoldError) as refused:
        Consent().require("https://example.com/x.git")
    assert refused.value.code == "trust-unreadable"


@pytest.mark.parametrize("place", ["/dev/null/x", "relative"])
def test_without_a_place_to_remember_in_everything_else_works(
    history: History, tmp_path: Path, place: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A relative folder would lie in the project: whoever made that would say yes for the user."""
    monkeypatch.setenv("XDG_CONFIG_HOME", place)
    monkeypatch.setenv("HOME", "")
    said = run("new", "p", "--template", history.folder, "--defaults", cwd=tmp_path)
    assert any("you are asked before" in note for note in said["notes"])
    run("status", "--trust-address", history.folder, cwd=tmp_path / "p")
    assert run("trust", "https://example.com/x", cwd=tmp_path, code=73)["error"]["code"] == "trust-not-written"
    assert not (tmp_path / "relative").exists()


def test_a_linked_file_stays_a_link(tmp_path: Path, configuration: Path) -> None:
    write(tmp_path, {"dotfiles/trusted.json": '{"addresses": []}'})
    (tmp_path / "dotfiles/trusted.json").chmod(0o600)
    configuration.parent.mkdir(parents=True)
    configuration.symlink_to(tmp_path / "dotfiles/trusted.json")
    assert trust.remember("https://example.com/x")
    assert configuration.is_symlink()
    assert trust.remembered() == ("https://example.com/x",)


def test_programs_agree_with_an_argument(history: History, tmp_path: Path) -> None:
    folder = project(tmp_path / "p", str(history.folder))
    with pytest.raises(ScaffoldError):
        update_project(folder)
    assert not update_project(folder, trust_addresses=[str(history.folder)]).plan.joined.conflicts
    assert trust.remembered() == ()
