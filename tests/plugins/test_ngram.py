"""The embedded language models: they babble from what they learned, the same each time, and stop where they are told."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from brie_bench_ngram import _END, _START, _TOKEN, Ngram, Trigrams
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Completion, FinishReason, Request, Sampling, Turn
from brie_bench.errors import BrieError
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager

modest = settings(deadline=None, max_examples=40)
samplings = st.builds(
    Sampling,
    temperature=st.none() | st.sampled_from([0.0, 0.01, 0.5, 1.0, 2.0]),
    max_tokens=st.integers(1, 200),
    seed=st.none() | st.integers(0, 2**31),
)


@cache
def catalog() -> Catalog:
    """The installed plugins."""
    return Catalog(make_manager())


def model(name: str) -> Ngram:
    """`ngram/name`."""
    found = catalog().model(f"ngram/{name}")
    assert isinstance(found, Ngram)
    return found


def completed(name: str, prompt: str = "What is time?", **sampling: Any) -> Completion:
    """A completion of one prompt."""
    asked = Request(messages=(Turn(role="user", content=prompt),), sampling=Sampling(**sampling))
    return model(name).complete(asked)


def drawn(trigrams: Trigrams, n: int, topic: str = "", temperature: float = 1.0) -> Counter[str]:
    """How often each text came of `n` draws."""
    topics = frozenset(topic.split())
    texts = (trigrams.sample(topics, temperature, 50, random.Random(seed))[0] for seed in range(n))
    return Counter(" ".join(text) for text in texts)


@pytest.mark.parametrize("name", ["plain", "authored"])
def test_a_completion_is_a_function_of_prompt_and_sampling(name: str) -> None:
    """The same request has the same answer, also of a model that was built anew."""
    here = completed(name, seed=7, max_tokens=60)
    asked = Request(messages=(Turn(role="user", content="What is time?"),), sampling=Sampling(seed=7, max_tokens=60))
    assert here == completed(name, seed=7, max_tokens=60)
    assert here == Catalog(make_manager()).model(f"ngram/{name}").complete(asked)


@pytest.mark.parametrize("name", ["plain", "authored"])
def test_another_seed_is_another_text(name: str) -> None:
    """Ten seeds give ten texts, ten prompts too."""
    assert 10 == len({completed(name, seed=seed, max_tokens=60).text for seed in range(10)})
    assert 10 == len({completed(name, f"What is {number}?", seed=1, max_tokens=60).text for number in range(10)})


@pytest.mark.parametrize("name", ["plain", "authored"])
def test_temperature_0_is_greedy(name: str) -> None:
    """The likeliest text, whatever the seed."""
    texts = {completed(name, temperature=0.0, seed=seed, max_tokens=60).text for seed in range(10)}
    assert 1 == len(texts)
    assert texts != {completed(name, temperature=1.0, seed=0, max_tokens=60).text}


@pytest.mark.parametrize("name", ["plain", "authored"])
@modest
@given(samplings)
def test_max_tokens_is_kept_and_the_end_is_told(name: str, sampling: Sampling) -> None:
    """No more tokens than asked for; a text that came to its end says so, one that was cut off too."""
    found = completed(name, **sampling.model_dump())
    assert sampling.max_tokens is not None
    written = len(_TOKEN.findall(found.text))
    assert written == pytest.approx(found.usage.output_tokens, abs=1)  # a paragraph's end at the very end is stripped
    assert (found.usage.output_tokens or 0) <= sampling.max_tokens
    if found.finish_reason is FinishReason.LENGTH:
        assert sampling.max_tokens == found.usage.output_tokens
    else:
        roomier = completed(name, **{**sampling.model_dump(), "max_tokens": 10_000})
        assert (FinishReason.STOP, roomier.text) == (found.finish_reason, found.text)


@pytest.mark.parametrize("name", ["plain", "authored"])
def test_a_text_that_is_cut_off_says_so(name: str) -> None:
    """A token is no whole text, and what follows it is that text's beginning."""
    cut, whole = (completed(name, seed=1, max_tokens=most) for most in (7, 10_000))
    assert (FinishReason.LENGTH, 7) == (cut.finish_reason, cut.usage.output_tokens)
    assert FinishReason.STOP is whole.finish_reason
    assert whole.text.startswith(cut.text)


@pytest.mark.parametrize("name", ["plain", "authored"])
def test_texts_come_to_an_end(name: str) -> None:
    """With room enough, a text stops of itself."""
    ends = Counter(completed(name, seed=seed, max_tokens=100_000).finish_reason for seed in range(5))
    assert {FinishReason.STOP: 5} == ends


def test_a_completion_says_what_was_honoured() -> None:
    """Temperature, limit and seed as applied, the model's name, and the tokens."""
    found = completed("plain", "Why, then?", temperature=0.5, max_tokens=9, seed=3, top_p=0.5)
    assert Sampling(temperature=0.5, max_tokens=9, seed=3) == found.sampling_applied
    assert ("ngram/plain", 4) == (found.model, found.usage.input_tokens)
    assert Sampling(temperature=1.0, max_tokens=512) == completed("plain").sampling_applied


