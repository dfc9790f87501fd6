"""The leaderboard as markdown: what is known and what is not, at a glance. No clock, no cost."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, TypeVar

from brie_bench.report.words import (
    NONE,
    coefficient,
    count,
    escape,
    interval,
    p_number,
    p_words,
    percent,
    point_interval,
    points,
    table,
)
from brie_bench.spec.leaderboard import (
    Agreement,
    Finding,
    Ground,
    Leaderboard,
    Length,
    PanelAgreement,
    Position,
    Rating,
    Reproducibility,
    Retest,
    SelfPreference,
    Standing,
    Sweep,
)

PANEL = "all judges"


def render(board: Leaderboard) -> str:
    """The whole leaderboard. Every table's lines begin with `|`."""
    return "\n\n".join(part for part in _parts(board) if part) + "\n"


def _parts(board: Leaderboard) -> Iterator[str]:
    for suite in board.suites:
        yield f"# {escape(suite.name)}: {_versus(board, suite.name)}"
        items = f"{count(suite.n_items, 'item')} from {count(suite.n_prompts, 'distinct prompt')}."
        yield f"{items} {_about(board)}"
    several = len(board.suites) > 1
    family = sum(row.p_adjusted is not None for row in board.standings)
    headlines = [row for row in board.standings if row.verdict is not None]
    yield "\n".join(f"- {sentence(row, suite=several, family=family)}" for row in headlines)
    where = _Where(board)
    yield _judges_table(board, where)
    yield _sections_table(board, where)
    yield _titled("In-domain and out-of-domain", _grounds_table(board))
    yield _titled("Do the judges agree?", _agreement(board, where))
    yield _titled("Does a judge agree with itself, and does the order matter?", _position_table(board, where))
    yield _titled("Is it length?", _length_table(board, where))
    yield _titled("Do judges prefer their own lab's model?", _self_preference(board.self_preference, where))
    yield _titled("Does it hold in another run?", _reproducibility(board.reproducibility, where))
    yield _titled("Does it hold at other temperatures and lengths?", _sweeps(board.sweeps, where))
    yield _titled("Ratings", _ratings(board))
    yield _titled("Findings", "\n".join(finding_lines(board.findings)))
    runs = ", ".join(escape(run) for run in board.runs)
    digests = ", ".join(suite.digest[:12] for suite in board.suites)
    yield f"{'Run' if len(board.runs) == 1 else 'Runs'} {runs}; suite digest {digests}."


class _Row(Protocol):
    """A row about a contender on a suite."""

    @property
    def suite(self) -> str: ...
    @property
    def contender(self) -> str: ...
    @property
    def baseline(self) -> str: ...


R = TypeVar("R", bound=_Row)


class _Where:
    """The first columns of a row: its contender, and its suite and baseline where there are several."""

    def __init__(self, board: Leaderboard) -> None:
        self.suites = len(board.suites) > 1
        self.baselines = len({row.baseline for row in board.standings}) > 1

    @property
    def width(self) -> int:
        """How many columns that is."""
        return 1 + self.suites + self.baselines

    def columns(self, rows: Sequence[R]) -> list[tuple[str, Callable[[R], str]]]:
        """The columns, for rows of that kind."""
        suite: list[tuple[str, Callable[[R], str]]] = [("suite", lambda row: escape(row.suite))]
        contender: list[tuple[str, Callable[[R], str]]] = [("contender", lambda row: escape(row.contender))]
        baseline: list[tuple[str, Callable[[R], str]]] = [("against", lambda row: escape(row.baseline))]
        return [*(suite if self.suites else []), *contender, *(baseline if self.baselines else [])]


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


def _titled(title: str, body: str) -> str:
    return f"## {title}\n\n{body}" if body else ""


def _versus(board: Leaderboard, suite: str) -> str:
    rows = [row for row in board.standings if row.suite == suite]
    contenders, baselines = ({getattr(row, side): None for row in rows} for side in ("contender", "baseline"))
    return f"{', '.join(map(escape, contenders))} against {', '.join(map(escape, baselines))}"


