"""The same prompts again: in several runs, at several temperatures, at several lengths."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from brie_bench import stats
from brie_bench.report.standings import as_interval
from brie_bench.report.table import Item, Table
from brie_bench.spec.leaderboard import Reproducibility, Sweep

ENOUGH_FOR_ICC = 25
ENOUGH_FOR_TREND = 15

_Parameter = Literal["temperature", "max_tokens"]


def reproducibilities(table: Table, *, soft: bool) -> Iterator[Reproducibility]:
    """Every section whose prompts were asked more than once under the same condition, for every contender."""
    for section, contender, items in _sections(table, "reproducibility"):
        runs = sorted({item.repeat for _, item in items})
        if len(runs) < 2:
            continue
        prompts, x = _grid(
            table, contender, items, [lambda item, run=run: item.repeat == run for run in runs], soft=soft
        )
        found = stats.variance_components(x)
        enough = found.n_prompts >= ENOUGH_FOR_ICC
        kept = np.flatnonzero(~np.isnan(x).any(axis=1))
        yield Reproducibility(
            suite=table.suite.name,
            contender=table.contenders[contender].name,
            section=section,
            n_prompts=found.n_prompts,
            n_runs=len(runs),
            rate=found.rate,
            per_run=tuple(found.per_run.tolist()),
            disagreement=found.rerun_disagreement,
            disagreement_interval=as_interval(found.interval_disagreement),
            observed_sd=found.run_sd,
            expected_sd=found.expected_run_sd,
            cochran_p=found.cochran_q_p,
            icc=found.icc if enough else None,
            prompts=tuple(prompts[row] for row in kept),
            table=tuple(tuple(row) for row in x[kept].tolist()),
            reason=None if enough else f"{found.n_prompts} prompts cannot estimate an ICC: it needs {ENOUGH_FOR_ICC}",
        )


def sweeps(table: Table, *, soft: bool) -> Iterator[Sweep]:
    """Every section that varies temperature or length, for every contender."""
    kinds: tuple[tuple[str, _Parameter], ...] = (("temperature", "temperature"), ("length", "max_tokens"))
    for kind, parameter in kinds:
        for section, contender, items in _sections(table, kind):
            levels = sorted({level for _, item in items if (level := getattr(item, parameter)) is not None})
            if len(levels) < 2:
                continue
            chosen = [lambda item, level=level: getattr(item, parameter) == level for level in levels]  # noqa: B023
            _, x = _grid(table, contender, items, chosen, soft=soft)
            found = stats.trend_test(x, levels)
            enough = found.n_prompts >= ENOUGH_FOR_TREND
            yield Sweep(
                suite=table.suite.name,
                contender=table.contenders[contender].name,
                section=section,
                parameter=parameter,
                levels=tuple(float(level) for level in levels),
                rates=tuple(found.mean_by_level.tolist()),
                n_prompts=found.n_prompts,
                slope=found.slope,
                interval=as_interval(found.interval),
                p_value=found.p_value if enough else None,
                reason=None
                if enough
                else f"{found.n_prompts} prompts: descriptive only, a test needs {ENOUGH_FOR_TREND}",
            )


def _sections(table: Table, kind: str) -> Iterator[tuple[str, int, list[tuple[int, Item]]]]:
    for position, section in enumerate(table.sections):
        if section.kind == kind:
            items = [(index, item) for index, item in enumerate(table.items) if item.section == position]
            for contender in range(len(table.contenders)):
                yield section.name, contender, items


def _grid(table: Table, contender: int, items, chosen, *, soft: bool) -> tuple[list[str], NDArray[np.float64]]:  # type: ignore[no-untyped-def]
    """Prompts × conditions: the panel's mean score of the items that each of `chosen` admits, NaN where there is none."""
    rows = table.rows
    at = np.flatnonzero((rows.contender == contender) & np.isin(rows.item, [index for index, _ in items]))
    scores = table.score(soft=soft)[at]
    prompts = list(dict.fromkeys(item.prompt for _, item in items))
    names = {item.prompt: item.prompt_id for _, item in items}
    x = np.full((len(prompts), len(chosen)), np.nan)
    for column, admits in enumerate(chosen):
        here = np.isin(rows.item[at], [index for index, item in items if admits(item)])
        means = stats.prompt_means(table.prompt[at][here], rows.pair[at][here], rows.judge[at][here], scores[here])
        for prompt, z in zip(means.prompts.tolist(), means.z.tolist(), strict=True):
            x[prompts.index(prompt), column] = z
    return [names[prompt] for prompt in prompts], x