@pytest.mark.parametrize("name", ["plain", "authored"])
def test_every_step_was_learned(name: str) -> None:
    """Each word follows the one before it somewhere in the text that was learned."""
    after = model(name).trigrams.after
    tokens = [_START, *_TOKEN.findall(completed(name, seed=5, max_tokens=300).text)]
    assert all(second in after[first,] for first, second in pairwise(tokens))


def test_the_two_models_learned_different_texts() -> None:
    """They write differently, and their configurations tell them apart by what was learned."""
    plain, authored = model("plain"), model("authored")
    assert completed("plain", seed=1).text != completed("authored", seed=1).text
    assert plain.configuration()["weights"] != authored.configuration()["weights"]
    assert {"plugin", "revision", "options", "weights"} == set(plain.configuration())


def test_the_digest_is_that_of_the_texts() -> None:
    """Other texts are other weights; the same texts are the same, wherever they lie."""
    assert Trigrams(["a b"]).digest == Trigrams(["a b"]).digest
    assert 3 == len({Trigrams(texts).digest for texts in (["a b"], ["a", "b"], ["a b", ""])})
    assert 32 == len(model("plain").trigrams.digest)


def test_the_authored_model_learned_the_assistants_words_alone() -> None:
    """It knows what the conversations' assistant says and not what the user asks."""
    lines = (ROOT / "samples" / "conversations.jsonl").read_text("utf-8").splitlines()
    turns = [turn for line in lines for turn in json.loads(line)["messages"]]
    texts = {
        role: {token for turn in turns if turn["role"] == role for token in _TOKEN.findall(turn["content"])}
        for role in ("user", "assistant")
    }
    known = {context[0] for context in model("authored").trigrams.after if len(context) == 1} - {_START}
    assert texts["assistant"] == known
    assert texts["user"] - texts["assistant"]


def test_contenders_that_learned_the_same_share_it() -> None:
    """The counts are made once, however many contenders use them."""
    own = Catalog(make_manager())
    first, second, other = (own.model(f"ngram/{name}") for name in ("plain", "plain", "authored"))
    assert isinstance(first, Ngram)
    assert isinstance(second, Ngram)
    assert isinstance(other, Ngram)
    assert first.trigrams is second.trigrams
    assert first.trigrams is not other.trigrams


@pytest.mark.parametrize("name", ["ngram/poetic", "ngram", "ngram/"])
def test_what_was_never_learned_is_refused(name: str) -> None:
    """There are two models, and one must be named."""
    with pytest.raises(BrieError, match="ngram"):
        catalog().model(name)


def test_counts_are_kept_by_one_and_by_two_words() -> None:
    """What followed what, and how often, by hand."""
    after = Trigrams(["a b a c"]).after
    assert Counter("bc") == after["a",]
    assert Counter("a") == after["b",]
    assert Counter("a") == after[_START,]
    assert Counter("c") == after["b", "a"]
    assert Counter([_END]) == after["a", "c"]


def test_frequent_words_are_drawn_more_often() -> None:
    """Three to one in the text is three to one in the draw: 750 of 1000, four standard deviations are 55."""
    found = drawn(Trigrams(["a", "a", "a", "b"]), 1000)
    assert {"a", "b"} == set(found)
    assert 750 == pytest.approx(found["a"], abs=55)


def test_temperature_sharpens_and_flattens() -> None:
    """At ½ the odds are squared, 9 to 1; at 2 their root is taken, 1.7 to 1; at 0 nothing else is drawn."""
    trigrams = Trigrams(["a", "a", "a", "b"])
    assert 900 == pytest.approx(drawn(trigrams, 1000, temperature=0.5)["a"], abs=40)
    assert 634 == pytest.approx(drawn(trigrams, 1000, temperature=2.0)["a"], abs=62)
    assert {"a": 50} == drawn(trigrams, 50, temperature=0.0)
    assert {"a": 50} == drawn(trigrams, 50, temperature=5e-324)


def test_four_words_are_drawn_alike() -> None:
    """A quarter of 1000 each; four standard deviations are 55."""
    found = drawn(Trigrams(["a", "b", "c", "d"]), 1000)
    assert {word: pytest.approx(250, abs=55) for word in "abcd"} == found


def test_the_prompts_words_are_likelier() -> None:
    """A continuation that the prompt used weighs twelvefold: 12 against 3, and 800 of 1000."""
    trigrams = Trigrams(["lakes", "lakes", "lakes", "Rivers"])
    assert 800 == pytest.approx(drawn(trigrams, 1000, topic="rivers")["Rivers"], abs=51)
    assert {"Rivers": 10} == drawn(trigrams, 10, topic="rivers", temperature=0.0)


@pytest.mark.parametrize(("n", "text"), [(11, "rivers"), (12, "zebras")])
def test_twelvefold_is_twelvefold(n: int, text: str) -> None:
    """Once and asked for is more than eleven times, and not more than twelve."""
    assert {text: 1} == drawn(Trigrams(["rivers", *["zebras"] * n]), 1, topic="rivers", temperature=0.0)


