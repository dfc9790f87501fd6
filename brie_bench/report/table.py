"""One row a planned judgment, in columns: what every number of a leaderboard is computed from."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from brie_bench.blind import score_of
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import BrieError
from brie_bench.spec.comparison import Order
from brie_bench.spec.judgment import Label
from brie_bench.spec.leaderboard import SuiteSummary

_SHOWN = {Order.CONTENDER_FIRST: 1, Order.BASELINE_FIRST: 0, None: -1}


@dataclass(frozen=True)
class Section:
    """A part of the suite, as the run recorded it."""

    name: str
    kind: str
    n_items: int
    n_prompts: int


@dataclass(frozen=True)
class Table:
    """The planned judgments of one run, as columns of N.

    `score` is 1, ½ or 0 for the contender, NaN without a verdict; `preference` is graded, NaN where the judge gave none;
    `shown` is 1 where the contender was shown first, 0 where the baseline was, −1 where the record does not say.
    The other columns are positions in the lists of names, or codes that are equal for equal prompts or pairs.
    """

    suite: SuiteSummary
    run: str
    baseline: str
    contenders: tuple[str, ...]
    judges: tuple[str, ...]
    sections: tuple[Section, ...]
    omitted: dict[str, tuple[str, ...]]
    contender: NDArray[np.intp]
    judge: NDArray[np.intp]
    section: NDArray[np.intp]
    prompt: NDArray[np.intp]
    pair: NDArray[np.intp]
    item: NDArray[np.intp]
    score: NDArray[np.float64]
    preference: NDArray[np.float64]
    shown: NDArray[np.int8]
    contender_length: NDArray[np.int64]
    baseline_length: NDArray[np.int64]
    cut_off: dict[str, tuple[int, int]]
    """By side, completions that were cut off, of those whose end is known."""

    @property
    def soft(self) -> NDArray[np.float64]:
        """The graded preference where there is one, else the score; NaN without a verdict."""
        return np.where(np.isnan(self.preference), self.score, self.preference)


def read_table(ledger: Ledger, run: RunRow) -> Table:
    """Everything recorded of `run`; what was planned and has no verdict is a row too, its score NaN."""
    record = json.loads(run.record)
    contenders = tuple(each["name"] for each in record["contenders"])
    judges = tuple(each["name"] for each in record["judges"])
    sections = tuple(Section(*row) for row in ledger.items_by_section(run.number))
    items, prompt_of = _items(ledger, run, sections)
    comparisons = _comparisons(ledger, run, contenders, items)
    judged = _judged(ledger, run, judges, comparisons.number)
    comparison = judged["comparison"]
    columns: dict[str, Any] = {
        "contender": comparisons.contender[comparison],
        "judge": judged["judge"].astype(np.intp),
        "item": comparisons.item[comparison],
        "pair": comparisons.pair[comparison],
        "score": judged["score"],
        "preference": judged["preference"],
        "shown": judged["shown"].astype(np.int8),
        "contender_length": comparisons.lengths[comparison, 0],
        "baseline_length": comparisons.lengths[comparison, 1],
    }
    if run.per_pair is not None:
        missing = _missing(columns, run.per_pair, len(items), contenders, judges, comparisons)
        columns = {name: np.concatenate([column, missing[name]]) for name, column in columns.items()}
    prompt_of_item = np.array([prompt_of[row.prompt] for row in items] or [0], dtype=np.intp)
    section_of_item = np.array([row.section for row in items] or [0], dtype=np.intp)
    return Table(
        suite=SuiteSummary(
            name=record["suite"]["name"],
            digest=record["suite"]["digest"],
            n_prompts=len(prompt_of),
            n_items=len(items),
        ),
        run=run.id,
        baseline=record["baseline"]["name"],
        contenders=contenders,
        judges=judges,
        sections=sections,
        omitted={side["name"]: tuple(side.get("omitted", ())) for side in (record["baseline"], *record["contenders"])},
        prompt=prompt_of_item[columns["item"]],
        section=section_of_item[columns["item"]],
        cut_off=comparisons.cut_off(contenders, record["baseline"]["name"]),
        **columns,
    )


@dataclass(frozen=True)
class _Item:
    number: int
    section: int
    prompt: str


@dataclass(frozen=True)
class _Comparisons:
    """The comparisons of a run, by position; `number` leads from the ledger's number to it."""

    number: dict[int, int]
    contender: NDArray[np.intp]
    item: NDArray[np.intp]
    pair: NDArray[np.intp]
    lengths: NDArray[np.int64]
    finish: list[tuple[str, str]]
    keys: list[tuple[str, str]]

    def cut_off(self, contenders: Sequence[str], baseline: str) -> dict[str, tuple[int, int]]:
        """By side, how many completions were cut off, and of how many that is known."""
        found: dict[str, dict[str, str]] = {name: {} for name in (baseline, *contenders)}
        for contender, finish, keys in zip(self.contender, self.finish, self.keys, strict=True):
            found[contenders[contender]][keys[0]] = finish[0]
            found[baseline][keys[1]] = finish[1]
        counts = {}
        for name, finishes in found.items():
            known = [finish for finish in finishes.values() if finish != "unknown"]
            counts[name] = known.count("length"), len(known)
        return counts


