"""Planted faults are found, and clean text is left alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from brie_bench.conversations.fix import MENDS, fix
from brie_bench.conversations.lint import CODES, chosen_codes, lint, lint_one
from brie_bench.conversations.reading import Placed
from brie_bench.errors import UsageError
from brie_bench.shipped import shipped

from .pile import conversation, planted, write

N = 200

MARKS = ["Human: ", "ChatGPT said:\n", "### Assistant\n", "<|im_start|>assistant\n", "**User:** ", "[INST] "]
PHRASES = [
    "As an AI language model, I do not have feelings. ",
    "I hope this helps! ",
    "Great question! ",
    "Certainly! Here is a poem. ",
    "Let me know if you would like more. ",
    "I'm just an AI, after all. ",
]
REFUSALS = [
    "I'm sorry, but I can't help with that. ",
    "I cannot assist with this request. ",
    "I am unable to provide that. ",
    "I must decline to write it. ",
    "That goes against my guidelines. ",
]
DEBRIS = ["<div class='x'>", "&nbsp;", "Copy code\n", "<br/>", "\u30104:0\u2020source\u3011", "</span>"]
MOJIBAKE = ["It\u00e2\u20ac\u2122s ", "caf\u00c3\u00a9 ", "\ufffd", "\u00e2\u20ac\u0153so ", "na\u00c3\u00afve "]
PERSONAL = ["jane.doe@mail.example-post.de ", "+49 30 1234 5678 ", "(415) 555-0132 ", "415-555-0132 ", "078-05-1120 "]
SECRETS = [
    "sk-" + "a1B2" * 8,
    "AKIA" + "ABCDEFGH12345678",
    "ghp_" + "x9Y8" * 9,
    "hf_" + "q1W2" * 9,
    "api_key = '" + "z9" * 12 + "'",
    "-----BEGIN RSA PRIVATE KEY-----",
]
FOREIGN = (
    "Der Mensch ist nicht ein Ding unter Dingen und wir sind mit den anderen auf eine Weise verbunden die sich nicht"
    " aus dem Blick von außen verstehen lässt. Wenn die Sprache schweigt ist das auch eine Antwort."
)
PLANTS: dict[str, Callable[[str, random.Random], str]] = {
    "role-mark": lambda text, source: source.choice(MARKS) + text,
    "boilerplate": lambda text, source: source.choice(PHRASES) + text,
    "refusal": lambda text, source: source.choice(REFUSALS) + text,
    "cut-off": lambda text, source: text[: text.rindex(" ")].rstrip(".,;") + " and the",
    "debris": lambda text, source: source.choice(DEBRIS) + text,
    "mojibake": lambda text, source: source.choice(MOJIBAKE) + text,
    "language": lambda text, source: FOREIGN,
    "mispaired": lambda text, source: " ".join(
        [
            "Zinnias bloom beneath copper gutters whenever drizzle polishes terracotta rooftops near Lisbon.",
            "Fishmongers unload mackerel, sardines, octopus; gulls quarrel overhead, ferries sound their horns.",
        ]
    ),
    "personal-data": lambda text, source: source.choice(PERSONAL) + text,
    "secret": lambda text, source: source.choice(SECRETS) + " " + text,
    "length": lambda text, source: source.choice(["Yes, quite so.", "No."]),
}


@pytest.mark.parametrize("code", sorted(PLANTS))
def test_planted_faults_are_found_and_clean_text_is_left_alone(code: str) -> None:
    """Of 200 planted faults at least 95 % are found (mispaired ones: 90 %), and hardly a clean one is objected to."""
    source = random.Random(code)
    hits = alarms = 0
    for number in range(N):
        clean = conversation(number, source)
        faulty = planted(clean, lambda text: PLANTS[code](text, source))
        alarms += bool(list(lint_one(Placed("f", 1, clean), [code])))
        hits += [found.turn for found in lint_one(Placed("f", 1, faulty), [code])] == [2]
    enough = 0.9 if code == "mispaired" else 0.95  # the one that is a guess about meaning
    assert hits / N >= enough
    assert hits / (hits + alarms) >= 0.95


def test_near_duplicates_are_found(tmp_path: Path) -> None:
    """A conversation with a word changed is found beside its original; others are not."""
    source = random.Random(5)
    clean = [conversation(number, source) for number in range(100)]
    again = [
        planted(each, lambda text: text.replace(" the ", " this ", 1)).model_copy(update={"id": f"{each.id}-again"})
        for each in clean[:40]
    ]
    found = list(lint([write(tmp_path / "c.jsonl", clean + again)], ["near-duplicate"]))
    assert [f"c-{number}-again" for number in range(40)] == [each.conversation for each in found]
    assert all(f"(c-{number})" in each.message for number, each in enumerate(found))


def test_single_turns_are_noted_only_where_they_are_the_exception(tmp_path: Path) -> None:
    """One exchange is a note in a project of several turns, and nothing in a project mostly of single ones."""
    source = random.Random(6)
    both = [conversation(number, source) for number in range(2)]
    single = both[0].model_copy(update={"messages": both[0].messages[:2]})
    assert [each.code for each in lint([write(tmp_path / "a.jsonl", [single, both[1]])], ["single-turn"])] == [
        "single-turn"
    ]
    other = both[1].model_copy(update={"id": "c-9", "messages": both[1].messages[:2]})
    assert list(lint([write(tmp_path / "b.jsonl", [single, other, both[1]])], ["single-turn"])) == []


def test_the_shipped_samples_are_clean() -> None:
    """Nothing at all is found in our own conversations."""
    assert list(lint([shipped("samples") / "conversations.jsonl"])) == []


@pytest.mark.parametrize("code", sorted(MENDS))
def test_what_is_mended_is_clean_and_stays_as_it_is(code: str) -> None:
    """A mended conversation is no longer objected to, a second mend changes nothing, and every change is logged."""
    source = random.Random(code)
    for number in range(40):
        faulty = planted(conversation(number, source), lambda text: PLANTS[code](text, source))
        mended, changes = fix(Placed("f", 1, faulty), [code])
        if code == "mojibake" and "\ufffd" in faulty.messages[1].content:
            continue  # what was replaced is lost: nobody can tell what it was
        assert list(lint_one(Placed("f", 1, mended), [code])) == []
        assert [(2, code)] == [(each.turn, each.code) for each in changes]
        assert (mended, []) == fix(Placed("f", 1, mended), [code])


def test_clean_text_is_never_changed() -> None:
    """Mending a clean conversation changes nothing."""
    source = random.Random(8)
    for number in range(100):
        clean = conversation(number, source)
        assert (clean, []) == fix(Placed("f", 1, clean), CODES)


def test_wrongly_decoded_characters_are_decoded() -> None:
    """UTF-8 that was read as Windows-1252 is read again."""
    faulty = planted(conversation(1, random.Random(9)), lambda text: "It\u00e2\u20ac\u2122s a caf\u00c3\u00a9. " + text)
    mended, _ = fix(Placed("f", 1, faulty), ["mojibake"])
    assert mended.messages[1].content.startswith("It\u2019s a caf\u00e9. ")


def test_an_unknown_lint_is_refused() -> None:
    """A wrong code names the nearest known one."""
    with pytest.raises(UsageError, match="Did you mean 'boilerplate'"):
        chosen_codes(("boilerplat",), ())
