"""A provider's model: what a call costs through the engine, beside the bare official client with as many calls at a time.

    python benchmarks/providers.py [--peers PYTHON]

openai's library against the fake provider on the loopback, in a process of its own: it answers after 200 ms, or at once. The
engine plans, asks through the plugin, and records every completion in the ledger. Beside it the least that could ask: a
`ThreadPoolExecutor` of as many threads over one `openai.OpenAI`, which keeps nothing; and one call after another. At most
1.1 × the wall time of 1 000 calls, 1.2 × that of a whole process of 58 calls (a suite of the original study's size), 1.35 ×
the CPU time of a call, 0.5 KB of memory a call, and no connection beyond those that are used at a time. `--peers` names an
interpreter that has alpaca_eval and inspect_ai, this one where it has them; both are shown and neither is a target.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from measuring import Targets, table

TIMES = 3
AT_ONCE = 32
LATENCY = 0.2
SEED, FEW, MANY = 58, 1_000, 10_000
PEERS = ("alpaca_eval", "inspect_ai")


def texts(n: int) -> list[str]:
    """So many different prompts."""
    return [f"What is {number} good for, and who says so? {'Say it well. ' * 20}" for number in range(n)]


def engine(n_calls: int, folder: Path, *, ask: bool = True, cache: int | None = None) -> tuple[float, float]:
    """Completions by two models of one server, recorded: wall and CPU seconds of the stage alone."""
    import openai  # noqa: F401  the plugin would; what it takes belongs to the whole process, not to a call

    from brie_bench.engine.complete import complete
    from brie_bench.engine.ledger import Ledger
    from brie_bench.engine.plan import make_plan
    from brie_bench.engine.settings import Settings
    from brie_bench.plugin.catalog import Catalog
    from brie_bench.spec.config import RunConfig
    from brie_bench.spec.prompt import Prompt
    from brie_bench.spec.suite import Section, Suite

    prompts = tuple(Prompt(id=f"p-{n}", text=text) for n, text in enumerate(texts(n_calls // 2)))
    suite = Suite(name="s", title="S", sections=(Section(name="all", kind="in_domain", prompts=prompts),))
    config = {"baseline": "openai/one", "contenders": {"other": "openai/other"}, "judges": ["coin"]}
    plan = make_plan(suite, RunConfig.model_validate(config), Catalog())
    with Ledger(folder) as ledger:
        if cache:
            ledger.select(f"PRAGMA cache_size = -{cache}")
        begun = time.perf_counter(), time.process_time()
        fatal = complete(plan, ledger, Settings(connections=AT_ONCE)) if ask else {}
        spent = time.perf_counter() - begun[0], time.process_time() - begun[1]
        (recorded,) = ledger.select("SELECT count(*) FROM completion WHERE kind IS NULL")
    assert (fatal, recorded) == ({}, (n_calls * ask,))
    return spent


def suite(n_calls: int, folder: Path) -> tuple[float, float]:
    """The plan of as many calls, of which none is made: what the prompts take."""
    return engine(n_calls, folder, ask=False)


def lean(n_calls: int, folder: Path) -> tuple[float, float]:
    """The engine with 1 MiB of SQLite's cache, which else grows to its 16 MiB and hides what a call leaves behind."""
    return engine(n_calls, folder, cache=1024)


def bare(n_calls: int, _: Path, at_once: int = AT_ONCE) -> tuple[float, float]:
    """As many calls by the library alone."""
    import openai

    def call(text: str) -> str:
        messages = [{"role": "user", "content": text}]
        done = client.chat.completions.create(model="one", messages=messages, max_completion_tokens=512)  # type: ignore[arg-type]
        return done.choices[0].message.content or ""

    begun = time.perf_counter(), time.process_time()
    with openai.OpenAI(max_retries=0) as client, ThreadPoolExecutor(at_once) as pool:
        assert all(pool.map(call, texts(n_calls)))
    return time.perf_counter() - begun[0], time.process_time() - begun[1]


def serial(n_calls: int, folder: Path) -> tuple[float, float]:
    """One after another, as the original study's scripts asked."""
    return bare(n_calls, folder, at_once=1)


def alpaca_eval(n_calls: int, _: Path) -> tuple[float, float]:
    """Its decoder for openai's models."""
    from alpaca_eval.decoders.openai import openai_completions

    begun = time.perf_counter(), time.process_time()
    chats = [f"<|im_start|>user\n{text}<|im_end|>" for text in texts(n_calls)]
    done = openai_completions(chats, model_name="gpt-4o", max_tokens=512, num_procs=AT_ONCE)
    assert len(done["completions"]) == n_calls
    return time.perf_counter() - begun[0], time.process_time() - begun[1]


def inspect_ai(n_calls: int, folder: Path) -> tuple[float, float]:
    """A task of one generation a sample, logged."""
    from inspect_ai import Task, eval  # noqa: A004
    from inspect_ai.dataset import Sample
    from inspect_ai.solver import generate

    begun = time.perf_counter(), time.process_time()
    task = Task(dataset=[Sample(input=text) for text in texts(n_calls)], solver=generate())
    (log,) = eval(
        task, model="openai/gpt-4o", max_connections=AT_ONCE, display="none", log_dir=str(folder), max_tokens=512
    )
    assert (log.status, len(log.samples or ())) == ("success", n_calls)
    return time.perf_counter() - begun[0], time.process_time() - begun[1]


