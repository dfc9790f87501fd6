"""Two contenders on the same prompts, paired: the difference is of each prompt with itself, under the same conditions and
before the same judges."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from brie_bench import stats
from brie_bench.errors import UsageError, did_you_mean
from brie_bench.report.standings import CONFIDENCE, FEWEST_PROMPTS, SIGNIFICANT, as_interval
from brie_bench.report.table import Codes, Table
from brie_bench.report.words import count, escape, p_number, p_words, percent, point_interval, points
from brie_bench.report.words import table as markdown_table
from brie_bench.spec.base import Spec
from brie_bench.spec.leaderboard import Interval


class Difference(Spec):
    """One contender less another over what they share: the same prompts, under the same conditions, by the same judges."""

    suite: str
    baseline: str
    contenders: tuple[str, str]
    judge: str | None
    """None is the panel."""
    section: str | None
    """None is all sections."""
    win_rates: tuple[float | None, float | None]
    """Of both, over the shared prompts."""
    difference: float | None
    """The first one's less the second one's."""
    interval: Interval | None
    p_value: float | None
    """Exact sign-flip test of no difference; not adjusted."""
    n_prompts: int
    """Shared prompts."""
    n_dropped: int
    """Prompts on which they share no condition and judge."""
    n_judgments: int = 0
    """Verdicts on either, from the conditions and judges they share."""
    n_dropped_judgments: int = 0
    """Verdicts on either that have no counterpart: another condition, another judge, or a failure of the other."""
    reason: str | None = None


def differences(tables: Sequence[Table], a: str, b: str, *, soft: bool | None = None) -> list[Difference]:
    """The panel first, then each judge; then each section. Raises UsageError where a name is no contender's."""
    known = list(dict.fromkeys(player.name for table in tables for player in table.contenders))
    for name in (a, b):
        if name not in known:
            raise UsageError(f"no contender '{name}' here.", mend=did_you_mean(name, known))
    if a == b:
        raise UsageError(f"'{a}' is compared with itself.", mend="Name two contenders.")
    found = []
    for table in tables:
        names = [player.name for player in table.contenders]
        if a in names and b in names:
            found += _differences(table, names.index(a), names.index(b), soft=table.graded if soft is None else soft)
    if not found:
        raise UsageError(f"'{a}' and '{b}' met no common suite and baseline.", mend="Run both in one command.")
    return found


def _differences(table: Table, a: int, b: int, *, soft: bool) -> list[Difference]:
    judges: list[int | None] = [None, *(range(len(table.judges)) if len(table.judges) > 1 else ())]
    sections: list[int | None] = list(range(len(table.sections))) if len(table.sections) > 1 else []
    cells = [(judge, None) for judge in judges] + [(None, section) for section in sections]
    return [_difference(table, a, b, judge, section, soft=soft) for judge, section in cells]


def _difference(table: Table, a: int, b: int, judge: int | None, section: int | None, *, soft: bool) -> Difference:
    rows, scores = table.rows, table.score(soft=soft)
    chosen = np.isin(rows.contender, (a, b)) & ~np.isnan(scores)
    if judge is not None:
        chosen &= rows.judge == judge
    if section is not None:
        chosen &= table.section == section
    at: Codes = np.flatnonzero(chosen)
    cell = rows.item[at] * len(table.judges) + rows.judge[at]
    first = rows.contender[at] == a
    both = np.isin(cell, np.intersect1d(cell[first], cell[~first]))
    # an item stands for its pairs: the two may have other texts in common, and must weigh alike all the same
    z_a, z_b = (
        stats.prompt_means(table.prompt[mine], rows.item[mine], rows.judge[mine], scores[mine]).z
        for mine in (at[both & first], at[both & ~first])
    )
    found = stats.paired_difference(z_a, z_b, CONFIDENCE)
    enough = found.n_common >= FEWEST_PROMPTS
    return Difference(
        suite=table.suite.name,
        baseline=table.baseline.name,
        contenders=(table.contenders[a].name, table.contenders[b].name),
        judge=None if judge is None else table.judges[judge].name,
        section=None if section is None else table.sections[section].name,
        win_rates=(float(z_a.mean()), float(z_b.mean())) if z_a.size else (None, None),
        difference=found.difference,
        interval=as_interval(found.interval),
        p_value=found.p_value if enough else None,
        n_prompts=found.n_common,
        n_dropped=int(np.unique(table.prompt[at]).size) - found.n_common,
        n_judgments=int(both.sum()),
        n_dropped_judgments=int((~both).sum()),
        reason=None if enough else f"{count(found.n_common, 'shared prompt')}: a test needs {FEWEST_PROMPTS}",
    )


def render(rows: Sequence[Difference]) -> str:
    """The differences as markdown, the panel's in words first."""
    columns: list[tuple[str, Callable[[Difference], str]]] = [
        ("judge", lambda row: "**all judges**" if row.judge is None else escape(row.judge)),
        ("section", lambda row: escape(row.section or "all")),
        (escape(rows[0].contenders[0]), lambda row: percent(row.win_rates[0])),
        (escape(rows[0].contenders[1]), lambda row: percent(row.win_rates[1])),
        ("difference (points)", lambda row: points(row.difference)),
        ("95 % interval", lambda row: point_interval(row.interval)),
        ("p", lambda row: p_number(row.p_value)),
        ("shared prompts", lambda row: str(row.n_prompts)),
        ("dropped", lambda row: str(row.n_dropped)),
        ("shared judgments", lambda row: str(row.n_judgments)),
        ("dropped", lambda row: str(row.n_dropped_judgments)),
    ]
    lines = [f"- {sentence(row)}" for row in rows if row.judge is None and row.section is None]
    notes = "p-values of single judges and sections are not adjusted: read them as a description."
    return "\n".join(lines) + f"\n\n{markdown_table(columns, rows, left=2)}\n\n{notes}\n"


def sentence(row: Difference) -> str:
    """The panel's difference in words."""
    a, b = map(escape, row.contenders)
    if row.difference is None:
        return (
            f"**{a}** and **{b}** cannot be compared on {escape(row.suite)}: they share no judged prompt under the same"
            f" condition by the same judge ({count(row.n_dropped_judgments, 'judgment')} left out)."
        )
    told = (
        f"{points(row.difference)} points ({point_interval(row.interval)}) over {count(row.n_prompts, 'shared prompt')}"
    )
    if row.p_value is None:
        return f"**{a}** against **{b}** on {escape(row.suite)} is **not testable**: {told}; {row.reason}."
    tested = f"{told}, {p_words(row.p_value)}"
    if row.n_dropped_judgments:
        tested += f"; {count(row.n_dropped_judgments, 'judgment')} without a counterpart left out"
    if row.p_value > SIGNIFICANT or row.difference == 0.0:
        return f"**{a}** against **{b}** on {escape(row.suite)} is **inconclusive**: {tested}."
    word = "better" if row.difference > 0 else "worse"
    return f"**{a}** is **{word}** than **{b}** on {escape(row.suite)}: {tested}."
