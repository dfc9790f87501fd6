"""The engine: what a call costs beyond the model or the judge that answers it, in CPU time and in memory.

    python benchmarks/engine.py

A model and a judge that answer at once, on distinct prompts, three judges in both orders; everything is recorded. Beside it
the least that could do the same: a `ThreadPoolExecutor` of as many threads and one SQLite table, committed by sixteen, with no
plan, keys, blinding, checks, time-outs or resuming. At most 0.3 ms of CPU a call, and from 1 000 to 100 000 judgments at
most 0.5 KB of memory a call. Each figure is the median of processes of their own.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any

from measuring import Targets, table

TIMES = 3
JUDGES = 3
FEW, MANY = 1_000, 100_000
TEXT = "word " * 120
VERDICT = "because it is the better one, all in all. " * 5


def engine(n_judgments: int, folder: Path) -> dict[str, float]:
    """A run of so many judgments: CPU seconds of each stage and calls made."""
    import brie_bench.engine.run as line
    from brie_bench import Completion, Judge, Model, Presentation, Request, Verdict, hookimpl
    from brie_bench.engine.ledger import Ledger
    from brie_bench.engine.plan import make_plan
    from brie_bench.engine.settings import Settings
    from brie_bench.plugin.catalog import Catalog
    from brie_bench.plugin.manager import make_manager
    from brie_bench.spec.config import RunConfig
    from brie_bench.spec.prompt import Prompt
    from brie_bench.spec.suite import Section, Suite

    class Instant(Model):
        name = "instant"
        supports = frozenset({"max_tokens", "temperature", "seed"})

        def complete(self, request: Request) -> Completion:
            return Completion(text=f"{TEXT}{request.sampling.seed}", finish_reason="stop")

    class Hasty(Judge):
        def judge(self, shown: Presentation) -> Verdict:
            return Verdict(label="A", rationale=VERDICT)

    class Plugin:
        @hookimpl
        def register_models(self, register: Any) -> None:
            register(Instant)

        @hookimpl
        def register_judges(self, register: Any) -> None:
            for number in range(JUDGES):
                register(type(f"Hasty{number}", (Hasty,), {"name": f"hasty-{number}"}))

    n_items = -(-n_judgments // (2 * JUDGES))
    prompts = tuple(Prompt(id=f"p-{n}", text=f"What is {n} good for, and who says so?") for n in range(n_items))
    suite = Suite(name="s", title="S", sections=(Section(name="all", kind="in_domain", prompts=prompts),))
    contender = {"name": "tuned", "model": "instant", "system": "Be good."}
    config = RunConfig.model_validate(
        {"baseline": "instant", "contenders": [contender], "judges": [f"hasty-{n}" for n in range(JUDGES)]}
    )
    found: dict[str, float] = {"n_completions": 2 * n_items, "n_judgments": 2 * JUDGES * n_items}
    for name in ("complete", "pair", "judge"):
        measure(line, name, found)
    plan = make_plan(suite, config, Catalog(make_manager([Plugin()], discover=False)))
    with Ledger(folder) as ledger:
        begun = time.process_time()
        line.run(plan, ledger, Settings(), folder=folder)
        found["cpu"] = time.process_time() - begun
        assert ledger.n_judged(1) == found["n_judgments"]
    return found


def measure(module: Any, name: str, found: dict[str, float]) -> None:
    """Let a function say what CPU time it took."""
    function = getattr(module, name)

    def measured(*args: Any, **options: Any) -> Any:
        begun = time.process_time()
        answer = function(*args, **options)
        found[name] = time.process_time() - begun
        return answer

    setattr(module, name, measured)


def least(n_judgments: int, folder: Path) -> dict[str, float]:
    """As many calls by a bare pool of threads into a bare table."""
    n_calls = n_judgments + 2 * -(-n_judgments // (2 * JUDGES))
    db = sqlite3.connect(folder / "bare.sqlite", isolation_level=None)
    db.execute("PRAGMA journal_mode = WAL")
    db.execute("PRAGMA synchronous = FULL")
    db.execute("CREATE TABLE answer (key TEXT PRIMARY KEY, record TEXT NOT NULL) WITHOUT ROWID")

    def call(number: int) -> tuple[str, str]:
        return f"{number * 2654435761 % 2**32:032x}", json.dumps({"label": "A", "rationale": VERDICT})

    begun = time.process_time()
    numbers = iter(range(n_calls))
    with ThreadPoolExecutor(8) as pool:
        while some := list(islice(numbers, 16)):
            db.execute("BEGIN")
            db.executemany("INSERT INTO answer VALUES (?, ?)", pool.map(call, some))
            db.execute("COMMIT")
    db.close()
    return {"n_calls": n_calls, "cpu": time.process_time() - begun}


def child(what: str, n_judgments: int) -> dict[str, float]:
    """One measurement in a process of its own, with its peak of memory in KiB."""
    command = [sys.executable, __file__, what, str(n_judgments)]
    return dict(json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout))


def median_of(what: str, n_judgments: int) -> dict[str, float]:
    """The median of each figure over several processes."""
    found = [child(what, n_judgments) for _ in range(TIMES)]
    return {name: statistics.median(each[name] for each in found) for name in found[0]}


def main() -> None:
    """Print the tables; exit 1 when a target is missed."""
    targets = Targets()
    ours = {n: median_of("engine", n) for n in (FEW, 10_000, MANY)}
    bare = {n: median_of("least", n) for n in (FEW, MANY)}
    many, floor = ours[MANY], 1000 * bare[MANY]["cpu"] / bare[MANY]["n_calls"]
    calls = many["n_completions"] + many["n_judgments"]
    stages = [
        ("a completion", "complete", many["n_completions"]),
        ("a completion, paired", "pair", many["n_completions"]),
        ("a judgment", "judge", many["n_judgments"]),
        ("a call, all in all", "cpu", calls),
    ]
    rows = []
    for what, name, n in stages:
        each = 1000 * many[name] / n
        rows.append([what, f"{int(n)}", targets.at_most(what, each, 0.3, "ms"), f"{each / floor:.3g} ×"])
    rows.append(["bare threads and a bare table", f"{int(bare[MANY]['n_calls'])}", f"{floor:.3g} ms", "1 ×"])
    table(["CPU time of", "calls", "each", "ratio"], rows)
    rows = []
    for n, each in ours.items():
        grown = (each["peak"] - ours[FEW]["peak"]) / max(1, n - FEW)
        told = targets.at_most("a judgment's memory", grown, 0.5, "KB") if n == MANY else f"{grown:.3g} KB"
        told = "" if n == FEW else told
        rows.append([f"{n} judgments", f"{each['peak'] / 1024:.0f} MiB", told])
    grown = (bare[MANY]["peak"] - bare[FEW]["peak"]) / (MANY - FEW)
    rows.append([f"bare threads and a bare table, {MANY}", f"{bare[MANY]['peak'] / 1024:.0f} MiB", f"{grown:.3g} KB"])
    table(["memory at most", "whole process", f"for each judgment beyond {FEW}"], rows)
    targets.exit()


if __name__ == "__main__":
    if len(sys.argv) == 1:
        main()
    else:
        with tempfile.TemporaryDirectory() as temporary:
            answer = {"engine": engine, "least": least}[sys.argv[1]](int(sys.argv[2]), Path(temporary))
        print(json.dumps({**answer, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss}))
