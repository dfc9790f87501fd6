"""The house keeps its rules: what may import what, what things are called, what a library must not do."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from conftest import ROOT

PACKAGE = sorted((ROOT / "brie_bench").rglob("*.py"))
PLUGINS = sorted((ROOT / "plugins").glob("*.py"))
LIBRARIES = {
    "brie_bench_anthropic": {"anthropic"},
    "brie_bench_google": {"google", "httpx2"},
    "brie_bench_openai": {"openai"},
}
BANNED = {"utils", "helpers", "common", "core", "misc", "data"}


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module or ""


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.stem)
def test_a_plugin_of_ours_imports_what_a_guest_could(path: Path) -> None:
    """Our own plugins import brie_bench, pydantic, the standard library and the library they are for: never each other."""
    roots = {name.partition(".")[0] for name in _imports(ast.parse(path.read_text("utf-8")))}
    own = LIBRARIES.get(path.stem, set())
    assert roots - set(sys.stdlib_module_names) - {"brie_bench", "pydantic"} - own == set()


@pytest.mark.parametrize("path", PLUGINS, ids=lambda path: path.stem)
def test_a_plugin_imports_its_library_where_it_uses_it(path: Path) -> None:
    """Never when it is loaded: that is what every command waits for."""
    loaded = ast.Module([node for node in ast.parse(path.read_text("utf-8")).body if not _is_deferred(node)], [])
    roots = {name.partition(".")[0] for name in _imports(loaded)}
    assert roots & LIBRARIES.get(path.stem, set()) == set()


def _is_deferred(node: ast.stmt) -> bool:
    typing_only = isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    return typing_only or isinstance(node, ast.FunctionDef | ast.ClassDef)


def test_no_module_is_called_by_a_word_that_says_nothing() -> None:
    """No module is called utils, helpers, common, core, misc or data."""
    assert [path for path in PACKAGE + PLUGINS if path.stem in BANNED or path.parent.name in BANNED] == []


def test_the_package_asserts_nothing() -> None:
    """`assert` vanishes under -O: the package raises its own errors."""
    asserting = [
        path.relative_to(ROOT)
        for path in PACKAGE + PLUGINS
        if any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(path.read_text("utf-8"))))
    ]
    assert asserting == []


def test_only_the_blind_turns_slots_into_sides() -> None:
    """Nothing but blind.py decides by an order, or says what a label means under one: one room applies an order."""
    deciding = set()
    for path in PACKAGE + PLUGINS:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            compared = [node.left, *node.comparators] if isinstance(node, ast.Compare) else []
            paired = [ast.unparse(each) for each in node.elts] if isinstance(node, ast.Tuple) else []
            by_order = any(ast.unparse(each).startswith("Order.") for each in compared)
            if by_order or {name.partition(".")[0] for name in paired} >= {"Label", "Order"}:
                deciding.add(path.relative_to(ROOT).as_posix())
    assert deciding == {"brie_bench/blind.py"}


def test_the_statistics_import_no_scipy_stats() -> None:
    """`scipy.stats` costs most of a second: nothing on the way to a leaderboard imports it."""
    importing = [path.name for path in PACKAGE if "scipy.stats" in set(_imports(ast.parse(path.read_text("utf-8"))))]
    assert importing == []
