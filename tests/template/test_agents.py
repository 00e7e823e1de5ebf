"""AGENTS.md is short and names only what the project has; files that it promises to owners never change."""

from __future__ import annotations

import hashlib
import json
import re

import pytest

from tests.support.answers import Answers, drawn_sample, pairwise_sample, title
from tests.support.recipe import STEP
from tests.support.rendering import Tree, in_memory, template_files

MOST_LINES = 70
PATH = re.compile(r"`((?:src|test)/[\w./-]*|[\w.-]+\.(?:ts|js|md|example))`")
LINK = re.compile(r"\]\(([\w./-]+)(?:#[\w-]+)?\)")
SCRIPT = re.compile(r"\bnpm (?:run )?(?!run\b)([a-z:-]+)")
PROHIBITION = re.compile(
    r"^- Never .*\. (?:`(?P<rule>[\w@/-]+)` of `npm run lint`|`(?P<test>test/[\w.-]+)`) stops it\.$", re.MULTILINE
)

# The lines of owners are in these files, and a change of the template would conflict with them: put what is new into
# another file. If the content must change, the promise in AGENTS.md, README.md and the changelog is broken.
OF_THE_OWNER = {
    "src/features.ts": "c6307b5eefc0108b687c6789011639e2558a8803aeb41bf997698b1c292033ea",
    "src/access/second-factor.ts": "4f9d42a797f99a360695765318ecd0a11aee8a751ac280479cd36729fd486ad0",
    "src/access/policy.ts": "7f41ff4dab9d07297bdd48bf359bc1d05b93a32566e00fd9aef0c0be4acb6996",
}


def missing(project: Tree, text: str) -> list[str]:
    """Return the paths in the text that the project does not have; `feature.ts` alone is a file of each feature."""
    prose = STEP.sub("", text)
    found = {*PATH.findall(prose), *LINK.findall(prose)}
    assert len(found) > 10
    known = {*project, *(f"{path.rsplit('/', 1)[0]}" for path in project)}
    return [path for path in found if path.rstrip("/") not in known and f"src/notes/{path}" not in known]


def test_every_path_and_script_that_it_names_is_in_every_project() -> None:
    faults = set()
    for answers in drawn_sample():
        project = in_memory(answers)
        text = project["AGENTS.md"].decode()
        scripts = json.loads(project["package.json"])["scripts"]
        faults |= {f"{path} with {title(answers)}" for path in missing(project, text)}
        faults |= {f"npm run {name} with {title(answers)}" for name in SCRIPT.findall(text) if name not in scripts}
        if text.count("\n") > MOST_LINES:
            faults.add(f"too long with {title(answers)}")
    assert not faults


@pytest.mark.parametrize("answers", pairwise_sample()[:2], ids=title)
def test_each_prohibition_names_the_rule_or_the_test_that_stops_it(answers: Answers) -> None:
    project = in_memory(answers)
    prohibitions = project["AGENTS.md"].decode().partition("\n## Never\n")[2]
    found = list(PROHIBITION.finditer(prohibitions))
    assert len(found) == prohibitions.count("- Never ") == 6
    for one in found:
        assert one["test"] in project or f"'{one['rule']}': [" in project["eslint.config.js"].decode(), one[0]


def test_a_path_that_does_not_exist_is_found() -> None:
    project = in_memory(pairwise_sample()[0])
    text = project["AGENTS.md"].decode() + "See `src/elsewhere.ts` and [this](docs/nothing.md).\n"
    assert sorted(missing(project, text)) == ["docs/nothing.md", "src/elsewhere.ts"]


def test_the_readme_refers_to_the_recipe() -> None:
    project = in_memory(pairwise_sample()[0])
    assert "(AGENTS.md#add-a-feature)" in project["README.md"].decode()
    assert "\n## Add a feature\n" in project["AGENTS.md"].decode()


@pytest.mark.parametrize("name", OF_THE_OWNER)
def test_a_file_of_the_owner_never_changes(name: str) -> None:
    assert hashlib.sha256(template_files()[name]).hexdigest() == OF_THE_OWNER[name]
    promise = template_files()["AGENTS.md.jinja"].decode()
    assert f"`{name}`" in next(line for line in promise.splitlines() if "never change" in line)