WAYS = {each.__name__: each for each in (engine, suite, lean, bare, serial, alpaca_eval, inspect_ai)}


@contextmanager
def provider(latency: float) -> Iterator[dict[str, str]]:
    """The fake provider in a process of its own: what points the libraries at it."""
    command = [sys.executable, "-m", "brie_bench.testing", "--policy", "prose", "--latency", str(latency)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(6)]
    try:
        yield dict(line.removeprefix("export ").strip().split("=", 1) for line in lines)
    finally:
        process.terminate()
        process.communicate()


def counted(environment: dict[str, str]) -> dict[str, int]:
    """The server's own counters."""
    with urllib.request.urlopen(f"{environment['ANTHROPIC_BASE_URL']}/fake-provider") as answer:
        return dict(json.load(answer))


def child(way: str, n_calls: int, environment: dict[str, str], python: str = sys.executable) -> dict[str, float]:
    """One measurement in a process of its own: of its stage, of the whole process, and of the connections it opened."""
    before, begun = counted(environment), time.perf_counter()
    command = [python, __file__, way, str(n_calls)]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env={**os.environ, **environment})
    whole, after = time.perf_counter() - begun, counted(environment)
    found = dict(json.loads(done.stdout.splitlines()[-1]))
    assert after["billed"] - before["billed"] == (0 if way == "suite" else n_calls), f"{way}: {after}"
    return {**found, "whole": whole, "connections": after["connections"] - before["connections"] - 1}


def medians(n_calls: int, environment: dict[str, str], *ways: str, times: int = TIMES) -> list[dict[str, float]]:
    """The median of each figure; the ways take turns, so that a busy moment of the machine meets them all."""
    rounds = [[child(way, n_calls, environment) for way in ways] for _ in range(times)]
    return [
        {name: statistics.median(each[i][name] for each in rounds) for name in rounds[0][i]} for i in range(len(ways))
    ]


def has(python: str, module: str) -> bool:
    """Whether an interpreter has a module."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return not subprocess.run([python, "-c", code], check=False, stderr=subprocess.DEVNULL).returncode


def main(peers: str) -> None:
    """Print the tables; exit 1 when a target is missed."""
    targets = Targets()
    with provider(LATENCY) as slow:
        ours, theirs = medians(FEW, slow, "engine", "bare")
        small, least = medians(SEED, slow, "engine", "bare")
        beside = {"one after another": child("serial", SEED, slow)}
        beside |= {peer: child(peer, SEED, slow, peers) for peer in PEERS if has(peers, peer)}
    with provider(0.0) as quick:
        few, many = ({way: child(way, n, quick)["peak"] for way in ("lean", "suite", "bare")} for n in (FEW, MANY))
    rows = []
    for what, each in (("through the engine, recorded", ours), ("the bare client", theirs)):
        opened = targets.at_most("connections opened", each["connections"], AT_ONCE, "")
        rows.append([what, f"{each['wall']:.3g} s", f"{1000 * each['cpu'] / FEW:.3g} ms", opened])
    wall = targets.at_most("wall", ours["wall"] / theirs["wall"], 1.1, "×")
    cpu = targets.at_most("CPU a call", ours["cpu"] / theirs["cpu"], 1.35, "×")
    condition = f"calls of {1000 * LATENCY:.0f} ms, {AT_ONCE} at a time"
    table([f"{FEW} {condition}", "wall", "CPU a call", "connections"], [*rows, ["ratio", wall, cpu, ""]])
    whole = targets.at_most("a whole process", small["whole"] / least["whole"], 1.2, "×")
    rows = [
        ["through the engine, recorded", f"{small['whole']:.3g} s", whole],
        ["the bare client", f"{least['whole']:.3g} s", "1 ×"],
        *([name, f"{each['whole']:.3g} s", f"{each['whole'] / least['whole']:.3g} ×"] for name, each in beside.items()),
    ]
    table([f"a whole process, {SEED} {condition}", "wall", "ratio"], rows)
    grown = {way: (many[way] - few[way]) / (MANY - FEW) for way in few}
    told = targets.at_most("memory a call", grown["lean"] - grown["suite"], 0.5, "KB")
    rows = [
        ["through the engine, recorded", f"{few['lean'] / 1024:.0f} MiB", told],
        ["the bare client", f"{few['bare'] / 1024:.0f} MiB", f"{grown['bare']:.3g} KB"],
    ]
    table(["memory at most", f"{FEW} calls", f"each call from there to {MANY}, beyond its prompt"], rows)
    targets.exit()


if __name__ == "__main__":
    if len(sys.argv) > 1 and sys.argv[1] in WAYS:
        with tempfile.TemporaryDirectory() as temporary:
            wall, cpu = WAYS[sys.argv[1]](int(sys.argv[2]), Path(temporary))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        print("\n" + json.dumps({"wall": wall, "cpu": cpu, "peak": peak}))
    else:
        parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
        parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="has alpaca_eval and inspect_ai")
        with suppress(KeyboardInterrupt):
            main(parser.parse_args().peers)
