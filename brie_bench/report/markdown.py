"""The leaderboard as markdown: what is known and what is not, at a glance. No clock, no cost."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from tabulate import tabulate

from brie_bench.errors import plain
from brie_bench.spec.leaderboard import Interval, Leaderboard, Standing

PANEL = "all judges"
MARKUP = re.compile(r"([\\`*\[\]<>|~&]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))")


def render(board: Leaderboard) -> str:
    """The whole leaderboard. Every table's lines begin with `|`."""
    parts = [part for part in _parts(board) if part]
    return "\n\n".join(parts) + "\n"


def _parts(board: Leaderboard) -> Iterator[str]:
    headlines = [row for row in board.standings if row.judge is None and row.section is None]
    for suite in board.suites:
        yield f"# {escape(suite.name)}: {_versus(board)}"
        yield f"{_count(suite.n_items, 'item')} from {_count(suite.n_prompts, 'distinct prompt')}. {_about(board)}"
    yield "\n".join(f"- {sentence(row)}" for row in headlines)
    yield _judges_table(board)
    yield _sections_table(board)
    if board.findings:
        yield "\n".join(
            ["**Findings**\n", *(_finding(each.severity, each.message, each.code) for each in board.findings)]
        )
    runs = ", ".join(escape(run) for run in board.runs)
    digests = ", ".join(suite.digest[:12] for suite in board.suites)
    yield f"Run {runs}; suite digest {digests}."


def _versus(board: Leaderboard) -> str:
    contenders = list(dict.fromkeys(row.contender for row in board.standings))
    return f"{', '.join(escape(name) for name in contenders)} against {escape(board.baseline)}"


def _about(board: Leaderboard) -> str:
    soft = any(row.soft for row in board.standings)
    graded = "Scores are graded preferences; " if soft else "Ties count half; "
    return f"{graded}every prompt weighs once; intervals and tests are over prompts, not judgments."


def sentence(row: Standing) -> str:
    """A headline standing in words."""
    name, baseline = escape(row.contender), escape(row.baseline)
    if row.win_rate is None or row.interval is None:
        return f"**{name}**: no result against {baseline}: {row.reason}."
    rate = f"win rate {percent(row.win_rate)} ({between(row.interval)}) over {_count(row.n_prompts, 'prompt')}"
    if row.verdict == "not testable":
        return f"**{name}** against {baseline} is **not testable**: {rate}; {row.reason}."
    tested = f"{rate}, {p_value(row.p_adjusted)}"
    if row.verdict == "inconclusive":
        could = f" So many prompts find a true rate of {percent(row.detectable_rate)} or more four times in five."
        return f"**{name}** against {baseline} is **inconclusive**: {tested}.{could if row.detectable_rate else ''}"
    return f"**{name}** is **{row.verdict}** than {baseline}: {tested}."


def _judges_table(board: Leaderboard) -> str:
    columns: list[tuple[str, Callable[[Standing], str]]] = [
        ("contender", lambda row: escape(row.contender)),
        ("judge", lambda row: f"**{PANEL}**" if row.judge is None else escape(row.judge)),
        ("win rate", lambda row: percent(row.win_rate)),
        ("95 % interval", lambda row: interval(row.interval)),
        ("p", lambda row: p_number(row.p_value)),
        ("prompts", lambda row: str(row.n_prompts)),
        ("pairs", lambda row: str(row.n_pairs)),
        ("judgments", lambda row: str(row.n_judgments)),
        ("failures", lambda row: str(row.n_failures)),
        ("W / T / L", lambda row: f"{row.wins} / {row.ties} / {row.losses}"),
        ("by row", lambda row: percent(row.row_rate)),
        ("verdict", lambda row: row.verdict or ""),
    ]
    several = len({row.suite for row in board.standings}) > 1
    if several:
        columns.insert(0, ("suite", lambda row: escape(row.suite)))
    return table(
        columns, [row for row in board.standings if row.section is None], right=range(2 + several, 10 + several)
    )


def _sections_table(board: Leaderboard) -> str:
    sections = [row for row in board.standings if row.section is not None]
    if len({row.section for row in sections}) < 2:
        return ""
    judges = list(dict.fromkeys(row.judge for row in sections if row.judge is not None))
    by_judge = {(row.suite, row.contender, row.section, row.judge): row for row in sections}
    columns: list[tuple[str, Callable[[Standing], str]]] = [
        ("contender", lambda row: escape(row.contender)),
        ("section", lambda row: escape(row.section or "")),
        (PANEL, lambda row: percent(row.win_rate)),
        ("95 % interval", lambda row: interval(row.interval)),
        *((escape(name), _rate_by(by_judge, name)) for name in (judges if len(judges) > 1 else [])),
        ("prompts", lambda row: str(row.n_prompts)),
        ("pairs", lambda row: str(row.n_pairs)),
        ("judgments", lambda row: str(row.n_judgments)),
        ("failures", lambda row: str(row.n_failures)),
    ]
    return table(columns, [row for row in sections if row.judge is None], right=range(2, len(columns)))


def _rate_by(rows: dict[tuple[str, str, str | None, str | None], Standing], judge: str) -> Callable[[Standing], str]:
    return lambda row: percent(rows[row.suite, row.contender, row.section, judge].win_rate)


def table(
    columns: Sequence[tuple[str, Callable[[Standing], str]]], rows: Iterable[Standing], *, right: Iterable[int] = ()
) -> str:
    """A markdown table; the columns at the positions `right` are aligned to the right."""
    cells = [[cell(row) for _, cell in columns] for row in rows]
    sides = set(right)
    align = ["right" if index in sides else "left" for index in range(len(columns))]
    return tabulate(
        cells,
        headers=[name for name, _ in columns],
        tablefmt="pipe",
        colalign=align if cells else None,
        disable_numparse=True,
    )


def _finding(severity: str, message: str, code: str) -> str:
    return f"- {severity}: {escape(message)} (`{code}`)"


def escape(text: str) -> str:
    """`text` as plain markdown: nothing in it is markup, and it is one line."""
    return MARKUP.sub(r"\\\1", plain(text, 400))


def percent(rate: float | None) -> str:
    """`83.1 %`, or a dash where there is no number."""
    return "–" if rate is None else f"{100 * rate:.1f} %"


def interval(bounds: Interval | None) -> str:
    """`74.0–89.5 %`, or a dash."""
    return "–" if bounds is None else f"{100 * bounds.low:.1f}–{100 * bounds.high:.1f} %"


def between(bounds: Interval) -> str:
    """The interval in words."""
    return f"{100 * bounds.confidence_level:g} % interval {interval(bounds)}"


def p_value(p: float | None) -> str:
    """`p < 0.001`, or `p = 0.02`."""
    return "p unknown" if p is None else f"p {p_number(p)}" if p < 0.001 else f"p = {p_number(p)}"


def p_number(p: float | None) -> str:
    """`0.020`, `< 0.001`, or a dash."""
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
