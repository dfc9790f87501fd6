"""How long a leaderboard takes, everything included: read from the ledger, audited, computed, as markdown and as JSON.

Two sizes: 100 000 judgments of 20 contenders by four judges, and the size of the original study (57 comparisons by four
judges). Judges differ, contenders differ, texts have the length of real ones, some judgments are missing. The process is
warm (everything is imported); a whole process, `brie-bench leaderboard`, is timed beside it for information. Exits 1 when
a goal is missed.

    python benchmarks/leaderboard.py [--profile]
"""

from __future__ import annotations

import argparse
import cProfile
import json
import pstats
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from brie_bench import Completion, Failure, FinishReason, Item, Order, Prompt, Sampling, Verdict
from brie_bench.engine.ledger import ComparisonRow, Ledger
from brie_bench.engine.plan import pair_key
from brie_bench.report.markdown import render
from brie_bench.report.publish import leaderboard_of, to_json
from brie_bench.spec.base import canonical_json, digest

JUDGES = ("measured-1", "measured-2", "openai/gpt-bench", "anthropic/claude-bench")
TURNS = 5


@dataclass(frozen=True)
class Size:
    """An experiment: its contenders, the prompts of each section, and the goal in seconds."""

    name: str
    contenders: int
    in_domain: int
    out_of_domain: int
    varied: int
    repeated: int
    repeats: int
    orders: tuple[Order, ...]
    goal: float

    def items(self) -> Iterator[Item]:
        """The items: two grounds, two temperatures, two lengths, repeats."""
        common = Sampling(temperature=0.75, max_tokens=512)
        for number in range(self.in_domain):
            yield item("philosophy", "in_domain", number, common)
        for number in range(self.out_of_domain):
            yield item("coding", "out_of_domain", 10_000 + number, common)
        for number in range(self.varied):
            for temperature in (0.5, 1.0):
                yield item("temperature", "temperature", number, Sampling(temperature=temperature, max_tokens=512))
            for limit in (256, 1024):
                yield item("length", "length", number, Sampling(temperature=0.75, max_tokens=limit))
        for number in range(self.repeated):
            for repeat in range(1, self.repeats + 1):
                yield item("again", "reproducibility", number, common, repeat)


LARGE = Size("100 000 judgments, 20 contenders", 20, 250, 175, 25, 50, 2, tuple(Order), 1.5)
SEED = Size("57 comparisons, 4 judges", 1, 20, 15, 3, 5, 2, (Order.BASELINE_FIRST,), 0.4)


def item(section: str, kind: str, number: int, sampling: Sampling, repeat: int = 1) -> Item:
    """A prompt under one condition."""
    prompt = Prompt(id=f"p-{number}", text=f"What is the use of the number {number}?")
    return Item(section=section, kind=kind, prompt=prompt, sampling=sampling, repeat=repeat)


def text_of(draw: random.Random, words: int) -> str:
    """Some sentences."""
    said = " ".join(f"{draw.getrandbits(20):x}" for _ in range(words))
    return f"{said.capitalize()}."


