"""Findings about the records: each raised by the least that deserves it, and not by its innocent neighbour."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Result

from brie_bench import Completion, FinishReason, Imported, Request, Unreadable, Verdict
from brie_bench.report.audit import findings_text
from brie_bench.report.audit.passes import LOOKED_AT
from brie_bench.spec.leaderboard import Finding

from .records import LONG, record, records
from .runs import Bench, brief, full, suite_of
from .tables import only
from .test_findings import RAISED as OF_NUMBERS
from .test_findings import check_message

Cli = Callable[..., Result]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path / "runs")


def of_code(bench: Bench, code: str, given: Sequence[Imported] | str) -> list[Finding]:
    """The findings of that code about these records, or about that run."""
    run = given if isinstance(given, str) else bench.records(given)
    return [each for each in bench.board(run).findings if each.code == code]


def alternating(n: int, **same: Any) -> list[Imported]:
    """Records whose labels alternate while the contender always wins."""
    return [record(number, label="B" if number % 2 == 0 else "A", **same) for number in range(n)]


def twin(n: int, raws: Sequence[str], **same: Any) -> list[Imported]:
    """Two judges on the same pairs, with these texts of the second where the first writes its own."""
    return [
        *records(n, **same),
        *[record(number, judge="bob", raw=raw, line=100 + number, **same) for number, raw in enumerate(raws)],
    ]


def own_words(number: int, judge: str = "ann") -> str:
    return f"{LONG} Number {number}, {judge}. Winner: B"


def passes(n: int, equal: int, **same: Any) -> list[Imported]:
    """Two passes over so many prompts; that many records of the second are those of the first, and the others are not."""
    again = [record(number, source="b.jsonl", label="B" if number < equal else "A", **same) for number in range(n)]
    return [*records(n, source="a.jsonl", **same), *again]


TEN = alternating(10)
UNREADABLE: Any = Unreadable(source="pass.jsonl", line=99, reason="key 'label' is missing")
CUT = ("It stops in the middle of", "It stops at the end.")

# code, severity, count, records
RAISED: list[tuple[str, str, int, list[Imported]]] = [
    (
        "winner-mismatch",
        "error",
        1,
        [record(0, label="B", winner="baseline"), record(1, label="A", winner="contender")],
    ),
    ("winner-mismatch", "error", 1, [record(0, label="B", winner="tie")]),
    ("failure-recorded-as-verdict", "error", 1, [*TEN, record(11, label=None, winner="contender")]),
    ("failure-recorded-as-verdict", "error", 2, [*TEN, *[record(n, label=None, winner="tie") for n in (11, 12)]]),
    ("unparsed-verdict", "warning", 1, [*TEN, record(11, label=None)]),
    ("contradictory-verdict", "warning", 2, [*TEN, *[record(n, label=None, kind="contradictory") for n in (11, 12)]]),
    ("score-contradicts-verdict", "warning", 1, [record(0, label="B", scores={"A": {"depth": 4}, "B": {"depth": 3}})]),
    ("score-contradicts-verdict", "warning", 1, [record(0, label="A", scores={"A": {"depth": 1}, "B": {"depth": 3}})]),
    (
        "score-contradicts-verdict",
        "error",
        1,
        [record(0, label="B", probabilities={"A": 0.6, "B": 0.4}), record(1, label="B")],
    ),
    (
        "score-contradicts-verdict",
        "warning",
        1,
        [record(n, label="A", probabilities={"A": 0.4 + n / 10, "B": 0.6 - n / 10}) for n in range(2)],
    ),
    ("score-contradicts-verdict", "error", 1, [record(0, label="tie", probabilities={"A": 0.8, "tie": 0.2})]),
    ("unreadable-records", "error", 1, [*TEN, UNREADABLE]),
    ("unreadable-records", "warning", 1, [*alternating(19), UNREADABLE]),
    ("copied-records", "error", 5, passes(5, 5, raw="")),
    ("copied-records", "error", 5, [*passes(5, 5, raw=""), *[record(n, source="b.jsonl") for n in range(5, 9)]]),
    ("copied-records", "error", 2, passes(2, 2)),
    ("copied-records", "error", 3, passes(5, 3)),
    ("copied-records", "error", 3, passes(5, 3, raw="", judged_at="2025-03-01T10:00:00")),
    ("duplicate-judgments", "warning", 1, [*TEN, record(4, line=50)]),
    (
        "duplicate-judgments",
        "warning",
        2,
        [*TEN, *[record(n, line=50 + n, judge="bob") for n in (4, 5)]],
    ),  # a mixed pass
    ("label-confounded", "warning", 5, records(5, labels="baseline_first", shown=None)),
    ("label-confounded", "warning", 6, [record(n, labels="contender_first") for n in range(6)]),
    (
        "order-unbalanced",
        "warning",
        10,
        [record(n, shown="contender_first" if n < 7 else "baseline_first") for n in range(10)],
    ),
    (
        "order-unbalanced",
        "warning",
        10,
        [record(n, shown="contender_first" if n < 3 else "baseline_first") for n in range(10)],
    ),
    ("order-unbalanced", "error", 6, [record(n, shown="contender_first") for n in range(6)]),
    ("judge-mixed", "warning", 10, [record(n, judge="ann" if n < 6 else "bob") for n in range(10)]),
    ("judge-unverifiable", "error", 10, alternating(10, judge="unknown")),
    (
        "judge-unverifiable",
        "error",
        5,
        alternating(5, source="x_20250301_again_20250309.jsonl", judged_at="2025-03-01T10:00:00"),
    ),
    (
        "judge-unverifiable",
        "warning",
        5,
        alternating(5, source="x_20250301_ann_20250309.jsonl", judged_at="2025-03-01T10:00:00"),
    ),
    (
        "judge-unverifiable",
        "error",
        5,
        [
            *alternating(5, source="a.jsonl", judged_at="2025-03-01T10:00:00"),
            *[
                record(n, source="b.jsonl", judged_at="2025-03-01T10:00:00", raw=f"Something else {n}")
                for n in range(5)
            ],
        ],
    ),
    ("identical-judges", "error", 5, twin(5, [own_words(n) for n in range(5)])),
    ("identical-judges", "error", 3, twin(5, [own_words(n) if n < 3 else f"{LONG}{n}" for n in range(5)])),
    (
        "time-travel",
        "error",
        1,
        [record(0, judged_at="2025-03-01T10:00:00", completed_at="2025-03-01T10:00:01"), *TEN[1:]],
    ),
    (
        "time-travel",
        "error",
        1,
        [record(0, judged_at="2025-03-01T12:00:00+02:00", completed_at="2025-03-01T11:00:00+00:00")],
    ),
    ("truncated-completions", "warning", 1, [*TEN, record(11, reasons=("length", "stop"))]),
    ("truncated-completions", "warning", 10, records(10, texts=CUT, reasons=("unknown", "unknown"))),
    ("refused-completions", "warning", 1, [*TEN, record(11, texts=("I'm sorry, but I can't help with that.", "Yes."))]),
    ("refused-completions", "warning", 1, [*TEN, record(11, reasons=("refused", "stop"))]),
    ("empty-completions", "warning", 1, [*TEN, record(11, texts=(" \n", "Yes."))]),
    ("identical-completions", "error", 1, [record(0, texts=("The same.", "The same."))]),
    ("identical-completions", "warning", 1, [*TEN[:9], record(9, texts=("The same.", "The same."))]),
    ("self-identification", "warning", 1, [*TEN, record(11, texts=("As ChatGPT, I would say so.", "Yes."))]),
    ("same-lab", "note", 1, alternating(10, judge="gpt-4o", contender="gpt-tuned")),
]

SPARED: list[tuple[str, list[Imported]]] = [
    ("winner-mismatch", [record(0, label="B", winner="contender"), record(1, label="B", winner="baseline")]),
    ("winner-mismatch", TEN),
    ("failure-recorded-as-verdict", [*TEN, record(11, label=None)]),
    ("failure-recorded-as-verdict", [record(0, winner="contender")]),
    ("unparsed-verdict", [*TEN, record(11, label=None, kind="rate_limited")]),
    ("contradictory-verdict", [*TEN, record(11, label=None)]),
    ("score-contradicts-verdict", [record(0, label="B", scores={"A": {"depth": 3}, "B": {"depth": 4}})]),
    ("score-contradicts-verdict", [record(0, label="B", scores={"A": {"depth": 3}, "B": {"depth": 3}})]),
    ("score-contradicts-verdict", [record(0, label="tie", scores={"A": {"depth": 3}, "B": {"depth": 5}})]),
    ("score-contradicts-verdict", [record(0, label="B", probabilities={"A": 0.45, "B": 0.45, "tie": 0.1})]),
    ("score-contradicts-verdict", [record(0, label="tie", probabilities={"A": 0.5, "tie": 0.5})]),
    ("unreadable-records", TEN),
    ("copied-records", [*passes(4, 4, raw="")]),  # four bare verdicts may well be equal
    ("copied-records", passes(5, 4, raw="")),  # a judge who is asked again, and changes one verdict
    ("copied-records", passes(4, 2)),
    ("copied-records", [*passes(4, 0), *records(4, source="b.jsonl", judge="bob")]),
    ("copied-records", [*passes(4, 0), *records(4, source="b.jsonl", winner="tie")]),
    ("duplicate-judgments", TEN),
    ("duplicate-judgments", [record(0, temperature=level, judging="one") for level in (0.5, 1.0)]),
    ("duplicate-judgments", [*TEN, *alternating(10, judge="bob")]),  # a panel
    ("duplicate-judgments", [*TEN, record(4, source="again.jsonl")]),  # two passes
    ("duplicate-judgments", [*TEN, record(4, texts=("Another answer.", "Briefly."), line=50)]),
    (
        "duplicate-judgments",  # both orders, under labels that never change
        [
            record(n, labels="baseline_first", shown=shown)
            for n in range(8)
            for shown in ("baseline_first", "contender_first")
        ],
    ),
    ("label-confounded", records(4, labels="baseline_first")),  # too few to tell
    ("label-confounded", TEN),
    ("label-confounded", records(8, labels="baseline_first", raw="")),  # without words nobody was called anything
    ("order-unbalanced", [record(n, shown="contender_first" if n < 6 else "baseline_first") for n in range(10)]),
    ("order-unbalanced", [record(n, shown="contender_first" if n < 7 else "baseline_first") for n in range(9)]),  # few
    ("order-unbalanced", [record(n, shown="contender_first") for n in range(5)]),  # not testable either
    ("order-unbalanced", records(10, shown=None)),
    ("judge-mixed", [*TEN, *alternating(10, judge="bob")]),
    ("judge-mixed", [*alternating(10), *alternating(9, judge="bob")]),
    ("judge-unverifiable", alternating(10, source="x_20250301.jsonl", judged_at="2025-03-01T10:00:00")),
    ("judge-unverifiable", alternating(10, source="x_20250301_20250309.jsonl", judged_at="2025-03-09T10:00:00")),
    ("judge-unverifiable", alternating(4, source="x_20250301_again_20250309.jsonl", judged_at="2025-03-01T10:00:00")),
    (
        "judge-unverifiable",
        [*alternating(5, source="a.jsonl", judged_at="2025-03-01T10:00:00"), *alternating(5, source="b.jsonl")],
    ),
    ("identical-judges", twin(5, [own_words(n, "bob") for n in range(5)])),
    ("identical-judges", twin(5, [own_words(n) if n < 2 else f"{LONG}{n}" for n in range(5)])),
    (
        "identical-judges",
        [record(n, judge=name, raw="Winner: B") for name in ("ann", "bob") for n in range(8)],
    ),  # a bare verdict is nobody's own
    ("identical-judges", twin(4, [own_words(n) for n in range(4)])),  # too few to tell
    ("time-travel", [record(0, judged_at="2025-03-01T10:00:01", completed_at="2025-03-01T10:00:00")]),
    ("time-travel", [record(0, judged_at="2025-03-01T10:00:00", completed_at="2025-03-01T11:00:00+02:00")]),
    ("time-travel", [record(0, completed_at="2025-03-01T10:00:00"), record(1, judged_at="2025-03-01T10:00:00")]),
    ("truncated-completions", alternating(10, reasons=("unknown", "unknown"))),
    ("truncated-completions", [*alternating(19), record(20, reasons=("length", "stop"))]),  # 5 % and no more
    ("truncated-completions", alternating(10, texts=CUT)),  # it stopped of itself
    ("refused-completions", [*TEN, record(11, texts=("I'm sorry to hear that you can't sleep. Try this.", "Yes."))]),
    ("refused-completions", [*TEN, record(11, texts=("I can't help but wonder at the sea.", "Yes."))]),
    ("refused-completions", [*TEN, record(11, texts=("I cannot remember a warmer summer.", "Sorry, wrong number."))]),
    ("empty-completions", TEN),
    ("identical-completions", [*alternating(19), record(20, texts=("The same.", "The same."))]),
    ("identical-completions", [*TEN, record(11, texts=("", ""))]),  # both silent: said elsewhere
    ("self-identification", [*TEN, record(11, texts=("Constellations such as Gemini, I think.", "By Google Maps."))]),
    ("self-identification", [*TEN, record(11, texts=("As Claude Lévi-Strauss argued.", "I am Claude Monet."))]),
    (
        "self-identification",
        [*TEN, record(11, texts=("TensorFlow was developed by Google.", "As Claude, the painter."))],
    ),
    ("same-lab", alternating(10, judge="gpt-4o", contender="llama-tuned")),
    ("same-lab", TEN),
]


def named(cases: Sequence[tuple[Any, ...]]) -> list[str]:
    return [f"{case[0]}-{number}" for number, case in enumerate(cases)]


@pytest.mark.parametrize(("code", "severity", "count", "given"), RAISED, ids=named(RAISED))
def test_a_finding_is_raised(bench: Bench, code: str, severity: str, count: int, given: list[Imported]) -> None:
    """Once, with its severity and count and a message of full sentences, by the least that deserves it."""
    finding = only(of_code(bench, code, given))
    assert (severity, count) == (finding.severity, finding.count)
    check_message(finding)


@pytest.mark.parametrize(("code", "given"), SPARED, ids=named(SPARED))
def test_its_innocent_neighbour_is_spared(bench: Bench, code: str, given: list[Imported]) -> None:
    """What lies just on the other side."""
    assert [] == of_code(bench, code, given)


def emitted() -> set[str]:
    """Every code that a module of the report may give a finding."""
    known = set()
    for path in (ROOT / "brie_bench" / "report").rglob("*.py"):
        source = path.read_text("utf-8")
        if "Finding(" in source or "Finding.model_validate(" in source:
            texts = [node.value for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Constant)]
            known |= {text for text in texts if isinstance(text, str) and re.fullmatch(r"[a-z]+(?:-[a-z]+)+", text)}
    return known - {"agreement-needs"}


CASES = {case[0] for case in (*RAISED, *OF_NUMBERS)} | {"training-overlap"}  # whose cases are in test_training


def test_every_code_has_its_cases() -> None:
    """Raised by one here, or among the findings about numbers; and spared by another."""
    assert emitted() == CASES
    assert {case[0] for case in RAISED} == {code for code, _ in SPARED}


@pytest.mark.parametrize("code", sorted(emitted()))
def test_every_code_has_a_section_in_the_docs(code: str) -> None:
    """How it arises, a real case, how the tool shows it, what to do."""
    page = (ROOT / "docs" / "what-can-go-wrong.md").read_text("utf-8")
    assert f"\n## `{code}`\n" in page


# what the findings say


def test_a_mismatch_counts_the_records_that_name_a_winner(bench: Bench) -> None:
    """And says where the first few are."""
    given = [
        record(n, label="B", labels="baseline_first", winner="baseline" if n < 7 else "contender") for n in range(9)
    ]
    finding = only(of_code(bench, "winner-mismatch", [*given, record(9)]))
    assert finding.message.startswith("In 7 of 9 records the winner that was written down is not the one")
    assert tuple(f"pass.jsonl:{line}" for line in range(1, 6)) == finding.examples


def test_examples_are_in_the_order_of_the_file(bench: Bench) -> None:
    """By file and line, whatever the kinds of verdict they are."""
    given = [
        record(n, label=None, labels=labels, line=20 - n, source=source)
        for n, (labels, source) in enumerate(
            [("baseline_first", "b"), ("contender_first", "a"), ("baseline_first", "a")]
        )
    ]
    assert ("a:18", "a:19", "b:20") == only(of_code(bench, "unparsed-verdict", given)).examples


def test_a_run_of_our_own_has_examples_by_judge_and_comparison(bench: Bench) -> None:
    """It has no file and no line."""
    finding = only(of_code(bench, "unparsed-verdict", bench.run(suite_of(2), judges=["silent"])))
    assert 4 == finding.count
    assert ("silent on comparison 0",) * 2 + ("silent on comparison 1",) * 2 == finding.examples


def test_scores_are_revealed_with_the_verdict(bench: Bench) -> None:
    """In slots throughout: no order can turn a contradiction round."""
    given = [
        record(0, label="A", labels=labels, scores={"A": {"x": 1}, "B": {"x": 2}}) for labels in ("baseline_first",)
    ]
    given += [record(1, label="A", labels="contender_first", scores={"A": {"x": 1}, "B": {"x": 2}})]
    finding = only(of_code(bench, "score-contradicts-verdict", given))
    assert finding.message.startswith("In 2 of 2 scored judgments the judge scored the loser higher.")


def test_a_judge_called_at_something_keeps_its_name(bench: Bench) -> None:
    """Two revisions of one model are two judges, not one with a file's name behind it."""
    given = [record(n, judge=f"hf/base@{'v1' if n < 6 else 'v2'}") for n in range(10)]
    finding = only(of_code(bench, "judge-mixed", given))
    assert "(hf/base@v1 6, hf/base@v2 4)" in finding.message


