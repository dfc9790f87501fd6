"""From rows to standings: who stands where, each number with its n, or None and why."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from brie_bench.report.table import Codes, Table
from brie_bench.spec.leaderboard import Ground, Interval, Standing
from brie_bench.stats import anchored_ci, detectable_rate, holm, prompt_means, sign_flip_p, win_rate

CONFIDENCE = 0.95
SIGNIFICANT = 0.05
FEWEST_PROMPTS = 6
"""Below this no exact test of so many prompts can reach 5 %."""
ANCHORED = "anchored bootstrap over prompts"

_Units = tuple[Codes, Codes, Codes]


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
    scores, prompt, sections = table.score(soft=soft), table.prompt, table.section
    found = []
    for contender in range(len(table.contenders)):
        mine = np.flatnonzero(table.rows.contender == contender)
        for section in (None, *range(len(table.sections))):
            here = mine if section is None else mine[sections[mine] == section]
            found.append(
                _standing(table, _units(table, here, prompt), scores[here], contender, None, section, soft=soft)
            )
            if len(table.judges) == 1:  # a panel of one is that judge
                alone = {"judge": table.judges[0].name, "verdict": None}
                found.append(found[-1].model_copy(update=alone))
                continue
            for judge in range(len(table.judges)):
                at = here[table.rows.judge[here] == judge]
                units = _units(table, at, prompt)
                found.append(_standing(table, units, scores[at], contender, judge, section, soft=soft))
    return found


def _units(table: Table, at: Codes, prompt: Codes) -> _Units:
    return prompt[at], table.rows.pair[at], table.rows.judge[at]


def _standing(
    table: Table,
    units: _Units,
    score: NDArray[np.float64],
    contender: int,
    judge: int | None,
    section: int | None,
    *,
    soft: bool,
) -> Standing:
    rate = win_rate(*units, score)
    z = prompt_means(*units, score).z
    headline = judge is None and section is None
    enough = rate.n_prompts >= FEWEST_PROMPTS
    p_value = sign_flip_p(z - 0.5) if enough else None
    return Standing(
        suite=table.suite.name,
        contender=table.contenders[contender].name,
        baseline=table.baseline.name,
        judge=None if judge is None else table.judges[judge].name,
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
        interval=as_interval(anchored_ci(z, CONFIDENCE)),
        failure_bounds=_failure_bounds(units, score) if rate.missing else None,
        row_rate=win_rate(*units, score, weight="row").estimate,
        strict_rate=rate.wins / rate.n_rows if rate.n_rows else None,
        p_value=p_value,
        p_adjusted=None,
        detectable_rate=detectable_rate(rate.n_prompts) if enough else None,
        verdict=None if not headline else "not testable" if p_value is None else "inconclusive",
        reason=lacking(rate.n_prompts, rate.missing),
    )


def _failure_bounds(units: _Units, score: NDArray[np.float64]) -> tuple[float, float] | None:
    """The win rate with every failure as a loss, and as a win."""
    failed = np.isnan(score)
    low, high = (win_rate(*units, np.where(failed, worth, score)).estimate for worth in (0.0, 1.0))
    return None if low is None or high is None else (low, high)


def lacking(n_prompts: int, missing: int) -> str | None:
    """Why a rate, or its test, is missing."""
    if n_prompts == 0:
        all_of_them = "the only judgment failed or was" if missing == 1 else f"all {missing} judgments failed or were"
        return f"no verdict: {all_of_them} not reached" if missing else "no judgment"
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


def grounds_of(tables: Sequence[Table], *, soft: bool | None) -> tuple[Ground, ...]:
    """Each contender on its own ground and off it, over all tables that show it against the same baseline."""
    found = []
    for baseline in dict.fromkeys(table.baseline.name for table in tables):
        here = [table for table in tables if table.baseline.name == baseline]
        units = _shared_units(here)
        for contender in dict.fromkeys(each.name for table in here for each in table.contenders):
            kinds = [_ground(here, units, contender, kind, soft=soft) for kind in ("in_domain", "out_of_domain")]
            found += [ground for ground in kinds if ground is not None]
    return tuple(found)


def _shared_units(tables: Sequence[Table]) -> list[_Units]:
    """The prompt, pair and judge of every row, with one number for equal ones of several tables."""
    prompts, pairs, judges = (_Codes() for _ in range(3))
    return [
        (
            prompts.of(table.prompts)[table.prompt],
            pairs.of(table.pairs)[table.rows.pair],
            judges.of([judge.name for judge in table.judges])[table.rows.judge],
        )
        for table in tables
    ]


def _ground(
    tables: Sequence[Table], units: Sequence[_Units], contender: str, kind: str, *, soft: bool | None
) -> Ground | None:
    parts, names = [], []
    for table, (prompts, pairs, judges) in zip(tables, units, strict=True):
        mine = [index for index, each in enumerate(table.contenders) if each.name == contender]
        sections = [index for index, section in enumerate(table.sections) if section.kind == kind]
        at = np.flatnonzero(np.isin(table.rows.contender, mine) & np.isin(table.section, sections))
        if not at.size:
            continue
        names += [table.sections[index].name for index in sections]
        scores = table.score(soft=table.graded if soft is None else soft)
        parts.append((prompts[at], pairs[at], judges[at], scores[at]))
    if not parts:
        return None
    prompt, pair, judge, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    rate = win_rate(prompt, pair, judge, score)
    z = prompt_means(prompt, pair, judge, score).z
    return Ground.model_validate(
        {
            "contender": contender,
            "baseline": tables[0].baseline.name,
            "kind": kind,
            "sections": tuple(dict.fromkeys(names)),
            "n_prompts": rate.n_prompts,
            "n_pairs": rate.n_pairs,
            "n_judgments": rate.n_rows,
            "n_failures": rate.missing,
            "win_rate": rate.estimate,
            "interval": as_interval(anchored_ci(z, CONFIDENCE)),
            "p_value": sign_flip_p(z - 0.5) if rate.n_prompts >= FEWEST_PROMPTS else None,
            "reason": lacking(rate.n_prompts, rate.missing),
        }
    )


class _Codes:
    """One number for equal names of several tables."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def of(self, names: Iterable[str]) -> Codes:
        """The number of each name."""
        return np.array([self.known.setdefault(name, len(self.known)) for name in names], dtype=np.intp)
