"""The grammar of a rubric judge's scores and reasons: what cannot be read is missing, and nothing fails."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Label, Verdict
from brie_bench.blind import parse_label
from brie_bench.grammar import parse_rationale, parse_scores
from brie_bench.spec.suite import DEFAULT_CRITERIA

ANSWER = """\
Response A - Creativity: 4, Coherence: 5, Depth: 3, Engagement: 2, Quality: 1
Response B - Creativity: 3, Coherence: 5, Depth: 4, Engagement: 1, Quality: 2
Winner: B
Reasoning: B goes further.
It also reads well.
"""
MEGABYTE = 1_000_000

modest = settings(deadline=None, max_examples=80)


def of_a(line: str, *criteria: str) -> dict[str, int]:
    """A's scores on one line."""
    return parse_scores(line, criteria or ("depth",)).get(Label.A, {})


def test_the_documented_answer_is_read_whole() -> None:
    """Five scores a side, the winner and the reasons."""
    assert {
        Label.A: {"creativity": 4, "coherence": 5, "depth": 3, "engagement": 2, "quality": 1},
        Label.B: {"creativity": 3, "coherence": 5, "depth": 4, "engagement": 1, "quality": 2},
    } == parse_scores(ANSWER, DEFAULT_CRITERIA)
    assert Label.B is parse_label(ANSWER)
    assert "B goes further.\nIt also reads well." == parse_rationale(ANSWER)


@pytest.mark.parametrize(
    "line",
    [
        "Response A - Depth: 4",
        "response a - depth: 4",
        "RESPONSE A - DEPTH: 4",
        "Assistant A: Depth 4",
        "Answer A: depth = 4",
        "A - Depth: 4",
        "A: depth 4",
        "A | depth | 4 | depth: 4",
        "A (depth: 4)",
        "A – depth: 4",
        "A — depth: 4",
        "**Response A** - **Depth**: 4",
        "**Response A - Depth: 4**",
        "**Response A:** _Depth_: **4**",
        "_Response A_ - __Depth__: 4",
        "### Response A: Depth: 4",
        "- Response A: Depth: 4",
        "> * Response A: Depth: 4",
        "| Response A | Depth: 4 |",
        "Response A - Depth:4",
        "Response A - Depth: 4.",
        "Response A - Depth: 4, but no more",
        "Response A - Depth: 4.0",
        "Response A - Depth: 4/5",
        "Response A - Depth: 4 / 5.",
        "Response A - Depth: 4.0/5",
        "Response A - Depth: 4 out of 5",
        "Response A - Depth: 4, Depth: 4",
        "Response A - Depth: 4, Depth: 4.0",
        "Response A - Depth: 4 - wit: 5",
        "Response A -" + " " * 5000 + "Depth: 4",
        "Response A - Depth: 4\r",
        "Response   A  :-  Depth : 4.00",
        "Response A - Depth: 04",
        "Response A - Depth:_4_",
    ],
)
def test_a_score_is_a_whole_number_after_the_criterion(line: str) -> None:
    """Whatever the case, the markdown and the dash; 4/5 and 4.0 are 4, and the same score twice is that score."""
    assert {"depth": 4} == of_a(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Depth: 4",
        "Response A",
        "Response A - ",
        "Response A - Depth",
        "Response A - Depth: four",
        "Response A - 4 Depth",
        "Response A - Depth: 0",
        "Response A - Depth: 6",
        "Response A - Depth: 45",
        "Response A - Depth: 14/10",
        "Response A - Depth: 4 out   of   10",
        "Response A - Depth: 4/55",
        "Response A - Depth: 4444444444",
        "Response A - Depth: -4",
        "Response A - Depth: 4.5",
        "Response A - Depth: 4/10",
        "Response A - Depth: 4 / 100",
        "Response A - Depth: 4/50",
        "Response A - Depth: 4/5.5",
        "Response A - Depth: 4.0/10",
        "Response A - Depth: 4.5/10",
        "Response A - Depth: 4 out of 10",
        "Response A - Depth: 4-5",
        "Response A - Depth: 4–5",
        "Response A - Depth: 4 - 5",
        "Response A - Depth: 4.0-4.5",
        "Response A - Depth: 4, Depth: 5",
        "Response A - Depth: 4, Depth: 9",
        "Response A - Depth: [1-5]",
        "Response A - Depths: 4",
        "Response A - Undepth: 4",
        "Response A - Depth and wit: 4",
        "Response A has Depth: 4",
        "Response C - Depth: 4",
        "Response AB - Depth: 4",
        "Text A - Depth: 4",
        "On Response A - Depth: 4",
        "Response A - \x1b[1mDepth\x1b[0m: 4",
        "Response A - Depth: \ud8004",
        "Response A - D\u0435pth: 4",  # a Cyrillic e
    ],
)
def test_what_is_no_score_is_missing(line: str) -> None:
    """Missing, out of range, on another scale, a span, two at once, or nobody's."""
    assert {} == parse_scores(line, ["depth"])


