"""The documents show what the tool does today."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT


def _refresh() -> ModuleType:
    spec = importlib.util.spec_from_file_location("refresh", ROOT / "docs" / "refresh.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", _refresh().documents(), ids=lambda path: path.name)
def test_a_document_shows_what_its_commands_print(path: Path) -> None:
    """Every marked block is what its command prints; `make readme` mends it."""
    text = path.read_text("utf-8")
    assert text == _refresh().refreshed(text)


def test_relative_links_lead_somewhere() -> None:
    """A relative link in a document names a file of the project."""
    documents = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    links = [
        (path, link) for path in documents for link in re.findall(r"\]\((?!https?:|#)([^)#]+)", path.read_text("utf-8"))
    ]
    assert [(path.name, link) for path, link in links if not (path.parent / link).exists()] == []
