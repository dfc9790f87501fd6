"""A remote model: what is refused before anything is sent, what makes its key, what it keeps."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import pytest
from conftest import plugin_of
from pydantic import ValidationError

from brie_bench import Completion, Failed, JsonSchema, Request, Turn
from brie_bench.errors import PluginError
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager
from brie_bench.plugin.remote import RemoteModel

ASKED = Request(messages=(Turn(role="user", content="Hello"),))


class Client:
    """A client that remembers whether it was closed."""

    opened: list[Client] = []

    def __init__(self, key: str) -> None:
        self.key = key
        self.closed = False
        self.opened.append(self)

    def close(self) -> None:
        self.closed = True


class Parrot(RemoteModel):
    """Says with which key it was asked."""

    name = "parrot"
    library = "json"
    home = "https://api.parrot.example/v1"
    url_variables = ("PARROT_BASE_URL", "PARROT_URL")
    key_variables = ("PARROT_API_KEY", "PARROT_KEY")
    supports = frozenset({"max_tokens", "temperature"})

    def open(self, key: str) -> Client:
        return Client(key)

    def ask(self, client: Client, request: Request) -> Completion:
        return Completion(text=f"key {client.key}")

    def send(self, client: Client, requests: Sequence[tuple[str, Request]], mark: str) -> str:
        return mark

    def search(self, client: Client, mark: str) -> str | None:
        return None

    def fetch(self, client: Client, batch: str) -> list[tuple[str, Callable[[], Completion]]] | None:
        return None


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    Client.opened = []
    for name in ("PARROT_BASE_URL", "PARROT_URL", "PARROT_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PARROT_API_KEY", "short")


def catalog(*classes: type) -> Catalog:
    return Catalog(make_manager([plugin_of(models=classes or (Parrot,))], discover=False))


def built(cls: type[RemoteModel] = Parrot, **options: Any) -> RemoteModel:
    model = catalog(cls).model({"name": "parrot/m", "options": options})  # type: ignore[arg-type]
    assert isinstance(model, RemoteModel)
    return model


def test_the_providers_own_address_is_paid_and_priced() -> None:
    """Its configuration names no address, and its lane is the provider and the host."""
    model = built()
    assert (True, ("parrot", "m"), "parrot api.parrot.example") == (model.paid, model.priced_as, model.lane)
    assert {"plugin": "parrot", "revision": "1", "options": {"model": "m"}} == model.configuration()


def test_another_address_is_another_model() -> None:
    """Its price is not known; its configuration says where it is."""
    model = built(base_url="http://localhost:8000/v1/")
    assert (None, None, "parrot localhost:8000") == (model.paid, model.priced_as, model.lane)
    assert "http://localhost:8000/v1" == model.configuration()["base_url"]


def test_the_same_address_is_the_same_however_it_is_written() -> None:
    """A slash at the end, capitals in the host, the option or the environment: the same keys."""
    assert built().configuration() == built(base_url="HTTPS://API.Parrot.example/v1/").configuration()


def test_the_environment_names_the_address_where_the_option_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first variable that is set."""
    monkeypatch.setenv("PARROT_URL", "http://two")
    assert "http://two" == built().address
    monkeypatch.setenv("PARROT_BASE_URL", "http://one")
    assert ("http://one", "http://three") == (built().address, built(base_url="http://three").address)


def test_what_changes_no_answer_is_in_no_key() -> None:
    """Time-out and the key's variable are not; what it is without is, since it changes what is sent."""
    assert built().configuration() == built(timeout=5, key_variable="PARROT_KEY").configuration()
    assert ["temperature"] == built(without=["temperature"]).configuration()["options"]["without"]
    assert frozenset({"max_tokens"}) == built(without=["temperature"]).supports
    first, second = (built(without=names).configuration() for names in (["seed", "top_p"], ["top_p", "seed", "seed"]))
    assert first == second


@pytest.mark.parametrize(
    "url",
    [
        "",
        "localhost",
        "localhost:8000/v1",
        "ftp://host",
        "http://",
        "http://host:port",
        "http://ho st",
        "http://[::1",
        "//h",
    ],
)
@pytest.mark.parametrize("source", ["option", "environment"])
def test_what_is_no_url_is_refused(monkeypatch: pytest.MonkeyPatch, url: str, source: str) -> None:
    """When the model is built: nothing has been sent. An empty variable is none."""
    monkeypatch.setenv("PARROT_BASE_URL", url or " ")
    with pytest.raises(PluginError, match="is no URL"):
        built(**({"base_url": url} if source == "option" else {}))


