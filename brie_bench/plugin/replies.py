"""What a provider's HTTP replies mean, whichever library brought them: an answer's parts, an error's kind, a wait."""

from __future__ import annotations

import contextlib
import json
import math
import re
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from brie_bench.errors import Failed, FailureKind, in_words, plain
from brie_bench.spec.completion import Usage

NOTHING = Usage(input_tokens=0, output_tokens=0)
"""What a request took that a server turned down, or that never reached one."""

_KINDS = {
    "insufficient_quota": FailureKind.FATAL,
    "billing_not_active": FailureKind.FATAL,
    "API_KEY_INVALID": FailureKind.FATAL,
    "context_length_exceeded": FailureKind.TOO_LONG,
    "request_too_large": FailureKind.TOO_LONG,
    "content_filter": FailureKind.REFUSED,
    "content_policy_violation": FailureKind.REFUSED,
    "invalid_prompt": FailureKind.REFUSED,
}
"""Words in an error's body that say more than its status."""
_TOO_LONG = re.compile(
    r"prompt is too long|maximum context length|context (?:length|window|size)|input token count|too many tokens", re.I
)
_PASSING = frozenset([408, 409, 425])
_DENIED = frozenset([401, 402, 403, 404])
_LONGEST_NAME = 300


def at(value: Any, *path: str | int) -> Any:
    """What lies at a path of keys and positions in a JSON value; None where something is missing or of another shape."""
    for step in path:
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, list) and -len(value) <= step < len(value):
            value = value[step]
        else:
            return None
    return value


def entries(value: Any, *path: str | int) -> list[Any]:
    """The list at a path; empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, list) else []


def text_at(value: Any, *path: str | int) -> str:
    """The text at a path; empty where there is none."""
    found = at(value, *path)
    return found if isinstance(found, str) else ""


def name_at(value: Any, *path: str | int) -> str | None:
    """The model's name at a path, as much of it as a name can be; None where there is none."""
    return text_at(value, *path)[:_LONGEST_NAME] or None


def count_at(value: Any, *path: str | int) -> int | None:
    """The count at a path; None where there is none: an odd count must not cost a paid answer."""
    found = at(value, *path)
    return found if isinstance(found, int) and not isinstance(found, bool) and found >= 0 else None


