"""Is it what the data spec asks for? Line by line, and over all files: ids, splits, provenance, consent."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from brie_bench.conversations.reading import Broken, Placed, read_all
from brie_bench.conversations.spot import Spot

WANTED = ("source", "date", "licence", "consent")
"""What a complete provenance says besides the author."""


def validate(paths: Iterable[Path], *, least: int | None = None, most: int | None = None) -> Iterator[Spot]:
    """Every fault of every line. `least` and `most` are the turns a conversation must have, its system turn not counted.

    Memory grows with the ids and prompt groups only.
    """
    lines: dict[str, str] = {}
    splits: dict[str, tuple[str, str]] = {}
    for each in read_all(paths):
        if isinstance(each, Broken):
            yield Spot(code="schema", severity="error", file=each.file, line=each.line, message=each.reason)
            continue
        yield from _ids(each, lines)
        yield from _splits(each, splits)
        yield from _turns(each, least, most)
        yield from _provenance(each)


def _ids(placed: Placed, lines: dict[str, str]) -> Iterator[Spot]:
    here = f"{placed.file}:{placed.line}"
    first = lines.setdefault(placed.conversation.id, here)
    if first != here:
        yield spot(
            placed, "duplicate-id", "error", f"the id '{placed.conversation.id}' is that of {first} too", "Rename one."
        )


def _splits(placed: Placed, splits: dict[str, tuple[str, str]]) -> Iterator[Spot]:
    conversation = placed.conversation
    if conversation.split is None:
        return
    split, where = splits.setdefault(conversation.prompt_group, (conversation.split, f"{placed.file}:{placed.line}"))
    if split != conversation.split:
        yield spot(
            placed,
            "split-leak",
            "error",
            f"prompt group '{conversation.prompt_group}' is in {conversation.split} here and in {split} at {where}",
            "A prompt in two splits leaks from one into the other: split again by 'brie-bench conversations split'.",
        )


def _turns(placed: Placed, least: int | None, most: int | None) -> Iterator[Spot]:
    spoken = sum(turn.role != "system" for turn in placed.conversation.messages)
    if (least is not None and spoken < least) or (most is not None and spoken > most):
        asked = f"{least or 1} to {most}" if most is not None else f"{least} or more"
        yield spot(
            placed, "turns", "error", f"{spoken} turns where {asked} are asked for", "Leave it out, or extend it."
        )


def _provenance(placed: Placed) -> Iterator[Spot]:
    provenance = placed.conversation.provenance
    if provenance.consent is False:
        yield spot(placed, "consent", "error", "somebody whose words these are did not consent", "Leave it out.")
    missing = [name for name in WANTED if getattr(provenance, name) is None]
    if provenance.model is not None and provenance.lab is None:
        missing.append("lab")
    if missing:
        yield spot(
            placed, "provenance", "warning", f"the provenance does not say its {', '.join(missing)}", "Add them."
        )


def spot(
    placed: Placed, code: str, severity: str, message: str, mend: str, *, turn: int | None = None, example: str = ""
) -> Spot:
    """A spot in a conversation."""
    return Spot.model_validate(
        {
            "code": code,
            "severity": severity,
            "file": placed.file,
            "line": placed.line,
            "conversation": placed.conversation.id,
            "turn": turn,
            "message": message,
            "example": example,
            "mend": mend,
        }
    )
