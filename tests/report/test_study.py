"""What the report finds in the recorded judgments of the original study, alone: each claim beside what it really is."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brie_bench import stats
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.records.importing import import_records
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager
from brie_bench.report.markdown import render
from brie_bench.report.publish import leaderboard_of
from brie_bench.spec.leaderboard import Finding, Leaderboard

from .tables import only

FIRST = "comprehensive_eval_3b_final_20251018_175044"
CORRECTED = f"{FIRST}_CORRECTED"
FILES = {
    "first_pass": f"{CORRECTED}.jsonl",
    "opus4_second_pass": f"{CORRECTED}_judged_20251021_203743.jsonl",
    "gpt-4o": f"{CORRECTED}_judged_gpt_4o_20251021_182842.jsonl",
    "gemini-2.5-flash-lite": f"{CORRECTED}_judged_gemini_2_5_flash_lite_20251021_182943.jsonl",
}
ALL = {**FILES, "uncorrected": f"{FIRST}.jsonl"}
SONNET, OPUS = "claude-3-5-sonnet-20241022", "claude-opus-4-20250514"
GPT, GEMINI = "gpt-4o", "gemini-2.5-flash-lite"
SCORES = {"tuned": 1.0, "tie": 0.5, "baseline": 0.0}

Boards = Callable[..., Leaderboard]


@pytest.fixture(scope="session")
def boards(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Boards:
    """The leaderboard of some of the passes, imported together."""
    folder = tmp_path_factory.mktemp("study")
    known: dict[tuple[str, ...], Leaderboard] = {}

    def board(*names: str) -> Leaderboard:
        if names not in known:
            importer = Catalog(make_manager()).importer("brie-exports")
            paths = [shared / "brie_3b" / "raw" / ALL[name] for name in names]
            with Ledger(folder) as ledger:
                read = import_records(importer.read(paths), ledger, "-".join(names)[:80], "brie-exports")
                known[names] = leaderboard_of(ledger, [read.run])
        return known[names]

    return board


@pytest.fixture(scope="session")
def expected(shared: Path) -> Any:
    """What the judgments come to, computed elsewhere."""
    return json.loads((shared / "brie_3b" / "expected.json").read_text("utf-8"))


@pytest.fixture(scope="session")
def claims(shared: Path) -> Any:
    """What was published, and what it is."""
    found = json.loads((shared / "brie_3b" / "claims.json").read_text("utf-8"))
    return {each["claim"]: each for each in found}


@pytest.fixture(scope="session")
def verdicts(shared: Path) -> dict[str, list[dict[str, Any]]]:
    """The verdicts of each pass, row by row: row n of every pass is the same pair."""
    found: dict[str, list[dict[str, Any]]] = {}
    for line in (shared / "brie_3b" / "normalized_judgments.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        found.setdefault(row["set"], []).append(row)
    return found


def of_code(board: Leaderboard, code: str) -> list[Finding]:
    return [each for each in board.findings if each.code == code]


# the audit


@pytest.mark.parametrize("name", ALL)
def test_57_judgments_are_42_pairs_of_25_prompts(boards: Boards, claims: Any, name: str) -> None:
    """What was published as 57 prompts."""
    finding = only(of_code(boards(name), "pseudo-replication"))
    assert finding.message.startswith("57 judgments come from 42 pairs of 25 distinct prompts:")
    claim = claims["'57 prompts' / '57 blind comparisons'"]
    assert "57 rows = 42 distinct response pairs = 25 distinct prompts" == claim["recomputed"]
    assert (57, 42, 25, "no") == (claim["rows"], claim["distinct_pairs"], claim["distinct_prompts"], claim["matches"])


@pytest.mark.parametrize("name", ALL)
def test_labels_are_confounded_with_contenders(boards: Boards, name: str) -> None:
    """In every record of every pass the baseline is called A."""
    finding = only(of_code(boards(name), "label-confounded"))
    assert 57 == finding.count
    assert "the baseline is called A and the contender B" in finding.message


def test_32_winners_of_the_first_file_contradict_their_text(boards: Boards, expected: Any, claims: Any) -> None:
    """An error, with places to look at."""
    finding = only(of_code(boards("uncorrected"), "winner-mismatch"))
    assert ("error", 32, 5) == (finding.severity, finding.count, len(finding.examples))
    assert expected["parser"]["rows_where_buggy_differs_from_fixed"] == finding.count
    assert finding.message.startswith("In 32 of 57 records")
    assert "32/57 = 56.1%" == claims["bug inverted 56% of results (32/57)"]["recomputed"]


@pytest.mark.parametrize("name", FILES)
def test_no_winner_of_the_corrected_files_does(boards: Boards, name: str) -> None:
    """Nor is any failure filed as a verdict, nor any text unread."""
    board = boards(name)
    for code in ("winner-mismatch", "failure-recorded-as-verdict", "unparsed-verdict", "contradictory-verdict"):
        assert [] == of_code(board, code)


@pytest.mark.parametrize("name", ALL)
def test_15_pairs_were_judged_twice(boards: Boards, expected: Any, name: str) -> None:
    """57 rows are 42 pairs, in every pass."""
    finding = only(of_code(boards(name), "duplicate-judgments"))
    known = expected["repeat_judgments_15_pairs"].get(name, {"pairs": 15})
    assert known["pairs"] == finding.count == 15
    assert "57 rows are 42 pairs" in finding.message


@pytest.mark.parametrize(
    ("name", "mixed"), [("first_pass", 1), ("uncorrected", 1), ("opus4_second_pass", 1), (GPT, 0), (GEMINI, 0)]
)
def test_the_first_pass_mixes_two_judges(boards: Boards, claims: Any, name: str, mixed: int) -> None:
    """42 judgments by one and 15 by another, published as one judge's; the later passes have one judge."""
    found = of_code(boards(name), "judge-mixed")
    assert mixed == len(found)
    for finding in found:
        assert f"({SONNET} 42, {OPUS} 15)" in finding.message
    assert "no" == claims["Claude 3.5 Sonnet 91.2%, n=57"]["matches"]


