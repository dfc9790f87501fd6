"""Two leaderboards cell by cell: as values, and as the words and tables of a README."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any

from brie_bench.report.publishing.differences import Difference

_NAMING = (
    "suite",
    "name",
    "role",
    "code",
    "contender",
    "baseline",
    "judge",
    "judges",
    "section",
    "ground",
    "kind",
    "path",
)
"""The keys by which a row is named, those that it has."""


def value_differences(expected: Any, found: Any, where: str, row: str = "", column: str = "") -> Iterator[Difference]:
    """Every cell of `found` that is not what `expected` has there, with the row it stands in."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in dict.fromkeys([*expected, *found]):
            inside = f"{column}.{key}" if column else key
            if key in expected and key in found:
                yield from value_differences(expected[key], found[key], where, row, inside)
            else:
                told = "is missing" if key in expected else "does not belong there"
                yield Difference(where, f"{row}{inside} {told}")
    elif isinstance(expected, list) and isinstance(found, list) and any(isinstance(each, dict) for each in expected):
        if len(expected) != len(found):
            yield Difference(where, f"{row}{column}, number of rows", len(expected), len(found))
        for number, (one, other) in enumerate(zip(expected, found, strict=False), 1):
            named = f"{row}{column} {number}{_named(one)}: "
            yield from value_differences(one, other, where, named)
    elif json.dumps(expected, sort_keys=True) != json.dumps(found, sort_keys=True):  # True is not 1 there
        yield Difference(where, f"{row}{column}", expected, found)


def _named(row: Any) -> str:
    if not isinstance(row, dict):
        return ""
    told = [f"{key} {row[key] if row[key] is not None else 'all'}" for key in _NAMING if key in row]
    return f" ({', '.join(told)})" if told else ""


def text_differences(expected: str, found: str, where: str, first: int) -> Iterator[Difference]:
    """Every line of `found` that is not what `expected` has there, cells of tables one by one.

    `first` is the number of the line before `found` in its file.
    """
    wanted, given = expected.split("\n"), found.split("\n")
    for tag, i, j, k, m in SequenceMatcher(None, wanted, given, autojunk=False).get_opcodes():
        if tag == "equal":
            continue
        for offset in range(max(j - i, m - k)):
            line = f"{where}:{first + 1 + min(k + offset, len(given) - 1)}"
            one = wanted[i + offset] if i + offset < j else None
            other = given[k + offset] if k + offset < m else None
            if one is not None and other is not None:
                yield from _line(one, other, line, _header(wanted, i + offset))
            else:
                yield Difference(line, "a line", one, other)


def _line(expected: str, found: str, where: str, header: list[str]) -> Iterator[Difference]:
    wanted, given = _cells(expected), _cells(found)
    if not wanted or len(wanted) != len(given) or len(wanted) != len(header):
        yield Difference(where, "the line", expected, found)
        return
    cells = list(zip(header, wanted, given, strict=True))
    for name, one, other in cells:
        if one != other:
            yield Difference(where, f"row '{', '.join(wanted[:2])}', column '{name}'", one, other)
    if all(one == other for _, one, other in cells):
        yield Difference(where, "the line's spaces", expected, found)


def _header(lines: list[str], at: int) -> list[str]:
    """The cells of the first line of the table that line `at` is in."""
    while at > 0 and lines[at - 1].startswith("|"):
        at -= 1
    return _cells(lines[at])


def _cells(line: str) -> list[str]:
    if not (line.startswith("|") and line.rstrip().endswith("|")):
        return []
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]
