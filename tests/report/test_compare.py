"""Two contenders on the same prompts, paired."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Result

from brie_bench import stats
from brie_bench.errors import UsageError
from brie_bench.report.compare import Difference, differences, render

from .runs import Bench, brief, full, suite_of
from .tables import FAILED, LOSS, TIE, WIN, Row, rows_of, table_of

Cli = Callable[..., Result]


def compared(rows: list[Row], a: str = "one", b: str = "two", **more: Any) -> list[Difference]:
    return differences([table_of(rows, **more)], a, b)


def two(one: list[float], other: list[float], **same: Any) -> list[Row]:
    """The scores of `one` and `two` on the same prompts."""
    return [*rows_of(one, who="one", **same), *rows_of(other, who="two", **same)]


def test_each_prompt_is_compared_with_itself() -> None:
    """Seven prompts, of which one is better on six and worse on none: 6/7, and 2 of 2⁶ ways."""
    (row,) = compared(two([WIN] * 7, [LOSS] * 6 + [WIN]))
    assert ("one", "two") == row.contenders
    assert (1.0, pytest.approx(1 / 7)) == row.win_rates
    assert pytest.approx(6 / 7) == row.difference
    assert (2 / 2**6, 7, 0, None) == (row.p_value, row.n_prompts, row.n_dropped, row.reason)


def test_pairing_finds_what_two_intervals_would_not() -> None:
    """One wins wherever two does and on eight prompts more: the intervals overlap, and the difference is clear."""
    random = np.random.default_rng(1)
    other = random.choice([WIN, LOSS], 50).tolist()
    losses = [n for n, score in enumerate(other) if score == LOSS]
    one = [WIN if n in losses[:8] else score for n, score in enumerate(other)]
    (row,) = compared(two(one, other))
    (low, high), (below, above) = (stats.anchored_ci(each) or (0, 0) for each in (one, other))
    assert low < above
    assert below < high
    assert row.p_value == 2 / 2**8
    assert row.interval is not None
    assert row.interval.low > 0


def test_the_interval_and_p_are_the_paired_statistics() -> None:
    """Of the prompt means, with ties and several judges in them."""
    rows = [*two([1, 0.5, 1, 0, 1, 1, 0.5], [0, 0.5, 1, 1, 0, 0, 0]), *two([1] * 7, [0.5] * 7, judge="bob")]
    expected = stats.paired_difference([1, 0.75, 1, 0.5, 1, 1, 0.75], [0.25, 0.5, 0.75, 0.75, 0.25, 0.25, 0.25])
    row = compared(rows)[0]
    assert (None, None) == (row.judge, row.section)
    assert pytest.approx(expected.difference) == row.difference
    assert row.interval is not None
    assert expected.interval is not None
    assert pytest.approx(expected.interval) == (row.interval.low, row.interval.high)
    assert pytest.approx(expected.p_value) == row.p_value


def test_exchanging_the_two_changes_signs_and_nothing_else() -> None:
    """The same p, the interval turned round."""
    rows = two([1, 0.5, 1, 0, 1, 1, 0.5], [0, 0.5, 1, 1, 0, 0, 0])
    (here,), (there,) = compared(rows), compared(rows, "two", "one")
    assert here.difference == -(there.difference or 0.0)
    assert (here.p_value, here.n_prompts) == (there.p_value, there.n_prompts)
    assert here.interval is not None
    assert there.interval is not None
    assert pytest.approx((-here.interval.high, -here.interval.low)) == (there.interval.low, there.interval.high)


def test_prompts_that_only_one_was_judged_on_are_dropped_and_counted() -> None:
    """The rates are those over the shared ones."""
    (row,) = compared([*two([WIN, WIN, LOSS, FAILED], [WIN, FAILED, LOSS, FAILED]), Row("q", WIN, who="two")])
    assert (2, 2) == (row.n_prompts, row.n_dropped)  # p-3 has no verdict of either: nothing was there to drop
    assert ((0.5, 0.5), 0.0) == (row.win_rates, row.difference)


@pytest.mark.parametrize("other", [{"judge": "bob"}, {"temperature": 1.0}, {"repeat": 2}])
def test_what_is_not_shared_is_not_paired(other: dict[str, Any]) -> None:
    """Another judge, another temperature, another run: no difference, and everything counted as left out."""
    row = compared([*rows_of([WIN] * 12, who="one"), *rows_of([LOSS] * 12, who="two", **other)])[0]
    assert (None, None, None, (None, None)) == (row.difference, row.interval, row.p_value, row.win_rates)
    assert (0, 12, 0, 24) == (row.n_prompts, row.n_dropped, row.n_judgments, row.n_dropped_judgments)
    assert "cannot be compared on tiny" in render([row])
    assert "(24 judgments left out)" in render([row])


def test_only_shared_cells_are_averaged() -> None:
    """One is judged by both judges, two by the second alone: what the first says of one is left out."""
    rows = [*two([WIN] * 6, [TIE] * 6, judge="bob"), *rows_of([LOSS] * 6, who="one", judge="ann")]
    row = compared(rows)[0]
    assert ((1.0, 0.5), 0.5, 2 / 2**6) == (row.win_rates, row.difference, row.p_value)
    assert (6, 0, 12, 6) == (row.n_prompts, row.n_dropped, row.n_judgments, row.n_dropped_judgments)
    assert "; 6 judgments without a counterpart left out." in render([row])


def test_one_text_under_two_conditions_weighs_as_two() -> None:
    """The other answered each condition anew: conditions pair with conditions, whoever repeats itself."""
    rows = [Row("p", WIN, who="one", repeat=repeat, pair="same") for repeat in (1, 2)]
    rows += [Row("p", score, who="two", repeat=repeat) for repeat, score in ((1, WIN), (2, LOSS))]
    assert ((1.0, 0.5), 0.5) == (compared(rows)[0].win_rates, compared(rows)[0].difference)


def test_below_six_shared_prompts_nothing_is_tested() -> None:
    """A difference, an interval, no p, and why."""
    (row,) = compared(two([WIN] * 5, [LOSS] * 5))
    assert (1.0, None, "5 shared prompts: a test needs 6") == (row.difference, row.p_value, row.reason)
    assert "**one** against **two** on tiny is **not testable**" in render([row])


def test_without_a_shared_prompt_there_is_no_difference() -> None:
    """None, and why."""
    (row,) = compared([Row("p", WIN, who="one"), Row("q", WIN, who="two")])
    assert (None, None, None, (None, None)) == (row.difference, row.interval, row.p_value, row.win_rates)
    assert (0, 2, "0 shared prompts: a test needs 6") == (row.n_prompts, row.n_dropped, row.reason)
    assert "they share no judged prompt" in render([row])


def test_judges_and_sections_have_their_own_rows() -> None:
    """The panel over everything first; single judges and sections only where there are several."""
    rows = [*two([WIN], [LOSS], section="a"), *two([WIN], [WIN], judge="bob", section="b")]
    assert [(None, None), ("ann", None), ("bob", None), (None, "a"), (None, "b")] == [
        (row.judge, row.section) for row in compared(rows)
    ]


@pytest.mark.parametrize(
    ("one", "other", "word"),
    [
        ([WIN] * 8, [LOSS] * 8, "**one** is **better** than **two**"),
        ([LOSS] * 8, [WIN] * 8, "**one** is **worse** than **two**"),
        ([WIN, LOSS] * 4, [LOSS, WIN] * 4, "**one** against **two** on tiny is **inconclusive**"),
        ([TIE] * 8, [TIE] * 8, "**one** against **two** on tiny is **inconclusive**"),
    ],
)
def test_the_difference_in_words(one: list[float], other: list[float], word: str) -> None:
    """Better, worse or inconclusive, by the paired test."""
    assert word in render(compared(two(one, other)))


def test_the_table_of_differences() -> None:
    """Its lines begin with a bar; points with a sign; single judges are a description."""
    text = render(compared([*two([WIN] * 8, [LOSS] * 8), *two([WIN] * 8, [TIE] * 8, judge="bob")]))
    lines = [line for line in text.splitlines() if line.startswith("|")]
    assert 2 + 3 == len(lines)
    assert "+75.0" in lines[2]
    assert "100.0 %" in lines[2]
    assert "not adjusted" in text


def test_hostile_names_are_inert() -> None:
    """A bar, a bracket, emphasis."""
    text = render(compared([Row("p", WIN, who="<b>|x"), Row("p", LOSS, who="*two*")], "<b>|x", "*two*"))
    assert "<b>" not in text.replace("\\<b\\>", "")
    assert r"\|x" in text
    assert r"\*two\*" in text


@pytest.mark.parametrize(
    ("a", "b", "message"),
    [
        ("onne", "two", "no contender 'onne' here. Did you mean 'one'?"),
        ("one", "zzz", "no contender 'zzz' here. Known: one, two."),
        ("one", "one", "'one' is compared with itself. Name two contenders."),
    ],
)
def test_wrong_names_are_wrong_usage(a: str, b: str, message: str) -> None:
    """One line, with the mend."""
    with pytest.raises(UsageError) as caught:
        compared(two([WIN], [LOSS]), a, b)
    assert message == str(caught.value)


def test_contenders_of_different_tables_cannot_be_compared() -> None:
    """They met no common suite and baseline."""
    tables = [table_of(rows_of([WIN], who=who), suite=who) for who in ("one", "two")]
    with pytest.raises(UsageError, match="met no common suite and baseline"):
        differences(tables, "one", "two")


@pytest.fixture
def run(tmp_path: Path) -> str:
    """A run of two contenders, of which one is longer than the other."""
    bench = Bench(tmp_path / "runs", models={"brief": brief, "full": full, "fuller": lambda each: full(each) * 2})
    return bench.run(
        suite_of(8), contenders={"one": "full", "two": "brief"}, judges=["longer", "first"], baseline="fuller"
    )


def test_the_command_prints_markdown_and_json(cli: Cli, run: str) -> None:
    """The same differences in either form."""
    text = cli("compare", run[:8], "one", "two")
    assert 0 == text.status
    assert text.out.startswith("- **one** against **two** on tiny is **inconclusive**: +0.0 points")
    found = json.loads(cli("compare", run, "one", "two", "--format", "json").out)
    assert [None, "longer", "first"] == [row["judge"] for row in found]
    assert {"suite", "baseline", "contenders", "win_rates", "difference", "interval", "p_value"} <= found[0].keys()
    assert (0.0, 8) == (found[0]["difference"], found[0]["n_prompts"])


@pytest.mark.parametrize(
    ("names", "status", "line"),
    [
        (("one", "tow"), 2, "no contender 'tow' here. Did you mean 'two'?"),
        (("one", "one"), 2, "compared with itself"),
        (("one",), 2, "Missing argument"),
    ],
)
def test_the_command_refuses_in_one_line(cli: Cli, run: str, names: tuple[str, ...], status: int, line: str) -> None:
    """Wrong usage is 2."""
    done = cli("compare", run, *names)
    assert (status, "") == (done.status, done.out)
    assert 1 == done.err.count("\n")
    assert line in done.err


def test_the_command_wants_a_run(cli: Cli, run: str) -> None:
    """An unknown one is an error, in one line."""
    done = cli("compare", "nowhere", "one", "two")
    assert (1, 1) == (done.status, done.err.count("\n"))
    assert "no run 'nowhere'" in done.err
