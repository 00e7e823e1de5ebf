"""The rendered project under load, beside the same work without it."""

from __future__ import annotations

import json
import statistics
import subprocess
import threading
import time
import urllib.request
from pathlib import Path

from benchmarks.measurement import Row, alternate, ratio_row, value_row
from benchmarks.servers import (
    ROOT, Server, environment, project_server, reference, sign_in,
)  # fmt: skip

CONNECTIONS, SECONDS, LOGINS = 10, 4, 24


def _requests_per_second(server: Server, path: str) -> float:
    header = ["--headers", f"Authorization=Bearer {server.token}"] if server.token else []
    command = ["node", "node_modules/autocannon/autocannon.js", "--json", "--no-progress"]
    load = ["--connections", str(CONNECTIONS), "--duration", str(SECONDS)]
    result = subprocess.run(
        [*command, *load, *header, server.url + path],
        cwd=ROOT / "benchmarks", env=environment(), capture_output=True, text=True, check=True,
    )  # fmt: skip
    report = json.loads(result.stdout)
    if report["non2xx"] or report["errors"]:
        raise RuntimeError(f"{path}: {report['non2xx']} wrong answers, {report['errors']} errors")
    return float(report["requests"]["average"])


def _compare(what: str, project: Path, path: str, other: str, rounds: int, floor: float) -> Row:
    with project_server(project) as ours, reference(project, other) as theirs:
        pairs = alternate(
            lambda: _requests_per_second(ours, path),
            lambda: _requests_per_second(theirs, path),
            rounds,
        )
    return ratio_row(what, pairs, at_least=floor)


def _sign_in_until(stop: threading.Event, url: str) -> None:
    while not stop.is_set():
        sign_in(url)


def _latency_under_logins(project: Path, samples: int) -> Row:
    stop = threading.Event()
    with project_server(project) as server:
        request = urllib.request.Request(
            f"{server.url}/api/v1/me", headers={"Authorization": f"Bearer {server.token}"}
        )
        threads = [
            threading.Thread(target=_sign_in_until, args=(stop, server.url)) for _ in range(LOGINS)
        ]
        for thread in threads:
            thread.start()
        time.sleep(1)
        times = []
        for _ in range(samples):
            start = time.perf_counter()
            urllib.request.urlopen(request, timeout=20).read()
            times.append((time.perf_counter() - start) * 1000)
            time.sleep(0.01)
        stop.set()
        for thread in threads:
            thread.join()
    quantiles = statistics.quantiles(times, n=20)
    row = value_row(f"`GET /api/v1/me` with {LOGINS} logins in flight, p50", times, "ms", at_most=10)
    return Row(row.what, row.value, f"p95 {quantiles[18]:.1f} ms", row.target, row.met)


def measure(project: Path, rounds: int) -> list[Row]:
    """Compare throughput and latency of the installed default project."""
    return [
        _compare(
            "`GET /healthz` / bare Express, requests per second",
            project, "/healthz", "bare-express", rounds, 0.8,
        ),
        _compare(
            "`GET /api/v1/me` / the same work by hand, requests per second",
            project, "/api/v1/me", "by-hand", rounds, 0.75,
        ),
        _latency_under_logins(project, 300),
    ]  # fmt: skip
