"""Lint: every spot in some files that would spoil training data; each kind can be switched off."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from brie_bench.conversations import lints, patterns
from brie_bench.conversations.duplicates import Duplicates
from brie_bench.conversations.reading import Broken, Placed, read_all
from brie_bench.conversations.spot import Spot
from brie_bench.conversations.text import Text
from brie_bench.conversations.validate import spot
from brie_bench.errors import UsageError, did_you_mean, plain

NEAR_DUPLICATE, SINGLE_TURN = "near-duplicate", "single-turn"


@dataclass(frozen=True, slots=True)
class Lint:
    """A kind of fault: its code, how much it matters, what it is, the mend, and what finds it."""

    code: str
    severity: Literal["error", "warning", "note"]
    message: str
    mend: str
    check: lints.Check


_found = lints.found

LINTS = {
    lint.code: lint
    for lint in (
        Lint(
            "role-mark",
            "error",
            "a role mark was pasted into the text",
            "Remove it (--fix does).",
            _found(patterns.ROLE_MARK, "user", "assistant"),
        ),
        Lint(
            "boilerplate",
            "warning",
            "the words of an assistant that talks of itself or of its service",
            "Cut the phrase.",
            _found(patterns.BOILERPLATE, "assistant"),
        ),
        Lint(
            "refusal",
            "error",
            "the answer refuses",
            "Leave it out, unless refusing is what you teach.",
            _found(patterns.REFUSAL, "assistant"),
        ),
        Lint("cut-off", "error", "the answer ends in mid-sentence", "Complete it, or leave it out.", lints.cut_off),
        Lint(
            "debris",
            "warning",
            "markup or buttons of a web page",
            "Remove it (--fix removes tags, entities and buttons).",
            _found(patterns.DEBRIS, "user", "assistant"),
        ),
        Lint(
            "mojibake",
            "error",
            "characters that were decoded wrongly",
            "Decode the source again as UTF-8 (--fix mends what can be told).",
            _found(patterns.MOJIBAKE, "system", "user", "assistant"),
        ),
        Lint(
            "language",
            "warning",
            "the answer seems not to be in English",
            "Leave it out, or switch this off.",
            lints.language,
        ),
        Lint(
            "mispaired",
            "warning",
            "the answer shares no content word with what was asked",
            "Check the pairing.",
            lints.mispaired,
        ),
        Lint(
            "personal-data",
            "error",
            "an e-mail address, a phone number or another number of a person",
            "Mask it (--fix does).",
            lints.personal,
        ),
        Lint(
            "secret",
            "error",
            "a key or password",
            "Revoke it, then mask it (--fix masks it).",
            _found(patterns.SECRET, "system", "user", "assistant"),
        ),
        Lint("length", "warning", "the answer is extremely short or long", "Look at it.", lints.length),
        Lint(
            SINGLE_TURN,
            "note",
            "one exchange only, in a project of several turns",
            "Extend it, or switch this off.",
            lints.single_turn,
        ),
    )
}
CODES = (*LINTS, NEAR_DUPLICATE)


def chosen_codes(select: Iterable[str], ignore: Iterable[str]) -> frozenset[str]:
    """The lints to run: those selected, or all, less those ignored. Raises UsageError for an unknown code."""
    select, ignore = tuple(select), tuple(ignore)
    for code in (*select, *ignore):
        if code not in CODES:
            raise UsageError(f"no lint '{plain(code, 40)}'.", mend=did_you_mean(code, CODES))
    return frozenset(select or CODES) - frozenset(ignore)


def lint(paths: Iterable[Path], codes: Collection[str] = CODES) -> Iterator[Spot]:
    """Every spot, in the order of the files. `single-turn` speaks only where half of the conversations or more have several
    turns: then a single exchange is the exception, and comes last."""
    seen = Duplicates()
    places: list[str] = []
    single: list[tuple[str, int, str]] = []
    n_several = n_all = 0
    alone = frozenset(codes) - {SINGLE_TURN}
    for each in read_all(paths):
        if isinstance(each, Broken):
            yield Spot(code="schema", severity="error", file=each.file, line=each.line, message=each.reason)
            continue
        yield from lint_one(each, alone)
        several = sum(turn.role == "user" for turn in each.conversation.messages) > 1
        n_several += several
        n_all += 1
        if not several and SINGLE_TURN in codes:
            single.append((each.file, each.line, each.conversation.id))
        if NEAR_DUPLICATE in codes:
            yield from _duplicate(each, seen, places)
    if 2 * n_several >= n_all:
        kind = LINTS[SINGLE_TURN]
        for file, line, name in single:
            yield Spot(
                code=kind.code,
                severity=kind.severity,
                file=file,
                line=line,
                conversation=name,
                message=kind.message,
                mend=kind.mend,
            )


def lint_one(placed: Placed, codes: Collection[str] = CODES) -> Iterator[Spot]:
    """The spots of one conversation that can be told from it alone."""
    texts = [Text.of(turn.role, turn.content) for turn in placed.conversation.messages]
    for code, each in LINTS.items():
        if code in codes:
            for turn, words in each.check(texts):
                yield spot(placed, code, each.severity, each.message, each.mend, turn=turn, example=plain(words, 160))


def _duplicate(placed: Placed, seen: Duplicates, places: list[str]) -> Iterator[Spot]:
    """A conversation whose answers nearly repeat an earlier one's."""
    conversation = placed.conversation
    found = seen.add("\n".join(turn.content for turn in conversation.messages if turn.role == "assistant"))
    places.append(f"{placed.file}:{placed.line} ({conversation.id})")
    if found is not None:
        message = f"the answers repeat {found[1]:.0%} of {places[found[0]]}"
        yield spot(placed, NEAR_DUPLICATE, "warning", message, "Keep the better one.")
