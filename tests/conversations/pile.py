"""A pile of conversations made for tests: clean ones, from sentences of our own samples, to plant faults in."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from brie_bench.shipped import shipped
from brie_bench.spec.conversation import Conversation

_SENTENCES: list[str] = []


def sentences() -> list[str]:
    """Sentences of the shipped samples, without line breaks."""
    if not _SENTENCES:
        text = (shipped("samples") / "plain.txt").read_text("utf-8").replace("\n\n", " ")
        for line in (shipped("samples") / "conversations.jsonl").read_text("utf-8").splitlines():
            for turn in json.loads(line)["messages"]:
                text += " " + turn["content"].replace("\n", " ")
        found = (each.strip() + "." for each in text.split(". "))
        _SENTENCES.extend(each for each in found if 40 < len(each) < 160 and not set(each[:-1]) & set('"!?:;()'))
    return _SENTENCES


def conversation(number: int, source: random.Random, **changes: Any) -> Conversation:
    """A clean conversation of two exchanges, each answer taking up words of its question."""
    turns = []
    for exchange in range(2):
        said = source.sample(sentences(), 7)
        question = f"What do you make of this, number {number} and {exchange}? {said[0]}"
        turns += [{"role": "user", "content": question}, {"role": "assistant", "content": " ".join(said)}]
    fields = {
        "id": f"c-{number}",
        "messages": turns,
        "prompt_group": f"g-{number}",
        "domain": "philosophy" if number % 2 else "creative",
        "provenance": {
            "author": "A. Author",
            "source": "a test",
            "date": "2026-01-01",
            "licence": "CC0-1.0",
            "consent": True,
        },
    }
    return Conversation.model_validate({**fields, **changes})


def planted(clean: Conversation, plant: Callable[[str], str], *, turn: int = 2) -> Conversation:
    """The conversation with one turn (from 1) changed."""
    messages = [each.canonical() for each in clean.messages]
    messages[turn - 1]["content"] = plant(messages[turn - 1]["content"])
    return Conversation.model_validate({**clean.model_dump(mode="json"), "messages": messages})


def write(path: Path, conversations: Iterable[Conversation]) -> Path:
    """A conversations file."""
    path.write_text("".join(each.model_dump_json(exclude_defaults=True) + "\n" for each in conversations), "utf-8")
    return path
