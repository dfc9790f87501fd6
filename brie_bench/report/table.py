"""One row a planned judgment, in columns: what every number of a leaderboard is computed from."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import cached_property
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from brie_bench.spec.leaderboard import Records, SuiteSummary

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
    """N rows. `contender`, `judge`, `item` and `pair` are positions in the table's lists.

    `score` is 1, ½ or 0 for the contender, NaN without a verdict; `preference` is graded, NaN where the judge gave none;
    `shown` is 1 where the contender was shown first, 0 where the baseline was, NaN where the record does not say;
    lengths are in characters, NaN where a text is missing. `verdict` is equal for the rows that one recorded verdict
    serves: a presentation that occurs twice is judged once.
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
    verdict: NDArray[np.int64]


Texts = Mapping[str, Mapping[str, set[str]]]
"""A side's name to a prompt to the keys of its recorded completions."""


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
    records: tuple[Records, ...] = ()
    """The files they were imported from."""
    texts: Texts = field(default_factory=dict)
    """Of imported records that are read beside others: what each side wrote."""

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
    """One table of several over the same suite and baseline, in which equal names mean equal things (`naming.distinguish`).

    A judge without a row, all of whose judgments an earlier table counts, is left out.
    """
    first = tables[0]
    if len(tables) == 1:
        return first
    contenders, judges = (_Union[Player](lambda player: player.name) for _ in range(2))
    sections = _Union[Section](lambda section: section)
    prompts, pairs = _Union[str](lambda key: key), _Union[str](lambda key: key)
    items = _Union[Item](lambda item: (item.key, item.section))
    parts = []
    for table in tables:
        section, prompt = sections.add(table.sections), prompts.add(table.prompts)
        moved = [
            replace(each, section=int(section[each.section]), prompt=int(prompt[each.prompt])) for each in table.items
        ]
        codes = {
            "contender": contenders.add(table.contenders),
            "judge": judges.add(player for _, player in _seated(table)),
            "item": items.add(moved),
            "pair": pairs.add(table.pairs),
        }
        seat = np.zeros(len(table.judges), dtype=np.intp)
        seat[[index for index, _ in _seated(table)]] = codes["judge"]
        codes["judge"] = seat
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
        records=tuple(dict.fromkeys(record for table in tables for record in table.records)),
    )


def _seated(table: Table) -> list[tuple[int, Player]]:
    """The judges that have a row, with their positions."""
    present = set(np.unique(table.rows.judge).tolist())
    return [(index, judge) for index, judge in enumerate(table.judges) if index in present]
