"""Conversations from JSONL, line by line: a broken line is an error of its own, and reading goes on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from brie_bench.errors import SpecError
from brie_bench.files import read_jsonl
from brie_bench.spec.conversation import Conversation


@dataclass(frozen=True, slots=True)
class Placed:
    """A conversation and where it stands."""

    file: str
    line: int
    conversation: Conversation


@dataclass(frozen=True, slots=True)
class Broken:
    """A line that is no conversation, and why."""

    file: str
    line: int
    reason: str


def read_all(paths: Iterable[Path]) -> Iterator[Placed | Broken]:
    """Every line of every file. Memory is one line."""
    for path in paths:
        for line, found in read_jsonl(path, Conversation):
            if isinstance(found, SpecError):
                yield Broken(str(path), line, found.what)
            else:
                yield Placed(str(path), line, found)


def read_whole(paths: Iterable[Path]) -> list[Placed]:
    """Every conversation. Raises SpecError for the first line that is none: what follows needs all of them."""
    found = []
    for each in read_all(paths):
        if isinstance(each, Broken):
            raise SpecError(
                each.reason, where=f"{each.file}:{each.line}", mend="See 'brie-bench conversations validate'."
            )
        found.append(each)
    if not found:
        raise SpecError("no conversation here.", where=", ".join(map(str, paths)))
    return found
