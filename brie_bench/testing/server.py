"""The fake provider: a threaded server on the loopback that speaks three protocols on one port."""

from __future__ import annotations

import contextlib
import itertools
import selectors
import socket
import threading
from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict
from typing import Any, Self

from brie_bench.testing.asking import Accounting
from brie_bench.testing.batches import Batch, BatchBook, BatchScript, Clock
from brie_bench.testing.desk import Desk
from brie_bench.testing.exchange import Exchange
from brie_bench.testing.limits import Gate, RateLimit
from brie_bench.testing.log import Counters, Entry, RequestLog, Traffic
from brie_bench.testing.policies import Policy, honest
from brie_bench.testing.protocols.anthropic import Anthropic
from brie_bench.testing.protocols.google import Google
from brie_bench.testing.protocols.openai import OpenAI
from brie_bench.testing.request import Received
from brie_bench.testing.script import Faults, Script
from brie_bench.testing.wire import Connection

HOST = "127.0.0.1"


class FakeProvider:
    """anthropic, openai and google on one port of this machine.

        with FakeProvider(policy=honest(), faults=share(rate_limited(1), 0.05)) as server:
            client = openai.OpenAI(base_url=server.openai_url, api_key="any")
            ...
            server.counters.billed, server.log[-1].json

    Arguments
        policy    what answers: see `policies`. Default: an honest judge that is a prosaic contender.
        faults    what goes wrong: see `script` and `fault`.
        batches   how batches go: see `batches`.
        latency   seconds before each answer to a call, or a function of the request; occupies no core.
        limit     a rate limit that is kept.
        accounting  how tokens are counted: a share that is cached, reasoning tokens.
        models    the models that there are; others get a 404. Default: any.
        versions  model name to the id that answers.
        keys      the keys that are valid; others get what the protocol gives them. Default: any, but there must be one.
        refuses   protocol to parameters that get a 400. Default: anthropic's temperature, top_p and top_k.
        keep      how many requests the log keeps; None keeps all.
        port      0 takes a free one.

    It answers some thousands of calls a second on one core, at 0.15 to 0.3 ms of CPU a call, a fifth of what the quickest of
    the libraries takes to make one. It shares the interpreter with a client in the same process: for a benchmark run it as
    `python -m brie_bench.testing`.

    Closing it ends every connection and every thread. It raises RuntimeError where a policy has raised, since that is
    a mistake in the test and not a fault of the client's.
    """

    def __init__(
        self,
        policy: Policy | None = None,
        faults: Faults = (),
        *,
        batches: BatchScript = BatchScript(),  # noqa: B008  frozen
        latency: float | Callable[[Received], float] = 0.0,
        limit: RateLimit | None = None,
        accounting: Accounting = Accounting(),  # noqa: B008  frozen
        models: Collection[str] | None = None,
        versions: Mapping[str, str] | None = None,
        keys: Collection[str] | None = None,
        refuses: Mapping[str, Collection[str]] | None = None,
        keep: int | None = 10_000,
        port: int = 0,
    ) -> None:
        self.clock = Clock()
        """Put it forward for batches."""
        self._log = RequestLog(keep)
        self._keys = keys
        self._crashes: list[BaseException] = []
        book = BatchBook(batches, self.clock)
        book.finished = self._bill
        self._book = book
        desk = Desk(policy or honest(), accounting=accounting, models=models, versions=versions, refuses=refuses)
        self._exchange = Exchange(
            {kind.name: kind(desk, book, self.clock) for kind in (Anthropic, OpenAI, Google)},
            Script(faults),
            self._log,
            Gate(limit or RateLimit()),
            latency,
            keys,
            self._crashes.append,
            self.snapshot,
            itertools.count(1),
        )
        self._wanted_port = port
        self._stopping = threading.Event()
        self._threads: list[tuple[threading.Thread, socket.socket]] = []
        self._listener: socket.socket | None = None
        self._port = 0

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        self.close()
        if kind is None and self._crashes:
            raise RuntimeError("the fake provider's policy raised") from self._crashes[0]

    def start(self) -> Self:
        """Listen. A server that was closed cannot be started again."""
        listener = socket.create_server((HOST, self._wanted_port), backlog=1024)
        self._listener = listener
        self._port = listener.getsockname()[1]
        self._bell, self._ear = socket.socketpair()
        self._acceptor = threading.Thread(target=self._accept, name=f"fake-provider-{self._port}", daemon=True)
        self._acceptor.start()
        return self

    def close(self) -> None:
        """Stop listening, end every connection, wait for every thread. Closing twice is closing once."""
        if self._listener is None or self._stopping.is_set():
            return
        self._stopping.set()
        self._bell.send(b"x")
        self._acceptor.join()
        self._listener.close()
        for _, connection in self._threads:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread, _ in self._threads:
            thread.join()
        self._bell.close()
        self._ear.close()

    @property
    def url(self) -> str:
        """`http://127.0.0.1:…`, without a path. Raises RuntimeError before it listens."""
        if not self._port:
            raise RuntimeError("the fake provider has not been started: use it in a `with` statement")
        return f"http://{HOST}:{self._port}"

    @property
    def anthropic_url(self) -> str:
        """What anthropic's library takes as its base URL."""
        return self.url

    @property
    def openai_url(self) -> str:
        """What openai's library takes as its base URL."""
        return f"{self.url}/v1"

    @property
    def google_url(self) -> str:
        """What google's library takes as its base URL."""
        return self.url

    def environment(self) -> dict[str, str]:
        """What points the three libraries here, keys included, for a process or for `monkeypatch.setenv`."""
        key = next(iter(self._keys), "no-key") if self._keys is not None else "fake-key"
        return {
            "ANTHROPIC_BASE_URL": self.anthropic_url,
            "OPENAI_BASE_URL": self.openai_url,
            "GOOGLE_GEMINI_BASE_URL": self.google_url,
            "ANTHROPIC_API_KEY": key,
            "OPENAI_API_KEY": key,
            "GEMINI_API_KEY": key,
        }

    @property
    def log(self) -> tuple[Entry, ...]:
        """The requests that have ended, in the order of arrival, without their secrets."""
        return self._log.entries()

    @property
    def counters(self) -> Counters:
        """All protocols' counters."""
        return self._log.counters()

    def counters_of(self, protocol: str) -> Counters:
        """One protocol's."""
        return self._log.counters(protocol)

    @property
    def traffic(self) -> Traffic:
        """Connections opened, requests in flight."""
        return self._log.traffic()

    @property
    def batches(self) -> list[Batch]:
        """Every batch that was submitted, the newest first."""
        return self._book.all()

    def wait_until(self, reached: Callable[[Counters, Traffic], bool], timeout: float = 10.0) -> None:
        """Wait for something to have happened, such as `lambda counters, traffic: traffic.in_flight == 8`.

        Raises TimeoutError.
        """
        if not self._log.wait(reached, timeout):
            raise TimeoutError(f"it did not happen within {timeout:g} s: {self.counters}, {self.traffic}")

    def snapshot(self) -> dict[str, Any]:
        """The counters and the traffic as plain values."""
        return {**asdict(self.counters), **asdict(self.traffic)}

    def _bill(self, batch: Batch) -> None:
        self._log.batch_ended(batch.protocol, [each.usage for each in batch.results if each.usage is not None])

    def _accept(self) -> None:
        listener = self._listener
        with selectors.DefaultSelector() as selector:
            selector.register(listener, selectors.EVENT_READ)  # type: ignore[arg-type]
            selector.register(self._ear, selectors.EVENT_READ)
            while not self._stopping.is_set():
                selector.select()
                if self._stopping.is_set():
                    return
                with contextlib.suppress(OSError):
                    self._welcome(listener.accept()[0])  # type: ignore[union-attr]

    def _welcome(self, connection: socket.socket) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        number = self._log.connected()
        client = Connection(connection, number, self._ear, self._stopping)
        name = f"fake-provider-{self._port}-{number}"
        thread = threading.Thread(target=self._serve, args=(client,), name=name, daemon=True)
        self._threads = [(each, its) for each, its in self._threads if each.is_alive()]
        thread.start()
        self._threads.append((thread, connection))

    def _serve(self, connection: Connection) -> None:
        try:
            self._exchange.serve(connection)
        finally:
            connection.hang_up()
