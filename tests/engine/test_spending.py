"""A run's money: refused where no price is known, and one limit for all commands that continue a run."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from conftest import judge_class
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Completion, Failed, Request, Usage, Verdict
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.plan import Plan, Seat
from brie_bench.engine.run import judge_again
from brie_bench.engine.settings import Settings
from brie_bench.engine.spending import check_prices
from brie_bench.errors import UsageError

from .experiments import Asked, Priced, catalog_with, links, plan_of, prompts_of, run_once, section_of, suite_of


class Server:
    """Two models whose answers cost a dime each, and a bill."""

    def __init__(self, n: int = 6) -> None:
        self.lock, self.asked = threading.Lock(), Counter[str]()
        catalog = catalog_with(Asked(), models={"plain": self.answer, "rich": self.answer})
        self.plan: Plan = plan_of(suite_of(section_of(prompts_of(n))), catalog)

    @property
    def billed(self) -> float:
        """Dollars."""
        return self.asked.total() / 10

    def answer(self, request: Request) -> Completion:
        """Bill a dime."""
        with self.lock:
            self.asked[request.messages[-1].content] += 1
        return Completion(text=request.messages[-1].content, usage=Usage(input_tokens=5, output_tokens=5))


def test_a_limit_without_a_price_is_refused_before_anything_is_called(tmp_path: Path) -> None:
    """The model is named, and the way out; the ledger holds no run."""
    asked = Asked()
    plan = plan_of(catalog=catalog_with(asked, models={"unknown": lambda _: "x"}), contenders={"odd": "unknown"})
    with pytest.raises(UsageError, match="the price of 'odd' is not known: nobody knows"):
        run_once(plan, tmp_path, cost_limit=5.0, prices=Priced())
    assert 0 == asked.n_requests
    with Ledger(tmp_path) as ledger:
        assert [] == ledger.runs()
    run_once(plan, tmp_path, prices=Priced())
    assert 6 == asked.n_requests


def test_a_judge_that_does_not_say_what_it_costs_is_refused(tmp_path: Path) -> None:
    """Where it says that it costs; judging again is no other matter."""
    dear = judge_class("dear", lambda _: Verdict(label="A"))
    dear.paid = True  # type: ignore[misc]
    run_once(plan_of(), tmp_path)
    limited = Settings(cost_limit=5.0, prices=Priced())
    with pytest.raises(UsageError, match="'dear' is not known: it does not say what its calls cost"):
        check_prices([("dear", dear())], limited)
    with Ledger(tmp_path) as ledger, pytest.raises(UsageError, match="'dear'"):
        judge_again(ledger.runs()[0], [Seat("dear", dear())], ledger, limited, folder=tmp_path)
    check_prices([("dear", dear())], Settings())


def test_a_limit_without_a_price_book_is_refused() -> None:
    """Nobody knows any price then."""
    with pytest.raises(UsageError, match="no prices are known"):
        check_prices([("plain", plan_of().baseline.model)], Settings(cost_limit=1.0))


def test_a_run_ends_in_order_when_its_money_is_spent_and_goes_on_with_more(tmp_path: Path) -> None:
    """What was paid for is recorded; the same limit buys nothing more; a higher one finishes, and nothing is paid twice."""
    server = Server()
    outcome = run_once(server.plan, tmp_path, cost_limit=0.75, prices=Priced(0.2), connections=2)
    assert "the cost limit of $0.75 leaves no room for another call: $0.6000 is spent." == outcome.exhausted
    assert (6, {}) == (server.asked.total(), outcome.fatal)
    assert run_once(server.plan, tmp_path, cost_limit=0.75, prices=Priced(0.2)).exhausted
    assert 6 == server.asked.total()
    assert "" == run_once(server.plan, tmp_path, cost_limit=1.3, prices=Priced(0.2)).exhausted
    assert [2] * 6 == list(server.asked.values())
    assert 12 == len(links(tmp_path))


def test_what_was_spent_without_a_limit_counts(tmp_path: Path) -> None:
    """A limit is the run's, not the command's."""
    server = Server(6)
    run_once(server.plan, tmp_path, prices=Priced())
    with Ledger(tmp_path) as ledger:
        assert [(1, pytest.approx(1.2))] == ledger.select("SELECT run, dollars FROM spending")


class Killed(BaseException):
    """The process is gone."""


class Dying:
    """A progress that ends the process after so many answers."""

    def __init__(self, after: int) -> None:
        self.left = after

    def start(self, *_: Any) -> None:
        pass

    def wait(self, *_: Any) -> None:
        pass

    def advance(self, done: int, failed: int) -> None:
        self.left -= done
        if self.left < 0:
            raise Killed

    def finish(self) -> None:
        pass


@settings(max_examples=15, deadline=None)
@given(st.floats(0.0, 3.0), st.lists(st.integers(0, 12), max_size=4), st.integers(1, 6))
def test_a_limit_holds_however_often_the_run_is_killed(
    tmp_path_factory: pytest.TempPathFactory, limit: float, kills: list[int], connections: int
) -> None:
    """What was in flight may have been billed, and counts."""
    server, folder = Server(8), tmp_path_factory.mktemp("killed")
    for after in kills:
        dying = {"connections": connections, "progress": Dying(after)}
        with contextlib.suppress(Killed):
            run_once(server.plan, folder, cost_limit=limit, prices=Priced(0.2), **dying)
        assert server.billed <= limit + 1e-9
    outcome = run_once(server.plan, folder, cost_limit=limit, prices=Priced(0.2), connections=connections)
    assert server.billed <= limit + 1e-9
    if not outcome.exhausted:
        assert 16 == len(links(folder))


def test_a_failure_that_was_paid_for_is_paid_for(tmp_path: Path) -> None:
    """A refusal costs what it took, and counts like an answer."""

    def refusing(_: Request) -> Completion:
        raise Failed("refused", "no", usage=Usage(input_tokens=30, output_tokens=0))

    plan = plan_of(catalog=catalog_with(Asked(), models={"rich": refusing, "plain": refusing}), limit=2)
    run_once(plan, tmp_path, cost_limit=10.0, prices=Priced())
    with Ledger(tmp_path) as ledger:
        assert [(1, pytest.approx(1.2))] == ledger.select("SELECT run, dollars FROM spending")
