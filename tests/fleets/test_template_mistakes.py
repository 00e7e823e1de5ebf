"""Each mistake of a template is reported with its file, its line and the variable, and against the template."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from scaffold.errors import ScaffoldError
from scaffold.template.render import render
from tests.support.command import environment, scaffold
from tests.support.small_template import small_template
from tests.support.template_repository import commit, start, write

if TYPE_CHECKING:
    from pathlib import Path

NAME = "name: {type: str, default: x}\n"
MISTAKES = {
    "a misspelt variable with to_json": (
        {"a__txt__jinja": "one\n\n{{ nmae | to_json }}\n"},
        "a.txt.jinja, line 3: 'nmae' is undefined; did you mean name?",
    ),
    "a misspelt variable in a list": ({"a__txt__jinja": "{{ [nmae] | to_json }}\n"}, "a.txt.jinja, line 1: 'nmae' is"),
    "a misspelt variable": ({"a__txt__jinja": "one\n{{ nmae.x }}\n"}, "a.txt.jinja, line 2: 'nmae' is undefined"),
    "a misspelt attribute": ({"a__txt__jinja": "{{ name.x.y }}\n"}, "a.txt.jinja, line 1: "),
    "a misspelt variable in an included file": (
        {"a__txt__jinja": "{% include 'part.txt' %}\n", "part__txt": "1\n2\n{{ nmae.x }}\n"},
        "part.txt, line 3: 'nmae' is undefined",
    ),
    "an included file that is missing": (
        {"a__txt__jinja": "\n{% include 'part.txt' %}\n"},
        "a.txt.jinja, line 2: there is no file part.txt in the template",
    ),
    "a misspelt filter": ({"a__txt__jinja": "one\n{{ name | to_jsno }}\n"}, "a.txt.jinja, line 2: No filter named"),
    "a tag that is not closed": ({"a__txt__jinja": "one\n{% if name %}\n"}, "a.txt.jinja, line 2: Unexpected end"),
    "a misspelt variable in a file name": ({"{{ nmae.x }}__txt": ""}, "{{ nmae.x }}.txt: 'nmae' is undefined"),
}


def message(template_folder: Path, copier_yml: str, files: dict[str, str], links: dict[str, str] | None = None) -> str:
    template = small_template(template_folder, copier_yml, **files)
    for name, target in (links or {}).items():
        (template_folder / name).symlink_to(target)
    with pytest.raises(ScaffoldError) as caught:
        render(template, {"name": "x"}, template_folder.parent / "project")
    assert caught.value.code == "template-broken"
    assert str(template_folder) not in caught.value.sentence
    return caught.value.sentence


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_place(tmp_path: Path, mistake: str) -> None:
    files, expected = MISTAKES[mistake]
    assert expected in message(tmp_path / "t", NAME, files)


@pytest.mark.parametrize(("link", "target"), [("link.jinja", "nothing.txt"), ("link", "x.txt")])
def test_a_link_that_leads_nowhere_in_the_template_is_the_templates_mistake(
    tmp_path: Path, link: str, target: str
) -> None:
    """The project would have the target: `x.txt.jinja` is rendered to it."""
    said = message(tmp_path / "t", NAME, {"x__txt__jinja": "x\n"}, {link: target})
    assert f"{link} is a link to {target}, which the template does not have" in said
    assert "_preserve_symlinks: true" in said


def run(*arguments: str | Path, cwd: Path, code: int) -> dict[str, Any]:
    done = scaffold(*arguments, "--json", cwd=cwd, env=environment(SCAFFOLD_TRUST_ADDRESSES=str(cwd.parent / "t")))
    assert done.returncode == code, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_dangling_link_is_not_blamed_on_the_destination(tmp_path: Path) -> None:
    small_template(tmp_path / "t", NAME, x__txt__jinja="x\n")
    (tmp_path / "t/link").symlink_to("x.txt")
    (tmp_path / "work").mkdir()
    said = run("new", "p", "--template", tmp_path / "t", "--defaults", cwd=tmp_path / "work", code=69)["error"]
    assert said["code"] == "template-broken"
    assert not (tmp_path / "work/p").exists()


@pytest.mark.parametrize(
    ("setting", "given", "place"),
    [
        ("default: '{{ nmae.x }}'", (), "default of question other"),
        ("when: '{{ nmae.x }}'", (), "`when` of question other"),
        ("validator: '{{ nmae.x }}'", ("--other", "y"), "validator of question other"),
    ],
)
def test_a_mistake_in_a_question_names_the_setting(
    tmp_path: Path, setting: str, given: tuple[str, ...], place: str
) -> None:
    small_template(tmp_path / "t", f"{NAME}other: {{type: str, {setting}}}\n")
    (tmp_path / "work").mkdir()
    command = ("new", "p", "--template", str(tmp_path / "t"), "--defaults", *given)
    said = run(*command, cwd=tmp_path / "work", code=69)["error"]
    assert f"copier.yml, {place}: 'nmae' is undefined" in said["message"]
    assert f"The template {tmp_path / 't'} cannot" in said["message"]


@pytest.mark.parametrize("verb", [["status"], ["update", "--defaults", "--name", "x"]])
def test_a_wrong_answer_in_a_project_is_reported_against_the_project(tmp_path: Path, verb: list[str]) -> None:
    history = start(tmp_path / "t", "name:\n  type: str\n  choices: [x, y]\n  default: x\n")
    history.release("v1.0.0", {"a.txt.jinja": "{{ name }}\n"})
    project = history.project(tmp_path / "p", "v1.0.0")
    record = project / ".copier-answers.yml"
    write(project, {record.name: record.read_text().replace("name: x", "name: z")})
    commit(project)
    said = run(*verb, cwd=project, code=2)["error"]
    assert said["code"] == "project-unreadable"
    assert f"{record} holds answers that the template does not accept: name" in said["message"]
    assert "maintains the template" not in said["next_step"]
    assert said["problems"][0]["allowed"] == ["x", "y"]


def test_the_questions_of_a_fork_can_be_printed(tmp_path: Path) -> None:
    history = start(tmp_path / "t", "cost_center:\n  type: str\n  default: CC-1\n")
    history.release("v1.0.0", {"a.txt": ""})
    write(history.folder, {"copier.yml": "_subdirectory: template\nbudget: {type: str, default: none}\n"})
    commit(history.folder)
    printed = scaffold("questions", "--template", history.folder, cwd=tmp_path).stdout
    assert "--cost-center; default: CC-1" in printed
    schema = scaffold("questions", "--json-schema", "--template", history.folder, "--ref", "HEAD", cwd=tmp_path)
    assert list(json.loads(schema.stdout)["properties"]) == ["budget"]
    failed = scaffold("questions", "--template", tmp_path / "nothing", cwd=tmp_path)
    assert failed.returncode == 69
