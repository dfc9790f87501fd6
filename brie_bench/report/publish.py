"""What a run leaves in its folder: the leaderboard, as markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from brie_bench import files
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import plain_json
from brie_bench.report.audit import audit_records
from brie_bench.report.costs import cost_footer, costs_of
from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.markdown import render
from brie_bench.report.reading import read_tables
from brie_bench.spec.leaderboard import Leaderboard


def leaderboard_of(ledger: Ledger, runs: Sequence[RunRow], *, soft: bool | None = None) -> Leaderboard:
    """The leaderboard of `runs`, findings about their records included."""
    return make_leaderboard(
        read_tables(ledger, runs), soft=soft, audited=audit_records(ledger, runs), costs=costs_of(ledger, runs)
    )


def save_leaderboard(ledger: Ledger, run: RunRow, folder: Path, *, soft: bool | None = None) -> tuple[Leaderboard, str]:
    """The leaderboard of `run` and its markdown, both written into `folder`; there, the markdown says what it cost too."""
    board = leaderboard_of(ledger, [run], soft=soft)
    text = render(board)
    files.write_text(folder / "leaderboard.json", to_json(board))
    files.write_text(folder / "leaderboard.md", text + cost_footer(board.costs))
    return board, text


def to_json(board: Leaderboard) -> str:
    """`leaderboard.json`, every key in its place."""
    return plain_json(board.model_dump(mode="json")) + "\n"
