"""Projects for the tests of the tool."""

from tests.mutation.conftest import store
from tests.project.conftest import made

__all__ = ["made", "store"]
