"""The leaderboard of published runs, made from nothing but their files, and what stands in its folder for readers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import plain_json
from brie_bench.report.audit import audit_records
from brie_bench.report.audit.texts import text_findings
from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.markdown import render
from brie_bench.report.reading import read_tables
from brie_bench.report.words import escape, table
from brie_bench.spec.leaderboard import Finding, Leaderboard, Records
from brie_bench.spec.published import PublishedRun

DIGITS = 10
"""So many digits of a number are published: the last bits differ between machines, and nobody reads them."""


def rebuilt(
    ledger: Ledger, rows: Sequence[RunRow], runs: Sequence[PublishedRun], records: Sequence[Records]
) -> Leaderboard:
    """The leaderboard of `runs`, which stand in `ledger` as `rows`; `records` are the files they came from."""
    audited = [finding for row, run in zip(rows, runs, strict=True) for finding in _audited(ledger, row, run)]
    board = make_leaderboard(read_tables(ledger, rows), audited=audited)
    rounded = _rounded(board.model_dump(mode="json"))
    return Leaderboard.model_validate(rounded).model_copy(update={"records": tuple(records)})


def _audited(ledger: Ledger, row: RunRow, run: PublishedRun) -> list[Finding]:
    """The findings about a run's records; where its texts are not published, those about texts are the publisher's word."""
    found = audit_records(ledger, [row])
    if run.with_texts:
        return found
    without = list(text_findings(ledger, row))
    return [*(each for each in found if each not in without), *run.text_findings]


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list) else value


def board_text(board: Leaderboard) -> str:
    """`leaderboard.json`."""
    return plain_json(board.model_dump(mode="json")) + "\n"


def board_values(board: Leaderboard) -> Any:
    """The same as plain values."""
    return json.loads(board_text(board))


def readme_block(board: Leaderboard, runs: Sequence[PublishedRun]) -> str:
    """What stands between the marks: the leaderboard, and the records it is made of."""
    rows = [(run, files) for run in runs for files in board.records if files.path == f"records/{run.run}.jsonl.gz"]
    listed = table(
        [
            ("records", lambda row: f"[{escape(row[1].path)}]({row[1].path})"),
            ("judgments", lambda row: str(row[0].n_lines)),
            ("texts", lambda row: "published" if row[0].with_texts else "digests only"),
            ("SHA-256", lambda row: row[1].sha256),
        ],
        rows,
    )
    word = "" if all(run.with_texts for run in runs) else _WORD
    return f"{render(board)}\n## Records\n\n{listed}\n\n{_CHECK}{word}\n"


_CHECK = (
    "`brie-bench publish --check` makes every number and word above again from these records, and names what differs."
)
_WORD = (
    " Findings about the completions' texts stand on the publisher's word where texts are not published:"
    " `brie-bench publish --with-texts` lets everybody make them again."
)
