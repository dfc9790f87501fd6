"""Findings about the files of an import: what of them could not be read, and what is in them twice."""

from __future__ import annotations

import json
from collections.abc import Iterator

from brie_bench.engine.ledger import RunRow
from brie_bench.errors import plain
from brie_bench.report.words import count, percent
from brie_bench.spec.leaderboard import Finding

MOST_UNREADABLE = 0.05
"""The share of records that cannot be read above which no number can be trusted."""


def source_findings(run: RunRow) -> Iterator[Finding]:
    """Records that could not be read, and files that repeat another one; none for our own runs."""
    record = json.loads(run.record)
    if "unreadable" in record:
        lost = record["unreadable"]
        number, total = lost["n_unreadable"], lost["n_unreadable"] + lost["n_read"]
        files = "; ".join(f"{plain(each['name'], 120)} {each['n_unreadable']}" for each in lost["files"])
        yield Finding(
            code="unreadable-records",
            severity="error" if number > MOST_UNREADABLE * total else "warning",
            message=f"{number} of {count(total, 'record')} could not be read ({percent(number / total)}; {files}): they are in"
            " no number here, not even among the failures, and nothing says whom they favoured. Read the reasons in the"
            " run's unreadable.jsonl, mend those lines and import again.",
            count=number,
            examples=tuple(plain(f"{each['source']}:{each['line']}: {each['reason']}", 160) for each in lost["first"]),
        )
    for copy in record.get("copies", ()):
        yield Finding(
            code="copied-records",
            severity="error",
            message=f"{copy['n_equal']} of {count(copy['n_records'], 'record')} of {plain(copy['source'], 120)} are records of"
            f" {plain(copy['of'], 120)}, word for word: a copy is no second judge and no second pass. They are counted once."
            " Leave one of the two files out, or import the file that was meant.",
            count=copy["n_equal"],
            examples=(plain(copy["source"], 160), plain(copy["of"], 160)),
        )
