"""The rendered project under load, compared with the same work without it."""

from __future__ import annotations

import json
import statistics
import subprocess
import threading
import time
import urllib.request
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from benchmarks.machine import ROOT
from benchmarks.measurement import Row, alternate, ratio_row, value_row
from benchmarks.servers import Server, login_body, project_server, reference
from tools.node import environment

if TYPE_CHECKING:
    from pathlib import Path

CONNECTIONS, SECONDS, LOGINS, SAMPLES = 10, 4, 24, 300
# The project closes a connection after 1,000 requests.
REQUESTS_PER_CONNECTION = 900


@dataclass(frozen=True)
class Comparison:
    """One path of the project, compared with a reference.

    Attributes:
        what: title of the row.
        path: requested in both.
        reference: name of the reference file.
        at_least: smallest acceptable ratio of requests per second.
    """

    what: str
    path: str
    reference: str
    at_least: float


COMPARISONS = (
    Comparison("`GET /healthz` / bare Express, requests per second", "/healthz", "bare-express", 0.8),
    Comparison("`GET /api/v1/me` / the same work by hand, requests per second", "/api/v1/me", "by-hand", 0.75),
)


def requests_per_second(server: Server, path: str) -> float:
    """Load a path for a few seconds; returns the mean number of answers in a second."""
    header = ["--headers", f"Authorization=Bearer {server.token}"] if server.token else []
    command = ["node", "node_modules/autocannon/autocannon.js", "--json", "--no-progress"]
    load = ["--connections", str(CONNECTIONS), "--duration", str(SECONDS)]
    load += ["--reconnectRate", str(REQUESTS_PER_CONNECTION)]
    result = subprocess.run(
        [*command, *load, *header, server.url + path],
        cwd=ROOT / "benchmarks",
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    report = json.loads(result.stdout)
    if report["non2xx"] or report["errors"]:
        message = f"{path}: {report['non2xx']} wrong answers, {report['errors']} errors"
        raise RuntimeError(message)
    return float(report["requests"]["average"])


def _compare(project: Path, comparison: Comparison, rounds: int) -> Row:
    with project_server(project) as ours, reference(project, comparison.reference) as theirs:
        pairs = alternate(
            lambda: requests_per_second(ours, comparison.path),
            lambda: requests_per_second(theirs, comparison.path),
            rounds,
        )
    return ratio_row(comparison.what, pairs, at_least=comparison.at_least)


def _get(request: urllib.request.Request) -> float:
    start = time.perf_counter()
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - loopback
        response.read()
    return (time.perf_counter() - start) * 1000


def _sign_in_until(stop: threading.Event, url: str, client: str) -> None:
    headers = {"Content-Type": "application/json", "X-Forwarded-For": client}
    while not stop.is_set():
        _get(urllib.request.Request(f"{url}/api/v1/auth/login", login_body(), headers))  # noqa: S310 - loopback


def _latency_under_logins(project: Path) -> Row:
    stop = threading.Event()
    # One address gets few places in the hashing queue, so each login comes from another address.
    with project_server(project, TRUSTED_PROXIES="127.0.0.1") as server:
        headers = {"Authorization": f"Bearer {server.token}"}
        request = urllib.request.Request(f"{server.url}/api/v1/me", headers=headers)  # noqa: S310 - loopback
        clients = [f"192.0.2.{host}" for host in range(LOGINS)]
        threads = [threading.Thread(target=_sign_in_until, args=(stop, server.url, client)) for client in clients]
        for thread in threads:
            thread.start()
        try:
            time.sleep(1)
            times = [_get(request) for _ in range(SAMPLES)]
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    row = value_row(f"`GET /api/v1/me` with {LOGINS} logins in flight, p50", times, "ms", at_most=10)
    return replace(row, spread=f"p95 {statistics.quantiles(times, n=20)[18]:.1f} ms")


def measure(project: Path, rounds: int) -> list[Row]:
    """Compare throughput and latency of the installed, prepared default project."""
    return [*(_compare(project, one, rounds) for one in COMPARISONS), _latency_under_logins(project)]
