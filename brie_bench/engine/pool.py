"""The pool: calls from lazy streams, done by threads, their answers handed back in one place.

One thread, the caller's, owns all state: it draws the next call of a stream when its lane has room, gives it to a worker,
takes answers as they come, and notices calls that run past their time-out. So nothing needs a lock, memory does not
grow with the number of calls, and a stop is only: draw no more, wait for what is in flight.

A call past its time-out is abandoned on its (daemon) thread, counted, and its worker replaced. A call is answered or
given up, never both: whoever takes it out of `running` decides which.
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
LONGEST_RAW = 1024 * 1024
"""Characters of an answer that are read and kept."""
_LARGEST_BATCH = 128
_MOST_STUCK = 32


@dataclass(slots=True, eq=False)
class Call:
    """One call: `work` is run on a worker's thread; `done` is told the answer on the caller's thread."""

    work: Callable[[], Any]
    done: Callable[[Any], None]
    stream: Stream


@dataclass(slots=True)
class Stream:
    """Calls of one plugin instance, drawn lazily. `fatal` is set by the first answer that says that no call can succeed."""

    lane: str
    calls: Iterator[tuple[Callable[[], Any], Callable[[Any], None]]]
    limit: int | None = None
    fatal: Failure | None = None


class _Late:
    """What a worker says when it comes back from a call that was given up."""


Answers = queue.SimpleQueue[tuple[Call, Any]]


@dataclass(slots=True)
class _Lane:
    """Streams that share a limit, and their workers. `running` holds the deadline of each call a worker is at."""

    streams: deque[Stream]
    limit: int
    answers: Answers
    timeout: float
    inbox: queue.SimpleQueue[Call | None] = field(default_factory=queue.SimpleQueue)
    running: dict[Call, float] = field(default_factory=dict)
    in_flight: int = 0
    workers: int = 0
    stuck: int = 0

    def draw(self) -> None:
        """Draw calls while there is room: twice the workers, so that none waits for this thread."""
        while self.streams and self.in_flight < 2 * self.limit:
            stream = self.streams[0]
            self.streams.rotate(-1)
            drawn = None if stream.fatal else next(stream.calls, None)
            if drawn is None:
                self.streams.remove(stream)
                continue
            self.in_flight += 1
            self.inbox.put(Call(*drawn, stream))
            self.staff()

    def staff(self) -> None:
        """As many workers as there are calls, up to the limit: a stuck one is none."""
        while self.workers < min(self.limit, self.in_flight):
            threading.Thread(target=self._work, daemon=True).start()
            self.workers += 1

    def undraw(self) -> None:
        """Leave undone what no worker has begun."""
        try:
            while self.inbox.get_nowait() is not None:
                self.in_flight -= 1
        except queue.Empty:
            pass

    def overdue(self) -> Iterator[tuple[Call, Failure]]:
        """Give up the calls past their time-out."""
        moment = time.monotonic()
        late = [call for call, deadline in self.running.copy().items() if deadline < moment]
        for call in late:
            if self.running.pop(call, None) is None:
                continue  # answered just now
            self.workers -= 1
            self.stuck += 1
            yield call, Failure(kind=FailureKind.TIMEOUT, message=f"no answer after {self.timeout:g} s")
            if self.stuck >= _MOST_STUCK:
                call.stream.fatal = Failure(kind=FailureKind.FATAL, message=f"{self.stuck} calls are never answered")

    def _work(self) -> None:
        while (call := self.inbox.get()) is not None:
            self.running[call] = time.monotonic() + self.timeout
            answer = call.stream.fatal or answer_of(call.work)
            if isinstance(answer, Failure) and answer.kind is FailureKind.FATAL:
                call.stream.fatal = answer
            if self.running.pop(call, None) is None:
                self.answers.put((call, _Late()))
                return  # another worker has taken this one's place
            self.answers.put((call, answer))


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
    answers: Answers = queue.SimpleQueue()
    lanes: dict[str, _Lane] = {}
    for stream in streams:
        limit = max(1, min(connections, stream.limit or connections))
        lane = lanes.setdefault(stream.lane, _Lane(deque(), limit, answers, timeout))
        lane.limit = min(lane.limit, limit)
        lane.streams.append(stream)
    try:
        while True:
            for lane in lanes.values():
                if stop and stop.asked:
                    lane.undraw()
                else:
                    lane.draw()
                lane.staff()
            if not any(lane.in_flight for lane in lanes.values()):
                break
            finished = [*_answered(answers, lanes), *(late for lane in lanes.values() for late in lane.overdue())]
            for call, _ in finished:
                lanes[call.stream.lane].in_flight -= 1
            if finished:
                record(finished)
    finally:
        for lane in lanes.values():
            for _ in range(lane.workers):
                lane.inbox.put(None)


def answer_of(work: Callable[[], Any]) -> Any:
    """What `work` returns, or the Failure for whatever it raises; of a failure's text as much as is kept."""
    try:
        return work()
    except BaseException as error:  # a plugin's SystemExit or KeyboardInterrupt is its own failure, not ours
        try:
            failure = failure_of(error) if isinstance(error, Failed) else unexpected(error)
        except Exception:  # an exception that cannot even be told
            return Failure(kind=FailureKind.ERROR, message=f"{type(error).__name__}, without words")
    if max(len(failure.raw), len(failure.message)) <= LONGEST_RAW:
        return failure
    return failure.replace(raw=failure.raw[:LONGEST_RAW], message=failure.message[:LONGEST_RAW])


def _answered(answers: Answers, lanes: dict[str, _Lane]) -> list[tuple[Call, Any]]:
    """The calls that were answered: waits for the first, at most a moment."""
    found = []
    try:
        found.append(answers.get(timeout=0.2))
        while len(found) < _LARGEST_BATCH:
            found.append(answers.get_nowait())
    except queue.Empty:
        pass
    for call, answer in found:
        lanes[call.stream.lane].stuck -= isinstance(answer, _Late)
    return [(call, answer) for call, answer in found if not isinstance(answer, _Late)]