@pytest.mark.parametrize(
    ("name", "severity", "words"),
    [
        ("opus4_second_pass", "error", "nothing else says who judged"),
        (GPT, "warning", "the file's own name vouches for the judge (gpt-4o)"),
        (GEMINI, "warning", "the file's own name vouches for the judge (gemini-2.5-flash-lite)"),
    ],
)
def test_the_second_passs_judge_cannot_be_verified(
    boards: Boards, claims: Any, name: str, severity: str, words: str
) -> None:
    """Its times are the first pass's; two later files at least carry the judge in their name."""
    finding = only(of_code(boards(name), "judge-unverifiable"))
    assert (severity, 57) == (finding.severity, finding.count)
    assert words in finding.message
    assert "value yes, judge unverifiable" == claims["Opus 4 78.9%, n=57"]["matches"]


@pytest.mark.parametrize("name", ["first_pass", "uncorrected"])
def test_the_first_passs_judges_are_not_accused(boards: Boards, name: str) -> None:
    """Their times are their own."""
    assert [] == of_code(boards(name), "judge-unverifiable")


@pytest.mark.parametrize("name", ALL)
def test_about_half_of_the_completions_are_cut_off(boards: Boards, expected: Any, name: str) -> None:
    """45 % of the distinct ones of either side; by row 25 and 23 of 57."""
    finding = only(of_code(boards(name), "truncated-completions"))
    assert "baseline 19 of 42 (45.2 %); brie 19 of 42 (45.2 %)" in finding.message
    rows = expected["text_anomalies"][FILES["first_pass"]]
    assert (25, 23) == (rows["baseline_text_without_final_punctuation"], rows["tuned_text_without_final_punctuation"])


def test_agreement_is_near_chance(boards: Boards) -> None:
    """The two judges of whom 91.2 % agreement was published, and those of the first pass."""
    for names, judges in (((GPT, GEMINI), (GPT, GEMINI)), (("first_pass",), (SONNET, OPUS))):
        finding = only(of_code(boards(*names), "agreement-near-chance"))
        assert finding.message.startswith(f"{judges[0]} and {judges[1]} gave the same verdict on ")
        assert "it cannot be told from chance, nor from agreement (kappa = " in finding.message


def test_no_score_contradicts_its_verdict(boards: Boards, expected: Any) -> None:
    """As counted elsewhere: equal scores and scored ties are no contradiction."""
    assert 0 == expected["score_vs_verdict"]["contradict"]["count"]
    assert [] == of_code(boards(*FILES), "score-contradicts-verdict")


# the numbers


