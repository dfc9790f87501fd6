"""The server itself: how it starts, ends, and treats what is no request."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import threading
from typing import Any

import pytest

from brie_bench.testing import Answer, Asked, FakeProvider, at, echo, hang, says
from testing.libraries import CALLS, anthropic, genai, google_errors, httpx2, openai, pointed_at, talking, text_of


def _threads(server: FakeProvider) -> int:
    name = f"fake-provider-{server.url.rpartition(':')[2]}"
    return sum(thread.name.startswith(name) for thread in threading.enumerate())


def test_nothing_is_left_when_it_has_closed() -> None:
    """No thread, no port, though connections were open and a call was hanging."""
    with talking(echo(), at(hang(), 2)) as (server, to):
        CALLS["openai chat"](to, "m", "hi")
        failures: list[BaseException] = []

        def call() -> None:
            try:
                CALLS["anthropic"](to, "m", "hi")
            except anthropic.APIConnectionError as error:
                failures.append(error)

        caller = threading.Thread(target=call)
        caller.start()
        server.wait_until(lambda counters, traffic: traffic.in_flight == 1)
        assert _threads(server) == 3
        server.close()
        caller.join()
        assert (len(failures), _threads(server)) == (1, 0)
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port))


def test_its_port_can_be_taken_again_at_once() -> None:
    """By another server, as after a crash."""
    with FakeProvider(echo()) as server:
        port = int(server.url.rpartition(":")[2])
        assert httpx2.get(f"{server.url}/v1/models", headers={"authorization": "Bearer k"}).status_code == 200
    with FakeProvider(echo(), port=port) as again:
        assert again.url == server.url


def test_it_has_no_address_before_it_listens() -> None:
    """Asking for one says what to do."""
    with pytest.raises(RuntimeError, match="with"):
        _ = FakeProvider().openai_url


@pytest.mark.parametrize("path", ["/v1/batches?limit=x", "/v1/messages/batches?limit=x", "/v1beta/batches?pageToken=x"])
def test_a_page_is_a_number(server: FakeProvider, path: str) -> None:
    """400 for anything else."""
    assert httpx2.get(server.url + path, headers={"authorization": "Bearer k"}).status_code == 400


def test_closing_twice_is_closing_once() -> None:
    """And closing what was never started is nothing."""
    server = FakeProvider()
    server.close()
    server.start()
    server.close()
    server.close()


def test_two_servers_know_nothing_of_each_other() -> None:
    """Each has its own policy, log and counters."""
    with talking(says("one")) as (one, to_one), talking(says("two")) as (two, to_two):
        assert text_of(CALLS["google"](to_one, "m", "hi")) == "one"
        assert [text_of(CALLS["google"](to_two, "m", "hi")) for _ in range(2)] == ["two", "two"]
        assert (one.counters.billed, two.counters.billed) == (1, 2)


def test_it_listens_on_the_loopback_alone() -> None:
    """Nobody else can reach it."""
    with FakeProvider() as server:
        assert server.url.startswith("http://127.0.0.1:")


def test_the_environment_points_the_libraries_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Base URLs and keys: clients without any argument find it."""
    with FakeProvider(echo(), keys=["k-1"]) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
        user: Any = [{"role": "user", "content": "hi"}]
        with anthropic.Anthropic() as first, openai.OpenAI() as second, genai.Client() as third:
            texts = [
                text_of(first.messages.create(model="m", max_tokens=9, messages=user)),
                text_of(second.chat.completions.create(model="m", messages=user)),
                text_of(third.models.generate_content(model="m", contents="hi")),
            ]
    assert texts == ["hi"] * 3


@pytest.mark.parametrize(
    ("kind", "error", "status"),
    [
        ("anthropic", anthropic.AuthenticationError, 401),
        ("openai chat", openai.AuthenticationError, 401),
        ("google", google_errors.ClientError, 400),
    ],
)
def test_a_wrong_key_gets_what_its_protocol_gives(kind: str, error: Any, status: int) -> None:
    """401; google says 400, and API_KEY_INVALID in the details."""
    with talking(echo(), key="wrong", keys=["right"]) as (server, to):
        with pytest.raises(error) as caught:
            CALLS[kind](to, "m", "hi")
        assert server.log[0].status == status
        assert kind != "google" or "API_KEY_INVALID" in str(caught.value)


def test_a_key_is_needed() -> None:
    """Any, but one."""
    with FakeProvider(echo()) as server:
        assert httpx2.get(f"{server.url}/v1/models").status_code == 401


def test_a_policy_that_raises_is_a_mistake_in_the_test() -> None:
    """The client gets a 500, and the test hears of it when the server closes."""

    def broken(asked: Asked) -> Answer:
        raise KeyError("oops")

    with (
        pytest.raises(RuntimeError, match="policy raised") as caught,
        talking(broken) as (_, to),
        pytest.raises(openai.InternalServerError, match="KeyError"),
    ):
        CALLS["openai chat"](to, "m", "hi")
    assert isinstance(caught.value.__cause__, KeyError)


def _raw(server: FakeProvider, data: bytes) -> bytes:
    """What comes back for these bytes, until the server hangs up."""
    with socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])), timeout=20) as connection:
        connection.sendall(data)
        received = b""
        while part := connection.recv(65536):
            received += part
    return received


@pytest.mark.parametrize(
    "data",
    [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\nno header\r\n\r\n", b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n"],
)
def test_what_is_no_http_is_told_so(server: FakeProvider, data: bytes) -> None:
    """400, and the connection ends."""
    assert _raw(server, data).startswith(b"HTTP/1.1 400 ")


