"""Mutations run in installed projects, one of its own for each test process."""

from __future__ import annotations

from tests.project.conftest import made, store

__all__ = ["made", "store"]