def test_the_file_is_no_part_of_a_judges_name(bench: Bench) -> None:
    """Several passes of one judge are kept apart on the board; inside each the judge is one."""
    given = [*alternating(6, source="a.jsonl"), *[record(n, source="b.jsonl", raw=f"Else {n}") for n in range(6)]]
    assert [] == of_code(bench, "judge-mixed", given)
    names = {row.judge for row in bench.board("recorded").standings}
    assert {None, "ann@a.jsonl", "ann@b.jsonl"} == names


def test_only_the_copied_pass_is_accused(bench: Bench) -> None:
    """The times were somebody's: the first file's, until told otherwise."""
    given = [
        *alternating(5, source="a.jsonl", judged_at="2025-03-01T10:00:00"),
        *[record(n, source="b.jsonl", judged_at="2025-03-01T10:00:00", raw=f"Else {n}") for n in range(5)],
    ]
    finding = only(of_code(bench, "judge-unverifiable", given))
    assert (
        "records of b.jsonl carry times that are not theirs (a.jsonl has the same times for other texts)"
        in finding.message
    )


def test_shares_of_cut_off_texts_are_told_by_side(bench: Bench) -> None:
    """Distinct completions, both sides, in percent with one decimal."""
    given = [record(n, reasons=("length" if n < 3 else "stop", "stop")) for n in range(8)]
    finding = only(of_code(bench, "truncated-completions", given))
    assert "were cut off at the token limit: base 0 of 8 (0.0 %); tuned 3 of 8 (37.5 %)." in finding.message


