"""Prices: the table's, the user's own, and what is not known."""

from __future__ import annotations

import datetime
import random
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Model, Request, Sampling, Turn, Usage
from brie_bench.engine.calls.prices import BATCH, PriceBook, Tariff, name_of
from brie_bench.engine.calls.tokens import input_at_most
from brie_bench.errors import SpecError
from brie_bench.files import read_spec
from brie_bench.plugin.catalog import Catalog
from brie_bench.spec.prices import Price, PriceFile

from .priced import paid_model

quick = settings(max_examples=150, deadline=None)
WHEN = datetime.datetime(2026, 11, 1, tzinfo=datetime.UTC)
TIERED = ("google", "gemini-2.5-pro")
LISTED = (
    ("anthropic", "claude-opus-4-5"),
    ("anthropic", "claude-sonnet-4-5"),
    ("anthropic", "claude-sonnet-4-6"),
    ("openai", "gpt-4.1"),
    ("openai", "gpt-5.4"),
    ("openai", "o3"),
    ("google", "gemini-2.5-flash"),
    TIERED,
)


def model(priced_as: tuple[str, str] | None = None, *, paid: bool | None = True, name: str = "somebody") -> Model:
    """A model that is priced so."""
    return paid_model(name, priced_as=priced_as, paid=paid)()


def own(**price: float) -> PriceBook:
    """A book in which `somebody` costs so much."""
    return PriceBook({"somebody": Price(**price)}, when=WHEN)


def asked(text: str = "What?", most: int | None = 100) -> Request:
    """A request."""
    return Request(messages=(Turn(role="user", content=text),), sampling=Sampling(max_tokens=most))


def usage(sent: int, back: int, cached: int | None = None, **more: Any) -> Usage:
    """Tokens."""
    return Usage(input_tokens=sent, output_tokens=back, cached_tokens=cached, **more)


# cost


def test_tokens_are_charged_by_the_million() -> None:
    """1 000 in at 2 dollars a million and 500 out at 10: 0.002 + 0.005."""
    assert 0.007 == own(input=2, output=10).cost(model(), usage(1_000, 500))


def test_cached_input_has_its_own_price() -> None:
    """600 of 1 000 at 0.5, 400 at 2, nothing out: 0.0003 + 0.0008; without a price of its own it is input as any other."""
    assert 0.0011 == own(input=2, cached=0.5, output=10).cost(model(), usage(1_000, 0, 600))
    assert 0.002 == own(input=2, output=10).cost(model(), usage(1_000, 0, 600))


def test_reasoning_is_output_and_is_not_charged_twice() -> None:
    """It is a part of the output's count."""
    book = own(input=2, output=10)
    assert book.cost(model(), usage(10, 500)) == book.cost(model(), usage(10, 500, reasoning_tokens=400))


def test_a_batch_costs_half() -> None:
    """A factor for whoever asks."""
    book = own(input=2, output=10)
    assert 0.0035 == book.cost(model(), usage(1_000, 500), factor=BATCH)
    assert book.worst(model(), asked()) == 2 * (book.worst(model(), asked(), factor=BATCH) or 0.0)


def test_a_plugin_that_knows_the_cost_is_believed() -> None:
    """Some servers say what a call cost."""
    assert 0.25 == own(input=2, output=10).cost(model(), usage(1_000, 500, cost=0.25))


def test_no_token_costs_nothing_whatever_the_price() -> None:
    """A refused connection was not billed; a call whose tokens nobody counted may have been."""
    unpriced = model()
    assert 0.0 == PriceBook().cost(unpriced, usage(0, 0))
    assert None is PriceBook().cost(unpriced, Usage())
    assert None is own(input=2, output=10).cost(unpriced, Usage(input_tokens=5))


@pytest.mark.parametrize("tokens", [(-1, 5), (5, -1), (10**13, 5), (5, 5, -1)])
def test_a_count_that_cannot_be_is_not_known(tokens: tuple[int, ...]) -> None:
    """A server may send anything; it makes no negative cost."""
    assert None is own(input=2, output=10).cost(model(), usage(*tokens))


def test_more_cached_than_sent_is_all_that_was_sent() -> None:
    """Another count that cannot be, harmless."""
    assert 0.0005 == own(input=2, cached=0.5, output=10).cost(model(), usage(1_000, 0, 2_000))


# what is known


def test_a_model_that_calls_no_server_is_free() -> None:
    """N-grams and local weights cost nothing, with or without counted tokens."""
    local = model(paid=False)
    book = PriceBook()
    assert (0.0, 0.0, 0.0, "") == (
        book.cost(local, Usage()),
        book.cost(local, usage(9, 9)),
        book.worst(local, asked(most=None)),
        book.unknown(local),
    )


