"""Who stands where, as tables: by judge, by section, on their own ground and off it, and rated."""

from __future__ import annotations

from collections.abc import Callable

from brie_bench.report.markdown.columns import COUNTS, Where, key
from brie_bench.report.words import NONE, escape, interval, p_number, percent, table
from brie_bench.spec.leaderboard import Ground, Leaderboard, Rating, Standing

PANEL = "all judges"


def judges_table(board: Leaderboard, where: Where) -> str:
    rows = [row for row in board.standings if row.section is None]
    columns: list[tuple[str, Callable[[Standing], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: f"**{PANEL}**" if row.judge is None else escape(row.judge)),
        ("verdict", lambda row: row.verdict or ""),
        ("win rate", lambda row: percent(row.win_rate)),
        ("95 % interval", lambda row: interval(row.interval)),
        ("p", lambda row: p_number(row.p_value)),
        *COUNTS,
        ("W / T / L", lambda row: f"{row.wins} / {row.ties} / {row.losses}"),
        ("by row", lambda row: percent(row.row_rate)),
    ]
    return table(columns, rows, left=2 + where.width)


def sections_table(board: Leaderboard, where: Where) -> str:
    sections = [row for row in board.standings if row.section is not None]
    if len({row.section for row in sections}) < 2:
        return ""
    judges = list(dict.fromkeys(row.judge for row in sections if row.judge is not None))
    by_judge = {(*key(row), row.section, row.judge): row for row in sections}
    columns: list[tuple[str, Callable[[Standing], str]]] = [
        *where.columns(sections),
        ("section", lambda row: escape(row.section or "")),
        (PANEL, lambda row: percent(row.win_rate)),
        ("95 % interval", lambda row: interval(row.interval)),
        *((escape(name), _rate_by(by_judge, name)) for name in (judges if len(judges) > 1 else [])),
        *COUNTS,
    ]
    return table(columns, [row for row in sections if row.judge is None], left=1 + where.width)


def _rate_by(
    rows: dict[tuple[str, str, str, str | None, str | None], Standing], judge: str
) -> Callable[[Standing], str]:
    def cell(row: Standing) -> str:
        found = rows.get((*key(row), row.section, judge))
        return percent(found.win_rate) if found else NONE

    return cell


def grounds_table(board: Leaderboard) -> str:
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
        *COUNTS,
    ]
    return table(columns, board.grounds, left=2 + several)


def ratings_table(board: Leaderboard) -> str:
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
