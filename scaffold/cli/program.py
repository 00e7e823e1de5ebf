"""The commands by name. Each is imported when it is called: `scaffold --help` waits for none of them."""

from __future__ import annotations

import os
from importlib import import_module
from itertools import zip_longest
from typing import TYPE_CHECKING

import click

from scaffold.errors import ExitCode, ScaffoldError, wrong_usage
from scaffold.text import closest

if TYPE_CHECKING:
    from collections.abc import Mapping

# Name of the command, where it is, and its line in `scaffold --help`.
COMMANDS: Mapping[str, tuple[str, str]] = {
    "new": ("scaffold.cli.new", "Create a project."),
    "update": ("scaffold.cli.update", "Bring a project to the newest template, or to other answers."),
    "status": ("scaffold.cli.status", "Tell which version a project is on and what waits for it."),
    "diff": ("scaffold.cli.diff", "Show what was changed in a project since it was rendered."),
    "trust": ("scaffold.cli.trust", "Show and change which template addresses may be contacted."),
    "controls": ("scaffold.cli.controls", "List security controls and practices, and what is not covered."),
    "questions": ("scaffold.cli.questions", "Explain the questions and their answers."),
}

EXAMPLES = """\
\b
Examples:
  scaffold new my-api
  scaffold new my-api --database postgres --security-contact security@example.com --defaults
  scaffold new my-api --answers answers.yml --json
"""


def exit_codes() -> str:
    """Return the exit codes in two columns, for `--help`."""
    rows = [f"{code:d} {code.meaning}" for code in ExitCode]
    half = (len(rows) + 1) // 2
    pairs = zip_longest(rows[:half], rows[half:], fillvalue="")
    return "\b\nExit codes:\n" + "".join(f"  {left:<35}{right}".rstrip() + "\n" for left, right in pairs)


class Program(click.Group):
    """The group of all commands."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        """Return the names in the order of the table."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[cmd_name][0]).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in COMMANDS.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find a command, or say which one was probably meant."""
        if args[0] not in COMMANDS and not args[0].startswith("-"):
            meant = closest(args[0], COMMANDS, alike=0.6)
            hint = f" Did you mean {meant}?" if meant else ""
            raise wrong_usage(f"There is no command {args[0]!r}.{hint}")
        return super().resolve_command(ctx, args)


def _print_version(ctx: click.Context, _param: click.Parameter, value: bool) -> None:  # noqa: FBT001 - click's signature
    if value and not ctx.resilient_parsing:
        from scaffold.template.source import version

        click.echo(f"scaffold {version()}")
        ctx.exit()


program = Program(
    name="scaffold",
    help="Secure-by-default Express projects, generated and kept up to date.",
    epilog=f"{EXAMPLES}\n{exit_codes()}",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_print_version,
            help="Print the version and exit.",
        )
    ],
)


def run(arguments: list[str]) -> int:
    """Run the command that the arguments name.

    Args:
        arguments: the command line without the program's name.

    Returns:
        The exit code.

    Raises:
        ScaffoldError: `usage`, or whatever the command raises.
    """
    if "_SCAFFOLD_COMPLETE" in os.environ:
        program.main(arguments, prog_name="scaffold")
    try:
        with program.make_context("scaffold", arguments) as context:
            program.invoke(context)
    except click.exceptions.NoArgsIsHelpError as error:
        # The help is not what was asked for: a script whose command is empty must notice.
        click.echo(error.format_message(), err=True)
        return ExitCode.WRONG_USAGE
    except click.exceptions.Exit as end:
        return end.exit_code
    except click.UsageError as error:
        raise _usage_error(error, arguments) from error
    return 0


def _usage_error(error: click.UsageError, arguments: list[str]) -> ScaffoldError:
    # A flag without its value is reported by click's parser, which does not name the command.
    command = next((argument for argument in arguments if argument in COMMANDS), "")
    name = error.ctx.command_path if error.ctx else f"scaffold {command}".rstrip()
    return wrong_usage(error.format_message(), f"`{name} --help` explains the command.")
