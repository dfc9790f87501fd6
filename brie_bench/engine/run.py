"""The line itself: complete, pair, judge. Repeating it continues it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from brie_bench import files
from brie_bench.blind import present
from brie_bench.engine.complete import complete, pair
from brie_bench.engine.judge import Judging, judge
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.engine.plan import Plan, Seat
from brie_bench.engine.settings import Settings
from brie_bench.errors import BrieError, LedgerError, UsageError
from brie_bench.spec.base import canonical_json, digest
from brie_bench.spec.comparison import Comparison, Order
from brie_bench.spec.completion import Completion
from brie_bench.spec.config import OrderPolicy
from brie_bench.spec.judgment import Failure


@dataclass(frozen=True)
class Outcome:
    """Where a run stands when it ends: its row, whether it was interrupted, and who could do nothing at all."""

    run: RunRow
    interrupted: bool = False
    fatal: dict[str, Failure] = field(default_factory=dict)


def run(plan: Plan, ledger: Ledger, settings: Settings, *, folder: Path) -> Outcome:
    """The whole line for one plan; `folder` is the working folder (`runs/`)."""
    with _locked(folder / plan.id):
        record = plan.record()
        with ledger.transaction():
            row = ledger.put_run(
                id=plan.id,
                base=plan.base,
                replicate=plan.replicate,
                parent=plan.parent,
                per_pair=plan.per_pair,
                record=canonical_json(record),
            )
        write_record(folder, plan.id, record)
        fatal = complete(plan, ledger, settings)
        n_comparisons = pair(plan, ledger, row)
        if settings.stop.asked or plan.baseline.name in fatal:
            return Outcome(row, settings.stop.asked, fatal)
        judging = Judging(
            run=row,
            seats=plan.seats,
            both_orders=plan.config.order is OrderPolicy.BOTH,
            repeats=plan.config.judge_repeats,
            replicate=plan.replicate,
            criteria=plan.suite.criteria,
        )
        fatal |= judge(judging, ledger, settings, n_comparisons)
        return Outcome(row, settings.stop.asked, fatal)


def next_replicate(plan: Plan, ledger: Ledger) -> Plan:
    """The same plan as a run of its own, for `--fresh`."""
    return replace(plan, replicate=ledger.last_replicate(plan.base) + 1)


def judge_again(
    parent: RunRow,
    seats: Sequence[Seat],
    ledger: Ledger,
    settings: Settings,
    *,
    folder: Path,
    order: OrderPolicy = OrderPolicy.BOTH,
    repeats: int = 1,
) -> Outcome:
    """Judge the recorded completions of `parent` by other judges: a new run that names its parent."""
    if order is OrderPolicy.RANDOM and any(row.first is None for row in ledger.comparisons(parent.number, limit=1)):
        raise UsageError(f"the records of '{parent.id}' were imported: no order was drawn.", mend="Use --order both.")
    parents = json.loads(parent.record)
    base = digest([parent.id, [[seat.name, seat.configuration] for seat in seats], order, repeats])
    id = f"{parents['suite']['name']}-{digest([base, 0])[:10]}"
    parents.pop("graded", None)  # it says something of the recorded judges' verdicts
    record = {
        **parents,
        "run": id,
        "parent": parent.id,
        "replicate": 0,
        "judges": [seat.record() for seat in seats],
        "order": str(order),
        "judge_repeats": repeats,
    }
    with _locked(folder / id):
        with ledger.transaction():
            row = ledger.put_run(
                id=id,
                base=base,
                replicate=0,
                parent=parent.id,
                per_pair=repeats * (2 if order is OrderPolicy.BOTH else 1),
                record=canonical_json(record),
            )
            ledger.copy_comparisons(parent.number, row.number)
            ledger.drop_textless(row.number)
            if not ledger.n_comparisons(row.number):
                raise UsageError(f"the records of '{parent.id}' hold no texts: there is nothing to judge.")
        write_record(folder, id, record)
        judging = Judging(
            run=row,
            seats=tuple(seats),
            both_orders=order is OrderPolicy.BOTH,
            repeats=repeats,
            replicate=0,
            criteria=tuple(record["criteria"]),
        )
        fatal = judge(judging, ledger, settings, ledger.n_comparisons(row.number))
        return Outcome(row, settings.stop.asked, fatal)


@dataclass(frozen=True)
class Calls:
    """Calls that a run plans, and how many of them need not be made: recorded already, shared, or about texts that failed."""

    planned: int
    recorded: int


def forecast_run(plan: Plan, ledger: Ledger, settings: Settings) -> dict[str, Calls]:
    """What a run would call, and how often; nothing is called and nothing is written.

    Of judgments on texts that are not there yet, it cannot be known which would show the same twice: they count as calls.
    """
    completions: set[str] = set()
    verdicts: set[str] = set()
    to_make = dict.fromkeys((seat.name for seat in plan.seats), 0)
    for number, item in plan.numbered():
        texts: dict[str, Completion | None] = {}
        for side in plan.sides:
            key, _ = side.request(item, plan.replicate)
            found = ledger.completion(key)
            failure = found.kind if isinstance(found, Failure) else None
            if settings.is_done(found is not None, failure):
                texts[side.name] = found if isinstance(found, Completion) else None
            else:
                completions.add(key)
        for side in plan.contenders:
            if {side.name, plan.baseline.name} - texts.keys():
                to_make = {name: calls + plan.per_pair for name, calls in to_make.items()}
                continue
            contender, baseline = texts[side.name], texts[plan.baseline.name]
            if contender and baseline:
                pair = Comparison(item=item, contender=contender, baseline=baseline, criteria=plan.suite.criteria)
                for seat in plan.seats:
                    new = set(_unjudged(plan, seat, pair, plan.first_orders[side.name][number], ledger, settings))
                    to_make[seat.name] += len(new - verdicts)
                    verdicts |= new
    n_completions, n_judgments = plan.n_items * len(plan.sides), plan.n_items * len(plan.contenders) * plan.per_pair
    made = {f"judgments by {name}": Calls(n_judgments, n_judgments - calls) for name, calls in to_make.items()}
    return {"completions": Calls(n_completions, n_completions - len(completions)), **made}


def _unjudged(
    plan: Plan, seat: Seat, pair: Comparison, first: Order, ledger: Ledger, settings: Settings
) -> Iterator[str]:
    """The keys of what a judge would be asked about a pair."""
    for order in plan.orders(first):
        shown = present(pair, order)
        for repeat in range(1, plan.config.judge_repeats + 1):
            key = seat.key(shown, repeat, plan.replicate)
            if not settings.is_done(*ledger.verdict_kind(key)):
                yield key


def write_record(folder: Path, id: str, record: dict[str, Any]) -> None:
    """`runs/<run-id>/run.json`."""
    files.write_text(folder / id / "run.json", json.dumps(record, indent=2, ensure_ascii=False, sort_keys=True) + "\n")


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """One process a run: a second one says so at once. The lock is the system's and dies with its process."""
    import fcntl

    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / ".lock").open("a")
    except OSError as error:
        raise BrieError(
            f"cannot be written: {error.strerror or error}.", where=folder, mend="Name another folder with --runs."
        ) from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise LedgerError(
                "another process is at this run.", where=folder, mend="Wait for it, or stop it."
            ) from None
        yield
