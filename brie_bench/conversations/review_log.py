"""The log of a review: a decision a line, on the disk before it counts, and its replay."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from brie_bench.conversations.review import Decision, Review
from brie_bench.errors import BrieError, SpecError
from brie_bench.files import read_jsonl, to_jsonl


@dataclass(frozen=True, slots=True)
class Unapplied:
    """A line of a log that was not applied, and why."""

    line: int
    decision: Decision | None
    """None where the line is no decision."""
    reason: str


def replay(review: Review, log: Path) -> list[Unapplied]:
    """Apply every decision of a log, in order; those that could not be."""
    found = []
    for line, decision in read_jsonl(log, Decision):
        if isinstance(decision, SpecError):
            found.append(Unapplied(line, None, decision.what))
        elif misfit := review.apply(decision):
            found.append(Unapplied(line, decision, misfit))
    return found


class Log:
    """A file of decisions. Each is on the disk before it counts."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._file = path.open("ab+")
            if self._file.tell() and not _ends_a_line(path):
                self._file.write(b"\n")  # a crash cut the last line off: it stays, and harms no other
        except OSError as error:
            raise self._cannot(error) from None

    def append(self, decision: Decision) -> None:
        """Write one line and wait for the disk. Raises BrieError where that fails."""
        try:
            self._file.write("".join(to_jsonl([decision])).encode("utf-8"))
            self._file.flush()
            os.fsync(self._file.fileno())
        except OSError as error:
            raise self._cannot(error) from None

    def _cannot(self, error: OSError) -> BrieError:
        return BrieError(f"the log cannot be written: {error.strerror or error}.", where=self.path)

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def _ends_a_line(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"
