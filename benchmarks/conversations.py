"""How fast conversations are checked: `validate` and `lint` of 100 000 conversations of about 500 tokens, in one process each.

    python benchmarks/conversations.py [-n 100000] [--peers PYTHON]

The pile is made of the sentences of our samples, in four turns; one in twenty has a fault, one in fifty comes twice, one in
ten has typographic marks. At least 3 000 conversations a second for `validate` and `lint` one after the other, 1 000 with
near-duplicates; memory beyond a tenth of the pile at most 1 KB a conversation. `--peers` names an interpreter that has some
of pandera, great_expectations and datasketch, this one where it has them; they do a part of the work (the schema of rows that
are in memory already; signatures of 64 hashes over runs of four words) and none is a target.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from measuring import Targets, table

N = 100_000
FAULTS = (
    *(
        "Human: ",
        "As an AI language model, I cannot say. ",
        "I'm sorry, but I can't help with that. ",
        "<div>",
        "&nbsp;",
    ),
    *("jane.doe@mail.example-post.de ", "+49 30 1234 5678 ", "It\u00e2\u20ac\u2122s ", "sk-" + "a1B2" * 8 + " "),
)


def sentences() -> list[str]:
    """Sentences of the shipped samples."""
    samples = Path(__file__).resolve().parent.parent / "samples"
    text = (samples / "plain.txt").read_text("utf-8").replace("\n", " ")
    return [each.strip() + "." for each in text.split(". ") if 40 < len(each) < 160]


def pile(n: int) -> Iterator[dict[str, Any]]:
    """`n` conversations, always the same ones."""
    source, known = random.Random(20_240_601), sentences()
    provenance = {"author": "A", "source": "made up", "date": "2026-01-01", "licence": "CC0-1.0", "consent": True}
    turns: list[dict[str, str]] = []
    for number in range(n):
        if number % 50 != 49:
            turns = []
            for _ in range(2):
                said = source.sample(known, 14)
                turns.append({"role": "user", "content": f"What do you make of this? {said[0]}"})
                turns.append({"role": "assistant", "content": " ".join(said)})
            if number % 20 == 0:
                turns[1]["content"] = source.choice(FAULTS) + turns[1]["content"]
            if number % 10 == 1:
                turns[1]["content"] = turns[1]["content"].replace(", ", " \u2013 ").replace("the ", "the \u201c", 1)
        names = {"id": f"c-{number}", "prompt_group": f"g-{number}", "domain": "philosophy"}
        yield {**names, "messages": turns, "provenance": provenance}


def read(path: Path) -> int:
    """The reading alone, which both commands do."""
    from brie_bench.conversations.reading import read_all

    return sum(1 for _ in read_all([path]))


def validate(path: Path) -> int:
    """Schema, ids, splits, provenance."""
    from brie_bench.conversations.validate import validate as spots_of

    return sum(1 for _ in spots_of([path]))


def lint(path: Path) -> int:
    """Every lint but near-duplicates."""
    from brie_bench.conversations.lint import CODES, NEAR_DUPLICATE
    from brie_bench.conversations.lint import lint as spots_of

    return sum(1 for _ in spots_of([path], frozenset(CODES) - {NEAR_DUPLICATE}))


def lint_all(path: Path) -> int:
    """Every lint."""
    from brie_bench.conversations.lint import lint as spots_of

    return sum(1 for _ in spots_of([path]))


def answers(path: Path) -> Iterator[str]:
    """The answers of each conversation, as one text."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            yield "\n".join(each["content"] for each in json.loads(line)["messages"] if each["role"] == "assistant")


def duplicates(path: Path) -> int:
    """Near-duplicates alone."""
    from brie_bench.conversations.duplicates import Duplicates

    seen = Duplicates()
    return sum(seen.add(text) is not None for text in answers(path))


def datasketch(path: Path) -> int:
    """Its MinHash and its index, over the same runs of words."""
    import re

    from datasketch import MinHash, MinHashLSH

    index, found = MinHashLSH(threshold=0.8, num_perm=64), 0
    for number, text in enumerate(answers(path)):
        words = re.findall(r"\w+", text.lower())
        sketch = MinHash(num_perm=64)
        sketch.update_batch([" ".join(words[at : at + 4]).encode() for at in range(len(words) - 3)])
        found += bool(index.query(sketch))
        index.insert(number, sketch)
    return found


def rows(path: Path) -> Any:
    """A frame of a row a turn: what the libraries for tables validate."""
    import pandas as pd

    with path.open(encoding="utf-8") as file:
        return pd.DataFrame(
            [
                {"id": each["id"], "turn": position, **turn}
                for each in map(json.loads, file)
                for position, turn in enumerate(each["messages"])
            ]
        )


