"""The pool: calls from lazy streams, done by threads, their answers handed back in one place.

One thread, the caller's, owns all state: it draws the next call of a stream when its lane has room, gives it to a worker,
takes answers as they come, has calls asked again that may succeed later, and notices calls that run past their time-out. So
nothing needs a lock, a call that waits costs no thread, memory does not grow with the number of calls, and a stop is only: hand
out no more, wait for what is in flight.

A call past its time-out is abandoned on its (daemon) thread, counted, and its worker replaced.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from typing import Any

from brie_bench.engine.calls.asking import Asker, Drawn
from brie_bench.engine.calls.call import AnyCall, Outcome, Stream
from brie_bench.engine.calls.lane import Answers, Lane, Late
from brie_bench.engine.calls.retrying import Passing

TIMEOUT = 600.0
"""Seconds one attempt may take."""
CONNECTIONS = 8
"""Calls of one lane at a time."""
_LARGEST_BATCH = 128
_MOMENT = 0.2
"""Seconds after which the pool looks up, whether there are answers or not."""


class Stop:
    """Asks a pool to draw no more calls. Set by a signal handler; a plain flag, safe to set at any moment."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """Finish what is in flight, then stop."""
        self.asked = True


def run_calls(
    streams: list[Stream],
    record: Callable[[list[tuple[AnyCall, Outcome]]], None],
    *,
    connections: int = CONNECTIONS,
    timeout: float = TIMEOUT,
    stop: Stop | None = None,
    asker: Asker | None = None,
) -> None:
    """Make every call of every stream. `record` is given finished calls, some at a time, to commit before they count.

    A call's outcome is what was read of its answer, or a Failure for whatever was raised. Streams of one lane share its
    `connections`, or their own smaller limit, turn by turn, and its pace. What is left undone by a stop, or because its stream
    is over, is not recorded.
    """
    stop, asker = stop or Stop(), asker or Asker()
    answers: Answers = queue.SimpleQueue()
    lanes: dict[str, Lane] = {}
    for stream in streams:
        limit = max(1, min(connections, stream.limit or connections))
        name = stream.lane
        lane = lanes.setdefault(name, Lane(limit, answers, timeout, asker, asker.pace(name)))
        lane.limit = min(lane.limit, limit)
        lane.streams.append(stream)
    try:
        while True:
            moment = time.monotonic()
            for lane in lanes.values():
                if stop.asked:
                    lane.leave_all()
                    lane.staff()
                else:
                    lane.hand_out(moment)
            if not any(lane.in_flight for lane in lanes.values()):
                break
            patience = min(_MOMENT, *(lane.due(moment) - moment for lane in lanes.values()))
            answered = [
                *_answered(answers, lanes, patience),
                *(late for lane in lanes.values() for late in lane.overdue()),
            ]
            if finished := _finished(answered, lanes, asker):
                record(finished)
    finally:
        for lane in lanes.values():
            lane.dismiss()


def _answered(answers: Answers, lanes: dict[str, Lane], patience: float) -> list[tuple[Drawn, Any]]:
    """The calls that were answered: waits for the first, at most so many seconds."""
    found = []
    try:
        found.append(answers.get(timeout=patience))
        while len(found) < _LARGEST_BATCH:
            found.append(answers.get_nowait())
    except queue.Empty:
        pass
    for drawn, answer in found:
        lanes[drawn.stream.lane].stuck -= isinstance(answer, Late)
    return [(drawn, answer) for drawn, answer in found if not isinstance(answer, Late)]


def _finished(answered: list[tuple[Drawn, Any]], lanes: dict[str, Lane], asker: Asker) -> list[tuple[AnyCall, Outcome]]:
    """Of what was answered, all that is not asked again."""
    moment = time.monotonic()
    finished = []
    for drawn, answer in answered:
        lane = lanes[drawn.stream.lane]
        lane.handed -= 1
        asker.settle(drawn, answer)
        wait = asker.again(drawn, answer, moment) if isinstance(answer, Passing) else None
        if wait is not None:
            lane.wait(drawn, moment + wait)
            continue
        lane.in_flight -= 1
        finished.append((drawn.call, asker.outcome(drawn, answer)))
    for lane in lanes.values():
        lane.take_back()
    return finished
