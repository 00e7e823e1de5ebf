"""Secure-by-default Express projects, generated and kept up to date.

The command `scaffold` is for people and scripts; programs call `create_project` and `update_project`:

    result = scaffold.create_project("my-api", {"security_contact": "security@example.com"})
    print(result.path)
    scaffold.update_project(result.path)
"""

from __future__ import annotations

# Spelt out, not imported: the command answers sooner.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from scaffold.errors import AnswerErrors as AnswerErrors
    from scaffold.errors import AnswerProblem as AnswerProblem
    from scaffold.errors import ScaffoldError as ScaffoldError
    from scaffold.new.create import CreateResult as CreateResult
    from scaffold.new.create import create_project as create_project
    from scaffold.update.update import UpdateResult as UpdateResult
    from scaffold.update.update import update_project as update_project

__version__: str

_PUBLIC = {
    "AnswerErrors": "scaffold.errors",
    "AnswerProblem": "scaffold.errors",
    "CreateResult": "scaffold.new.create",
    "ScaffoldError": "scaffold.errors",
    "UpdateResult": "scaffold.update.update",
    "create_project": "scaffold.new.create",
    "update_project": "scaffold.update.update",
}

__all__ = [
    "AnswerErrors",
    "AnswerProblem",
    "CreateResult",
    "ScaffoldError",
    "UpdateResult",
    "create_project",
    "update_project",
]


def __getattr__(name: str) -> Any:  # noqa: ANN401 - the public names are of many types
    """Import a public name when it is first used: `scaffold --help` needs none of them."""
    if name == "__version__":
        from scaffold.template.source import version

        return version()
    if name in _PUBLIC:
        from importlib import import_module

        return getattr(import_module(_PUBLIC[name]), name)
    message = f"module 'scaffold' has no attribute {name!r}"
    raise AttributeError(message)
