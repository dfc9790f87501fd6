"""Progress on stderr, and how a run that was interrupted ends."""

from __future__ import annotations

import os
import pty
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result, judge_class

from brie_bench import Failure, Verdict
from brie_bench.cli import show
from brie_bench.cli.show import Lines, conclude, interruptible, make_progress
from brie_bench.engine.calls.pool import Stop
from brie_bench.engine.ledger import RunRow
from brie_bench.engine.run import Outcome

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Plug = Callable[..., None]


class Clock:
    """A clock that stands still until it is set."""

    now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock that progress looks at."""
    clock = Clock()
    monkeypatch.setattr(show, "time", clock)
    return clock


def test_progress_is_plain_lines_where_there_is_no_terminal(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """One when a stage begins, one every few seconds with the time left, one when it ends; all on stderr."""
    progress = make_progress()
    assert isinstance(progress, Lines)
    progress.start("judgments", 100, 20)
    clock.now += 4.0
    progress.advance(10, 0)
    clock.now += 6.0
    progress.advance(30, 2)
    clock.now += 5.0
    progress.advance(40, 0)
    progress.finish()
    out, err = capsys.readouterr()
    expected = [
        "judgments: 100, 20 already recorded",
        "judgments: 60 of 100, 2 failed, 10 s left",
        "judgments: 80 made in 15 s, 2 failed",
    ]
    assert ("", expected) == (out, err.splitlines())


def test_a_stage_with_nothing_to_do_says_only_that(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    """No line of its end."""
    progress = Lines()
    progress.start("completions", 5, 5)
    progress.finish()
    assert "completions: 5, 5 already recorded\n" == capsys.readouterr().err


@pytest.mark.parametrize(
    ("expected", "seconds"),
    [
        ("0.0 s", 0.0),
        ("9.9 s", 9.94),
        ("10 s", 10.2),
        ("59 s", 59.4),
        ("1 min 00 s", 60),
        ("2 min 05 s", 125),
        ("1 h 01 min", 3660),
    ],
)
def test_a_time_is_told_as_people_tell_it(expected: str, seconds: float) -> None:
    """Seconds, minutes, hours."""
    assert expected == show._duration(seconds)


ROW = RunRow(number=1, id="r-1", base="b", replicate=0, parent=None, per_pair=2, record="{}", at="")


@pytest.mark.parametrize(
    ("expected", "told", "outcome"),
    [
        (0, "run r-1: runs/r-1\n", Outcome(ROW, n_verdicts=1)),
        (
            1,
            "run r-1: runs/r-1\nbrie-bench: no verdict at all: there is no result. --retry-failures asks again.\n",
            Outcome(ROW),
        ),
        (130, "interrupted: some. Repeat the command to continue.\n", Outcome(ROW, interrupted=True)),
        (
            1,
            "brie-bench: j could not work: no key Mend it and repeat the command.\nrun r-1: runs/r-1\n",
            Outcome(ROW, False, {"j": Failure(kind="fatal", message="no key")}),
        ),
        (
            1,
            "brie-bench: no money. some. Repeat the command with a higher --cost-limit to continue.\nrun r-1: runs/r-1\n",
            Outcome(ROW, exhausted="no money.", n_verdicts=3),
        ),
    ],
)
def test_a_run_ends_with_where_it_stands(
    capsys: pytest.CaptureFixture[str], expected: int, told: str, outcome: Outcome
) -> None:
    """Done, interrupted, with somebody who could not work, or without money."""
    assert expected == conclude(outcome, Path("runs"), "some.")
    assert ("", told) == capsys.readouterr()


def test_the_first_signal_asks_and_the_second_ends(capsys: pytest.CaptureFixture[str]) -> None:
    """Ctrl-C or a polite kill; afterwards signals mean what they meant."""
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    for number in (signal.SIGINT, signal.SIGTERM):
        stop = Stop()
        with interruptible(stop):
            assert not stop.asked
            signal.raise_signal(number)
            assert stop.asked
            assert "what is in flight is finished and recorded" in capsys.readouterr().err
            with pytest.raises(KeyboardInterrupt):
                signal.raise_signal(number)
    assert before == [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]


def test_an_interrupted_run_is_status_130_and_goes_on_when_repeated(cli: Cli, suite: Suite, plugged: Plug) -> None:
    """What was in flight is recorded, nothing is printed on stdout, and nothing is asked twice."""
    asked: list[str] = []
    lock = threading.Lock()

    def interrupts(shown: object) -> Verdict:
        with lock:
            asked.append(shown.content_digest())  # type: ignore[attr-defined]
            if len(asked) == 3:
                signal.raise_signal(signal.SIGINT)
        return Verdict(label="A")

    plugged(judges=(judge_class("j", interrupts),))
    args = ("run", suite(40), "--judge", "j", "--max-connections", "1")
    done = cli(*args)
    assert (130, "") == (done.status, done.out)
    assert re.search(r"interrupted: \d+ of 80 judgments are recorded\. Repeat the command to continue\.\n$", done.err)
    n_asked = len(asked)
    assert n_asked < 80
    again = cli(*args)
    assert (0, 80, 80) == (again.status, len(asked), len(set(asked)))
    assert f"judgments: 80, {n_asked} already recorded" in again.err


def _on_a_terminal(folder: Path, **environment: str) -> tuple[int, str, str]:
    """Status, stdout and what a terminal on stderr was sent."""
    controller, terminal = pty.openpty()
    clean = {
        name: value for name, value in os.environ.items() if not name.startswith("BRIE_BENCH_") and name != "NO_COLOR"
    }
    command = [sys.executable, "-m", "brie_bench", "run", "comprehensive57", "--limit", "2", "--judge", "coin"]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=terminal,
        cwd=folder,
        env={**clean, "TERM": "xterm-256color", **environment},
    )
    os.close(terminal)
    assert process.stdout is not None
    sent = b""
    while True:
        try:
            chunk = os.read(controller, 65536)
        except OSError:  # the other end is closed
            break
        if not chunk:
            break
        sent += chunk
    os.close(controller)
    out = process.stdout.read()
    process.stdout.close()
    return process.wait(), out.decode(), sent.decode()


COLOUR = re.compile(r"\x1b\[[0-9;]*(?:3[0-9]|38|9[0-7])[0-9;]*m")


def test_a_terminal_gets_a_live_bar_and_stdout_stays_clean(tmp_path: Path) -> None:
    """The bar is on stderr; the leaderboard has no escape in it."""
    status, out, sent = _on_a_terminal(tmp_path)
    assert (0, True, True) == (status, "judgments" in sent, "4/4" in sent)
    assert COLOUR.search(sent)
    assert out.startswith("# comprehensive57")
    assert "\x1b" not in out


def test_no_color_is_obeyed(tmp_path: Path) -> None:
    """The same bar without a colour."""
    status, out, sent = _on_a_terminal(tmp_path, NO_COLOR="1")
    assert (0, True, None) == (status, "4/4" in sent, COLOUR.search(sent))
    assert out.startswith("# comprehensive57")
