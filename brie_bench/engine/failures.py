"""Why calls of a run failed, in short: who, of what kind, how often, and in whose words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from brie_bench.engine.ledger import Ledger
from brie_bench.engine.plan import Plan
from brie_bench.errors import FailureKind
from brie_bench.spec.judgment import Failure


@dataclass(frozen=True)
class Failures:
    """Failures of one kind, of one side's completions or one judge's judgments; `message` is that of the first."""

    who: str
    what: str
    kind: FailureKind
    count: int
    message: str


def completion_failures(plan: Plan, ledger: Ledger) -> Iterator[Failures]:
    """Of every side, by kind."""
    if not ledger.select("SELECT 1 FROM completion WHERE kind IS NOT NULL LIMIT 1"):
        return
    for side in plan.sides:
        found: dict[FailureKind, list[str]] = {}
        for _, item in plan.numbered():
            failure = ledger.completion(side.request(item, plan.replicate)[0])
            if isinstance(failure, Failure):
                found.setdefault(failure.kind, []).append(failure.message)
        for kind, messages in sorted(found.items()):
            yield Failures(side.name, "completion", kind, len(messages), messages[0])


def judgment_failures(run: int, ledger: Ledger) -> Iterator[Failures]:
    """Of every judge, by kind."""
    rows = ledger.select(
        "SELECT j.judge, v.kind, count(*), min(v.number) FROM judging j CROSS JOIN verdict v ON v.number = j.verdict"
        " WHERE j.run = ? AND v.kind IS NOT NULL GROUP BY j.judge, v.kind ORDER BY j.judge, v.kind",
        run,
    )
    for judge, kind, count, first in rows:
        ((record,),) = ledger.select("SELECT record FROM prose WHERE verdict = ?", first)
        yield Failures(judge, "judgment", FailureKind(kind), count, str(json.loads(record).get("message", "")))
