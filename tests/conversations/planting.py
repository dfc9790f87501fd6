"""Faults to plant, and how many of them the lints find: of 200 planted ones each, beside as many clean conversations."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from brie_bench.conversations.lint import NEAR_DUPLICATE, lint, lint_one
from brie_bench.conversations.reading import Placed

from .pile import conversation, planted, write

N = 200
"""Clean conversations, and as many with a fault."""

MARKS = ["Human: ", "ChatGPT said:\n", "### Assistant\n", "<|im_start|>assistant\n", "**User:** ", "[INST] "]
PHRASES = [
    "As an AI language model, I do not have feelings. ",
    "I hope this helps! ",
    "Great question! ",
    "Certainly! Here is a poem. ",
    "Let me know if you would like more. ",
    "I'm just an AI, after all. ",
    "I\u2019m an AI language model. ",
]
REFUSALS = [
    "I'm sorry, but I can't help with that. ",
    "I cannot assist with this request. ",
    "I am unable to provide that. ",
    "I must decline to write it. ",
    "That goes against my guidelines. ",
    "I\u2019m sorry, but I can\u2019t assist with that. ",
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


class Measured(NamedTuple):
    """What a lint made of N faults and N clean conversations."""

    hits: int
    """Faults that it found, in the turn where they are."""
    alarms: int
    """Clean conversations that it objected to."""

    @property
    def recall(self) -> float:
        """The share of the faults that is found."""
        return self.hits / N

    @property
    def precision(self) -> float:
        """The share of faults in what is found."""
        return self.hits / (self.hits + self.alarms)


def measured(code: str) -> Measured:
    """Plant a fault in one of each pair of conversations, and lint both."""
    source = random.Random(code)
    hits = alarms = 0
    for number in range(N):
        clean = conversation(number, source)
        faulty = planted(clean, lambda text: PLANTS[code](text, source))
        alarms += bool(list(lint_one(Placed("f", 1, clean), [code])))
        hits += [found.turn for found in lint_one(Placed("f", 1, faulty), [code])] == [2]
    return Measured(hits, alarms)


def measured_duplicates() -> Measured:
    """N conversations, and then each of them again with a few words changed in its first answer."""
    source = random.Random(5)
    clean = [conversation(number, source) for number in range(N)]
    again = [
        planted(each, lambda text: text.replace(" the ", " this ", 2)).model_copy(update={"id": f"{each.id}-again"})
        for each in clean
    ]
    with tempfile.TemporaryDirectory() as folder:
        found = list(lint([write(Path(folder) / "c.jsonl", clean + again)], [NEAR_DUPLICATE]))
    hits = sum(f"({str(each.conversation).removesuffix('-again')})" in each.message for each in found)
    return Measured(hits, len(found) - hits)