@pytest.mark.parametrize("who", [model(paid=None), model(paid=True), model(("openai", "gpt-99"))])
def test_an_unknown_price_is_unknown(who: Model) -> None:
    """Somebody's server, a paid plugin that no table knows, a model that is too new: never 0."""
    book = PriceBook(when=WHEN)
    assert (None, None) == (book.cost(who, usage(9, 9)), book.worst(who, asked()))
    assert "--prices: 'somebody'" in book.unknown(who)


def test_the_reason_names_what_is_missing() -> None:
    """What to install, or whose price to name."""
    pytest.importorskip("genai_prices", reason="the price table is not installed")
    assert "no openai model 'gpt-99'" in PriceBook().unknown(model(("openai", "gpt-99")))
    assert "this server" in PriceBook().unknown(model(paid=None))
    assert "" == PriceBook().unknown(model(("openai", "gpt-4.1")))


def test_without_the_table_the_message_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices are unknown then; the user's own are not."""
    monkeypatch.setitem(sys.modules, "genai_prices", None)
    monkeypatch.setitem(sys.modules, "genai_prices.data_snapshot", None)
    listed = model(("openai", "gpt-4.1"))
    assert None is PriceBook().cost(listed, usage(9, 9))
    assert "pip install 'brie-bench[providers]'" in PriceBook().unknown(listed)
    assert 0.007 == own(input=2, output=10).cost(listed, usage(1_000, 500))


def test_a_model_without_a_price_for_text_is_unknown() -> None:
    """Embeddings have no output, moderation has no price, and some charge by the request too."""
    pytest.importorskip("genai_prices", reason="the price table is not installed")
    for priced_as in (("openai", "text-embedding-3-small"), ("openai", "moderation"), ("perplexity", "sonar")):
        assert None is PriceBook(when=WHEN).tariff(model(priced_as)), priced_as


def test_the_users_price_comes_before_the_tables() -> None:
    """And makes somebody's server priced, or free."""
    listed = model(("openai", "gpt-4.1"))
    assert 0.007 == own(input=2, output=10).cost(listed, usage(1_000, 500))
    assert 0.0 == own(input=0, output=0).cost(model(paid=None), Usage())


def test_a_model_is_named_as_in_a_configuration(catalog: Catalog) -> None:
    """With what follows the slash, where something does."""
    assert ["ngram/plain", "somebody"] == [name_of(catalog.model("ngram/plain")), name_of(model())]


@pytest.fixture
def catalog() -> Catalog:
    """The installed plugins."""
    return Catalog()


# the table


def test_a_listed_price_by_hand() -> None:
    """2 000 in, 1 500 of them cached, 300 out, at 2, 0.5 and 8 dollars a million: 0.001 + 0.00075 + 0.0024."""
    pytest.importorskip("genai_prices", reason="the price table is not installed")
    assert 0.00415 == PriceBook(when=WHEN).cost(model(("openai", "gpt-4.1")), usage(2_000, 300, 1_500))


def test_a_price_holds_from_its_day() -> None:
    """o3 became cheaper on 10 June 2025: 10 and 40 dollars before, 2 and 8 since."""
    pytest.importorskip("genai_prices", reason="the price table is not installed")
    days = [datetime.datetime(2025, 6, day, tzinfo=datetime.UTC) for day in (9, 10)]
    assert [0.05, 0.01] == [PriceBook(when=day).cost(model(("openai", "o3")), usage(1_000, 1_000)) for day in days]


def test_a_long_request_is_dearer_to_its_last_token() -> None:
    """Above 200 000 tokens gemini-2.5-pro costs 2.5 and 15 instead of 1.25 and 10: for all of them."""
    pytest.importorskip("genai_prices", reason="the price table is not installed")
    book, who = PriceBook(when=WHEN), model(TIERED)
    assert 0.25 + 0.01 == book.cost(who, usage(200_000, 1_000))
    assert pytest.approx(0.5000025 + 0.015, abs=1e-12) == book.cost(who, usage(200_001, 1_000))


@pytest.mark.parametrize("priced_as", LISTED)
def test_costs_are_what_the_tables_own_library_computes(priced_as: tuple[str, str]) -> None:
    """For many usages, below and above each step."""
    genai_prices = pytest.importorskip("genai_prices", reason="the price table is not installed")
    draw = random.Random(3)
    book, who = PriceBook(when=WHEN), model(priced_as)
    for _ in range(60):
        sent = draw.choice(
            [draw.randrange(1, 5_000), draw.randrange(199_990, 200_010), draw.randrange(300_000, 400_000)]
        )
        cached, back = draw.randrange(0, sent), draw.randrange(0, 9_000)
        counted = genai_prices.Usage(input_tokens=sent, cache_read_tokens=cached, output_tokens=back)
        found = genai_prices.calc_price(counted, priced_as[1], provider_id=priced_as[0], genai_request_timestamp=WHEN)
        assert pytest.approx(float(found.total_price), rel=1e-12) == book.cost(who, usage(sent, back, cached))


