"""`brie-bench plugins`: what there is, and what it takes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from conftest import Result, judge_class
from pydantic import Field

import brie_bench
from brie_bench import Verdict
from brie_bench.plugin.catalog import KINDS

Cli = Callable[..., Result]


def rows(text: str) -> list[list[str]]:
    """The cells of a markdown table's rows."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_every_plugin_is_listed_with_what_it_does_and_where_it_comes_from(cli: Cli) -> None:
    """In its own first sentence."""
    done = cli("plugins", "list")
    assert (0, "") == (done.status, done.err)
    found = {(row[0], row[1]): row for row in rows(done.out)}
    assert {("judge", "coin"), ("judge", "rubric"), ("model", "ngram"), ("importer", "brie-exports")} <= found.keys()
    assert {f"brie-bench {brie_bench.__version__}"} == {row[3] for row in found.values()}
    assert [] == [row for row in found.values() if not row[2].endswith(".") and "(" not in row[2]]
    assert "Broken" not in done.out


@pytest.mark.parametrize("kind", KINDS)
def test_one_kind_can_be_listed(cli: Cli, kind: str) -> None:
    """And nothing else."""
    assert {kind} >= {row[0] for row in rows(cli("plugins", "list", "--kind", kind).out)}


def test_an_unknown_kind_is_wrong_usage(cli: Cli) -> None:
    """With the known ones."""
    done = cli("plugins", "list", "--kind", "jugde")
    assert (2, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert "'judge', 'model', 'trainer', 'importer', 'exporter'" in done.err


def test_a_plugin_is_shown_with_its_options(cli: Cli) -> None:
    """Each with its type, its default and its meaning."""
    out = cli("plugins", "show", "rubric").out
    assert out.startswith(f"# rubric (judge, revision 1, brie-bench {brie_bench.__version__})\n")
    found = {row[0]: row for row in rows(out)}
    assert {"model", "max\\_tokens", "temperature"} >= found.keys() or {
        "model",
        "max_tokens",
        "temperature",
    } <= found.keys()
    assert "(needed)" == found["model"][2]


def test_a_model_is_shown_with_what_it_honours(cli: Cli) -> None:
    """Of a request's sampling."""
    assert "Honours: max_tokens, seed, temperature." in cli("plugins", "show", "ngram").out


def test_a_plugin_without_options_says_so(cli: Cli) -> None:
    """Rather than showing an empty table."""
    assert "It takes no options." in cli("plugins", "show", "first").out


def test_what_a_plugin_says_of_itself_breaks_no_table(cli: Cli, plugged: Callable[..., None]) -> None:
    """A bar, markup, a line feed or an escape in a description or a default is text."""

    class Odd(judge_class("odd", lambda _: Verdict(label="A"))):  # type: ignore[misc]
        """Odd | <b>judge</b> \x1b[2J.

        It says \u202e more, and
            keeps what it indents.
        """

        class Options(brie_bench.Options):
            """Odd ones."""

            sign: str = Field(default="a|b\x1b`", description="One\nof | two.")
            signs: list[str] = Field(default_factory=list, description="Any.")

    plugged(judges=(Odd,))
    listed, shown = cli("plugins", "list"), cli("plugins", "show", "odd")
    assert "Odd \\| \\<b\\>judge\\</b\\> \\\\x1b\\[2J." in listed.out
    assert not {"\x1b", "\u202e"} & {*listed.out, *shown.out}
    assert "It says \\u202e more, and\n    keeps what it indents.\n" in shown.out
    table = [line for line in shown.out.splitlines() if line.startswith("|")]
    assert (4, {5}) == (len(table), {line.replace("\\|", "").count("|") for line in table})
    assert ["signs", "list\\[str\\]", "\\[\\]", "Any."] == rows(shown.out)[1]


@pytest.mark.parametrize(
    ("expected", "name"),
    [("no plugin 'cadense'. Did you mean 'cadence'?", "cadense"), ("no plugin 'zzz'. Known: ", "zzz")],
)
def test_an_unknown_plugin_has_its_did_you_mean(cli: Cli, expected: str, name: str) -> None:
    """Whatever its kind."""
    done = cli("plugins", "show", name)
    assert (1, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert done.err.startswith(f"brie-bench: {expected}")
