"""Completions: every item by every side, asked for once, recorded whatever comes."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brie_bench import Completion, Failed, FinishReason, Model, Request, Usage, Verdict
from brie_bench.engine.complete import complete, forecast, pair
from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.engine.plan import Plan, pair_key
from brie_bench.engine.settings import Settings
from brie_bench.errors import FailureKind
from brie_bench.plugin.catalog import Catalog
from brie_bench.spec.base import canonical_json
from brie_bench.spec.judgment import Failure

from .experiments import Asked, catalog_with, plain, plan_of, prompts_of, rich, section_of, suite_of


@pytest.fixture
def ledger(tmp_path: Path) -> Any:
    """An empty ledger in a folder."""
    with Ledger(tmp_path) as opened:
        yield opened


@pytest.fixture
def asked() -> Asked:
    """Remembers what the scripted models were asked."""
    return Asked()


def with_model(asked: Asked, answer: Callable[[Request], Any]) -> Catalog:
    """A catalog whose `odd` model answers so."""
    return catalog_with(asked, models={"odd": answer})


def do(plan: Plan, ledger: Ledger, **settings: Any) -> dict[str, Failure]:
    """Complete what the plan asks for; no call is tried twice."""
    return complete(plan, ledger, Settings(**{"attempts": 1, **settings}))


def recorded(plan: Plan, ledger: Ledger, side: int = 1) -> list[Completion | Failure | None]:
    """What is recorded of one side, item by item."""
    return [ledger.completion(plan.sides[side].request(item, 0)[0]) for _, item in plan.numbered()]


def paired(plan: Plan, ledger: Ledger) -> tuple[RunRow, list[ComparisonRow]]:
    """The comparisons that can be made of what is recorded."""
    record = canonical_json(plan.record())
    with ledger.transaction():
        run = ledger.put_run(id=plan.id, base=plan.base, replicate=0, parent=None, per_pair=2, record=record)
    pair(plan, ledger, run)
    return run, ledger.comparisons(run.number)


def test_every_side_completes_every_item_once(ledger: Ledger, asked: Asked) -> None:
    """Each prompt, once a side, and every text recorded."""
    plan = plan_of(suite_of(section_of(prompts_of(20))), catalog_with(asked))
    assert {} == do(plan, ledger)
    for name, answer in (("plain", plain), ("rich", rich)):
        assert {prompt.text: 1 for prompt in prompts_of(20)} == Counter(
            request.messages[-1].content for request in asked.requests[name]
        )
        side = [side.contender.model.name for side in plan.sides].index(name)
        expected = [answer(plan.sides[side].request(item, 0)[1]) for _, item in plan.numbered()]
        assert expected == [each.text for each in recorded(plan, ledger, side) if isinstance(each, Completion)]


def test_what_is_recorded_is_not_asked_for_again(ledger: Ledger, asked: Asked) -> None:
    """Not by the same plan, nor by another with a side or an item more."""
    do(plan_of(catalog=catalog_with(asked)), ledger)
    do(plan_of(catalog=catalog_with(asked), seed=9, judges=["first"]), ledger)
    assert 6 == asked.n_requests
    do(plan_of(suite_of(section_of(prompts_of(4))), catalog_with(asked)), ledger)
    assert 8 == asked.n_requests


@pytest.mark.parametrize("connections", [1, 8])
def test_what_occurs_twice_is_asked_for_once(connections: int, ledger: Ledger, asked: Asked) -> None:
    """The same prompt in two sections, or the same model under two names: one completion serves them all."""
    twice = suite_of(section_of(prompts_of(2), "one"), section_of(prompts_of(2), "two"))
    plan = plan_of(twice, catalog_with(asked), contenders={"rich": "rich", "again": "rich", "same": "plain"})
    do(plan, ledger, connections=connections)
    assert (2, 2) == (len(asked.requests["plain"]), len(asked.requests["rich"]))
    _, rows = paired(plan, ledger)
    assert 4 * 3 == len(rows)
    assert 2 * 2 == len({row.pair for row in rows})


# answers that are none


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "the model returned a NoneType, no Completion"),
        ("words", "the model returned a str, no Completion"),
        (Verdict(label="A"), "the model returned a Verdict, no Completion"),
        (Completion.model_construct(), "the model returned no valid Completion: key 'text' is missing"),
        (Completion.model_construct(text=None), "key 'text'"),
        (Completion(text="x").model_copy(update={"text": 5}), "key 'text'"),
        (Completion(text="x").model_copy(update={"text": "\ud800"}), "the model returned no valid Completion"),
        (Completion(text="x").model_copy(update={"model": object()}), "the model returned no valid Completion"),
        (Completion.model_construct(text="x", finish_reason="bored"), "key 'finish_reason'"),
    ],
    ids=range(9),
)
def test_what_is_no_completion_is_a_failure(given: Any, message: str, ledger: Ledger, asked: Asked) -> None:
    """And can be read again; nothing that could not be is ever recorded."""

    class Odd(Model):
        name = "odd"
        supports = frozenset({"max_tokens"})

        def complete(self, request: Request) -> Any:
            return given

    plan = plan_of(catalog=catalog_with(asked, classes={"models": (Odd,)}), contenders={"odd": "odd"})
    assert {} == do(plan, ledger)
    for each in recorded(plan, ledger):
        assert isinstance(each, Failure)
        assert FailureKind.ERROR == each.kind
        assert message in each.message


def test_a_completion_with_plain_words_in_it_is_made_whole(ledger: Ledger, asked: Asked) -> None:
    """`finish_reason="stop"` is as good as the member it names, however it came in."""
    catalog = with_model(asked, lambda _: Completion.model_construct(text="x", finish_reason="stop"))
    plan = plan_of(catalog=catalog, contenders={"odd": "odd"})
    do(plan, ledger)
    assert [Completion(text="x", finish_reason=FinishReason.STOP)] * 3 == recorded(plan, ledger)


@pytest.mark.parametrize("reason", ["length", "refused"])
def test_a_cut_off_or_refusing_text_is_a_completion(reason: str, ledger: Ledger, asked: Asked) -> None:
    """It is compared like any other."""
    catalog = with_model(asked, lambda _: Completion(text="I", finish_reason=reason))
    plan = plan_of(catalog=catalog, contenders={"odd": "odd"})
    do(plan, ledger)
    assert [reason] * 3 == [row.contender_finish for row in paired(plan, ledger)[1]]


def test_an_empty_text_is_a_completion(ledger: Ledger, asked: Asked) -> None:
    """A model that says nothing has said so."""
    plan = plan_of(catalog=with_model(asked, lambda _: ""), contenders={"odd": "odd"})
    do(plan, ledger)
    assert [0] * 3 == [row.contender_length for row in paired(plan, ledger)[1]]


def test_a_megabyte_is_kept_whole(ledger: Ledger, asked: Asked) -> None:
    """A long completion is judged as it is."""
    text = "\x1b[2J and so on " * 100_000
    plan = plan_of(catalog=with_model(asked, lambda _: text), contenders={"odd": "odd"}, limit=1)
    do(plan, ledger)
    assert [Completion(text=text, finish_reason="stop")] == recorded(plan, ledger)


# failures


class Flaky:
    """A model that fails on some prompts until it is mended."""

    def __init__(self, *bad: int, kind: str = "rate_limited") -> None:
        self.bad, self.kind = {f"What is {number} good for?" for number in bad}, kind

    def __call__(self, request: Request) -> str:
        if request.messages[-1].content in self.bad:
            raise Failed(self.kind, "not now", raw="<html>", usage=Usage(input_tokens=4))
        return rich(request)


def test_a_failure_is_recorded_with_what_came_of_it(ledger: Ledger, asked: Asked) -> None:
    """Kind, words, raw text and cost; the other items are completed."""
    plan = plan_of(catalog=with_model(asked, Flaky(1)), contenders={"odd": "odd"})
    do(plan, ledger)
    found = recorded(plan, ledger)
    assert Failure(kind="rate_limited", message="not now", raw="<html>", usage=Usage(input_tokens=4)) == found[1]
    assert [True, False, True] == [isinstance(each, Completion) for each in found]
    assert [0, 2] == [row.item for row in paired(plan, ledger)[1]]


def test_failures_are_tried_again_when_that_is_asked(ledger: Ledger, asked: Asked) -> None:
    """Only they, and only then; what was missing is compared when it comes."""
    flaky = Flaky(1)
    plan = plan_of(catalog=with_model(asked, flaky), contenders={"odd": "odd"})
    do(plan, ledger)
    paired(plan, ledger)
    asked.forget()
    do(plan, ledger)
    assert 0 == asked.n_requests
    flaky.bad.clear()
    do(plan, ledger, retry_failures=True)
    assert ["What is 1 good for?"] == [request.messages[-1].content for request in asked.requests["odd"]]
    assert [0, 1, 2] == [row.item for row in paired(plan, ledger)[1]]


@pytest.mark.parametrize("connections", [1, 8])
def test_a_failure_is_tried_again_once_a_command(connections: int, ledger: Ledger, asked: Asked) -> None:
    """However often its item occurs: a provider that is down is not asked twice for the same."""
    parts = [section_of(prompts_of(2), name) for name in ("one", "two", "three")]
    plan = plan_of(
        suite_of(*parts), with_model(asked, Flaky(0, 1)), contenders={"odd": "odd", "too": "odd"}, order="random"
    )
    for _ in range(2):
        asked.forget()
        do(plan, ledger, retry_failures=True, connections=connections)
        assert 2 == len(asked.requests["odd"])


def test_a_contender_that_can_do_nothing_is_named_and_stops_nobody(ledger: Ledger, asked: Asked) -> None:
    """Nothing is recorded of it, so that it is asked again when it has been mended."""
    flaky = Flaky(0, 1, 2, kind="fatal")
    plan = plan_of(catalog=with_model(asked, flaky), contenders={"odd": "odd", "rich": "rich"})
    fatal = do(plan, ledger, connections=1)
    assert {"odd": "not now"} == {name: failure.message for name, failure in fatal.items()}
    assert [None] * 3 == recorded(plan, ledger)
    assert 1 == len(asked.requests["odd"])
    assert [True] * 3 == [isinstance(each, Completion) for each in recorded(plan, ledger, side=2)]
    flaky.bad.clear()
    assert {} == do(plan, ledger)
    assert [True] * 3 == [isinstance(each, Completion) for each in recorded(plan, ledger)]


def test_a_model_that_hangs_costs_its_own_items(ledger: Ledger, asked: Asked) -> None:
    """A timeout is a failure; the rest is completed."""
    gate = threading.Event()

    def slow(request: Request) -> str:
        return str(gate.wait(20)) if "What is 1" in request.messages[-1].content else "done"

    plan = plan_of(catalog=with_model(asked, slow), contenders={"odd": "odd"})
    do(plan, ledger, timeout=0.3, connections=1)
    gate.set()
    found = recorded(plan, ledger)
    assert ["timeout"] == [each.kind for each in found if isinstance(each, Failure)]
    assert 2 == len([each for each in found if isinstance(each, Completion)])


# what is told


class Told:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self.done = self.failed = 0

    def start(self, stage: str, total: int, recorded: int) -> None:
        self.events.append((stage, total, recorded))

    def advance(self, done: int, failed: int) -> None:
        self.done += done
        self.failed += failed

    def finish(self) -> None:
        self.events.append("finished")


def test_progress_counts_what_is_made_and_what_failed(ledger: Ledger, asked: Asked) -> None:
    """And what need not be made."""
    plan = plan_of(catalog=with_model(asked, Flaky(1)), contenders={"odd": "odd"})
    told = [Told(), Told(), Told()]
    for each, retry in zip(told, (False, False, True), strict=True):
        do(plan, ledger, progress=each, retry_failures=retry)
    assert [("completions", 6, 0), ("completions", 6, 6), ("completions", 6, 5)] == [each.events[0] for each in told]
    assert [(6, 1), (0, 0), (1, 1)] == [(each.done, each.failed) for each in told]
    assert ["finished"] * 3 == [each.events[-1] for each in told]


def test_a_forecast_calls_nothing(ledger: Ledger, asked: Asked) -> None:
    """How many there are, and how many are recorded."""
    plan = plan_of(catalog=catalog_with(asked))
    assert (6, 0) == forecast(plan, ledger, Settings())
    assert 0 == asked.n_requests
    do(plan, ledger)
    assert (6, 6) == forecast(plan, ledger, Settings())


# pairing


def test_a_comparison_names_its_item_texts_and_order(ledger: Ledger, asked: Asked) -> None:
    """All that a leaderboard needs, without reading the texts."""
    catalog = with_model(asked, lambda _: Completion(text="four", finish_reason="length"))
    plan = plan_of(catalog=catalog, baseline="odd", contenders={"rich": "rich", "plain": "plain"}, order="random")
    do(plan, ledger)
    run, rows = paired(plan, ledger)
    items = dict(plan.numbered())
    assert list(range(6)) == [row.number for row in rows]
    assert [(0, "rich"), (0, "plain"), (1, "rich")] == [(row.item, row.contender) for row in rows[:3]]
    assert {(4, "length", "stop")} == {(row.baseline_length, row.baseline_finish, row.contender_finish) for row in rows}
    for row in rows:
        texts = [ledger.completion(key) for key in (row.contender_key, row.baseline_key)]
        one, other = (each for each in texts if isinstance(each, Completion))
        assert (len(one.text), len(other.text)) == (row.contender_length, row.baseline_length)
        assert row.pair == pair_key(items[row.item], one, other)
        assert plan.first_orders[row.contender][row.item] == row.first
    assert [0, 1, 2] == [number for number, *_ in ledger.items(run.number)]


def test_pairing_again_changes_nothing(ledger: Ledger, asked: Asked) -> None:
    """The same rows, once."""
    plan = plan_of(catalog=catalog_with(asked))
    do(plan, ledger)
    assert paired(plan, ledger) == paired(plan, ledger)
