"""Errors are one printable line; a failure has a kind."""

from __future__ import annotations

import json
import subprocess
import sys
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.errors import (
    BrieError,
    Failed,
    FailureKind,
    LedgerError,
    PluginError,
    SpecError,
    UsageError,
    VerdictError,
    did_you_mean,
    in_words,
    plain,
    plain_json,
)

ANY = st.text(st.characters(exclude_categories=[]), max_size=60)


@settings(deadline=None, max_examples=300)
@given(ANY, st.integers(2, 80))
def test_plain_text_is_one_printable_line(text: str, limit: int) -> None:
    """Whatever the text: nothing in it moves a cursor, hides, or turns the reading round; a file can hold it."""
    line = plain(text, limit)
    assert len(line) <= limit
    assert [] == [char for char in line if unicodedata.category(char) in ("Cc", "Cs", "Zl", "Zp")]
    assert [] == [
        char
        for char in line
        if unicodedata.bidirectional(char) in ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")
    ]
    assert line == line.encode().decode()


@settings(deadline=None, max_examples=100)
@given(ANY)
def test_plain_text_stays_plain(text: str) -> None:
    """Once is enough: what was made plain is not changed again."""
    assert plain(text) == plain(plain(text))


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("\\x1b[31mred", "\x1b[31mred"),
        ("\\x9b2Jx", "\x9b2Jx"),
        ("a b", "a\nb"),
        ("a b c", "a\rb\tc"),
        ("\\u202egnp", "\u202egnp"),
        ("a\\u200bb", "a\u200bb"),
        ("a\\ufeffb", "a\ufeffb"),
        ("\\ud800", "\ud800"),
        ("\\x00", "\x00"),
        ("\\x07", "\x07"),
        ("a\\u2028b", "a\u2028b"),
        ("é ½ – 漢 🧀", "é ½ – 漢 🧀"),
        ("x", "  x \n"),
        ("5", 5),
        ("None", None),
    ],
)
def test_what_does_not_print_is_shown_as_an_escape(expected: str, text: object) -> None:
    """A reader sees that something was there."""
    assert expected == plain(text)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(ANY, st.lists(ANY, max_size=2), max_size=3))
def test_printed_json_is_the_same_json(value: dict[str, list[str]]) -> None:
    """Nothing in it moves a cursor, and nothing is lost."""
    text = plain_json(value)
    assert value == json.loads(text)
    assert text.replace("\n", "") == plain(text.replace("\n", ""), 10_000)


def test_a_long_text_is_cut() -> None:
    """With a sign that it was; a megabyte costs no more than its beginning."""
    assert "a" * 9 + "…" == plain("a" * 1_000_000, 10)
    assert "a" * 10 == plain("a" * 10, 10)


@pytest.mark.parametrize(
    ("expected", "name", "known"),
    [
        (" Did you mean 'coin'?", "coinn", ["coin", "first"]),
        (" Known: coin, first.", "zzz", ["first", "coin"]),
        ("", "zzz", []),
        (" Known: coin.", "", ["coin"]),
        (" Known: coin.", "coin" * 1_000_000, ["coin"]),
    ],
)
def test_the_nearest_name_is_offered(expected: str, name: str, known: list[str]) -> None:
    """Or, with nothing near, every known one."""
    assert expected == did_you_mean(name, known)


def test_an_error_says_what_where_and_the_mend() -> None:
    """In one line, in this order."""
    error = BrieError("a thing is wrong.", where="file:3", mend="Do this.")
    assert "file:3: a thing is wrong. Do this." == str(error)
    assert "a thing is wrong." == str(BrieError("a thing is wrong."))


def test_an_error_is_plain_whatever_it_names() -> None:
    """File names, keys and messages may be anybody's."""
    line = str(BrieError("bad \x1b[2J key\n", where="a\nb\x07", mend="x\u202e"))
    assert "a b\\x07: bad \\x1b[2J key  x\\u202e" == line


@pytest.mark.parametrize(
    ("expected", "kind"), [(1, BrieError), (1, SpecError), (1, PluginError), (1, LedgerError), (2, UsageError)]
)
def test_only_wrong_usage_has_the_status_2(expected: int, kind: type[BrieError]) -> None:
    """1 is an error."""
    assert expected == kind("x").exit_status


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failed_call_has_a_kind_by_word_or_by_name(kind: FailureKind) -> None:
    """And keeps what was received."""
    failed = Failed(kind.value, "why", retry_after=2.0, raw="text")
    assert (kind, "why", 2.0, "text", None) == (
        failed.kind,
        failed.message,
        failed.retry_after,
        failed.raw,
        failed.usage,
    )


def test_a_failure_of_no_known_kind_cannot_be_raised() -> None:
    """A misspelt kind is the plugin's own error."""
    with pytest.raises(ValueError, match="unlucky"):
        Failed("unlucky", "why")


def test_a_verdict_that_cannot_be_read_is_a_failed_call() -> None:
    """Not a verdict."""
    assert isinstance(VerdictError("unparsed", "why"), Failed)


def test_a_strangers_exception_is_told_by_type_and_message() -> None:
    """Even one whose message cannot be had."""

    class Shy(Exception):  # noqa: N818  a stranger's class is called as the stranger likes
        def __str__(self) -> str:
            raise self

    assert ("KeyError: 'x'", "Shy: (its message cannot be shown)") == (in_words(KeyError("x")), in_words(Shy()))


def test_the_errors_cost_nothing_to_import() -> None:
    """The command line needs them before anything else: the standard library's own modules and no other."""
    code = "import sys; before = set(sys.modules); import brie_bench.errors; print(*(set(sys.modules) - before))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    tops = {name.partition(".")[0] for name in found}
    assert "brie_bench" in tops
    assert [] == [name for name in tops if name != "brie_bench" and name not in sys.stdlib_module_names]
