"""Faults: what each one becomes with each library's plugin. The page's table is made here; no key is in any of it."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, cast

import brie_bench_anthropic
import brie_bench_google
import brie_bench_openai
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from providers import asking, at, by_choice, new_catalog

from brie_bench import Choice, Completion, Failed, Request
from brie_bench.engine.calls.answers import checked
from brie_bench.errors import FailureKind
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.kinds import failure_of
from brie_bench.plugin.remote import RemoteModel
from brie_bench.testing import FAULTS, FakeProvider, always, echo, prose, says, slow
from brie_bench.testing.fault import Fault, Spoiled, Status

PAGE = Path(__file__).resolve().parents[2] / "docs" / "providers.md"
BEGIN, END = "<!-- faults -->\n", "<!-- /faults -->"
KEYS = {"anthropic": "ANTHROPIC_API_KEY", "openai": "OPENAI_API_KEY", "google": "GEMINI_API_KEY"}
SECRET = "sk-planted-0123456789abcdef"

CALLS: dict[str, tuple[str, dict[str, str], Request]] = {
    "anthropic": ("anthropic", {}, asking(max_tokens=500)),
    "openai chat": ("openai", {}, asking(max_tokens=500)),
    "openai responses": ("openai", {"api": "responses"}, asking(max_tokens=500)),
    "openai decisions": ("openai", {}, by_choice()),
    "google": ("google", {}, asking(max_tokens=500)),
    "google decisions": ("google", {}, by_choice()),
}
"""Kind of call to a provider, options and a request."""


class Outcome(NamedTuple):
    """What a fault becomes: a failure's kind or why a completion ended, whether it is tried again, and its cost."""

    becomes: str
    again: str
    cost: str


ANSWERED = Outcome("completion, `stop`", "—", "counted")
LIMITED = Outcome("`rate_limited`", "yes", "none")
TOLD = Outcome("`rate_limited`", "yes, after the named wait", "none")
BROKEN = Outcome("`error`", "yes", "none")
LOST = Outcome("`error`", "yes", "unknown")
REFUSED = Outcome("`refused`", "no", "counted")
FATAL = Outcome("`fatal`", "no", "none")

EXPECTED: dict[str, Outcome | dict[str, Outcome]] = {
    "rate limited": LIMITED,
    "rate limited, in seconds": TOLD,
    "rate limited, until a date": TOLD,
    "rate limited, in the body": {"google": TOLD, "google decisions": TOLD, "": LIMITED},
    "500": BROKEN,
    "503": BROKEN,
    "529": BROKEN,
    "HTML 502": BROKEN,
    "HTML 200": LOST,
    "headers repeated": BROKEN,
    "hang": Outcome("`timeout`", "yes", "unknown"),
    "dropped before": LOST,
    "dropped before, reset": LOST,
    "dropped in the middle": LOST,
    "lost": LOST,
    "half a body": LOST,
    "bad JSON": LOST,
    "{}": LOST,
    "invalid UTF-8": {"google": ANSWERED, "": LOST},
    "lone surrogate": ANSWERED,
    "huge": ANSWERED,
    "cut off": {
        "openai decisions": ANSWERED,
        "google decisions": ANSWERED,
        "": Outcome("completion, `length`", "—", "counted"),
    },
    "refusal": {
        "google": REFUSED,
        "openai decisions": REFUSED,
        "google decisions": REFUSED,
        "": Outcome("completion, `refused`", "—", "counted"),
    },
    "block": REFUSED,
    "400": Outcome("`error`", "no", "none"),
    "401": FATAL,
    "403": FATAL,
    "404": FATAL,
}
"""Fault to what it becomes with every call, or with some calls and, under the empty name, with the others."""


@pytest.fixture(autouse=True)
def _keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    for variable in KEYS.values():
        monkeypatch.setenv(variable, SECRET)


class Faulty(NamedTuple):
    """A server with every fault, and a catalog whose clients know it."""

    server: FakeProvider
    catalog: Catalog

    def called(self, call: str, fault: str) -> Completion | Failed:
        return called(self.server, call, fault, self.catalog)


def server_of(*faults: str) -> FakeProvider:
    """A server whose model `500` answers 500, and so on."""
    return FakeProvider(prose(), [always(FAULTS[name]()).only(model=model_name(name)) for name in faults])