def test_gpt_4o_and_gemini_read_as_they_should(boards: Boards, claims: Any) -> None:
    """90 % of prompts (76 to 95 %), 87 % by chance, κ .25 (0.00 to about .65): not the 91.2 % of rows that was published."""
    board = boards(GPT, GEMINI)
    row = only(board.agreement)
    assert ((GPT, GEMINI), 42, 25) == (row.judges, row.n_pairs, row.n_prompts)
    assert row.agreement_interval is not None
    assert row.kappa_interval is not None
    found = (row.agreement, row.agreement_interval.low, row.agreement_interval.high, row.expected, row.kappa)
    assert (0.90, 0.76, 0.95, 0.87, 0.25) == tuple(round(each or 0.0, 2) for each in found)
    assert (0.0, pytest.approx(0.655, abs=0.012)) == (round(row.kappa_interval.low, 2), row.kappa_interval.high)
    said = "gpt-4o and gemini-2.5-flash-lite gave the same verdict on 90.0 % of prompts ("
    assert said in render(board)
    assert re.search(r"make them agree on 86\.6 % by chance; kappa = 0\.25 \(0\.00 to 0\.6\d\)\.", render(board))
    assert "52/57 = 91.2%" == claims["GPT-4o vs Gemini agreement 91.2%"]["recomputed"]


PASSES = list(FILES)


@pytest.mark.parametrize(("i", "j"), [(i, j) for i in range(4) for j in range(i + 1, 4)])
def test_agreement_by_row_is_what_was_computed_elsewhere(
    verdicts: dict[str, list[dict[str, Any]]], expected: Any, claims: Any, i: int, j: int
) -> None:
    """Raw agreement, κ and AC1 with each of the 57 rows a unit of its own: the definition of those who published rows."""
    known = expected["agreement"]["rows_57"][f"{PASSES[i]} | {PASSES[j]}"]
    ratings = np.array([[SCORES[row["outcome"]] for row in verdicts[name]] for name in (PASSES[i], PASSES[j])]).T
    found = stats.agreement(ratings, n_resamples=10).pairs[0, 1]
    assert (known["n"], known["agree"]) == (found.n, round(found.table.trace()))
    assert pytest.approx(known["percent_agreement"], abs=1e-12) == found.agreement
    assert pytest.approx(known["cohen_kappa"], abs=1e-9) == found.kappa
    assert pytest.approx(known["gwet_ac1_q3"], abs=1e-9) == found.ac1
    claim = claims.get(f"pairwise agreement {PASSES[i]} vs {PASSES[j]}")
    if claim:
        assert claim["recomputed"].startswith(f"{known['agree']}/57 = {100 * known['agree'] / 57:.1f}%")
        assert f"kappa {found.kappa:.3f}" == claim["note"]


def test_agreement_by_prompt_is_what_the_board_shows(boards: Boards, verdicts: dict[str, list[dict[str, Any]]]) -> None:
    """Of the two passes of one judge each: pairs that were judged twice average, pairs average to prompts, and prompts
    weigh alike."""
    rows = [(judge, row) for judge, name in enumerate((GPT, GEMINI)) for row in verdicts[name]]
    ratings = np.full((len(rows), 2), np.nan)
    for number, (judge, row) in enumerate(rows):
        ratings[number, judge] = SCORES[row["outcome"]]
    ids = [[row[name] for _, row in rows] for name in ("prompt_id", "pair_id")]
    found = stats.agreement(ratings, ids[0], pair=ids[1], n_resamples=10).pairs[0, 1]
    shown = only(boards(GPT, GEMINI).agreement)
    assert pytest.approx((found.agreement, found.expected, found.kappa, found.ac1)) == (
        shown.agreement,
        shown.expected,
        shown.kappa,
        shown.ac1,
    )


def test_sonnet_and_opus_agree_on_12_of_15(boards: Boards, expected: Any, claims: Any) -> None:
    """Fifteen pairs of fifteen prompts: here rows, pairs and prompts are one, and so are the definitions."""
    known = expected["repeat_judgments_15_pairs"]["first_pass"]
    row = only(boards("first_pass").agreement)
    assert ((SONNET, OPUS), 15, 15) == (row.judges, row.n_pairs, row.n_prompts)
    assert pytest.approx(known["same_outcome"] / known["pairs"]) == row.agreement
    assert pytest.approx(known["cohen_kappa"], abs=1e-9) == row.kappa
    assert "3/15" == claims["Sonnet and Opus disagree on 20% (3 of 15)"]["recomputed"]


def test_the_copied_judges_of_the_second_pass_agree_on_14_of_15(boards: Boards, expected: Any) -> None:
    """Two names, one judge: what looks like agreement is a retest, and the audit says that the names are copies."""
    known = expected["repeat_judgments_15_pairs"]["opus4_second_pass"]
    row = only(boards("opus4_second_pass").agreement)
    assert pytest.approx(known["same_outcome"] / known["pairs"]) == row.agreement
    assert pytest.approx(known["cohen_kappa"], abs=1e-9) == row.kappa


