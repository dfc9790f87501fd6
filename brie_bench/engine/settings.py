"""How a run works, as against what it asks: nothing here changes a key or a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from brie_bench.engine.calls.asking import Asker, Prices
from brie_bench.engine.calls.budget import Budget
from brie_bench.engine.calls.pool import CONNECTIONS, TIMEOUT, Stop
from brie_bench.engine.calls.retrying import ATTEMPTS, Patience
from brie_bench.engine.progress import Progress, Silent


@dataclass(frozen=True)
class Batching:
    """Seconds between two looks at a batch: from `first` they grow by half each time, up to `longest`."""

    first: float = 1.0
    longest: float = 60.0

    def pauses(self) -> Iterator[float]:
        """Each pause, without end."""
        pause = self.first
        while True:
            yield min(pause, self.longest)
            pause = min(1.5 * pause, self.longest)


@dataclass(frozen=True)
class Settings:
    """Connections a lane, seconds a call, whether failures are tried again, whom to tell, and how to stop."""

    connections: int = CONNECTIONS
    timeout: float = TIMEOUT
    retry_failures: bool = False
    progress: Progress = field(default_factory=Silent)
    stop: Stop = field(default_factory=Stop)
    batch: Batching | None = None
    """How to wait for batch services; None leaves them alone."""
    skip_exam: bool = False
    """Whether judges that cost money may judge unexamined."""
    attempts: int = ATTEMPTS
    """How often a call is tried at most."""
    requests_per_minute: float | None = None
    """The most calls of a lane that are begun in a minute; None: as many as its connections make."""
    tokens_per_minute: float | None = None
    """The most tokens of a lane, about."""
    cost_limit: float | None = None
    """US dollars; None: whatever it costs."""
    prices: Prices | None = None
    """What calls cost; None: nobody knows."""

    @cached_property
    def asker(self) -> Asker:
        """What surrounds every call: one for all that these settings are used for."""
        return Asker(
            Patience(self.attempts),
            Budget(self.cost_limit),
            self.prices,
            requests_per_minute=self.requests_per_minute,
            tokens_per_minute=self.tokens_per_minute,
        )

    def is_done(self, recorded: bool, failure: str | None) -> bool:
        """Whether a key with this record need not be asked for."""
        return recorded and (failure is None or not self.retry_failures)
