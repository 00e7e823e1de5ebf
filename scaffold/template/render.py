"""Rendering: the only module that imports Copier."""

from __future__ import annotations

import math
import os
import re
import stat
import warnings
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, TypeGuard

from scaffold.errors import (
    AnswerErrors,
    ScaffoldError,
    recorded_answers_wrong,
    template_broken,
    template_leaves_project,
    template_runs_code,
)
from scaffold.files.paths import leads_out, names_git
from scaffold.project.record import ANSWERS_FILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from scaffold.errors import AnswerProblem
    from scaffold.project.record import Project
    from scaffold.questions.question import Answer
    from scaffold.template.source import Template

# How many files an error names.
_NAMED = 5
# One entry of YAML with the lines a long value goes on in.
SOURCE_ENTRY = re.compile(r"^_src_path:.*\n(?:[ \t].*\n|\n)*", re.MULTILINE)


def render(template: Template, answers: Mapping[str, Answer], into: Path) -> tuple[str, ...]:
    """Render a template with the given answers, that of others in a process with limits.

    Args:
        template: ours is rendered in this process, any other in a process with limits.
        answers: an answer for every question that matters.
        into: folder to create; its parent must be a private folder that may hold scratch files.

    Returns:
        The paths of all files, relative to `into`, in order.

    Raises:
        ScaffoldError: `template-broken`, `template-runs-code`, `template-leaves-project`, `template-too-slow` or
            `template-too-large`.
        OSError: the files cannot be written.
    """
    if template.ours:
        return render_here(template, answers, into)
    return template.confined.render(template.described(), answers, into)


def render_recorded(template: Template, project: Project, into: Path) -> tuple[str, ...]:
    """Render the release that a project was made from, with the answers that the project records.

    Args:
        template: that release.
        project: its record is somebody's text: the template may refuse an answer in it.
        into: as for `render`.

    Raises:
        ScaffoldError: `project-unreadable` when the template refuses a recorded answer, or as `render`.
        OSError: as `render`.
    """
    try:
        return render(template, project.typed_answers, into)
    except ScaffoldError as error:
        problems = _refused_answers(template, project) if error.code == "template-broken" else ()
        if not problems:
            raise
        raise recorded_answers_wrong(project.folder / ANSWERS_FILE, problems) from error


def _refused_answers(template: Template, project: Project) -> tuple[AnswerProblem, ...]:
    try:
        template.questionnaire().check_known(project.answers)
    except AnswerErrors as errors:
        return errors.problems
    except ScaffoldError:  # the template itself is broken
        return ()
    return ()


def render_here(template: Template, answers: Mapping[str, Answer], into: Path) -> tuple[str, ...]:
    """Render a template in this process, which nothing stops; as `render` otherwise."""
    with TemporaryDirectory(prefix="template-", dir=into.parent) as scratch:
        empty = Path(scratch, "empty")
        empty.mkdir()
        folder = template.files(Path(scratch, "files"))
        _run_copier(template.address, folder, answers, into, empty)
    _require_harmless(template.address, into)
    _record_source(into / ANSWERS_FILE, template)
    return _normalise_modes(into)


def _run_copier(address: str, folder: Path, answers: Mapping[str, Answer], into: Path, empty: Path) -> None:
    from copier import Settings, run_copy
    from copier.errors import UnsafeTemplateError

    from scaffold.template.mistakes import described, is_in_template

    try:
        with warnings.catch_warnings(), _without_git(empty):
            warnings.simplefilter("ignore")
            # Empty settings: defaults and trusted templates of one machine must not change what is rendered.
            run_copy(
                str(folder),
                into,
                dict(answers),
                settings=Settings(),
                exclude=["node_modules"],
                defaults=True,
                quiet=True,
                cleanup_on_error=False,
            )
    except UnsafeTemplateError as error:
        raise template_runs_code(address, [str(error).partition(": ")[2].partition(".")[0]]) from error
    except Exception as error:  # a template's expression can raise anything
        if _cannot_write(error) and not is_in_template(error, folder):
            raise
        raise template_broken(address, described(error, folder, answers)) from error


def _cannot_write(error: Exception) -> TypeGuard[OSError]:
    from jinja2 import TemplateError

    # Jinja's error for a file that is missing is an OSError, too.
    return isinstance(error, OSError) and not isinstance(error, TemplateError)


@contextmanager
def _without_git(empty: Path) -> Iterator[None]:
    """Hide git from Copier, which would ask it once per file and clone a folder that is a repository."""
    from plumbum import local

    with local.env(PATH=str(empty)):
        yield


def _require_harmless(address: str, into: Path) -> None:
    """Refuse what a template rendered that would be a program of git's, or reach out of the project.

    A file name can be an expression: `{{ '.git' }}/hooks/pre-commit` shows only when it is rendered.
    """
    found = [Path(folder, name) for folder, *names in os.walk(into) for name in (*names[0], *names[1])]
    named = {path: path.relative_to(into).as_posix() for path in found}
    code = sorted(name for name in named.values() if names_git(name))
    if code:
        raise template_runs_code(address, [repr(name) for name in code[:_NAMED]])
    links = sorted(name for path, name in named.items() if path.is_symlink() and leads_out(path, into))
    if links:
        raise template_leaves_project(address, [repr(name) for name in links[:_NAMED]])


def _record_source(answers_file: Path, template: Template) -> None:
    """Write down what `copier copy` of the template's address would have written."""
    if not answers_file.is_file():
        return
    import yaml

    version = {"_commit": template.version} if template.version else {}
    # Quoted where YAML needs it: a commit can consist of digits, and an address can contain ": " or " #".
    entry = yaml.safe_dump({**version, "_src_path": template.address}, allow_unicode=True, width=math.inf)
    text = answers_file.read_text(encoding="utf-8")
    answers_file.write_text(SOURCE_ENTRY.sub(lambda _: entry, text, count=1), encoding="utf-8", newline="\n")


def _normalise_modes(project: Path) -> tuple[str, ...]:
    """Give every file the mode its owner's umask asks for, not the one it has where the template is installed."""
    allowed = stat.S_IMODE(project.stat().st_mode)
    found = []
    for folder, _, names in os.walk(project):
        for path in (Path(folder, name) for name in names):
            found.append(path.relative_to(project).as_posix())
            if not path.is_symlink():
                executable = path.stat().st_mode & stat.S_IXUSR
                path.chmod(allowed & (0o777 if executable else 0o666))
    return tuple(sorted(found))