@pytest.mark.parametrize(
    "url",
    ["https://me:hunter2@host/v1", "https://hunter2@host", "https://host/v1?key=hunter2", "https://host/v1#hunter2"],
)
@pytest.mark.parametrize("source", ["base_url", "PARROT_BASE_URL"])
def test_an_address_with_a_secret_is_refused(monkeypatch: pytest.MonkeyPatch, url: str, source: str) -> None:
    """It would be recorded. The message says where it was found and where a key belongs, and does not show it."""
    monkeypatch.setenv("PARROT_BASE_URL", url)
    with pytest.raises(PluginError) as caught:
        built(**({"base_url": url} if source == "base_url" else {}))
    assert f"{source} may carry a secret" in str(caught.value)
    assert "PARROT_API_KEY" in str(caught.value)
    assert "hunter2" not in repr(caught.value) + str(caught.value)


def test_a_key_in_the_place_of_its_variable_is_refused() -> None:
    """And not shown."""
    with pytest.raises(PluginError) as caught:
        built(key_variable="sk-hunter2")
    assert "hunter2" not in str(caught.value)


def test_a_key_is_no_option() -> None:
    """Neither a whole one nor by another name."""
    with pytest.raises(ValidationError):
        Parrot.Options(model="m", api_key="sk-hunter2")  # type: ignore[call-arg]


def test_a_missing_library_is_named_with_the_extra_that_brings_it() -> None:
    """When the model is built: before a run spends anything."""

    class Lost(Parrot):
        library = "no_such_library.inside"

    with pytest.raises(PluginError, match=r"pip install 'brie-bench\[parrot\]'"):
        built(Lost)


def test_a_broken_library_is_fatal() -> None:
    """It is there and cannot be imported."""

    class Broken(Parrot):
        def open(self, key: str) -> Client:
            raise ImportError("undefined symbol")

    with pytest.raises(Failed, match="undefined symbol") as caught:
        built(Broken).complete(ASKED)
    assert "fatal" == caught.value.kind


def test_an_answer_of_a_shape_that_it_cannot_give_is_refused() -> None:
    """Before a client is opened, and before a batch is submitted."""
    asked = ASKED.replace(answer=JsonSchema(definition={"type": "object"}))
    for attempt in (lambda: built().complete(asked), lambda: built().submit([("k", asked)], "mark")):
        with pytest.raises(Failed, match="no answer of kind 'json_schema'") as caught:
            attempt()
        assert ("fatal", []) == (caught.value.kind, Client.opened)


def test_the_key_comes_from_the_variable_that_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Or from the first of the usual ones that is set; without line ends."""
    monkeypatch.setenv("PARROT_KEY", "two\n")
    monkeypatch.setenv("MY_KEY", "three")
    assert "key short" == built().complete(ASKED).text
    assert "key three" == built(key_variable="MY_KEY").complete(ASKED).text
    monkeypatch.delenv("PARROT_API_KEY")
    assert "key two" == built().complete(ASKED).text


def test_a_key_that_was_named_is_needed_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another server needs none, unless somebody says which."""
    monkeypatch.delenv("PARROT_API_KEY")
    assert "key none" == built(base_url="http://localhost").complete(ASKED).text
    with pytest.raises(Failed, match="set MY_KEY"):
        built(base_url="http://localhost", key_variable="MY_KEY").complete(ASKED)


def test_a_client_is_kept_for_all_models_of_a_server() -> None:
    """One for each address, key variable and time-out of a catalog."""
    plugins = catalog()
    for options in ({}, {}, {"base_url": "http://localhost"}, {"timeout": 5}):
        for name in ("parrot/m", "parrot/n"):
            plugins.model({"name": name, "options": options}).complete(ASKED)  # type: ignore[arg-type]
    assert 3 == len(Client.opened)


def test_clients_are_closed_when_nobody_keeps_them() -> None:
    """With their catalog and its models."""
    model = built()
    model.complete(ASKED)
    gc.collect()
    assert [False] == [client.closed for client in Client.opened]
    del model
    gc.collect()
    assert [True] == [client.closed for client in Client.opened]


def test_a_client_that_could_not_be_opened_is_opened_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that is set later is found."""
    monkeypatch.delenv("PARROT_API_KEY")
    model = built()
    with pytest.raises(Failed, match="set PARROT_API_KEY"):
        model.complete(ASKED)
    monkeypatch.setenv("PARROT_API_KEY", "later")
    assert "key later" == model.complete(ASKED).text


def test_loading_the_plugins_imports_no_library() -> None:
    """Not one of the three, nor what they talk through."""
    code = (
        "import sys, brie_bench_anthropic, brie_bench_google, brie_bench_openai;"
        "print(sorted({'anthropic', 'openai', 'google', 'httpx2', 'ssl'} & set(sys.modules)))"
    )
    assert "[]\n" == subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
