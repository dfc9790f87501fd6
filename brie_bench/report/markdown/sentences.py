"""The leaderboard in sentences that a careful statistician would sign."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from brie_bench.report.standings import SIGNIFICANT
from brie_bench.report.words import coefficient, count, escape, interval, p_words, percent
from brie_bench.spec.leaderboard import Agreement, Finding, Interval, PanelAgreement, Position, Standing

SHOWN_OF_A_CODE = 2


def finding_lines(findings: Sequence[Finding]) -> Iterator[str]:
    """A line a finding; of many with one code, those that concern most records, and how many more there are."""
    groups: dict[tuple[str, str], list[Finding]] = {}
    for each in findings:
        groups.setdefault((each.severity, each.code), []).append(each)
    for (severity, code), group in groups.items():
        group.sort(key=lambda each: -each.count)
        for each in group[:SHOWN_OF_A_CODE]:
            yield f"- {severity}: {escape(each.message, 1000)} (`{code}`)"
        if len(group) > SHOWN_OF_A_CODE:
            yield f"- {severity}: and {len(group) - SHOWN_OF_A_CODE} more of `{code}`; the JSON has them all."


def sentence(row: Standing, *, suite: bool = False, family: int = 1) -> str:
    """A headline standing in words; `suite` says where, `family` how many headlines were tested together."""
    name, baseline = escape(row.contender), escape(row.baseline)
    baseline += f" on {escape(row.suite)}" if suite else ""
    if row.win_rate is None or row.interval is None:
        return f"**{name}**: no result against {baseline}: {row.reason}."
    level = f"{100 * row.interval.confidence_level:g} % interval {interval(row.interval)}"
    rate = f"win rate {percent(row.win_rate)} ({level}) over {count(row.n_prompts, 'prompt')}"
    if row.verdict == "not testable":
        return f"**{name}** against {baseline} is **not testable**: {rate}; {row.reason}."
    tested = f"{rate}, {p_words(row.p_adjusted)}" + (f" (Holm, {family} headlines)" if family > 1 else "")
    if row.verdict == "inconclusive":
        said = f"**{name}** against {baseline} is **inconclusive**: {tested}. {_could(row, family)}"
    else:
        said = f"**{name}** is **{row.verdict}** than {baseline}: {tested}."
    return " ".join(part for part in (said, _apart(row, row.interval, family), _failures(row)) if part)


def _could(row: Standing, family: int) -> str:
    """What so many prompts could have found."""
    if row.detectable_rate is None:
        return f"So few prompts cannot decide one of {family} headlines alone, were every one won."
    among = f", as one of {family} headlines" if family > 1 else ""
    return f"So many prompts find a true rate of {percent(row.detectable_rate)} or more four times in five{among}."


def _apart(row: Standing, bounds: Interval, family: int) -> str:
    """What interval and test say where they seem to contradict each other."""
    holds = bounds.low <= 0.5 <= bounds.high
    if holds == (row.verdict == "inconclusive"):
        return ""
    if holds:
        return (
            "The interval says how large the rate may be on new prompts, and holds one half; the test says that prompts lean to"
            " this side more often than chance would have it, however little."
        )
    if row.p_value is not None and row.p_value <= SIGNIFICANT:
        return f"The interval leaves out one half, as for a headline alone; among {family} the test does not decide."
    return (
        "The interval leaves out one half, but the test decides: over few prompts intervals do so too often by chance."
    )


def _failures(row: Standing) -> str:
    """What the failures could have changed, where they could have turned the verdict round."""
    bounds = row.failure_bounds
    if row.verdict == "inconclusive" or bounds is None or not bounds[0] <= 0.5 <= bounds[1]:
        return ""
    worst, word = (bounds[0], "loss") if row.verdict == "better" else (bounds[1], "win")
    return (
        f"But {count(row.n_failures, 'planned judgment')} failed or {'was' if row.n_failures == 1 else 'were'} not reached: had"
        f" every one been a {word}, the win rate would be {percent(worst)}."
    )


def agreement_words(row: Agreement) -> str:
    """Two judges in words, chance beside them."""
    a, b = map(escape, row.judges)
    kappa = "kappa is undefined" if row.kappa is None else f"kappa = {coefficient(row.kappa, row.kappa_interval)}"
    return (
        f"{a} and {b} gave the same verdict on {percent(row.agreement)} of prompts ({interval(row.agreement_interval)});"
        f" their rates alone would make them agree on {percent(row.expected)} by chance; {kappa}."
    )


def panel_words(row: PanelAgreement) -> str:
    """The panel in words. Prompts weigh alike here too."""
    who, pairs = "all judges", count(row.n_pairs, "pair")
    if row.n_complete < row.n_pairs:
        who = "all judges who judged a pair"
        pairs += f", of which all {row.n_judges} judges judged {row.n_complete}"
    return (
        f"{who} gave the same verdict on {percent(row.unanimous)} of prompts ({pairs});"
        f" Krippendorff's alpha = {coefficient(row.alpha, row.alpha_interval)}."
    )


def unknown_positions(rows: Sequence[Position]) -> Iterator[str]:
    """Whose liking for a position is unknown, and why."""
    several = len({(row.suite, row.contender, row.baseline) for row in rows}) > 1
    reasons: dict[str, dict[str, None]] = {}
    for row in rows:
        if row.bias is None and row.reason:
            who = escape(row.judge) + (f" on {escape(row.contender)}" if several else "")
            reasons.setdefault(row.reason, {})[who] = None
    for reason, names in reasons.items():
        yield f"- Position bias is unknown for {', '.join(names)}: {reason}."
