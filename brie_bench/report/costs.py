"""What the records of a leaderboard cost, by contender and judge: for its files, and for no table that is printed."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.report.words import count, dollars, escape, table
from brie_bench.spec.leaderboard import Cost

_COMPLETIONS = """
SELECT min(p.side) AS name, c.dollars AS dollars FROM completing p JOIN completion f ON f.key = p.key
LEFT JOIN cost c ON c.key = p.key WHERE p.run IN ({runs}) AND p.side IN ({names}) GROUP BY p.key
"""
_VERDICTS = """
SELECT min(j.judge) AS name, c.dollars AS dollars FROM judging j CROSS JOIN verdict v ON v.number = j.verdict
LEFT JOIN cost c ON c.key = v.key WHERE j.run IN ({runs}) AND j.judge IN ({names}) GROUP BY v.number
"""


def costs_of(ledger: Ledger, runs: Sequence[RunRow]) -> tuple[Cost, ...]:
    """The costs of whoever may have cost something, in the order of the runs: the baselines, the contenders, the judges.

    Nothing is read of runs whose calls are free, or were made by others (imports).
    """
    records = [json.loads(run.record) for run in runs]
    roles: dict[str, list[Any]] = {
        "baseline": [record["baseline"] for record in records],
        "contender": [each for record in records for each in record["contenders"]],
        "judge": [each for record in records for each in record["judges"]],
    }
    found = []
    for query, parts in ((_COMPLETIONS, ("baseline", "contender")), (_VERDICTS, ("judge",))):
        names = {each["name"]: role for role in parts for each in roles[role] if "paid" in each}
        if names:
            rows = _sums(ledger, query, [run.number for run in runs], list(names))
            found += [Cost(role=role, name=name, **rows[name]) for name, role in names.items() if name in rows]
    return tuple(found)


def _sums(ledger: Ledger, query: str, runs: list[int], names: list[str]) -> dict[str, dict[str, Any]]:
    inner = query.format(runs=", ".join("?" * len(runs)), names=", ".join("?" * len(names)))
    outer = f"SELECT name, count(*), count(*) - count(dollars), sum(dollars) FROM ({inner}) GROUP BY name"  # noqa: S608
    return {
        name: {"n_calls": n_calls, "n_unknown": n_unknown, "dollars": paid}
        for name, n_calls, n_unknown, paid in ledger.select(outer, *runs, *names)
    }


def cost_footer(costs: Sequence[Cost]) -> str:
    """The costs as a table, and their sum; empty where nothing may have cost anything."""
    if not costs:
        return ""
    rows = table(
        [
            ("cost of", lambda row: f"{row.role} {escape(row.name)}"),
            ("calls", lambda row: str(row.n_calls)),
            ("of unknown cost", lambda row: str(row.n_unknown)),
            ("US dollars", lambda row: dollars(row.dollars, at_least=row.n_unknown > 0)),
        ],
        costs,
    )
    return f"\n{rows}\n\n{in_all(costs)}\n"


def in_all(costs: Sequence[Cost]) -> str:
    """`These records cost $1.20 in all.`, a lower bound where some of it is not known."""
    known = [row.dollars for row in costs if row.dollars is not None]
    unknown = sum(row.n_unknown for row in costs)
    paid = dollars(sum(known) if known else None, at_least=unknown > 0)
    of = f"; what {count(unknown, 'call')} cost is not known" if unknown else ""
    return f"These records cost {paid} in all{of}."
