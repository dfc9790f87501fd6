"""The leaderboard as markdown: what is known and what is not, at a glance."""

from __future__ import annotations

import ast
import json
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from brie_bench.report.csv import to_csv
from brie_bench.report.leaderboard import make_leaderboard
from brie_bench.report.markdown import SHOWN_OF_A_CODE, agreement_words, render, sentence
from brie_bench.report.publish import to_json
from brie_bench.report.table import Player, Table
from brie_bench.report.words import coefficient, count, escape, interval, p_number, p_words, percent, points
from brie_bench.spec.leaderboard import Agreement, Finding, Interval, Leaderboard

from .tables import FAILED, LOSS, TIE, WIN, Row, rows_of, standing, table_of

GOLDEN = Path(__file__).parent / "golden"


def everything(who: tuple[str, ...] = ("tuned",), suite: str = "tiny") -> Table:
    """A table with something for every part: two judges of two labs, both orders, lengths, repeats, two temperatures."""
    random = np.random.default_rng(11)
    rows = []
    for name in who:
        for number in range(30):
            section = "philosophy" if number < 18 else "coding"
            lengths = (random.integers(80, 400).item(), random.integers(80, 400).item())
            for judge, shown in (("ann", 1.0), ("ann", 0.0), ("bob", 1.0), ("bob", 0.0)):
                liking = random.normal(0.5 if section == "philosophy" else 0.0) + (
                    0.4 if shown and judge == "bob" else 0.0
                )
                score = FAILED if number == 7 and judge == "bob" else TIE if abs(liking) < 0.1 else float(liking > 0)
                rows.append(Row(f"p-{number}", score, judge, name, section=section, shown=shown, lengths=lengths))
        for number in range(5):
            for repeat in (1, 2):
                score = float(random.random() < 0.7)
                rows.append(Row(f"p-{number}", score, "ann", name, section="again", repeat=repeat, shown=1.0))
            for level in (0.5, 1.0):
                score = float(random.random() < 0.6)
                rows.append(Row(f"p-{number}", score, "bob", name, section="warm", temperature=level, shown=0.0))
    kinds = {"coding": "out_of_domain", "again": "reproducibility", "warm": "temperature"}
    players = {
        "ann": Player("ann", lab="north"),
        "bob": Player("bob", lab="south"),
        **{name: Player(name, lab="south") for name in who},
    }
    return table_of(rows, kinds=kinds, players=players, suite=suite, both_orders=True)


def board_of(rows: list[Row], **more: Any) -> Leaderboard:
    return make_leaderboard([table_of(rows, **more)])


def connected() -> Leaderboard:
    """Two contenders against two baselines over two suites of the same name and digest: with ratings."""
    one = everything(("tuned", "other"))
    return make_leaderboard([one, replace(one, baseline=Player("strong"), runs=("run-2",))])


BOARDS = {
    "small": lambda: make_leaderboard([everything()]),
    "connected": connected,
    "suites": lambda: make_leaderboard([everything(), everything(suite="another")]),
    "imported": lambda: make_leaderboard([replace(everything(), imported=True, both_orders=False)]),
    "failed": lambda: board_of(rows_of([FAILED] * 3)),
    "graded": lambda: board_of(rows_of([WIN] * 7, preference=0.75), graded=True),
}


@pytest.fixture(params=BOARDS, scope="module")
def board(request: pytest.FixtureRequest) -> Leaderboard:
    found = BOARDS[request.param]()
    assert isinstance(found, Leaderboard)
    return found


def test_every_line_of_a_table_begins_with_a_bar(board: Leaderboard) -> None:
    """And all lines of one table have the same number of cells."""
    for block in render(board).split("\n\n"):
        if "|:--" in block:
            cells = {len(re.findall(r"(?<!\\)\|", line)) for line in block.splitlines()}
            assert all(line.startswith("|") and line.endswith("|") for line in block.splitlines())
            assert 1 == len(cells)


def json_numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        for each in value.values():
            yield from json_numbers(each)
    elif isinstance(value, list):
        for each in value:
            yield from json_numbers(each)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield value


