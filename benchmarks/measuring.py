"""What the benchmarks share: processes measured from outside, medians of several runs, one markdown table."""

from __future__ import annotations

import os
import platform
import sqlite3
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple


class Spent(NamedTuple):
    """What a process took: CPU seconds (user and system), wall seconds, MiB at its largest."""

    cpu: float
    wall: float
    peak: float


def spent(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Spent:
    """Run a command that says nothing and measure it; whatever it prints is dropped. Exits when it fails."""
    begun = time.perf_counter()
    process = subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={**os.environ, **(environment or {})}
    )
    _, status, usage = os.wait4(process.pid, 0)
    wall = time.perf_counter() - begun
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        sys.exit(f"{' '.join(command)} ended with {process.returncode}")
    return Spent(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def medians(times: int, *tasks: Callable[[], Spent]) -> list[Spent]:
    """The median of each task, which are run in turn, so that a busy moment of the machine meets them all."""
    found: list[list[Spent]] = [[] for _ in tasks]
    for _ in range(times):
        for each, task in zip(found, tasks, strict=True):
            each.append(task())
    return [Spent(*(statistics.median(values) for values in zip(*each, strict=True))) for each in found]


def machine() -> str:
    """What the figures were measured on; no names, no paths."""
    return (
        f"{os.cpu_count()} cores ({platform.machine()}), {platform.system()},"
        f" {platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def table(headers: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a markdown table."""
    print(f"\n| {' | '.join(headers)} |\n|{'|'.join([':--', *['--:'] * (len(headers) - 1)])}|")
    for row in rows:
        print(f"| {' | '.join(row)} |")


class Targets:
    """What must hold; at the end the script's exit status says whether it did."""

    def __init__(self) -> None:
        self.missed: list[str] = []

    def at_most(self, what: str, value: float, most: float, unit: str) -> str:
        """`value` as text; remembers when it is more than `most`."""
        if value > most:
            self.missed.append(f"{what}: {value:.3g} {unit}, at most {most:g} wanted")
        return f"{value:.3g} {unit}" if value <= most else f"**{value:.3g} {unit}**"

    def exit(self) -> None:
        """Say where it was measured and end: status 1 when a target was missed."""
        print(f"\n{machine()}")
        for each in self.missed:
            print(f"MISSED {each}", file=sys.stderr)
        sys.exit(bool(self.missed))
