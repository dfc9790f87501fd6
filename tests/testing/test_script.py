"""Rules: to which requests a fault happens."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.testing import (
    ANYTHING,
    Endpoint,
    Received,
    always,
    at,
    bad_json,
    first_attempts,
    hang,
    refusal,
    server_error,
    share,
    when,
)
from brie_bench.testing.script import Script


def _request(
    body: bytes = b"{}", *, endpoint: Endpoint = Endpoint.CALL, protocol: str = "openai", **more: Any
) -> Received:
    fields = {"method": "POST", "path": "/v1/responses", "query": "", "headers": {}, **more}
    return Received(1, 1, body=body, protocol=protocol, endpoint=endpoint, **fields)


def _names(script: Script, requests: list[Received]) -> list[str]:
    return [fault.name if (fault := script.fault(request)) else "" for request in requests]


def test_a_fault_without_a_rule_happens_to_every_call() -> None:
    """Alone, or in a list; a server without faults has none."""
    requests = [_request(), _request()]
    assert _names(Script(hang()), requests) == ["hang", "hang"]
    assert _names(Script([hang()]), requests) == ["hang", "hang"]
    assert _names(Script(), requests) == ["", ""]


def test_a_number_is_that_of_the_requests_that_a_rule_is_for() -> None:
    """The second of anthropic's is the fourth of all."""
    rule = at(hang(), 2).only(protocol="anthropic")
    requests = [_request(protocol=name) for name in ("openai", "anthropic", "openai", "anthropic", "anthropic")]
    assert _names(Script(rule), requests) == ["", "", "", "hang", ""]


def test_batches_and_files_are_spared_unless_a_rule_says_otherwise() -> None:
    """The default is for calls alone."""
    requests = [_request(endpoint=endpoint) for endpoint in (Endpoint.CALL, Endpoint.FILE, Endpoint.BATCH_POLL)]
    assert _names(Script(always(hang())), requests) == ["hang", "", ""]
    assert _names(Script(always(hang()).only(endpoints=ANYTHING)), requests) == ["hang"] * 3


def test_a_rule_may_be_for_some_models() -> None:
    """By pattern; google's model is in the path."""
    rule = always(hang()).only(model="judge-*")
    requests = [
        _request(b'{"model": "judge-1"}'),
        _request(b'{"model": "models/judge-1"}'),
        _request(b'{"model": "other"}'),
        _request(b"{}", path="/v1/models/judge-2:generateContent", protocol="google"),
    ]
    assert _names(Script(rule), requests) == ["hang", "hang", "", "hang"]


def test_the_first_rule_that_fires_decides() -> None:
    """The others count on."""
    script = Script([at(hang(), 2), at(bad_json(), 2, 3)])
    assert _names(script, [_request()] * 3) == ["", "hang", "bad JSON"]


def test_first_attempts_are_counted_by_content() -> None:
    """Each of two calls fails once and then succeeds, however they are mixed."""
    a, b = _request(b'"a"'), _request(b'"b"')
    script = Script(first_attempts(server_error()))
    assert _names(script, [a, b, b, a, a]) == ["status 500", "status 500", "", "", ""]


def test_a_predicate_decides() -> None:
    """About anything in a request."""
    rule = when(refusal(), lambda request: b"poison" in request.body)
    assert _names(Script(rule), [_request(b"poison"), _request(b"cake")]) == ["refusal", ""]


@settings(deadline=None, max_examples=20)
@given(st.permutations(range(60)), st.integers(0, 5))
def test_a_share_is_the_same_in_whatever_order_requests_come(order: list[int], seed: int) -> None:
    """Content and attempt decide, not the order of arrival."""
    requests = [_request(str(i % 30).encode()) for i in range(60)]
    rule = share(hang(), 0.3, seed=seed)
    straight = [sum(pair) for pair in _by_content(Script(rule), requests)]
    mixed = [sum(pair) for pair in _by_content(Script(rule), [requests[i] for i in order])]
    assert mixed == straight


def _by_content(script: Script, requests: list[Received]) -> list[list[bool]]:
    struck: dict[bytes, list[bool]] = {}
    for request in requests:
        struck.setdefault(request.body, []).append(script.fault(request) is not None)
    return [struck[body] for body in sorted(struck)]


def test_a_share_is_about_that_share() -> None:
    """One in twenty, of four thousand; another seed strikes others."""
    requests = [_request(str(i).encode()) for i in range(4000)]
    struck = [
        {i for i, name in enumerate(_names(Script(share(hang(), 0.05, seed=s)), requests)) if name} for s in (1, 2)
    ]
    assert all(150 < len(each) < 250 for each in struck)
    assert struck[0] != struck[1]


def test_a_rule_can_be_used_twice() -> None:
    """A server counts for itself."""
    rule = at(hang(), 1)
    assert [_names(Script(rule), [_request()]) for _ in range(2)] == [["hang"], ["hang"]]


def test_uploads_of_one_file_are_attempts_at_the_same_thing() -> None:
    """Though each has a boundary of its own."""
    uploads = [
        _request(
            f"--{boundary}\r\n\r\nfile\r\n--{boundary}--".encode(),
            endpoint=Endpoint.FILE,
            headers={"content-type": f"multipart/form-data; boundary={boundary}"},
        )
        for boundary in ("abc", "xyz")
    ]
    script = Script(first_attempts(server_error()).only(endpoints=ANYTHING))
    assert _names(script, uploads) == ["status 500", ""]
