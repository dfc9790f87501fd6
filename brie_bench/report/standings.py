"""From rows to standings: the numbers of a leaderboard, each with its n, or None and why."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from brie_bench.errors import BrieError
from brie_bench.report.findings import findings_of
from brie_bench.report.table import Table
from brie_bench.spec.leaderboard import Interval, Leaderboard, Standing
from brie_bench.stats import anchored_ci, detectable_rate, holm, prompt_means, sign_flip_p, win_rate

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
FEWEST_PROMPTS = 6
"""Below this no exact test of so many prompts can reach 5 %."""
METHOD = "anchored bootstrap over prompts"


_Columns = tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]


def leaderboard(tables: Sequence[Table], *, soft: bool = False) -> Leaderboard:
    """The leaderboard of some runs. Same records, same leaderboard: nothing here draws from a clock or a generator."""
    if not tables:
        raise BrieError("no run to make a leaderboard of.")
    rows = [row for table in tables for row in _standings(table, soft=soft)]
    standings = _decided(rows)
    suites = {table.suite.digest: table.suite for table in tables}
    return Leaderboard(
        suites=tuple(suites.values()),
        runs=tuple(table.run for table in tables),
        baseline=" / ".join(dict.fromkeys(table.baseline for table in tables)),
        standings=standings,
        findings=findings_of(tables, standings),
    )


def _standings(table: Table, *, soft: bool) -> list[Standing]:
    """Panel first, then each judge; over everything first, then each section."""
    scores = table.soft if soft else table.score
    found = []
    for contender, name in enumerate(table.contenders):
        mine = np.flatnonzero(table.contender == contender)
        for section in (None, *range(len(table.sections))):
            here = mine if section is None else mine[table.section[mine] == section]
            for judge in (None, *range(len(table.judges))):
                rows = here if judge is None else here[table.judge[here] == judge]
                found.append(_standing(table, scores, rows, name, judge, section, soft=soft))
    return found


def _standing(
    table: Table,
    scores: NDArray[np.float64],
    rows: NDArray[np.intp],
    contender: str,
    judge: int | None,
    section: int | None,
    *,
    soft: bool,
) -> Standing:
    score = scores[rows]
    columns = (table.prompt[rows], table.pair[rows], table.judge[rows])
    rate = win_rate(*columns, score)
    z = prompt_means(*columns, score).z
    interval = anchored_ci(z, CONFIDENCE)
    headline = judge is None and section is None
    p_value = sign_flip_p(z - 0.5) if rate.n_prompts >= FEWEST_PROMPTS else None
    return Standing(
        suite=table.suite.name,
        contender=contender,
        baseline=table.baseline,
        judge=None if judge is None else table.judges[judge],
        section=None if section is None else table.sections[section].name,
        soft=soft,
        n_prompts=rate.n_prompts,
        n_pairs=rate.n_pairs,
        n_judgments=rate.n_rows,
        n_failures=rate.missing,
        wins=rate.wins,
        ties=rate.ties,
        losses=rate.losses,
        win_rate=rate.estimate,
        interval=None
        if interval is None
        else Interval(low=interval[0], high=interval[1], confidence_level=CONFIDENCE, method=METHOD),
        failure_bounds=_failure_bounds(columns, score) if rate.missing else None,
        row_rate=float(np.nanmean(score)) if rate.n_rows else None,
        strict_rate=rate.wins / rate.n_rows if rate.n_rows else None,
        p_value=p_value,
        p_adjusted=None,
        detectable_rate=detectable_rate(rate.n_prompts) if rate.n_prompts >= FEWEST_PROMPTS else None,
        verdict=None if not headline else "not testable" if p_value is None else "inconclusive",
        reason=_reason(rate.n_prompts, rate.missing),
    )


def _failure_bounds(columns: _Columns, score: NDArray[np.float64]) -> tuple[float, float] | None:
    """The win rate with every failure as a loss, and as a win."""
    low, high = (win_rate(*columns, np.where(np.isnan(score), worth, score)).estimate for worth in (0.0, 1.0))
    return None if low is None or high is None else (low, high)


def _reason(n_prompts: int, missing: int) -> str | None:
    if n_prompts == 0:
        return f"no verdict: all {missing} judgments failed or were not reached" if missing else "no judgment"
    if n_prompts < FEWEST_PROMPTS:
        return f"{n_prompts} prompt{'s' * (n_prompts > 1)}: a test needs {FEWEST_PROMPTS}"
    return None


def _decided(rows: Sequence[Standing]) -> tuple[Standing, ...]:
    """The same rows, the headline ones with Holm's adjustment over all of them and the verdict it gives."""
    tested = [(index, row.p_value) for index, row in enumerate(rows) if row.verdict and row.p_value is not None]
    decided = list(rows)
    for (index, _), p in zip(tested, holm([p for _, p in tested]).tolist(), strict=True):
        row, verdict = rows[index], "inconclusive"
        if p <= SIGNIFICANT and row.win_rate is not None and row.win_rate != 0.5:
            verdict = "better" if row.win_rate > 0.5 else "worse"
        decided[index] = row.model_copy(update={"p_adjusted": p, "verdict": verdict})
    return tuple(decided)
