"""Small tables, written row by row, and what can be done to all of their rows at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any, TypeVar

import numpy as np

from brie_bench.report.table import Columns, Item, Player, Section, Table
from brie_bench.spec.leaderboard import Leaderboard, SuiteSummary

NAN = math.nan
WIN, TIE, LOSS, FAILED = 1.0, 0.5, 0.0, NAN

T = TypeVar("T")


@dataclass(frozen=True)
class Row:
    """One judgment of the contender `who` by `judge`; a pair is its prompt's only one unless it is named."""

    prompt: str
    score: float
    judge: str = "ann"
    who: str = "tuned"
    pair: str = ""
    section: str = "all"
    repeat: int = 1
    temperature: float | None = 0.75
    max_tokens: int | None = 512
    shown: float = NAN
    preference: float = NAN
    lengths: tuple[float, float] = (NAN, NAN)
    verdict: int | None = None
    """Rows of one number are served by one recorded verdict; by default each has its own."""


def rows_of(scores: Iterable[float], **same: Any) -> list[Row]:
    """A row for each score, each on a prompt of its own: p-0, p-1, …"""
    return [Row(f"p-{number}", score, **same) for number, score in enumerate(scores)]


def table_of(
    rows: Sequence[Row],
    *,
    kinds: dict[str, str] | None = None,
    players: dict[str, Player] | None = None,
    contenders: Sequence[str] = (),
    judges: Sequence[str] = (),
    baseline: str = "base",
    suite: str = "tiny",
    digest: str = "",
    run: str = "run-1",
    **flags: Any,
) -> Table:
    """The table of these rows. `kinds` says what a section is (in_domain), `players` who somebody is beyond a name;
    `contenders` and `judges` come first, also without a row."""
    known = players or {}
    who = _Numbered([*contenders, *(row.who for row in rows)])
    judge = _Numbered([*judges, *(row.judge for row in rows)])
    section = _Numbered(row.section for row in rows)
    prompt = _Numbered(row.prompt for row in rows)
    item = _Numbered((row.section, row.prompt, row.temperature, row.max_tokens, row.repeat) for row in rows)
    pair = _Numbered(_pair(row) for row in rows)
    fresh = count(1000)
    return Table(
        suite=SuiteSummary(
            name=suite, digest=digest or f"digest of {suite}", n_prompts=len(prompt.all), n_items=len(item.all)
        ),
        runs=(run,),
        baseline=known.get(baseline, Player(baseline)),
        contenders=tuple(known.get(name, Player(name)) for name in who.all),
        judges=tuple(known.get(name, Player(name)) for name in judge.all),
        sections=tuple(Section(name, (kinds or {}).get(name, "in_domain")) for name in section.all),
        prompts=tuple(prompt.all),
        items=tuple(
            Item("/".join(map(str, each)), section.at[each[0]], prompt.at[each[1]], each[1], *each[2:])
            for each in item.all
        ),
        pairs=tuple(map(str, pair.all)),
        rows=Columns(
            contender=who.codes(row.who for row in rows),
            judge=judge.codes(row.judge for row in rows),
            item=item.codes((row.section, row.prompt, row.temperature, row.max_tokens, row.repeat) for row in rows),
            pair=pair.codes(map(_pair, rows)),
            score=np.array([row.score for row in rows], dtype=float),
            preference=np.array([row.preference for row in rows], dtype=float),
            shown=np.array([row.shown for row in rows], dtype=float),
            contender_length=np.array([row.lengths[0] for row in rows], dtype=float),
            baseline_length=np.array([row.lengths[1] for row in rows], dtype=float),
            verdict=np.array([next(fresh) if row.verdict is None else row.verdict for row in rows], dtype=np.int64),
        ),
        **flags,
    )


def _pair(row: Row) -> tuple[Any, ...]:
    return (row.prompt, row.pair) if row.pair else (row.prompt, row.who, row.temperature, row.max_tokens, row.repeat)


class _Numbered:
    """Distinct things in the order they come."""

    def __init__(self, things: Iterable[Any]) -> None:
        self.all = list(dict.fromkeys(things))
        self.at = {thing: number for number, thing in enumerate(self.all)}

    def codes(self, things: Iterable[Any]) -> np.ndarray[Any, Any]:
        return np.array([self.at[thing] for thing in things], dtype=np.intp)


def with_rows(table: Table, change: Callable[[str, np.ndarray[Any, Any]], Any]) -> Table:
    """The same table with each column changed; `change` is given its name and values."""
    return replace(table, rows=Columns(**{name: change(name, values) for name, values in vars(table.rows).items()}))


def reordered(table: Table, order: Sequence[int]) -> Table:
    """The same rows in another order."""
    return with_rows(table, lambda _, values: values[list(order)])


def mirrored(table: Table) -> Table:
    """Every verdict turned round: what the contender won, the baseline won."""
    rows = table.rows
    turned = {
        "score": 1.0 - rows.score,
        "preference": 1.0 - rows.preference,
        "shown": 1.0 - rows.shown,
        "contender_length": rows.baseline_length,
        "baseline_length": rows.contender_length,
    }
    return with_rows(table, lambda name, values: turned.get(name, values))


def doubled(table: Table) -> Table:
    """Every row twice, served by the same verdicts."""
    return with_rows(table, lambda _, values: np.concatenate([values, values]))


def standing(board: Leaderboard, who: str = "tuned", judge: str | None = None, section: str | None = None) -> Any:
    """The one standing of that contender, judge and section."""
    (found,) = (row for row in board.standings if (row.contender, row.judge, row.section) == (who, judge, section))
    return found


def only(rows: Iterable[T] | None) -> T:
    """The only one."""
    (found,) = rows or ()
    return found


def both_orders(scores: Iterable[tuple[float, float]], **same: Any) -> list[Row]:
    """Two rows a prompt: the contender's scores when shown first and second."""
    return [
        Row(f"p-{number}", score, shown=shown, **same)
        for number, pair in enumerate(scores)
        for score, shown in zip(pair, (1.0, 0.0), strict=True)
    ]
