"""How long it takes to publish 100 000 judgments and, above all, to check them: every verdict read again from the judge's
words, every number made again.

The records are those of `leaderboard.py`, with judges that answer in the rubric's words. Exits 1 when a goal is missed.

    python benchmarks/publishing.py [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import leaderboard
from measuring import Targets

from brie_bench import Failure, Order, Verdict
from brie_bench.cli import main as brie_bench
from brie_bench.engine.ledger import Ledger
from brie_bench.report.publishing.identity import run_id
from brie_bench.spec.base import canonical_json, digest

GOAL = 10.0
TURNS = 3
CRITERIA = ("creativity", "coherence", "depth", "engagement", "quality")


def outcome(draw: random.Random, liking: float, order: Order) -> Verdict | Failure:
    """What `leaderboard.outcome` says, in the rubric's words: some 700 characters."""
    found = said(draw, liking, order)
    if isinstance(found, Failure):
        return found
    scores = {slot: {name: draw.randrange(2, 6) for name in CRITERIA} for slot in "AB"}
    lines = [
        f"Response {slot} - {', '.join(f'{n.title()}: {v}' for n, v in each.items())}" for slot, each in scores.items()
    ]
    raw = "\n".join([*lines, f"Winner: {found.label}", f"Reasoning: {found.rationale}"])
    return Verdict(label=found.label, scores=scores, rationale=found.rationale, raw=raw)


said = leaderboard.outcome


def fill(folder: Path) -> str:
    """A ledger with one run of 100 000 judgments, whose record vouches for its digests; the run's id."""
    leaderboard.outcome = outcome
    leaderboard.fill(folder, leaderboard.LARGE)
    with Ledger(folder) as ledger, ledger.transaction():
        record = json.loads(ledger.run("bench").record)
        for each in (record["baseline"], *record["contenders"], *record["judges"]):
            each["configuration"] = {"plugin": each["name"]}
            each["digest"] = digest(each["configuration"])
        record |= {"parent": None, "replicate": 0, "limit": None, "seed": 0, "judge_repeats": 1}
        record["run"] = run_id(record)
        ledger.write("UPDATE run SET id = ?, record = ?", record["run"], canonical_json(record))
    return str(record["run"])


def timed(times: int, task: Callable[[], object]) -> list[float]:
    """Wall seconds of each turn."""
    found = []
    for _ in range(times):
        begun = time.perf_counter()
        if task():
            sys.exit("the command failed")
        found.append(time.perf_counter() - begun)
    return found


def main() -> None:
    """Time both; 1 when the goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    wanted = parser.parse_args()
    targets = Targets()
    with tempfile.TemporaryDirectory() as name:
        run = fill(Path(name))
        to = Path(name) / "leaderboards"
        published = timed(1, lambda: brie_bench(["publish", run, "--runs", name, "--to", str(to)]))
        checked = timed(TURNS, lambda: brie_bench(["publish", "--check", "--to", str(to)]))
        size = sum(path.stat().st_size for path in to.rglob("*") if path.is_file())
        if wanted.profile:
            profile = cProfile.Profile()
            profile.runcall(lambda: brie_bench(["publish", "--check", "--to", str(to)]))
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
    told = targets.at_most("publish --check", min(checked), GOAL, "s")
    print(f"publish: {published[0]:.1f} s; {size / 2**20:.1f} MiB")
    print(f"publish --check: {told} (best of {TURNS}, worst {max(checked):.1f} s), goal {GOAL} s")
    targets.exit()


if __name__ == "__main__":
    main()
