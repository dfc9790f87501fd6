"""The leaderboard: every table of it, from the same rows."""

from __future__ import annotations

from collections.abc import Sequence

from brie_bench.errors import BrieError
from brie_bench.report.conditions import reproducibilities, sweeps
from brie_bench.report.findings import findings_of
from brie_bench.report.judges import agreements, benches, lengths, positions, retests, self_preferences
from brie_bench.report.ratings import ratings_of
from brie_bench.report.standings import grounds_of, standings_of
from brie_bench.report.table import Table
from brie_bench.spec.leaderboard import Cost, Finding, Leaderboard


def make_leaderboard(
    tables: Sequence[Table],
    *,
    soft: bool | None = None,
    audited: Sequence[Finding] = (),
    costs: Sequence[Cost] = (),
) -> Leaderboard:
    """The leaderboard of some tables; `audited` are findings about the records themselves, `costs` what they cost.

    Same records, same leaderboard, to the byte: every resampling is seeded, and nothing looks at a clock.
    """
    if not tables:
        raise BrieError("no run to make a leaderboard of.")
    seats = list(benches(tables, soft=soft))
    agreed = [agreements(bench) for bench in seats]
    softness = [(table, table.graded if soft is None else soft) for table in tables]
    standings = standings_of(tables, soft=soft)
    ratings, ratings_reason = ratings_of(tables, soft=soft)
    board = Leaderboard(
        suites=tuple({table.suite.digest: table.suite for table in tables}.values()),
        runs=tuple(run for table in tables for run in table.runs),
        baseline=" / ".join(dict.fromkeys(table.baseline.name for table in tables)),
        records=tuple(dict.fromkeys(record for table in tables for record in table.records)),
        standings=standings,
        agreement=tuple(row for rows, _ in agreed for row in rows),
        panel_agreement=tuple(panel for _, panel in agreed),
        retest=tuple(row for bench in seats for row in retests(bench)),
        position=tuple(row for bench in seats for row in positions(bench)),
        length=tuple(row for bench in seats for row in lengths(bench)),
        self_preference=tuple(row for bench in seats for row in self_preferences(bench)),
        grounds=grounds_of(tables, soft=soft),
        reproducibility=tuple(row for table, graded in softness for row in reproducibilities(table, soft=graded)),
        sweeps=tuple(row for table, graded in softness for row in sweeps(table, soft=graded)),
        ratings=ratings,
        ratings_reason=ratings_reason,
        costs=tuple(costs),
    )
    return board.model_copy(update={"findings": findings_of(tables, board, audited)})
