"""What records cost: summed by contender and judge, once each, with what is not known said."""

from __future__ import annotations

from pathlib import Path

import pytest

from brie_bench import Completion, Usage, Verdict
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.report.costs import cost_footer, costs_of
from brie_bench.report.words import dollars
from brie_bench.spec.base import canonical_json
from brie_bench.spec.judgment import Failure
from brie_bench.spec.leaderboard import Cost

RECORD = {
    "baseline": {"name": "plain"},
    "contenders": [{"name": "dear", "paid": True}],
    "judges": [{"name": "ann", "paid": True}, {"name": "bob", "paid": None}, {"name": "coin"}],
}


def cost(amount: float | None) -> Usage:
    """What a call took."""
    return Usage(cost=amount)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    """A ledger with two completions of `dear` and verdicts of three judges."""
    with Ledger(tmp_path) as opened:
        with opened.transaction():
            opened.put_completion("c-1", Completion(text="x", usage=cost(0.5)))
            opened.put_completion("c-2", Failure(kind="error", usage=cost(0.25)))
            opened.put_completion("p-1", Completion(text="y", usage=cost(0.0)))
            opened.put_verdict("v-1", Verdict(label="A", usage=cost(0.125)))
            opened.put_verdict("v-2", Failure(kind="timeout"))
            opened.put_verdict("v-3", Verdict(label="B"))
            opened.put_verdict("v-4", Verdict(label="B"))
        yield opened


def put_run(ledger: Ledger, id: str = "one", record: object = RECORD, **verdicts: str) -> RunRow:
    """A run with those completions, and a verdict for each judge."""
    with ledger.transaction():
        run = ledger.put_run(id=id, base=id, replicate=0, parent=None, per_pair=1, record=canonical_json(record))
        ledger.put_completing(run.number, [("plain", "p-1"), ("dear", "c-1"), ("dear", "c-2"), ("dear", "never")])
        for name, keys in verdicts.items():
            for number, key in enumerate(keys.split()):
                ledger.put_judging(run.number, number, name, "baseline_first", None, 1, key)
    return run


def by_name(costs: tuple[Cost, ...]) -> dict[str, tuple[str, int, int, float | None]]:
    """The rows, by name."""
    return {row.name: (row.role, row.n_calls, row.n_unknown, row.dollars) for row in costs}


def test_costs_are_summed_by_contender_and_judge(ledger: Ledger) -> None:
    """Failures included; who is free has no row; what nobody knows is no 0."""
    run = put_run(ledger, ann="v-1 v-2", bob="v-3", coin="v-4")
    assert {
        "dear": ("contender", 2, 0, 0.75),
        "ann": ("judge", 2, 1, 0.125),
        "bob": ("judge", 1, 1, None),
    } == by_name(costs_of(ledger, [run]))


def test_what_serves_several_is_counted_once(ledger: Ledger) -> None:
    """Over two runs, and with the first of two judges that share a verdict."""
    runs = [put_run(ledger, "one", ann="v-1"), put_run(ledger, "two", ann="v-1", bob="v-1 v-3")]
    found = by_name(costs_of(ledger, runs))
    assert [("contender", 2, 0, 0.75), ("judge", 1, 0, 0.125), ("judge", 1, 1, None)] == [*found.values()]


def test_a_failure_that_was_replaced_was_paid_for_too(ledger: Ledger) -> None:
    """What is spent on a key adds up; with something unknown in it, all of it is unknown."""
    with ledger.transaction():
        ledger.put_completion("c-2", Completion(text="at last", usage=cost(0.5)))
        ledger.put_verdict("v-2", Verdict(label="A", usage=cost(0.5)))
    found = by_name(costs_of(ledger, [put_run(ledger, ann="v-1 v-2")]))
    assert (("contender", 2, 0, 1.25), ("judge", 2, 1, 0.125)) == (found["dear"], found["ann"])


def test_what_is_not_replaced_costs_nothing_more(ledger: Ledger) -> None:
    """A completion or verdict that is there stays, and so does its cost."""
    with ledger.transaction():
        ledger.put_completion("c-1", Completion(text="again", usage=cost(9.0)))
        ledger.put_verdict("v-1", Verdict(label="B", usage=cost(9.0)))
    found = by_name(costs_of(ledger, [put_run(ledger, ann="v-1")]))
    assert (0.75, 0.125) == (found["dear"][3], found["ann"][3])


def test_the_ledger_knows_what_was_spent_through_it(ledger: Ledger) -> None:
    """As far as it is known."""
    assert 0.875 == ledger.spent


def test_free_runs_and_imports_have_no_costs(ledger: Ledger) -> None:
    """Nothing is read for them."""
    free = {**RECORD, "contenders": [{"name": "dear"}], "judges": [{"name": "ann"}]}
    run = put_run(ledger, record=free, ann="v-1")
    ledger.select = None  # type: ignore[method-assign,assignment]
    assert () == costs_of(ledger, [run])


# in words


def test_the_footer_says_what_is_not_known() -> None:
    """A sum with something unknown in it is a lower bound."""
    rows = [
        Cost(role="contender", name="dear", n_calls=2, n_unknown=0, dollars=0.75),
        Cost(role="judge", name="<b>", n_calls=3, n_unknown=1, dollars=0.004),
        Cost(role="judge", name="c", n_calls=1, n_unknown=1, dollars=None),
    ]
    lines = cost_footer(rows).splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[3:6]]
    assert [
        ["contender dear", "2", "0", "$0.75"],
        ["judge \\<b\\>", "3", "1", "at least $0.0040"],
        ["judge c", "1", "1", "unknown"],
    ] == cells
    assert "These records cost at least $0.75 in all; what 2 calls cost is not known." == lines[-1]


def test_where_nothing_is_known_the_sum_is_unknown() -> None:
    """Never 0; and without rows there is no footer."""
    assert "cost unknown in all" in cost_footer([Cost(role="judge", name="c", n_calls=1, n_unknown=1, dollars=None)])
    assert "" == cost_footer([])


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (None, "unknown"),
        (0.0, "$0.00"),
        (1234.5, "$1,234.50"),
        (0.1, "$0.10"),
        (0.0999, "$0.100"),
        (0.0042, "$0.0042"),
        (0.00000042, "$0.00000042"),
    ],
)
def test_dollars_have_digits_that_say_something(amount: float | None, shown: str) -> None:
    """Two decimals, or two digits that count; a small cost is never rounded to nothing."""
    assert shown == dollars(amount)
