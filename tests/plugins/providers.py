"""What the tests of the three provider plugins share: a model at a fake provider, and requests."""

from __future__ import annotations

import functools
import json
from collections.abc import Callable
from typing import Any

import pytest

from brie_bench import Choice, JsonSchema, Question, Request, Sampling, Turn
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import Manager, make_manager
from brie_bench.plugin.remote import RemoteModel
from brie_bench.testing import Answer, Asked, Ending, FakeProvider, Policy

for _library in ("anthropic", "openai", "google.genai"):
    pytest.importorskip(_library, reason=f"{_library} is not installed; `pip install 'brie-bench[providers]'`")

SCHEMA = {
    "type": "object",
    "properties": {"winner": {"type": "string", "enum": ["A", "B", "tie"]}},
    "required": ["winner"],
    "additionalProperties": False,
}
QUESTIONS = (
    Question(name="winner", instructions="Which is better?", options=("A", "B", "tie")),
    Question(name="depth", instructions="Which is deeper?", options=("A", "B", "tie")),
)
CONVERSATION = (
    Turn(role="system", content="Be brief."),
    Turn(role="user", content="One?"),
    Turn(role="assistant", content="Two."),
    Turn(role="user", content="Three?"),
)


@functools.cache
def _plugins() -> Manager:
    return make_manager()


def new_catalog() -> Catalog:
    """A catalog of the installed plugins, which shares no client with any other."""
    return Catalog(_plugins())


def at(server: FakeProvider, name: str, catalog: Catalog | None = None, **options: Any) -> RemoteModel:
    """The model `name` (`openai/m`) of a server; the key comes from the environment."""
    base_url = {"anthropic": server.anthropic_url, "openai": server.openai_url, "google": server.google_url}
    given = {"base_url": base_url[name.partition("/")[0]], **options}
    found = (catalog or new_catalog()).model({"name": name, "options": given})  # type: ignore[arg-type]
    assert isinstance(found, RemoteModel)
    return found


def asking(text: str = "Hello", answer: Any = None, **sampling: Any) -> Request:
    """One user turn."""
    shape = {} if answer is None else {"answer": answer}
    return Request(messages=(Turn(role="user", content=text),), sampling=Sampling(**sampling), **shape)


def in_schema() -> Request:
    """One user turn whose answer is JSON."""
    return asking("Decide.", JsonSchema(name="verdict", definition=SCHEMA), max_tokens=100)


def by_choice() -> Request:
    """One user turn and two typed questions."""
    return asking("Decide.", Choice(questions=QUESTIONS))


def seen(asked: Asked) -> Answer:
    """A policy that says what it was asked, as JSON."""
    return Answer(json.dumps({"turns": asked.turns, "max": asked.max_tokens, "sampling": dict(asked.sampling)}))


def answering(body: Any) -> Callable[[bytes], bytes]:
    """Puts `body` into the place of an answer's."""
    return lambda _: json.dumps(body).encode()


def giving(text: str = "", ending: Ending = Ending.STOP, *, reasoning: str = "") -> Policy:
    """A policy that ends so, whatever is asked; no typed question has an answer."""
    return lambda asked: Answer(text, ending, (None,) * len(asked.questions), reasoning)
