"""`brie-bench suite`: what there is, what it holds, whether it is right."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

from brie_bench.shipped import suite_names

Cli = Callable[..., Result]
Suite = Callable[..., Path]


def rows(text: str) -> list[list[str]]:
    """The cells of a markdown table's rows."""
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_the_shipped_suites_are_listed_with_items_and_prompts(cli: Cli) -> None:
    """Each on a line."""
    done = cli("suite", "list")
    assert (0, "", suite_names()) == (done.status, done.err, [row[0] for row in rows(done.out)])
    assert ["comprehensive57", "57", "46"] == rows(done.out)[0][:3]


def test_a_suite_is_shown_section_by_section(cli: Cli) -> None:
    """With its conditions, its criteria and its digest."""
    out = cli("suite", "show", "comprehensive57").out
    assert out.startswith("# comprehensive57: Comprehensive, 57 items\n")
    assert ["reproducibility", "reproducibility", "5", "0.75", "512", "2", "10"] in rows(out)
    assert ["temperature", "temperature", "3", "0.5, 1", "512", "1", "6"] in rows(out)
    assert ["**all**", "", "46", "", "", "", "57"] == rows(out)[-1]
    assert "Criteria: creativity, coherence, depth, engagement, quality. Digest: " in out


def test_the_prompts_are_shown_when_asked(cli: Cli, suite: Suite) -> None:
    """By section, each with its id."""
    folder = suite(2)
    assert "p-1" not in cli("suite", "show", folder).out
    assert "- `p-1` What is the use of the number 1?" in cli("suite", "show", folder, "--prompts").out


def test_a_suite_of_anybodys_is_shown_plainly(cli: Cli, suite: Suite) -> None:
    """Title, description and prompts are text: they draw no table, run nowhere and move no cursor."""
    folder = suite(1, title="a | b <script> \x1b[2J", description="\u202edone\n\n# head")
    path = folder / "prompts" / "all.jsonl"
    path.write_text('{"id": "a", "text": "\\u001b[31m<b>x</b> | `y`\\n# z"}\n')
    out = cli("suite", "show", folder, "--prompts").out
    assert [] == [char for char in ("\x1b", "\u202e", "\n# z", "\n# head") if char in out]
    assert "# tiny: a \\| b \\<script\\> \\\\x1b\\[2J" in out


def test_suites_are_validated_by_name_and_by_folder(cli: Cli, suite: Suite) -> None:
    """Several at once."""
    done = cli("suite", "validate", "length45", suite(3))
    assert (0, "") == (done.status, done.err)
    assert ["length45: 45 items from 15 distinct prompts; valid.", "3 items from 3 distinct prompts; valid."] == [
        line if index == 0 else line.rpartition(": ")[2] for index, line in enumerate(done.out.splitlines())
    ]


@pytest.mark.parametrize(
    ("expected", "change"),
    [
        ("suite.yaml:1: key 'tilte' is not known. Did you mean 'title'?", ("title", "tilte")),
        ("suite.yaml:1: key 'sections.0.kind': input should be", ("in_domain", "off_topic")),
        ("suite.yaml:1: key 'sections.0': a length section needs at least two 'max_tokens'.", ("in_domain", "length")),
    ],
)
def test_a_wrong_suite_is_told_in_one_line(cli: Cli, suite: Suite, expected: str, change: tuple[str, str]) -> None:
    """As by a run."""
    folder = suite(1)
    path = folder / "suite.yaml"
    path.write_text(path.read_text().replace(*change))
    done = cli("suite", "validate", folder)
    assert (1, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert expected in done.err


@pytest.mark.parametrize("args", [["show", "nope"], ["validate", "length45", "nope"]])
def test_an_unknown_suite_is_told(cli: Cli, args: list[str]) -> None:
    """With the known ones."""
    done = cli("suite", *args)
    assert (1, 1) == (done.status, done.err.count("\n"))
    assert "no suite 'nope'. Known: comprehensive57, " in done.err
