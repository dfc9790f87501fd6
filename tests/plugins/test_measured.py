"""The measuring judges: each measures what it says, and nothing else."""

from __future__ import annotations

import math
from functools import cache

import pytest
from brie_bench_measured import Measured, _words
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Label, Presentation, Turn
from brie_bench.errors import BrieError
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager

NAMES = ("variety", "cadence", "echo")
SWAPPED = {Label.A: Label.B, Label.B: Label.A, Label.TIE: Label.TIE}

modest = settings(deadline=None, max_examples=50)
prose = st.lists(
    st.sampled_from(["time", "Time,", "flows", "river.", "Why?", "the", "and", "…", "être", "it's", "7", "\n", "!"]),
    max_size=60,
).map(" ".join)


@cache
def catalog() -> Catalog:
    """The installed plugins."""
    return Catalog(make_manager())


def judge(name: str, **options: object) -> Measured:
    """A measuring judge."""
    found = catalog().judge({"name": name, "options": options})  # type: ignore[arg-type]
    assert isinstance(found, Measured)
    return found


def shown(a: str = "", b: str = "", prompt: str = "Why does time pass?") -> Presentation:
    """Two texts, shown."""
    return Presentation(messages=(Turn(role="user", content=prompt),), a=a, b=b)


def measured(name: str, text: str, prompt: str = "Why does time pass?") -> float:
    """The property of one text."""
    return judge(name).measure(text, shown(prompt=prompt))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("1 2 3 _ … -", []),
        ("Time flows.", ["time", "flows"]),
        ("don't stop, o'clock", ["don't", "stop", "o'clock"]),
        ("won’t ’tis boys'", ["won’t", "tis", "boys"]),
        ("x2 a_b ÉTÉ well-known", ["x", "a", "b", "été", "well", "known"]),
        ("it's2 it's_so", ["it's", "it's", "so"]),
    ],
)
def test_a_word_is_letters_and_apostrophes_within(text: str, found: list[str]) -> None:
    """Digits, hyphens and underscores part words; case does not count."""
    assert found == _words(text)


def test_there_is_no_judge_that_measures_nothing() -> None:
    """What all measuring judges share is no judge by itself."""
    with pytest.raises(TypeError, match="abstract"):
        Measured()  # type: ignore[abstract]


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("", 0.0),
        ("1 2 3 …", 0.0),
        ("time", 1.0),
        ("time and time", 2 / 3),
        ("Time and TIME and tide", 3 / 5),
        ("it's it’s its", 1.0),
        ("a b " * 25, 2 / 50),
        # 51 words: x and 49 others, then x again: the first window has 50 distinct words, so has the second
        (" ".join(["x", *("w" * n for n in range(1, 50)), "x"]), 1.0),
        # 51 words, the last two the same: 50 distinct, then 49 of 50
        (" ".join([*("w" * n for n in range(1, 51)), "w" * 50]), (50 + 49) / 100),
        # 52 words: 50 times x, then y and z: windows with 1, 2 and 3 distinct words
        ("x " * 50 + "y z", (1 + 2 + 3) / 150),
    ],
)
def test_variety_is_the_share_of_distinct_words_in_fifty(text: str, share: float) -> None:
    """The mean over all windows of 50 running words, by hand; a shorter text is one window."""
    assert share == pytest.approx(measured("variety", text))


