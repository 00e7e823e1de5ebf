"""The command line: the only part that prints, and the only one that ends the process."""

from __future__ import annotations

import errno
import os
import signal
import sys

# Not imported from typing: Ctrl-C during that import would print a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import FrameType

    from scaffold.errors import ScaffoldError

BROKEN_PIPE = 128 + 13
# What a disk says that is full, read-only, broken or not the user's.
_DISK_PROBLEMS = {errno.EACCES, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC, errno.EPERM, errno.EROFS}
# Signals that asked us to stop.
_received: list[int] = []


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Args:
        arguments: the command line without the program's name. Default: this process's.

    Returns:
        The exit code, one of `scaffold.errors.ExitCode`; 128 + n when signal n stopped the command.
    """
    arguments = sys.argv[1:] if arguments is None else arguments
    try:
        # As long as nothing has begun there is nothing to tidy up.
        _listen(_leave)
        code = _run(list(arguments))
        if sys.stderr is not None:
            sys.stderr.flush()
    except BrokenPipeError:
        _drop_output()
        return BROKEN_PIPE
    return code


def _run(arguments: list[str]) -> int:
    try:
        from scaffold.cli.program import run
        from scaffold.cli.terminal import printing

        _print_any_path()
        _listen(_interrupt)
        code = run(arguments)
        if sys.stdout is not None:
            with printing():
                sys.stdout.flush()
    except BrokenPipeError:
        raise
    except (Exception, KeyboardInterrupt) as raised:  # noqa: BLE001 - nobody is shown a traceback unasked
        if os.environ.get("SCAFFOLD_DEBUG") == "1":
            import traceback

            traceback.print_exc()
        return _report(_failure(raised), as_json="--json" in arguments)
    return code


def _failure(raised: BaseException) -> ScaffoldError:
    from scaffold.errors import Interrupted, NotUndoneError, ScaffoldError, interrupted

    if isinstance(raised, NotUndoneError):
        # An interruption that left something behind must not say that it did not.
        return raised
    # A library that was being imported, or a template, may have made an error of its own of the interruption.
    if _received or isinstance(raised, KeyboardInterrupt):
        return interrupted(Interrupted(*_received[:1]))
    return raised if isinstance(raised, ScaffoldError) else _foreign_failure(raised)


def _foreign_failure(raised: BaseException) -> ScaffoldError:
    """Tell a disk that is full, read-only or not the user's from a bug, wherever it was noticed."""
    from scaffold.errors import disk_failed, unexpected
    from scaffold.git.run import GitError
    from scaffold.text import shown

    if isinstance(raised, OSError) and raised.errno in _DISK_PROBLEMS:
        where = f" ({shown(str(raised.filename), 500)})" if raised.filename else ""
        return disk_failed(f"{raised.strerror}{where}")
    if isinstance(raised, GitError) and raised.blames_disk:
        return disk_failed(shown(str(raised), 500))
    return unexpected(raised)


def _drop_output() -> None:
    """Send what waits to be written nowhere: the interpreter must not complain when it flushes at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _report(failure: ScaffoldError, *, as_json: bool) -> int:
    from scaffold.cli import output
    from scaffold.errors import OUTPUT_UNWRITABLE

    if failure.code == OUTPUT_UNWRITABLE:
        _drop_output()
    elif as_json:
        output.write_json(output.failure_fields(failure), sys.stdout)
        return failure.exit_code
    output.write(output.failed(failure), sys.stderr, fold=True)
    return failure.exit_code


def _listen(handler: Callable[[int, FrameType | None], None]) -> None:
    """Handle every signal that asks us to stop, except those our caller has set to be ignored."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    os._exit(128 + number)


def _interrupt(number: int, _frame: FrameType | None) -> None:
    from scaffold.errors import Interrupted

    _received.append(number)
    raise Interrupted(number)


def _print_any_path() -> None:
    """Let a path be printed that holds bytes which are no text in the user's encoding."""
    from io import TextIOWrapper

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
