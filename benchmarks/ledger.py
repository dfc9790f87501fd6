"""The ledger: a million judgments read into a leaderboard.

    python benchmarks/ledger.py [JUDGMENTS]

A run of four contenders on 25 000 items by five judges in both orders, each verdict with some 700 characters of prose, put
into a ledger of their own in the order in which a run records them. Reading it, auditing the records and computing every
table may take 10 seconds and 1.5 GB, each step being timed in a process of its own. Beside it, the least that could be done:
a `SELECT` of the same rows into a list.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from measuring import Targets, table

CONTENDERS, JUDGES, SECTIONS = 4, 5, 7
ORDERS = ("baseline_first", "contender_first")
JUDGMENTS = 1_000_000
PROSE = 700
TIMES = 3


def key(*what: object) -> str:
    """Thirty-two hexadecimal digits, as unordered as real keys."""
    return hashlib.md5(repr(what).encode()).hexdigest()


def fill(folder: Path, n_judgments: int) -> None:
    """A ledger with one run of so many judgments."""
    from brie_bench.engine.ledger import ComparisonRow, Ledger
    from brie_bench.spec.base import canonical_json

    n_items = n_judgments // (CONTENDERS * JUDGES * len(ORDERS))
    names = [f"contender-{number}" for number in range(CONTENDERS)]
    judges = [f"judge-{number}" for number in range(JUDGES)]
    record = {
        "suite": {"name": "big", "title": "Big", "digest": "0" * 32, "n_prompts": n_items // 2, "n_items": n_items},
        "baseline": {"name": "base", "digest": "0", "configuration": {}},
        "contenders": [{"name": name, "digest": name, "configuration": {}} for name in names],
        "judges": [{"name": name, "digest": name, "configuration": {}} for name in judges],
        "criteria": ["quality"],
        "order": "both",
    }

    def item(number: int) -> tuple[int, str, str, str, str]:
        prompt = number // 2
        described = {"section": f"part-{prompt % SECTIONS}", "kind": "in_domain", "sampling": {"max_tokens": 512}}
        described |= {"prompt": {"id": f"p-{prompt}", "text": f"What is {prompt} good for?"}, "repeat": 1 + number % 2}
        return number, described["section"], "in_domain", key("prompt", prompt), canonical_json(described)

    with Ledger(folder) as ledger:
        ledger.select("PRAGMA synchronous = OFF")
        with ledger.transaction():
            run = ledger.put_run(
                id="big", base="big", replicate=0, parent=None, per_pair=2, record=canonical_json(record)
            )
            ledger.put_items(run.number, map(item, range(n_items)))
            for number in range(n_items * CONTENDERS):
                at, who = divmod(number, CONTENDERS)
                keys = key("text", at, who), key("text", at)
                row = ComparisonRow(
                    *(number, at, names[who], key("pair", number), *keys, 1200 + number % 99, 1100, "stop", "stop"),
                    ORDERS[0],
                )
                ledger.put_comparison(run.number, row)
            put_judgments(ledger, run.number, n_items * CONTENDERS, judges)


def put_judgments(ledger: Any, run: int, n_comparisons: int, judges: list[str]) -> None:
    """Verdicts and judgings, comparison by comparison."""
    draw = random.Random(1)
    verdicts = "INSERT INTO verdict (number, key, label, at) VALUES (?, ?, ?, ?)"
    prose = "INSERT INTO prose VALUES (?, ?)"
    judgings = "INSERT INTO judging VALUES (?, ?, ?, ?, ?, ?, ?)"
    numbered = enumerate(itertools.product(range(n_comparisons), judges, ORDERS), 1)
    while some := list(itertools.islice(numbered, 50_000)):
        rows = [(at, *verdict(draw, *cell)) for at, cell in some]
        ledger._db.executemany(verdicts, ((at, key, label, when) for at, key, label, _, when in rows))
        ledger._db.executemany(prose, ((at, record) for at, _, _, record, _ in rows))
        ledger._db.executemany(judgings, ((run, *cell, cell[2], 1, at) for at, cell in some))


def verdict(draw: random.Random, number: int, judge: str, order: str) -> tuple[str, str, str, str]:
    """One row: a contender that is a little better, a judge that is a little biased."""
    contender = draw.random() < 0.5 + 0.05 * (number % CONTENDERS) + (0.03 if order == ORDERS[1] else 0.0)
    label = "tie" if draw.random() < 0.1 else "A" if contender == (order == ORDERS[1]) else "B"
    prose = f"{draw.getrandbits(64):x} said {judge} ".ljust(PROSE, "x")
    record = json.dumps({"label": label, "rationale": "better", "raw": f"{prose}\nWinner: {label}"})
    return key(number, judge, order), label, record, "2025-01-01T00:00:00.000+00:00"


def whole(ledger: Any, run: Any) -> None:
    """What `brie-bench leaderboard` does, markdown and JSON included."""
    from brie_bench.report.markdown import render
    from brie_bench.report.publish import leaderboard_of, to_json

    board = leaderboard_of(ledger, [run])
    render(board)
    to_json(board)


def read(ledger: Any, run: Any) -> None:
    """The rows, as columns of numbers."""
    from brie_bench.report.reading import read_table

    read_table(ledger, run)


def audit(ledger: Any, run: Any) -> None:
    """The findings about the records."""
    from brie_bench.report.audit import audit_records

    audit_records(ledger, [run])


def bare(ledger: Any, run: Any) -> None:
    """A bare SELECT of the same rows."""
    query = (
        "SELECT j.comparison, j.judge, j.labels, j.shown, j.verdict, v.label, v.preference_a, c.item, c.contender, c.pair"
        " FROM judging j JOIN verdict v ON v.number = j.verdict"
        " JOIN comparison c ON (c.run, c.number) = (j.run, j.comparison)"
    )
    list(ledger._db.execute(f"{query} WHERE j.run = ?", (run.number,)))


STEPS: dict[str, Callable[[Any, Any], None]] = {"whole": whole, "read": read, "audit": audit, "bare": bare}


def child(step: str, folder: Path) -> Iterator[tuple[float, float]]:
    """Seconds by the clock and peak of memory in MiB of one step, several times, each in a process of its own."""
    for _ in range(TIMES):
        command = [sys.executable, __file__, step, str(folder)]
        _, seconds, peak = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        yield seconds, peak / 1024


def main(n_judgments: int) -> None:
    """Print the table; exit 1 when a target is missed."""
    targets = Targets()
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        fill(folder, n_judgments)
        size = (folder / "ledger.sqlite").stat().st_size / 2**20
        found = {step: [sorted(each)[TIMES // 2] for each in zip(*child(step, folder), strict=True)] for step in STEPS}
    told = {
        "whole": "the whole leaderboard: read, audited, computed, written",
        "read": "of this, reading the rows",
        "audit": "of this, auditing the records",
        "bare": "a bare `SELECT` of the rows into a list",
    }
    rows = []
    for step, what in told.items():
        seconds, peak = found[step]
        ratio = f"{seconds / found['bare'][0]:.3g} ×"
        if step == "whole":
            seconds_told = targets.at_most("a leaderboard of the ledger", seconds, 10.0, "s")
            rows.append([what, seconds_told, ratio, targets.at_most("its memory", peak / 1024, 1.5, "GB")])
        else:
            rows.append([what, f"{seconds:.3g} s", ratio, f"{peak / 1024:.2g} GB"])
    table([f"{n_judgments} judgments, {size:.0f} MiB", "wall", "ratio", "memory at most"], rows)
    targets.exit()


def measure(step: str, folder: Path) -> None:
    """Do one step and print what it took."""
    from brie_bench.engine.ledger import Ledger

    with Ledger(folder, create=False) as ledger:
        run = ledger.run("big")
        begun, ticks = time.perf_counter(), time.process_time()
        STEPS[step](ledger, run)
        took = time.process_time() - ticks, time.perf_counter() - begun
    print(json.dumps([*took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss]))


if __name__ == "__main__":
    if len(sys.argv) == 3:
        measure(sys.argv[1], Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else JUDGMENTS)
