"""How a run works, as against what it asks: nothing here changes a key or a number."""

from __future__ import annotations

from dataclasses import dataclass, field

from brie_bench.engine.pool import CONNECTIONS, TIMEOUT, Stop
from brie_bench.engine.progress import Progress, Silent


@dataclass(frozen=True)
class Settings:
    """Connections a lane, seconds a call, whether failures are tried again, whom to tell, and how to stop."""

    connections: int = CONNECTIONS
    timeout: float = TIMEOUT
    retry_failures: bool = False
    progress: Progress = field(default_factory=Silent)
    stop: Stop = field(default_factory=Stop)

    def is_done(self, recorded: bool, failure: str | None) -> bool:
        """Whether a key with this record need not be asked for."""
        return recorded and (failure is None or not self.retry_failures)
