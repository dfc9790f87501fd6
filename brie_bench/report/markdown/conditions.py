"""The same prompts again, as tables: runs, temperatures, lengths."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brie_bench.report.markdown.columns import COUNTS, Where
from brie_bench.report.words import NONE, count, escape, interval, p_number, percent, points, table
from brie_bench.spec.leaderboard import Reproducibility, Sweep

MOST_LINES = 60
"""The longest table of prompts and runs that is shown."""


def reproducibility_tables(rows: Sequence[Reproducibility], where: Where) -> str:
    shown = [row for row in rows if row.n_prompts]
    columns: list[tuple[str, Callable[[Reproducibility], str]]] = [
        *where.columns(shown),
        ("section", lambda row: escape(row.section)),
        ("win rate", lambda row: percent(row.rate)),
        ("by run", lambda row: ", ".join(map(percent, row.per_run))),
        ("runs of a prompt differ", lambda row: percent(row.disagreement)),
        ("95 % interval", lambda row: interval(row.disagreement_interval)),
        ("SD over runs (points)", lambda row: points(row.observed_sd).lstrip("+")),
        ("by chance", lambda row: points(row.expected_sd).lstrip("+")),
        ("Cochran p", lambda row: p_number(row.cochran_p)),
        *COUNTS,
    ]
    same = [
        f"{escape(row.section)}: the same texts in every run for {row.n_same_texts} of {count(row.n_prompts, 'prompt')}; what"
        " differs there is the judges' doing."
        for row in shown
        if row.n_same_texts
    ]
    parts = [table(columns, shown, left=1 + where.width), _prompts_by_runs(shown, where), *_notes(shown, same)]
    return "\n\n".join(part for part in parts if part)


def _prompts_by_runs(rows: Sequence[Reproducibility], where: Where) -> str:
    """Every prompt in every run, where that is no endless table: the JSON has it always."""
    lines = [(row, prompt, runs) for row in rows for prompt, runs in zip(row.prompts, row.table, strict=True)]
    if len(lines) > MOST_LINES:
        return ""
    most = max((row.n_runs for row in rows), default=0)
    columns: list[tuple[str, Callable[[tuple[Reproducibility, str, tuple[float, ...]]], str]]] = [
        *((name, lambda line, cell=cell: cell(line[0])) for name, cell in where.columns(rows)),
        ("section", lambda line: escape(line[0].section)),
        ("prompt", lambda line: escape(line[1])),
        *((f"run {run + 1}", _cell_of_run(run)) for run in range(most)),
    ]
    return table(columns, lines, left=2 + where.width)


def _cell_of_run(run: int) -> Callable[[tuple[Reproducibility, str, tuple[float, ...]]], str]:
    return lambda line: percent(line[2][run] if run < len(line[2]) else None)


def _notes(rows: Sequence[Reproducibility] | Sequence[Sweep], same: Sequence[str]) -> list[str]:
    """Why something is missing, each reason once, with the sections it holds for where there are several."""
    sections: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.reason:
            sections.setdefault(row.reason, {})[escape(row.section)] = None
    several = len({row.section for row in rows}) > 1
    reasons = [f"{', '.join(names) + ': ' if several else ''}{reason}." for reason, names in sections.items()]
    return [*reasons, *dict.fromkeys(same)]


def sweeps_table(rows: Sequence[Sweep], where: Where) -> str:
    shown = [row for row in rows if row.n_prompts]
    columns: list[tuple[str, Callable[[Sweep], str]]] = [
        *where.columns(shown),
        ("section", lambda row: escape(row.section)),
        ("win rate by level", _levels),
        ("slope", lambda row: _slope(row, row.slope)),
        ("95 % interval", lambda row: NONE if row.interval is None else _slope_interval(row)),
        ("p", lambda row: p_number(row.p_value)),
        *COUNTS,
    ]
    same = [
        f"{escape(row.section)}: {count(row.n_same_texts, 'prompt')} left out, with the same texts at every level."
        for row in shown
        if row.n_same_texts
    ]
    return "\n\n".join(part for part in (table(columns, shown, left=2 + where.width), *_notes(rows, same)) if part)


def _levels(row: Sweep) -> str:
    return ", ".join(f"{level:g}: {percent(rate)}" for level, rate in zip(row.levels, row.rates, strict=True))


def _slope(row: Sweep, slope: float | None) -> str:
    """In points for a tenth of a degree, or for a hundred tokens."""
    if slope is None:
        return NONE
    return (
        f"{points(slope * 0.1)} per 0.1" if row.parameter == "temperature" else f"{points(slope * 100)} per 100 tokens"
    )


def _slope_interval(row: Sweep) -> str:
    unit = 0.1 if row.parameter == "temperature" else 100
    return NONE if row.interval is None else f"{points(row.interval.low * unit)} to {points(row.interval.high * unit)}"
