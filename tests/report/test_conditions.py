"""The same prompts again: in several runs, at several temperatures, at several lengths."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.spec.leaderboard import Reproducibility, Sweep

from .tables import FAILED, LOSS, TIE, WIN, Row, only, rows_of, table_of


def repeated(*runs: list[float], **more: Any) -> list[Row]:
    """Each run's scores of the same prompts."""
    return [row for number, run in enumerate(runs, 1) for row in rows_of(run, section="again", repeat=number, **more)]


def again(rows: list[Row]) -> Reproducibility:
    return only(make_leaderboard([table_of(rows, kinds={"again": "reproducibility"})]).reproducibility)


def test_prompts_by_runs() -> None:
    """Five prompts in three runs: the table, the rate of each run, and the one over all."""
    row = again(repeated([WIN, WIN, WIN, LOSS, LOSS], [WIN, WIN, LOSS, LOSS, LOSS], [WIN, WIN, TIE, LOSS, WIN]))
    assert ("tiny", "tuned", "base", "again", 5, 3) == (
        row.suite,
        row.contender,
        row.baseline,
        row.section,
        row.n_prompts,
        row.n_runs,
    )
    assert pytest.approx((0.6, 0.4, 0.7)) == row.per_run
    assert pytest.approx(1.7 / 3) == row.rate
    assert ("p-0", "p-1", "p-2", "p-3", "p-4") == row.prompts
    assert ((1, 1, 1), (1, 1, 1), (1, 0, 0.5), (0, 0, 0), (0, 0, 1)) == row.table


def test_how_often_runs_of_a_prompt_differ() -> None:
    """All three couples of one prompt, two of another, none of three: a third."""
    row = again(repeated([WIN, WIN, WIN, LOSS, LOSS], [WIN, WIN, LOSS, LOSS, LOSS], [WIN, WIN, TIE, LOSS, WIN]))
    assert pytest.approx((1 + 2 / 3) / 5) == row.disagreement
    assert row.disagreement_interval.low < 1 / 3 < row.disagreement_interval.high  # type: ignore[union-attr]


def test_the_scatter_over_runs_beside_the_one_by_chance() -> None:
    """Rates .6, .4 and .7 have a standard deviation of .153; the scatter within prompts would make it .153 as well."""
    row = again(repeated([WIN, WIN, WIN, LOSS, LOSS], [WIN, WIN, LOSS, LOSS, LOSS], [WIN, WIN, TIE, LOSS, WIN]))
    assert pytest.approx((0.07 / 3) ** 0.5) == row.observed_sd
    within = (0.25 + 1 / 3) / 5  # variances (ddof 1) of 1, 0, ½ and of 0, 0, 1
    assert pytest.approx((within / 5) ** 0.5) == row.expected_sd
    assert 0.0 < row.cochran_p < 1.0  # type: ignore[operator]


def test_runs_that_never_differ() -> None:
    """No disagreement, no scatter; Cochran's test has nothing to test."""
    row = again(repeated([WIN, LOSS, WIN], [WIN, LOSS, WIN]))
    assert (0.0, 0.0, 0.0, None) == (row.disagreement, row.observed_sd, row.expected_sd, row.cochran_p)