@pytest.mark.parametrize(
    ("turns", "text"),
    [
        ([("user", "Where?")], "lakes"),
        ([("user", "SEAS, where?")], "seas"),
        ([("user", "Where is a sea?")], "lakes"),  # too short a word
        ([("system", "Speak of seas."), ("user", "Where?")], "lakes"),
        ([("user", "Hello"), ("assistant", "Seas!"), ("user", "Where?")], "lakes"),
        ([("user", "Seas?"), ("assistant", "Yes?"), ("user", "Where?")], "seas"),
    ],
)
def test_the_topic_is_the_users_longer_words(turns: list[tuple[Any, str]], text: str) -> None:
    """Of four letters and more, in any case, in every turn of the user's and in no other's."""
    learned = Ngram(Ngram.Options(model="plain"), Trigrams(["lakes", "lakes", "lakes", "sea", "seas"]))
    asked = Request(
        messages=tuple(Turn(role=role, content=content) for role, content in turns), sampling=Sampling(temperature=0.0)
    )
    assert text == learned.complete(asked).text


def test_a_context_seen_once_is_left_now_and_then() -> None:
    """Two texts that share a word mix: else a trigram model of a short text would only recite it."""
    found = drawn(Trigrams(["one two three four", "five two six seven"]), 400)
    assert {"one two three four", "one two six seven", "five two three four", "five two six seven"} == set(found)
    stayed = found["one two three four"] + found["five two six seven"]
    assert 300 == pytest.approx(
        stayed, abs=35
    )  # every other time it draws anew, and every other time it stays then too


def test_a_context_seen_more_often_is_kept() -> None:
    """Where two words had several continuations, no other is mixed in."""
    found = drawn(Trigrams(["a b c", "a b d", *["x b e"] * 20]), 400)
    assert not {"a b e"} & set(found)
    assert {"a b c", "a b d", "x b e"} <= set(found)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("It’s a rock-and-roll don't.", ["It’s", "a", "rock-and-roll", "don't", "."]),
        ("snake_case", ["snake", "case"]),
        ("it's so-so", ["it's", "so-so"]),
        ("it's_so", ["it's", "so"]),
        ('Yes: (no); "1"\n\nWhy?!', ["Yes", ":", "(", "no", ")", ";", '"', "1", '"', "\n\n", "Why", "?", "!"]),
        ("a\nb — c", ["a", "b", "c"]),
    ],
)
def test_a_token_is_a_word_or_a_mark(text: str, tokens: list[str]) -> None:
    """Apostrophes and hyphens belong to their word; a paragraph's end is a token."""
    assert tokens == _TOKEN.findall(text)


@pytest.mark.parametrize(
    ("text", "joined"),
    [
        ('He said: "no" (twice); then, once more!', 'He said: " no " (twice); then, once more!'),
        ("One.\n\nTwo?", "One.\n\nTwo?"),
        ("It's well-known", "It's well-known"),
    ],
)
def test_a_text_is_put_together_as_it_was_written(text: str, joined: str) -> None:
    """No space before a full stop, none after a bracket or a paragraph's end; quotation marks stand alone."""
    learned = Ngram(Ngram.Options(model="plain"), Trigrams([text]))
    asked = Request(messages=(Turn(role="user", content="?"),), sampling=Sampling(temperature=0.0))
    assert joined == learned.complete(asked).text


def leaderboard(cli: Callable[..., Any], suite: str) -> dict[str, Any]:
    """The leaderboard of the embedded default on a suite that comes with the tool."""
    result = cli("run", suite)
    assert 0 == result.status, result.err
    [path] = Path("runs").glob("*/leaderboard.json")
    found = json.loads(path.read_text("utf-8"))
    assert isinstance(found, dict)
    return found


def test_the_authored_model_wins_on_its_own_ground(cli: Callable[..., Any]) -> None:
    """On the comprehensive suite it is better, and ahead in each of the sections it was made for."""
    standings = leaderboard(cli, "comprehensive57")["standings"]
    panel = {row["section"]: row for row in standings if row["judge"] is None}
    assert ("authored", "plain", "better") == tuple(panel[None][key] for key in ("contender", "baseline", "verdict"))
    assert 0 == panel[None]["n_failures"]
    assert all(panel[section]["win_rate"] > 0.5 for section in ("philosophy", "brainstorming", "contemplative"))


def test_what_it_lost_elsewhere_is_reported(cli: Callable[..., Any]) -> None:
    """Off its ground the result is whatever it is, and it is there with its n."""
    [headline] = [
        row
        for row in leaderboard(cli, "out-of-domain15")["standings"]
        if row["judge"] is None and row["section"] is None
    ]
    assert (15, 15, 90, 0) == tuple(headline[key] for key in ("n_prompts", "n_pairs", "n_judgments", "n_failures"))
    assert headline["interval"]["low"] <= headline["win_rate"] <= headline["interval"]["high"]
