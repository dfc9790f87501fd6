"""The line itself: complete, pair, judge. Repeating it continues it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from brie_bench import files
from brie_bench.engine.complete import complete, pair
from brie_bench.engine.exam.sitting import demand_fitness
from brie_bench.engine.failures import Failures, completion_failures, judgment_failures
from brie_bench.engine.judge import Judging, judge
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.engine.plan import Plan, Seat
from brie_bench.engine.settings import Settings
from brie_bench.engine.spending import check_prices, resume_spending
from brie_bench.errors import BrieError, LedgerError, UsageError
from brie_bench.spec.base import canonical_json, digest
from brie_bench.spec.config import OrderPolicy
from brie_bench.spec.judgment import Failure


@dataclass(frozen=True)
class Outcome:
    """Where a run stands when it ends: its row and its verdicts, whether it was interrupted, who could do nothing at all, why
    no more money is spent, where there is no more, and why calls failed."""

    run: RunRow
    interrupted: bool = False
    fatal: dict[str, Failure] = field(default_factory=dict)
    exhausted: str = ""
    failures: tuple[Failures, ...] = ()
    n_verdicts: int = 0


def run(plan: Plan, ledger: Ledger, settings: Settings, *, folder: Path) -> Outcome:
    """The whole line for one plan; `folder` is the working folder (`runs/`)."""
    sides, seats = plan.sides, plan.seats
    check_prices([*((side.name, side.model) for side in sides), *((seat.name, seat.judge) for seat in seats)], settings)
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
            record = _noted(row, record, ledger, settings)
        write_record(folder, plan.id, record)
        resume_spending(row.number, ledger, settings)
        n_planned = plan.n_items * len(plan.contenders) * plan.per_pair * len(plan.seats)
        if ledger.n_judged(row.number, with_failures=not settings.retry_failures) < n_planned:
            demand_fitness(plan.seats, ledger, settings)
        fatal = complete(plan, ledger, settings)
        n_comparisons = pair(plan, ledger, row)
        if settings.stop.asked or plan.baseline.name in fatal:
            failures = tuple(completion_failures(plan, ledger))
            return _outcome(row, ledger, settings, fatal, failures)
        judging = Judging(
            run=row,
            seats=plan.seats,
            both_orders=plan.config.order is OrderPolicy.BOTH,
            repeats=plan.config.judge_repeats,
            replicate=plan.replicate,
            criteria=plan.suite.criteria,
        )
        fatal |= judge(judging, ledger, settings, n_comparisons)
        failures = (*completion_failures(plan, ledger), *judgment_failures(row.number, ledger))
        return _outcome(row, ledger, settings, fatal, failures)


def _outcome(
    row: RunRow, ledger: Ledger, settings: Settings, fatal: dict[str, Failure], failures: tuple[Failures, ...]
) -> Outcome:
    n_verdicts = ledger.n_judged(row.number, with_failures=False)
    return Outcome(row, settings.stop.asked, fatal, settings.asker.budget.exhaustion, failures, n_verdicts)


def _noted(row: RunRow, record: dict[str, Any], ledger: Ledger, settings: Settings) -> dict[str, Any]:
    """`record`, with a note where judges were not examined, now or when the run was begun; the ledger gets it too."""
    kept = json.loads(row.record)
    if not (settings.skip_exam or "skip_exam" in kept):
        return record
    ledger.amend_run(row.number, canonical_json({**kept, "skip_exam": True}))
    return {**record, "skip_exam": True}


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
    check_order(parent, ledger, order)
    check_prices([(seat.name, seat.judge) for seat in seats], settings)
    parents = json.loads(parent.record)
    base = digest([parent.id, [[seat.name, seat.configuration] for seat in seats], order, repeats])
    id = f"{parents['suite']['name']}-{digest([base, 0])[:10]}"
    for name in ("graded", "skip_exam"):  # they say something of the recorded judges and their verdicts
        parents.pop(name, None)
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
            record = _noted(row, record, ledger, settings)
            n_planned = ledger.n_comparisons(row.number) * int(row.per_pair or 0) * len(seats)
        write_record(folder, id, record)
        resume_spending(row.number, ledger, settings)
        if ledger.n_judged(row.number, with_failures=not settings.retry_failures) < n_planned:
            demand_fitness(seats, ledger, settings)
        judging = Judging(
            run=row,
            seats=tuple(seats),
            both_orders=order is OrderPolicy.BOTH,
            repeats=repeats,
            replicate=0,
            criteria=tuple(record["criteria"]),
        )
        fatal = judge(judging, ledger, settings, ledger.n_comparisons(row.number))
        failures = tuple(judgment_failures(row.number, ledger))
        return _outcome(row, ledger, settings, fatal, failures)


def check_order(parent: RunRow, ledger: Ledger, order: OrderPolicy) -> None:
    """Raise UsageError where the drawn order of each pair is asked for, and none was drawn."""
    if order is OrderPolicy.RANDOM and any(row.first is None for row in ledger.comparisons(parent.number, limit=1)):
        raise UsageError(f"the records of '{parent.id}' were imported: no order was drawn.", mend="Use --order both.")


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
