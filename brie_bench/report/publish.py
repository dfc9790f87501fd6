"""What a run leaves in its folder: the leaderboard, as markdown and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from brie_bench import files
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.report.markdown import render
from brie_bench.report.standings import leaderboard
from brie_bench.report.table import read_table
from brie_bench.spec.leaderboard import Leaderboard


def save_leaderboard(
    ledger: Ledger, runs: Sequence[RunRow], folder: Path | None, *, soft: bool = False
) -> tuple[Leaderboard, str]:
    """The leaderboard of `runs`, and its markdown; written into `folder` where one is given."""
    board = leaderboard([read_table(ledger, run) for run in runs], soft=soft)
    text = render(board)
    if folder is not None:
        files.write_text(folder / "leaderboard.json", to_json(board))
        files.write_text(folder / "leaderboard.md", text)
    return board, text


def to_json(board: Leaderboard) -> str:
    """`leaderboard.json`, every key in its place."""
    return json.dumps(board.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n"