def test_a_completion_of_several_comparisons_counts_once(bench: Bench) -> None:
    """Judged by two judges, it was cut off once."""
    given = [record(n, reasons=("length", "stop"), judge=judge) for n in range(3) for judge in ("ann", "bob")]
    assert 3 == only(of_code(bench, "truncated-completions", given)).count


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot write that.",
        "I am afraid I am not able to do this.",
        "Sorry, but I won't.",
        "I apologize, but I am unable to comply.",
        "I can't assist with that request.",
        "I cannot provide instructions for that.",
        "I'm unable to discuss this.",
        "**I cannot fulfill this request.**",
    ],
)
def test_a_refusal_is_told_by_its_first_words(bench: Bench, text: str) -> None:
    """In a handful of forms."""
    assert 1 == only(of_code(bench, "refused-completions", [*TEN, record(11, texts=(text, "Yes."))])).count


@pytest.mark.parametrize(
    "text",
    [
        "I am Claude, and I think so.",
        "My name is Gemini.",
        "I'm an AI assistant called ChatGPT.",
        "I am a large language model trained by Google.",
        "I was created by Anthropic to help.",
        "As an AI model developed by OpenAI, I have no view.",
    ],
)
def test_a_text_names_its_maker(bench: Bench, text: str) -> None:
    """In the first person, or as a model's maker; the example shows the words."""
    finding = only(of_code(bench, "self-identification", [*TEN, record(11, texts=("Yes.", text))]))
    assert "(base 1 of 11)" in finding.message
    assert finding.examples[0][:20] in text


