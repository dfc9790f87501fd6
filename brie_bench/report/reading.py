"""From the ledger to tables: verdicts revealed by their labels, and a row for whatever was planned and has none."""

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
from brie_bench.errors import LedgerError
from brie_bench.report.labs import lab_of
from brie_bench.report.naming import distinguish
from brie_bench.report.table import Codes, Columns, Item, Player, Section, Table, Texts, merge
from brie_bench.spec.base import digest
from brie_bench.spec.comparison import Order
from brie_bench.spec.judgment import Label
from brie_bench.spec.leaderboard import Records, SuiteSummary


def read_tables(ledger: Ledger, runs: Sequence[RunRow]) -> list[Table]:
    """The tables of `runs`: those over the same suite against the same baseline are one, others are kept apart."""
    seen: set[int] = set()
    tables = distinguish([read_table(ledger, run, seen if len(runs) > 1 else None) for run in runs])
    groups: dict[tuple[str, str], list[Table]] = {}
    for table in tables:
        groups.setdefault((table.suite.digest, table.baseline.name), []).append(table)
    return [merge(tables) for tables in groups.values()]


def read_table(ledger: Ledger, run: RunRow, seen: set[int] | None = None) -> Table:
    """Everything recorded of `run`; what was planned and has no verdict is a row too, its score NaN.

    With `seen`, a judging that an earlier run counts already is left out, and the others are added to it: the same
    verdict on the same item and contender of the same suite.
    """
    record = json.loads(run.record)
    contenders = [player_of(each) for each in record["contenders"]]
    judges = [player_of(each) for each in record["judges"]]
    sections, items, prompts = _items(ledger, run)
    comparisons = _comparisons(ledger, run, [each.name for each in contenders], items)
    judged = _judged(ledger, run, [each.name for each in judges], comparisons)
    at = judged["comparison"]
    columns: dict[str, Any] = {
        "contender": comparisons.contender[at],
        "judge": judged["judge"].astype(np.intp),
        "item": comparisons.item[at],
        "pair": comparisons.pair[at],
        "score": judged["score"],
        "preference": judged["preference"],
        "shown": judged["shown"],
        "contender_length": comparisons.lengths[at, 0],
        "baseline_length": comparisons.lengths[at, 1],
        "verdict": judged["verdict"],
    }
    baseline = player_of(record["baseline"])
    kept = np.ones(at.size, dtype=np.bool_)
    if seen is not None:
        ground = [record["suite"]["digest"], baseline.name, baseline.digest]
        kept = _first_seen(columns, [each.key for each in items], contenders, ground, seen)
    pairs = list(comparisons.pairs)
    if run.per_pair is not None:
        missing = _missing(columns, run.per_pair, len(items), len(contenders), len(judges), comparisons)
        pairs += [f"missing-{run.id}-{number}" for number in range(len(items) * len(contenders))]
        columns = {name: np.concatenate([column[kept], missing[name]]) for name, column in columns.items()}
    else:
        columns = {name: column[kept] for name, column in columns.items()}
    return Table(
        suite=SuiteSummary(
            name=record["suite"]["name"], digest=record["suite"]["digest"], n_prompts=len(prompts), n_items=len(items)
        ),
        runs=(run.id,),
        baseline=baseline,
        contenders=tuple(contenders),
        judges=tuple(judges),
        sections=sections,
        prompts=tuple(prompts),
        items=tuple(items),
        pairs=tuple(pairs),
        rows=Columns(**columns),
        graded=bool(record.get("graded", False)),
        both_orders=_both_orders(columns) if run.per_pair is None else record["order"] == "both",
        imported=run.per_pair is None,
        records=tuple(Records(path=each["name"], sha256=each["sha256"]) for each in record.get("sources", ())),
        texts=_texts(ledger, run, baseline.name) if "sources" in record and seen is not None else {},
    )