words = st.integers(0, 60).map(lambda n: "abcdefgh"[n // 8] + "abcdefgh"[n % 8])


@modest
@given(st.lists(words, min_size=1, max_size=30) | st.lists(words, min_size=51, max_size=110))
def test_variety_slides_as_a_plain_count_does(words: list[str]) -> None:
    """The sliding count is that of every window, counted anew."""
    width = min(50, len(words))
    windows = [words[start : start + width] for start in range(len(words) - width + 1)]
    expected = sum(len(set(window)) for window in windows) / (len(windows) * width)
    assert expected == pytest.approx(measured("variety", " ".join(words)))


@pytest.mark.parametrize(
    ("text", "variation"),
    [
        ("", 0.0),
        ("One sentence only.", 0.0),
        ("No end", 0.0),
        ("One two. One two.", 0.0),
        ("One. One two three.", math.sqrt(2) / 2),  # lengths 1 and 3: mean 2, standard deviation √2
        ("One! One two? One two three…", 0.5),  # lengths 1, 2, 3: mean 2, standard deviation 1
        ("One. … One two three", math.sqrt(2) / 2),  # what has no word is no sentence
        ("One… One two three", math.sqrt(2) / 2),
        ("One?!\nOne two three!!!", math.sqrt(2) / 2),
        ("At 3.14 no sentence ends. It goes on.", 1 / math.sqrt(2) / 3.5),  # 4 words and 3
    ],
)
def test_cadence_is_the_variation_of_sentence_length(text: str, variation: float) -> None:
    """The standard deviation over the mean, in words, by hand; nothing varies in fewer than two sentences."""
    assert variation == pytest.approx(measured("cadence", text))


@pytest.mark.parametrize(
    ("prompt", "text", "share"),
    [
        ("What is time?", "Time flows.", 1.0),
        ("What is time, what is memory?", "Time flows.", 0.5),
        ("What is time?", "", 0.0),
        ("What is it?", "It is.", 0.0),  # no content word at all
        ("Describe philosophy.", "A philosopher sits.", 1.0),  # one stem
        ("Describe TIME", "time and time again", 1.0),
        ("Why does time pass?", "time", 0.5),
    ],
)
def test_echo_is_the_share_of_the_prompts_content_words(prompt: str, text: str, share: float) -> None:
    """By stems of five letters, by hand."""
    assert share == pytest.approx(measured("echo", text, prompt))


def test_echo_reads_every_turn_of_a_prompt() -> None:
    """The words of the earlier turns are the prompt's too."""
    turns = (
        Turn(role="user", content="Speak of rivers."),
        Turn(role="assistant", content="Gladly."),
        Turn(role="user", content="And bridges?"),
    )
    assert 0.5 == judge("echo").measure("rivers, gladly", Presentation(messages=turns, a="", b=""))


@pytest.mark.parametrize("name", NAMES)
def test_a_judge_says_what_it_measured(name: str) -> None:
    """The property and both values are the reason."""
    found = judge(name)
    both = shown("Time flows. It really flows.", "Why?")
    a, b = (found.measure(text, both) for text in (both.a, both.b))
    assert found.what
    assert f"{found.what}: A {a:.3f}, B {b:.3f}" == found.judge(both).rationale


@pytest.mark.parametrize(
    ("a", "b", "margin", "label"),
    [
        ("x y z", "x x x", 0.02, "A"),
        ("x x x", "x y z", 0.02, "B"),
        ("x y z", "z y x", 0.02, "tie"),
        ("", "", 0.02, "tie"),
        ("x y x", "x y z", 0.3, "B"),  # 2/3 against 1: a third less
        ("x y x", "x y z", 0.34, "tie"),
        ("x x", "x y", 0.5, "tie"),  # exactly the margin
        ("x y x y", "x x x", 0.2, "A"),  # 1/2 against 1/3: a third less
        ("x y x y", "x x x", 0.34, "tie"),
        ("x x", "x y", 0.0, "B"),
        ("x y", "y x", 0.0, "tie"),
    ],
)
def test_a_difference_within_the_margin_is_a_tie(a: str, b: str, margin: float, label: str) -> None:
    """Relative to the larger measure."""
    assert Label(label) is judge("variety", margin=margin).judge(shown(a, b)).label


@pytest.mark.parametrize("margin", [-0.1, 1.0, "wide"])
def test_a_margin_is_a_share(margin: object) -> None:
    """From 0 to less than 1."""
    with pytest.raises(BrieError, match="key 'margin'"):
        judge("variety", margin=margin)


@pytest.mark.parametrize("name", NAMES)
@modest
@given(prose, prose)
def test_a_measuring_judge_is_a_mirror(name: str, a: str, b: str) -> None:
    """Exchanging the texts exchanges the label: it does not see the order."""
    found = judge(name)
    assert SWAPPED[found.judge(shown(a, b)).label] is found.judge(shown(b, a)).label


@pytest.mark.parametrize("name", NAMES)
@modest
@given(st.text(max_size=80))
def test_any_text_has_a_measure(name: str, text: str) -> None:
    """A finite number, 0 or more, whatever the text."""
    assert 0.0 <= measured(name, text) < math.inf


def test_the_three_value_different_things() -> None:
    """There is a pair on which no two of them agree: disagreement is what a panel is for."""
    varied = "Time passes because rivers, stars and clocks change. Bright morning light follows cold winter darkness."
    uneven = "Time. Time is time and time is time and time is time and time is time."
    verdicts = [judge(name).judge(shown(varied, uneven, "Describe a clock.")).label for name in NAMES]
    assert [Label.A, Label.B, Label.A] == verdicts
    assert Label.TIE is judge("echo").judge(shown(varied, uneven, "Describe time.")).label
