"""The wire shapes, against a server that somebody else wrote: npm's `@copilotkit/aimock`.

It speaks openai's chat, responses, files and batches, anthropic's messages and google's generateContent; it knows neither
decisions nor anthropic's and google's batches. Where it says anything, this server says it under the same name, in the
same place and with the same JSON type, and ends an answer with the same word.

Slow, because npm fetches it from its registry; without npm, or where it cannot be fetched, the tests are skipped and say why.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from brie_bench.testing import BatchScript, FakeProvider, cut_off, says, when
from testing.libraries import httpx2, openai

pytestmark = pytest.mark.slow

PACKAGE = "@copilotkit/aimock@1"
SAID = "Hello there, how are you?"
FIXTURES = {
    "fixtures": [
        {"match": {"userMessage": "be cut off"}, "response": {"content": SAID, "finishReason": "length"}},
        {"match": {"userMessage": "hello"}, "response": {"content": SAID}},
    ]
}
KEY = {"authorization": "Bearer k"}
ANTHROPIC = {"x-api-key": "k", "anthropic-version": "2026-10-21"}
GOOGLE = {"x-goog-api-key": "k"}


def _call(kind: str, text: str) -> tuple[str, dict[str, str], dict[str, Any]]:
    """Path, headers and body of one call."""
    messages = [{"role": "user", "content": text}]
    return {
        "anthropic": ("/v1/messages", ANTHROPIC, {"model": "m", "max_tokens": 100, "messages": messages}),
        "openai chat": ("/v1/chat/completions", KEY, {"model": "m", "messages": messages}),
        "openai responses": ("/v1/responses", KEY, {"model": "m", "input": messages}),
        "google": (
            "/v1beta/models/m:generateContent",
            GOOGLE,
            {"contents": [{"role": "user", "parts": [{"text": text}]}]},
        ),
    }[kind]


KINDS = ("anthropic", "openai chat", "openai responses", "google")


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the other server, installed for these tests."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed")
    folder = tmp_path_factory.mktemp("aimock")
    installed = subprocess.run(
        [npm, "install", "--no-audit", "--no-fund", "--prefer-offline", "--prefix", folder, PACKAGE],
        capture_output=True,
        text=True,
    )
    program = folder / "node_modules" / ".bin" / "llmock"
    if installed.returncode or not program.exists():
        pytest.skip(f"npm could not install {PACKAGE}: {installed.stderr.strip()[-200:]}")
    fixtures = folder / "fixtures.json"
    fixtures.write_text(json.dumps(FIXTURES))
    with _running(program, fixtures) as url:
        yield url


@contextlib.contextmanager
def _running(program: Path, fixtures: Path) -> Iterator[str]:
    port = _free_port()
    process = subprocess.Popen([program, "-p", str(port), "-f", fixtures, "--log-level", "silent"])
    try:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture(scope="module")
def ours() -> Iterator[FakeProvider]:
    """This server, saying the same."""
    faults = when(cut_off(), lambda request: b"be cut off" in request.body)
    with FakeProvider(says(SAID), faults, batches=BatchScript(polls=1)) as server:
        yield server


def _shape(value: Any, path: str = "$") -> dict[str, str]:
    """Where each value is, and its JSON type; all items of an array are one place."""
    if isinstance(value, dict):
        return {
            path: "object",
            **{k: v for name, each in value.items() for k, v in _shape(each, f"{path}.{name}").items()},
        }
    if isinstance(value, list):
        return {path: "array", **{k: v for each in value for k, v in _shape(each, f"{path}[]").items()}}
    names = {bool: "boolean", int: "number", float: "number", str: "string", type(None): "null"}
    return {path: names[type(value)]}


def _missing(theirs: Any, ours: Any) -> dict[str, tuple[str, str | None]]:
    """What they say and we do not, or otherwise; null stands for any type."""
    there, here = _shape(theirs), _shape(ours)
    return {
        path: (kind, here.get(path))
        for path, kind in there.items()
        if path not in here or ("null" not in (kind, here[path]) and here[path] != kind)
    }


def _both(theirs: str, ours: FakeProvider, kind: str, text: str) -> tuple[Any, Any]:
    path, headers, body = _call(kind, text)
    answers = [httpx2.post(base + path, headers=headers, json=body, timeout=30) for base in (theirs, ours.url)]
    assert [answer.status_code for answer in answers] == [200, 200]
    return answers[0].json(), answers[1].json()


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_has_the_same_shape(theirs: str, ours: FakeProvider, kind: str) -> None:
    """Every field that they send is one of ours, of the same type."""
    their_answer, our_answer = _both(theirs, ours, kind, "hello")
    assert _missing(their_answer, our_answer) == {}


def _told(kind: str, answer: Any) -> tuple[str, str]:
    """The text and the word for its end."""
    if kind == "anthropic":
        return answer["content"][0]["text"], answer["stop_reason"]
    if kind == "openai chat":
        return answer["choices"][0]["message"]["content"], answer["choices"][0]["finish_reason"]
    if kind == "openai responses":
        return answer["output"][0]["content"][0]["text"], answer["status"]
    candidate = answer["candidates"][0]
    return candidate["content"]["parts"][0]["text"], candidate["finishReason"]


@pytest.mark.parametrize("kind", KINDS)
def test_a_whole_answer_is_told_in_the_same_words(theirs: str, ours: FakeProvider, kind: str) -> None:
    """Text and end, in the same places."""
    their_answer, our_answer = _both(theirs, ours, kind, "hello")
    assert _told(kind, our_answer) == _told(kind, their_answer)
    assert _told(kind, our_answer)[0] == SAID


@pytest.mark.parametrize("kind", KINDS)
def test_a_cut_off_answer_ends_with_the_same_word(theirs: str, ours: FakeProvider, kind: str) -> None:
    """max_tokens, length, incomplete, MAX_TOKENS."""
    their_answer, our_answer = _both(theirs, ours, kind, "be cut off")
    assert _told(kind, our_answer)[1] == _told(kind, their_answer)[1]


@pytest.mark.parametrize("kind", ["openai chat", "google"])
def test_an_error_has_the_same_shape(theirs: str, ours: FakeProvider, kind: str) -> None:
    """A request without what it needs, or without an answer there."""
    path, headers, _ = _call(kind, "hello")
    answers = [httpx2.post(base + path, headers=headers, json={"model": "m"}) for base in (theirs, ours.url)]
    assert all(400 <= answer.status_code < 500 for answer in answers)
    assert _missing(*(answer.json() for answer in answers)) == {}


def _batch_round(base: str) -> dict[str, Any]:
    """What openai's library sees of one batch: as it is made, as it ends, and its file."""
    line = {
        "custom_id": "k-1",
        "method": "POST",
        "url": "/v1/chat/completions",
        "body": {"model": "m", "messages": [{"role": "user", "content": "hello"}]},
    }
    with openai.OpenAI(base_url=f"{base}/v1", api_key="k", max_retries=0) as client:
        file = client.files.create(file=("in.jsonl", json.dumps(line).encode()), purpose="batch")
        batch = client.batches.create(
            input_file_id=file.id,
            endpoint="/v1/chat/completions",
            completion_window="24h",
            metadata={"mark": "x"},
        )
        looks = [client.batches.retrieve(batch.id) for _ in range(3)]
        output = client.files.content(str(looks[-1].output_file_id)).text
        listed = client.batches.list()
    return {
        "file": file.to_dict(),
        "made": batch.to_dict(),
        "done": looks[-1].to_dict(),
        "rows": [json.loads(row) for row in output.splitlines()],
        "page": {"object": "list", "has_more": listed.has_more, "data": [each.to_dict() for each in listed.data][:1]},
    }


def test_a_batch_makes_the_same_round(theirs: str, ours: FakeProvider) -> None:
    """File, batch, output and list: every field that they send is one of ours; states have the same names."""
    their_round, our_round = _batch_round(theirs), _batch_round(ours.url)
    assert _missing(their_round, our_round) == {}
    assert our_round["done"]["status"] == their_round["done"]["status"] == "completed"
    assert [row["custom_id"] for row in our_round["rows"]] == [row["custom_id"] for row in their_round["rows"]]
    assert our_round["rows"][0]["response"]["status_code"] == their_round["rows"][0]["response"]["status_code"]