def player_of(described: dict[str, Any]) -> Player:
    """A contender or judge as a run's record describes it; a lab that is not declared is told from its model's name,
    or else from its own."""
    configuration = described.get("configuration", {})
    models = [configuration.get("model"), configuration]
    options = [each.get("options", {}) for each in models if isinstance(each, dict)]
    named = [option["model"] for option in options if isinstance(option.get("model"), str)]
    lab = described.get("lab") or lab_of(*named, described["name"].partition("@")[0])
    return Player(described["name"], described.get("digest", ""), lab, tuple(described.get("omitted", ())))


def _texts(ledger: Ledger, run: RunRow, baseline: str) -> Texts:
    """What each side wrote on each prompt, by key, as far as the texts are recorded."""
    found: dict[str, dict[str, set[str]]] = {}
    for prompt, contender, mine, base in ledger.stream(
        "SELECT i.prompt, c.contender, c.contender_key, c.baseline_key FROM comparison c"
        " JOIN item i ON i.run = c.run AND i.number = c.item"
        " WHERE c.run = ? AND (c.contender_length > 0 OR c.baseline_length > 0)",
        run.number,
    ):
        for name, key in ((contender, mine), (baseline, base)):
            found.setdefault(name, {}).setdefault(prompt, set()).add(key)
    return found


def _items(ledger: Ledger, run: RunRow) -> tuple[tuple[Section, ...], list[Item], dict[str, int]]:
    sections: dict[str, tuple[int, Section]] = {}
    items: list[Item] = []
    prompts: dict[str, int] = {}
    for number, name, kind, prompt, text in ledger.items(run.number):
        if number != len(items):
            raise LedgerError(f"item {len(items)} of run '{run.id}' is missing.", where=ledger.path)
        position, _ = sections.setdefault(name, (len(sections), Section(name, kind)))
        record = json.loads(text)
        sampling = record["sampling"]
        items.append(
            Item(
                key=digest([name, prompt, sampling, record.get("repeat", 1)]),
                section=position,
                prompt=prompts.setdefault(prompt, len(prompts)),
                prompt_id=record["prompt"]["id"],
                temperature=sampling.get("temperature"),
                max_tokens=sampling.get("max_tokens"),
                repeat=record.get("repeat", 1),
            )
        )
    return tuple(section for _, section in sections.values()), items, prompts


@dataclass(frozen=True)
class _Comparisons:
    """The comparisons of a run, by position; `number` leads from the ledger's number to it."""

    number: dict[int, int]
    contender: Codes
    item: Codes
    pair: Codes
    lengths: NDArray[np.float64]
    pairs: dict[str, int]


def _comparisons(ledger: Ledger, run: RunRow, contenders: Sequence[str], items: Sequence[Item]) -> _Comparisons:
    position = {name: index for index, name in enumerate(contenders)}
    number: dict[int, int] = {}
    rows: list[tuple[int, int, int, float, float]] = []
    pairs: dict[str, int] = {}
    after = -1
    while page := ledger.comparisons(run.number, after=after, limit=4096):
        for row in page:
            if row.item >= len(items):
                raise LedgerError(f"item {row.item} of run '{run.id}' is missing.", where=ledger.path)
            if row.contender not in position:
                raise LedgerError(
                    f"the records of run '{run.id}' name an unknown '{row.contender}'.", where=ledger.path
                )
            number[row.number] = len(rows)
            pair = pairs.setdefault(row.pair, len(pairs))
            both = float(row.contender_length), float(row.baseline_length)
            rows.append((position[row.contender], row.item, pair, *both))
        after = page[-1].number
    array = np.array(rows, dtype=np.float64).reshape(-1, 5)
    contender_of, item_of, pair_of = (array[:, column].astype(np.intp) for column in range(3))
    lengths = array[:, 3:]
    lengths[(lengths == 0.0).all(axis=1)] = np.nan  # records without their texts
    return _Comparisons(number, contender_of, item_of, pair_of, lengths, pairs)


_JUDGED = np.dtype(
    [("comparison", "i8"), ("judge", "i4"), ("shown", "f8"), ("score", "f8"), ("preference", "f8"), ("verdict", "i8")]
)
_SHOWN: dict[str | None, float] = {Order.CONTENDER_FIRST: 1.0, Order.BASELINE_FIRST: 0.0, None: np.nan}


