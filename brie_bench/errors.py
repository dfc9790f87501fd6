"""What can go wrong, in words: what, where and the mend, in one line.

`BrieError` and its children end a command; `Failed` ends one call and becomes a recorded `Failure`.
Standard library only, so that the command line can import it for nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from enum import StrEnum
from typing import Any

_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff\U000e0000-\U000e007f]"
)


def plain(text: object, limit: int = 300) -> str:
    """`text` as one printable line of at most `limit` characters.

    Control characters, terminal escapes, bidirectional overrides, zero-width characters and lone surrogates become a
    visible `\\x1b`-like escape: text that a model or a stranger's file holds must not move a terminal's cursor.
    """
    line = _UNPRINTABLE.sub(_escape, str(text)[: 4 * limit].strip())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def plain_json(value: Any) -> str:
    """`value` as indented JSON that may be printed: the same content, with whatever does not print written as `\\u…`."""
    import json

    text = json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)
    return "\n".join(_UNPRINTABLE.sub(lambda match: json.dumps(match.group())[1:-1], line) for line in text.split("\n"))


def _escape(match: re.Match[str]) -> str:
    character = match.group()
    if character in "\n\r\t":
        return " "
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}"


def in_words(error: BaseException) -> str:
    """`Type: message` of a stranger's exception, whose message may itself not be had."""
    try:
        message = str(error)
    except Exception:
        message = "(its message cannot be shown)"
    return f"{type(error).__name__}: {message}"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """` Did you mean 'x'?` or, with nothing close, ` Known: a, b.`; empty when nothing is known."""
    known = sorted(known)
    close = difflib.get_close_matches(name[:100], known, n=1, cutoff=0.6)
    if close:
        return f" Did you mean '{close[0]}'?"
    return f" Known: {', '.join(known)}." if known else ""


class BrieError(Exception):
    """Ends a command with one line on stderr. `exit_status` is 1: an error."""

    exit_status = 1

    def __init__(self, what: str, *, where: object = None, mend: str = "") -> None:
        self.what, self.where, self.mend = what, where, mend
        prefix = f"{plain(where)}: " if where is not None else ""
        super().__init__(plain(f"{prefix}{what}{' ' + mend.strip() if mend else ''}", limit=1200))


class UsageError(BrieError):
    """The command was called wrongly. `exit_status` is 2."""

    exit_status = 2


class SpecError(BrieError):
    """A file does not hold what its schema asks for."""


class PluginError(BrieError):
    """A plugin is missing, broken, or was given options that it does not take."""


class LedgerError(BrieError):
    """The ledger cannot be opened, read or written."""


class FailureKind(StrEnum):
    """Why there is no verdict or no completion."""

    ERROR = "error"
    FATAL = "fatal"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate_limited"
    REFUSED = "refused"
    TRUNCATED = "truncated"
    TOO_LONG = "too_long"
    UNPARSED = "unparsed"
    CONTRADICTORY = "contradictory"


class Failed(Exception):  # noqa: N818  a call has failed; the name is the plugin author's
    """Raised by a plugin's call that has no answer; the engine records it as a `Failure` of that kind.

    `retry_after` is in seconds, as a server asked for. `retryable` says whether the same call may succeed later; where it
    is left out, a rate limit, a time-out and whatever names a wait may. `raw` is what was received, kept for the record.
    `usage` is what the failed call cost, where it is known: `Usage(input_tokens=0, output_tokens=0)` says that it cost
    nothing.
    """

    def __init__(
        self,
        kind: FailureKind | str,
        message: str,
        *,
        retry_after: float | None = None,
        retryable: bool | None = None,
        raw: str = "",
        usage: Any = None,
    ) -> None:
        super().__init__(message)
        self.kind = FailureKind(kind)
        self.message = message
        self.retry_after = retry_after
        passing = self.kind in (FailureKind.RATE_LIMITED, FailureKind.TIMEOUT) or retry_after is not None
        self.retryable = passing if retryable is None else retryable
        self.raw = raw
        self.usage = usage


class VerdictError(Failed):
    """A judge's text holds no verdict (`unparsed`), or several that disagree (`contradictory`)."""