def test_examples_of_texts_are_inert(bench: Bench) -> None:
    """What a model wrote cannot move a terminal's cursor, nor be markup."""
    text = "\x1b[2J<b>I am Claude,</b> **yes** and\n# more"
    finding = only(of_code(bench, "self-identification", [*TEN, record(11, texts=(text, "Yes."))]))
    shown = findings_text([finding])
    assert "\x1b" not in shown
    assert "\\<b\\>" in shown
    assert "\n# more" not in shown


# our own runs


def test_a_sound_run_has_no_finding_about_its_records(bench: Bench) -> None:
    """Twenty-five prompts, an honest judge in both orders."""
    assert () == bench.board(bench.run(suite_of(25))).findings


def test_identical_completions_of_a_run(tmp_path: Path) -> None:
    """An adapter that was never applied: every comparison, an error."""
    bench = Bench(tmp_path, models={"brief": brief, "same": brief})
    finding = only(of_code(bench, "identical-completions", bench.run(suite_of(4), contenders={"tuned": "same"})))
    assert ("error", 4) == (finding.severity, finding.count)
    assert finding.message.startswith("tuned wrote the same text as the baseline in 4 of 4 comparisons.")


def test_one_judge_under_two_names(bench: Bench) -> None:
    """The same configuration: their agreement says nothing."""
    run = bench.run(judges=[{"name": "one", "judge": "longer"}, {"name": "two", "judge": "longer"}])
    finding = only(of_code(bench, "identical-judges", run))
    assert finding.message.startswith("one and two are one judge under two names")
    assert "error" == finding.severity
    check_message(finding)