def test_other_lines_are_passed_over() -> None:
    """Scores may stand anywhere among a judge's lines."""
    text = "Both are good.\nB: depth 2\n\nAnd then again,\nA: depth 3\nWinner: A"
    assert {Label.A: {"depth": 3}, Label.B: {"depth": 2}} == parse_scores(text, ["depth"])


def test_a_slot_without_a_readable_score_is_absent() -> None:
    """One side's mishap leaves the other side's scores."""
    assert {Label.B: {"depth": 2}} == parse_scores("A: depth 9\nB: depth 2", ["depth"])


def test_a_score_that_two_lines_state_differently_is_missing() -> None:
    """Neither the first nor the last line is believed; other criteria stand."""
    assert {"wit": 1} == of_a("A: depth 3, wit 1\nA: depth 4", "depth", "wit")
    assert {"depth": 3, "wit": 1} == of_a("A: depth 3\nA: wit 1\nA: depth 3", "depth", "wit")


@pytest.mark.parametrize("criterion", ["self-consistency", "self_consistency"])
@pytest.mark.parametrize("written", ["Self-consistency", "self_consistency", "Self Consistency"])
def test_hyphen_underscore_and_space_are_one(criterion: str, written: str) -> None:
    """A criterion's name is found however the judge joins its words."""
    assert {criterion: 4} == of_a(f"Response A - {written}: 4", criterion)


@pytest.mark.parametrize("joint", [" ", "_", "-"])
def test_the_longer_of_two_names_is_read(joint: str) -> None:
    """Where one criterion's name ends in another's, each has its own score."""
    line = f"Response A - Quality: 3, Prose{joint}quality: 5"
    assert {"quality": 3, "prose-quality": 5} == of_a(line, "quality", "prose-quality")
    assert {"prose-quality": 5, "quality": 3} == of_a(line, "prose-quality", "quality")


def test_a_name_may_begin_as_another_does() -> None:
    """The score after the longer name is the longer name's, in whatever order the suite has them."""
    for criteria in (("quality", "quality-of-prose"), ("quality-of-prose", "quality")):
        assert {"quality": 3, "quality-of-prose": 5} == of_a("A: Quality of prose: 5, Quality: 3", *criteria)


def test_a_name_may_hold_what_patterns_hold() -> None:
    """A dot in a criterion's name is a dot."""
    assert {"v1.0": 2} == of_a("A: v1.0: 2, v1x0: 3", "v1.0")


def test_a_suite_without_criteria_has_no_scores() -> None:
    """Nothing is asked, nothing is read."""
    assert {} == parse_scores(ANSWER, [])


