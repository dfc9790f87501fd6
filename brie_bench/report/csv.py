"""The standings as CSV: one row a standing, full precision, an empty cell where there is no number."""

from __future__ import annotations

import csv
import io

from brie_bench.errors import plain
from brie_bench.spec.leaderboard import Leaderboard, Standing


def to_csv(board: Leaderboard) -> str:
    """A header and a row a standing; intervals in two columns."""
    names = [name for name in Standing.model_fields if name not in ("interval", "failure_bounds")]
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow([*names, "low", "high", "failures_as_losses", "failures_as_wins"])
    for row in board.standings:
        bounds = (row.interval.low, row.interval.high) if row.interval else ("", "")
        writer.writerow([*(_cell(getattr(row, name)) for name in names), *bounds, *(row.failure_bounds or ("", ""))])
    return file.getvalue()


def _cell(value: object) -> object:
    """A text is one printable line; one that a spreadsheet would run as a formula is quoted by an apostrophe."""
    if isinstance(value, str):
        line = plain(value, 1000)
        return f"'{line}" if line[:1] in ("=", "+", "-", "@") else line
    return "" if value is None else value
