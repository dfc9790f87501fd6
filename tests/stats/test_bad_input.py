"""Arguments that make no sense get one clear line; degenerate ones get None, never a number that means nothing."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from brie_bench import stats

from .examples import quick

NAN, INF = float("nan"), float("inf")

BAD: list[tuple[str, Callable[[], Any], str]] = [
    ("a score above 1", lambda: stats.win_rate([0], [0], None, [1.5]), r"score holds 1\.5"),
    ("a score below 0", lambda: stats.prompt_means([0], [0], None, [-1]), "score holds -1"),
    ("unequal lengths", lambda: stats.win_rate([0, 1], [0], ["a"], [1.0]), "prompt 2, pair 1, judge 1, score 1"),
    ("an unknown weight", lambda: stats.win_rate([0], [0], None, [1], "judge"), '"prompt", "pair" or "row"'),  # type: ignore[arg-type]
    ("labels that cannot be sorted", lambda: stats.win_rate([0, "a", None], [0] * 3, None, [1] * 3), "cannot be sorted"),
    ("a table of labels", lambda: stats.win_rate([[0]], [0], None, [1]), "prompt has 2 dimensions"),
    ("text for scores", lambda: stats.win_rate([0], [0], None, ["win"]), "score is not an array of numbers"),
    ("a rate above 1", lambda: stats.anchored_ci([0.2, 1.2]), r"z holds 1\.2"),
    ("an infinite value", lambda: stats.sign_flip_p([INF]), "d holds an infinite value"),
    ("a level in percent", lambda: stats.anchored_ci([1.0], 95), "confidence_level is 95"),
    ("a level of 1", lambda: stats.percentile_ci([1.0], 1.0), "confidence_level is 1"),
    ("no resamples", lambda: stats.anchored_ci([1.0], n_resamples=0), "n_resamples is 0"),
    ("an unknown method", lambda: stats.anchored_ci([1.0], method="bca"), '"auto", "exact" or "resample"'),  # type: ignore[arg-type]
    ("another unknown method", lambda: stats.sign_flip_p([1.0], method="t"), '"auto" or "resample"'),  # type: ignore[arg-type]
    ("more wins than trials", lambda: stats.wilson_ci(5, 4), "5 wins in 4"),
    ("negative wins", lambda: stats.clopper_pearson_ci(-1, 4), "-1 wins in 4"),
    ("NaN wins", lambda: stats.jeffreys_ci(NAN, 4), "nan wins"),
    ("half a loss", lambda: stats.sign_test(1, 0.5), r"losses is 0\.5"),  # type: ignore[arg-type]
    ("a p-value above 1", lambda: stats.holm([0.1, 2]), "p holds 2"),
    ("a test that was not made", lambda: stats.holm([0.1, NAN]), "leave out"),
    ("contenders with unequal prompts", lambda: stats.paired_difference([1], [1, 0]), "z_a 1, z_b 2"),
    ("a negative sample", lambda: stats.sign_test_power(-1, 0.5), "n is -1"),
    ("a rate of 1.2", lambda: stats.sign_test_power(10, 1.2), r"p is 1\.2"),
    ("a power of 1", lambda: stats.detectable_rate(57, 1.0), r"power is 1\.0"),
    ("an alpha of 0", lambda: stats.detectable_rate(57, 0.8, 0.0), r"alpha is 0\.0"),
    ("a half-width of 0", lambda: stats.n_for_half_width(0, 0.5), "h is 0"),
    ("more ties than the rate allows", lambda: stats.n_for_half_width(0.1, 0.9, tie=0.5), r"at most 0\.2"),
    ("no design effect", lambda: stats.n_for_half_width(0.1, 0.5, design_effect=0), "design_effect is 0"),
    ("one row of ratings", lambda: stats.agreement([1, 0]), "ratings has 1 dimensions"),
    ("ratings from 1 to 5", lambda: stats.agreement([[5, 4]]), "ratings holds 4"),
    ("a prompt too few", lambda: stats.agreement([[1, 0], [0, 0]], ["a"]), "prompt 1"),
    ("three judgments of a pair", lambda: stats.test_retest([[1, 0, 1]], [[1, 1, 1]]), "score has 3 columns"),
    ("an order that is a score", lambda: stats.test_retest([[1, 0]], [[0.5, 1]]), "other than 0, 1 and NaN"),
    ("another such order", lambda: stats.position_bias([0], [1], [2]), "other than 0, 1 and NaN"),
    ("swaps of unequal number", lambda: stats.swap_consistency([1], []), "score_first 1, score_second 0"),
    ("a tie among binary labels", lambda: stats.dawid_skene([[1, 0.5]]), "leave ties out"),
    ("no prior", lambda: stats.dawid_skene([[1, 0]], prior=0), "prior is 0"),
    ("a negative length", lambda: stats.length_controlled([1], [-3], [4]), "negative"),
    ("a contender that meets itself", lambda: stats.bt_counts([0], [0], [1], 2), "contender 0 meets itself"),
    ("a contender out of range", lambda: stats.bt_counts([0], [2], [1], 2), "j names a contender outside 0 to 1"),
    ("contenders by name", lambda: stats.bt_counts(["a"], ["b"], [1], 2), "whole contender numbers"),
    ("a table that is not square", lambda: stats.bt_fit([[0, 1]]), r"shape \(1, 2\)"),
    ("negative wins in a table", lambda: stats.bt_fit([[0, -1], [1, 0]]), "negative"),
    ("no finite maximum", lambda: stats.bt_fit([[0, 1], [0, 0]], anchor=0), "set an anchor above 0"),
    ("a negative anchor", lambda: stats.bt_fit([[0, 1], [0, 0]], anchor=-1), "anchor is -1"),
    ("resampling without an anchor", lambda: stats.bt_bootstrap([0], [0], [1], [1], 2, anchor=0), "anchor is 0"),
    ("ranks of nothing", lambda: stats.rank_sets(np.zeros((0, 3))), "one row at least"),
    ("ranks of NaN", lambda: stats.rank_sets([[NAN, 1.0]]), "finite"),
    ("runs as a list", lambda: stats.variance_components([1, 0]), "x has 1 dimensions"),
    ("a level too few", lambda: stats.trend_test([[1, 0, 1]], [1, 2]), "x has 3 columns and levels 2"),
    ("an unknown level", lambda: stats.trend_test([[1, 0]], [1, NAN]), "levels holds NaN"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "message"), [case[1:] for case in BAD], ids=[case[0] for case in BAD])
def test_nonsense_is_refused_in_one_line(call: Callable[[], Any], message: str) -> None:
    """What is wrong and where, in a ValueError."""
    with pytest.raises(ValueError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def numbers(result: Any) -> list[float]:
    """All numbers in a result, however deep."""
    if dataclasses.is_dataclass(result):
        return [x for field in dataclasses.fields(result) for x in numbers(getattr(result, field.name))]
    if isinstance(result, dict):
        return [x for value in result.values() for x in numbers(value)]
    if isinstance(result, tuple | list):
        return [x for value in result for x in numbers(value)]
    if isinstance(result, np.ndarray):
        return [] if result.dtype.kind in "OU" else [float(x) for x in result.ravel()]
    return [float(result)] if isinstance(result, int | float) else []


@quick
@given(st.data())
def test_no_result_holds_nan_or_warns(data: st.DataObject) -> None:
    """Any mixture of scores and failures: None where a thing is undefined, and not a word from numpy."""
    n, judges = data.draw(st.integers(0, 8)), data.draw(st.integers(1, 3))
    value = st.sampled_from([0.0, 0.5, 1.0, 1 / 3, NAN])
    table = np.array(data.draw(st.lists(st.lists(value, min_size=judges, max_size=judges), min_size=n, max_size=n)))
    table = table.reshape(n, judges)
    column, shown, prompt = table[:, 0], np.arange(n) % 2, np.arange(n) // 2
    lengths = np.arange(n) * 10
    for result in (
        stats.win_rate(prompt, range(n), None, column),
        stats.prompt_means(prompt, range(n), None, column),
        stats.anchored_ci(column),
        stats.percentile_ci(column, n_resamples=20),
        stats.sign_flip_p(column - 0.5),
        stats.paired_difference(column, table[:, -1]),
        stats.agreement(table, prompt, n_resamples=20),
        stats.agreement(table, n_resamples=20),
        stats.test_retest(np.column_stack((column, table[:, -1])), np.column_stack((shown, 1 - shown))),
        stats.position_bias(prompt, column, shown, n_resamples=20),
        stats.swap_consistency(column, table[:, -1]),
        stats.length_controlled(column, lengths, lengths[::-1]),
        stats.dawid_skene(np.where(np.isin(table, (0, 1)), table, NAN)),
        stats.variance_components(table),
        stats.trend_test(table, range(judges), n_resamples=20),
        stats.davidson_fit(shown, 1 - shown, column, 2),
        stats.bt_fit(stats.bt_counts(shown, 1 - shown, column, 2)),
        stats.bt_bootstrap(prompt, shown, 1 - shown, column, 2, n_resamples=3),
    ):
        assert all(np.isfinite(x) for x in numbers(result))


@pytest.mark.parametrize("name", [name for name in stats.__all__ if name[0].islower()])
def test_every_function_is_documented(name: str) -> None:
    """A docstring that says what comes in and what is undefined or refused."""
    text = inspect.getdoc(getattr(stats, name))
    assert text
    assert "Raises ValueError" in text


def test_results_are_frozen() -> None:
    """A result cannot be edited, nor given another attribute."""
    for name in stats.__all__:
        kind = getattr(stats, name)
        if inspect.isclass(kind):
            assert dataclasses.is_dataclass(kind)
            assert kind.__dataclass_params__.frozen
            assert hasattr(kind, "__slots__")


def test_the_headline_needs_no_scipy() -> None:
    """Win rate, interval, p-value and what was detectable come from numpy alone: scipy would double the start."""
    code = (
        "import sys; from brie_bench import stats as s; z = [0.0, 1.0, 0.5, 0.25, 1.0, 1.0]; rows = list(range(6));"
        "s.win_rate(rows, rows, None, z); s.anchored_ci(z); s.sign_flip_p([x - 0.5 for x in z]); s.holm([0.1]);"
        "s.detectable_rate(6); s.paired_difference(z, z[::-1]); s.agreement([z, z]); s.wilson_ci(1, 2);"
        "s.position_bias(rows, z, [0, 1] * 3); s.bt_fit([[0, 1], [1, 0]]); s.variance_components([z, z]);"
        "s.trend_test([[0, 1]], [1, 2]); s.length_controlled(z, rows, rows);"
        "assert not any(name.split('.')[0] == 'scipy' for name in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