def test_endless_headers_are_told_so(server: FakeProvider) -> None:
    """Rather than kept."""
    assert _raw(server, b"GET / HTTP/1.1\r\nx: " + b"x" * 70_000).startswith(b"HTTP/1.1 400 ")


def test_half_a_request_is_no_request() -> None:
    """A client that hangs up in the middle is not logged."""
    with (
        FakeProvider() as server,
        socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2]))) as connection,
    ):
        connection.sendall(b"POST /v1/responses HTTP/1.1\r\ncontent-length: 100\r\n\r\nhalf")
        server.wait_until(lambda counters, traffic: traffic.connections == 1)
    assert (server.counters.requests, server.traffic.in_flight) == (0, 0)


def test_a_chunked_request_is_read(server: FakeProvider) -> None:
    """Some clients do not say beforehand how much they will send."""
    body = json.dumps({"model": "m", "input": "hi"}).encode()

    def parts() -> Any:
        yield body[:7]
        yield body[7:]

    answer = httpx2.post(f"{server.url}/v1/responses", content=parts(), headers={"authorization": "Bearer k"})
    assert answer.json()["output"][0]["content"][0]["text"] == "hi"


def test_a_client_may_close_after_its_answer(server: FakeProvider) -> None:
    """`connection: close` is obeyed."""
    answer = _raw(
        server, b"GET /v1/models HTTP/1.1\r\nauthorization: Bearer k\r\nconnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n"
    )
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("content", [b"{", b"\xff", b"[]", b"[" * 100_000])
def test_a_body_that_is_no_json_object_is_refused(server: FakeProvider, content: bytes) -> None:
    """400, in the protocol's words."""
    answer = httpx2.post(f"{server.url}/v1/responses", content=content, headers={"authorization": "Bearer k"})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


def test_a_large_request_is_read() -> None:
    """Ten megabytes of prompt."""
    text = "word " * 2_000_000
    with talking(says("ok")) as (server, to):
        assert text_of(CALLS["openai chat"](to, "m", text)) == "ok"
        assert server.counters.usage.input > 2_000_000


def test_latency_is_before_every_call_and_may_be_a_function() -> None:
    """Of the request; what is no call does not wait."""
    asked: list[str] = []

    def latency(request: Any) -> float:
        asked.append(request.model)
        return 0.01

    with talking(echo(), latency=latency, models=["m"]) as (server, to):
        CALLS["openai chat"](to, "m", "hi")
        to.openai.models.list()
        assert [entry.seconds >= 0.01 for entry in server.log][:1] == [True]
    assert "m" in asked


def test_many_callers_at_once_are_served() -> None:
    """Thirty-two at a time, each over its own connection, each with its own answer."""
    with talking(echo(), latency=0.05) as (server, to):
        texts: list[str] = []
        callers = [
            threading.Thread(target=lambda i=i: texts.append(text_of(CALLS["openai chat"](to, "m", f"text {i}"))))
            for i in range(32)
        ]
        for caller in callers:
            caller.start()
        for caller in callers:
            caller.join()
        assert sorted(texts) == sorted(f"text {i}" for i in range(32))
        assert server.traffic.connections <= 32


STANDARD_ONLY = """
import sys
before = set(sys.modules)
import brie_bench.testing
with brie_bench.testing.FakeProvider():
    pass
roots = {name.partition(".")[0] for name in set(sys.modules) - before}
print(sorted(roots - set(sys.stdlib_module_names) - {"brie_bench"}))
"""


def test_it_needs_the_standard_library_alone() -> None:
    """Importing and starting it loads no other package."""
    done = subprocess.run([sys.executable, "-c", STANDARD_ONLY], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def _process(*options: str) -> tuple[subprocess.Popen[str], dict[str, str]]:
    """A server's process, and what it exports."""
    command = [sys.executable, "-m", "brie_bench.testing", *options]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, dict(process.stdout.readline().strip().removeprefix("export ").split("=", 1) for _ in range(6))


def test_a_process_of_its_own_is_as_slow_as_it_is_told() -> None:
    """With half a minute's latency nothing comes in a tenth of a second."""
    process, exports = _process("--latency", "30")
    with (
        openai.OpenAI(base_url=exports["OPENAI_BASE_URL"], api_key="k", timeout=0.1, max_retries=0) as client,
        pytest.raises(openai.APITimeoutError),
    ):
        client.responses.create(model="m", input="hi")
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=20)
    assert process.returncode == 0


def test_it_runs_in_a_process_of_its_own() -> None:
    """It prints what points the libraries at it, and at the end its counters."""
    process, exports = _process("--policy", "echo")
    with openai.OpenAI(base_url=exports["OPENAI_BASE_URL"], api_key=exports["OPENAI_API_KEY"]) as client:
        assert client.responses.create(model="m", input="hi").output_text == "hi"
        url = exports["ANTHROPIC_BASE_URL"]
        assert httpx2.get(f"{url}/fake-provider").json()["billed"] == 1
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=20)
    counters = json.loads(out)
    assert (counters["billed"], counters["requests"], process.returncode) == (1, 1, 0)


def test_a_closed_server_drops_whoever_is_connected() -> None:
    """A client with a kept connection finds it closed."""
    with FakeProvider(echo()) as server:
        to = pointed_at(server)
        CALLS["openai chat"](to, "m", "hi")
    with pytest.raises(openai.APIConnectionError):
        CALLS["openai chat"](to, "m", "hi")
    to.close()
