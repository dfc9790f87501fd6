"""Columns that many tables have: whom a row is about, and what its numbers rest on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

from brie_bench.report.words import escape
from brie_bench.spec.leaderboard import Leaderboard


class About(Protocol):
    """A row about a contender on a suite."""

    @property
    def suite(self) -> str: ...
    @property
    def contender(self) -> str: ...
    @property
    def baseline(self) -> str: ...


R = TypeVar("R", bound=About)


class Where:
    """The first columns of a row: its contender, and its suite and baseline where there are several."""

    def __init__(self, board: Leaderboard) -> None:
        self.suites = len(board.suites) > 1
        self.baselines = len({row.baseline for row in board.standings}) > 1

    @property
    def width(self) -> int:
        """How many columns that is."""
        return 1 + self.suites + self.baselines

    def columns(self, rows: Sequence[R]) -> list[tuple[str, Callable[[R], str]]]:
        """The columns, for rows of that kind."""
        suite: list[tuple[str, Callable[[R], str]]] = [("suite", lambda row: escape(row.suite))]
        contender: list[tuple[str, Callable[[R], str]]] = [("contender", lambda row: escape(row.contender))]
        baseline: list[tuple[str, Callable[[R], str]]] = [("against", lambda row: escape(row.baseline))]
        return [*(suite if self.suites else []), *contender, *(baseline if self.baselines else [])]


def key(row: About) -> tuple[str, str, str]:
    """Whom the row is about."""
    return row.suite, row.contender, row.baseline


class Counted(Protocol):
    """A row that says what it rests on."""

    @property
    def n_prompts(self) -> int: ...
    @property
    def n_pairs(self) -> int: ...
    @property
    def n_judgments(self) -> int: ...
    @property
    def n_failures(self) -> int: ...


COUNTS: tuple[tuple[str, Callable[[Counted], str]], ...] = (
    ("prompts", lambda row: str(row.n_prompts)),
    ("pairs", lambda row: str(row.n_pairs)),
    ("judgments", lambda row: str(row.n_judgments)),
    ("failures", lambda row: str(row.n_failures)),
)
"""What the numbers of a row rest on."""
