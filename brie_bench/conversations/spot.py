"""A spot: one place in a file of conversations, what is wrong there, and the mend."""

from __future__ import annotations

from typing import Literal

from brie_bench.spec.base import Spec


class Spot(Spec):
    """What is wrong, where, and what to do."""

    code: str
    """Names the kind of fault."""
    severity: Literal["error", "warning", "note"]
    """An error makes the data unfit; a warning wants a look; a note is for information."""
    file: str
    """The file."""
    line: int
    """The line, from 1."""
    conversation: str | None = None
    """The conversation's id, where it could be read."""
    turn: int | None = None
    """The turn, from 1; None concerns the whole conversation."""
    message: str
    """What is wrong."""
    example: str = ""
    """The words it was seen by, on one line."""
    mend: str = ""
    """What to do."""