def parsed(body: bytes | str) -> Any:
    """The JSON value of a 200's body. Raises Failed: a page, half an answer or bytes that are no UTF-8 are no answer."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        text = body if isinstance(body, str) else body.decode("utf-8", "replace")
        why = _first_words(text) if text.lstrip().startswith("<") else in_words(error)
    raise unreadable(plain(why), text)


def unreadable(why: str, body: Any = "") -> Failed:
    """A reply that is no answer although it came with a 200. It may have been billed; what it took is not known."""
    return Failed(FailureKind.ERROR, f"the server's answer is unreadable: {why}", retryable=True, raw=_shown(body))


def refused(why: str, body: Any, usage: Usage) -> Failed:
    """A prompt that was turned down without a word that could be judged."""
    return Failed(FailureKind.REFUSED, why, raw=_shown(body), usage=usage)


def unanswered(said: str) -> Failed:
    """A row of a batch that has no answer, for what the service says of it. It was not billed."""
    kind = FailureKind.TOO_LONG if _TOO_LONG.search(said) else FailureKind.ERROR
    return Failed(kind, f"the batch did not answer: {plain(said, 400) or 'no reason is given'}", usage=NOTHING)


def of_status(status: int, headers: Mapping[str, str], text: str) -> Failed:
    """The failure that an error status means. Nothing was billed.

    429 is `rate_limited`; 401, 402, 403 and 404 are `fatal`, since no other call can succeed; 408, 409 and 5xx may pass;
    413 and a prompt beyond the model's window are `too_long`; any other is an `error` that stays.
    """
    body: Any = None
    with contextlib.suppress(ValueError, RecursionError):
        body = json.loads(text)
    body = at(body, 0) if isinstance(body, list) else body
    words = [at(body, "error", name) for name in ("code", "type", "status")]
    words += [at(each, "reason") for each in entries(body, "error", "details")]
    said = text_at(body, "error", "message") or text_at(body, "error") or text_at(body, "message") or _first_words(text)
    kind = next((_KINDS[word] for word in words if isinstance(word, str) and word in _KINDS), None)
    if kind is None:
        kind = _kind(status, said)
    passing = kind is FailureKind.RATE_LIMITED or (kind is FailureKind.ERROR and (status in _PASSING or status >= 500))
    return Failed(
        kind,
        f"HTTP {status}: {plain(said, 400)}",
        retry_after=_wait(headers, body) if passing else None,
        retryable=passing,
        raw=text,
        usage=NOTHING,
    )


def _kind(status: int, said: str) -> FailureKind:
    if status == 429:
        return FailureKind.RATE_LIMITED
    if status in _DENIED:
        return FailureKind.FATAL
    if status == 413 or (status < 500 and _TOO_LONG.search(said)):
        return FailureKind.TOO_LONG
    return FailureKind.ERROR


def of_exception(error: Exception, hidden: Callable[[str], str]) -> Failed:
    """The failure that a library's exception means. `hidden` takes the key out of a text.

    Every one of the libraries talks through httpx2, whose exceptions it raises as they are or as the cause of its own.
    """
    import ssl

    import httpx2

    if isinstance(error, Failed):
        return Failed(
            error.kind,
            hidden(error.message),
            retry_after=error.retry_after,
            retryable=error.retryable,
            raw=hidden(error.raw),
            usage=error.usage,
        )
    response = getattr(error, "response", None)
    if isinstance(response, httpx2.Response) and not response.is_success:
        return of_status(response.status_code, response.headers, hidden(response.text))
    chain = list(_chain(error))
    words = plain(hidden(in_words(chain[-1])), 400)
    if any(isinstance(each, ssl.SSLCertVerificationError) for each in chain):
        mend = "Set SSL_CERT_FILE to a file with the certificate of whoever signed it."
        return Failed(FailureKind.FATAL, f"the server's certificate is not trusted: {words}. {mend}", usage=NOTHING)
    if any(isinstance(each, httpx2.ConnectError | httpx2.ConnectTimeout | httpx2.PoolTimeout) for each in chain):
        return Failed(FailureKind.ERROR, f"no connection: {words}", retryable=True, usage=NOTHING)
    if any(isinstance(each, httpx2.TimeoutException) for each in chain):
        return Failed(FailureKind.TIMEOUT, "the server did not answer in time")
    if any(isinstance(each, httpx2.TransportError) for each in chain):
        return Failed(FailureKind.ERROR, f"the connection broke: {words}", retryable=True)
    if isinstance(error, ImportError):
        return Failed(FailureKind.FATAL, f"its library cannot be used: {words}", usage=NOTHING)
    if isinstance(response, httpx2.Response) or isinstance(error, ValueError):
        return unreadable(words, hidden(response.text) if isinstance(response, httpx2.Response) else "")
    return Failed(FailureKind.ERROR, plain(hidden(in_words(error)), 400))


def _chain(error: BaseException) -> Iterator[BaseException]:
    """An exception and what caused it, the first cause last; a circle is walked once."""
    seen: set[int] = set()
    each: BaseException | None = error
    while each is not None and id(each) not in seen:
        seen.add(id(each))
        yield each
        each = each.__cause__ or each.__context__


def _wait(headers: Mapping[str, str], body: Any) -> float | None:
    """The seconds that a server asks to wait: `retry-after-ms`, `retry-after` (seconds or a date), google's RetryInfo."""
    delays = [text_at(each, "retryDelay").removesuffix("s") for each in entries(body, "error", "details")]
    given = headers.get("retry-after", "")
    candidates = [_seconds(headers.get("retry-after-ms", ""), 0.001), _seconds(given), _until(given)]
    return next((wait for wait in [*candidates, *map(_seconds, delays)] if wait is not None), None)


def _seconds(text: str, unit: float = 1.0) -> float | None:
    try:
        seconds = float(text) * unit
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def _until(date: str) -> float | None:
    from email.utils import parsedate_to_datetime

    try:
        return max(0.0, parsedate_to_datetime(date).timestamp() - time.time())
    except (ValueError, TypeError, OverflowError):
        return None


def _first_words(text: str) -> str:
    """Of a page that is no JSON: its title, or how it begins."""
    title = re.search(r"<title>(.{1,200}?)</title>", text[:10_000], re.I | re.S)
    return f"a page titled '{title[1].strip()}'" if title else text[:400].strip() or "no words"


def _shown(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body, ensure_ascii=False)
