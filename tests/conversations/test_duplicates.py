"""Near-duplicates are found among many texts, early and late."""

from __future__ import annotations

import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.conversations.duplicates import Duplicates, shingles, similarity


def _texts(n: int, words: int = 60) -> list[str]:
    source = random.Random(n)
    return [" ".join(f"w{source.randrange(5000)}" for _ in range(words)) for _ in range(n)]


def test_the_first_of_a_text_is_found_again_when_the_table_has_grown() -> None:
    """Of 2 000 texts, each of 60 words comes again with its last word changed: each points at its own first one."""
    seen, texts = Duplicates(), _texts(2000)
    assert [None] * len(texts) == [seen.add(text) for text in texts]
    again = [seen.add(text.rpartition(" ")[0] + " other") for text in texts]
    found = [each[0] for each in again if each is not None]
    assert [number for number, each in enumerate(again) if each is not None] == found
    assert len(found) > 0.99 * len(texts)


def test_the_earliest_of_equal_texts_is_named() -> None:
    """A third copy points at the first, and is wholly alike."""
    seen = Duplicates()
    assert [None, (0, 1.0), (0, 1.0)] == [seen.add("one two three four five") for _ in range(3)]


def test_the_earliest_is_named_when_the_table_has_grown() -> None:
    """Of two copies the first keeps its places."""
    seen = Duplicates()
    for text in ("one two three four five", "one two three four five", *_texts(1000)):
        seen.add(text)
    assert (0, 1.0) == seen.add("one two three four five")


def test_texts_without_words_are_alike_to_none() -> None:
    """Nothing can be told of them, and they keep their numbers."""
    seen = Duplicates()
    assert [None, None, None, (2, 1.0)] == [seen.add(text) for text in ("…", "…", "a word or two", "a word or two")]


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 60), st.integers(0, 1000))
def test_the_estimate_is_near_the_share_of_common_runs(changed: int, seed: int) -> None:
    """64 hashes tell the share of common runs to within 0.25, whatever it is."""
    text = _texts(seed + 1, 120)[-1].split()
    other = [*text[:-changed], *("new" + word for word in text[len(text) - changed :])] if changed else text
    seen = Duplicates(alike=0.0)
    seen.add(" ".join(text))
    found = seen.add(" ".join(other))
    true = similarity(shingles(" ".join(text)), shingles(" ".join(other)))
    assert found is None or found[1] == pytest.approx(true, abs=0.25)
    assert found is not None or true < 0.8


def test_shingles_do_not_depend_on_case_or_marks() -> None:
    """Words alone count."""
    assert np.array_equal(shingles("One, two: three four five."), shingles("one two three FOUR five"))