def _about(board: Leaderboard) -> str:
    soft = any(row.soft for row in board.standings)
    graded = "Scores are graded (soft) preferences;" if soft else "Ties count half;"
    return f"{graded} every prompt weighs once; intervals and tests are over prompts, not judgments."


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
        could = f" So many prompts find a true rate of {percent(row.detectable_rate)} or more four times in five."
        return f"**{name}** against {baseline} is **inconclusive**: {tested}.{could if row.detectable_rate else ''}"
    return f"**{name}** is **{row.verdict}** than {baseline}: {tested}."


def _judges_table(board: Leaderboard, where: _Where) -> str:
    rows = [row for row in board.standings if row.section is None]
    columns: list[tuple[str, Callable[[Standing], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: f"**{PANEL}**" if row.judge is None else escape(row.judge)),
        ("verdict", lambda row: row.verdict or ""),
        ("win rate", lambda row: percent(row.win_rate)),
        ("95 % interval", lambda row: interval(row.interval)),
        ("p", lambda row: p_number(row.p_value)),
        ("prompts", lambda row: str(row.n_prompts)),
        ("pairs", lambda row: str(row.n_pairs)),
        ("judgments", lambda row: str(row.n_judgments)),
        ("failures", lambda row: str(row.n_failures)),
        ("W / T / L", lambda row: f"{row.wins} / {row.ties} / {row.losses}"),
        ("by row", lambda row: percent(row.row_rate)),
    ]
    return table(columns, rows, left=2 + where.width)


def _sections_table(board: Leaderboard, where: _Where) -> str:
    sections = [row for row in board.standings if row.section is not None]
    if len({row.section for row in sections}) < 2:
        return ""
    judges = list(dict.fromkeys(row.judge for row in sections if row.judge is not None))
    by_judge = {(*_key(row), row.section, row.judge): row for row in sections}
    columns: list[tuple[str, Callable[[Standing], str]]] = [
        *where.columns(sections),
        ("section", lambda row: escape(row.section or "")),
        (PANEL, lambda row: percent(row.win_rate)),
        ("95 % interval", lambda row: interval(row.interval)),
        *((escape(name), _rate_by(by_judge, name)) for name in (judges if len(judges) > 1 else [])),
        ("prompts", lambda row: str(row.n_prompts)),
        ("pairs", lambda row: str(row.n_pairs)),
        ("judgments", lambda row: str(row.n_judgments)),
        ("failures", lambda row: str(row.n_failures)),
    ]
    return table(columns, [row for row in sections if row.judge is None], left=1 + where.width)


def _key(row: _Row) -> tuple[str, str, str]:
    return row.suite, row.contender, row.baseline


def _rate_by(
    rows: dict[tuple[str, str, str, str | None, str | None], Standing], judge: str
) -> Callable[[Standing], str]:
    def cell(row: Standing) -> str:
        found = rows.get((*_key(row), row.section, judge))
        return percent(found.win_rate) if found else NONE

    return cell


def _grounds_table(board: Leaderboard) -> str:
    if len({ground.kind for ground in board.grounds}) < 2:
        return ""
    several = len({ground.baseline for ground in board.grounds}) > 1
    against: list[tuple[str, Callable[[Ground], str]]] = [("against", lambda row: escape(row.baseline))]
    columns: list[tuple[str, Callable[[Ground], str]]] = [
        ("contender", lambda row: escape(row.contender)),
        *(against if several else []),
        ("ground", lambda row: row.kind.replace("_", "-")),
        ("win rate", lambda row: percent(row.win_rate)),
        ("95 % interval", lambda row: interval(row.interval)),
        ("p", lambda row: p_number(row.p_value)),
        ("prompts", lambda row: str(row.n_prompts)),
        ("pairs", lambda row: str(row.n_pairs)),
        ("judgments", lambda row: str(row.n_judgments)),
        ("failures", lambda row: str(row.n_failures)),
    ]
    return table(columns, board.grounds, left=2 + several)


def _agreement(board: Leaderboard, where: _Where) -> str:
    rows = [row for row in board.agreement if row.agreement is not None]
    if not rows:
        return ""
    columns: list[tuple[str, Callable[[Agreement], str]]] = [
        *where.columns(rows),
        ("judges", lambda row: " and ".join(map(escape, row.judges))),
        ("agree on", lambda row: percent(row.agreement)),
        ("95 % interval", lambda row: interval(row.agreement_interval)),
        ("by chance", lambda row: percent(row.expected)),
        ("AC1", lambda row: coefficient(row.ac1, row.ac1_interval)),
        ("kappa", lambda row: coefficient(row.kappa, row.kappa_interval)),
        ("pairs", lambda row: str(row.n_pairs)),
        ("prompts", lambda row: str(row.n_prompts)),
    ]
    panels = [panel_words(row, where) for row in board.panel_agreement if row.unanimous is not None]
    least = min(rows, key=lambda row: (row.agreement or 0.0) - (row.expected or 0.0))
    lines = [*(panels if len(rows) > len(panels) else []), agreement_words(least)]
    return f"{table(columns, rows, left=1 + where.width)}\n\n" + "\n".join(f"- {line}" for line in lines)


def agreement_words(row: Agreement) -> str:
    """Two judges in words, chance beside them."""
    a, b = map(escape, row.judges)
    kappa = "kappa is undefined" if row.kappa is None else f"kappa = {coefficient(row.kappa, row.kappa_interval)}"
    return (
        f"{a} and {b} gave the same verdict on {percent(row.agreement)} of prompts ({interval(row.agreement_interval)});"
        f" their rates alone would make them agree on {percent(row.expected)} by chance; {kappa}."
    )


def panel_words(row: PanelAgreement, where: _Where) -> str:
    """The panel in words. Prompts weigh alike here too."""
    told = ", ".join(cell(row) for _, cell in where.columns([row]))
    return (
        f"{told}: all judges gave the same verdict on {percent(row.unanimous)} of prompts ({count(row.n_pairs, 'pair')});"
        f" Krippendorff's alpha = {coefficient(row.alpha, row.alpha_interval)}."
    )


def _position_table(board: Leaderboard, where: _Where) -> str:
    retests = {(*_key(row), row.judge): row for row in board.retest}
    rows = [row for row in board.position if row.bias is not None or _retest_n(retests[(*_key(row), row.judge)])]
    columns: list[tuple[str, Callable[[Position], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: escape(row.judge)),
        ("liking for the first (points)", lambda row: points(row.bias)),
        ("95 % interval", lambda row: point_interval(row.interval)),
        ("order-adjusted rate", lambda row: percent(row.adjusted_win_rate)),
        ("flips with the order", lambda row: percent(row.flip_rate)),
        ("same verdict again", lambda row: _retest(retests[(*_key(row), row.judge)], "same")),
        ("and swapped", lambda row: _retest(retests[(*_key(row), row.judge)], "swapped")),
        ("prompts", lambda row: str(row.n_prompts)),
    ]
    return table(columns, rows, left=1 + where.width)


def _retest_n(row: Retest) -> int:
    return row.n_same + row.n_swapped


def _retest(row: Retest, which: str) -> str:
    share = getattr(row, f"{which}_order")
    return NONE if share is None else f"{percent(share)} of {getattr(row, f'n_{which}')}"


def _length_table(board: Leaderboard, where: _Where) -> str:
    rows = [row for row in board.length if row.length_ratio is not None]
    columns: list[tuple[str, Callable[[Length], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: escape(row.judge)),
        ("win rate", lambda row: percent(row.raw)),
        ("at equal length", lambda row: percent(row.length_controlled)),
        ("length ratio", lambda row: NONE if row.length_ratio is None else f"{row.length_ratio:.2f}"),
        (
            "of near-equal length",
            lambda row: NONE if row.close_rate is None else f"{percent(row.close_rate)} of {row.n_close}",
        ),
        ("why not", lambda row: row.reason or ""),
    ]
    return table(columns, rows, left=1 + where.width)


def _self_preference(rows: Sequence[SelfPreference], where: _Where) -> str:
    columns: list[tuple[str, Callable[[SelfPreference], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: escape(row.judge)),
        ("lab", lambda row: escape(row.lab)),
        ("whose model is", lambda row: escape(row.contender if row.side == "contender" else row.baseline)),
        ("excess preference (points)", lambda row: points(row.excess)),
        ("95 % interval", lambda row: point_interval(row.interval)),
        ("prompts", lambda row: str(row.n_prompts)),
    ]
    return table(columns, rows, left=3 + where.width)


MOST_LINES = 60
"""The longest table of prompts and runs that is shown."""


def _reproducibility(rows: Sequence[Reproducibility], where: _Where) -> str:
    shown = [row for row in rows if row.n_prompts]
    columns: list[tuple[str, Callable[[Reproducibility], str]]] = [
        *where.columns(shown),
        ("section", lambda row: escape(row.section)),
        ("win rate", lambda row: percent(row.rate)),
        ("by run", lambda row: ", ".join(map(percent, row.per_run))),
        ("runs of a prompt differ", lambda row: percent(row.disagreement)),
        ("95 % interval", lambda row: interval(row.disagreement_interval)),
        ("SD over runs (points)", lambda row: points(row.observed_sd).lstrip("+")),
        ("by chance", lambda row: points(row.expected_sd).lstrip("+")),
        ("Cochran p", lambda row: p_number(row.cochran_p)),
        ("prompts", lambda row: str(row.n_prompts)),
    ]
    parts = [table(columns, shown, left=1 + where.width), _prompts_by_runs(shown, where), *_notes(shown)]
    return "\n\n".join(part for part in parts if part)


def _prompts_by_runs(rows: Sequence[Reproducibility], where: _Where) -> str:
    """Every prompt in every run, where that is no endless table: the JSON has it always."""
    lines = [(row, prompt, runs) for row in rows for prompt, runs in zip(row.prompts, row.table, strict=True)]
    if len(lines) > MOST_LINES:
        return ""
    most = max((row.n_runs for row in rows), default=0)
    columns: list[tuple[str, Callable[[tuple[Reproducibility, str, tuple[float, ...]]], str]]] = [
        *((name, lambda line, cell=cell: cell(line[0])) for name, cell in where.columns(rows)),
        ("section", lambda line: escape(line[0].section)),
        ("prompt", lambda line: escape(line[1])),
        *((f"run {run + 1}", _cell_of_run(run)) for run in range(most)),
    ]
    return table(columns, lines, left=2 + where.width)


def _cell_of_run(run: int) -> Callable[[tuple[Reproducibility, str, tuple[float, ...]]], str]:
    return lambda line: percent(line[2][run] if run < len(line[2]) else None)


def _notes(rows: Sequence[Reproducibility] | Sequence[Sweep]) -> list[str]:
    return [f"{note}." for note in dict.fromkeys(row.reason for row in rows if row.reason)]


def _sweeps(rows: Sequence[Sweep], where: _Where) -> str:
    shown = [row for row in rows if row.n_prompts]
    columns: list[tuple[str, Callable[[Sweep], str]]] = [
        *where.columns(shown),
        ("section", lambda row: escape(row.section)),
        ("win rate by level", _levels),
        ("slope", lambda row: _slope(row, row.slope)),
        ("95 % interval", lambda row: NONE if row.interval is None else _slope_interval(row)),
        ("p", lambda row: p_number(row.p_value)),
        ("prompts", lambda row: str(row.n_prompts)),
    ]
    return "\n\n".join(part for part in (table(columns, shown, left=2 + where.width), *_notes(shown)) if part)


def _levels(row: Sweep) -> str:
    return ", ".join(f"{level:g}: {percent(rate)}" for level, rate in zip(row.levels, row.rates, strict=True))


def _slope(row: Sweep, slope: float | None) -> str:
    """In points for a tenth of a degree, or for a hundred tokens."""
    if slope is None:
        return NONE
    return (
        f"{points(slope * 0.1)} per 0.1" if row.parameter == "temperature" else f"{points(slope * 100)} per 100 tokens"
    )


def _slope_interval(row: Sweep) -> str:
    unit = 0.1 if row.parameter == "temperature" else 100
    return NONE if row.interval is None else f"{points(row.interval.low * unit)} to {points(row.interval.high * unit)}"


def _ratings(board: Leaderboard) -> str:
    """Ratings, or why there are none where a reader might miss them."""
    if board.ratings is None:
        several = len({row.baseline for row in board.standings}) > 1
        return f"None: {board.ratings_reason}." if several and board.ratings_reason else ""
    columns: list[tuple[str, Callable[[Rating], str]]] = [
        ("contender", lambda row: escape(row.contender)),
        ("rating", lambda row: f"{row.rating:+.2f}"),
        (
            "95 % interval",
            lambda row: NONE if row.interval is None else f"{row.interval.low:+.2f} to {row.interval.high:+.2f}",
        ),
        (
            "rank",
            lambda row: f"{row.rank_low}" if row.rank_low == row.rank_high else f"{row.rank_low} to {row.rank_high}",
        ),
    ]
    return table(columns, board.ratings, left=1)