# the worst case


def test_the_worst_case_by_hand() -> None:
    """64 + 16 + 5 tokens in at 2 dollars a million, 100 out at 10."""
    assert (85 * 2 + 100 * 10) / 1e6 == own(input=2, output=10).worst(model(), asked("What?"))


def test_without_a_limit_there_is_no_worst_case() -> None:
    """An answer of any length has any cost."""
    assert None is own(input=2, output=10).worst(model(), asked(most=None))


def test_the_worst_case_counts_what_a_provider_may_write_to_its_cache() -> None:
    """claude-opus-4-5: 5 dollars for input, 6.25 where it is written to a cache."""
    pytest.importorskip("genai_prices", reason="the price table is not installed")
    tariff = PriceBook(when=WHEN).tariff(model(("anthropic", "claude-opus-4-5")))
    assert isinstance(tariff, Tariff)
    assert (6.25 * 1_000 + 25 * 10) / 1e6 == tariff.worst(1_000, 10)


prices = st.builds(
    Price,
    input=st.floats(0, 1e3),
    output=st.floats(0, 1e3),
    cached=st.none() | st.floats(0, 1e3),
)


@quick
@given(
    st.sampled_from(LISTED) | prices,
    st.text(alphabet="aé€😀", max_size=2_000),
    st.integers(1, 5_000),
    st.sampled_from([1.0, BATCH]),
    st.data(),
)
def test_no_usage_within_the_bounds_costs_more_than_the_worst_case(
    price: Any, text: str, most: int, factor: float, data: st.DataObject
) -> None:
    """Whatever the price, the tokens sent, cached and answered: to the last bit."""
    pytest.importorskip("genai_prices", reason="the price table is not installed")
    book = PriceBook({"somebody": price} if isinstance(price, Price) else None, when=WHEN)
    who = model(None if isinstance(price, Price) else price)
    request = asked(f"x{text}", most)
    worst = book.worst(who, request, factor=factor)
    sent = data.draw(st.integers(0, input_at_most(request)))
    counted = usage(sent, data.draw(st.integers(0, most)), data.draw(st.integers(0, sent)))
    cost = book.cost(who, counted, factor=factor)
    assert worst is not None
    assert cost is not None
    assert 0.0 <= cost <= worst


@quick
@given(st.integers(0, 600_000), st.integers(0, 600_000), st.integers(0, 9_000))
def test_a_step_in_the_price_keeps_the_worst_case(one: int, other: int, back: int) -> None:
    """A request at the bound may be on a dearer step than one below it."""
    pytest.importorskip("genai_prices", reason="the price table is not installed")
    tariff = PriceBook(when=WHEN).tariff(model(TIERED))
    assert isinstance(tariff, Tariff)
    assert tariff.cost(min(one, other), back) <= tariff.worst(max(one, other), back)


# the file


def test_a_price_file_is_read(tmp_path: Path) -> None:
    """Prices by model, cached input where it has its own."""
    path = tmp_path / "prices.yaml"
    path.write_text("prices:\n  openai/llama: {input: 0.1, output: 0.4}\n  hf/x: {input: 1, cached: 0.5, output: 2}\n")
    found = read_spec(path, PriceFile).prices
    assert {"openai/llama": (0.1, None, 0.4), "hf/x": (1.0, 0.5, 2.0)} == {
        name: (price.input, price.cached, price.output) for name, price in found.items()
    }


@pytest.mark.parametrize(
    "text",
    [
        "prices: {x: {input: -1, output: 1}}",
        "prices: {x: {input: .nan, output: 1}}",
        "prices: {x: {input: .inf, output: 1}}",
        "prices: {x: {input: '1', output: 1}}",
        "prices: {x: {input: 1}}",
        "prices: {x: {input: 1, output: 1, cashed: 1}}",
        "prices: {}",
        "x: {input: 1, output: 1}",
        "- 1",
    ],
)
def test_a_bad_price_file_is_refused(text: str, tmp_path: Path) -> None:
    """With its path; no price is made up."""
    path = tmp_path / "prices.yaml"
    path.write_text(f"{text}\n")
    with pytest.raises(SpecError, match=r"prices\.yaml"):
        read_spec(path, PriceFile)
