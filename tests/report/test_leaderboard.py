"""The whole leaderboard: what must hold whatever the records say."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brie_bench.errors import BrieError
from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.markdown import render
from brie_bench.report.publish import to_json
from brie_bench.report.table import Player, Table

from .records import record
from .runs import Bench
from .tables import FAILED, LOSS, NAN, TIE, WIN, Row, doubled, mirrored, reordered, table_of

KINDS = {"coding": "out_of_domain", "warm": "temperature", "long": "length", "again": "reproducibility"}
LABS = {
    "ann": Player("ann", lab="north"),
    "bob": Player("bob", lab="south"),
    "base": Player("base", lab="south"),
    "tuned": Player("tuned", lab="north"),
}

scores = st.sampled_from([WIN, WIN, TIE, LOSS, LOSS, FAILED])


@st.composite
def tables(draw: st.DrawFn, *, soft: bool = False) -> Table:
    """Tables with sections of every kind, judges who fail, orders that may be unknown."""
    rows = []
    for _ in range(draw(st.integers(1, 24))):
        section = draw(st.sampled_from(["plain", *KINDS]))
        prompt = f"p-{draw(st.integers(0, 7))}"
        score = draw(scores)
        level = draw(st.sampled_from([1, 2]))
        rows.append(
            Row(
                prompt,
                score,
                judge=draw(st.sampled_from(["ann", "bob", "eve"])),
                who=draw(st.sampled_from(["tuned", "other"])),
                section=section,
                repeat=level if section == "again" else 1,
                temperature=level / 2 if section == "warm" else 0.75,
                max_tokens=256 * level if section == "long" else 512,
                shown=draw(st.sampled_from([0.0, 1.0, 1.0, NAN])),
                preference=draw(st.sampled_from([0.0, 0.25, 0.5, 0.875, NAN]))
                if soft and not math.isnan(score)
                else NAN,
                lengths=(0.0, 0.0),
            )
        )
    lengths = {pair: (draw(st.integers(1, 400)), draw(st.integers(1, 400))) for pair in range(8)}
    rows = [replace(row, lengths=lengths[int(row.prompt[2:])]) for row in rows]
    return table_of(rows, kinds=KINDS, players=LABS, both_orders=draw(st.booleans()))


def plain(board: Any) -> dict[str, Any]:
    found = board.model_dump(mode="json")
    assert isinstance(found, dict)
    return found


def turned(value: float | None) -> float | None:
    return None if value is None else 1.0 - value


def turned_interval(interval: dict[str, Any] | None, turn: Callable[[float], float]) -> dict[str, Any] | None:
    return interval and {**interval, "low": turn(interval["high"]), "high": turn(interval["low"])}


def negative(value: float | None) -> float | None:
    return None if value is None else -value


WORDS = {"better": "worse", "worse": "better"}


def mirror_of(board: dict[str, Any]) -> dict[str, Any]:
    """What the mirrored records must give."""

    def rate(row: dict[str, Any], *names: str) -> dict[str, Any]:
        found = {**row, **{name: turned(row[name]) for name in names}}
        return (
            {**found, "interval": turned_interval(row["interval"], lambda x: 1.0 - x)} if "interval" in row else found
        )

    def standing(row: dict[str, Any]) -> dict[str, Any]:
        return {
            **rate(row, "win_rate", "row_rate"),
            "failure_bounds": row["failure_bounds"] and [1.0 - each for each in row["failure_bounds"][::-1]],
            "wins": row["losses"],
            "losses": row["wins"],
            "strict_rate": row["losses"] / row["n_judgments"] if row["n_judgments"] else None,
            "verdict": WORDS.get(row["verdict"], row["verdict"]),
        }

    def position(row: dict[str, Any]) -> dict[str, Any]:
        return {
            **row,
            "adjusted_win_rate": turned(row["adjusted_win_rate"]),
            "n_contender_first": row["n_baseline_first"],
            "n_baseline_first": row["n_contender_first"],
        }

    def length(row: dict[str, Any]) -> dict[str, Any]:
        ratio = row["length_ratio"] and 1.0 / row["length_ratio"]
        return {**rate(row, "raw", "length_controlled", "close_rate"), "length_ratio": ratio}

    def again(row: dict[str, Any]) -> dict[str, Any]:
        per_run = [1.0 - each for each in row["per_run"]]
        return {**rate(row, "rate"), "per_run": per_run, "table": [[1.0 - x for x in runs] for runs in row["table"]]}

    def sloped(row: dict[str, Any], name: str) -> dict[str, Any]:
        return {**row, name: negative(row[name]), "interval": turned_interval(row["interval"], lambda x: -x)}

    return {
        **board,
        "standings": [standing(row) for row in board["standings"]],
        "position": [position(row) for row in board["position"]],
        "length": [length(row) for row in board["length"]],
        "self_preference": [sloped(row, "excess") for row in board["self_preference"]],
        "grounds": [rate(row, "win_rate") for row in board["grounds"]],
        "reproducibility": [again(row) for row in board["reproducibility"]],
        "sweeps": [{**sloped(row, "slope"), "rates": [1.0 - each for each in row["rates"]]} for row in board["sweeps"]],
    }


def difference(a: Any, b: Any, slack: float, path: str = "") -> list[str]:
    """Where two boards differ by more than `slack`; reasons and messages are words, and name wins for losses."""
    if path.endswith((".reason", ".message", ".examples")):
        return []
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [each for key in a for each in difference(a[key], b[key], slack, f"{path}.{key}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [
            each for n, (x, y) in enumerate(zip(a, b, strict=True)) for each in difference(x, y, slack, f"{path}[{n}]")
        ]
    if isinstance(a, float) and isinstance(b, float):
        # 1 − (1 − x) is x but for its last bit, so one of the two directions is exact
        return [] if math.isclose(a, b, rel_tol=slack, abs_tol=slack) else [f"{path}: {a!r} and {b!r}"]
    return [] if a == b else [f"{path}: {a!r} and {b!r}"]


@settings(deadline=None, max_examples=20)
@given(tables())
def test_swapping_contender_and_baseline_mirrors_every_number(table: Table) -> None:
    """Rates and intervals turn round; p, agreement, κ, retest, flips and bias stay; slopes and excesses change their sign."""
    expected = mirror_of(plain(make_leaderboard([table])))
    assert [] == difference(expected, plain(make_leaderboard([mirrored(table)])), 1e-12)


@settings(deadline=None, max_examples=8)
@given(tables(soft=True))
def test_graded_scores_mirror_too(table: Table) -> None:
    """The same, scored by graded preferences."""
    expected = mirror_of(plain(make_leaderboard([table], soft=True)))
    assert [] == difference(expected, plain(make_leaderboard([mirrored(table)], soft=True)), 1e-11)


@settings(deadline=None, max_examples=12)
@given(tables(), st.randoms(use_true_random=False))
def test_the_order_of_the_rows_changes_nothing(table: Table, random: Any) -> None:
    """Not a bit of the JSON."""
    order = list(range(table.rows.score.size))
    random.shuffle(order)
    assert to_json(make_leaderboard([table])) == to_json(make_leaderboard([reordered(table, order)]))


def in_any_order(value: Any) -> Any:
    """Rows sorted by what they are about; without places, which are those of the lines."""
    if isinstance(value, dict):
        return {key: in_any_order(each) for key, each in sorted(value.items()) if key not in ("examples", "message")}
    if isinstance(value, list):
        return sorted(map(in_any_order, value), key=lambda each: json.dumps(each, default=str)) if value else []
    return round(value, 9) + 0.0 if isinstance(value, float) else value


judgments = st.fixed_dictionaries(
    {
        "number": st.integers(0, 6),
        "judge": st.sampled_from(["ann", "bob", "eve"]),
        "contender": st.sampled_from(["tuned", "other"]),
        "label": st.sampled_from(["A", "B", "tie", None]),
        "shown": st.sampled_from(["same", "same", None]),
        "labels": st.sampled_from(["baseline_first", "contender_first"]),
        "texts": st.sampled_from([None, ("Another.", "Another one.")]),
    }
)


@settings(deadline=None, max_examples=10, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(judgments, min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_the_lines_of_an_import_changes_nothing(tmp_path: Path, given: list[Any], random: Any) -> None:
    """The same numbers of the same players, whoever is named first."""
    lines = [record(line=line, **each) for line, each in enumerate(given, 1)]
    boards = []
    for _ in range(2):
        bench = Bench(Path(mkdtemp(dir=tmp_path)))
        boards.append(in_any_order(plain(bench.board(bench.records(lines)))))
        random.shuffle(lines)
    assert boards[0] == boards[1]


COUNTS = {"n_judgments", "n_failures", "wins", "ties", "losses", "count"}


def without_counts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_counts(each) for key, each in value.items() if key not in COUNTS | {"reason", "message"}}
    return [without_counts(each) for each in value] if isinstance(value, list) else value


@settings(deadline=None, max_examples=12)
@given(tables())
def test_every_record_twice_changes_no_estimate(table: Table) -> None:
    """n is what is independent: the counts of judgments double, and nothing else moves."""
    once, twice = (without_counts(plain(make_leaderboard([each]))) for each in (table, doubled(table)))
    assert [] == difference(once, twice, 1e-12)


def test_one_record_twice_changes_no_estimate_over_prompts() -> None:
    """Only what is said to be over judgments moves: the row rates."""
    rows = [
        Row(
            f"p-{number}",
            (WIN, LOSS, TIE)[(number + shift) % 3],
            judge=judge,
            shown=number % 2,
            lengths=(10 + number, 12),
        )
        for shift, judge in enumerate(("ann", "bob"))
        for number in range(9)
    ]
    rows = [replace(row, verdict=number) for number, row in enumerate(rows)]
    once, twice = (plain(make_leaderboard([table_of(each)])) for each in (rows, [*rows, rows[3], rows[3]]))
    moved = {path.split(":")[0].split(".")[-1] for path in difference(once, twice, 1e-12)}
    assert moved - COUNTS == {"row_rate", "strict_rate"}


@settings(deadline=None, max_examples=12)
@given(tables())
def test_every_estimate_lies_in_its_interval(table: Table) -> None:
    """Rates, agreement, coefficients, bias, slopes, differences."""
    board = plain(make_leaderboard([table]))
    named = {
        "standings": [("win_rate", "interval")],
        "agreement": [("agreement", "agreement_interval"), ("kappa", "kappa_interval"), ("ac1", "ac1_interval")],
        "panel_agreement": [("alpha", "alpha_interval")],
        "position": [("bias", "interval")],
        "self_preference": [("excess", "interval")],
        "grounds": [("win_rate", "interval")],
        "reproducibility": [("disagreement", "disagreement_interval")],
        "sweeps": [("slope", "interval")],
    }
    for key, pairs in named.items():
        for row in board[key]:
            for estimate, interval in pairs:
                assert (row[estimate] is None) == (row[interval] is None)
                if row[estimate] is not None:
                    assert row[interval]["low"] - 1e-12 <= row[estimate] <= row[interval]["high"] + 1e-12


@settings(deadline=None, max_examples=12)
@given(tables())
def test_what_is_missing_has_a_reason(table: Table) -> None:
    """A row with a None that is no matter of its kind says why."""
    board = plain(make_leaderboard([table]))
    telling = {
        "standings": ["win_rate", "interval", "p_value"],
        "agreement": ["agreement", "kappa"],
        "panel_agreement": ["unanimous"],
        "retest": ["same_order", "swapped_order"],
        "position": ["bias", "flip_rate"],
        "length": ["length_controlled"],
        "self_preference": ["excess"],
        "grounds": ["win_rate", "p_value"],
        "reproducibility": ["rate", "icc"],
        "sweeps": ["slope", "p_value"],
    }
    for key, names in telling.items():
        for row in board[key]:
            assert not any(row[name] is None for name in names) or row["reason"], (key, row)
    assert board["ratings"] is not None or board["ratings_reason"]


@settings(deadline=None, max_examples=12)
@given(tables())
def test_any_table_renders(table: Table) -> None:
    """Whatever it lacks; the JSON holds no NaN, and every line of a table begins with a bar."""
    board = make_leaderboard([table])
    json.loads(to_json(board), parse_constant=lambda name: pytest.fail(f"the JSON holds {name}"))
    lines = render(board).splitlines()
    assert all(line.startswith("|") for line in lines if line.count("|") > 2)


def test_no_run_is_no_leaderboard() -> None:
    """One clear error."""
    with pytest.raises(BrieError, match="no run to make a leaderboard of"):
        make_leaderboard([])


def test_a_judge_whose_every_call_failed_has_rows_without_numbers() -> None:
    """Beside one that worked."""
    rows = [Row(f"p-{number}", score, judge) for number in range(8) for judge, score in (("ann", WIN), ("bob", FAILED))]
    board = plain(make_leaderboard([table_of(rows)]))
    silent = [
        row for key in ("standings", "position", "retest", "length") for row in board[key] if row["judge"] == "bob"
    ]
    assert all(row["reason"] for row in silent)
    numbers = {
        key: value
        for row in silent
        for key, value in row.items()
        if isinstance(value, float) and not key.startswith("n_")
    }
    assert {} == numbers


@pytest.mark.slow
def test_a_million_identical_rows_are_one_prompt() -> None:
    """Win after win on one pair: one prompt, not testable, no warning, in little time."""
    table = table_of([Row("p", WIN, shown=1.0, lengths=(5, 4))])
    for _ in range(20):
        table = doubled(table)
    board = plain(make_leaderboard([table]))
    first = board["standings"][0]
    assert (2**20, 1, 1, "not testable", 1.0) == tuple(
        first[name] for name in ("n_judgments", "n_pairs", "n_prompts", "verdict", "win_rate")
    )
