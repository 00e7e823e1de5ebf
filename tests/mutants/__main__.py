"""Make mutants that nobody chose, and say what notices them.

python -m tests.mutants typescript|python [--count N] [--seed N] [--only TEXT] [--log FILE] [--most-seconds N]
"""

from __future__ import annotations

import argparse
import json
import math
import random
import signal
import sys
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from queue import SimpleQueue
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from tests.mutants.processes import Programs, StoppedError
from tests.mutants.python import Python, copy
from tests.mutants.sample import Mutant, Outcome, Status, equivalents, sample
from tests.mutants.typescript import TypeScript
from tests.support.answers import every_combination
from tests.support.projects import Project, generate, install
from tools.controls import ROOT
from tools.node import environment

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager

    from tests.mutants.sample import Subject

WORKERS = 2


@contextmanager
def typescript(programs: Programs, most_seconds: float) -> Iterator[TypeScript]:
    """Render the project of the default answers for each worker."""
    store = ROOT / ".cache" / "installed"
    store.mkdir(parents=True, exist_ok=True)
    answers = every_combination()[0]
    with TemporaryDirectory(prefix="scaffold-mutants-") as folder:
        projects = []
        for worker in range(WORKERS):
            project = Project(Path(folder, str(worker), "my-api"), answers, {**environment(), "TEST_DATABASE_URL": ""})
            project.folder.parent.mkdir()
            generate(project.folder, answers)
            projects.append(replace(project, installation=install(project, store)))
        subject = TypeScript(projects, programs, most_seconds)
        try:
            yield subject
        finally:
            subject.close()


@contextmanager
def python(programs: Programs, most_seconds: float) -> Iterator[Python]:
    """Copy the repository for each worker."""
    with TemporaryDirectory(prefix="scaffold-mutants-") as folder:
        yield Python([copy(Path(folder, str(worker))) for worker in range(WORKERS)], programs, most_seconds)


SUBJECTS: dict[str, Callable[[Programs, float], AbstractContextManager[Subject]]] = {
    "typescript": typescript,
    "python": python,
}


def results(subject: Subject, mutants: Sequence[Mutant], programs: Programs) -> Iterator[tuple[Mutant, Outcome]]:
    """Judge mutants in several workers at once; gives each as soon as it is judged."""
    reasons = equivalents()
    free: SimpleQueue[int] = SimpleQueue()
    for worker in range(WORKERS):
        free.put(worker)

    def judge(mutant: Mutant) -> Outcome:
        if mutant.key in reasons:
            return Outcome(Status.EQUIVALENT, reasons[mutant.key])
        worker = free.get()
        try:
            return subject.judge(mutant, worker)
        finally:
            free.put(worker)

    pool = ThreadPoolExecutor(WORKERS)
    try:
        running = {pool.submit(judge, mutant): mutant for mutant in mutants}
        for done in as_completed(running):
            yield running[done], done.result()
    finally:
        programs.stop()
        pool.shutdown(cancel_futures=True)


def earlier(log: Path | None, mutants: Sequence[Mutant]) -> list[tuple[Mutant, Outcome]]:
    """Return what an earlier run has written of these mutants."""
    lines = log.read_text(encoding="utf-8").splitlines() if log and log.exists() else []
    outcomes = {}
    for line in map(json.loads, lines):
        outcome = Outcome(Status(line.pop("status")), line.pop("by"), line.pop("seconds"))
        outcomes[Mutant(**line)] = outcome
    return [(mutant, outcomes[mutant]) for mutant in mutants if mutant in outcomes]


def table(judged: Sequence[tuple[Mutant, Outcome]]) -> str:
    """Return how many mutants of each kind met each end."""
    counts: defaultdict[str, Counter[Status]] = defaultdict(Counter)
    for mutant, outcome in judged:
        counts[mutant.kind][outcome.status] += 1
    counts["all"] = sum((counts[kind] for kind in [*counts]), Counter())
    rows = ["".join([f"{'':<20}", *(f"{status:>17}" for status in Status)])]
    rows += ["".join([f"{kind:<20}", *(f"{row[status]:>17}" for status in Status)]) for kind, row in counts.items()]
    different = len(judged) - counts["all"][Status.EQUIVALENT]
    share = 100 * counts["all"][Status.ALIVE] / different if different else 0
    seconds = sum(outcome.seconds for _, outcome in judged) / len(judged) if judged else 0
    rows.append(f"{share:.1f} % of the mutants that are not equivalent are alive; {seconds:.1f} seconds for a mutant")
    return "\n".join(rows)


def described(mutant: Mutant) -> str:
    """Return a mutant in one line."""
    return f"{mutant.file}:{mutant.line} {mutant.kind} in {mutant.place or 'the module'}: {mutant.original[:90]}"


def main(arguments: Sequence[str]) -> int:
    """Run; the exit code is 0 whether or not mutants are alive, and 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants")
    parser.add_argument("language", choices=sorted(SUBJECTS))
    parser.add_argument("--count", type=int, default=30)
    parser.add_argument("--seed", type=int, help="repeats a run; default: another one each time")
    parser.add_argument("--only", default="", help="part of the path of the files")
    parser.add_argument(
        "--log", type=Path, help="a file that gets a line for each mutant; those in it are not run again"
    )
    parser.add_argument("--most-seconds", type=float, default=math.inf, help="of tests for a mutant; default: all")
    given = parser.parse_args(arguments)
    seed = random.SystemRandom().randrange(1_000_000) if given.seed is None else given.seed
    _say(f"seed: {seed}")
    programs = Programs()
    judged: list[tuple[Mutant, Outcome]] = []
    with SUBJECTS[given.language](programs, given.most_seconds) as subject:
        candidates = [one for one in subject.candidates if given.only in one.file]
        mutants = sample(candidates, given.count, seed)
        _say(f"{len(mutants)} of {len(candidates)} mutants; first all tests run once, to record what each executes")
        try:
            judged += earlier(given.log, mutants)
            known = {mutant for mutant, _ in judged}
            subject.prepare()
            for mutant, outcome in results(subject, [one for one in mutants if one not in known], programs):
                judged.append((mutant, outcome))
                _say(f"[{len(judged)}/{len(mutants)}] {outcome.status} in {outcome.seconds:.0f} s: {described(mutant)}")
                _say(f"    {outcome.by.splitlines()[0][:150] if outcome.by else '-'}")
                if given.log:
                    with given.log.open("a", encoding="utf-8") as log:
                        log.write(json.dumps(asdict(mutant) | asdict(outcome)) + "\n")
        finally:
            _say(table(judged))
            for mutant, outcome in judged:
                if outcome.status is Status.ALIVE:
                    _say(f"alive: {described(mutant)}")
            _say(f"seed: {seed}")
    return 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # `nohup` has switched off the last one.
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        sys.exit(main(sys.argv[1:]))
    except (KeyboardInterrupt, StoppedError):
        sys.exit(130)