@pytest.mark.parametrize(("words", "found"), [(LONG, 1), ("Winner: A", 0)])
def test_judges_that_write_the_same_words(tmp_path: Path, words: str, found: int) -> None:
    """Long ones are one judge's; a bare verdict is anybody's."""

    def says(shown: Any) -> Verdict:
        return Verdict(label="A", raw=f"{words} {len(shown.a)}")

    bench = Bench(tmp_path, judges={"ann": says, "bob": lambda shown: says(shown)})
    assert found == len(of_code(bench, "identical-judges", bench.run(suite_of(4), judges=["ann", "bob"])))


def test_a_large_run_is_looked_at_in_part(tmp_path: Path) -> None:
    """Every so many comparisons are enough to see that two judges write the same words, whatever the contender."""

    def says(shown: Any) -> Verdict:
        return Verdict(label="A", raw=f"{LONG} {shown.content_digest()}")

    bench = Bench(tmp_path, judges={"ann": says, "bob": lambda shown: says(shown)})
    run = bench.run(suite_of(8), judges=["ann", "bob"])
    n = LOOKED_AT
    bench.damage(
        f"WITH RECURSIVE n(i) AS (SELECT 8 UNION ALL SELECT i + 1 FROM n WHERE i < {n})"
        " INSERT INTO comparison SELECT run, i, item, contender, pair, contender_key, baseline_key, contender_length,"
        " baseline_length, contender_finish, baseline_finish, first FROM comparison, n WHERE number = 0"
    )
    bench.damage(
        f"WITH RECURSIVE n(i) AS (SELECT 8 UNION ALL SELECT i + 1 FROM n WHERE i < {n})"
        " INSERT INTO judging SELECT run, i, judge, labels, shown, repeat, verdict FROM judging, n WHERE comparison = 0"
    )
    finding = only(of_code(bench, "identical-judges", run))
    (same, shared) = map(int, re.findall(r"(\d+) of (\d+) shared", finding.message)[0])
    assert same == shared
    assert LOOKED_AT // 2 < shared < 2 * LOOKED_AT


