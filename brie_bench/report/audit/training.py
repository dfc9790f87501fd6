"""Findings about what a contender was trained on: a suite's prompts, and the words of a judge's own lab."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

from brie_bench.engine.ledger import RunRow
from brie_bench.errors import plain
from brie_bench.report.reading import player_of
from brie_bench.report.table import Player
from brie_bench.report.words import count
from brie_bench.spec.leaderboard import Finding


def training_findings(run: RunRow) -> Iterator[Finding]:
    """For each side whose training data the run knows."""
    record = json.loads(run.record)
    judges = [player_of(each) for each in record["judges"]]
    for side in (record["baseline"], *record["contenders"]):
        if "training" in side:
            yield from _overlap(side)
            yield from _helpers(side, judges)


def _overlap(side: dict[str, Any]) -> Iterator[Finding]:
    """The suite's prompts are in the data: then memory is measured too."""
    data = side["training"]
    if data["n_prompts"]:
        held = f"{count(data['n_prompts'], 'prompt')} of the suite, or a passage of one"
        where = f"{data['n_overlapping']} of the {count(data['n_conversations'], 'conversation')}"
        yield Finding(
            code="training-overlap",
            severity="warning",
            count=data["n_prompts"],
            message=f"{where} that {plain(side['name'])} was trained on hold {held}: what it says there may be"
            " remembered. Train without them, or compare on a suite that it has not seen.",
            examples=tuple(f"{plain(prompt)}: {plain(passage, 120)}" for prompt, passage in data["examples"].items()),
        )


def _helpers(side: dict[str, Any], judges: Sequence[Player]) -> Iterator[Finding]:
    """A judge's lab made the model that helped to write the data."""
    for judge in judges:
        if judge.lab is not None and judge.lab in side["training"]["labs"]:
            yield Finding(
                code="same-lab",
                severity="note",
                message=f"{plain(judge.name)} is of a lab whose models helped to write what {plain(side['name'])} was"
                f" trained on ({plain(judge.lab)}): it may take its own style for a good one. Have judges of other labs on"
                " the panel, and look at their rows.",
            )
