"""What a run shows while it works and when it ends: progress on stderr, results on stdout."""

from __future__ import annotations

import contextlib
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import click

from brie_bench.engine.calls.pool import Stop
from brie_bench.engine.progress import Progress
from brie_bench.engine.run import Outcome
from brie_bench.errors import plain


def make_progress() -> Progress:
    """A live bar on a terminal, plain lines elsewhere."""
    return Bar() if sys.stderr.isatty() else Lines()


class Bar:
    """A live bar, with the time left."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as RichProgress

        self.bar = RichProgress(
            TextColumn("{task.description:<12}"),
            BarColumn(bar_width=32),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            TextColumn("{task.fields[note]}"),
            console=Console(stderr=True),
        )
        self.failed = 0

    def start(self, stage: str, total: int, recorded: int) -> None:
        """A new line."""
        self.failed = 0
        note = f"{recorded} already recorded" if recorded else ""
        self.task = self.bar.add_task(stage, total=total, completed=recorded, note=note)
        self.bar.start()

    def advance(self, done: int, failed: int) -> None:
        """So much further."""
        self.failed += failed
        changed: dict[str, Any] = {"note": f"{self.failed} failed"} if failed else {}
        self.bar.update(self.task, advance=done, **changed)

    def wait(self, batches: int, calls: int, trouble: str) -> None:
        """What is waited for."""
        self.bar.update(self.task, note=_waiting(batches, calls, trouble))

    def finish(self) -> None:
        """Leave the bar as it stands."""
        self.bar.stop()


class Lines:
    """A line when a stage begins, one every few seconds, and one when it ends."""

    every = 5.0

    def start(self, stage: str, total: int, recorded: int) -> None:
        """What is to be done."""
        self.stage, self.total, self.done, self.failed = stage, total, recorded, 0
        self.begun = self.told = time.monotonic()
        self.made = 0
        self.waiting = ""
        known = f", {recorded} already recorded" if recorded else ""
        click.echo(f"{stage}: {total}{known}", err=True)

    def advance(self, done: int, failed: int) -> None:
        """How far it is, now and then."""
        self.done += done
        self.made += done
        self.failed += failed
        moment = time.monotonic()
        if moment - self.told >= self.every and self.done < self.total:
            left = (moment - self.begun) / self.made * (self.total - self.done)
            failures = f", {self.failed} failed" if self.failed else ""
            click.echo(f"{self.stage}: {self.done} of {self.total}{failures}, {_duration(left)} left", err=True)
            self.told = moment

    def wait(self, batches: int, calls: int, trouble: str) -> None:
        """What is waited for, when that has changed."""
        line = _waiting(batches, calls, trouble)
        if line != self.waiting:
            click.echo(f"{self.stage}: {line}", err=True)
            self.waiting = line

    def finish(self) -> None:
        """How it ended."""
        if self.made:
            failures = f", {self.failed} failed" if self.failed else ""
            spent = _duration(time.monotonic() - self.begun)
            click.echo(f"{self.stage}: {self.made} made in {spent}{failures}", err=True)


def _waiting(batches: int, calls: int, trouble: str) -> str:
    posted = (
        f"{batches} batch{'es' * (batches != 1)} with {calls} calls not finished" if batches else "nothing submitted"
    )
    return f"{posted} ({plain(trouble, 160)})" if trouble else posted


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min" if hours else f"{minutes} min {seconds:02d} s"


@contextlib.contextmanager
def interruptible(stop: Stop) -> Iterator[None]:
    """The first Ctrl-C asks `stop`; the second one ends the process at once."""

    def on_signal(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        if stop.asked:
            signal.signal(number, signal.SIG_DFL)
            raise KeyboardInterrupt
        stop.ask()
        click.echo("\nstopping: what is in flight is finished and recorded; once more stops at once", err=True)

    before = {number: signal.signal(number, on_signal) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def conclude(outcome: Outcome, folder: Path, planned: str) -> int:
    """Say how a run ended, and why calls failed; its exit status."""
    for each in outcome.failures:
        if each.who not in outcome.fatal:
            failed = f"{each.count} {each.what}{'s' * (each.count > 1)} failed ({each.kind})"
            click.echo(f"{plain(each.who)}: {failed}: {plain(each.message) or 'no reason given'}", err=True)
    for name, failure in outcome.fatal.items():
        message = plain(failure.message)
        click.echo(f"brie-bench: {plain(name)} could not work: {message} Mend it and repeat the command.", err=True)
    if outcome.interrupted:
        click.echo(f"interrupted: {planned} Repeat the command to continue.", err=True)
        return 130
    if outcome.exhausted:
        mend = "Repeat the command with a higher --cost-limit to continue."
        click.echo(f"brie-bench: {outcome.exhausted} {planned} {mend}", err=True)
    click.echo(f"run {outcome.run.id}: {folder / outcome.run.id}", err=True)
    hopeless = bool(outcome.fatal or outcome.exhausted)
    if not outcome.n_verdicts and not hopeless:
        click.echo("brie-bench: no verdict at all: there is no result. --retry-failures asks again.", err=True)
    return 0 if outcome.n_verdicts and not hopeless else 1
