"""What batches cost: half the price, counted in full until they are answered, in this command or a later one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from brie_bench import Completion, Model, Request, Usage
from brie_bench.engine.batches.driver import by_batch
from brie_bench.engine.batches.stream import BatchStream
from brie_bench.engine.calls.call import Stream
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.settings import Batching, Settings
from brie_bench.engine.spending import resume_spending
from brie_bench.errors import Failed
from brie_bench.spec.judgment import Failure
from engine.batches import Fuse, Killed, Office, batch_class, wanted

KEYS = tuple(f"{number:032x}" for number in range(7))
RUN = 1


class Prices:
    """Two dollars a call at most, half a dollar a call that took a token, at the full price."""

    def cost(self, model: Model, usage: Usage, *, factor: float = 1.0) -> float | None:
        return None if usage.output_tokens is None else 0.5 * factor * usage.output_tokens

    def worst(self, model: Model, request: Request) -> float | None:
        return 2.0

    def unknown(self, model: Model) -> str:
        return ""


def sold(key: str, request: Request) -> Completion:
    """An answer of one token."""
    return Completion(text="sold", usage=Usage(input_tokens=0, output_tokens=1))


def buy(
    office: Office, ledger: Ledger, *, run: int = RUN, requests: int = 100, **changes: object
) -> tuple[Stream, Settings]:
    """One command for these calls; its stream, and its settings, with what it has spent."""
    how = Settings(**{"timeout": 0.0, "batch": Batching(0.0, 0.0), "prices": Prices(), **changes})
    resume_spending(run, ledger, how)
    stream, model = Stream("lane", iter(())), batch_class(office, batch_requests=requests)()

    def drawn() -> Iterator[object]:
        for call in wanted(ledger, KEYS, how):
            call.model = model
            yield call

    by_batch([BatchStream(stream, model, drawn, ledger, how)], how, lambda: None)
    how.asker.budget.rest()
    return stream, how


def noted(ledger: Ledger) -> float:
    """What the ledger says that the run may have spent."""
    return ledger.select("SELECT dollars FROM spending WHERE run = ?", RUN)[0][0]


@pytest.fixture
def ledger() -> Iterator[Ledger]:
    """An empty ledger."""
    with Ledger.in_memory() as opened:
        yield opened


def test_an_answer_costs_half_the_price(ledger: Ledger) -> None:
    """It is recorded with it, and the run has spent that."""
    _, how = buy(Office(answer=sold), ledger)
    assert [0.25] * 7 == [ledger.completion(key).usage.cost for key in KEYS]
    assert 7 * 0.25 == pytest.approx(how.asker.budget.spent)
    assert 7 * 0.25 == pytest.approx(noted(ledger))


def test_a_cost_limit_is_never_passed(ledger: Ledger) -> None:
    """As many as it covers at the most that they can cost; when these turn out cheaper, more of them."""
    seen = []
    office = Office(answer=sold, on_submit=lambda number: seen.append(noted(ledger)))
    stream, how = buy(office, ledger, cost_limit=3.3)
    assert [3, 2, 2] == [len(rows) for rows in office.batches.values()]
    assert [3.0, 2.75, 3.25] == pytest.approx(seen)
    assert 7 * 0.25 == pytest.approx(how.asker.budget.spent)
    assert not stream.is_over


def test_where_nothing_more_fits_the_stream_ends_in_order(ledger: Ledger) -> None:
    """It says that there is no more money; a higher limit goes on."""
    office = Office(answer=sold)
    stream, how = buy(office, ledger, cost_limit=1.1)
    assert (True, True, None) == (stream.ended, how.asker.budget.exhausted, stream.fatal)
    assert 1 == sum(isinstance(ledger.completion(key), Completion) for key in KEYS)
    buy(office, ledger, cost_limit=20.0)
    assert [1, 6] == [len(rows) for rows in office.batches.values()]


def test_without_a_price_nothing_is_submitted_under_a_limit(ledger: Ledger) -> None:
    """It says what to do."""
    office = Office(answer=sold)
    stream, _ = buy(office, ledger, cost_limit=9.0, prices=None)
    assert "--prices FILE" in (stream.fatal and stream.fatal.message)
    assert {} == office.batches


def test_a_later_command_knows_what_is_under_way(ledger: Ledger) -> None:
    """All of it counts in full, and is settled when the answers are there."""
    office = Office(answer=sold, looks=1, fuse=Fuse(3))
    with pytest.raises(Killed):
        buy(office, ledger, cost_limit=10.0)
    assert 7.0 == pytest.approx(noted(ledger))
    office.fuse = Fuse()
    _, how = buy(office, ledger, cost_limit=10.0)
    assert 7 * 0.25 == pytest.approx(how.asker.budget.spent)
    assert 7 * 0.25 == pytest.approx(noted(ledger))


def test_what_was_not_submitted_costs_nothing(ledger: Ledger) -> None:
    """Refused by the service, or marked by a command that ended before it was submitted."""
    office = Office(answer=sold, fuse=Fuse(0))
    with pytest.raises(Killed):
        buy(office, ledger)
    assert 7.0 == pytest.approx(noted(ledger))
    office.fuse = Fuse()

    def refuse(number: int) -> None:
        raise Failed("fatal", "401")

    office.on_submit = refuse
    _, how = buy(office, ledger)
    assert (0.0, 0.0) == (pytest.approx(how.asker.budget.spent), pytest.approx(noted(ledger)))
    office.on_submit = lambda number: None
    _, how = buy(office, ledger)
    assert 7 * 0.25 == pytest.approx(how.asker.budget.spent)


def test_calls_that_were_refused_are_counted_once(ledger: Ledger) -> None:
    """However often they are submitted."""
    seen = []

    def busy(number: int) -> None:
        seen.append(noted(ledger))
        if number in (1, 2):
            raise Failed("rate_limited", "too many", usage=Usage(input_tokens=0, output_tokens=0))

    office = Office(answer=sold, on_submit=busy, looks=9)
    _, how = buy(office, ledger, requests=3)
    assert [4.0, 7.0, 4.0 + 3.0, 7.0, 7.0] == pytest.approx(seen)
    assert 7 * 0.25 == pytest.approx(how.asker.budget.spent)


def test_a_mark_of_another_run_that_is_given_up_is_refunded_to_nobody(ledger: Ledger) -> None:
    """It was counted elsewhere."""
    office = Office(answer=sold, fuse=Fuse(0))
    with pytest.raises(Killed):
        buy(office, ledger)
    office.fuse = Fuse()
    _, how = buy(office, ledger, run=2)
    assert 7 * 0.25 == pytest.approx(how.asker.budget.spent)


def test_an_answer_whose_cost_is_not_known_costs_what_was_counted(ledger: Ledger) -> None:
    """A dollar each, half of the two."""
    office = Office(answer=lambda key, request: Failure(kind="error", message="no"))
    _, how = buy(office, ledger)
    assert 7.0 == pytest.approx(how.asker.budget.spent)


def test_what_another_run_has_submitted_is_on_its_bill(ledger: Ledger) -> None:
    """Whoever collects it."""
    office = Office(answer=sold, looks=1, fuse=Fuse(3))
    with pytest.raises(Killed):
        buy(office, ledger)
    office.fuse = Fuse()
    _, how = buy(office, ledger, run=2)
    assert 0.0 == how.asker.budget.spent
    assert 7 == sum(isinstance(ledger.completion(key), Completion) for key in KEYS)
