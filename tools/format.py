"""Format the code of the template with the Prettier that a rendered project has: `make format`.

Files that end in `.jinja` are not formatted: the tests check what is rendered from them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tools.node import environment

ROOT = Path(__file__).resolve().parent.parent
CODE = "template/**/*.{js,ts}"


def main() -> None:
    """Install the pinned version into a folder that is removed afterwards, and run it."""
    manifest = (ROOT / "template" / "package.json.jinja").read_text(encoding="utf-8")
    line = next(line for line in manifest.splitlines() if '"prettier":' in line)
    version = json.loads("{" + line.strip().rstrip(",") + "}")["prettier"]
    with TemporaryDirectory() as folder:
        install = ["npm", "install", "--ignore-scripts", "--no-audit", "--silent", f"prettier@{version}"]
        subprocess.run(install, cwd=folder, env=environment(), check=True)
        prettier = ["node", f"{folder}/node_modules/prettier/bin/prettier.cjs", "--log-level", "warn", "--write", CODE]
        sys.exit(subprocess.run(prettier, cwd=ROOT, env=environment(), check=False).returncode)


if __name__ == "__main__":
    main()