def fill(folder: Path, size: Size) -> None:
    """A ledger with one run of that size."""
    draw = random.Random(7)
    contenders = [f"contender-{number:02d}" for number in range(size.contenders)]
    items = list(size.items())
    with Ledger(folder) as ledger, ledger.transaction():
        described = {
            "baseline": {"name": "base", "digest": "0", "configuration": {}},
            "contenders": [{"name": name, "digest": name, "configuration": {}} for name in contenders],
            "judges": [{"name": name, "digest": name, "configuration": {}} for name in JUDGES],
        }
        n_prompts = len({each.prompt.key for each in items})
        suite = {"name": "bench", "title": "Bench", "digest": "bench", "n_prompts": n_prompts, "n_items": len(items)}
        record = {
            **described,
            "suite": suite,
            "order": "both" if len(size.orders) > 1 else "random",
            "criteria": ["quality"],
        }
        run = ledger.put_run(
            id="bench", base="bench", replicate=0, parent=None, per_pair=len(size.orders), record=canonical_json(record)
        )
        ledger.put_items(
            run.number,
            (
                (number, each.section, str(each.kind), each.prompt.key, each.model_dump_json(exclude_defaults=True))
                for number, each in enumerate(items)
            ),
        )
        for number, each in enumerate(items):
            baseline = complete(ledger, draw, f"base-{number}")
            for position, name in enumerate(contenders):
                contender = complete(ledger, draw, f"{name}-{number}")
                row = ComparisonRow(
                    number=number * len(contenders) + position,
                    item=number,
                    contender=name,
                    pair=pair_key(each, contender, baseline),
                    contender_key=f"{name}-{number}",
                    baseline_key=f"base-{number}",
                    contender_length=len(contender.text),
                    baseline_length=len(baseline.text),
                    contender_finish="stop",
                    baseline_finish="stop",
                    first=size.orders[0],
                )
                ledger.put_comparison(run.number, row)
                better = draw.gauss(position / 40, 1.0)
                for seat, judge in enumerate(JUDGES):
                    for order in size.orders:
                        key = digest([row.number, judge, order])
                        liking = better + draw.gauss(0, 1.0) + (0.1 * seat if order is Order.CONTENDER_FIRST else 0.0)
                        ledger.put_verdict(key, outcome(draw, liking, order))
                        ledger.put_judging(run.number, row.number, judge, order, order, 1, key)


def complete(ledger: Ledger, draw: random.Random, key: str) -> Completion:
    """A completion of a few hundred words, some of them cut off."""
    reason = FinishReason.LENGTH if draw.random() < 0.1 else FinishReason.STOP
    completion = Completion(text=text_of(draw, draw.randrange(80, 240)), finish_reason=reason)
    ledger.put_completion(key, completion)
    return completion


def outcome(draw: random.Random, liking: float, order: Order) -> Verdict | Failure:
    """What a judge with that liking for the contender says."""
    if draw.random() < 0.01:
        return Failure(kind="unparsed", message="no verdict", raw=text_of(draw, 20))
    first = liking if order is Order.CONTENDER_FIRST else -liking
    label = "tie" if abs(liking) < 0.1 else "A" if first > 0 else "B"
    scores = {"A": {"quality": 4}, "B": {"quality": 3 if draw.random() < 0.9 else 5}} if label == "A" else {}
    return Verdict(label=label, scores=scores, rationale=text_of(draw, 40), raw=text_of(draw, 90))


def whole(folder: Path) -> tuple[str, str]:
    """The leaderboard of the run, as markdown and as JSON."""
    with Ledger(folder, create=False) as ledger:
        board = leaderboard_of(ledger, [ledger.run("bench")])
    return render(board), to_json(board)


def main() -> int:
    """Time both sizes; 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--profile", action="store_true", help="say where the time goes")
    wanted = parser.parse_args()
    missed = 0
    for size in (SEED, LARGE):
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            fill(folder, size)
            whole(folder)
            times = []
            for _ in range(TURNS):
                begun = time.perf_counter()
                markdown, text = whole(folder)
                times.append(time.perf_counter() - begun)
            command = [sys.executable, "-m", "brie_bench", "leaderboard", "bench", "--runs", name]
            begun = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            process = time.perf_counter() - begun
            if wanted.profile:
                profile = cProfile.Profile()
                profile.runcall(whole, folder)
                pstats.Stats(profile).sort_stats("cumulative").print_stats(45)
        best = min(times)
        judged = sum(row["n_judgments"] for row in json.loads(text)["standings"] if row["verdict"])
        met = best <= size.goal
        missed += not met
        told = f"{best:.2f} s (best of {TURNS}, worst {max(times):.2f}), goal {size.goal} s"
        print(
            f"{'ok  ' if met else 'MISS'} {size.name}: {judged} verdicts, {len(markdown)} characters of markdown: {told}"
        )
        print(f"     the whole process, imports included: {process:.2f} s")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