def _items(ledger: Ledger, run: RunRow, sections: Sequence[Section]) -> tuple[list[_Item], dict[str, int]]:
    position = {section.name: index for index, section in enumerate(sections)}
    items: list[_Item] = []
    prompt_of: dict[str, int] = {}
    for number, section, prompt in ledger.item_keys(run.number):
        prompt_of.setdefault(prompt, len(prompt_of))
        items.append(_Item(number, position[section], prompt))
    return items, prompt_of


def _comparisons(ledger: Ledger, run: RunRow, contenders: Sequence[str], items: Sequence[_Item]) -> _Comparisons:
    position = {name: index for index, name in enumerate(contenders)}
    item_at = {item.number: index for index, item in enumerate(items)}
    number: dict[int, int] = {}
    rows: list[tuple[int, int, int, int, int]] = []
    finish, keys = [], []
    pairs: dict[str, int] = {}
    after = -1
    while page := ledger.comparisons(run.number, after=after, limit=4096):
        for row in page:
            number[row.number] = len(rows)
            pair = pairs.setdefault(row.pair, len(pairs))
            lengths = (row.contender_length, row.baseline_length)
            rows.append((position[row.contender], item_at[row.item], pair, *lengths))
            finish.append((row.contender_finish, row.baseline_finish))
            keys.append((row.contender_key, row.baseline_key))
        after = page[-1].number
    array = np.array(rows, dtype=np.int64).reshape(-1, 5)
    contender_of, item_of, pair_of = (array[:, column].astype(np.intp) for column in range(3))
    return _Comparisons(number, contender_of, item_of, pair_of, array[:, 3:], finish, keys)


_JUDGED = np.dtype([("comparison", "i8"), ("judge", "i4"), ("shown", "i1"), ("score", "f8"), ("preference", "f8")])


def _judged(ledger: Ledger, run: RunRow, judges: Sequence[str], number: dict[int, int]) -> NDArray[Any]:
    """The verdicts, revealed by their labels."""
    position = {name: index for index, name in enumerate(judges)}
    score = {(label, labels): score_of(label, labels) for label, labels in product((*Label, None), Order)}
    sign = {labels: score_of(Label.A, labels) for labels in Order}  # 1 where A is the contender
    shown_code = _SHOWN

    def rows() -> Iterator[tuple[int, int, int, float, float]]:
        for comparison, judge, labels, shown, _, label, preference, _ in ledger.judged(run.number):
            if preference is None or label is None:
                graded = np.nan
            else:
                graded = preference if sign[labels] else 1.0 - preference
            yield number[comparison], position[judge], shown_code[shown], score[label, labels], graded

    try:
        return np.fromiter(rows(), dtype=_JUDGED)
    except KeyError as error:
        raise BrieError(f"the records of run '{run.id}' name an unknown {error}.", where=ledger.path) from None


def _missing(
    columns: dict[str, Any],
    per_pair: int,
    n_items: int,
    contenders: Sequence[str],
    judges: Sequence[str],
    comparisons: _Comparisons,
) -> dict[str, Any]:
    """A row without a score for every planned judgment that has no record: not reached, or without a completion."""
    shape = (n_items, len(contenders), len(judges))
    cell = np.ravel_multi_index((columns["item"], columns["contender"], columns["judge"]), shape)
    lacking = per_pair - np.bincount(cell, minlength=int(np.prod(shape)))
    lacking = np.repeat(np.arange(lacking.size), np.maximum(lacking, 0))
    item, contender, judge = np.unravel_index(lacking, shape)
    n_pairs = int(comparisons.pair.max(initial=-1)) + 1
    pair_at = n_pairs + np.arange(n_items * len(contenders)).reshape(n_items, len(contenders))
    pair_at[comparisons.item, comparisons.contender] = comparisons.pair
    lengths = np.zeros((n_items, len(contenders), 2), dtype=np.int64)
    lengths[comparisons.item, comparisons.contender] = comparisons.lengths
    nothing = np.full(lacking.size, np.nan)
    return {
        "contender": contender,
        "judge": judge,
        "item": item,
        "pair": pair_at[item, contender],
        "score": nothing,
        "preference": nothing,
        "shown": np.full(lacking.size, -1, dtype=np.int8),
        "contender_length": lengths[item, contender, 0],
        "baseline_length": lengths[item, contender, 1],
    }
