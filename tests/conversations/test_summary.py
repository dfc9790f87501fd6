"""What a pile consists of: counted, in words or tokens, and shown on a page that holds nothing but text and bars."""

from __future__ import annotations

import base64
import hashlib
import random
import re
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.conversations.page import page
from brie_bench.conversations.plots import bars
from brie_bench.conversations.summary import summarise
from brie_bench.conversations.tokenizer import counter
from brie_bench.errors import PluginError, UsageError
from brie_bench.spec.conversation import Conversation

from .pile import conversation, write

HOSTILE = "</svg></table><script>alert(1)</script><img src=x onerror=alert(2)>\u202e\u200b\x1b[2J {{ 7 * 7 }} $x^2$"


def _pile() -> list[Conversation]:
    source = random.Random(1)
    days = ("2025-11-02", "2026-02-03", "2026-02-04")
    return [
        conversation(number, source, prompt_group=f"g-{number // 2}", provenance={"author": "A", "date": day})
        for number, day in enumerate(days)
    ]


class Seen(HTMLParser):
    """The elements, attributes and words of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.words = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words += data + "\n"


def test_responses_and_lengths_are_counted() -> None:
    """Two prompts, one answered twice; six answers in steps of length; months as they come."""
    found = summarise(_pile())
    assert ({1: 1, 2: 1}, {"2025-11": 1, "2026-02": 2}) == (found.responses_per_prompt, found.months)
    assert sum(found.lengths.values()) == 6
    assert found.tokens is None


def test_lengths_are_in_tokens_where_they_are_counted() -> None:
    """A tokenizer's counts fill the steps, from the first to the last that has some."""
    lengths = iter((10, 24, 25, 120, 5000, 3200))
    found = summarise(_pile(), lambda _: next(lengths))
    assert found.tokens is not None
    assert (10, 5000, 8379) == (found.tokens["least"], found.tokens["most"], found.tokens["all"])
    assert [2, 1, 0, 1, 0, 0, 0, 0, 2] == list(found.lengths.values())
    assert ["0 to 24", "3200 and more"] == [*found.lengths][:: len(found.lengths) - 1]


def test_a_page_runs_and_loads_nothing() -> None:
    """No script, no style attribute, no address; its policy allows its own style sheet and nothing else."""
    text = page(summarise(_pile()), ["pile.jsonl"])
    seen = Seen(text)
    assert set() == seen.tags & {"script", "img", "link", "iframe", "object", "a", "form"}
    assert set() == seen.attributes & {"style", "src", "href", "id"}
    style = re.search(r"<style>(.*?)</style>", text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert policy.replace("'", "&#39;") in text
    assert "url(" not in text


def test_a_plot_has_its_numbers_in_a_table() -> None:
    """As many tables as plots, and a month without conversations stands between those that have some."""
    text = page(summarise(_pile()), ["pile.jsonl"])
    assert text.count("<svg ") == text.count("<table>") == 9
    assert '<th scope="row">2025-12</th><td>0</td>' in text


@pytest.mark.parametrize("field", ["patterns", "model", "lab", "file"])
def test_hostile_text_stays_text(field: str) -> None:
    """Whatever a field holds, the page has the elements that it has without it, and shows the words."""
    changes: dict[str, Any] = {"provenance": {"author": "A", "model": "m", "lab": "l"}, "patterns": ["p"]}
    clean = page(summarise([conversation(1, random.Random(1), **changes)]), ["f"])
    if field == "patterns":
        changes["patterns"] = [HOSTILE]
    elif field != "file":
        changes["provenance"] = {**changes["provenance"], field: HOSTILE}
    found = page(summarise([conversation(1, random.Random(1), **changes)]), [HOSTILE if field == "file" else "f"])
    expected, seen = Seen(clean), Seen(found)
    assert (expected.tags, expected.attributes) == (seen.tags, seen.attributes)
    assert "<script>alert(1)</script>" in seen.words
    assert not set("\u202e\u200b\x1b") & set(found)
    assert "49" not in seen.words.split()


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.text(min_size=1, max_size=60), st.integers(0, 10**6), min_size=1, max_size=5))
def test_bars_are_drawn_for_any_names(counts: dict[str, int]) -> None:
    """A bar and two texts for each name, and no markup of theirs."""
    drawn = bars(counts, '<title> & "more"')
    assert (len(counts), 2 * len(counts)) == (drawn.count("<path "), drawn.count("<text "))
    assert set(re.findall(r"</?([a-z]+)", drawn)) <= {"svg", "path", "text"}


def test_dollars_are_no_formula() -> None:
    """A name is shown as it is written; a blank one says so."""
    assert [">$x^2$</text>", ">(blank)</text>"] == re.findall(r">[^<>\d][^<>]*</text>", bars({"$x^2$": 1, " ": 2}, "t"))


def test_the_longest_bar_is_that_of_the_highest_count() -> None:
    """Twice the count is twice the width."""
    drawn = bars({"a": 10, "b": 5}, "t")
    (first, other) = (
        [float(x) for x in re.findall(r"[ML] ([\d.]+)", path)] for path in re.findall(r'd="(.*?)"', drawn)
    )
    assert max(first) - min(first) == pytest.approx(2 * (max(other) - min(other)))


def test_the_command_writes_the_page(cli: Callable[..., Any], tmp_path: Path) -> None:
    """`stats --html` writes it beside what it prints, and replaces nothing unasked."""
    path = write(tmp_path / "pile.jsonl", _pile())
    done = cli("conversations", "stats", path, "--html", "page.html")
    assert (0, True) == (done.status, "3 conversations answer 2 prompts" in done.out)
    assert (tmp_path / "page.html").read_text("utf-8").startswith("<!doctype html>")
    assert cli("conversations", "stats", path, "--html", "page.html").status == 2
    assert cli("conversations", "stats", path, "--html", path, "--force").status == 2


@pytest.mark.parametrize("library", ["jinja2", "matplotlib"])
def test_a_library_that_is_not_installed_is_named(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what is missing and how to get it."""
    for name in [each for each in sys.modules if each.split(".")[0] == library]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(PluginError, match=f"needs {library}, which is not installed.*brie-bench.report"):
        page(summarise(_pile()), ["f"])


def test_a_tokenizer_without_its_library_is_one_line(
    cli: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says what is missing, before anything is counted."""
    monkeypatch.setitem(sys.modules, "tokenizers", None)
    done = cli("conversations", "stats", write(tmp_path / "pile.jsonl", _pile()), "--tokenizer", "some/model")
    assert done.status == 1
    assert "needs tokenizers, which is not installed" in done.err
    assert len(done.err.strip().splitlines()) == 1


def test_tokens_are_counted_by_a_tokenizer_file(tmp_path: Path) -> None:
    """A `tokenizer.json`, or the folder that holds it, counts; a broken one is named."""
    tokenizers = pytest.importorskip("tokenizers", reason="counts tokens, and is not installed")
    models, split = tokenizers.models, tokenizers.pre_tokenizers
    made = tokenizers.Tokenizer(models.WordLevel({"one": 0, "two": 1, "?": 2}, unk_token="?"))
    made.pre_tokenizer = split.Whitespace()
    made.save(str(tmp_path / "tokenizer.json"))
    assert [3, 3] == [counter(str(path))("one, two") for path in (tmp_path, tmp_path / "tokenizer.json")]
    (tmp_path / "broken.json").write_text("{}")
    with pytest.raises(UsageError, match="no tokenizer"):
        counter(str(tmp_path / "broken.json"))
