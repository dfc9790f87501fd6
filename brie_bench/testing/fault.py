"""What can go wrong with one request. A fault says what happens; `script` says to which requests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

from brie_bench.testing.asking import Ending

Form = Literal["seconds", "date", "milliseconds", "details"]
"""How a wait is announced: in `retry-after` as seconds or as an HTTP date, in `retry-after-ms`, or in the body alone."""

Where = Literal["before", "middle", "after"]
"""Where a connection drops: before anything is done, in the middle of the answer, or after everything but the answer."""


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong."""

    name: str
    """What it is called in the log and in the counters."""


@dataclass(frozen=True)
class Status(Fault):
    """An error status in place of an answer, in the protocol's own words. Nothing is done and nothing is billed."""

    status: int
    message: str
    retry_after: float | None = None
    form: Form = "seconds"
    html: bool = False
    """A proxy's page in place of the protocol's JSON."""
    repeats: bool = False
    """It repeats the request's headers, the key among them."""


@dataclass(frozen=True)
class Ended(Fault):
    """An answer that ends otherwise, in the protocol's own words."""

    ending: Ending


@dataclass(frozen=True)
class Spoiled(Fault):
    """A 200 whose body is not what it should be."""

    spoil: Callable[[bytes], bytes]
    usable: bool = False
    """Whether a client can still read the answer, so that it counts as billed."""


@dataclass(frozen=True)
class Dropped(Fault):
    """A connection that drops."""

    where: Where
    reset: bool = False
    """With a reset (RST) in place of an orderly end."""


@dataclass(frozen=True)
class Delayed(Fault):
    """An answer that comes late, or never."""

    seconds: float | None = None
    """How late; None is never."""
    until: threading.Event | None = None
    """Comes when this is set."""
    trickle: bool = False
    """The answer's bytes are spread over the time, so that a client's time-out between two bytes never fires."""


def rate_limited(retry_after: float | None = None, *, form: Form = "seconds") -> Status:
    """429, with a wait or without. For google the wait is in the body's RetryInfo too."""
    suffix = "" if retry_after is None else f" for {retry_after:g} s ({form})"
    return Status(f"rate limited{suffix}", 429, "Rate limit reached. Please slow down.", retry_after, form)


def server_error(status: int = 500) -> Status:
    """A 5xx."""
    return Status(f"status {status}", status, "Internal server error.")


def unavailable(retry_after: float | None = None) -> Status:
    """503."""
    return Status("unavailable", 503, "The model is overloaded. Please try again later.", retry_after)


def overloaded() -> Status:
    """529, anthropic's own; a proxy may hand it on for the others."""
    return Status("overloaded", 529, "Overloaded")


def html_page(status: int = 502) -> Status:
    """A proxy's HTML page with an error status (200: a captive portal's page in place of an answer)."""
    return Status(f"HTML {status}", status, "Bad Gateway" if status == 502 else "Sign in", html=True)


def repeating(status: int = 502) -> Status:
    """The page of a proxy that shows the request's headers to whoever made it, `Authorization` and the key included."""
    return Status(f"headers repeated, {status}", status, "Bad Gateway", html=True, repeats=True)


def bad_request(message: str = "The request is not valid.") -> Status:
    """400."""
    return Status("bad request", 400, message)


def unauthorized() -> Status:
    """401."""
    return Status("unauthorized", 401, "The API key is not valid.")


def forbidden() -> Status:
    """403."""
    return Status("forbidden", 403, "Your key does not have access to this model.")


def not_found() -> Status:
    """404, as for a model that has been retired."""
    return Status("not found", 404, "The model does not exist or you do not have access to it.")


def too_large() -> Status:
    """413."""
    return Status("too large", 413, "The request exceeds the maximum size.")


def status(code: int, message: str = "") -> Status:
    """Any status."""
    return Status(f"status {code}", code, message or f"Status {code}.")


