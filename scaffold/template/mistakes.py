"""Where in a template a mistake is: file, line and variable, for the people who maintain it."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateNotFound, TemplateSyntaxError, Undefined

from scaffold.text import closest

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def described(error: Exception, folder: Path, names: Iterable[str]) -> str:
    """Return what is wrong in a template, with file, line and variable as far as they are known.

    Args:
        error: what rendering raised.
        folder: the template.
        names: the variables that the template may use, for a guess at what was meant.
    """
    folder = Path(folder).resolve()
    link = _broken_link(error, folder)
    if link is not None:
        return link
    undefined = _undefined(error)
    what = _undefined_message(undefined, names) if undefined is not None else _plain(error)
    where = _place(error, folder)
    return what if where in what else f"{where}: {what}"


def is_in_template(error: OSError, folder: Path) -> bool:
    """Return whether an error is about a file of the template, not about the project that is written."""
    named = error.filename
    return isinstance(named, str) and Path(named).is_relative_to(Path(folder).resolve())


def _plain(error: Exception) -> str:
    if isinstance(error, TemplateNotFound):
        return f"there is no file {error.name} in the template"
    if isinstance(error, OSError):
        return error.strerror or str(error)
    return " ".join(str(error).split()) or type(error).__name__


def _broken_link(error: Exception, folder: Path) -> str | None:
    """Return the sentence about a link to a file that the template does not have under this name."""
    # Jinja's error for a missing file is an OSError without a file name.
    named = error.name if isinstance(error, TemplateNotFound) else getattr(error, "filename", None)
    path = folder / named if isinstance(named, str) else folder
    if not path.is_symlink() or path.exists():
        return None
    return (
        f"{path.relative_to(folder)} is a link to {path.readlink()}, which the template does not have. "
        "If the project will have it, set `_preserve_symlinks: true` in copier.yml"
    )


def _place(error: Exception, folder: Path) -> str:
    """Return the file and the line of the template that an error comes from; empty when they are not known."""
    places = [(frame.f_code.co_filename, line) for frame, line in traceback.walk_tb(error.__traceback__)]
    if isinstance(error, TemplateSyntaxError):
        places.append((error.filename or "", error.lineno))
    for name, line in reversed(places):
        if Path(name).is_absolute() and Path(name).is_relative_to(folder):
            return f"{Path(name).relative_to(folder)}, line {line}"
    # A file that cannot even be read has no line; Copier knows which one it works on.
    named = [variables.get("src_relpath") for variables in _variables(error)]
    return next((str(name) for name in named if isinstance(name, Path)), "")


def _variables(error: Exception) -> Iterator[dict[str, Any]]:
    """Yield the variables of each function that an error passed, the innermost first."""
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        yield frame.f_locals


def _undefined(error: Exception) -> Undefined | None:
    """Return the undefined variable that a filter was given: its own error seldom names it."""
    if isinstance(error, TemplateSyntaxError | TemplateNotFound):
        return None
    for variables in _variables(error):
        for value in variables.values():
            for part in _parts(value):
                if isinstance(part, Undefined):
                    return part
    return None


def _parts(value: object) -> Iterable[object]:
    # The types themselves: a subclass can do anything when it is read.
    return (value, *value) if type(value) in {list, tuple} else (value,)  # type: ignore[misc]


def _undefined_message(undefined: Undefined, names: Iterable[str]) -> str:
    # Around the class's own access to attributes, which raises.
    message = str(object.__getattribute__(undefined, "_undefined_message"))
    name = object.__getattribute__(undefined, "_undefined_name")
    meant = closest(name, names, alike=0.6) if isinstance(name, str) else None
    return f"{message}; did you mean {meant}?" if meant else message
