"""A lane: calls that share their limits, the workers that make them, and those that wait to be made again.

All but `_work` is done by one thread, the pool's. Workers take from `inbox` and put into `answers`; a call is answered or given
up, never both: whoever takes it out of `running` decides which.
"""

from __future__ import annotations

import heapq
import itertools
import math
import queue
import threading
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from brie_bench.engine.calls.asking import Asker, Drawn, attempt
from brie_bench.engine.calls.call import Stream
from brie_bench.engine.calls.limits import Pace
from brie_bench.errors import FailureKind
from brie_bench.spec.judgment import Failure

_MOST_STUCK = 32


class Late:
    """What a worker says when it comes back from a call that was given up."""


Answers = queue.SimpleQueue[tuple[Drawn, Any]]


@dataclass(slots=True)
class Lane:
    """`running` holds the deadline of each call that a worker is at; `waiting` what is asked again, by the moment when;
    `ready` what is to be handed out before anything else is drawn."""

    limit: int
    answers: Answers
    timeout: float
    asker: Asker
    pace: Pace
    streams: deque[Stream] = field(default_factory=deque)
    inbox: queue.SimpleQueue[Drawn | None] = field(default_factory=queue.SimpleQueue)
    running: dict[Drawn, float] = field(default_factory=dict)
    waiting: list[tuple[float, int, Drawn]] = field(default_factory=list)
    ready: deque[Drawn] = field(default_factory=deque)
    in_flight: int = 0
    """Drawn, and neither answered nor left."""
    handed: int = 0
    """Of these, with the workers."""
    workers: int = 0
    stuck: int = 0
    turns: Iterator[int] = field(default_factory=itertools.count)

    def hand_out(self, moment: float) -> None:
        """Hand out calls while there is room and it is time: twice the workers, so that none waits for this thread; no more
        than the workers while the pace is limited, when none may be begun too soon."""
        self._wake(moment)
        while self.handed < self._room() and (drawn := self._next()) is not None:
            if self.pace.due() > moment:
                self.ready.appendleft(drawn)
                break
            if not self.asker.admit(drawn):
                if drawn.stream.is_over:
                    self._leave(drawn)
                    continue
                self.ready.appendleft(drawn)
                break  # until something in flight is settled
            self.asker.begin(drawn, moment)
            self.handed += 1
            self.inbox.put(drawn)
        self.staff()

    def take_back(self) -> None:
        """Take what no worker has begun, where the pace was lowered since it was handed out."""
        if self.handed > self._room():
            self.ready.extendleft(reversed(self._unbegun()))

    def leave_all(self) -> None:
        """Leave undone what no worker has begun."""
        for drawn in (*self._unbegun(), *self.ready, *(each for _, _, each in self.waiting)):
            self._leave(drawn)
        self.ready.clear()
        self.waiting.clear()

    def wait(self, drawn: Drawn, until: float) -> None:
        """Ask again, at that moment."""
        heapq.heappush(self.waiting, (until, next(self.turns), drawn))

    def due(self, moment: float) -> float:
        """The next moment at which time alone lets a call begin."""
        moments = (self.pace.due(), self.waiting[0][0] if self.waiting else math.inf)
        return min((each for each in moments if each > moment), default=math.inf)

    def staff(self) -> None:
        """As many workers as there are calls, up to the limit: a stuck one is none."""
        while self.workers < min(self.limit, self.handed):
            threading.Thread(target=self._work, daemon=True).start()
            self.workers += 1

    def dismiss(self) -> None:
        """Send the workers home."""
        for _ in range(self.workers):
            self.inbox.put(None)

    def overdue(self) -> Iterator[tuple[Drawn, Failure]]:
        """Give up the calls past their time-out."""
        moment = time.monotonic()
        late = [drawn for drawn, deadline in self.running.copy().items() if deadline < moment]
        for drawn in late:
            if self.running.pop(drawn, None) is None:
                continue  # answered just now
            self.workers -= 1
            self.stuck += 1
            yield drawn, Failure(kind=FailureKind.TIMEOUT, message=f"no answer after {self.timeout:g} s")
            if self.stuck >= _MOST_STUCK:
                message = f"{self.stuck} calls are never answered"
                drawn.stream.fatal = Failure(kind=FailureKind.FATAL, message=message)

    def _room(self) -> int:
        return 2 * self.limit if self.pace.is_free else self.limit

    def _next(self) -> Drawn | None:
        """What is ready, else the next call of the stream whose turn it is."""
        while self.ready:
            drawn = self.ready.popleft()
            if not drawn.stream.is_over:
                return drawn
            self._leave(drawn)
        while self.streams and self.in_flight < 2 * self.limit:
            stream = self.streams[0]
            self.streams.rotate(-1)
            call = None if stream.is_over else next(stream.calls, None)
            if call is not None:
                self.in_flight += 1
                return Drawn(call, stream)
            self.streams.remove(stream)
        return None

    def _wake(self, moment: float) -> None:
        """Make ready what has waited long enough, and what need not wait: its stream is over."""
        if any(drawn.stream.is_over for _, _, drawn in self.waiting):
            self.waiting = [
                (0.0, turn, each) if each.stream.is_over else (at, turn, each) for at, turn, each in self.waiting
            ]
            heapq.heapify(self.waiting)
        while self.waiting and self.waiting[0][0] <= moment:
            self.ready.append(heapq.heappop(self.waiting)[2])

    def _unbegun(self) -> list[Drawn]:
        found: list[Drawn] = []
        try:
            while (drawn := self.inbox.get_nowait()) is not None:
                self.handed -= 1
                found.append(drawn)
        except queue.Empty:
            pass
        return found

    def _leave(self, drawn: Drawn) -> None:
        self.in_flight -= 1
        self.asker.release(drawn)

    def _work(self) -> None:
        while (drawn := self.inbox.get()) is not None:
            if drawn.stream.fatal:
                self.answers.put((drawn, drawn.stream.fatal))
                continue
            moment = time.monotonic()
            drawn.ask_at(moment)
            self.running[drawn] = moment + self.timeout
            answer = attempt(drawn.call)
            if isinstance(answer, Failure) and answer.kind is FailureKind.FATAL:
                drawn.stream.fatal = answer
            if self.running.pop(drawn, None) is None:
                self.answers.put((drawn, Late()))
                return  # another worker has taken this one's place
            self.answers.put((drawn, answer))
