"""A run that nothing spares: every fault that it can survive, processes that are killed, and what the server counted."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from brie_bench.engine.calls.retrying import Patience
from brie_bench.testing import FAULTS, FakeProvider, Fault, Rule, huge, rate_limited, share
from line.panel import KEYS, LABS, URLS

PATIENCE = 120.0
"""Seconds after which a process is given up."""
TIMEOUT = 1.5
"""Seconds of silence after which a call fails: so long is every hang."""

FATAL = ("401", "403", "404")
"""After these nothing is asked any more."""
JUDGES_ONLY = dict.fromkeys(("cut off", "refusal", "lone surrogate", "huge"), "judge-*")
JUDGES_ONLY["invalid UTF-8"] = "judge-[ao]*"  # google's library reads such an answer, which the server does not count
"""Faults that change what a contender wrote, and with it what judges see: only these models meet them."""
QUICK: Mapping[str, Fault] = {
    "rate limited, in seconds": rate_limited(0.05),
    "rate limited, until a date": rate_limited(0.05, form="date"),
    "rate limited, in the body": rate_limited(0.05, form="details"),
    "huge": huge(1_200_000),
}
"""The same, for tests that have no time."""


def faults(part: float, *, seed: int, limited: float | None = None) -> list[Rule]:
    """Each fault that a run survives, for that part of all calls.

    A 429 is one fault, in four forms; `limited` is its own part. A run slows down for it: where many calls of a long run are
    refused whatever its pace, it comes down to a call a minute.
    """
    of_each_form = (part if limited is None else limited) / 4
    rules = []
    for name, make in FAULTS.items():
        if name not in FATAL:
            its = of_each_form if name.startswith("rate limited") else part
            rules.append(share(QUICK.get(name) or make(), its, seed=seed).only(model=JUDGES_ONLY.get(name, "*")))
    return rules


WAITS = {"first": 0.01, "longest": 0.02}
"""Seconds between two attempts, where nobody asked for more: for tests that have no time."""
IMPATIENT = f"""
import sys
from brie_bench.engine import settings
from brie_bench.engine.calls.retrying import Patience
settings.Patience = lambda attempts: Patience(attempts, **{WAITS})
from brie_bench.cli import main
sys.exit(main())
"""
"""The command, with these waits."""


def impatient(attempts: int) -> Patience:
    """The same for a command in this process."""
    return Patience(attempts, **WAITS)


@dataclass
class Command:
    """`brie-bench run …` in processes of their own, in one folder, before one server."""

    folder: Path
    server: FakeProvider
    args: tuple[Any, ...]
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *more: object) -> subprocess.Popen[str]:
        """Begin, or go on."""
        found = self.server.environment()
        environment = {name: value for name, value in os.environ.items() if name != "GOOGLE_API_KEY"}
        environment |= {URLS[lab]: found[URLS[lab]] for lab in LABS} | dict(KEYS.values())
        process = subprocess.Popen(
            [sys.executable, "-W", "error", "-c", IMPATIENT, *map(str, (*self.args, *more))],
            cwd=self.folder,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.processes.append(process)
        return process

    def kill(self, process: subprocess.Popen[str]) -> None:
        """At once, without a word; the server notices."""
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.server.wait_until(lambda counters, traffic: traffic.in_flight == 0)

    def kill_after(self, calls: int, *more: object) -> None:
        """Begin, or go on, and kill it when it has made so many more calls."""
        until = self.server.counters.calls + calls
        process = self.start(*more)
        end = time.monotonic() + PATIENCE
        while self.server.counters.calls < until and process.poll() is None:
            assert time.monotonic() < end
            time.sleep(0.005)
        self.kill(process)

    def clear(self) -> None:
        """Leave no process behind."""
        for process in self.processes:
            process.kill()
            process.communicate()
