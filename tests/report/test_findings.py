"""Findings about the numbers: each raised by the least that deserves it, and not by its innocent neighbour."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import pytest

from brie_bench.report.findings.sample import FEW_PROMPTS
from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.table import Player
from brie_bench.spec.leaderboard import Finding
from brie_bench.stats import detectable_rate

from .tables import FAILED, LOSS, WIN, Row, both_orders, only, rows_of, table_of


def found(rows: list[Row], **more: Any) -> list[Finding]:
    return list(make_leaderboard([table_of(rows, **more)]).findings)


def of_code(code: str, rows: list[Row], **more: Any) -> list[Finding]:
    return [each for each in found(rows, **more) if each.code == code]


def sides(tuned: tuple[str, ...], base: tuple[str, ...], other: tuple[str, ...] = ()) -> dict[str, Player]:
    """Players who could not honour these wishes."""
    return {
        name: Player(name, omitted=omitted) for name, omitted in (("tuned", tuned), ("base", base), ("other", other))
    }


MANY = rows_of([WIN, LOSS] * 15)
ONE_SIDED = [row for judge in ("ann", "bob") for row in rows_of([WIN] * 19 + [LOSS], judge=judge)]
DISAGREEING = [*rows_of([WIN] * 24 + [LOSS], judge="ann"), *rows_of([LOSS] + [WIN] * 24, judge="bob")]
AGREEING = [row for judge in ("ann", "bob") for row in rows_of([WIN, LOSS] * 12, judge=judge)]

UNDECIDED = [row for judge in ("ann", "bob") for row in rows_of([WIN] * 25, judge=judge)]


def shown_second(n: int) -> list[Row]:
    """Wins on prompts of their own, the contender second."""
    return [Row(f"q-{number}", WIN, shown=0.0) for number in range(n)]


RAISED: list[tuple[str, str, int, list[Row], dict[str, Any]]] = [
    ("many-failures", "warning", 2, rows_of([WIN] * 28 + [FAILED] * 2, lengths=(9, 9)), {}),
    ("many-failures", "warning", 3, rows_of([WIN] * 27 + [FAILED] * 3), {}),  # without a completion: not the judge's
    (
        "many-failures",
        "warning",
        3,
        rows_of([WIN] * 27 + [FAILED] * 3),
        {"imported": True},
    ),  # texts unknown: the judge's
    ("sampling-unequal", "error", 1, MANY, {"players": sides(("temperature",), ())}),
    ("sampling-unequal", "error", 1, MANY, {"players": sides((), ("top_p",))}),
    ("sampling-unequal", "error", 1, MANY, {"players": sides(("temperature", "top_p"), ("top_p",))}),
    ("sampling-omitted", "note", 1, MANY, {"players": sides(("temperature",), ("temperature",))}),
    ("pseudo-replication", "warning", 31, [*MANY, MANY[0]], {"imported": True}),
    ("pseudo-replication", "warning", 60, [*MANY, *rows_of([WIN] * 30, judge="bob")], {"imported": True}),
    ("sample-too-small", "warning", 19, MANY[:19], {}),
    ("sample-too-small", "warning", 5, MANY[:5], {}),
    ("position-bias", "warning", 30, both_orders([(WIN, LOSS)] * 30), {}),
    ("position-bias", "warning", 30, both_orders([(LOSS, WIN)] * 30), {}),
    ("agreement-near-chance", "warning", 25, DISAGREEING, {}),
    ("agreement-near-chance", "warning", 25, UNDECIDED, {}),
    ("order-unbalanced", "error", 6, rows_of([WIN] * 6, shown=1.0), {}),
    ("order-unbalanced", "error", 6, rows_of([WIN] * 6, shown=0.0), {}),
    ("order-unbalanced", "error", 20, both_orders([(WIN, FAILED)] * 20), {}),  # what failed balances nothing
    ("order-unbalanced", "warning", 10, [*rows_of([WIN] * 7, shown=1.0), *shown_second(3)], {}),
    (
        "order-unbalanced",
        "error",
        10,
        [*both_orders([(WIN, LOSS)] * 10), *rows_of([WIN] * 10, shown=1.0, judge="bob")],
        {},
    ),  # one judge's order is another's to balance no more
]

SPARED: list[tuple[str, list[Row], dict[str, Any]]] = [
    ("many-failures", rows_of([WIN] * 19 + [FAILED]), {}),  # 5 % and no more
    ("many-failures", rows_of([WIN] * 19 + [FAILED], lengths=(9, 9)), {}),
    ("sampling-unequal", MANY, {"players": sides(("temperature",), ("temperature",))}),
    ("sampling-unequal", MANY, {"players": sides(("temperature", "top_p"), ("top_p", "temperature"))}),
    ("sampling-omitted", MANY, {"players": sides(("temperature",), ())}),
    ("sampling-omitted", MANY, {}),
    ("pseudo-replication", MANY, {"imported": True}),
    ("pseudo-replication", [*MANY, MANY[0]], {"imported": False}),
    ("sample-too-small", MANY[:FEW_PROMPTS], {}),
    ("sample-too-small", rows_of([FAILED] * 3), {}),  # no result at all is said elsewhere
    ("position-bias", both_orders([(WIN, WIN), (LOSS, LOSS)] * 15), {}),
    ("position-bias", rows_of([WIN] * 15, shown=1.0), {}),
    ("position-bias", MANY, {}),
    ("agreement-near-chance", AGREEING, {}),
    ("agreement-near-chance", MANY, {}),
    ("order-unbalanced", both_orders([(WIN, LOSS)] * 15), {}),
    ("order-unbalanced", rows_of([WIN] * 5, shown=1.0), {}),  # not testable either
    ("order-unbalanced", [*rows_of([WIN] * 7, shown=1.0), *shown_second(2)], {}),  # too few to tell
    ("order-unbalanced", MANY, {}),  # the order is on no record
    (
        "pseudo-replication",
        [row for who in ("one", "two", "three") for row in rows_of([WIN] * 30, who=who)],
        {"imported": True},
    ),
]


@pytest.mark.parametrize(("code", "severity", "count", "rows", "more"), RAISED, ids=[each[0] for each in RAISED])
def test_a_finding_is_raised(code: str, severity: str, count: int, rows: list[Row], more: dict[str, Any]) -> None:
    """Once, with its severity and count, by the least that deserves it."""
    finding = only(of_code(code, rows, **more))
    assert (severity, count) == (finding.severity, finding.count)


@pytest.mark.parametrize(("code", "rows", "more"), SPARED, ids=[each[0] for each in SPARED])
def test_its_innocent_neighbour_is_spared(code: str, rows: list[Row], more: dict[str, Any]) -> None:
    """What lies just on the other side."""
    assert [] == of_code(code, rows, **more)


def check_message(finding: Finding) -> None:
    """One to three full sentences, with the count where it is more than one, that end in what to do."""
    message = finding.message
    assert re.match(r"[A-Z0-9a-z]", message)
    assert message.endswith(".")
    sentences = re.split(r"(?<=[a-z0-9)%])\. (?=[A-Z])", message)
    assert 1 <= len(sentences) <= 3, sentences
    assert "  " not in message
    assert "None" not in message
    told = {int(number) for number in re.findall(r"(?<![\d.])\d+(?![\d.]*%)", message)}
    assert finding.count == 1 or finding.count in told or finding.count in {a + b for a in told for b in told}
    if finding.severity != "note":
        assert re.search(rf"(?:^|[.;:] |, and |, or )(?:[A-Z]?[a-z]+ )?(?i:{DEEDS})\b", message), message


DEEDS = (
    "read|look|ask|add|judge|leave|count|remove|raise|treat|go|check|have|tell|correct|compare|do not|repeat|correct"
)


@pytest.mark.parametrize(("code", "severity", "count", "rows", "more"), RAISED, ids=[each[0] for each in RAISED])
def test_a_message_is_full_sentences(
    code: str, severity: str, count: int, rows: list[Row], more: dict[str, Any]
) -> None:
    """With the count and what to do."""
    for finding in of_code(code, rows, **more):
        check_message(finding)


def test_who_could_not_honour_what() -> None:
    """Each contender is held against the baseline, not against the others; what both lack is no difference."""
    rows = [*MANY, *rows_of([WIN] * 25, who="other")]
    players = sides(("temperature", "top_p"), ("top_p",), ("top_p",))
    unequal, omitted = (only(of_code(f"sampling-{word}", rows, players=players)) for word in ("unequal", "omitted"))
    assert unequal.message.startswith("tuned could not honour the suite's temperature, and its opponent could:")
    assert omitted.message.startswith("other could not honour the suite's top_p, nor could base:")
    both = only(of_code("sampling-unequal", MANY, players=sides(("temperature",), ("top_p",))))
    assert both.message.startswith(
        "tuned could not honour the suite's temperature; base could not honour the suite's top_p, and its opponent could"
    )


def test_a_small_sample_says_what_it_finds() -> None:
    """The smallest rate, or nothing at all."""
    (some,), (none,) = (of_code("sample-too-small", MANY[:n]) for n in (15, 5))
    assert "so many find only a win rate of 84.3 % or more, four times in five" in some.message
    assert "so many find nothing at all" in none.message


def test_a_position_bias_says_which_way() -> None:
    """And where the contender stands with orders balanced."""
    (first,), (second,) = (of_code("position-bias", both_orders([pair] * 20)) for pair in ((WIN, LOSS), (LOSS, WIN)))
    assert first.message.startswith("ann prefers what is shown first (bias +50.0 points, ")
    assert second.message.startswith("ann prefers what is shown second (bias -50.0 points, ")
    assert "tuned stands at 50.0 %" in first.message


def test_one_order_identifies_nothing() -> None:
    """Contenders that balance each other are each of one order alone: said of both, and what was missing."""
    rows = [*rows_of([WIN] * 20, who="one", shown=1.0), *rows_of([LOSS] * 20, who="two", shown=0.0)]
    one, two = of_code("order-unbalanced", rows)
    assert one.message.startswith(
        "In all 20 verdicts of ann whose order is known one was shown first: its rate is not ident"
    )
    assert two.message.startswith(
        "In all 20 verdicts of ann whose order is known two was shown second: its rate is not iden"
    )
    (lost,) = of_code("order-unbalanced", both_orders([(WIN, FAILED)] * 20))
    assert lost.message.endswith(
        "Judge the same pairs in the other order again, or for the first time where calls failed."
    )


def test_an_unbalanced_order_names_the_adjusted_rate() -> None:
    """Shown first it wins 7 of 7, second none of 3: 50 % with both orders weighed alike."""
    rows = [*rows_of([WIN] * 7, shown=1.0), *[replace(row, score=LOSS) for row in shown_second(3)]]
    (finding,) = of_code("order-unbalanced", rows)
    assert "tuned was shown first in 7 of 10 verdicts of ann" in finding.message
    assert "Read the order-adjusted rate, 50.0 %," in finding.message


def test_chance_is_told_beside_an_agreement_near_it() -> None:
    """92 % where chance gives 92.3 %."""
    (finding,) = of_code("agreement-near-chance", DISAGREEING)
    assert "on 92.0 % of prompts" in finding.message
    assert "chance alone would give two such judges 92.3 %" in finding.message


def test_an_agreement_is_only_called_worthless_where_the_sample_can_tell() -> None:
    """Four prompts leave room for any kappa, four hundred of coin tosses leave none; one verdict throughout has no kappa."""
    four = [*rows_of([WIN, LOSS, WIN, LOSS], judge="ann"), *rows_of([WIN, LOSS, WIN, WIN], judge="bob")]
    tosses = [*rows_of([WIN, LOSS] * 200, judge="ann"), *rows_of([WIN, WIN, LOSS, LOSS] * 100, judge="bob")]
    (few,), (many,), (one,) = (of_code("agreement-near-chance", rows) for rows in (four, tosses, UNDECIDED))
    assert "with 4 prompts it cannot be told from chance, nor from agreement (kappa = 0.50" in few.message
    assert "their agreement confirms nothing" in many.message
    assert "one and the same verdict throughout (25 pairs of 25 prompts)" in one.message
    assert "kappa is undefined" in one.message


def test_replication_is_each_contenders_own() -> None:
    """Only the one whose prompts stand twice is named."""
    rows = [*rows_of([WIN] * 30, who="one"), *rows_of([WIN] * 30, who="two"), Row("p-3", LOSS, who="two", pair="b")]
    finding = only(of_code("pseudo-replication", rows, imported=True))
    assert finding.message.startswith("31 judgments of two come from 31 pairs of 30 distinct prompts:")
    assert ("p-3",) == finding.examples


def test_a_small_sample_is_smaller_among_many_headlines() -> None:
    """Six prompts decide nothing as one of two headlines; fifteen find less than they would alone."""
    six, fifteen = ([row for who in ("one", "two") for row in rows_of([WIN] * n, who=who)] for n in (6, 15))
    assert "so few cannot decide one of 2 headlines alone" in of_code("sample-too-small", six)[0].message
    rate = f"{100 * (detectable_rate(15, alpha=0.025) or 0):.1f} %"
    assert (
        f"a win rate of {rate} or more, four times in five, as one of 2"
        in of_code("sample-too-small", fifteen)[0].message
    )


@pytest.mark.parametrize(("code", "severity", "count", "rows", "more"), RAISED, ids=[each[0] for each in RAISED])
def test_a_finding_says_where_to_look(
    code: str, severity: str, count: int, rows: list[Row], more: dict[str, Any]
) -> None:
    """A few prompts, the same ones for any order of the rows; a finding about a player names it and needs none."""
    (finding,), (again,) = (of_code(code, each, **more) for each in (rows, rows[::-1]))
    assert finding.examples == again.examples
    assert bool(finding.examples) == (not code.startswith("sampling-"))
    assert len(finding.examples) <= 5


def test_examples_are_the_prompts_it_is_about() -> None:
    """Those on which the judges differ; those that failed; those shown in the order that prevails."""
    assert ("p-0", "p-24") == only(of_code("agreement-near-chance", DISAGREEING)).examples
    failing = rows_of([WIN] * 28 + [FAILED] * 2, lengths=(9, 9))
    assert ("p-28", "p-29") == only(of_code("many-failures", failing)).examples
    rows = [*rows_of([WIN] * 3, shown=1.0), *shown_second(8)]
    assert ("q-0", "q-1", "q-2", "q-3", "q-4") == only(of_code("order-unbalanced", rows)).examples


def test_failures_are_whose_they_are() -> None:
    """A judge that gave no verdict, or a contender without a completion."""
    (judge,) = of_code("many-failures", rows_of([WIN] * 7 + [FAILED] * 3, lengths=(9, 9)))
    (contender,) = of_code("many-failures", rows_of([WIN] * 7 + [FAILED] * 3))
    assert judge.message.startswith("ann gave no verdict on 3 of 10 judgments (30.0 %).")
    assert contender.message.startswith("3 of 10 planned judgments of tuned were not made (30.0 %)")


def test_errors_come_first() -> None:
    """Then warnings, then notes; those about the records before those about the numbers."""
    audited = [
        Finding(code="same-lab", severity="note", message="A note."),
        Finding(code="judge-mixed", severity="warning", message="A warning."),
    ]
    table = table_of(MANY[:10], players=sides((), ("temperature",)))
    codes = [each.code for each in make_leaderboard([table], audited=audited).findings]
    assert ["sampling-unequal", "judge-mixed", "sample-too-small", "same-lab"] == codes


def test_names_in_messages_are_plain() -> None:
    """A judge's name cannot move a terminal's cursor."""
    rows = rows_of([WIN] * 25 + [FAILED] * 5, judge="\x1b[2Jann", lengths=(9, 9))
    assert r"\x1b[2Jann gave no verdict on 5 of 30" in only(of_code("many-failures", rows)).message
