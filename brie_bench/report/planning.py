"""Is n enough? What a number of prompts can find, and what a wish costs in prompts."""

from __future__ import annotations

from brie_bench.report.standings import FEWEST_PROMPTS
from brie_bench.report.words import count, percent, table
from brie_bench.stats import detectable_rate, n_for_half_width, sign_test_power

RATES = (0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.9)
WIDTHS = (0.05, 0.1, 0.15)
MOST_PROMPTS = 5_000


def prompts_needed(rate: float, power: float, alpha: float = 0.05) -> int | None:
    """The fewest prompts from which on a true `rate` is found with `power`, whatever is added; None beyond `MOST_PROMPTS`.

    The exact test's power saws up and down with n, so what counts is the last n that fails, not the first that passes.
    One more prompt adds to the power about (rate − ½)/2 of what a tooth takes away: further than a few times
    2/(rate − ½) above a number that passes, none fails.
    """

    def enough(n: int) -> bool:
        return sign_test_power(n, rate, alpha) >= power

    low, high = FEWEST_PROMPTS, MOST_PROMPTS
    if rate == 0.5 or not enough(high):
        return None
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if enough(middle) else (middle + 1, high)
    n = low + round(4 / abs(rate - 0.5)) + 10
    while n > FEWEST_PROMPTS and enough(n - 1):
        n -= 1
    return n if n <= MOST_PROMPTS else None


def plan_text(n: int, what: str, *, power: float, rate: float | None = None) -> str:
    """What `n` prompts can tell, in words and tables; `what` says whose prompts they are."""
    least = detectable_rate(n, power)
    often = f"{100 * power:g} %"
    found = "So many find no win rate, however high (exact test, 5 %)."
    if least is not None:
        found = f"So many find a true win rate of {percent(least)} or more {often} of the time (exact test, 5 %)."
    lines = [f"{what}: n = {count(n, 'distinct prompt')}. {found}"]
    if rate is not None:
        lines.append(_one_rate(n, rate, power))
    rows = [(each, sign_test_power(n, each)) for each in RATES]
    chances = table(
        [
            ("true win rate", lambda row: percent(row[0])),
            (f"found with n = {n}", lambda row: percent(row[1])),
            (f"prompts for {often}", lambda row: _needed(row[0], power)),
        ],
        rows,
        left=0,
    )
    widths = table(
        [
            ("interval of", lambda width: f"± {100 * width:.0f} points"),
            ("prompts at 50 %", lambda width: str(n_for_half_width(width, 0.5))),
            ("at 70 %", lambda width: str(n_for_half_width(width, 0.7))),
            ("at 90 %", lambda width: str(n_for_half_width(width, 0.9))),
        ],
        list(WIDTHS),
        left=0,
    )
    advice = "Repeats, judges and orders make each prompt's result steadier; only more prompts make n larger."
    return "\n\n".join(["\n".join(lines), chances, widths, advice]) + "\n"


def _one_rate(n: int, rate: float, power: float) -> str:
    chance = sign_test_power(n, rate)
    verdict = "enough" if chance >= power else "not enough"
    return (
        f"For a true win rate of {percent(rate)} that is **{verdict}**: it is found {percent(chance)} of the time;"
        f" {100 * power:g} % needs {_needed(rate, power)} prompts."
    )


def _needed(rate: float, power: float) -> str:
    needed = prompts_needed(rate, power)
    return f"more than {MOST_PROMPTS}" if needed is None else str(needed)
