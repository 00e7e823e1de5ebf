"""Format the code of the template with the Prettier that a rendered project has: `make format`.

Files that end in `.jinja` are not formatted: the tests check what is rendered from them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from tools.node import environment
from tools.scanners import FOLDER, install_packages

ROOT = Path(__file__).resolve().parent.parent
CODE = "template/**/*.{js,ts}"


def main() -> None:
    """Install the version that projects have, unless it is installed, and run it."""
    manifest = (ROOT / "template" / "package.json.jinja").read_text(encoding="utf-8")
    line = next(line for line in manifest.splitlines() if '"prettier":' in line)
    version = json.loads("{" + line.strip().rstrip(",") + "}")["prettier"]
    if not install_packages("prettier", (f"prettier@{version}",)):
        sys.exit("Prettier could not be installed.")
    prettier = ["node", str(FOLDER / "prettier/node_modules/prettier/bin/prettier.cjs"), "--log-level", "warn"]
    sys.exit(subprocess.run([*prettier, "--write", CODE], cwd=ROOT, env=environment(), check=False).returncode)


if __name__ == "__main__":
    main()