def spellings(number: float) -> set[str]:
    """How a reader may see it: a count, a percentage, points, a coefficient, a p-value, points per 0.1 or per 100 tokens."""
    forms = {f"{100 * number:.1f}", f"{number:.2f}", f"{number:.3f}", f"{number:g}", f"{10 * number:.1f}"}
    forms |= {f"{10_000 * number:.1f}", f"{1.0 - number:.3f}"}
    return {form.lstrip("-+") for form in forms}


def test_every_number_of_the_markdown_is_in_the_json(board: Leaderboard) -> None:
    """Cell by cell and sentence by sentence; but for the level, the units of a slope and the words for p."""
    known = {form for number in json_numbers(json.loads(to_json(board))) for form in spellings(number)}
    known |= {"95", "0.001", "0.1", "100"}
    known |= {
        number for reason in re.findall(r'"reason": "(.*)"', to_json(board)) for number in re.findall(r"[\d.]+", reason)
    }
    text = render(board)
    body = text[: text.index("## Findings")] if "## Findings" in text else text[: text.rindex("Run")]
    names = [board.baseline, *(row.contender for row in board.standings), *(row.judge or "" for row in board.standings)]
    for name in sorted(set(filter(None, names)), key=len, reverse=True):
        body = body.replace(escape(name), "")
    body = re.sub(r"^#.*$|\brun \d+|p-\d+|\(Holm, \d+", "", body, flags=re.MULTILINE)
    found = re.findall(r"(?<![\w.])\d+(?:\.\d+)?", body)
    assert len(found) > 10
    assert [] == [number for number in found if number not in known]


def test_rates_have_one_decimal(board: Leaderboard) -> None:
    """Every percentage, but for the level of an interval."""
    percentages = re.findall(r"([\d.]+) %", render(board).replace("95 % interval", ""))
    assert [] == [each for each in percentages if not re.fullmatch(r"\d+\.\d", each)]


def test_there_is_no_clock_and_no_cost(board: Leaderboard) -> None:
    """Same records, same text."""
    text = render(board) + to_json(board)
    assert not re.search(r"\b20\d\d-\d\d|\d\d:\d\d|\$|USD|seconds", text)


def test_no_claim_is_made_that_a_statistician_would_not_sign(board: Leaderboard) -> None:
    """Never "unanimous", "validated", "robust", "proven" or "significant"."""
    assert not re.search(r"unanimous|validated|robust|proven|significant|consensus", render(board), re.IGNORECASE)


