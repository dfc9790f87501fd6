"""What a check finds: where, which cell, what belongs there and what stands there."""

from __future__ import annotations

from typing import NamedTuple

from brie_bench.errors import plain

Fault = tuple[str, object, object]
"""What is wrong with a line or a file that the caller names: a column, what belongs there, what stands there."""


class Difference(NamedTuple):
    """One thing that is not what the records give. `expected` and `found` are None where a sentence says it all."""

    where: str
    """The file, and the line where there is one."""
    what: str
    """The row and the column, or what is wrong."""
    expected: object = None
    found: object = None

    def __str__(self) -> str:
        told = f"{plain(self.where, 200)}: {plain(self.what, 300)}"
        if self.expected is None and self.found is None:
            return told
        return f"{told}: expected {_shown(self.expected)}, found {_shown(self.found)}"


def _shown(value: object) -> str:
    return "nothing" if value is None else f"'{plain(value, 120)}'"