def model_name(fault: str) -> str:
    return re.sub(r"[ ,]+", "-", fault).replace("{}", "empty")


def called(server: FakeProvider, call: str, fault: str, catalog: Catalog | None = None) -> Completion | Failed:
    """What becomes of a call of that kind."""
    provider, options, request = CALLS[call]
    timeout = 0.3 if fault == "hang" else 20.0
    model = at(server, f"{provider}/{model_name(fault)}", catalog, timeout=timeout, **options)
    try:
        return model.complete(request)
    except Failed as error:
        return error


def outcome_of(found: Completion | Failed) -> Outcome:
    if isinstance(found, Completion):
        known = found.usage.output_tokens is not None
        return Outcome(f"completion, `{found.finish_reason}`", "—", "counted" if known else "unknown")
    again = "yes, after the named wait" if found.retry_after else "yes"
    cost = "unknown" if found.usage is None else "counted" if found.usage.input_tokens else "none"
    return Outcome(f"`{found.kind}`", again if found.retryable else "no", cost)


@pytest.fixture(scope="module")
def faulty() -> Iterator[Faulty]:
    with server_of(*FAULTS) as server:
        yield Faulty(server, new_catalog())


def test_the_table_knows_every_fault() -> None:
    """None is left out."""
    assert set(FAULTS) == set(EXPECTED)


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("fault", EXPECTED)
def test_a_fault_becomes_this(faulty: Faulty, fault: str, call: str) -> None:
    """Each fault with each endpoint of each library; and the library itself tries it no second time."""
    expected = EXPECTED[fault]
    before = faulty.server.counters.requests
    found = faulty.called(call, fault)
    assert (expected if isinstance(expected, Outcome) else expected.get(call, expected.get(""))) == outcome_of(found)
    faulty.server.wait_until(lambda counters, traffic: traffic.in_flight == 0)
    assert before + 1 == faulty.server.counters.requests


@pytest.mark.parametrize(
    "fault", ["rate limited, in seconds", "rate limited, until a date", "rate limited, in the body"]
)
def test_the_wait_is_the_servers(faulty: Faulty, fault: str) -> None:
    """Two seconds, however they are said; a date is rounded up to whole seconds."""
    found = faulty.called("google", fault)
    assert isinstance(found, Failed)
    assert found.retry_after is not None
    assert 1.0 <= found.retry_after <= 3.0


@pytest.mark.parametrize("call", ["anthropic", "openai chat", "google"])
def test_a_key_that_is_not_taken_is_named_by_its_variable(faulty: Faulty, call: str) -> None:
    """Which key, which model, where: what to look at."""
    found = faulty.called(call, "401")
    assert isinstance(found, Failed)
    assert f"Check the key in {KEYS[CALLS[call][0]]}, and the model 401 at 127.0.0.1:" in found.message


def test_google_says_400_where_others_say_401(monkeypatch: pytest.MonkeyPatch) -> None:
    """A wrong key is fatal all the same."""
    with FakeProvider(prose(), keys=["right"]) as server, pytest.raises(Failed) as caught:
        at(server, "google/m").complete(asking())
    assert FailureKind.FATAL is caught.value.kind


@pytest.mark.parametrize("call", CALLS)
def test_nobody_there_costs_nothing(call: str) -> None:
    """A refused connection has reached nobody: it may pass, and nothing was billed."""
    with server_of() as server:
        provider, options, request = CALLS[call]
        model = at(server, f"{provider}/m", **options)
    with pytest.raises(Failed) as caught:
        model.complete(request)
    assert BROKEN == outcome_of(caught.value)


@pytest.mark.parametrize("call", ["anthropic", "openai chat", "google"])
def test_half_a_surrogate_pair_is_replaced(faulty: Faulty, call: str) -> None:
    """What no file can hold is U+FFFD in the completion."""
    found = faulty.called(call, "lone surrogate")
    assert isinstance(found, Completion)
    assert "\ufffd" in found.text


@pytest.mark.parametrize("call", ["anthropic", "openai chat", "google"])
def test_a_time_out_is_in_seconds(call: str) -> None:
    """An answer that comes after two is too late for one who waits for a third of a second."""
    provider, options, request = CALLS[call]
    with FakeProvider(prose(), slow(2.0)) as server, pytest.raises(Failed) as caught:
        at(server, f"{provider}/m", timeout=0.3, **options).complete(request)
    assert FailureKind.TIMEOUT is caught.value.kind