def cut_off() -> Ended:
    """The answer ends in the middle, for want of tokens."""
    return Ended("cut off", Ending.LENGTH)


def refusal() -> Ended:
    """The model refuses."""
    return Ended("refusal", Ending.REFUSAL)


def block() -> Ended:
    """A filter takes the answer away."""
    return Ended("block", Ending.BLOCK)


def hang() -> Delayed:
    """No answer, until the client hangs up or the server closes."""
    return Delayed("hang")


def slow(seconds: float) -> Delayed:
    """An answer that late."""
    return Delayed("slow", seconds)


def trickling(seconds: float) -> Delayed:
    """An answer whose bytes are spread over that time."""
    return Delayed("trickling", seconds, trickle=True)


def held(until: threading.Event) -> Delayed:
    """An answer that waits for an event: for tests that must do something while a call is in flight."""
    return Delayed("held", until=until)


def dropped(where: Where = "before", *, reset: bool = False) -> Dropped:
    """A connection that drops."""
    return Dropped(f"dropped {where}{' with a reset' if reset else ''}", where, reset)


def lost() -> Dropped:
    """Everything is done, and the client never learns it: a batch that exists although its submission failed."""
    return replace(dropped("after"), name="lost")


def half_body() -> Spoiled:
    """A whole response that holds half of the answer."""
    return Spoiled("half a body", lambda body: body[: len(body) // 2])


def bad_json() -> Spoiled:
    """A 200 that is no JSON."""
    return Spoiled("bad JSON", lambda body: b'{"choices": [nope' + body[:20])


def empty_object() -> Spoiled:
    """A 200 that is `{}`."""
    return Spoiled("empty object", lambda body: b"{}")


def invalid_utf8() -> Spoiled:
    """A 200 whose texts hold bytes that are no UTF-8."""
    return Spoiled("invalid UTF-8", lambda body: _in_texts(body, b"\xff\xfe"))


def lone_surrogate() -> Spoiled:
    """A 200 whose texts hold half a surrogate pair, escaped: valid JSON, no valid text."""
    return Spoiled("lone surrogate", lambda body: _in_texts(body, rb"\ud83d"), usable=True)


def huge(size: int = 10_000_000) -> Spoiled:
    """A 200 whose texts are that long."""
    return Spoiled("huge", lambda body: _in_texts(body, b"x" * size), usable=True)


_TEXTS = (b'"text": "', b'"content": "', b'"choice": "', b'"model": "')


def _in_texts(body: bytes, inserted: bytes) -> bytes:
    """`body` with `inserted` at the start of its first text: what was written, or else what was chosen."""
    key = next((key for key in _TEXTS if key in body), None)
    return body if key is None else body.replace(key, key + inserted, 1)


FAULTS: Mapping[str, Callable[[], Fault]] = MappingProxyType(
    {
        "rate limited": rate_limited,
        "rate limited, in seconds": lambda: rate_limited(2),
        "rate limited, until a date": lambda: rate_limited(2, form="date"),
        "rate limited, in the body": lambda: rate_limited(2, form="details"),
        "500": server_error,
        "503": unavailable,
        "529": overloaded,
        "HTML 502": html_page,
        "HTML 200": lambda: html_page(200),
        "headers repeated": repeating,
        "hang": hang,
        "dropped before": dropped,
        "dropped before, reset": lambda: dropped(reset=True),
        "dropped in the middle": lambda: dropped("middle"),
        "lost": lost,
        "half a body": half_body,
        "bad JSON": bad_json,
        "{}": empty_object,
        "invalid UTF-8": invalid_utf8,
        "lone surrogate": lone_surrogate,
        "huge": huge,
        "cut off": cut_off,
        "refusal": refusal,
        "block": block,
        "400": bad_request,
        "401": unauthorized,
        "403": forbidden,
        "404": not_found,
    }
)
"""Every fault by name, for a test that goes through them all. (`slow`, `trickling` and `held` only take time.)"""
