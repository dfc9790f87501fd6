"""Reads the exports of the original study: one judged comparison a line, tuned model against baseline.

In these files "Response A" is the baseline in every single line, whatever was printed first; `presentation_order` says only
which of the two was printed first (`AB`: the baseline). So the labels are always baseline-first, and revealing a verdict by
the printing order instead inverts every line that says `BA`. The winner is derived from the judge's words; the one that
was written down is kept beside it.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

import brie_bench
from brie_bench import (
    Comparison,
    Completion,
    Failure,
    Imported,
    Importer,
    Item,
    Judgment,
    Order,
    Prompt,
    Sampling,
    Unreadable,
    Verdict,
    VerdictError,
    Winner,
    hookimpl,
)
from brie_bench.spec.base import Name

_SHOWN = {"AB": Order.BASELINE_FIRST, "BA": Order.CONTENDER_FIRST}
_WINNERS = {"brie": Winner.CONTENDER, "tuned": Winner.CONTENDER, "baseline": Winner.BASELINE, "tie": Winner.TIE}
_ERROR = re.compile(
    r"\W{0,40}(?:"
    r"(?i:error|exception|traceback)\s*(?:[:(]|(?i:code)|[45]\d\d)"  # Error: …, Traceback (most recent call last)
    r"|[45]\d\d\s[A-Z]"  # 429 Too Many Requests
    r"|(?i:too many requests|rate.?limit|resource.exhausted|service unavailable|request timed out)"
    r"|.{0,80}?(?:\w(?:Error|Exception)\b|(?i:\b(?:http|status|code)(?:\s(?:error|status|code))*)\W{0,3}[45]\d\d\b)"
    r")"
)
_RATE_LIMIT = re.compile(r"\b429\b|rate.?limit|quota|too many requests|resource.exhausted", re.IGNORECASE)
_SECTION = re.compile(r"[^A-Za-z0-9._-]+")


class BrieExports(Importer):
    """Reads the JSONL exports of the original study, in both spellings of their fields.

    The judge is the one in the record, or `unknown`. An HTTP error that was filed as a judgment is a failure.
    """

    name = "brie-exports"
    revision = "1"

    class Options(brie_bench.Options):
        """What the tuned model is called: the records do not say, and other models have such records too."""

        contender: Name = Field(default="brie", description="The tuned model's name on the leaderboard.")

    options: Options

    def read(self, paths: Sequence[Path]) -> Iterator[Imported | Unreadable]:
        """Each line as a judgment or a failure, or why it could not be read."""
        from brie_bench.errors import SpecError
        from brie_bench.files import first_error, read_objects, sources

        for path, source, source_digest in sources(paths):
            for number, value in read_objects(path):
                if isinstance(value, SpecError):
                    yield Unreadable(source=source, line=number, reason=value.what)
                    continue
                try:
                    yield _imported(value, source, source_digest, number, self.options.contender)
                except ValidationError as error:
                    yield Unreadable(source=source, line=number, reason=first_error(error, Imported).rstrip("."))
                except KeyError as error:
                    yield Unreadable(source=source, line=number, reason=f"key {error} is missing")
                except TypeError as error:
                    yield Unreadable(source=source, line=number, reason=str(error))


def _imported(value: dict[str, Any], source: str, source_digest: str, line: int, contender: str) -> Imported:
    from brie_bench.spec.base import digest

    named = str(value.get("config_name") or value.get("category") or "")
    section = _SECTION.sub("-", named)[:100].strip("-._") or "all"
    words = _text(value, "prompt")
    if not words.strip():
        raise TypeError("'prompt' is empty")
    prompt = Prompt(id=f"p-{digest(words)[:10]}", text=words)
    sampling = Sampling(temperature=value.get("temperature"), max_tokens=value.get("max_tokens"))
    item = Item(
        section=section,
        kind="out_of_domain" if "category" in value else _kind(section),
        prompt=prompt,
        sampling=sampling,
    )
    comparison = Comparison(
        item=item,
        contender=Completion(text=_text(value, "brie_response", "brie_output")),
        baseline=Completion(text=_text(value, "baseline_response", "baseline_output")),
    )
    return Imported(
        source=source,
        source_digest=source_digest,
        line=line,
        contender=contender,
        baseline="baseline",
        judge=_text(value, "judge_model") if value.get("judge_model") else "unknown",
        comparison=comparison,
        outcome=_outcome(value, comparison.criteria),
        recorded_winner=_WINNERS.get(str(value.get("winner"))),
    )


def _text(value: dict[str, Any], *spellings: str) -> str:
    """The text under the first of these keys that is there."""
    name = next((name for name in spellings if name in value), spellings[0])
    text = value[name]
    if not isinstance(text, str):
        raise TypeError(f"'{name}' is no text")
    return text


def _outcome(value: dict[str, Any], criteria: Sequence[str]) -> Judgment | Failure:
    from brie_bench.blind import judgment, parse_label
    from brie_bench.grammar import parse_rationale, parse_scores

    text = _text(value, "judgment")
    try:
        label = parse_label(text)
    except VerdictError as error:
        if _ERROR.match(text):
            kind = "rate_limited" if _RATE_LIMIT.search(text) else "error"
            return Failure(kind=kind, message="an error was filed as a judgment", raw=text)
        return Failure(kind=error.kind, message=error.message, raw=text)
    verdict = Verdict(label=label, scores=parse_scores(text, criteria), rationale=parse_rationale(text), raw=text)
    return judgment(
        verdict,
        Order.BASELINE_FIRST,
        shown=_SHOWN.get(str(value.get("presentation_order"))),
        judged_at=_when(value.get("timestamp")),
    )


def _when(text: Any) -> datetime.datetime | None:
    try:
        return datetime.datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def _kind(section: str) -> str:
    if section.startswith("reproducibility"):
        return "reproducibility"
    if section.startswith(("temperature", "temp")):
        return "temperature"
    if section.startswith(("length", "tokens", "max_tokens")):
        return "length"
    return "in_domain"


@hookimpl
def register_importers(register) -> None:  # type: ignore[no-untyped-def]
    register(BrieExports)
