"""Whether a server answers, said within seconds and in words."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest

from brie_bench.engine.doctor.reach import is_here, reach
from brie_bench.testing import FakeProvider


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """A socket that accepts and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def _url(listener: socket.socket) -> str:
    return f"http://127.0.0.1:{listener.getsockname()[1]}"


def test_any_status_is_an_answer() -> None:
    """Without a key a provider says 401, and lives."""
    with FakeProvider() as server:
        address = server.openai_url
        assert {address: ""} == reach([address])
        assert [401] == [entry.status for entry in server.log]
        assert "authorization" not in server.log[0].headers


def test_a_silent_server_is_given_up(listener: socket.socket) -> None:
    """After the patience, with others asked meanwhile."""
    with FakeProvider() as server:
        found = reach([_url(listener), server.url], patience=0.3)
    assert {_url(listener): "no answer within 0.3 s", server.url: ""} == found


def test_a_server_that_trickles_is_given_up(listener: socket.socket) -> None:
    """A byte now and then is no answer."""
    stop = threading.Event()

    def trickle() -> None:
        connection, _ = listener.accept()
        with connection:
            while not stop.wait(0.02):
                connection.sendall(b"H")

    thread = threading.Thread(target=trickle)
    thread.start()
    try:
        assert {_url(listener): "no answer within 0.3 s"} == reach([_url(listener)], patience=0.3)
    finally:
        stop.set()
        thread.join()


def test_nobody_listens(listener: socket.socket) -> None:
    """Said at once."""
    address = _url(listener)
    listener.close()
    assert {address: "nothing listens there"} == reach([address], patience=30)


def test_what_speaks_no_http_is_told(listener: socket.socket) -> None:
    """Something else has the port."""

    def greet() -> None:
        connection, _ = listener.accept()
        with connection:
            connection.sendall(b"220 mail.example ESMTP\r\n")
            connection.recv(1000)

    thread = threading.Thread(target=greet)
    thread.start()
    assert {_url(listener): "what answers does not speak HTTP"} == reach([_url(listener)])
    thread.join()


def test_a_name_that_does_not_exist_is_told() -> None:
    """`.invalid` never resolves."""
    (wrong,) = reach(["http://nowhere.invalid/v1"], patience=30).values()
    assert wrong not in ("", "no answer within 30 s")


@pytest.mark.parametrize(
    ("address", "here"),
    [("http://localhost:1/v1", True), ("http://[::1]:1", True), ("https://127.0.0.1.example.org", False)],
)
def test_this_machine_is_known_by_its_names(address: str, here: bool) -> None:
    """And by nothing that only looks like one."""
    assert here is is_here(address)
