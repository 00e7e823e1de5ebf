"""What follows a project made with the wizard: the same command without questions, and the offer to install it."""

from __future__ import annotations

import os
import re
import shlex
import sys
from typing import TYPE_CHECKING, Any

import click

from scaffold.cli import output
from scaffold.cli.booleans import negated
from scaffold.errors import Interrupted
from scaffold.text import shown

if TYPE_CHECKING:
    from collections.abc import Mapping

    from scaffold.cli.flags import OpenTemplate
    from scaffold.new.create import CreateResult
    from scaffold.questions.questionnaire import Questionnaire

# A token in an address is a secret; the shell's history would keep it.
USER_OF_ADDRESS = re.compile(r"^(https?://)[^/@]*@")


def conclude(opened: OpenTemplate, result: CreateResult, destination: str, parameters: Mapping[str, Any]) -> None:
    """Print the command, offer to install the packages and to start the project."""
    command = same_command(opened.questionnaire, result, destination, parameters)
    output.write([("", ""), ("The same without questions:", "bold"), (f"  {command}", "cyan")], sys.stdout)
    if result.dry_run or result.installed or not opened.template.ours:
        return
    from scaffold.new.npm_install import can_install

    # npm runs the project's own scripts at the start; those of other people's templates are never offered.
    if can_install(result.path) and (wish := _wish()):
        problem = _install(result)
        output.write([(f"Note: {shown(problem, 1000)}", "yellow") if problem else ("Installed.", "dim")], sys.stdout)
        if wish == "start" and not problem:
            _start(result)


def same_command(
    questionnaire: Questionnaire, result: CreateResult, destination: str, parameters: Mapping[str, Any]
) -> str:
    """Return the command that makes the same project without a question, quoted for a shell.

    Args:
        questionnaire: the questions.
        result: the project.
        destination: the folder as it was typed.
        parameters: the options that were given.
    """
    words = ["scaffold", "new", destination, *_answer_flags(questionnaire, result), "--defaults", "--no-user-defaults"]
    if parameters["template"]:
        words += ["--template", USER_OF_ADDRESS.sub(r"\1", parameters["template"])]
    words += ["--ref", parameters["ref"]] if parameters["ref"] else []
    words += [] if parameters["git"] else ["--no-git"]
    words += ["--install"] if parameters["install"] else []
    return shlex.join(words)


def _answer_flags(questionnaire: Questionnaire, result: CreateResult) -> list[str]:
    """Return the flags of the answers that differ from the defaults."""
    words: list[str] = []
    for question in questionnaire.questions:
        value = result.answers.get(question.name)
        if value is None or value == questionnaire.default(question, result.answers):
            continue
        if isinstance(value, bool):
            words.append(question.flag if value else negated(question))
        else:
            words += [question.flag, value]
    return words


def _install(result: CreateResult) -> str | None:
    """Install the packages; return why they are not installed."""
    from scaffold.new.npm_install import LATER, install_packages

    try:
        return install_packages(result.path, sys.stderr.fileno())
    except Interrupted as interruption:
        # The error of an interruption says that nothing was left behind.
        output.write(
            [(f"Interrupted. The project is complete, its packages are not installed. {LATER}", "")], sys.stderr
        )
        raise click.exceptions.Exit(interruption.exit_code) from None
    except OSError as error:
        return f"Packages are not installed: {error.strerror or error}. {LATER}"


def _wish() -> str | None:
    """Ask what to do next; None means nothing, and so does leaving: the project is complete."""
    from scaffold.wizard.choose import choose

    options = [
        (None, "nothing", "I do it myself"),
        ("install", "install", "npm ci: the packages, without running their scripts"),
        ("start", "start", "npm ci, then npm run dev; Ctrl-C stops the server"),
    ]
    try:
        return choose("The project is ready. What next?", options)
    except Interrupted:
        return None


def _start(result: CreateResult) -> None:
    """Become `npm run dev`: Ctrl-C and the exit code are its own."""
    from scaffold import npm

    program = npm.find()
    if program is not None:
        sys.stdout.flush()
        os.chdir(result.path)
        os.execv(program, [program, "run", "dev"])  # noqa: S606 - the user has chosen to start their project