@pytest.mark.parametrize("name", [GPT, GEMINI])
def test_retest_in_the_same_order_and_swapped(boards: Boards, expected: Any, name: str) -> None:
    """Each of the fifteen pairs is of a prompt of its own: shares of prompts are shares of pairs."""
    known = expected["repeat_judgments_15_pairs"][name]
    row = only(boards(name).retest)
    assert (15, known["same_order_pairs"], known["swapped_order_pairs"]) == (row.n_pairs, row.n_same, row.n_swapped)
    assert pytest.approx(known["same_outcome_when_same_order"] / known["same_order_pairs"]) == row.same_order
    assert pytest.approx(known["same_outcome_when_swapped"] / known["swapped_order_pairs"]) == row.swapped_order


@pytest.mark.parametrize("name", [GPT, GEMINI])
def test_position_bias_by_row_is_what_was_computed_elsewhere(
    verdicts: dict[str, list[dict[str, Any]]], expected: Any, name: str
) -> None:
    """Half the difference of the rates in either order, and their mean, with each of the 57 rows a unit of its own."""
    known = expected["win_rates"][f"{name}/all_rows"]["position"]
    first, second = known["win_rate_ties_half_BA"], known["win_rate_ties_half_AB"]
    rows = verdicts[name]
    found = stats.position_bias(
        [row["prompt_id"] for row in rows],
        [SCORES[row["outcome"]] for row in rows],
        [float(row["presentation_order"] == "BA") for row in rows],
        n_resamples=10,
    )
    assert pytest.approx((first - second) / 2, abs=1e-12) == found.bias
    assert pytest.approx(known["order_balanced_win_rate"], abs=1e-12) == found.adjusted


@pytest.mark.parametrize("name", [GPT, GEMINI])
def test_position_bias_by_prompt_is_what_the_board_shows(
    boards: Boards, verdicts: dict[str, list[dict[str, Any]]], name: str
) -> None:
    """The prompts of either order weigh alike there, as they do in the win rate."""
    rates = []
    for order in ("BA", "AB"):
        pairs: dict[str, dict[str, list[float]]] = {}
        for row in verdicts[name]:
            if row["presentation_order"] == order:
                pairs.setdefault(row["prompt_id"], {}).setdefault(row["pair_id"], []).append(SCORES[row["outcome"]])
        rates.append(np.mean([np.mean([np.mean(scores) for scores in each.values()]) for each in pairs.values()]))
    row = only(boards(name).position)
    assert pytest.approx((rates[0] - rates[1]) / 2, abs=1e-9) == row.bias
    assert pytest.approx((rates[0] + rates[1]) / 2, abs=1e-9) == row.adjusted_win_rate
    assert 57 == row.n_judgments == row.n_contender_first + row.n_baseline_first
    assert row.interval is not None
    assert row.interval.low < 0 < row.interval.high


def test_the_unanimous_panel_is_31_of_42_pairs(
    verdicts: dict[str, list[dict[str, Any]]], expected: Any, claims: Any
) -> None:
    """By row 42 of 57; on the first row of each pair 31 of 42: nobody was of one mind."""
    ratings = np.array([[SCORES[row["outcome"]] for row in verdicts[name]] for name in PASSES]).T
    firsts = list({row["pair_id"]: n for n, row in reversed(list(enumerate(verdicts[PASSES[0]])))}.values())
    for key, chosen, n in (("rows_57", list(range(57)), 57), ("distinct_pairs_42", firsts, 42)):
        known = expected["agreement"][key]["four_judges"]
        found = stats.agreement(ratings[chosen], n_resamples=10)
        assert (n, known["all_agree"]) == (found.n, round((found.unanimous or 0.0) * n))
        assert pytest.approx(known["krippendorff_alpha_nominal"], abs=1e-9) == found.alpha
        assert pytest.approx(known["gwet_ac1_q3"], abs=6e-6) == found.ac1
    assert "42/57 rows, 31/42 pairs" == claims["'unanimous consensus' of four judges"]["recomputed"]


def test_length_explains_nothing_that_these_records_could_tell(boards: Boards, expected: Any) -> None:
    """Too few losses to say; the tuned model's texts are the shorter ones."""
    row = only(boards(GEMINI).length)
    assert (False, None) == (row.identified, row.length_controlled)
    assert "losses: fewer than 10" in (row.reason or "")
    known = expected["length"][GEMINI]
    assert row.length_ratio is not None
    assert row.length_ratio < 1
    assert known["mean_len_tuned"] < known["mean_len_baseline"]


def test_nothing_published_from_the_study_is_claimed_again(boards: Boards) -> None:
    """The markdown of all four passes holds none of the words, and says n beside every rate."""
    text = render(boards(*FILES))
    assert not re.search(r"unanimous|validated|robust|57 prompts", text)
    assert "over 25 prompts" in text
