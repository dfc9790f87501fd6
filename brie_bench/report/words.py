"""Numbers and names as a reader sees them: percent with one decimal, a dash where there is nothing, no markup."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from tabulate import tabulate

from brie_bench.errors import plain
from brie_bench.spec.leaderboard import Interval

NONE = "–"
MARKUP = re.compile(r"([\\`*\[\]<>|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")

R = TypeVar("R")


def escape(text: str, limit: int = 400) -> str:
    """`text` as plain markdown: nothing in it is markup, and it is one line."""
    return MARKUP.sub(r"\\\1", plain(text, limit))


def percent(rate: float | None) -> str:
    """`83.1 %`, or a dash where there is no number."""
    return NONE if rate is None else f"{100 * rate:.1f} %"


def points(difference: float | None) -> str:
    """A difference of rates in percentage points: `+3.2`."""
    return NONE if difference is None else f"{round(100 * difference, 1) + 0.0:+.1f}"


def interval(bounds: Interval | None) -> str:
    """`74.0–89.5 %`, or a dash."""
    return NONE if bounds is None else f"{100 * bounds.low:.1f}–{100 * bounds.high:.1f} %"


def point_interval(bounds: Interval | None) -> str:
    """`−4.0 to +1.2`, or a dash."""
    return NONE if bounds is None else f"{points(bounds.low)} to {points(bounds.high)}"


def coefficient(value: float | None, bounds: Interval | None = None) -> str:
    """`0.25 (0.00 to 0.66)`, or a dash."""
    if value is None:
        return NONE
    shown = [
        f"{round(each, 2) + 0.0:.2f}" for each in ((value,) if bounds is None else (value, bounds.low, bounds.high))
    ]
    return shown[0] if bounds is None else f"{shown[0]} ({shown[1]} to {shown[2]})"


def p_number(p: float | None) -> str:
    """`0.020`, `< 0.001`, or a dash."""
    return NONE if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def p_words(p: float | None) -> str:
    """`p < 0.001`, or `p = 0.020`."""
    return "p unknown" if p is None else f"p {p_number(p)}" if p < 0.001 else f"p = {p_number(p)}"


def count(number: int, noun: str) -> str:
    """`1 prompt`, `25 prompts`."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def dollars(amount: float | None, *, at_least: bool = False) -> str:
    """`$12.34`, `$0.0042` (two digits that count), `at least $0.50`, or `unknown`. Never rounded to nothing."""
    if amount is None:
        return "unknown"
    digits = 2 if amount >= 0.1 or amount == 0 else min(8, 1 - math.floor(math.log10(amount)))
    return f"{'at least ' if at_least else ''}${amount:,.{digits}f}"


def table(columns: Sequence[tuple[str, Callable[[R], str]]], rows: Iterable[R], *, left: int = 1) -> str:
    """A markdown table of `rows`; all but the first `left` columns are aligned to the right. Empty without rows."""
    cells = [[cell(row) for _, cell in columns] for row in rows]
    if not cells:
        return ""
    align = ["left"] * left + ["right"] * (len(columns) - left)
    return tabulate(
        cells, headers=[name for name, _ in columns], tablefmt="pipe", colalign=align, disable_numparse=True
    )
