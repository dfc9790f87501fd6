"""The control judges: what the numbers look like when a judge knows nothing."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Judge, Label, Presentation, Turn
from brie_bench.errors import BrieError
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager

modest = settings(deadline=None, max_examples=50)
texts = st.text(max_size=20)


@cache
def catalog() -> Catalog:
    """The installed plugins."""
    return Catalog(make_manager())


def judge(name: str, **options: object) -> Judge:
    """A control judge."""
    return catalog().judge({"name": name, "options": options})  # type: ignore[arg-type]


def shown(a: str, b: str, prompt: str = "Why?") -> Presentation:
    """Two texts, shown."""
    return Presentation(messages=(Turn(role="user", content=prompt),), a=a, b=b)


def tosses(coin: Judge, n: int = 1000) -> list[Label]:
    """The verdicts on `n` pairs, each in both orders."""
    return [
        coin.judge(each).label
        for number in range(n)
        for each in (shown(f"a {number}", f"b {number}"), shown(f"b {number}", f"a {number}"))
    ]


def test_a_coin_is_near_a_half() -> None:
    """Of 2000 tosses about half are A, and none is a tie; four standard deviations are 90."""
    found = tosses(judge("coin"))
    assert 1000 == pytest.approx(found.count(Label.A), abs=90)
    assert set(found) == {Label.A, Label.B}


def test_a_coin_favours_no_slot() -> None:
    """A pair in the two orders is two tosses: about half of them name the same slot twice."""
    found = tosses(judge("coin"))
    same = sum(first is second for first, second in zip(found[::2], found[1::2], strict=True))
    assert 500 == pytest.approx(same, abs=65)


def test_another_seed_is_another_coin() -> None:
    """Two coins agree about half of the time; the same coin always agrees with itself."""
    coin = judge("coin", seed=1)
    found = tosses(coin)
    agreed = sum(one is other for one, other in zip(found, tosses(judge("coin")), strict=True))
    assert 1000 == pytest.approx(agreed, abs=90)
    assert found == tosses(judge("coin", seed=1))
    assert coin.configuration() != judge("coin").configuration()


def test_a_coin_looks_at_everything_that_is_shown() -> None:
    """Another prompt or another text is another toss."""
    coin = judge("coin")
    assert {Label.A, Label.B} == {coin.judge(shown("a", "b", f"Why {number}?")).label for number in range(30)}
    assert {Label.A, Label.B} == {coin.judge(shown("a", f"b {number}")).label for number in range(30)}


def test_a_coin_that_was_tossed_stays_tossed() -> None:
    """The tosses of the coin's revision: another toss for the same presentation would be another coin."""
    revision = "1"
    assert revision == judge("coin").revision
    assert "BBBABAABBBAABAAABBABBABB" == "".join(tosses(judge("coin"), 12))


@pytest.mark.parametrize("options", [{"seed": "x"}, {"sed": 1}, {"seed": 1.5}])
def test_a_coins_options_are_checked(options: dict[str, object]) -> None:
    """A seed is a whole number, and there is no other option."""
    with pytest.raises(BrieError, match=r"'coin'.*key 'sed|plugins show coin"):
        judge("coin", **options)


@modest
@given(texts, texts)
def test_first_always_says_a(a: str, b: str) -> None:
    """Whatever is shown first."""
    assert Label.A is judge("first").judge(shown(a, b)).label


@pytest.mark.parametrize(
    ("a", "b", "label"),
    [
        ("long", "no", "A"),
        ("no", "long", "B"),
        ("same", "size", "tie"),
        ("", "", "tie"),
        ("é", "e", "tie"),
        ("", " ", "B"),
        ("a" * 1000, "b" * 1000, "tie"),
    ],
)
def test_longer_counts_characters(a: str, b: str, label: str) -> None:
    """The text with more of them, a tie where they are equal; the counts are its reason."""
    verdict = judge("longer").judge(shown(a, b))
    assert (Label(label), f"A has {len(a)} characters, B {len(b)}") == (verdict.label, verdict.rationale)


@modest
@given(texts, texts)
def test_longer_is_a_mirror(a: str, b: str) -> None:
    """Exchanging the texts exchanges the label."""
    longer = judge("longer")
    swapped = {Label.A: Label.B, Label.B: Label.A, Label.TIE: Label.TIE}
    assert swapped[longer.judge(shown(a, b)).label] is longer.judge(shown(b, a)).label
