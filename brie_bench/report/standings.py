"""From rows to standings: who stands where, each number with its n, or None and why."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brie_bench.report.table import Codes, Table
from brie_bench.report.tallies import Tally, tally
from brie_bench.spec.leaderboard import Ground, Interval, Standing
from brie_bench.stats import anchored_ci, detectable_rate, holm, sign_flip_p

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
FEWEST_PROMPTS = 6
"""Below this no exact test of so many prompts can reach 5 %."""
ANCHORED = "anchored bootstrap over prompts"


def as_interval(bounds: tuple[float, float] | None, method: str = ANCHORED) -> Interval | None:
    """The bounds with what they are."""
    return bounds and Interval(low=bounds[0], high=bounds[1], confidence_level=CONFIDENCE, method=method)


def standings_of(tables: Sequence[Table], *, soft: bool | None) -> tuple[Standing, ...]:
    """All standings: the panel first, then each judge; over everything first, then each section.

    `soft` None scores by graded preferences only where the records hold nothing else. The headline rows carry Holm's
    adjustment over all of them, and the verdict that it gives.
    """
    return _decided([row for table in tables for row in _standings(table, soft=table.graded if soft is None else soft)])


def _standings(table: Table, *, soft: bool) -> list[Standing]:
    rows, scores = table.rows, table.score(soft=soft)
    n_judges, n_sections = len(table.judges), len(table.sections)
    units = table.prompt, rows.pair, rows.judge
    tested = _Tested()

    def cells(group: Codes, size: int) -> tuple[list[Tally], list[Tally]]:
        """The tallies of each group, and of each judge in each."""
        groups = len(table.contenders) * size
        panel = tally(units, scores, group, groups)
        if n_judges == 1:  # a panel of one is that judge
            return panel, panel
        return panel, tally(units, scores, group * n_judges + rows.judge, groups * n_judges, by_judge=True)

    whole, by_judge = cells(rows.contender, 1)
    parts, parts_by_judge = cells(rows.contender * n_sections + table.section, n_sections)
    found = []
    for contender in range(len(table.contenders)):
        for section in (None, *range(n_sections)):
            at = contender if section is None else contender * n_sections + section
            panel, judges = (whole, by_judge) if section is None else (parts, parts_by_judge)
            for judge in (None, *range(n_judges)):
                mine = panel[at] if judge is None else judges[at * n_judges + judge]
                found.append(_standing(table, mine, tested.of(mine.z), contender, judge, section, soft=soft))
    return found


class _Tested:
    """Interval and p-value of some prompt means; of the same means once."""

    def __init__(self) -> None:
        self.known: dict[bytes, tuple[Interval | None, float | None]] = {}

    def of(self, z: NDArray[np.float64]) -> tuple[Interval | None, float | None]:
        """Both; no p-value of fewer prompts than any test needs."""
        key = z.tobytes()
        if key not in self.known:
            p_value = sign_flip_p(z - 0.5) if z.size >= FEWEST_PROMPTS else None
            self.known[key] = as_interval(anchored_ci(z, CONFIDENCE)), p_value
        return self.known[key]


def _standing(
    table: Table,
    tally: Tally,
    tested: tuple[Interval | None, float | None],
    contender: int,
    judge: int | None,
    section: int | None,
    *,
    soft: bool,
) -> Standing:
    interval, p_value = tested
    headline = judge is None and section is None
    return Standing(
        suite=table.suite.name,
        contender=table.contenders[contender].name,
        baseline=table.baseline.name,
        judge=None if judge is None else table.judges[judge].name,
        section=None if section is None else table.sections[section].name,
        soft=soft,
        n_prompts=tally.n_prompts,
        n_pairs=tally.n_pairs,
        n_judgments=tally.n_rows,
        n_failures=tally.missing,
        wins=tally.wins,
        ties=tally.ties,
        losses=tally.losses,
        win_rate=tally.rate,
        interval=interval,
        failure_bounds=tally.bounds,
        row_rate=tally.row_rate,
        strict_rate=tally.wins / tally.n_rows if tally.n_rows else None,
        p_value=p_value,
        p_adjusted=None,
        detectable_rate=detectable_rate(tally.n_prompts) if tally.n_prompts >= FEWEST_PROMPTS else None,
        verdict=None if not headline else "not testable" if p_value is None else "inconclusive",
        reason=lacking(tally.n_prompts, tally.missing),
    )


def lacking(n_prompts: int, missing: int) -> str | None:
    """Why a rate, or its test, is missing."""
    if n_prompts == 0:
        all_of_them = "the only judgment failed or was" if missing == 1 else f"all {missing} judgments failed or were"
        return f"no verdict: {all_of_them} not reached" if missing else "no judgment"
    if n_prompts < FEWEST_PROMPTS:
        return f"{n_prompts} prompt{'s' * (n_prompts > 1)}: a test needs {FEWEST_PROMPTS}"
    return None


def _decided(rows: Sequence[Standing]) -> tuple[Standing, ...]:
    """The same rows, the headline ones with Holm's adjustment over all of them, the verdict it gives, and the rate that
    one of them alone finds at its share of 5 %."""
    tested = [(index, row.p_value) for index, row in enumerate(rows) if row.verdict and row.p_value is not None]
    decided = list(rows)
    for (index, _), p in zip(tested, holm([p for _, p in tested]).tolist(), strict=True):
        row, verdict = rows[index], "inconclusive"
        if p <= SIGNIFICANT and row.win_rate is not None and row.win_rate != 0.5:
            verdict = "better" if row.win_rate > 0.5 else "worse"
        alone = detectable_rate(row.n_prompts, alpha=SIGNIFICANT / len(tested))
        decided[index] = row.model_copy(update={"p_adjusted": p, "verdict": verdict, "detectable_rate": alone})
    return tuple(decided)


_KINDS = ("in_domain", "out_of_domain")


def grounds_of(tables: Sequence[Table], *, soft: bool | None) -> tuple[Ground, ...]:
    """Each contender on its own ground and off it, over all tables that show it against the same baseline."""
    found: list[Ground] = []
    for baseline in dict.fromkeys(table.baseline.name for table in tables):
        found += _grounds([table for table in tables if table.baseline.name == baseline], soft=soft)
    return tuple(found)


def _grounds(tables: Sequence[Table], *, soft: bool | None) -> Iterator[Ground]:
    """Of tables against one baseline, with one number for equal prompts, pairs, judges and contenders."""
    prompts, pairs, judges, contenders = (_Codes() for _ in range(4))
    columns: list[tuple[NDArray[Any], ...]] = []
    for table in tables:
        kinds = np.array([_KINDS.index(each.kind) if each.kind in _KINDS else -1 for each in table.sections] or [-1])
        of_row = kinds[table.section]
        at = np.flatnonzero(of_row >= 0)
        rows = table.rows
        columns.append(
            (
                prompts.of(table.prompts)[table.prompt[at]],
                pairs.of(table.pairs)[rows.pair[at]],
                judges.of(judge.name for judge in table.judges)[rows.judge[at]],
                contenders.of(each.name for each in table.contenders)[rows.contender[at]] * len(_KINDS) + of_row[at],
                table.score(soft=table.graded if soft is None else soft)[at],
            )
        )
    prompt, pair, judge, group, score = (np.concatenate(column) for column in zip(*columns, strict=True))
    tallies = tally((prompt, pair, judge), score, group, len(contenders.known) * len(_KINDS))
    tested = _Tested()
    for number, mine in enumerate(tallies):
        kind = _KINDS[number % len(_KINDS)]
        contender = list(contenders.known)[number // len(_KINDS)]
        if not mine.n_rows + mine.missing:
            continue
        interval, p_value = tested.of(mine.z)
        names = [
            section.name
            for table in tables
            if contender in [each.name for each in table.contenders]
            for section in table.sections
            if section.kind == kind
        ]
        yield Ground.model_validate(
            {
                "contender": contender,
                "baseline": tables[0].baseline.name,
                "kind": kind,
                "sections": tuple(dict.fromkeys(names)),
                "n_prompts": mine.n_prompts,
                "n_pairs": mine.n_pairs,
                "n_judgments": mine.n_rows,
                "n_failures": mine.missing,
                "win_rate": mine.rate,
                "interval": interval,
                "p_value": p_value,
                "reason": lacking(mine.n_prompts, mine.missing),
            }
        )


class _Codes:
    """One number for equal names of several tables."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def of(self, names: Iterable[str]) -> Codes:
        """The number of each name."""
        return np.array([self.known.setdefault(name, len(self.known)) for name in names], dtype=np.intp)
