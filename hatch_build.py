"""Puts generated files into what is built: the template's releases, and the catalogue of controls.

With the releases an installed package can update projects offline.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

BUNDLE = "scaffold/_releases.bundle"
CONTROLS = "scaffold/_controls.json"


class GeneratedFilesHook(BuildHookInterface[Any]):
    """Makes the files and adds them to the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add the bundle to a wheel or a source distribution, and the catalogue to a wheel.

        A wheel built from a source distribution has no history: it keeps the bundle that came with it.
        """
        if version == "editable":
            return
        root = Path(self.root)
        sys.path.insert(0, str(root))
        self._scratch = TemporaryDirectory(prefix="scaffold-build-")
        scratch = Path(self._scratch.name)
        if not (root / BUNDLE).is_file():
            from scaffold.template.releases import write_bundle

            bundle = scratch / "releases.bundle"
            write_bundle(root, scratch / "releases.git", bundle)
            build_data["force_include"][str(bundle)] = BUNDLE
        if self.target_name == "wheel":
            from scaffold.controls.gather import gathered

            catalogue = scratch / "controls.json"
            catalogue.write_text(json.dumps(gathered(root), separators=(",", ":")), encoding="utf-8")
            build_data["force_include"][str(catalogue)] = CONTROLS
