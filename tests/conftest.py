"""What tests of several folders share: Node, servers, and what happens where one is missing."""

from __future__ import annotations

import os
import random
import signal
from shutil import rmtree
from tempfile import mkdtemp
from typing import TYPE_CHECKING, NoReturn

import pytest

from tests.support import prepared_workers
from tools.node import environment
from tools.postgres import ServerMissingError, postgres

if TYPE_CHECKING:
    from collections.abc import Iterator


def pytest_configure(config: pytest.Config) -> None:
    """Take signals again, and keep what tests agree to out of the developer's own configuration."""
    _take_signals()
    # Before the processes of this run start, so that they draw the same samples.
    os.environ.setdefault("SCAFFOLD_TEST_SEED", str(random.SystemRandom().randrange(1_000_000)))
    os.environ["XDG_CONFIG_HOME"] = folder = mkdtemp(prefix="scaffold-tests-configuration-")
    config.add_cleanup(lambda: rmtree(folder, ignore_errors=True))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Return how many processes test at the same time: one more than processors, as tests wait for programs."""
    return (os.cpu_count() or 1) + 1


def pytest_report_header() -> str:
    """Print what repeats a run."""
    return f"seed of the samples: SCAFFOLD_TEST_SEED={os.environ['SCAFFOLD_TEST_SEED']}"


def _take_signals() -> None:
    """Take signals again that `nohup` or a shell's `&` has switched off: programs started here inherit that."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, signal.default_int_handler if number is signal.SIGINT else signal.SIG_DFL)


def missing(reason: str) -> NoReturn:
    """End a test whose server or program this machine does not have: a failure in CI, else a visible skip."""
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@pytest.fixture(autouse=True)
def _prepared_workers(request: pytest.FixtureRequest) -> Iterator[None]:
    """Save the import of Copier in each process for a template; attacks on these processes use the real ones."""
    if request.node.get_closest_marker("real_workers"):
        yield
        return
    with prepared_workers.use():
        yield


@pytest.fixture(scope="session")
def node() -> dict[str, str]:
    """Environment in which `node` and `npm` are the ones this repository brings."""
    return environment()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of a PostgreSQL server of this test process, with the right to create databases."""
    try:
        with postgres() as url:
            yield url
    except ServerMissingError as error:
        missing(str(error))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Start the longest tests first, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: "project" not in item.path.parts)
