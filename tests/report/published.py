"""A published folder to tamper with."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from brie_bench import Presentation, Verdict
from brie_bench.engine.ledger import Ledger
from brie_bench.report.publishing.checking import check
from brie_bench.report.publishing.publishing import Published, publish

from .runs import Bench, longer


def wordy(shown: Presentation) -> Verdict:
    """Prefers the longer text and says so in the rubric's words."""
    label = longer(shown).label
    raw = f"Response A - Depth: 4\nResponse B - Depth: 3\nWinner: {label}\nReasoning: it says more."
    return Verdict(label=label, raw=raw, rationale="it says more.", scores={"A": {"depth": 4}, "B": {"depth": 3}})


def chooser(shown: Presentation) -> Verdict:
    """The same, as probabilities in JSON."""
    chances = {"A": 0.7, "B": 0.3} if longer(shown).label == "A" else {"A": 0.2, "B": 0.8}
    label = max(chances, key=chances.__getitem__)
    return Verdict(label=label, probabilities=chances, raw=json.dumps({"winner": chances, "A_depth": {"4": 1.0}}))


def publish_in(bench: Bench, to: Path, *runs: str, with_texts: bool = False) -> list[Published]:
    """Publish these runs."""
    with Ledger(bench.folder) as ledger:
        return publish(ledger, [ledger.run(run) for run in runs], to, with_texts=with_texts)


def told(folder: Path) -> list[str]:
    """What the check of a folder finds, in words."""
    return [str(each) for each in check(folder).differences]


def records_file(folder: Path) -> Path:
    """The only file of records."""
    (path,) = (folder / "records").glob("*.jsonl.gz")
    return path


def header_file(folder: Path) -> Path:
    """The only run's file."""
    (path,) = (folder / "records").glob("*.json")
    return path


def read_lines(folder: Path) -> list[dict[str, Any]]:
    """The lines of records, as they are."""
    return [json.loads(line) for line in gzip.decompress(records_file(folder).read_bytes()).splitlines()]


def change_line(folder: Path, number: int, change: Callable[[dict[str, Any]], object], *, reseal: bool = True) -> None:
    """Change one line, counted from 1; with `reseal` its digest is made to fit, as a careful forger would."""
    lines = read_lines(folder)
    line = lines[number - 1]
    change(line)
    seal = line.pop("digest")
    body = json.dumps(line, separators=(",", ":"), ensure_ascii=False)
    line["digest"] = hashlib.sha256(body.encode()).hexdigest()[:32] if reseal else seal
    write_lines(folder, lines)


def write_lines(folder: Path, lines: list[dict[str, Any]]) -> None:
    """Replace the lines of records."""
    text = "".join(json.dumps(line, separators=(",", ":"), ensure_ascii=False) + "\n" for line in lines)
    records_file(folder).write_bytes(gzip.compress(text.encode(), mtime=0))


def change_json(path: Path, change: Callable[[Any], object]) -> None:
    """Change a JSON file as it is written."""
    value = json.loads(path.read_text("utf-8"))
    change(value)
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n", "utf-8")
