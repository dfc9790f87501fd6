"""What a protocol says no to."""

from __future__ import annotations

from brie_bench.testing.fault import Form


class Problem(Exception):  # noqa: N818  what is wrong with a request; a protocol puts it into its own words
    """A request that gets an error status."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        retry_after: float | None = None,
        form: Form = "seconds",
        reason: str = "",
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after
        self.form: Form = form
        self.reason = reason
        """The protocol's own code, where the status alone does not say it."""