@pytest.mark.parametrize("call", CALLS)
def test_no_connection_is_opened_for_a_call(call: str) -> None:
    """Models of one catalog share their client, and it keeps its connection."""
    with server_of() as server:
        catalog = new_catalog()
        for name in "mnmnmn":
            called(server, call, name, catalog)
        assert (6, 1) == (server.counters.billed, server.traffic.connections)


# --- bodies -----------------------------------------------------------------------------------------------------------

WORDS = ["content", "type", "text", "thinking", "stop_reason", "refusal", "usage", "input_tokens", "choices", "message"]
WORDS += [
    "finish_reason",
    "output",
    "status",
    "answers",
    "name",
    "winner",
    "depth",
    "probabilities",
    "candidates",
    "parts",
]
WORDS += ["finishReason", "promptFeedback", "usageMetadata", "candidatesTokenCount", "choice", "value", "probability"]
bodies = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.sampled_from([*WORDS, "\ud800", "A", "STOP", "length"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(WORDS), inner, max_size=5),
    max_leaves=25,
)


CATALOG = new_catalog()
READERS: dict[str, Callable[[Any, Request], Completion]] = {
    "anthropic": lambda body, request: brie_bench_anthropic._read(body, request.sampling),
    "openai chat": lambda body, request: brie_bench_openai._chat(body, request.sampling),
    "openai responses": lambda body, request: brie_bench_openai._response(body, request.sampling),
    "openai decisions": lambda body, request: brie_bench_openai._decided(body, cast("Choice", request.answer)),
    "google": lambda body, request: brie_bench_google._read(body, request.sampling),
    "google decisions": lambda body, request: brie_bench_google._decided(body, cast("Choice", request.answer)),
}


def read(
    reader: Callable[[Any, Request], Completion], body: Any, provider: str, options: dict[str, str], request: Request
) -> Completion | Failed:
    """What a model makes of a body, without a server."""
    model = CATALOG.model({"name": f"{provider}/m", "options": {"base_url": "http://localhost", **options}})  # type: ignore[arg-type]
    assert isinstance(model, RemoteModel)
    try:
        return model._safely(lambda: reader(body, request))
    except Failed as error:
        return error


@settings(deadline=None, max_examples=60)
@given(bodies)
def test_whatever_comes_with_a_200_is_an_answer_or_a_failure(body: Any) -> None:
    """Any JSON value: a completion that can be recorded, or a failure of a kind that says what it is; nothing else."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in KEYS.values():
            patch.setenv(variable, SECRET)
        for call, (provider, options, request) in CALLS.items():
            found = read(READERS[call], body, provider, options, request)
            if isinstance(found, Failed):
                assert (found.kind, found.retryable) in [("error", True), ("refused", False)], call
            else:
                assert checked(found, Completion, "model") == found


# --- no key anywhere --------------------------------------------------------------------------------------------------


def everything(error: Failed) -> str:
    """All that could be written of a failure."""
    shown = "".join(traceback.format_exception(error))
    return "\n".join([str(error), repr(error), repr(vars(error)), shown, failure_of(error).model_dump_json()])


ECHOES: dict[str, Fault] = {
    "400": Status("400", 400, f"Incorrect request with key {SECRET}."),
    "401": Status("401", 401, f"Incorrect API key provided: {SECRET}."),
    "long": Status("long", 500, "x" * 390 + SECRET),
    "page": Status("page", 502, f"Bad Gateway {SECRET}", html=True),
    "bad JSON": Spoiled("bad", lambda body: f"{{'authorization': 'Bearer {SECRET}'".encode()),
    "another shape": Spoiled("shape", lambda body: f'{{"echo": "{SECRET}"}}'.encode()),
    "page with a 200": Spoiled("page", lambda body: f"<html><title>{SECRET}</title>{SECRET}".encode()),
}
"""Answers of a server that says what it was sent."""


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("said", ECHOES)
def test_a_failure_holds_no_key(call: str, said: str) -> None:
    """Whatever a server says: neither the message nor the raw text, nor what an exception drags along."""
    with FakeProvider(prose(), ECHOES[said]) as server:
        found = called(server, call, "m")
    assert isinstance(found, Failed)
    assert SECRET not in everything(found)
    assert "[key]" in found.message + found.raw


@pytest.mark.parametrize("fault", ["hang", "dropped before", "half a body", "404"])
@pytest.mark.parametrize("call", CALLS)
def test_an_accident_holds_no_key(faulty: Faulty, call: str, fault: str) -> None:
    """Libraries keep the request on their exceptions, headers included: none of that is handed on."""
    found = faulty.called(call, fault)
    assert isinstance(found, Failed)
    assert SECRET not in everything(found)
    assert found.__cause__ is None
    assert found.__context__ is None


@pytest.mark.parametrize("call", ["anthropic", "openai chat", "openai responses", "google"])
def test_an_answer_holds_no_key(call: str) -> None:
    """A server may tell a model its own headers."""
    with FakeProvider(says(f"Your key is {SECRET}.")) as server:
        found = called(server, call, "m")
    assert isinstance(found, Completion)
    assert "Your key is [key]." == found.text


def test_a_placeholder_is_no_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    """A local server's `none` may stand in any text."""
    monkeypatch.setenv("OPENAI_API_KEY", "none")
    with FakeProvider(echo()) as server:
        assert "There is none." == at(server, "openai/m").complete(asking("There is none.")).text


