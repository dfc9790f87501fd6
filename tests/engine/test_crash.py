"""Real processes, really killed: nothing that was recorded is lost, nothing that was paid for is paid for again."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from brie_bench.engine.ledger import Ledger

PATIENCE = 60.0
"""Seconds after which a test that waits for another process gives up."""

PLUGIN = '''
"""A model and two judges that take their time and write down every call before it is answered."""
import hashlib, os, time
import brie_bench
from brie_bench import Completion, Judge, Model, Verdict, hookimpl


def begin(mark):
    log = os.open(os.environ["SLOW_LOG"], os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(log, (mark + "\\n").encode())
    os.close(log)
    time.sleep(float(os.environ["SLOW_SECONDS"]))


class Slow(Model):
    name = "slow"
    supports = frozenset({"max_tokens"})

    class Options(brie_bench.Options):
        model: str

    def complete(self, request):
        mark = f"text {self.options.model} {request.messages[-1].content}"
        begin(mark)
        return Completion(text=mark, finish_reason="stop")


class Fair(Judge):
    name = "fair"

    def judge(self, shown):
        mark = f"verdict {self.name} {hashlib.sha256(repr((shown.a, shown.b)).encode()).hexdigest()}"
        begin(mark)
        odd = int(hashlib.sha256("".join(sorted((shown.a, shown.b))).encode()).hexdigest(), 16) % 3 == 0
        return Verdict(label="A" if (len(shown.a) > len(shown.b)) != odd else "B", rationale=mark)


class Other(Fair):
    name = "other"


@hookimpl
def register_models(register):
    register(Slow)


@hookimpl
def register_judges(register):
    register(Fair)
    register(Other)
'''

N = 12
CALLS = 2 * N + 2 * 2 * N
"""Two sides; two judges, both orders."""


@dataclass
class Bench:
    """A command that takes its time, its working folder, and the log of the calls it made."""

    folder: Path
    suite: Path
    runs: str = "runs"
    more: tuple[str, ...] = ()
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def log(self) -> Path:
        """A line for every call, written when it begins."""
        return self.folder / f"{self.runs}.log"

    def begun(self) -> list[str]:
        """Every call that was begun."""
        return self.log.read_text().splitlines() if self.log.exists() else []

    def start(self, *args: str, seconds: float = 0.03, wrapper: str | None = None) -> subprocess.Popen[str]:
        """The command, in a process of its own."""
        paths = [str(self.folder / "site"), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "SLOW_LOG": str(self.log),
            "SLOW_SECONDS": str(seconds),
        }
        program = ["-c", wrapper] if wrapper else ["-m", "brie_bench"]
        command = [
            *(sys.executable, *program, "run", str(self.suite), "--runs", self.runs, "--max-connections", "3"),
            *("--baseline", "slow/plain", "--contender", "new=slow/rather-richer"),
            *("--judge", "fair", "--judge", "other", *self.more, *args),
        ]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=pipe, stderr=pipe, text=True)
        self.processes.append(process)
        return process

    def recorded(self) -> list[str]:
        """The marks of all completions and verdicts in the ledger."""
        if not (self.folder / self.runs / "ledger.sqlite").exists():
            return []
        with Ledger(self.folder / self.runs) as ledger:
            assert [("ok",)] == ledger.select("PRAGMA integrity_check")
            found = ledger.select("SELECT record FROM completion UNION ALL SELECT record FROM prose")
        return [record.get("text") or record["rationale"] for (text,) in found for record in [json.loads(text)]]

    def leaderboard(self) -> bytes:
        """What was published."""
        (path,) = (self.folder / self.runs).glob("*/leaderboard.json")
        return path.read_bytes()

    def wait_for(self, calls: int, process: subprocess.Popen[str]) -> bool:
        """Wait until so many calls were begun in all; False when the process ends before."""
        until = time.monotonic() + PATIENCE
        while len(self.begun()) < calls:
            if process.poll() is not None:
                return False
            assert time.monotonic() < until
            time.sleep(0.002)
        return True


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a process that ends by itself."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


@pytest.fixture
def bench(tmp_path: Path, suite: Callable[..., Path]) -> Bench:
    """A suite, and an installed plugin that takes its time."""
    site = tmp_path / "site"
    info = site / "slow_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "slow_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[brie_bench]\nslow_plugin = slow_plugin\n")
    made = Bench(tmp_path, suite(N))
    yield made
    for process in made.processes:
        process.kill()
        process.communicate()


def killed_and_repeated(bench: Bench, kills: int, seed: int) -> None:
    """Kill the command at random moments, then let it end; check at every step what is recorded and what is called."""
    source = random.Random(seed)
    step = 2 * CALLS // (kills + 1)
    for _ in range(kills):
        before, begun = bench.recorded(), len(bench.begun())
        process = bench.start()
        more = source.randrange(step)
        if more == 0:
            time.sleep(source.uniform(0.0, 1.0))  # while it starts, or just after
        elif not bench.wait_for(begun + more, process):
            assert 0 == finish(process)[0]
        time.sleep(source.uniform(0.0, 0.04))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        recorded = bench.recorded()
        assert set(before) <= set(recorded)
        assert [] == [mark for mark in bench.begun()[begun:] if mark in before]
    before, begun = bench.recorded(), len(bench.begun())
    status, out, err = finish(bench.start())
    assert 0 == status, err
    assert [] == [mark for mark in bench.begun()[begun:] if mark in before]
    assert {1} == set(Counter(bench.recorded()).values())
    assert set(bench.begun()) == set(bench.recorded())
    assert CALLS == len(bench.recorded())
    assert len(bench.begun()) - CALLS <= 2 * 2 * 3 * kills  # what two lanes of three connections had drawn
    undisturbed = Bench(bench.folder, bench.suite, runs="undisturbed")
    bench.processes.append(process := undisturbed.start(seconds=0.0))
    assert (0, out) == finish(process)[:2]
    assert undisturbed.leaderboard() == bench.leaderboard()


def test_a_run_that_is_killed_and_repeated_ends_as_if_it_had_not_been(bench: Bench) -> None:
    """Every key is recorded once, none is lost, nothing recorded is asked again, and the leaderboard is the same."""
    killed_and_repeated(bench, kills=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_a_run_that_is_killed_twenty_times_ends_as_if_it_had_not_been(seed: int, bench: Bench) -> None:
    """At twenty random moments: starting, completing, judging, and when all is done."""
    killed_and_repeated(bench, kills=20, seed=seed)


@pytest.mark.parametrize(
    ("number", "calls"),
    [(signal.SIGINT, 2 * N + 9), (signal.SIGTERM, 7)],
    ids=["Ctrl-C while judging", "a request to end while completing"],
)
def test_an_interrupt_finishes_what_is_in_flight(number: signal.Signals, calls: int, bench: Bench) -> None:
    """It prints a summary, exits 130 and loses nothing: what was begun is recorded, and the next command goes on."""
    process = bench.start()
    assert bench.wait_for(calls, process)
    process.send_signal(number)
    status, out, err = finish(process)
    assert (130, "") == (status, out)
    assert "stopping: what is in flight is finished" in err
    judged = sum(mark.startswith("verdict") for mark in bench.begun())
    assert f"interrupted: {judged} of {4 * N} judgments are recorded. Repeat the command to continue." in err
    assert "Traceback" not in err
    assert sorted(bench.begun()) == sorted(bench.recorded())
    assert len(bench.begun()) < CALLS
    assert 0 == finish(bench.start())[0]
    assert CALLS == len(bench.begun()) == len(set(bench.recorded()))


def test_a_second_interrupt_ends_at_once(bench: Bench) -> None:
    """Though calls hang: exit 130, one line, and what was recorded stays."""
    assert 0 == finish(bench.start("--limit", "1"))[0]
    before = bench.recorded()
    process = bench.start(seconds=600.0)
    assert bench.wait_for(len(before) + 3, process)
    process.send_signal(signal.SIGINT)
    assert process.stderr is not None
    while "stopping" not in process.stderr.readline():
        pass
    assert None is process.poll()
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    assert (130, "", "brie-bench: interrupted") == (status, out, err.strip())
    assert sorted(before) == sorted(bench.recorded())
    assert 0 == finish(bench.start())[0]


def test_a_second_process_at_the_same_run_says_so(bench: Bench) -> None:
    """In one line, at once, without a call; when the first is killed, the next goes on."""
    one = bench.start(seconds=600.0)
    assert bench.wait_for(3, one)
    status, out, err = finish(bench.start())
    assert (1, "") == (status, out)
    assert 1 == len(err.splitlines())
    assert "another process is at this run. Wait for it, or stop it." in err
    assert 3 == len(bench.begun())
    assert None is one.poll()
    one.kill()
    one.communicate()
    assert 0 == finish(bench.start(seconds=0.0))[0]
    assert CALLS == len(set(bench.recorded()))


def test_two_runs_at_once_share_a_ledger(bench: Bench) -> None:
    """Different seeds, the same completions and presentations: both end well, and each key is there once."""
    one, two = bench.start("--seed", "1", "--order", "random"), bench.start("--seed", "2", "--order", "random")
    assert (0, 0) == (finish(one)[0], finish(two)[0])
    assert {1} == set(Counter(bench.recorded()).values())
    assert set(bench.begun()) == set(bench.recorded())
    boards = {path.parent.name: path.read_bytes() for path in (bench.folder / "runs").glob("*/leaderboard.json")}
    alone = Bench(bench.folder, bench.suite, runs="alone")
    for seed in ("1", "2"):
        bench.processes.append(process := alone.start("--seed", seed, "--order", "random", seconds=0.0))
        assert 0 == finish(process)[0]
    assert boards == {
        path.parent.name: path.read_bytes() for path in (bench.folder / "alone").glob("*/leaderboard.json")
    }


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (170_000, 170_000))
from brie_bench.cli import main
sys.exit(main())
"""


def test_a_disk_that_takes_no_more_is_one_line(bench: Bench) -> None:
    """The system's own limit on a file: no traceback, what was recorded stays, and the command goes on with more room."""
    status, out, err = finish(bench.start(seconds=0.0, wrapper=LIMITED))
    assert (1, "") == (status, out)
    (line,) = (line for line in err.splitlines() if line.startswith("brie-bench:"))
    assert "ledger.sqlite: " in line
    assert "what was recorded is kept" in line
    assert "Traceback" not in err
    before, begun = bench.recorded(), len(bench.begun())
    assert 0 < len(before) < CALLS
    assert 0 == finish(bench.start(seconds=0.0))[0]
    assert [] == [mark for mark in bench.begun()[begun:] if mark in before]
    assert CALLS == len(set(bench.recorded()))
