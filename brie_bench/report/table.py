"""One row a planned judgment, in columns: what every number of a leaderboard is computed from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from brie_bench.spec.leaderboard import SuiteSummary

Codes = NDArray[np.intp]


@dataclass(frozen=True)
class Section:
    """A part of the suite, as the run recorded it."""

    name: str
    kind: str


@dataclass(frozen=True)
class Item:
    """A prompt under one condition; `prompt` and `section` are positions in the table's lists."""

    key: str
    section: int
    prompt: int
    prompt_id: str
    temperature: float | None
    max_tokens: int | None
    repeat: int


@dataclass(frozen=True)
class Player:
    """A contender, baseline or judge: a name, the digest of what it is, its lab where that is known, and what of the
    suite's sampling it could not honour."""

    name: str
    digest: str = ""
    lab: str | None = None
    omitted: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """N rows. Codes are positions in the table's lists, but for `pair`, which is equal for equal pairs.

    `score` is 1, ½ or 0 for the contender, NaN without a verdict; `preference` is graded, NaN where the judge gave none;
    `shown` is 1 where the contender was shown first, 0 where the baseline was, NaN where the record does not say;
    lengths are in characters, NaN where a text is missing.
    """

    contender: Codes
    judge: Codes
    item: Codes
    pair: Codes
    score: NDArray[np.float64]
    preference: NDArray[np.float64]
    shown: NDArray[np.float64]
    contender_length: NDArray[np.float64]
    baseline_length: NDArray[np.float64]


@dataclass(frozen=True)
class Table:
    """The planned judgments of some runs over one suite, against one baseline."""

    suite: SuiteSummary
    runs: tuple[str, ...]
    baseline: Player
    contenders: tuple[Player, ...]
    judges: tuple[Player, ...]
    sections: tuple[Section, ...]
    prompts: tuple[str, ...]
    items: tuple[Item, ...]
    pairs: tuple[str, ...]
    rows: Columns
    graded: bool = False
    """Whether the records hold graded preferences only, so that scores are soft by default."""
    both_orders: bool = True
    """Whether pairs were judged in both orders."""
    imported: bool = False
    """Whether somebody else recorded the judgments."""

    def score(self, *, soft: bool) -> NDArray[np.float64]:
        """The scores to compute with: where `soft`, the graded preference wherever there is one."""
        rows = self.rows
        return np.where(np.isnan(rows.preference), rows.score, rows.preference) if soft else rows.score

    @cached_property
    def prompt(self) -> Codes:
        """The prompt of each row."""
        return np.array([item.prompt for item in self.items] or [0], dtype=np.intp)[self.rows.item]

    @cached_property
    def section(self) -> Codes:
        """The section of each row."""
        return np.array([item.section for item in self.items] or [0], dtype=np.intp)[self.rows.item]


X = TypeVar("X")


class _Union(Generic[X]):
    """Distinct things in the order they came; `add` gives the new positions of some."""

    def __init__(self, key: Callable[[X], Hashable]) -> None:
        self.key = key
        self.found: list[X] = []
        self.position: dict[Hashable, int] = {}

    def add(self, things: Iterable[X]) -> Codes:
        """The position of each, the new ones at the end."""
        positions = []
        for thing in things:
            key = self.key(thing)
            if key not in self.position:
                self.position[key] = len(self.found)
                self.found.append(thing)
            positions.append(self.position[key])
        return np.array(positions, dtype=np.intp)


def merge(tables: Sequence[Table]) -> Table:
    """One table of several over the same suite and baseline.

    Equal names are one player when their digests are equal too; otherwise the later one is called `name@run`.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    contenders = _Union[Player](lambda player: player)
    judges = _Union[Player](lambda player: player)
    sections = _Union[Section](lambda section: section.name)
    prompts, pairs = _Union[str](lambda key: key), _Union[str](lambda key: key)
    items = _Union[Item](lambda item: item.key)
    parts = []
    for table in tables:
        section, prompt = sections.add(table.sections), prompts.add(table.prompts)
        moved = [
            replace(each, section=int(section[each.section]), prompt=int(prompt[each.prompt])) for each in table.items
        ]
        codes = {
            "contender": contenders.add(_renamed(table.contenders, contenders.found, table.runs[-1])),
            "judge": judges.add(_renamed(table.judges, judges.found, table.runs[-1])),
            "item": items.add(moved),
            "pair": pairs.add(table.pairs),
        }
        parts.append(
            {name: codes[name][column] if name in codes else column for name, column in vars(table.rows).items()}
        )
    rows = Columns(**{field.name: np.concatenate([part[field.name] for part in parts]) for field in fields(Columns)})
    suite = first.suite.model_copy(update={"n_prompts": len(prompts.found), "n_items": len(items.found)})
    return Table(
        suite=suite,
        runs=tuple(run for table in tables for run in table.runs),
        baseline=first.baseline,
        contenders=tuple(contenders.found),
        judges=tuple(judges.found),
        sections=tuple(sections.found),
        prompts=tuple(prompts.found),
        items=tuple(items.found),
        pairs=tuple(pairs.found),
        rows=rows,
        graded=all(table.graded for table in tables),
        both_orders=all(table.both_orders for table in tables),
        imported=any(table.imported for table in tables),
    )


def _renamed(players: Iterable[Player], known: Sequence[Player], run: str) -> list[Player]:
    digests = {player.name: player.digest for player in known}
    return [
        replace(player, name=f"{player.name}@{run}")
        if digests.get(player.name, player.digest) != player.digest
        else player
        for player in players
    ]
