"""Is n enough? What a number of prompts can find, and what a wish costs in prompts."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result
from hypothesis import example, given, settings
from hypothesis import strategies as st

from brie_bench.report.planning import MOST_PROMPTS, RATES, plan_text, prompts_needed
from brie_bench.stats import detectable_rate, n_for_half_width, sign_test_power

from .runs import Bench, suite_of

Cli = Callable[..., Result]


@pytest.mark.parametrize(
    ("n", "rate"), [(13, 0.88), (15, 0.84), (25, 0.77), (57, 0.69), (100, 0.65), (200, 0.60), (805, 0.55)]
)
def test_what_so_many_prompts_detect(n: int, rate: float) -> None:
    """Four times in five: the planning table."""
    found = detectable_rate(n)
    assert found is not None
    assert rate == round(found, 2)
    assert f"a true win rate of {100 * found:.1f} % or more 80 % of the time" in plan_text(n, "A suite", power=0.8)


@pytest.mark.parametrize(("width", "rate", "n"), [(0.1, 0.5, 93), (0.1, 0.9, 37), (0.05, 0.5, 381), (0.05, 0.9, 141)])
def test_what_an_interval_of_a_width_needs(width: float, rate: float, n: int) -> None:
    """± 10 points need 93 prompts at 50 % and 37 at 90 %; ± 5 need 381 and 141."""
    assert n == n_for_half_width(width, rate)
    (line,) = [
        line for line in plan_text(57, "A suite", power=0.8).splitlines() if f"± {100 * width:.0f} points" in line
    ]
    assert str(n) in [cell.strip() for cell in line.split("|")]


def last_failure(rate: float, power: float, most: int) -> int:
    """The last n, by looking at each, whose power is too low."""
    return max((n for n in range(6, most) if sign_test_power(n, rate) < power), default=5)


@settings(deadline=None, max_examples=40)
@given(st.floats(0.64, 1.0), st.floats(0.1, 0.97))
@example(0.684, 0.8321)  # a later tooth of the saw goes below an earlier one
@example(0.658, 0.6899)
@example(1.0, 0.99)
def test_from_that_many_prompts_on_the_rate_is_found(rate: float, power: float) -> None:
    """The exact test's power saws up and down: one prompt fewer fails, and none above does."""
    needed = prompts_needed(rate, power)
    assert last_failure(rate, power, 500) + 1 == needed


@pytest.mark.parametrize(("rate", "power"), [(0.58, 0.7373), (0.58, 0.9506), (0.593, 0.7847), (0.606, 0.8321)])
def test_the_first_number_that_passes_is_not_enough(rate: float, power: float) -> None:
    """There the saw's teeth are uneven, and a number that passes is followed by some that fail."""
    needed = prompts_needed(rate, power)
    assert last_failure(rate, power, 900) + 1 == needed
    first = next(n for n in range(6, 900) if sign_test_power(n, rate) >= power)
    assert needed is not None
    assert first < needed


def test_a_rate_below_one_half_costs_the_same() -> None:
    """30 % is found like 70 %."""
    assert prompts_needed(0.3, 0.8) == prompts_needed(0.7, 0.8) == 54


@pytest.mark.parametrize("rate", [0.5, 0.5 + 1e-9, 0.505])
def test_hardly_a_difference_costs_too_much(rate: float) -> None:
    """No number of prompts finds 50 %; beyond a limit there is no answer, and the table says so."""
    assert prompts_needed(rate, 0.8) is None
    assert f"needs more than {MOST_PROMPTS} prompts" in plan_text(57, "A suite", power=0.8, rate=rate)


def test_the_plan_says_what_n_finds_and_what_a_wish_costs() -> None:
    """A sentence, a table of rates with the exact power at this n, a table of widths, and advice."""
    text = plan_text(57, "A suite", power=0.8)
    first, *_ = text.splitlines()
    assert first == (
        "A suite: n = 57 distinct prompts. So many find a true win rate of 69.2 % or more 80 % of the time (exact test, 5 %)."
    )
    for rate in RATES:
        (line,) = [line for line in text.splitlines() if line.startswith("|") and f" {100 * rate:.1f} % |" in line[:22]]
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        assert [f"{100 * sign_test_power(57, rate):.1f} %", str(prompts_needed(rate, 0.8))] == cells[1:]
    assert "only more prompts make n larger" in text


@pytest.mark.parametrize(
    ("n", "word"), [(57, "**enough**: it is found 83.7 % of the time; 80 % needs 54 prompts"), (40, "**not enough**")]
)
def test_whether_n_is_enough_for_a_rate(n: int, word: str) -> None:
    """In one word, with the chance and the number that it takes."""
    assert word in plan_text(n, "A suite", power=0.8, rate=0.7)


@pytest.mark.parametrize("n", [0, 1, 5])
def test_too_few_prompts_find_nothing(n: int) -> None:
    """Below six no exact test can reach 5 %."""
    assert "So many find no win rate, however high" in plan_text(n, "A suite", power=0.8, rate=0.9)


def test_the_command_plans_for_a_number_a_suite_or_a_run(cli: Cli, tmp_path: Path) -> None:
    """A suite by its distinct prompts, a run by those with a verdict, one plan a contender."""
    assert cli("power", "-n", 25).out.startswith("A suite: n = 25 distinct prompts.")
    assert cli("power", "comprehensive57").out.startswith("comprehensive57 (57 items): n = ")
    run = Bench(tmp_path / "runs").run(suite_of(7), contenders={"one": "full", "two": "full"})
    text = cli("power", "--run", run, "--rate", "0.9").out
    assert text.startswith("one on tiny: n = 7 distinct prompts.")
    assert "\n\ntwo on tiny: n = 7 distinct prompts." in text
    assert 2 == text.count("**not enough**")


def test_a_run_whose_judgments_all_failed_is_planned_as_nothing(cli: Cli, tmp_path: Path) -> None:
    """n is what has a verdict."""
    run = Bench(tmp_path / "runs").run(judges=["silent"])
    assert cli("power", "--run", run).out.startswith("full on tiny: n = 0 distinct prompts. So many find no win rate")


@pytest.mark.parametrize(
    ("args", "line"),
    [
        ((), "name one of SUITE, --run RUN and -n N."),
        (("comprehensive57", "-n", "5"), "name one of SUITE, --run RUN and -n N."),
        (("-n", "5", "--rate", "0.5"), "a rate of 0.5 is no difference"),
        (("-n", "5", "--rate", "1.5"), "'--rate'"),
        (("-n", "5", "--rate", "nan"), "'--rate'"),
        (("-n", "5", "--power", "nan"), "'--power'"),
        (("-n", "5", "--power", "1"), "'--power'"),
        (("-n", "0"), "'-n'"),
        (("-n", "many"), "'-n'"),
    ],
)
def test_the_command_refuses_in_one_line(cli: Cli, args: tuple[str, ...], line: str) -> None:
    """Wrong usage is 2."""
    done = cli("power", *args)
    assert (2, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert line in done.err


@pytest.mark.parametrize(("args", "line"), [(("nosuite",), "nosuite"), (("--run", "norun"), "ledger")])
def test_the_command_wants_a_suite_or_run_that_is_there(cli: Cli, args: tuple[str, ...], line: str) -> None:
    """Anything else is an error in one line."""
    done = cli("power", *args)
    assert done.status in (1, 2)
    assert 1 == done.err.count("\n")
    assert line in done.err
