"""A README in which what stands between two marks is generated, and all the rest is written by hand."""

from __future__ import annotations

import re
from typing import NamedTuple

from brie_bench.errors import SpecError

BEGIN = "<!-- brie-bench publish: generated from here -->"
END = "<!-- brie-bench publish: to here -->"
_MEND = f"Put the lines '{BEGIN}' and '{END}' where the leaderboard belongs, once each."


class Marked(NamedTuple):
    """A README in three parts; `line` is that of the first mark."""

    before: str
    inside: str
    after: str
    line: int


def parts(text: str, where: object) -> Marked:
    """A README at its marks, which stay in `before` and `after`.

    Raises SpecError, with the line, where a mark is missing, occurs twice or stands inside or before the other.
    """
    lines = re.split(r"(?<=\n)", text)
    marks = [(number, line.strip()) for number, line in enumerate(lines) if line.strip() in (BEGIN, END)]
    for (number, mark), expected in zip(marks, [BEGIN, END], strict=False):
        if mark != expected:
            nested = "begins a second time before it ends" if mark == BEGIN else "ends before it begins"
            raise SpecError(f"the generated part {nested}.", where=f"{where}:{number + 1}", mend=_MEND)
    if len(marks) < 2:
        line, missing = (marks[0][0] + 1, END) if marks else (text.count("\n") + 1, BEGIN)
        raise SpecError(f"the mark '{missing}' is missing.", where=f"{where}:{line}", mend=_MEND)
    if len(marks) > 2:
        raise SpecError("a mark too many.", where=f"{where}:{marks[2][0] + 1}", mend=_MEND)
    (first, _), (last, _) = marks
    return Marked("".join(lines[: first + 1]), "".join(lines[first + 1 : last]), "".join(lines[last:]), first + 1)


def framed(block: str) -> str:
    """`block` as it stands between the marks."""
    return f"\n{block}\n"


def new_readme(block: str) -> str:
    """A README that holds nothing else."""
    return f"{BEGIN}\n{framed(block)}{END}\n"


def with_block(text: str, block: str, where: object) -> str:
    """`text` with `block` between its marks. Raises as `parts` does."""
    marked = parts(text, where)
    before = marked.before if marked.before.endswith("\n") else f"{marked.before}\n"
    return f"{before}{framed(block)}{marked.after}"