@pytest.mark.parametrize(("n", "told"), [(24, False), (25, True)])
def test_an_icc_needs_25_prompts(n: int, told: bool) -> None:
    """Below it there is none, and the reason."""
    row = again(repeated([WIN, LOSS] * (n // 2) + [WIN] * (n % 2), [WIN, LOSS] * (n // 2) + [LOSS] * (n % 2)))
    assert told == (row.icc is not None)
    assert (None if told else "24 prompts: descriptive only, an ICC needs 25") == row.reason


def test_a_prompt_with_a_failed_run_is_left_out() -> None:
    """Of the table and of every number; when all are, the reason says so."""
    row = again(repeated([WIN, LOSS, WIN], [WIN, FAILED, LOSS]))
    assert (2, ("p-0", "p-2"), ((1.0, 1.0), (1.0, 0.0))) == (row.n_prompts, row.prompts, row.table)
    row = again(repeated([WIN, FAILED], [FAILED, WIN]))
    assert (0, None, None, ()) == (row.n_prompts, row.rate, row.disagreement, row.per_run)
    assert "no prompt has a verdict under every condition" == row.reason


def test_a_cell_is_the_panels_mean() -> None:
    """Judges weigh alike in every run."""
    rows = [*repeated([WIN], [WIN], judge="ann"), *repeated([LOSS], [WIN], judge="bob")]
    assert ((0.5, 1.0),) == again(rows).table


def test_a_section_asked_once_is_no_reproducibility() -> None:
    """Nor is any section of another kind."""
    board = make_leaderboard([table_of(repeated([WIN, LOSS]), kinds={"again": "reproducibility"})])
    assert () == board.reproducibility
    assert () == make_leaderboard([table_of(repeated([WIN, LOSS], [WIN, LOSS]))]).reproducibility


def swept(*levels: tuple[float, list[float]], **more: Any) -> Sweep:
    rows = [row for level, scores in levels for row in rows_of(scores, section="warm", temperature=level)]
    return only(make_leaderboard([table_of(rows, kinds={"warm": "temperature"})], **more).sweeps)


def test_a_sweep_over_temperatures() -> None:
    """Rates by level, and the slope for one degree: from ¾ to ¼ over one degree is −½."""
    row = swept((0.5, [WIN, WIN, WIN, LOSS]), (1.0, [WIN, WIN, LOSS, LOSS]), (1.5, [WIN, LOSS, LOSS, LOSS]))
    assert ("warm", "temperature", (0.5, 1.0, 1.5), (0.75, 0.5, 0.25), 4) == (
        row.section,
        row.parameter,
        row.levels,
        row.rates,
        row.n_prompts,
    )
    assert pytest.approx(-0.5) == row.slope
    assert row.interval.low < -0.5 < row.interval.high  # type: ignore[union-attr]


def test_few_prompts_are_descriptive_only() -> None:
    """Below fifteen there is no p-value, and the reason says so; the slope and its interval stay."""
    row = swept((0.5, [WIN] * 14), (1.0, [LOSS] * 14))
    assert (None, "14 prompts: descriptive only, a test needs 15") == (row.p_value, row.reason)
    assert pytest.approx(-2.0) == row.slope
    assert row.interval is not None


def test_fifteen_prompts_are_tested() -> None:
    """All fifteen fall: 2 of the 2¹⁵ ways in which they could have stood."""
    row = swept((0.5, [WIN] * 15), (1.0, [LOSS] * 15))
    assert (pytest.approx(2 / 2**15), None) == (row.p_value, row.reason)


def test_a_sweep_over_lengths() -> None:
    """By token limit; a slope for each token."""
    rows = [Row(f"p-{n}", score, max_tokens=limit) for n in range(3) for limit, score in ((256, LOSS), (1024, WIN))]
    row = only(make_leaderboard([table_of(rows, kinds={"all": "length"})]).sweeps)
    assert ("max_tokens", (256.0, 1024.0), (0.0, 1.0)) == (row.parameter, row.levels, row.rates)
    assert pytest.approx(1 / 768) == row.slope


def test_a_prompt_without_one_of_the_levels_is_left_out() -> None:
    """Each prompt is its own control."""
    row = swept((0.5, [WIN, WIN, LOSS]), (1.0, [WIN, FAILED, LOSS]))
    assert (2, (0.5, 0.5), 0.0) == (row.n_prompts, row.rates, row.slope)


def test_one_text_at_every_level_is_no_sweep() -> None:
    """A prompt whose pair is the same one throughout is left out, and the reason says so when all are."""
    rows = [
        Row(f"p-{number}", score, section="warm", temperature=level, pair="" if number < 2 else "same")
        for number in range(4)
        for level, score in ((0.5, LOSS), (1.0, WIN))
    ]
    some, none = (
        only(make_leaderboard([table_of(each, kinds={"warm": "temperature"})]).sweeps) for each in (rows, rows[4:])
    )
    assert (2, 2, 4, 4, (0.0, 1.0)) == (some.n_prompts, some.n_same_texts, some.n_pairs, some.n_judgments, some.rates)
    assert (0, 2, None, None) == (none.n_prompts, none.n_same_texts, none.slope, none.interval)
    assert "every prompt has the same texts at every level: nothing was varied" == none.reason


def test_one_text_in_every_run_is_said() -> None:
    """It stays in the table: a model may well repeat itself. But no completion was made anew."""
    row = again(repeated([WIN, LOSS], [WIN, LOSS], pair="same"))
    assert (2, 2, 2, 4) == (row.n_prompts, row.n_same_texts, row.n_pairs, row.n_judgments)
    assert 0 == again(repeated([WIN, LOSS], [WIN, LOSS])).n_same_texts


def test_what_a_table_of_conditions_rests_on() -> None:
    """The pairs, verdicts and failures of the prompts in it, by all judges."""
    rows = [*repeated([WIN, WIN], [WIN, FAILED]), *repeated([WIN, WIN], [FAILED, FAILED], judge="bob")]
    row = again(rows)
    assert (1, 2, 3, 1) == (row.n_prompts, row.n_pairs, row.n_judgments, row.n_failures)


@pytest.mark.parametrize("levels", [((0.5, [WIN]),), ((None, [WIN]),)])
def test_one_level_is_no_sweep(levels: Any) -> None:
    """Nor are conditions that nobody recorded."""
    rows = [row for level, scores in levels for row in rows_of(scores, temperature=level)]
    assert () == make_leaderboard([table_of(rows, kinds={"all": "temperature"})]).sweeps


def test_every_contender_has_its_own_row() -> None:
    """In either table."""
    rows = [
        Row("p", WIN, who=who, section=section, temperature=level, repeat=1 if section == "warm" else round(2 * level))
        for who, section, level in product(("one", "two"), ("warm", "again"), (0.5, 1.0))
    ]
    board = make_leaderboard([table_of(rows, kinds={"warm": "temperature", "again": "reproducibility"})])
    assert ["one", "two"] == [row.contender for row in board.sweeps]
    assert ["one", "two"] == [row.contender for row in board.reproducibility]


def test_graded_scores_are_swept_when_soft() -> None:
    """The preferences, not the verdicts."""
    rows = [
        Row("p", WIN, section="warm", temperature=level, preference=score)
        for level, score in ((0.5, 0.625), (1.0, 0.875))
    ]
    table = table_of(rows, kinds={"warm": "temperature"})
    assert (1.0, 1.0) == only(make_leaderboard([table]).sweeps).rates
    assert (0.625, 0.875) == only(make_leaderboard([table], soft=True).sweeps).rates