def pandera(path: Path) -> int:
    """Roles, texts that are not empty, ids and turns unique."""
    import pandera.pandas as pa

    columns = {
        "id": pa.Column(str, pa.Check.str_matches(r"^[A-Za-z0-9][A-Za-z0-9._-]*$")),
        "turn": pa.Column(int, pa.Check.ge(0)),
        "role": pa.Column(str, pa.Check.isin(["system", "user", "assistant"])),
        "content": pa.Column(str, pa.Check.str_contains(r"\S")),
    }
    return len(pa.DataFrameSchema(columns, unique=["id", "turn"]).validate(rows(path), lazy=True))


def great_expectations(path: Path) -> int:
    """The same expectations."""
    import great_expectations as gx

    context = gx.get_context(mode="ephemeral")
    asset = context.data_sources.add_pandas("turns").add_dataframe_asset("turns")
    batch = asset.add_batch_definition_whole_dataframe("all").get_batch({"dataframe": rows(path)})
    expect = gx.expectations
    wanted = [
        expect.ExpectColumnValuesToMatchRegex(column="id", regex=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
        expect.ExpectColumnValuesToBeInSet(column="role", value_set=["system", "user", "assistant"]),
        expect.ExpectColumnValuesToMatchRegex(column="content", regex=r"\S"),
        expect.ExpectCompoundColumnsToBeUnique(column_list=["id", "turn"]),
    ]
    return sum(not batch.validate(each).success for each in wanted)


PEERS: dict[str, Callable[[Path], int]] = {each.__name__: each for each in (pandera, great_expectations, datasketch)}
WAYS: dict[str, Callable[[Path], int]] = {
    each.__name__: each for each in (read, validate, lint, lint_all, duplicates)
} | PEERS


def child(way: str, path: Path, python: str = sys.executable) -> dict[str, float]:
    """One step in a process of its own: its CPU seconds, MiB at most, what it counted."""
    done = subprocess.run([python, __file__, "--step", way, str(path)], check=True, capture_output=True, text=True)
    return dict(json.loads(done.stdout.splitlines()[-1]))


def has(python: str, module: str) -> bool:
    """Whether an interpreter has a module."""
    code = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return not subprocess.run([python, "-c", code], check=False, stderr=subprocess.DEVNULL).returncode


def main(n: int, peers: str) -> None:
    """Print the tables; exit 1 when a goal is missed."""
    targets = Targets()
    with tempfile.TemporaryDirectory() as folder:
        many, few = Path(folder) / "many.jsonl", Path(folder) / "few.jsonl"
        for path, size in ((many, n), (few, n // 10)):
            with path.open("w", encoding="utf-8") as file:
                file.writelines(json.dumps(each, ensure_ascii=False) + "\n" for each in pile(size))
        found = {way: child(way, many) for way in WAYS if way not in PEERS}
        small = {way: child(way, few)["peak"] for way in ("read", "validate", "lint", "lint_all")}
        size = many.stat().st_size / n
        theirs = {way: child(way, few, peers) for way in PEERS if has(peers, way)}
    steps = []
    for way, each in found.items():
        grown = ""
        if way in small:
            grown = targets.at_most(f"memory of {way}", 1024 * (each["peak"] - small[way]) / (0.9 * n), 1.0, "KB")
        rate = f"{n / each['cpu']:,.0f}"
        steps.append([way.replace("_", " "), rate, f"{each['peak']:.0f} MiB", grown, f"{each['count']:,.0f}"])
    heading = [f"{n:,} conversations of {size / 1000:.1f} KB", "a second", "memory", "a conversation", "counted"]
    table(heading, steps)
    sums = []
    for what, last, goal in (("validate and lint", "lint", 3000), ("with near-duplicates", "lint_all", 1000)):
        spent = found["validate"]["cpu"] + found[last]["cpu"]
        per = targets.at_most(what, 1e6 * spent / n, 1e6 / goal, "µs a conversation")
        sums.append([what, f"{n / spent:,.0f}", f"{goal:,}", per])
    table(["one after the other, one core", "a second", "wanted", "CPU"], sums)
    if theirs:
        lines = [[way, f"{n // 10 / each['cpu']:,.0f}", f"{each['peak']:.0f} MiB"] for way, each in theirs.items()]
        table([f"others, {n // 10:,} conversations, the library's import included", "a second", "memory"], lines)
    missing = [each for each in PEERS if each not in theirs]
    if missing:
        print(f"\nnot installed: {', '.join(missing)}")
    targets.exit()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("-n", type=int, default=N, help="how many conversations")
    parser.add_argument("--peers", default=sys.executable, metavar="PYTHON", help="has what is set beside it")
    parser.add_argument("--step", nargs=2, metavar=("WAY", "FILE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        counted, begun = WAYS[options.step[0]](Path(options.step[1])), time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print("\n" + json.dumps({"cpu": begun, "peak": peak, "count": counted}))
    else:
        with suppress(KeyboardInterrupt):
            main(options.n, options.peers)
