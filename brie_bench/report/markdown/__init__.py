"""The leaderboard as markdown: what is known and what is not, at a glance. No clock, no cost."""

from __future__ import annotations

from collections.abc import Iterator

from brie_bench.report.markdown.columns import Where
from brie_bench.report.markdown.conditions import reproducibility_tables, sweeps_table
from brie_bench.report.markdown.judges import (
    agreement_table,
    length_table,
    order_table,
    retest_table,
    self_preference_table,
)
from brie_bench.report.markdown.sentences import SHOWN_OF_A_CODE, agreement_words, finding_lines, sentence
from brie_bench.report.markdown.standings import grounds_table, judges_table, ratings_table, sections_table
from brie_bench.report.words import count, escape
from brie_bench.spec.leaderboard import Leaderboard

__all__ = ["SHOWN_OF_A_CODE", "agreement_words", "finding_lines", "render", "sentence"]


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
    wrong = dict.fromkeys(f"`{each.code}`" for each in board.findings if each.severity == "error")
    warned = [f"- **Read the findings first**: errors make a number wrong ({', '.join(wrong)})."] if wrong else []
    yield "\n".join([*(f"- {sentence(row, suite=several, family=family)}" for row in headlines), *warned])
    where = Where(board)
    yield judges_table(board, where)
    yield sections_table(board, where)
    yield _titled("In-domain and out-of-domain", grounds_table(board))
    yield _titled("Do the judges agree?", agreement_table(board, where))
    asked_again = (order_table(board, where), retest_table(board, where))
    yield _titled(
        "Does a judge agree with itself, and does the order matter?", "\n\n".join(part for part in asked_again if part)
    )
    yield _titled("Is it length?", length_table(board, where))
    yield _titled("Do judges prefer their own lab's model?", self_preference_table(board.self_preference, where))
    yield _titled("Does it hold in another run?", reproducibility_tables(board.reproducibility, where))
    yield _titled("Does it hold at other temperatures and lengths?", sweeps_table(board.sweeps, where))
    yield _titled("Ratings", ratings_table(board))
    yield _titled("Findings", "\n".join(finding_lines(board.findings)))
    runs = ", ".join(escape(run) for run in board.runs)
    digests = ", ".join(suite.digest[:12] for suite in board.suites)
    yield f"{'Run' if len(board.runs) == 1 else 'Runs'} {runs}; suite digest {digests}."


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