@pytest.mark.parametrize("key", ["two words 0123456789", "line\nbreak0123456789", "schlüssel0123456789"])
@pytest.mark.parametrize("provider", KEYS)
def test_a_key_that_is_none_is_not_sent(monkeypatch: pytest.MonkeyPatch, provider: str, key: str) -> None:
    """Libraries would show it in their complaint about the header."""
    monkeypatch.setenv(KEYS[provider], key)
    with FakeProvider(echo()) as server, pytest.raises(Failed) as caught:
        at(server, f"{provider}/m").complete(asking())
    assert (FailureKind.FATAL, 0) == (caught.value.kind, server.counters.requests)
    assert key not in everything(caught.value)
    assert KEYS[provider] in caught.value.message


@pytest.mark.parametrize("provider", KEYS)
def test_a_missing_key_names_its_variable(monkeypatch: pytest.MonkeyPatch, provider: str) -> None:
    """At the provider's own address there is no call without one, and none is made."""
    monkeypatch.delenv(KEYS[provider])
    for variable in ("ANTHROPIC_BASE_URL", "OPENAI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    model = new_catalog().model(f"{provider}/m")
    assert isinstance(model, RemoteModel)
    with pytest.raises(Failed, match=r"there is no key: set [A-Z_]+_API_KEY") as caught:
        model.complete(asking())
    assert FailureKind.FATAL is caught.value.kind


# --- the page ---------------------------------------------------------------------------------------------------------


def rows(fault: str, faulty: Faulty) -> Iterator[str]:
    """The lines of the page's table for one fault: calls with the same outcome share one."""
    groups: dict[Outcome, list[str]] = {}
    for call in CALLS:
        groups.setdefault(outcome_of(faulty.called(call, fault)), []).append(call)
    for number, (outcome, calls) in enumerate(groups.items()):
        where = "all" if len(groups) == 1 else ", ".join(calls)
        yield f"| {'' if number else fault} | {where} | {' | '.join(outcome)} |\n"


def table() -> str:
    """The page's table, as the plugins behave today."""
    with server_of(*FAULTS) as server:
        faulty = Faulty(server, new_catalog())
        lines = [line for fault in FAULTS for line in rows(fault, faulty)]
    return "| fault | calls | becomes | tried again | cost |\n|---|---|---|---|---|\n" + "".join(lines)


def test_the_page_shows_what_each_fault_becomes() -> None:
    """The table in docs/providers.md is what the plugins do (`make readme` writes it anew)."""
    shown = PAGE.read_text("utf-8").partition(BEGIN)[2].partition(END)[0]
    assert table() == shown


if __name__ == "__main__":
    import os

    os.environ.update(dict.fromkeys(KEYS.values(), SECRET))
    os.environ.pop("GOOGLE_API_KEY", None)
    before, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
    PAGE.write_text(before + BEGIN + table() + END + rest.partition(END)[2], "utf-8")
