"""What the tests of the whole line share: the three libraries, pointed to a fake provider with keys that may appear nowhere."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from cli.conftest import plugged

from brie_bench.testing import FakeProvider
from line.panel import KEYS, LIBRARIES, URLS

__all__ = ["plugged"]


@pytest.fixture
def pointed(monkeypatch: pytest.MonkeyPatch) -> Callable[[FakeProvider], None]:
    """Point the three libraries to a server; each lab has a key of its own."""
    for library in LIBRARIES:
        pytest.importorskip(library, reason=f"{library} is not installed; `pip install 'brie-bench[providers]'`")
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)

    def point(server: FakeProvider) -> None:
        environment = server.environment()
        for lab, variable in URLS.items():
            monkeypatch.setenv(variable, environment[variable])
            monkeypatch.setenv(*KEYS[lab])

    return point
