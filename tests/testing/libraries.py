"""The three official libraries, pointed at a server, with their own retries off; and one call of each kind.

All that the tests use of the libraries comes from here: where one is not installed, those tests are skipped and say so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

for _library in ("anthropic", "openai", "google.genai"):
    pytest.importorskip(_library, reason=f"{_library} is not installed; `pip install 'brie-bench[providers]'`")

import anthropic  # noqa: E402  what follows needs the libraries
import httpx2  # noqa: E402
import openai  # noqa: E402
from google import genai  # noqa: E402
from google.genai import errors as google_errors  # noqa: E402
from google.genai import types  # noqa: E402
from google.genai._gaos.lib import compat_errors as google_newer_errors  # noqa: E402

from brie_bench.testing import FakeProvider, Policy  # noqa: E402
from brie_bench.testing.script import Faults  # noqa: E402

__all__ = [
    "CALLS",
    "PROTOCOL",
    "Libraries",
    "anthropic",
    "genai",
    "google_errors",
    "google_newer_errors",
    "httpx2",
    "openai",
    "pointed_at",
    "talking",
    "text_of",
    "types",
]

PROTOCOL = {
    "anthropic": "anthropic",
    "openai chat": "openai",
    "openai responses": "openai",
    "openai decisions": "openai",
    "google": "google",
    "google decisions": "google",
}


@dataclass(frozen=True)
class Libraries:
    """One client of each."""

    anthropic: anthropic.Anthropic
    openai: openai.OpenAI
    google: genai.Client

    def close(self) -> None:
        """Close their connections."""
        self.anthropic.close()
        self.openai.close()
        self.google.close()


def pointed_at(server: FakeProvider, *, timeout: float = 20.0, key: str = "sk-test") -> Libraries:
    """Clients for a server. No certificates are loaded, which is what takes a client's time to make."""
    return Libraries(
        anthropic.Anthropic(
            base_url=server.anthropic_url,
            api_key=key,
            max_retries=0,
            timeout=timeout,
            http_client=anthropic.DefaultHttpxClient(verify=False),
        ),
        openai.OpenAI(
            base_url=server.openai_url,
            api_key=key,
            max_retries=0,
            timeout=timeout,
            http_client=openai.DefaultHttpxClient(verify=False),
        ),
        genai.Client(
            api_key=key,
            http_options=types.HttpOptions(
                base_url=server.google_url,
                retry_options=types.HttpRetryOptions(attempts=1),
                timeout=int(timeout * 1000),
                client_args={"verify": False},
            ),
        ),
    )


@contextlib.contextmanager
def talking(
    policy: Policy | None = None, faults: Faults = (), *, timeout: float = 20.0, key: str = "sk-test", **options: Any
) -> Iterator[tuple[FakeProvider, Libraries]]:
    """A server, and the libraries pointed at it."""
    with FakeProvider(policy, faults, **options) as server:
        to = pointed_at(server, timeout=timeout, key=key)
        try:
            yield server, to
        finally:
            to.close()


def _anthropic(to: Libraries, model: str, text: str) -> Any:
    return to.anthropic.messages.create(model=model, max_tokens=500, messages=[{"role": "user", "content": text}])


def _chat(to: Libraries, model: str, text: str) -> Any:
    return to.openai.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])


def _responses(to: Libraries, model: str, text: str) -> Any:
    return to.openai.responses.create(model=model, input=text)


def _openai_decisions(to: Libraries, model: str, text: str) -> Any:
    question = {"type": "choice", "name": "winner", "instructions": "Which?"}
    choices = [{"value": "A"}, {"value": "B"}, {"value": "tie"}]
    return to.openai.decisions.create(model=model, input=text, questions=[{**question, "choices": choices}])


def _google(to: Libraries, model: str, text: str) -> Any:
    return to.google.models.generate_content(model=model, contents=text)


def _google_decisions(to: Libraries, model: str, text: str) -> Any:
    question = {"type": "choice", "instructions": "Which?", "criteria": {"A": "", "B": "", "tie": ""}}
    return to.google.decisions.create(model=model, input=text, questions={"winner": question})


CALLS: dict[str, Callable[[Libraries, str, str], Any]] = {
    "anthropic": _anthropic,
    "openai chat": _chat,
    "openai responses": _responses,
    "openai decisions": _openai_decisions,
    "google": _google,
    "google decisions": _google_decisions,
}
"""Kind of call to a function of the libraries, a model and a text."""


def text_of(answer: Any) -> str:
    """The text in a library's answer to a call that asks for one."""
    if hasattr(answer, "stop_reason"):
        return "".join(block.text for block in answer.content if block.type == "text")
    if hasattr(answer, "choices"):
        return answer.choices[0].message.content or ""
    return answer.output_text if hasattr(answer, "output_text") else answer.text or ""