def test_a_run_tells_what_its_texts_are(tmp_path: Path) -> None:
    """Cut off, empty, refused: by the finish reasons that the models gave."""

    def answer(request: Request) -> Completion:
        number = int(request.messages[-1].content.split()[2])
        reason = (FinishReason.LENGTH, FinishReason.REFUSED, FinishReason.STOP)[number % 3]
        return Completion(text="" if number == 5 else f"{full(request)}.", finish_reason=reason)

    bench = Bench(tmp_path, models={"brief": brief, "full": answer})
    found = {each.code: each.count for each in bench.board(bench.run(suite_of(9))).findings}
    assert 3 == found["truncated-completions"]
    assert 3 == found["refused-completions"]
    assert 1 == found["empty-completions"]


def test_a_judge_of_a_contenders_lab(tmp_path: Path) -> None:
    """Declared, through a run: a note, and the excess is on the board."""
    bench = Bench(tmp_path)
    run = bench.run(
        suite_of(7),
        contenders=[{"name": "full", "model": "full", "lab": "north"}],
        judges=[{"name": "ann", "judge": "longer", "lab": "north"}, {"name": "bob", "judge": "first", "lab": "south"}],
    )
    finding = only(of_code(bench, "same-lab", run))
    assert finding.message.startswith("ann is of the lab that made full (north)")
    row = only(bench.board(run).self_preference)
    assert ("ann", "north", 0.5, 7) == (row.judge, row.lab, row.excess, row.n_prompts)


