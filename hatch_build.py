"""Puts the template's releases into what is built, so that an installed package can update projects offline."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = "scaffold/_releases.bundle"


class ReleasesHook(BuildHookInterface[Any]):
    """Packs the releases derived from git's history into one file of the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the bundle to a wheel or a source distribution.

        A wheel built from a source distribution has no history: it keeps the bundle that came with it.
        """
        root = Path(self.root)
        if version == "editable" or (root / BUNDLE).is_file():
            return
        sys.path.insert(0, str(root))
        from scaffold.template.releases import write_bundle

        self._scratch = TemporaryDirectory(prefix="scaffold-releases-")
        bundle = Path(self._scratch.name, "releases.bundle")
        write_bundle(root, Path(self._scratch.name, "releases.git"), bundle)
        build_data["force_include"][str(bundle)] = BUNDLE
