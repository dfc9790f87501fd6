"""`RemoteModel`: a model behind a provider's library. Its key, its address and its one client; the rest is the library's."""

from __future__ import annotations

import importlib.util
import os
import weakref
from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, ClassVar, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from brie_bench.errors import Failed, FailureKind, PluginError
from brie_bench.plugin.address import sound
from brie_bench.plugin.base import Builder, Options
from brie_bench.plugin.kinds import BatchModel, failure_of
from brie_bench.plugin.replies import NOTHING, of_exception
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.judgment import Failure

SHORTEST_KEY = 8
"""A shorter key is a placeholder such as `none`, of which servers without keys are fond; it may stand in any text."""
EFFORT = "How hard to think before answering; the model's own measure where it is left out."
"""What a provider's option `effort` says of itself: its words are the provider's."""
_ASIDE = frozenset(["base_url", "key_variable", "timeout"])
"""Options that change no answer; the address has a place of its own in the configuration."""

T = TypeVar("T")


class RemoteOptions(Options):
    """What every provider's model can be told. The key is no option: it comes from the environment."""

    model: str = Field(pattern=r"^\S+$", max_length=300, description="The model, as the provider names it.")
    base_url: str | None = Field(
        default=None, description="Another server that speaks the provider's protocol; without a key in it."
    )
    key_variable: str | None = Field(
        default=None,
        pattern=r"^[A-Z][A-Z0-9_]*$",
        description="The environment variable that holds the key, where it is not the provider's usual one.",
    )
    timeout: float = Field(
        default=600.0, gt=0.0, le=86_400.0, description="Seconds of silence after which a call fails."
    )
    without: Annotated[
        tuple[Literal["temperature", "top_p", "seed", "json_schema", "choice"], ...],
        AfterValidator(lambda names: tuple(sorted(set(names)))),
    ] = Field(default=(), description="What this model, or this server, cannot honour.")


