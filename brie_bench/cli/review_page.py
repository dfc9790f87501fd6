"""The page of a review: a conversation, what is wrong with it, and the other responses to its prompt, as lines to print."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from brie_bench.errors import plain

if TYPE_CHECKING:
    from rich.console import Console

    from brie_bench.conversations.review import Review, Reviewed
    from brie_bench.conversations.spot import Spot

GLIMPSE = 400
"""Characters that are shown of another response, unless it is asked for in full."""


def page(console: Console, review: Review, position: int, spots: Iterable[Spot], *, in_full: bool = False) -> list[str]:
    """The page as lines of the console's width. Whatever does not print is shown as an escape."""
    from rich.padding import Padding
    from rich.text import Text

    one = review.all[position]
    with console.capture() as captured:
        console.rule(Text(_title(review, position)), align="left")
        for line in _about(one):
            console.print(Text(line, style="dim"))
        for turn in one.conversation.messages:
            console.print(Text(turn.role, style="bold"))
            console.print(Padding(Text(printable(turn.content)), (0, 0, 0, 2)))
        for spot in spots:
            console.print(Text(_spot(spot), style="yellow"))
        for other in review.others(one):
            said = other.conversation.messages[-1].content
            shown = printable(said) if in_full else plain(said, GLIMPSE)
            console.print(Text(f"another response: {other.conversation.id}{_verdict(other)}", style="bold"))
            console.print(Padding(Text(shown), (0, 0, 0, 2)))
    return [line.rstrip() for line in captured.get().rstrip("\n").split("\n")]


def printable(text: str) -> str:
    """`text` with its lines and their margins, and everything else that does not print as a visible escape."""
    return "\n".join(_margin(line) + plain(line, 12 * len(line) + 1) for line in text.split("\n"))


def _margin(line: str) -> str:
    return " " * (len(line) - len(line.lstrip(" ")))


def _title(review: Review, position: int) -> str:
    one = review.all[position]
    return f"{position + 1} of {len(review.all)}: {one.conversation.id}{_verdict(one)}"


def _verdict(one: Reviewed) -> str:
    return {None: "", True: " (kept)", False: " (dropped)"}[one.kept]


def _about(one: Reviewed) -> Iterator[str]:
    conversation = one.conversation
    provenance = conversation.provenance
    split = f", {conversation.split}" if conversation.split else ""
    yield f"{conversation.domain}, {conversation.phase}{split}"
    if conversation.patterns:
        yield "patterns: " + ", ".join(plain(each, 80) for each in conversation.patterns)
    known = [provenance.author, provenance.model, provenance.source, provenance.date]
    yield "from: " + ", ".join(plain(each, 80) for each in known if each is not None)


def _spot(spot: Spot) -> str:
    where = f", turn {spot.turn}" if spot.turn else ""
    example = f" «{plain(spot.example)}»" if spot.example else ""
    return f"{spot.severity} {spot.code}{where}: {plain(spot.message)}.{example} {spot.mend}".rstrip()
