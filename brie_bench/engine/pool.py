"""The pool: calls from lazy streams, done by threads, their answers handed back in one place.

One thread, the caller's, owns all state: it draws the next call of a stream when its lane has room, gives it to a worker,
takes answers as they come, and notices calls that run past their time-out. So nothing needs a lock, memory does not
grow with the number of calls, and a stop is only: draw no more, wait for what is in flight.

A call past its time-out is abandoned on its (daemon) thread, counted, and its worker replaced.
"""

from __future__ import annotations

import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from brie_bench.errors import Failed, FailureKind
from brie_bench.plugin.kinds import failure_of, unexpected
from brie_bench.spec.judgment import Failure

TIMEOUT = 600.0
"""Seconds one call may take."""
CONNECTIONS = 8
"""Calls of one lane at a time."""
_LARGEST_BATCH = 128
_MOST_ABANDONED = 32


@dataclass(slots=True)
class Call:
    """One call: `work` is run on a worker's thread; `done` is told the answer on the caller's thread."""

    work: Callable[[], Any]
    done: Callable[[Any], None]
    stream: Stream
    deadline: float = 0.0
    abandoned: bool = False


@dataclass(slots=True)
class Stream:
    """Calls of one plugin instance, drawn lazily. `fatal` is set by the first answer that says that no call can succeed."""

    lane: str
    calls: Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]
    limit: int | None = None
    fatal: Failure | None = None


@dataclass(slots=True)
class _Lane:
    streams: deque[Stream]
    limit: int
    inbox: queue.SimpleQueue[Call | None] = field(default_factory=queue.SimpleQueue)
    in_flight: int = 0
    workers: int = 0
    abandoned: int = 0


class Stop:
    """Asks a pool to draw no more calls. Set by a signal handler; a plain flag, safe to set at any moment."""

    def __init__(self) -> None:
        self.asked = False

    def ask(self) -> None:
        """Finish what is in flight, then stop."""
        self.asked = True


def run_calls(
    streams: list[Stream],
    record: Callable[[list[tuple[Call, Any]]], None],
    *,
    connections: int = CONNECTIONS,
    timeout: float = TIMEOUT,
    stop: Stop | None = None,
) -> None:
    """Do every call of every stream. `record` is given finished calls, some at a time, to commit before they count.

    A call's answer is what its work returned, or a Failure for whatever it raised. Streams of one lane share its
    `connections`, or their own smaller limit, turn by turn.
    """
    answers: queue.SimpleQueue[tuple[Call, Any]] = queue.SimpleQueue()
    lanes: dict[str, _Lane] = {}
    for stream in streams:
        limit = min(connections, stream.limit or connections)
        lane = lanes.setdefault(stream.lane, _Lane(deque(), limit))
        lane.limit = min(lane.limit, limit)
        lane.streams.append(stream)
    flying: dict[int, Call] = {}
    try:
        while True:
            for lane in lanes.values():
                if not (stop and stop.asked):
                    _fill(lane, flying, answers, timeout)
            if not flying:
                break
            finished = _finished(answers, flying)
            for call in _overdue(flying):
                lane = lanes[call.stream.lane]
                lane.workers -= 1  # its thread is stuck: another takes its place
                lane.abandoned += 1
                failure = Failure(kind=FailureKind.TIMEOUT, message=f"no answer after {timeout:g} s")
                finished.append((call, failure))
                if lane.abandoned >= _MOST_ABANDONED:
                    call.stream.fatal = Failure(
                        kind=FailureKind.FATAL, message=f"{lane.abandoned} calls were never answered"
                    )
            for call, answer in finished:
                lanes[call.stream.lane].in_flight -= 1
                if isinstance(answer, Failure) and answer.kind is FailureKind.FATAL:
                    call.stream.fatal = answer
            record(finished)
    finally:
        for lane in lanes.values():
            for _ in range(lane.workers):
                lane.inbox.put(None)


def _fill(lane: _Lane, flying: dict[int, Call], answers: queue.SimpleQueue[tuple[Call, Any]], timeout: float) -> None:
    """Draw calls while the lane has room: twice its workers, so that none waits for this thread."""
    while lane.streams and lane.in_flight < 2 * lane.limit:
        stream = lane.streams[0]
        lane.streams.rotate(-1)
        drawn = None if stream.fatal else next(stream.calls, None)
        if drawn is None:
            lane.streams.remove(stream)
            continue
        call = Call(*drawn, stream)
        flying[id(call)] = call
        lane.in_flight += 1
        if lane.workers < min(lane.limit, lane.in_flight):
            lane.workers += 1
            threading.Thread(target=_work, args=(lane.inbox, answers, timeout), daemon=True).start()
        lane.inbox.put(call)


def _work(inbox: queue.SimpleQueue[Call | None], answers: queue.SimpleQueue[tuple[Call, Any]], timeout: float) -> None:
    while (call := inbox.get()) is not None:
        call.deadline = time.monotonic() + timeout
        answers.put((call, answer_of(call.work)))
        if call.abandoned:
            return  # another worker has taken this one's place


def answer_of(work: Callable[[], Any]) -> Any:
    """What `work` returns, or the Failure for whatever it raises."""
    try:
        return work()
    except Failed as error:
        return failure_of(error)
    except BaseException as error:  # a plugin's SystemExit or KeyboardInterrupt is its own failure, not ours
        return unexpected(error)


def _finished(answers: queue.SimpleQueue[tuple[Call, Any]], flying: dict[int, Call]) -> list[tuple[Call, Any]]:
    """The calls that were answered: waits for the first, at most a moment; leaves out what was given up."""
    finished = []
    try:
        finished.append(answers.get(timeout=0.2))
        while len(finished) < _LARGEST_BATCH:
            finished.append(answers.get_nowait())
    except queue.Empty:
        pass
    return [(call, answer) for call, answer in finished if flying.pop(id(call), None) is not None]


def _overdue(flying: dict[int, Call]) -> list[Call]:
    moment = time.monotonic()
    late = [call for call in flying.values() if 0.0 < call.deadline < moment]
    for call in late:
        call.abandoned = True
        del flying[id(call)]
    return late