@pytest.mark.parametrize(
    ("text", "rationale"),
    [
        ("Reasoning: because", "because"),
        ("Winner: A\n**Reasoning:** because\nof that\n", "because\nof that"),
        ("rationale - because", "because"),
        ("> Explanation. because", "because"),
        ("### REASONING:\n\nbecause", "because"),
        ("\tReasoning: because", "because"),
        ("_Reasoning_: because", "because"),
        ("**Reasoning**: because", "because"),
        ("Reasoning:- because", "because"),
        ("Reasoning: *because", "because"),
        ("Reasoning: __because", "because"),
        ("Reasoning:", ""),
        ("Reasoning", ""),
        ("My reasoning: because", ""),
        ("", ""),
        ("Reasoning: first\nReasoning: second", "first\nReasoning: second"),
    ],
)
def test_the_rationale_is_what_follows_its_name(text: str, rationale: str) -> None:
    """Everything after `Reasoning:` at the start of a line, or nothing."""
    assert rationale == parse_rationale(text)


@pytest.mark.parametrize(
    "text",
    [
        "\n" * MEGABYTE,
        " " * MEGABYTE,
        "\n " * (MEGABYTE // 2),
        "*" * MEGABYTE,
        "Reasoning" + " " * MEGABYTE,
        "Reasoning\n" * (MEGABYTE // 10),
        "Reasoning" + "\n" * MEGABYTE,
        "A: depth" + " " * MEGABYTE,
        ("A: depth" + " " * 1990 + "\n") * (MEGABYTE // 2000),
        "A: depth 4" + " " * MEGABYTE + "x",
        "A: depth 4/" + " " * MEGABYTE + "x",
        "A: depth 4 out" + " " * MEGABYTE + "x",
        "A: depth " + "9" * MEGABYTE,
        "A: depth " + "1" * (MEGABYTE // 2) + "." + "1" * (MEGABYTE // 2) + "/10",
        "A: depth 1" + ".1" * (MEGABYTE // 2),
        "A: " + "depth " * (MEGABYTE // 6),
        "A" + "*" * MEGABYTE,
        "A: depth" + "_" * MEGABYTE,
    ],
)
def test_a_megabyte_of_anything_is_read_to_its_end(text: str) -> None:
    """A pattern that backtracks would take 10¹² steps over so long a text, and never come back."""
    assert parse_scores(text, ["depth"]) in ({}, {Label.A: {"depth": 4}})
    assert not parse_rationale(text).startswith("Reasoning:")


lines = st.lists(
    st.one_of(
        st.text(max_size=30),
        st.text(alphabet="AaBb:-–(|*_ 0123456789./depthof", max_size=40),
        st.tuples(
            st.sampled_from(["Response A -", "B:", "A |"]), st.floats(-1, 9), st.sampled_from(["", "/5", "/10", "-5"])
        ).map(lambda parts: f"{parts[0]} depth: {parts[1]}{parts[2]}"),
    ),
    max_size=5,
).map("\n".join)


@modest
@given(lines)
def test_scores_never_cost_a_verdict(text: str) -> None:
    """Whatever stands round it, the stated winner is read, and what is read of scores is fit for a verdict."""
    scores = parse_scores(f"{text}\n", ["depth", "wit"])
    verdict = Verdict(label="A", scores=scores, rationale=parse_rationale(text))
    assert scores == verdict.scores
    assert all(by and set(by) <= {"depth", "wit"} for by in scores.values())
    assert set(scores) <= {Label.A, Label.B}


names = st.lists(st.from_regex(r"[a-z]{3,8}([-_][a-z]{3,8})?", fullmatch=True), min_size=1, max_size=5, unique=True)


@modest
@given(names, st.data())
def test_what_the_form_asks_for_is_what_is_read(criteria: list[str], data: st.DataObject) -> None:
    """An answer in the asked form gives back every score, whatever a suite calls its criteria."""
    criteria = list({name.replace("_", "-"): name for name in criteria}.values())
    given_scores = {label: {name: data.draw(st.integers(1, 5)) for name in criteria} for label in (Label.A, Label.B)}
    answer = "\n".join(
        f"Response {label} - "
        + ", ".join(f"{name.replace('_', ' ').capitalize()}: {score}" for name, score in scores.items())
        for label, scores in given_scores.items()
    )
    assert given_scores == parse_scores(answer, criteria)
