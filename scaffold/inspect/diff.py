"""What the owner of a project has changed since it was rendered, as a unified diff."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scaffold.git.run import bare
from scaffold.inspect.comparison import compared

if TYPE_CHECKING:
    from pathlib import Path

    from scaffold.template.trust import Consent


def diff_of(folder: Path, consent: Consent | None = None) -> str:
    """Return the difference from a fresh render of the same version and answers to the project.

    Args:
        folder: holds the project's `.copier-answers.yml`.
        consent: which addresses may be contacted because the project names them. Default: those the user
            has agreed to before.

    Raises:
        ScaffoldError: the project or its template cannot be used.
    """
    with compared(folder, consent) as comparison:
        shown = bare(comparison.repository).run(
            "diff", "--no-color", "--find-renames", comparison.rendered, comparison.present
        )
        return shown.stdout.decode(errors="replace")
