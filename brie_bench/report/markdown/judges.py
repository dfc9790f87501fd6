"""What is known of the judges, as tables: with each other, with themselves, with order, length and their own lab."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from brie_bench.report.markdown.columns import COUNTS, Where
from brie_bench.report.markdown.sentences import agreement_words, panel_words, unknown_positions
from brie_bench.report.words import NONE, coefficient, count, escape, interval, percent, point_interval, points, table
from brie_bench.spec.leaderboard import Agreement, Leaderboard, Length, PanelAgreement, Position, Retest, SelfPreference


def agreement_table(board: Leaderboard, where: Where) -> str:
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
        *COUNTS,
    ]
    panels = [f"{_told(row, where)}: {panel_words(row)}" for row in board.panel_agreement if row.unanimous is not None]
    least = min(rows, key=lambda row: (row.agreement or 0.0) - (row.expected or 0.0))
    lines = [*(panels if len(rows) > len(panels) else []), agreement_words(least)]
    return f"{table(columns, rows, left=1 + where.width)}\n\n" + "\n".join(f"- {line}" for line in lines)


def _told(row: PanelAgreement, where: Where) -> str:
    return ", ".join(cell(row) for _, cell in where.columns([row]))


def order_table(board: Leaderboard, where: Where) -> str:
    """What the order is worth, and for whom that cannot be told."""
    rows = [row for row in board.position if row.bias is not None]
    columns: list[tuple[str, Callable[[Position], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: escape(row.judge)),
        ("liking for the first (points)", lambda row: points(row.bias)),
        ("95 % interval", lambda row: point_interval(row.interval)),
        ("order-adjusted rate", lambda row: percent(row.adjusted_win_rate)),
        ("flips with the order", lambda row: _share(row.flip_rate, row.n_both, "pair")),
        *COUNTS,
    ]
    parts = [table(columns, rows, left=1 + where.width), "\n".join(unknown_positions(board.position))]
    return "\n\n".join(part for part in parts if part)


def retest_table(board: Leaderboard, where: Where) -> str:
    """Judges that were asked again. A couple is two judgments of one pair."""
    rows = [row for row in board.retest if row.n_same + row.n_swapped]
    columns: list[tuple[str, Callable[[Retest], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: escape(row.judge)),
        ("same verdict again", lambda row: _share(row.same_order, row.n_same_prompts, "prompt")),
        ("couples", lambda row: str(row.n_same)),
        ("and swapped", lambda row: _share(row.swapped_order, row.n_swapped_prompts, "prompt")),
        ("couples", lambda row: str(row.n_swapped)),
        *COUNTS,
    ]
    shown = table(columns, rows, left=1 + where.width)
    return shown and f"{shown}\n\nA couple is two judgments of one pair by one judge; every prompt weighs once."


def _share(share: float | None, n: int, noun: str) -> str:
    return NONE if share is None else f"{percent(share)} of {count(n, noun)}"


def length_table(board: Leaderboard, where: Where) -> str:
    rows = [row for row in board.length if row.length_ratio is not None]
    columns: list[tuple[str, Callable[[Length], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: escape(row.judge)),
        ("win rate", lambda row: percent(row.raw)),
        ("at equal length", lambda row: percent(row.length_controlled)),
        ("length ratio", lambda row: NONE if row.length_ratio is None else f"{row.length_ratio:.2f}"),
        (
            "of near-equal length",
            lambda row: _share(row.close_rate, row.n_close, "pair"),
        ),
        *COUNTS,
        ("why not", lambda row: row.reason or ""),
    ]
    return table(columns, rows, left=1 + where.width)


def self_preference_table(rows: Sequence[SelfPreference], where: Where) -> str:
    columns: list[tuple[str, Callable[[SelfPreference], str]]] = [
        *where.columns(rows),
        ("judge", lambda row: escape(row.judge)),
        ("lab", lambda row: escape(row.lab)),
        ("whose model is", lambda row: escape(row.contender if row.side == "contender" else row.baseline)),
        ("excess preference (points)", lambda row: points(row.excess)),
        ("95 % interval", lambda row: point_interval(row.interval)),
        *COUNTS,
    ]
    return table(columns, rows, left=3 + where.width)
