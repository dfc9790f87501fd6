"""Replies: what a status, a body and an exception mean, whichever library brought them."""

from __future__ import annotations

import ssl
import time
from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Failed, Usage
from brie_bench.plugin.replies import at, count_at, entries, name_at, of_exception, of_status, parsed, text_at

httpx2 = pytest.importorskip("httpx2", reason="httpx2 comes with the providers' libraries")

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
paths = st.lists(st.sampled_from("abc") | st.integers(-2, 2), max_size=4)
modest = settings(deadline=None, max_examples=60)


@modest
@given(values, paths)
def test_whatever_lies_there_nothing_breaks(value: Any, path: list[str | int]) -> None:
    """Any JSON value, any path: a part of it, or nothing, and of the right kind."""
    at(value, *path)
    assert isinstance(entries(value, *path), list)
    assert isinstance(text_at(value, *path), str)
    assert (count_at(value, *path) or 0) >= 0


def test_a_path_leads_to_a_part() -> None:
    """Keys and positions; nothing where one of them is missing."""
    value = {"a": [{"b": "c", "n": 3}]}
    assert ("c", 3, None, None) == (
        at(value, "a", 0, "b"),
        count_at(value, "a", 0, "n"),
        at(value, "a", 1),
        at(value, 0),
    )


def test_truth_is_no_count() -> None:
    """Nor are half and less than nothing."""
    assert [None, None, None] == [count_at({"n": n}, "n") for n in (True, 0.5, -1)]


def test_a_models_name_is_no_book() -> None:
    """As much of it as a name can be."""
    assert 300 == len(name_at({"model": "x" * 10_000}, "model") or "")


def failed(status: int, body: str = "", **headers: str) -> Failed:
    return of_status(status, {name.replace("_", "-"): value for name, value in headers.items()}, body)


@pytest.mark.parametrize(
    ("status", "kind", "retryable"),
    [
        (302, "error", False),
        (400, "error", False),
        (401, "fatal", False),
        (402, "fatal", False),
        (403, "fatal", False),
        (404, "fatal", False),
        (408, "error", True),
        (409, "error", True),
        (413, "too_long", False),
        (422, "error", False),
        (429, "rate_limited", True),
        (500, "error", True),
        (529, "error", True),
    ],
)
def test_a_status_has_a_kind(status: int, kind: str, retryable: bool) -> None:
    """Whatever the body is; nothing was billed."""
    for body in ("", "{}", "null", "[]", '"no"', '{"error": null}', "<html>", "[" * 10_000):
        found = failed(status, body)
        assert (kind, retryable, Usage(input_tokens=0, output_tokens=0)) == (found.kind, found.retryable, found.usage)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (429, '{"error": {"code": "insufficient_quota", "message": "m"}}', "fatal"),
        (400, '{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}', "fatal"),
        (400, '[{"error": {"details": [{"reason": "API_KEY_INVALID"}]}}]', "fatal"),
        (400, '{"error": {"code": "context_length_exceeded"}}', "too_long"),
        (400, '{"error": {"message": "prompt is too long: 209 tokens > 200 maximum"}}', "too_long"),
        (400, '{"error": {"message": "The input token count (9) exceeds the maximum number of tokens (8)."}}', "too_long"),
        (400, '{"error": "This model\'s maximum context length is 8192 tokens."}', "too_long"),
        (400, '{"error": {"code": "content_filter"}}', "refused"),
        (500, '{"error": {"message": "the context length could not be computed"}}', "error"),
        (400, '{"error": {"code": {"odd": 1}, "type": ["odd"]}}', "error"),
    ],
)  # fmt: skip
def test_a_body_may_say_more_than_the_status(status: int, body: str, kind: str) -> None:
    """A quota that is used up does not come back by waiting; a prompt that is too long stays so."""
    found = failed(status, body)
    assert (kind, kind == "error" and status == 500) == (found.kind, found.retryable)


@pytest.mark.parametrize(
    ("headers", "body", "wait"),
    [
        ({"retry_after": "2"}, "", 2.0),
        ({"retry_after": "0.5"}, "", 0.5),
        ({"retry_after": "-3"}, "", 0.0),
        ({"retry_after_ms": "250", "retry_after": "9"}, "", 0.25),
        ({"retry_after": "soon"}, "", None),
        ({"retry_after": "nan"}, "", None),
        ({"retry_after": "inf"}, "", None),
        ({}, '{"error": {"details": [{"reason": "r"}, {"retryDelay": "1.5s"}]}}', 1.5),
        ({}, '{"error": {"details": [{"retryDelay": 3}]}}', None),
    ],
)
def test_a_wait_is_said_in_several_ways(headers: dict[str, str], body: str, wait: float | None) -> None:
    """In headers or in the body; what is no time is no wait."""
    assert wait == failed(503, body, **headers).retry_after


def test_a_wait_may_be_a_date() -> None:
    """One that has passed is no wait at all."""
    assert 8 < (failed(429, retry_after=formatdate(time.time() + 10, usegmt=True)).retry_after or 0) <= 10
    assert 0.0 == failed(429, retry_after=formatdate(0, usegmt=True)).retry_after


def test_what_stays_has_no_wait() -> None:
    """A wait would make it look as if it might pass."""
    assert (None, False) == (failed(400, retry_after="2").retry_after, failed(400, retry_after="2").retryable)


def test_a_message_is_one_printable_line() -> None:
    """Whatever a server says: no terminal code, no line break, no book."""
    found = failed(400, '{"error": {"message": "red \\u001b[31m\\nalert ' + "x" * 5000 + '"}}')
    assert found.message.startswith("HTTP 400: red \\x1b[31m alert xxx")
    assert len(found.message) < 500


@pytest.mark.parametrize("body", ["", "{", b"\xff", "[" * 100_000, "<html><title>Sign in</title>"])
def test_what_is_no_json_is_no_answer(body: Any) -> None:
    """It may pass; what it cost is not known."""
    with pytest.raises(Failed, match="unreadable") as caught:
        parsed(body)
    assert ("error", True, None) == (caught.value.kind, caught.value.retryable, caught.value.usage)


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    ("error", "kind", "retryable", "billed"),
    [
        (httpx2.ConnectError("refused"), "error", True, False),
        (httpx2.ConnectTimeout("slow"), "error", True, False),
        (httpx2.ReadTimeout("slow"), "timeout", True, True),
        (httpx2.RemoteProtocolError("gone"), "error", True, True),
        (caused(RuntimeError("wrapped"), httpx2.ReadTimeout("slow")), "timeout", True, True),
        (caused(httpx2.ConnectError("tls"), ssl.SSLCertVerificationError("self-signed")), "fatal", False, False),
        (ImportError("half a library"), "fatal", False, False),
        (ValueError("no JSON"), "error", True, True),
        (KeyError("a mistake"), "error", False, True),
    ],
)
def test_an_exception_has_a_kind(error: Exception, kind: str, retryable: bool, billed: bool) -> None:
    """By itself or by its cause; what reached nobody cost nothing, of the rest it is not known."""
    found = of_exception(error, str)
    assert (kind, retryable, billed) == (found.kind, found.retryable, found.usage is None)


def test_causes_in_a_circle_end() -> None:
    """An exception may be its own cause's cause."""
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first
    assert "error" == of_exception(first, str).kind