class RemoteModel(BatchModel):
    """A model that a provider's library reaches.

    A plugin sets `library`, `home`, `url_variables`, `key_variables` and `supports`, opens a client, and says what to send
    and how to read what comes back. Whatever it or the library raises becomes a `Failed` of the right kind, and the key
    appears in none of it.
    """

    library: ClassVar[str]
    """The module that must be installed; the extra that brings it has the plugin's name."""
    home: ClassVar[str]
    """The provider's own address: calls there cost money."""
    url_variables: ClassVar[tuple[str, ...]]
    """Environment variables that name another address, the first that is set."""
    key_variables: ClassVar[tuple[str, ...]]
    """Environment variables that hold the key, the first that is set."""

    class Options(RemoteOptions):
        """The model's."""

    options: RemoteOptions

    def __init__(self, options: Any, address: str, shared: Callable[[Any, Callable[[], Any]], Any]) -> None:
        super().__init__(options)
        self.address = address
        self.at_home = address == self.home
        self.paid = True if self.at_home else None
        self.supports = type(self).supports - set(options.without)
        self._shared = shared

    @classmethod
    def build(cls, options: Any, catalog: Builder) -> Self:
        """Refuses an address that is none or that holds a secret, and a library that is not installed."""
        address = cls._address(options)
        if not _installed(cls.library):
            mend = f"pip install 'brie-bench[{cls.name}]'"
            raise PluginError(
                f"model '{cls.name}/{options.model}' needs {cls.library}, which is not installed.", mend=mend
            )
        return cls(options, address, catalog.shared)

    @classmethod
    def _address(cls, options: Any) -> str:
        source = "base_url" if options.base_url is not None else next(filter(os.environ.get, cls.url_variables), "")
        if not source:
            return cls.home
        given = options.base_url if options.base_url is not None else os.environ[source]
        try:
            return sound(given)
        except ValueError as error:
            mend = f"Write http://HOST or https://HOST, with port and path; a key belongs into {cls.key_variables[0]}."
            raise PluginError(f"model '{cls.name}/{options.model}': {source} {error}.", mend=mend) from None

    @property
    def lane(self) -> str:
        """The provider and the server."""
        return f"{self.name} {urlsplit(self.address).netloc}"

    @property
    def priced_as(self) -> tuple[str, str] | None:
        """The provider's price for the model, at the provider's own address alone."""
        return (self.name, self.options.model) if self.at_home else None

    def configuration(self) -> dict[str, Any]:
        """The address, where it is not the provider's own; neither time-out nor the key's variable."""
        found = super().configuration()
        options = {name: value for name, value in found.pop("options").items() if name not in _ASIDE}
        return {**found, "options": options, **({} if self.at_home else {"base_url": self.address})}

    @property
    def key_variable(self) -> str:
        """The environment variable that holds the key, or that ought to."""
        if self.options.key_variable:
            return self.options.key_variable
        return next(filter(os.environ.get, self.key_variables), self.key_variables[0])

    def key(self) -> str:
        """The key; `none` for another server when nothing says which. Raises Failed, kind `fatal`."""
        key = os.environ.get(self.key_variable, "").strip()
        if not key and not self.at_home and not self.options.key_variable:
            return "none"
        if not key:
            raise Failed(FailureKind.FATAL, f"there is no key: set {self.key_variable}", usage=NOTHING)
        if not key.isascii() or not key.isprintable() or " " in key:
            raise Failed(
                FailureKind.FATAL,
                f"what {self.key_variable} holds is no key: it has characters that no key has",
                usage=NOTHING,
            )
        return key

    def complete(self, request: Request) -> Completion:
        """The answer. Raises Failed(kind, …)."""
        self._check(request)
        return self._safely(lambda: self._hidden_in(self.ask(self._client(), request)))

    def submit(self, requests: Sequence[tuple[str, Request]], mark: str) -> str:
        """Submit keyed requests under `mark`; the batch's name. Raises Failed."""
        for _, request in requests:
            self._check(request)
        return self._safely(lambda: self.send(self._client(), requests, mark))

    def find(self, mark: str) -> str | None:
        """The batch that was submitted under `mark`, or None. Raises Failed."""
        return self._safely(lambda: self.search(self._client(), mark))

    def collect(self, batch: str) -> Iterator[tuple[str, Completion | Failure]] | None:
        """The answers by key, in any order; None while it is not finished. All of them, or Failed.

        A batch that failed as a whole has no rows: Failed, not `retryable`, since another look gives no other answer.
        """
        found = self._safely(lambda: self.fetch(self._client(), batch))
        return None if found is None else ((key, self._row(read)) for key, read in found)

    @abstractmethod
    def open(self, key: str) -> Any:
        """A client of the library for `self.address`, without retries of its own, with a time-out."""

    @abstractmethod
    def ask(self, client: Any, request: Request) -> Completion:
        """Send one request and read the answer."""

    @abstractmethod
    def send(self, client: Any, requests: Sequence[tuple[str, Request]], mark: str) -> str:
        """Submit a batch under `mark`; its name."""

    @abstractmethod
    def search(self, client: Any, mark: str) -> str | None:
        """The name of the batch under `mark`."""

    @abstractmethod
    def fetch(self, client: Any, batch: str) -> list[tuple[str, Callable[[], Completion]]] | None:
        """For each row of a finished batch its key, and how to read it; None while it is not finished."""

    def _check(self, request: Request) -> None:
        """Raises Failed for an answer of a shape that this model cannot give: nothing is sent."""
        if request.answer.kind not in {"text", *self.supports}:
            raise Failed(
                FailureKind.FATAL, f"{self.name}/{self.options.model} gives no answer of kind '{request.answer.kind}'"
            )

    def _client(self) -> Any:
        """One for all models of this server, key and time-out: they share its connections."""
        place = (self.name, self.address, self.key_variable, self.options.timeout)
        return self._shared(place, lambda: _Kept(self.open(self.key()))).client

    def _safely(self, work: Callable[[], T]) -> T:
        """What `work` returns. Raises Failed for whatever it raises: outside of the handler, so that no cause is tied to it."""
        try:
            return work()
        except Exception as error:
            failed = self._understood(error)
        raise failed

    def _row(self, read: Callable[[], Completion]) -> Completion | Failure:
        try:
            return self._hidden_in(read())
        except Exception as error:
            return failure_of(self._understood(error))

    def _understood(self, error: Exception) -> Failed:
        failed = of_exception(error, self._hidden)
        if failed.kind is FailureKind.FATAL and failed.message.startswith("HTTP "):
            said, host = failed.message.rstrip(". "), urlsplit(self.address).netloc
            failed.message = (
                f"{said}. Check the key in {self.key_variable}, and the model {self.options.model} at {host}."
            )
            failed.args = (failed.message,)
        return failed

    def _hidden(self, text: str) -> str:
        """`text` without the key."""
        key = os.environ.get(self.key_variable, "").strip()
        return text.replace(key, "[key]") if len(key) >= SHORTEST_KEY else text

    def _hidden_in(self, answer: Completion) -> Completion:
        """The answer without the key: a server may say what it was sent."""
        texts = {"text": answer.text, "reasoning": answer.reasoning, "model": answer.model}
        changed = {name: self._hidden(text) for name, text in texts.items() if text and self._hidden(text) != text}
        return answer.replace(**changed) if changed else answer


class _Kept:
    """A client that is closed as soon as nobody keeps it, or when the process ends: no connection is left open."""

    def __init__(self, client: Any) -> None:
        self.client = client
        weakref.finalize(self, client.close)


def _installed(module: str) -> bool:
    """Whether `module` can be found; nothing is imported but the package around it."""
    try:
        return importlib.util.find_spec(module) is not None
    except ImportError:
        return False
