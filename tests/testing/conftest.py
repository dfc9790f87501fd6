"""A quiet server for tests that need no other, and the libraries pointed at it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from brie_bench.testing import FakeProvider, echo

if TYPE_CHECKING:
    from testing.libraries import Libraries


@pytest.fixture(scope="module")
def quiet() -> Iterator[tuple[FakeProvider, Libraries]]:
    """Says what it was told, for the module's tests."""
    from testing.libraries import talking

    with talking(echo(), versions={"alias": "alias-2026-11-01"}) as both:
        yield both


@pytest.fixture(scope="module")
def server(quiet: tuple[FakeProvider, Libraries]) -> FakeProvider:
    """The quiet server."""
    return quiet[0]


@pytest.fixture(scope="module")
def to(quiet: tuple[FakeProvider, Libraries]) -> Libraries:
    """The libraries, pointed at the quiet server."""
    return quiet[1]