@pytest.mark.parametrize("path", sorted((ROOT / "brie_bench" / "report").rglob("*.py")), ids=lambda path: path.stem)
def test_no_such_word_is_among_the_texts(path: Path) -> None:
    """In no sentence of the code, but for the key of the JSON."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = {
        node.body[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    texts = [
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and node not in documented
    ]
    claims = re.compile(r"unanimous|validated|robust|proven|\bsignificant", re.IGNORECASE)
    assert [] == [text for text in texts if claims.search(text) and text != "unanimous"]


# sentences


def test_better_in_words() -> None:
    """Rate, interval, n and p; nothing about what could have been found."""
    assert (
        "**tuned** is **better** than base: win rate 100.0 % (95 % interval 75.3–100.0 %) over 13 prompts, p < 0.001."
        == sentence(standing(board_of(rows_of([WIN] * 13))))
    )


def test_inconclusive_says_what_the_sample_could_have_detected() -> None:
    """The smallest rate that so many prompts find, and how often."""
    said = sentence(standing(board_of(rows_of([WIN, LOSS, TIE] * 5))))
    assert said.startswith("**tuned** against base is **inconclusive**: win rate 50.0 % (95 % interval ")
    assert said.endswith(
        " over 15 prompts, p = 1.000. So many prompts find a true rate of 84.3 % or more four times in five."
    )


def test_inconclusive_among_several_headlines_says_what_one_of_them_could_detect() -> None:
    """Less than alone; and six prompts, all won, decide nothing as one of two."""
    few, some = (
        sentence(
            standing(board_of([*rows_of([WIN] * n, who="one"), *rows_of([WIN, LOSS] * 4, who="two")]), "one"), family=2
        )
        for n in (6, 7)
    )
    assert few.endswith(
        "p = 0.062 (Holm, 2 headlines). So few prompts cannot decide one of 2 headlines alone, were every one won."
        " The interval leaves out one half, as for a headline alone; among 2 the test does not decide."
    )
    assert "is **better** than base" in some
    text = render(board_of([row for who in ("one", "two") for row in rows_of([WIN, LOSS] * 10, who=who)]))
    assert 2 == text.count(" or more four times in five, as one of 2 headlines.")


def test_interval_and_test_may_say_different_things() -> None:
    """A steady lean that is tiny, and ten wins of thirteen: in either case the sentence says what each means."""
    steady = sentence(standing(board_of(rows_of([WIN] * 8, preference=0.500001), graded=True)))
    assert "is **better** than base: win rate 50.0 %" in steady
    assert "The interval says how large the rate may be on new prompts, and holds one half; the test says" in steady
    shaky = sentence(standing(board_of(rows_of([WIN] * 10 + [LOSS] * 3))))
    assert "is **inconclusive**" in shaky
    assert "The interval leaves out one half, but the test decides:" in shaky
    for scores in ([WIN] * 13, [WIN, LOSS] * 7):
        assert "The interval" not in sentence(standing(board_of(rows_of(scores))))


@pytest.mark.parametrize(
    ("won", "failed", "words"),
    [
        (
            WIN,
            20,
            "But 20 planned judgments failed or were not reached: had every one been a loss, the win rate would be 50.0 %.",
        ),
        (LOSS, 21, "had every one been a win, the win rate would be 51.2 %."),
        (WIN, 1, None),
    ],
)
def test_failures_that_could_turn_the_verdict_round_stand_in_the_sentence(
    won: float, failed: int, words: str | None
) -> None:
    """With the rate they could have made of it."""
    said = sentence(standing(board_of(rows_of([won] * 20 + [FAILED] * failed))))
    assert (words in said) if words else ("failed" not in said)


def test_not_testable_says_why() -> None:
    """With the rate and the interval all the same."""
    said = sentence(standing(board_of(rows_of([WIN, WIN]))))
    assert said.startswith("**tuned** against base is **not testable**: win rate 100.0 %")
    assert said.endswith("over 2 prompts; 2 prompts: a test needs 6.")


def test_no_result_says_why() -> None:
    """And no number."""
    said = sentence(standing(board_of(rows_of([FAILED] * 3))))
    assert "**tuned**: no result against base: no verdict: all 3 judgments failed or were not reached." == said


def test_several_headlines_say_that_their_p_is_adjusted() -> None:
    """And over how many; one headline needs no such words."""
    rows = [*rows_of([WIN] * 8, who="one"), *rows_of([WIN] * 7, who="two"), *rows_of([WIN], who="few")]
    text = render(board_of(rows))
    assert 2 == text.count("(Holm, 2 headlines)")
    assert "Holm" not in render(board_of(rows_of([WIN] * 8)))


def test_several_suites_are_named_in_every_sentence_and_row() -> None:
    """A reader is never left to guess where a number was found."""
    text = render(BOARDS["suites"]())
    for name in ("tiny", "another"):
        assert f"against base on {name} " in text or f"than base on {name}:" in text
    tables = [block for block in text.split("\n\n") if block.startswith("|")]
    assert len(tables) > 6
    for block in tables:
        first = [line.split("|")[1].strip() for line in block.splitlines()[2:]]
        assert {"tiny", "another"} <= set(first) or "in-domain" in block


def test_several_baselines_are_named_in_every_row() -> None:
    """The same contender against two of them is two rows, each with its own numbers."""
    text = render(connected())
    tables = [block for block in text.split("\n\n") if block.startswith("|") and " rating |" not in block]
    assert len(tables) > 6
    for block in tables:
        assert "against" in block.splitlines()[0]
        assert {"base", "strong"} <= {line.split("|")[2].strip() for line in block.splitlines()[2:]}


def test_each_rows_section_rate_is_its_own() -> None:
    """A contender that wins against one baseline and loses to another, judged by two."""
    tables = [
        table_of(
            [Row("p", score, judge, section=section) for judge in ("ann", "bob") for section in ("a", "b")],
            baseline=name,
        )
        for name, score in (("weak", WIN), ("strong", LOSS))
    ]
    lines = [
        line for line in render(make_leaderboard(tables)).splitlines() if re.match(r"\| tuned +\| \w+ +\| [ab] ", line)
    ]
    assert ["weak"] * 2 + ["strong"] * 2 == [line.split("|")[2].strip() for line in lines]
    for line in lines:
        rate = "100.0 %" if "weak" in line else "0.0 %"
        assert [rate] * 3 == [cell.strip() for n, cell in enumerate(line.split("|")) if n in (4, 6, 7)]


def test_agreement_in_words() -> None:
    """On prompts, with the interval, and chance beside it."""
    bounds = {"confidence_level": 0.95, "method": "any"}
    row = Agreement(
        suite="s",
        contender="c",
        judges=("gpt", "gem"),
        n_pairs=42,
        n_prompts=25,
        agreement=0.9,
        agreement_interval=Interval(low=0.76, high=0.95, **bounds),
        expected=0.87,
        kappa=0.25,
        kappa_interval=Interval(low=-0.001, high=0.66, **bounds),
        ac1=0.89,
        ac1_interval=None,
        reason=None,
    )
    assert (
        "gpt and gem gave the same verdict on 90.0 % of prompts (76.0–95.0 %); their rates alone would make them agree on"
        " 87.0 % by chance; kappa = 0.25 (0.00 to 0.66)." == agreement_words(row)
    )
    undefined = row.model_copy(update={"kappa": None, "kappa_interval": None})
    assert agreement_words(undefined).endswith("kappa is undefined.")


def test_a_panel_of_three_is_told_in_words_too() -> None:
    """How often all gave the same verdict, on prompts; with two judges that would say the same twice."""
    rows = [row for judge in ("ann", "bob", "eve") for row in rows_of([WIN, LOSS], judge=judge)]
    assert "tuned: all judges gave the same verdict on 100.0 % of prompts (2 pairs);" in render(board_of(rows))
    assert "all judges gave" not in render(board_of(rows[:4]))


def test_a_panel_that_did_not_share_all_pairs_says_so() -> None:
    """How many pairs all of them judged."""
    rows = [row for judge in ("ann", "bob") for row in rows_of([WIN] * 10, judge=judge)]
    text = render(board_of([*rows, Row("q", LOSS, "ann"), Row("q", LOSS, "eve")]))
    assert (
        "tuned: all judges who judged a pair gave the same verdict on 100.0 % of prompts (11 pairs, of which all 3 judges"
        " judged 0);" in text
    )


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        (rows_of([WIN] * 7), "for ann: the records do not say who was shown first."),
        (rows_of([WIN] * 7, shown=1.0), "for ann: every pair was shown in one order."),
        (
            [*rows_of([WIN] * 7), *rows_of([WIN] * 7, who="other")],
            "for ann on tuned, ann on other: the records do not say",
        ),
    ],
)
def test_an_unknown_position_bias_is_said_to_be_unknown(rows: list[Row], why: str) -> None:
    """The part does not silently disappear."""
    part = render(board_of(rows)).partition("## Does a judge agree with itself, and does the order matter?\n\n")[2]
    assert part.startswith(f"- Position bias is unknown {why}")


def test_every_table_says_what_it_rests_on(board: Leaderboard) -> None:
    """Prompts, pairs, judgments and failures stand in every table of rates, but for single prompts and ratings."""
    for block in render(board).split("\n\n"):
        head = [cell.strip() for cell in block.splitlines()[0].split("|")]
        if block.startswith("|") and not {"run 1", "rating"} & set(head):
            assert ["prompts", "pairs", "judgments", "failures"] == [
                name for name in head if name in ("prompts", "pairs", "judgments", "failures")
            ]


def test_a_sweep_over_one_text_says_why_it_is_missing() -> None:
    """Nothing was varied; and how many prompts were left out of one where some was."""
    rows = [Row(f"p-{n}", WIN, temperature=level, pair="same") for n in range(3) for level in (0.5, 1.0)]
    text = render(board_of(rows, kinds={"all": "temperature"}))
    assert "lengths?\n\nevery prompt has the same texts at every level: nothing was varied." in text
    rows += [Row("q", WIN, temperature=level) for level in (0.5, 1.0)]
    text = render(board_of(rows, kinds={"all": "temperature"}))
    assert "\nall: 3 prompts left out, with the same texts at every level." in text
    runs = [Row("p", WIN, repeat=repeat, pair="same") for repeat in (1, 2)]
    text = render(board_of(runs, kinds={"all": "reproducibility"}))
    assert "\nall: the same texts in every run for 1 of 1 prompt; what differs there is the judges' doing." in text


def test_a_small_table_of_prompts_and_runs_is_shown() -> None:
    """Each prompt in each run; an endless one is left to the JSON."""
    few = rows_of([WIN, LOSS], repeat=1) + rows_of([WIN, WIN], repeat=2)
    kinds = {"all": "reproducibility"}
    assert re.search(r"\| p-1 +\| +0\.0 % \| +100\.0 % \|", render(board_of(few, kinds=kinds)))
    many = rows_of([WIN] * 61, repeat=1) + rows_of([WIN] * 61, repeat=2)
    assert "| run 1 |" not in render(board_of(many, kinds=kinds))


def test_ratings_are_missed_only_where_somebody_might_look_for_them() -> None:
    """With several baselines the reason is told; with one there is nothing to miss."""
    assert "Ratings" not in render(BOARDS["small"]())
    unconnected = [table_of([Row("p", WIN)], baseline="x"), table_of([Row("p", WIN, who="other")], baseline="y")]
    assert "## Ratings\n\nNone: " in render(make_leaderboard(unconnected))
    assert re.search(r"## Ratings\n\n\| contender", render(connected()))


# findings


def finding(code: str, severity: str, count: int = 1, message: str = "Something is so. Do this.") -> Finding:
    return Finding.model_validate({"code": code, "severity": severity, "message": message, "count": count})


def test_many_findings_of_one_code_are_not_all_listed() -> None:
    """The ones that concern most records, and how many more there are."""
    many = [finding("same-lab", "note", number, f"Number {number}.") for number in range(5)]
    board = make_leaderboard([table_of(rows_of([WIN] * 25))], audited=many)
    assert 5 == len(board.findings)
    text = render(board)
    assert SHOWN_OF_A_CODE == text.count("- note: Number ")
    assert "- note: Number 4. (`same-lab`)" in text
    assert "- note: and 3 more of `same-lab`; the JSON has them all." in text


def test_errors_are_announced_below_the_headlines() -> None:
    """A verdict that measures a position is not read without being warned; warnings and notes wait at the end."""
    head = render(board_of(rows_of([WIN] * 20, shown=1.0))).partition("\n\n|")[0]
    assert head.endswith("- **Read the findings first**: errors make a number wrong (`order-unbalanced`).")
    assert "Read the findings" not in render(board_of(rows_of([WIN] * 7)))


# hostile text

HOSTILE = [
    "<script>alert(1)</script>",
    "| a | b |",
    "[x](javascript:alert(1))",
    "![x](http://x/y.png)",
    "**bold** `code`",
    "a\nb\n# Heading",
    "\x1b[31mred\x1b[0m",
    "&lt;b&gt;",
    "~~gone~~",
    "\u202eevil",
    "back\\",
]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_inert(name: str) -> None:
    """Names of judges and contenders, and messages, are one line of plain text wherever they stand."""
    rows = [*rows_of([WIN, LOSS] * 3, judge=name, who="x"), *rows_of([WIN] * 6, judge="bob", who="x")]
    text = render(
        make_leaderboard([table_of(rows)], audited=[finding("same-lab", "error", message=f"It says {name}.")])
    )
    unescaped = re.sub(r"\\[\\`*\[\]<>|~&_]", "", text).replace(f"**{'all judges'}**", "")
    assert not re.search(r"<|\[|(?<!\w)_|&|~|\x1b|\u202e", unescaped)
    assert "\n# Heading" not in text
    for block in text.split("\n\n"):
        if "|:--" in block:
            assert 1 == len({len(re.findall(r"(?<!\\)(?:\\\\)*\|", line)) for line in block.splitlines()})


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "=cmd|' /C calc'!A0"])
def test_a_spreadsheet_runs_no_name(name: str) -> None:
    """In the CSV it is quoted by an apostrophe."""
    line = to_csv(board_of(rows_of([WIN] * 3, judge=name))).splitlines()[-1]
    assert f"'{name}" in line
    assert f",{name}" not in line


def test_the_csv_has_a_row_a_standing_and_nothing_where_there_is_no_number() -> None:
    """Full precision."""
    header, panel, _, failed, *_ = to_csv(
        board_of([*rows_of([WIN, LOSS, TIE]), Row("q", FAILED, who="other")])
    ).splitlines()
    assert header.startswith("suite,contender,baseline,judge,section,soft,n_prompts")
    assert header.endswith("reason,low,high,failures_as_losses,failures_as_wins")
    assert "tiny,tuned,base,,,False,3,3,3,0,1,1,1,0.5," in panel
    assert failed.startswith("tiny,tuned,base,,all,")


# words


@pytest.mark.parametrize(
    ("shown", "value"),
    [
        ("–", percent(None)),
        ("0.0 %", percent(0.0)),
        ("83.1 %", percent(0.8312)),
        ("–", points(None)),
        ("+3.2", points(0.0321)),
        ("-3.2", points(-0.0321)),
        ("+0.0", points(-0.0001)),
        ("–", coefficient(None)),
        ("0.25", coefficient(0.25)),
        ("0.00", coefficient(-0.001)),
        ("–", interval(None)),
        ("–", p_number(None)),
        ("< 0.001", p_number(0.0009)),
        ("0.001", p_number(0.001)),
        ("1.000", p_number(1.0)),
        ("p < 0.001", p_words(1e-9)),
        ("p = 0.020", p_words(0.02)),
        ("p unknown", p_words(None)),
        ("1 prompt", count(1, "prompt")),
        ("0 prompts", count(0, "prompt")),
        ("25 prompts", count(25, "prompt")),
        ("snake_case stays", escape("snake_case stays")),
        (r"\_emphasis\_", escape("_emphasis_")),
    ],
)
def test_numbers_as_a_reader_sees_them(shown: str, value: str) -> None:
    """Percent with one decimal, points with a sign, a dash where there is nothing, no negative nothing."""
    assert shown == value


# golden


def close(expected: Any, actual: Any) -> bool:
    """Equal, floats to nine digits: other machines add in another order."""
    if isinstance(expected, dict):
        return expected.keys() == actual.keys() and all(close(expected[key], actual[key]) for key in expected)
    if isinstance(expected, list):
        return len(expected) == len(actual) and all(map(close, expected, actual))
    return expected == (pytest.approx(actual, abs=1e-9, nan_ok=False) if isinstance(expected, float) else actual)


def test_golden_leaderboard() -> None:
    """One small leaderboard, word for word. After a change that is meant, write it anew and read the difference:

    GOLDEN=write python -m pytest tests/report/test_markdown.py -k golden
    """
    board = BOARDS["small"]()
    text, found = render(board), to_json(board)
    if os.environ.get("GOLDEN") == "write":
        GOLDEN.mkdir(exist_ok=True)
        (GOLDEN / "leaderboard.md").write_text(text, "utf-8")
        (GOLDEN / "leaderboard.json").write_text(found, "utf-8")
    assert (GOLDEN / "leaderboard.md").read_text("utf-8") == text
    assert close(json.loads((GOLDEN / "leaderboard.json").read_text("utf-8")), json.loads(found))


def test_the_golden_leaderboard_has_every_part() -> None:
    """Or it would not show when one of them changes."""
    text = (GOLDEN / "leaderboard.md").read_text("utf-8")
    for title in (
        "In-domain",
        "Do the judges agree",
        "agree with itself",
        "Is it length",
        "own lab",
        "another run",
        "Findings",
    ):
        assert title in text
