"""What a run says of itself while it works. The command line shows it; a notebook may ignore it."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of every stage, from one thread."""

    def start(self, stage: str, total: int, recorded: int) -> None:
        """A stage begins: `total` calls, of which `recorded` need not be made."""

    def advance(self, done: int, failed: int) -> None:
        """So many more calls were answered, so many of them by a failure."""

    def wait(self, batches: int, calls: int, trouble: str) -> None:
        """So many batches are not finished yet, and so many calls in them; why their service could not say more, or ""."""

    def finish(self) -> None:
        """The stage is over."""


class Silent:
    """Says nothing."""

    def start(self, stage: str, total: int, recorded: int) -> None:
        """Nothing."""

    def advance(self, done: int, failed: int) -> None:
        """Nothing."""

    def wait(self, batches: int, calls: int, trouble: str) -> None:
        """Nothing."""

    def finish(self) -> None:
        """Nothing."""