def _judged(ledger: Ledger, run: RunRow, judges: Sequence[str], comparisons: _Comparisons) -> NDArray[Any]:
    """The verdicts, revealed by their labels."""
    position = {name: index for index, name in enumerate(judges)}
    score: dict[tuple[str | None, str], float] = {
        (label, labels): score_of(label, labels) for label, labels in product((*Label, None), Order)
    }
    a_is_contender: dict[str, bool] = {labels: score_of(Label.A, labels) == 1.0 for labels in Order}
    number = comparisons.number

    def rows() -> Iterator[tuple[int, int, float, float, float, int]]:
        for comparison, judge, labels, shown, verdict, label, preference in ledger.judged(run.number):
            graded = np.nan
            if preference is not None:
                graded = preference if a_is_contender[labels] else 1.0 - preference
            yield number[comparison], position[judge], _SHOWN[shown], score[label, labels], graded, verdict

    try:
        judged = np.fromiter(rows(), dtype=_JUDGED)
    except KeyError as error:
        raise LedgerError(f"the records of run '{run.id}' name an unknown {error}.", where=ledger.path) from None
    graded = judged["preference"][~np.isnan(judged["preference"])]
    if graded.size and (graded.min() < 0.0 or graded.max() > 1.0):
        raise LedgerError(f"the records of run '{run.id}' hold a preference outside [0, 1].", where=ledger.path)
    return judged


def _first_seen(
    columns: dict[str, Any], items: Sequence[str], contenders: Sequence[Player], ground: Sequence[str], seen: set[int]
) -> NDArray[np.bool_]:
    """Which rows no earlier run counts; all of them are added to `seen`. A run's own rows never hide each other."""
    here = hash(tuple(ground))
    who = [hash((here, each.name, each.digest)) for each in contenders]
    what = [hash(item) for item in items]
    columns_of = (columns[name].tolist() for name in ("verdict", "shown", "contender", "item"))
    marks = [
        hash((verdict, shown == 1.0, who[contender], what[item]))
        for verdict, shown, contender, item in zip(*columns_of, strict=True)
    ]
    kept = np.array([mark not in seen for mark in marks], dtype=np.bool_)
    seen.update(marks)
    return kept


def _both_orders(columns: dict[str, Any]) -> bool:
    """Whether the judges of imported records saw most of their pairs in both orders."""
    orders: dict[tuple[int, int], set[float]] = {}
    for pair, judge, shown in zip(*(columns[name].tolist() for name in ("pair", "judge", "shown")), strict=True):
        orders.setdefault((pair, judge), set()).add(shown)
    return bool(orders) and sum({0.0, 1.0} <= seen for seen in orders.values()) > len(orders) / 2


def _missing(
    columns: dict[str, Any], per_pair: int, n_items: int, n_contenders: int, n_judges: int, comparisons: _Comparisons
) -> dict[str, Any]:
    """A row without a score for every planned judgment that has no record: not reached, or without a completion."""
    shape = (n_items, n_contenders, n_judges)
    cell = np.ravel_multi_index((columns["item"], columns["contender"], columns["judge"]), shape)
    lacking = np.maximum(per_pair - np.bincount(cell, minlength=int(np.prod(shape))), 0)
    item, contender, judge = np.unravel_index(np.repeat(np.arange(lacking.size), lacking), shape)
    pair_at = len(comparisons.pairs) + np.arange(n_items * n_contenders).reshape(n_items, n_contenders)
    pair_at[comparisons.item, comparisons.contender] = comparisons.pair
    nothing = np.full(item.size, np.nan)
    return {
        "contender": contender,
        "judge": judge,
        "item": item,
        "pair": pair_at[item, contender],
        "verdict": np.zeros(item.size, dtype=np.int64),
        **dict.fromkeys(("score", "preference", "shown", "contender_length", "baseline_length"), nothing),
    }