# the command


@pytest.fixture
def faulty(tmp_path: Path) -> str:
    """A recorded run with an error and a warning."""
    return Bench(tmp_path / "runs").records([record(0, label="B", winner="baseline"), *alternating(10)[1:]], "faulty")


def test_the_command_lists_findings_with_their_places(cli: Cli, faulty: str) -> None:
    """Errors first; 0 all the same."""
    done = cli("audit", faulty)
    assert (0, "") == (done.status, done.err)
    assert done.out.startswith("- error `winner-mismatch` (1): In 1 of 1 record the winner")
    assert "\n  - pass.jsonl:1\n" in done.out
    assert "\n- warning `sample-too-small` (10): " in done.out


def test_strict_is_a_gate_for_errors_only(cli: Cli, faulty: str, tmp_path: Path) -> None:
    """100 where a finding is an error, 0 where none is worse than a warning; the list is printed all the same."""
    done = cli("audit", faulty, "--strict")
    assert (100, "brie-bench: 1 of the findings is an error\n") == (done.status, done.err)
    assert "`winner-mismatch`" in done.out
    Bench(tmp_path / "runs").records(alternating(10), "fair")
    fair = cli("audit", "fair", "--strict")
    assert (0, "") == (fair.status, fair.err)
    assert "`sample-too-small`" in fair.out


def test_json_is_the_same_list(cli: Cli, faulty: str) -> None:
    """Code, severity, message, count, examples; strict or not."""
    done = cli("audit", faulty, "--strict", "--format", "json")
    assert 100 == done.status
    found = json.loads(done.out)
    assert ["winner-mismatch", "sample-too-small"] == [each["code"] for each in found]
    assert {"code", "severity", "message", "count", "examples"} == set(found[0])


def test_nothing_wrong_is_said(cli: Cli, tmp_path: Path) -> None:
    """In two words, or as an empty list."""
    run = Bench(tmp_path / "runs").run(suite_of(25))
    assert "No finding.\n" == cli("audit", run, "--strict").out
    assert [] == json.loads(cli("audit", run, "--format", "json").out)


def test_several_runs_are_audited_together(cli: Cli, faulty: str, tmp_path: Path) -> None:
    """And one that is named twice, once."""
    Bench(tmp_path / "runs").records([record(0, label="B", winner="tie", source="other.jsonl")], "other")
    found = json.loads(cli("audit", faulty, "other", faulty, "--format", "json").out)
    assert 2 == sum(each["code"] == "winner-mismatch" for each in found)


@pytest.mark.parametrize(("args", "line"), [(("nowhere",), "no run 'nowhere'"), ((), "Missing argument")])
def test_the_command_refuses_in_one_line(cli: Cli, faulty: str, args: tuple[str, ...], line: str) -> None:
    """An unknown run, or none."""
    done = cli("audit", *args)
    assert done.status in (1, 2)
    assert ("", 1) == (done.out, done.err.count("\n"))
    assert line in done.err
