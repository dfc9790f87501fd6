"""The same prompts again: in several runs, at several temperatures, at several lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
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
_Level = Callable[[Item], float | None]


def reproducibilities(table: Table, *, soft: bool) -> Iterator[Reproducibility]:
    """Every section whose prompts were asked more than once under the same condition, for every contender."""
    for section in _sections(table, "reproducibility"):
        runs = sorted({item.repeat for item in table.items if item.section == section})
        if len(runs) < 2:
            continue
        for contender in range(len(table.contenders)):
            prompts, x = _grid(table, contender, section, lambda item: item.repeat, runs, soft=soft)
            found = stats.variance_components(x)
            enough = found.n_prompts >= ENOUGH_FOR_ICC
            kept = np.flatnonzero(~np.isnan(x).any(axis=1))
            yield Reproducibility(
                suite=table.suite.name,
                contender=table.contenders[contender].name,
                baseline=table.baseline.name,
                section=table.sections[section].name,
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
                reason=_too_few(found.n_prompts, ENOUGH_FOR_ICC, "an ICC"),
            )


def sweeps(table: Table, *, soft: bool) -> Iterator[Sweep]:
    """Every section that varies temperature or length, for every contender."""
    parameters: tuple[tuple[str, _Parameter, _Level], ...] = (
        ("temperature", "temperature", lambda item: item.temperature),
        ("length", "max_tokens", lambda item: item.max_tokens),
    )
    for kind, parameter, level in parameters:
        for section in _sections(table, kind):
            levels = sorted({at for item in table.items if item.section == section and (at := level(item)) is not None})
            if len(levels) < 2:
                continue
            for contender in range(len(table.contenders)):
                _, x = _grid(table, contender, section, level, levels, soft=soft)
                found = stats.trend_test(x, levels)
                enough = found.n_prompts >= ENOUGH_FOR_TREND
                yield Sweep(
                    suite=table.suite.name,
                    contender=table.contenders[contender].name,
                    baseline=table.baseline.name,
                    section=table.sections[section].name,
                    parameter=parameter,
                    levels=tuple(float(level) for level in levels),
                    rates=tuple(found.mean_by_level.tolist()),
                    n_prompts=found.n_prompts,
                    slope=found.slope,
                    interval=as_interval(found.interval),
                    p_value=found.p_value if enough else None,
                    reason=_too_few(found.n_prompts, ENOUGH_FOR_TREND, "a test"),
                )


def _too_few(n_prompts: int, needed: int, what: str) -> str | None:
    if not n_prompts:
        return "no prompt has a verdict under every condition"
    if n_prompts >= needed:
        return None
    return f"{n_prompts} prompt{'s' * (n_prompts > 1)}: descriptive only, {what} needs {needed}"


def _sections(table: Table, kind: str) -> list[int]:
    return [position for position, section in enumerate(table.sections) if section.kind == kind]


def _grid(
    table: Table, contender: int, section: int, level: _Level, levels: Sequence[float], *, soft: bool
) -> tuple[list[str], NDArray[np.float64]]:
    """Prompt ids, and prompts × levels: the panel's mean score, NaN where there is none."""
    rows = table.rows
    column: dict[float | None, int] = {value: index for index, value in enumerate(levels)}
    items = [item for item in table.items if item.section == section]
    row = {prompt: index for index, prompt in enumerate(dict.fromkeys(item.prompt for item in items))}
    at = np.flatnonzero((rows.contender == contender) & (table.section == section))
    of_item = np.array([column.get(level(item), -1) if item.section == section else -1 for item in table.items])
    levels_at, scores = of_item[rows.item[at]], table.score(soft=soft)[at]
    x = np.full((len(row), len(levels)), np.nan)
    for index in range(len(levels)):
        here = at[levels_at == index]
        means = stats.prompt_means(table.prompt[here], rows.pair[here], rows.judge[here], scores[levels_at == index])
        x[[row[prompt] for prompt in means.prompts.tolist()], index] = means.z
    ids = {item.prompt: item.prompt_id for item in items}
    return [ids[prompt] for prompt in row], x
