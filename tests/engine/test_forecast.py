"""Forecasts: the calls a run then makes, and what they are likely to take and to cost, and at most."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import judge_class

from brie_bench import (
    BatchModel,
    Comparison,
    Completion,
    Failed,
    Failure,
    FinishReason,
    Presentation,
    Request,
    Usage,
    Verdict,
)
from brie_bench.engine.calls.prices import PriceBook
from brie_bench.engine.estimate import Forecast, Row
from brie_bench.engine.exam.sitting import examine
from brie_bench.engine.forecast import forecast_judging, forecast_run
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.plan import Plan, Seat
from brie_bench.engine.records.importing import import_records
from brie_bench.engine.settings import Batching, Settings
from brie_bench.errors import UsageError
from brie_bench.spec.config import OrderPolicy
from brie_bench.spec.imported import Imported
from brie_bench.spec.prices import Price

from .experiments import Asked, catalog_with, longer, plan_of, prompts_of, rich, run_once, section_of, suite_of
from .priced import Reader, paid_model

BOOK = PriceBook({"dear": Price(input=1, output=10), "cheap": Price(input=0.1, output=1)})


@pytest.fixture
def asked() -> Asked:
    """Remembers what the scripted plugins were asked."""
    return Asked()


def priced_plan(*judges: dict[str, Any], models: tuple[type, ...] = (), **changes: Any) -> Plan:
    """`dear` against the free `plain` on three prompts, read by a judge over `cheap` unless others are given."""
    known = {cls.name: cls for cls in (paid_model("dear"), paid_model("cheap"), *models)}
    catalog = catalog_with(Asked(), classes={"models": tuple(known.values()), "judges": (Reader,)})
    reader = {"name": "cheap", "judge": {"name": "reader", "options": {"model": "cheap"}}}
    return plan_of(catalog=catalog, contenders={"dear": "dear"}, judges=[*(judges or (reader,))], **changes)


def expected(plan: Plan, prices: PriceBook = BOOK, folder: Path | None = None, **settings: Any) -> dict[str, Forecast]:
    """The forecast of a plan, by the records of that folder or none."""
    with Ledger.in_memory() if folder is None else Ledger(folder) as ledger:
        return forecast_run(plan, ledger, Settings(**{"skip_exam": True, **settings}), prices)


# calls


def _new(run_it: Callable[..., Any]) -> None:
    """Nothing was done."""


def _whole(run_it: Callable[..., Any]) -> None:
    """All was done."""
    run_it()


def _other_seed(run_it: Callable[..., Any]) -> None:
    """Another run paid for all of it."""
    run_it(seed=5)


def _part(run_it: Callable[..., Any]) -> None:
    """A run with fewer items, another judge and one contender less paid for a part of it."""
    run_it(limit=3, judges=["first"], contenders={"rich": "rich"})


@pytest.mark.parametrize("retry", [False, True])
@pytest.mark.parametrize("state", [_new, _whole, _other_seed, _part])
def test_a_dry_run_says_what_a_run_then_calls(
    state: Callable[..., None], retry: bool, tmp_path: Path, asked: Asked
) -> None:
    """Never fewer calls than are made; exactly as many where the texts are there or nothing occurs twice."""

    def model(request: Request) -> str:
        if "What is 4" in request.messages[-1].content:
            raise Failed("error", "down")
        return rich(request)

    def judge(shown: Presentation) -> Verdict:
        if "What is 2" in shown.messages[-1].content:
            raise Failed("error", "down")
        return longer(shown)

    catalog = catalog_with(asked, models={"odd": model}, judges={"odd": judge})
    suite = suite_of(section_of(prompts_of(3)), section_of(prompts_of(4, start=1), "more"))
    base = {"contenders": {"rich": "rich", "odd": "odd", "same": "plain"}, "judges": ["odd", "longer"]}

    def plan(**changes: Any) -> Plan:
        return plan_of(suite, catalog, **{**base, **changes})

    state(lambda **changes: run_once(plan(**changes), tmp_path))
    if state is _part:
        run_once(plan(judges=["first"]), tmp_path)  # the texts are there
    asked.forget()
    with Ledger(tmp_path) as ledger:
        found = forecast_run(plan(), ledger, Settings(retry_failures=retry), PriceBook())
        before = ledger.select("SELECT count(*) FROM run")
        assert (0, 0) == (asked.n_requests, asked.n_shown)
        assert before == ledger.select("SELECT count(*) FROM run")
    run_once(plan(), tmp_path, retry_failures=retry)
    assert [7, 7, 7, 7] == [found[f"completions by {name}"].planned for name in ("baseline", "rich", "odd", "same")]
    assert [42, 42] == [found[f"judgments by {name}"].planned for name in ("odd", "longer")]
    to_make = {what: row.to_make for what, row in found.items()}
    assert asked.n_requests == sum(calls for what, calls in to_make.items() if what.startswith("completions"))
    for name in ("odd", "longer"):
        if state is _new or retry:
            assert len(asked.shown[name]) <= to_make[f"judgments by {name}"]
        else:
            assert len(asked.shown[name]) == to_make[f"judgments by {name}"]


def test_judging_again_is_forecast_without_writing(tmp_path: Path, asked: Asked) -> None:
    """As many calls as are then made, whatever another run has paid for."""
    catalog = catalog_with(asked)
    plan = plan_of(catalog=catalog)
    run_once(plan, tmp_path)
    seats = [Seat(name, catalog.judge(name)) for name in ("longer", "first")]
    with Ledger(tmp_path) as ledger:
        before = ledger.select("SELECT count(*) FROM run")
        found = forecast_judging(ledger.run(plan.id), seats, ledger, Settings(), PriceBook(), repeats=2)
        assert before == ledger.select("SELECT count(*) FROM run")
    assert {"judgments by longer": (12, 6), "judgments by first": (12, 12)} == {
        what: (row.planned, row.to_make) for what, row in found.items()
    }


def test_judging_again_in_the_drawn_order_takes_half(tmp_path: Path, asked: Asked) -> None:
    """Each pair once; and an error where no order was drawn, as in the run itself."""
    catalog = catalog_with(asked)
    plan = plan_of(catalog=catalog)
    run_once(plan, tmp_path)
    seats = [Seat("first", catalog.judge("first"))]
    (_, item), *_ = plan.numbered()
    record = Imported(
        source="a.jsonl",
        source_digest="0" * 64,
        line=1,
        contender="rich",
        baseline="plain",
        judge="ann",
        comparison=Comparison(item=item, contender=Completion(text="x"), baseline=Completion(text="y")),
        outcome=Failure(kind="unparsed"),
    )
    with Ledger(tmp_path) as ledger:
        import_records([record], ledger, "recorded", "test")

        def calls(run: str) -> int:
            row = ledger.run(run)
            return forecast_judging(row, seats, ledger, Settings(), PriceBook(), order=OrderPolicy.RANDOM)[
                "judgments by first"
            ].to_make

        assert 3 == calls(plan.id)
        with pytest.raises(UsageError, match="no order was drawn"):
            calls("recorded")


# tokens and costs


def test_completions_by_hand() -> None:
    """Three prompts of 19 bytes, 512 tokens each: 5 tokens in and 256 out, at 1 and 10 dollars a million; at most
    19 + 64 + 16 tokens in and 512 out."""
    row = expected(priced_plan())["completions by dear"]
    assert (3, 0, 3, 15, 768) == (row.planned, row.recorded, row.to_make, row.input_tokens, row.output_tokens)
    assert pytest.approx((3 * (5 + 2560) / 1e6, 3 * (99 + 5120) / 1e6)) == (row.cost, row.worst)


def test_judgments_by_hand() -> None:
    """Both orders of three pairs; two texts of 256 tokens and a bar are 513 tokens in, half of 30 come back. At most
    4 097 bytes, 80 tokens around them, and 30 out; a tenth of a dollar and one a million."""
    row = expected(priced_plan())["judgments by cheap"]
    assert (6, 6, 6 * 513, 90) == (row.planned, row.to_make, row.input_tokens, row.output_tokens)
    assert pytest.approx((6 * (51.3 + 15) / 1e6, 6 * (417.7 + 30) / 1e6)) == (row.cost, row.worst)


def test_recorded_texts_are_counted_as_they_are(tmp_path: Path) -> None:
    """`dear: yes` and `Plainly: What is 0 good for?` are 9 + 28 bytes, with a bar between: 10 tokens."""
    plan = priced_plan({"name": "first", "judge": "first"})
    run_once(plan, tmp_path)
    row = expected(priced_plan(), folder=tmp_path)["judgments by cheap"]
    assert (6, 60) == (row.to_make, row.input_tokens)


def test_an_answer_is_as_long_as_those_recorded(tmp_path: Path) -> None:
    """Completions of ten tokens each, and verdicts too: what the others are expected to take."""
    run_once(priced_plan(limit=1), tmp_path, skip_exam=True)
    found = expected(priced_plan(), folder=tmp_path)
    assert (2, 20) == (found["completions by dear"].to_make, found["completions by dear"].output_tokens)
    assert (4, 40) == (found["judgments by cheap"].to_make, found["judgments by cheap"].output_tokens)


def test_no_answer_is_longer_than_its_limit() -> None:
    """However long the others are."""
    row = Row(paid_model("dear")())
    row.learn(Usage(output_tokens=100), "")
    row.learn(Usage(), "x" * 800)
    assert (150, 20) == (row.length(512), row.length(20))


def test_what_is_recorded_costs_nothing_more(tmp_path: Path) -> None:
    """Nothing to make, nothing to pay, known price or not."""
    run_once(priced_plan(), tmp_path, skip_exam=True)
    assert [(0, 0.0, 0.0, "")] * 3 == [
        (row.to_make, row.cost, row.worst, row.unknown)
        for row in expected(priced_plan(), PriceBook(), folder=tmp_path).values()
    ]


def test_what_has_failed_is_not_judged(tmp_path: Path) -> None:
    """Unless failures are tried again."""

    def broken(_: Request) -> Completion:
        raise Failed("error", "down")

    def plan() -> Plan:
        return priced_plan(models=(paid_model("dear", answer=broken),))

    run_once(plan(), tmp_path, skip_exam=True)
    assert (6, 0) == tuple(
        getattr(expected(plan(), folder=tmp_path)["judgments by cheap"], name) for name in ("planned", "to_make")
    )
    assert 6 == expected(plan(), folder=tmp_path, retry_failures=True)["judgments by cheap"].to_make


def test_an_unknown_price_is_unknown_and_says_why() -> None:
    """Its tokens are estimated all the same."""
    found = expected(priced_plan(), PriceBook({"cheap": Price(input=1, output=1)}))
    row = found["completions by dear"]
    assert (None, None, 768) == (row.cost, row.worst, row.output_tokens)
    assert "'dear'" in row.unknown
    assert "" == found["judgments by cheap"].unknown


def test_the_exam_before_a_paid_judges_first_judgment_is_forecast_too(tmp_path: Path) -> None:
    """As many calls as are then made, unless it is skipped; none once it is recorded, or where there is nothing to judge."""
    plan = priced_plan()
    row = expected(plan, skip_exam=False)["exam of cheap"]
    assert (row.planned, True) == (row.to_make, row.to_make > 10)
    assert 15 * row.to_make == row.output_tokens
    assert "exam of cheap" not in expected(plan)
    with Ledger(tmp_path) as ledger:
        examine(plan.seats, ledger, Settings())
        assert [(row.to_make,)] == ledger.select("SELECT count(*) FROM verdict")
    assert 0 == expected(plan, skip_exam=False, folder=tmp_path)["exam of cheap"].to_make
    run_once(plan, tmp_path, skip_exam=True)
    assert "exam of cheap" not in expected(plan, skip_exam=False, folder=tmp_path)


def test_who_calls_no_server_is_free() -> None:
    """N-grams, and judges that measure; no tokens are told of a judge that asks no model."""
    found = expected(priced_plan({"name": "first", "judge": "first"}))
    free, judge = found["completions by baseline"], found["judgments by first"]
    assert (0.0, 0.0, 15) == (free.cost, free.worst, free.input_tokens)
    assert (0.0, 0.0, None, None) == (judge.cost, judge.worst, judge.input_tokens, judge.output_tokens)


def test_a_judge_that_costs_and_does_not_say_what_is_unknown() -> None:
    """It asks no model that a price could be known of."""
    judge = judge_class("oracle", lambda shown: Verdict(label="A"))
    judge.paid = True
    plan = plan_of(catalog=catalog_with(Asked(), classes={"judges": (judge,)}), judges=["oracle"])
    row = expected(plan)["judgments by oracle"]
    assert (6, None, None) == (row.to_make, row.cost, row.worst)
    assert "does not say" in row.unknown


def test_a_judge_that_cannot_say_what_it_asks_has_its_calls_counted() -> None:
    """Whatever its plugin raises; the run will say what is wrong with it."""

    class Broken(Reader):
        name = "broken"

        def ask(self, shown: Presentation) -> Request:
            raise KeyError("oops")

    catalog = catalog_with(Asked(), classes={"models": (paid_model("cheap"),), "judges": (Broken,)})
    judge = {"name": "b", "judge": {"name": "broken", "options": {"model": "cheap"}}}
    row = expected(plan_of(catalog=catalog, judges=[judge]))["judgments by b"]
    assert (6, None, None) == (row.to_make, row.cost, row.input_tokens)
    assert "cannot say" in row.unknown


def test_a_batch_service_halves_the_price_of_its_own_models_alone() -> None:
    """`cheap` has no batch service."""

    class Batched(paid_model("dear"), BatchModel):  # type: ignore[misc]
        def submit(self, requests: Any, mark: str) -> str:
            return mark

        def find(self, mark: str) -> str | None:
            return None

        def collect(self, batch: str) -> None:
            return None

    plan = priced_plan(models=(Batched,))
    whole, half = expected(plan), expected(plan, batch=Batching())
    for what, factor in (("completions by dear", 0.5), ("judgments by cheap", 1.0)):
        assert [half[what].cost, half[what].worst] == [factor * each for each in (whole[what].cost, whole[what].worst)]


def test_a_run_costs_at_most_what_was_forecast(tmp_path: Path) -> None:
    """When every answer that is paid for is as long as its limit, of four bytes a token, and every byte sent was a token."""

    def longest(request: Request) -> Completion:
        most = request.sampling.max_tokens
        sent = sum(len(turn.content) for turn in request.messages)
        usage = Usage(input_tokens=sent, output_tokens=most)
        return Completion(text="four" * most, finish_reason=FinishReason.LENGTH, usage=usage)

    models = (paid_model("dear", answer=longest), paid_model("cheap", answer=longest))
    found = expected(priced_plan(models=models))
    run_once(priced_plan(models=models), tmp_path, prices=BOOK, skip_exam=True)
    spent = "SELECT sum(dollars) FROM cost JOIN {} USING (key)"
    with Ledger(tmp_path) as ledger:
        (completions,), (verdicts,) = (ledger.select(spent.format(name))[0] for name in ("completion", "verdict"))
    assert (
        0.9 * (found["completions by dear"].worst or 0.0) < completions <= (found["completions by dear"].worst or 0.0)
    )
    assert 0.4 * (found["judgments by cheap"].worst or 0.0) < verdicts <= (found["judgments by cheap"].worst or 0.0)
