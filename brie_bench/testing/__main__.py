"""A fake provider in a process of its own, until Ctrl-C: `python -m brie_bench.testing --policy honest --latency 0.2`."""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from brie_bench.testing.policies import (
    Policy,
    echo,
    honest,
    noisy,
    position_biased,
    prose,
    refusing,
    verbose_loving,
)
from brie_bench.testing.server import FakeProvider

POLICIES: dict[str, Callable[[], Policy]] = {
    "honest": honest,
    "position-biased": position_biased,
    "verbose-loving": verbose_loving,
    "noisy": noisy,
    "refusing": refusing,
    "prose": prose,
    "echo": echo,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints what points the libraries here, in the shell's words; then, at the end, the counters as JSON."""
    parser = argparse.ArgumentParser(prog="python -m brie_bench.testing", description=__doc__)
    parser.add_argument("--policy", choices=POLICIES, default="honest", help="what the models answer")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    given = parser.parse_args(arguments)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopped.set())
    with FakeProvider(POLICIES[given.policy](), latency=given.latency, port=given.port, keep=0) as server:
        for name, value in server.environment().items():
            sys.stdout.write(f"export {name}={value}\n")
        sys.stdout.flush()
        stopped.wait()
        with contextlib.suppress(BrokenPipeError):
            sys.stdout.write(json.dumps(server.snapshot()) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
