"""Real processes, really killed, and a batch service that outlives them: nothing is submitted twice, nothing is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from brie_bench.engine.ledger import Ledger

PATIENCE = 60.0
"""Seconds after which a test that waits for another process gives up."""
N = 8
CALLS = 2 * N + 2 * N
"""Two sides; one judge, both orders."""

PLUGIN = '''
"""A model whose batches are files in a folder, and which writes down every step, slowly, before it is taken."""
import json, os, time
from pathlib import Path
import brie_bench
from brie_bench import Completion, hookimpl
from brie_bench.plugin.kinds import BatchModel

POST = Path(os.environ["POST_FOLDER"])


def step(what):
    log = os.open(POST / "log", os.O_APPEND | os.O_CREAT | os.O_WRONLY)
    os.write(log, (what + "\\n").encode())
    os.close(log)
    time.sleep(float(os.environ["POST_SECONDS"]))


class Posted(BatchModel):
    name = "posted"
    supports = frozenset({"max_tokens"})
    batch_requests = 3

    class Options(brie_bench.Options):
        model: str

    def complete(self, request):
        raise AssertionError("asked one by one")

    def submit(self, requests, mark):
        step("submit")
        rows = [(key, self.options.model, request.messages[-1].content) for key, request in requests]
        unfinished = POST / f".{mark}"
        unfinished.write_text(json.dumps(rows))
        unfinished.rename(POST / f"{mark}.json")
        step("arrived")
        return f"batch of {mark}"

    def find(self, mark):
        step("find")
        return f"batch of {mark}" if (POST / f"{mark}.json").exists() else None

    def collect(self, batch):
        step("collect")
        path = POST / f"{batch.removeprefix('batch of ')}.json"
        return self.rows(path) if time.time() - path.stat().st_mtime > 0.1 else None

    def rows(self, path):
        for key, model, asked in reversed(json.loads(path.read_text())):
            step("row")
            text = "Winner: A" if "Winner:" in asked else f"{model} says {len(asked)}"
            yield key, Completion(text=text, finish_reason="stop")


@hookimpl
def register_models(register):
    register(Posted)
'''


@dataclass
class Post:
    """A command that works by batch, its working folder, and the service's folder."""

    folder: Path
    suite: Path
    name: str = "post"
    processes: list[subprocess.Popen[str]] = field(default_factory=list)

    @property
    def service(self) -> Path:
        """What the provider has."""
        return self.folder / self.name

    def start(self, *, seconds: float = 0.02) -> subprocess.Popen[str]:
        """The command, in a process of its own. What nobody knows after a second is given up."""
        self.service.mkdir(exist_ok=True)
        paths = [str(self.folder / "site"), os.environ.get("PYTHONPATH", "")]
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(path for path in paths if path),
            "POST_FOLDER": str(self.service),
            "POST_SECONDS": str(seconds),
        }
        command = [
            *(sys.executable, "-m", "brie_bench", "run", str(self.suite), "--runs", str(self.service / "runs")),
            *("--batch", "--batch-pause", "0.1", "--timeout", "1", "--baseline", "posted/plain"),
            *("--contender", "new=posted/rich", "--judge", "posted/judge"),
        ]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=pipe, stderr=pipe, text=True)
        self.processes.append(process)
        return process

    def steps(self) -> int:
        """How many steps were begun."""
        log = self.service / "log"
        return len(log.read_text().splitlines()) if log.exists() else 0

    def wait_for(self, steps: int, process: subprocess.Popen[str]) -> bool:
        """Wait until so many steps were begun in all; False when the process ends before."""
        until = time.monotonic() + PATIENCE
        while self.steps() < steps:
            if process.poll() is not None:
                return False
            assert time.monotonic() < until
            time.sleep(0.002)
        return True

    def submitted(self) -> Counter[str]:
        """How often each key was submitted."""
        batches = [json.loads(path.read_text()) for path in self.service.glob("*.json")]
        return Counter(key for rows in batches for key, _, _ in rows)

    def recorded(self) -> set[str]:
        """The keys of all completions and verdicts in the ledger."""
        if not (self.service / "runs" / "ledger.sqlite").exists():
            return set()
        with Ledger(self.service / "runs") as ledger:
            assert [("ok",)] == ledger.select("PRAGMA integrity_check")
            return {key for (key,) in ledger.select("SELECT key FROM completion UNION ALL SELECT key FROM verdict")}

    def leaderboard(self) -> bytes:
        """What was published."""
        (path,) = (self.service / "runs").glob("*/leaderboard.json")
        return path.read_bytes()


def finish(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit status, stdout and stderr of a process that ends by itself."""
    out, err = process.communicate(timeout=PATIENCE)
    return process.returncode, out, err


@pytest.fixture
def post(tmp_path: Path, suite: Callable[..., Path]) -> Iterator[Post]:
    """A suite, and an installed plugin with a batch service."""
    site = tmp_path / "site"
    info = site / "post_plugin-1.0.dist-info"
    info.mkdir(parents=True)
    (site / "post_plugin.py").write_text(PLUGIN)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: post-plugin\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text("[brie_bench]\npost_plugin = post_plugin\n")
    made = Post(tmp_path, suite(N))
    yield made
    for process in made.processes:
        process.kill()
        process.communicate()


def killed_and_repeated(post: Post, kills: int, seed: int) -> None:
    """Kill the command at random steps, then let it end: as if it had not been killed."""
    source = random.Random(seed)
    for _ in range(kills):
        before = post.recorded()
        process = post.start()
        if not post.wait_for(post.steps() + source.randrange(1, 90 // kills + 2), process):
            assert 0 == finish(process)[0]
        time.sleep(source.uniform(0.0, 0.03))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert before <= post.recorded()
        assert {1} >= set(post.submitted().values())
    status, out, err = finish(post.start())
    assert 0 == status, err
    assert CALLS == len(post.recorded())
    assert dict.fromkeys(post.recorded(), 1) == post.submitted()
    undisturbed = Post(post.folder, post.suite, "undisturbed")
    post.processes.append(process := undisturbed.start(seconds=0.0))
    assert (0, out) == finish(process)[:2]
    assert undisturbed.leaderboard() == post.leaderboard()


def test_a_run_that_is_killed_and_repeated_submits_every_call_once(post: Post) -> None:
    """And ends as if it had not been killed."""
    killed_and_repeated(post, kills=3, seed=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(2, 6))
def test_a_run_that_is_killed_fifteen_times_submits_every_call_once(seed: int, post: Post) -> None:
    """At random steps: marking, submitting, polling, collecting, recording."""
    killed_and_repeated(post, kills=15, seed=seed)


def test_an_interrupt_while_waiting_ends_in_order(post: Post) -> None:
    """One line and exit 130; the next command goes on where it was."""
    process = post.start(seconds=0.05)
    assert post.wait_for(3, process)
    process.send_signal(signal.SIGINT)
    status, out, err = finish(process)
    assert (130, "") == (status, out)
    assert "Repeat the command to continue." in err
    assert "Traceback" not in err
    assert 0 == finish(post.start(seconds=0.0))[0]
    assert dict.fromkeys(post.recorded(), 1) == post.submitted()
    assert CALLS == len(post.recorded())
