"""The same prompts again: in several runs, at several temperatures, at several lengths."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from brie_bench import stats
from brie_bench.report.standings import as_interval
from brie_bench.report.table import Codes, Item, Table
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
            grid = _grid(table, contender, section, lambda item: item.repeat, runs, soft=soft)
            found = stats.variance_components(grid.x)
            enough = found.n_prompts >= ENOUGH_FOR_ICC
            kept = np.flatnonzero(grid.complete)
            yield Reproducibility(
                suite=table.suite.name,
                contender=table.contenders[contender].name,
                baseline=table.baseline.name,
                section=table.sections[section].name,
                **grid.counts(grid.complete),
                n_same_texts=int(grid.same_texts.sum()),
                n_runs=len(runs),
                rate=found.rate,
                per_run=tuple(found.per_run.tolist()),
                disagreement=found.rerun_disagreement,
                disagreement_interval=as_interval(found.interval_disagreement),
                observed_sd=found.run_sd,
                expected_sd=found.expected_run_sd,
                cochran_p=found.cochran_q_p,
                icc=found.icc if enough else None,
                prompts=tuple(grid.prompts[row] for row in kept),
                table=tuple(tuple(row) for row in grid.x[kept].tolist()),
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
                grid = _grid(table, contender, section, level, levels, soft=soft)
                found = stats.trend_test(grid.x[~grid.same_texts], levels)
                enough = found.n_prompts >= ENOUGH_FOR_TREND
                yield Sweep(
                    suite=table.suite.name,
                    contender=table.contenders[contender].name,
                    baseline=table.baseline.name,
                    section=table.sections[section].name,
                    parameter=parameter,
                    levels=tuple(float(level) for level in levels),
                    rates=tuple(found.mean_by_level.tolist()),
                    **grid.counts(grid.complete & ~grid.same_texts),
                    n_same_texts=int(grid.same_texts.sum()),
                    slope=found.slope,
                    interval=as_interval(found.interval),
                    p_value=found.p_value if enough else None,
                    reason=_left_out(grid) or _too_few(found.n_prompts, ENOUGH_FOR_TREND, "a test"),
                )


def _left_out(grid: _Grid) -> str | None:
    """Why there is no prompt to compare with itself, where it has the same texts at every level."""
    same = grid.same_texts
    if not same.any() or (grid.complete & ~same).any():
        return None
    return "every prompt has the same texts at every level: nothing was varied"


def _too_few(n_prompts: int, needed: int, what: str) -> str | None:
    if not n_prompts:
        return "no prompt has a verdict under every condition"
    if n_prompts >= needed:
        return None
    return f"{n_prompts} prompt{'s' * (n_prompts > 1)}: descriptive only, {what} needs {needed}"


def _sections(table: Table, kind: str) -> list[int]:
    return [position for position, section in enumerate(table.sections) if section.kind == kind]


@dataclass(frozen=True)
class _Grid:
    """Prompts × levels of one contender in one section."""

    prompts: list[str]
    """Their ids."""
    x: NDArray[np.float64]
    """The panel's mean score, NaN where there is none."""
    same_texts: NDArray[np.bool_]
    """The complete prompts whose pairs are the same ones at every level: no text differs, and verdicts may be shared."""
    row: Codes
    """The prompt, by its place here, of each planned judgment."""
    pair: Codes
    """Its pair."""
    failed: NDArray[np.bool_]
    """Whether it has no verdict."""

    @property
    def complete(self) -> NDArray[np.bool_]:
        """The prompts with a verdict at every level."""
        return np.asarray(~np.isnan(self.x).any(axis=1))

    def counts(self, chosen: NDArray[np.bool_]) -> dict[str, int]:
        """Prompts, pairs, verdicts and failures of the `chosen` prompts, by name."""
        mine = chosen[self.row]
        judged = mine & ~self.failed
        return {
            "n_prompts": int(chosen.sum()),
            "n_pairs": int(np.unique(self.pair[judged]).size),
            "n_judgments": int(judged.sum()),
            "n_failures": int((mine & self.failed).sum()),
        }


def _grid(table: Table, contender: int, section: int, level: _Level, levels: Sequence[float], *, soft: bool) -> _Grid:
    rows = table.rows
    column: dict[float | None, int] = {value: index for index, value in enumerate(levels)}
    items = [item for item in table.items if item.section == section]
    place = {prompt: index for index, prompt in enumerate(dict.fromkeys(item.prompt for item in items))}
    of_item = np.array([column.get(level(item), -1) if item.section == section else -1 for item in table.items])
    at = np.flatnonzero((rows.contender == contender) & (table.section == section))
    at = at[of_item[rows.item[at]] >= 0]
    levels_at, scores, pair = of_item[rows.item[at]], table.score(soft=soft)[at], rows.pair[at]
    place_of = np.zeros(len(table.prompts), dtype=np.intp)
    place_of[list(place)] = list(place.values())
    row, failed = place_of[table.prompt[at]], np.isnan(scores)
    x = np.full((len(place), len(levels)), np.nan)
    for index in range(len(levels)):
        here = levels_at == index
        means = stats.prompt_means(row[here], pair[here], rows.judge[at[here]], scores[here])
        x[means.prompts, index] = means.z
    ids = {item.prompt: item.prompt_id for item in items}
    same = ~np.isnan(x).any(axis=1) & _everywhere(row[~failed], pair[~failed], levels_at[~failed], x.shape)
    return _Grid([ids[prompt] for prompt in place], x, same, row, pair, failed)


def _everywhere(row: Codes, pair: Codes, level: Codes, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The prompts each pair of which stands at every level."""
    n_prompts, n_levels = shape
    seen = np.unique(np.column_stack((row, pair, level)), axis=0)
    pairs = np.unique(seen[:, :2], axis=0)
    at_all: NDArray[np.bool_] = np.bincount(seen[:, 0], minlength=n_prompts) == n_levels * np.bincount(
        pairs[:, 0], minlength=n_prompts
    )
    return at_all
