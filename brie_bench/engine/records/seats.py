"""Who judged, over several files: one name for one judge of one pass, and never one for two."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brie_bench.spec.imported import Imported

Seat = tuple[str, str, str]
"""Contender, source digest and recorded judge."""


def seat_of(each: Imported) -> Seat:
    """Where a record's judge sits."""
    return each.contender, each.source_digest, each.judge


def seats_of(judgments: Sequence[Imported]) -> dict[Seat, str]:
    """From who judged whom in which file to the judge's name on the leaderboard, in the order they come.

    A judge of the same contender in several files is `judge@file` in each, with the file's digest behind it where
    somebody is called that already.
    """
    files: dict[tuple[str, str], set[str]] = {}
    source: dict[Seat, str] = {}
    for each in judgments:
        files.setdefault((each.contender, each.judge), set()).add(each.source_digest)
        source.setdefault(seat_of(each), each.source)
    taken: dict[str, tuple[str, str]] = {judge: ("", judge) for _, _, judge in source}
    names = {}
    for (contender, source_digest, judge), file in source.items():
        several = len(files[contender, judge]) > 1
        names[contender, source_digest, judge] = (
            next(
                name
                for name in _candidates(judge, file, source_digest)
                if taken.setdefault(name, (source_digest, judge)) == (source_digest, judge)
            )
            if several
            else judge
        )
    return names


def _candidates(judge: str, file: str, source_digest: str) -> Iterator[str]:
    name = f"{judge}@{file}"
    yield name
    while True:
        name = f"{name}@{source_digest[:8]}"
        yield name
