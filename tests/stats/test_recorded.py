"""Judgments others recorded, where they lie beside the project: their published and recomputed statistics."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from brie_bench import stats

NAN = float("nan")
Table = np.ndarray[Any, Any]


def read_lines(path: Path) -> list[dict[str, Any]]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_json(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def check_pair(expected: dict[str, Any], pair: stats.PairAgreement) -> None:
    """Count, agreement, Cohen's κ and AC1 with three categories."""
    assert expected["n"] == pair.n
    assert expected["percent_agreement"] == pytest.approx(pair.agreement, abs=1e-12)
    assert expected["gwet_ac1_q3"] == pytest.approx(pair.ac1, abs=1e-9)
    kappa = expected["cohen_kappa"]
    assert pair.kappa == (None if kappa is None else pytest.approx(kappa, abs=1e-9))
    assert expected["agree"] == round(pair.table.trace())


def check_panel(expected: dict[str, Any], result: stats.Agreement) -> None:
    """Krippendorff's α, Fleiss' κ where it is defined, AC1 to the five decimals of the other library."""
    assert expected["krippendorff_alpha_nominal"] == pytest.approx(result.alpha, abs=1e-9)
    assert expected["gwet_ac1_q3"] == pytest.approx(result.ac1, abs=6e-6)
    if expected.get("fleiss_kappa") is not None:
        assert expected["fleiss_kappa"] == pytest.approx(result.fleiss, abs=1e-9)
    if expected.get("all_agree") is not None:
        assert expected["all_agree"] == pytest.approx(result.unanimous * expected["n_units"], abs=1e-9)


def check_swap(expected: dict[str, Any], result: stats.SwapConsistency) -> None:
    """Pairs on which a judge took the first text in both orders, or the second, and the test of one against the other."""
    assert expected["always_first"] == result.first_preferred
    assert expected["always_second"] == result.second_preferred
    p = expected["position_bias_exact_p"]
    assert (1.0 if p is None else pytest.approx(p, rel=1e-9)) == result.mcnemar_p


def order_scores(rows: list[dict[str, Any]], key: str, verdict: Any) -> tuple[Table, Table]:
    """For each item the scores of its first text, shown first and shown second; NaN where there is no verdict."""
    found: dict[Any, list[float]] = defaultdict(lambda: [NAN, NAN])
    for row in rows:
        found[row[key]][int(row["swapped"])] = verdict(row)
    table = np.array([found[item] for item in found])
    return table[:, 0], table[:, 1]


class TestLLMBar:
    """Six judges in both orders, with gold labels."""

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, shared: Path) -> Any:
        return read_json(shared / "llmbar" / "expected.json")

    @pytest.fixture(scope="class")
    @classmethod
    def groups(cls, shared: Path) -> dict[str, tuple[Table, Table]]:
        """Scores of output 1 in either order, by set, judge and strategy."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in read_lines(shared / "llmbar" / "judgments.jsonl.gz"):
            rows["/".join((row["set"], row["judge"], row["strategy"]))].append(row)
        scores = {1: 1.0, 2: 0.0, None: NAN}
        return {
            name: order_scores(group, "item", lambda row: scores[row["winner_output"]]) for name, group in rows.items()
        }

    @pytest.fixture(scope="class")
    @classmethod
    def gold(cls, shared: Path) -> dict[str, Table]:
        found: dict[str, list[float]] = defaultdict(list)
        for row in read_lines(shared / "llmbar" / "items.jsonl.gz"):
            found[row["set"]].append(2.0 - row["gold"])
        return {name: np.array(values) for name, values in found.items()}

    def test_position(self, expected: Any, groups: dict[str, tuple[Table, Table]]) -> None:
        """Consistency, the pairs lost to the position, and the share of verdicts for the text shown first."""
        for name, (first, second) in groups.items():
            theirs, ours = expected["groups"][name], stats.swap_consistency(first, second)
            check_swap(theirs, ours)
            assert theirs["pairs_parsed_in_both_orders"] == ours.n
            if not theirs["unparsed_order_1"] + theirs["unparsed_order_2"]:
                assert theirs["positional_agreement"] == pytest.approx(ours.consistency, abs=1e-12)
            items = np.tile(np.arange(first.size), 2)
            shown = np.repeat([1, 0], first.size)
            bias = stats.position_bias(items, np.concatenate((first, second)), shown, n_resamples=10)
            assert theirs["shown_first_rate"] == pytest.approx(bias.first_shown_share, abs=1e-12)
            assert theirs["parsed_verdicts"] == bias.n_first + bias.n_second
            wilson = stats.wilson_ci(theirs["shown_first_chosen"], theirs["parsed_verdicts"])
            assert theirs["shown_first_wilson95_naive"] == pytest.approx(wilson, abs=1e-9)

    def test_kappa_against_gold(
        self, expected: Any, groups: dict[str, tuple[Table, Table]], gold: dict[str, Table]
    ) -> None:
        """The right values, not the published ones, which compared labels 0 and 2.

        The file counts a failed verdict as a label of its own: here a tie, which occurs nowhere else.
        """
        for name, orders in groups.items():
            theirs = expected["groups"][name]
            truth = gold[name.split("/")[0]]
            first, second = (np.where(np.isnan(scores), 0.5, scores) for scores in orders)
            for name_of_kappa, labels in (
                ("kappa_correct_order_1_vs_gold", (first, truth)),
                ("kappa_correct_order_2_vs_gold", (second, truth)),
                ("kappa_correct_between_orders", (first, second)),
            ):
                pair = stats.agreement(np.column_stack(labels), n_resamples=10).pairs[0, 1]
                assert theirs[name_of_kappa] == pytest.approx(pair.kappa, abs=1e-9)

    def test_judges_agree_as_expected(self, expected: Any, groups: dict[str, tuple[Table, Table]]) -> None:
        """Two orders that differ are a tie, a missing verdict in either is missing: every two judges, and the panel."""
        for name, theirs in expected["multi_judge"].items():
            group, strategy = name.split("/")
            columns = []
            for judge in theirs["judges"]:
                first, second = groups[f"{group}/{judge}/{strategy}"]
                mean = (first + second) / 2
                columns.append(mean)
            result = stats.agreement(np.column_stack(columns), n_resamples=10)
            for (i, j), pair in result.pairs.items():
                check_pair(theirs["pairwise"][f"{theirs['judges'][i]} | {theirs['judges'][j]}"], pair)
            if "all" in theirs:
                check_panel(theirs["all"], result)


class TestJudgeBench:
    """Three judges in both orders on pairs with an objective label."""

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, shared: Path) -> Any:
        return read_json(shared / "judgebench" / "expected.json")

    @pytest.fixture(scope="class")
    @classmethod
    def judges(cls, shared: Path, expected: Any) -> dict[str, tuple[Table, Table]]:
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in read_lines(shared / "judgebench" / "judgments.jsonl.gz"):
            rows[row["judge"]].append(row)

        def score(row: dict[str, Any]) -> float:
            taken = {"A>B": 1.0, "A=B": 0.5, "B>A": 0.0}[row["decision_slot"]]
            return 1 - taken if row["swapped"] else taken

        return {judge: order_scores(rows[judge], "pair_id", score) for judge in expected["judges"]}

    def test_position(self, expected: Any, judges: dict[str, tuple[Table, Table]]) -> None:
        """Verdicts that stay, pairs that follow the position, and κ between the orders."""
        for judge, (first, second) in judges.items():
            theirs = expected["judges"][judge]
            flips = (first + second == 1) & (first != 0.5)
            ours = stats.swap_consistency(first, second)
            assert theirs["same_verdict_both_orders"] == pytest.approx(ours.consistency * ours.n)
            assert theirs["always_first"] + theirs["always_second"] == pytest.approx(ours.flip_rate * ours.n)
            check_swap(theirs, stats.swap_consistency(first[flips], second[flips])) if flips.any() else None
            pair = stats.agreement(np.column_stack((first, second)), n_resamples=10).pairs[0, 1]
            assert theirs["kappa_between_orders"] == pytest.approx(pair.kappa, abs=1e-9)
            decided = np.concatenate((first, second)) != 0.5
            items, shown = np.tile(np.arange(first.size), 2)[decided], np.repeat([1, 0], first.size)[decided]
            bias = stats.position_bias(items, np.concatenate((first, second))[decided], shown, n_resamples=10)
            assert theirs["first_shown_rate"] == pytest.approx(bias.first_shown_share, abs=1e-12)

    def test_judges_agree_as_expected(self, expected: Any, judges: dict[str, tuple[Table, Table]]) -> None:
        """Orders that differ are a tie."""
        theirs = expected["agreement_between_judges"]
        means = [(first + second) / 2 for first, second in (judges[name] for name in theirs["judges"])]
        tied = [np.where((mean == 0) | (mean == 1), mean, 0.5) for mean in means]
        check_panel(theirs["all"], stats.agreement(np.column_stack(tied), n_resamples=10))


class TestPandaLM:
    """Three human annotators and two judges on 999 pairs."""

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, shared: Path) -> Any:
        return read_json(shared / "pandalm" / "expected.json")

    @pytest.fixture(scope="class")
    @classmethod
    def items(cls, shared: Path) -> Any:
        return read_json(shared / "pandalm" / "testset-v1.json")

    @pytest.fixture(scope="class")
    @classmethod
    def humans(cls, items: Any) -> Table:
        scores = {1: 1.0, 0: 0.5, 2: 0.0}
        return np.array([[scores[item[f"annotator{k}"]] for k in (1, 2, 3)] for item in items])

    @pytest.fixture(scope="class")
    @classmethod
    def machines(cls, shared: Path) -> Table:
        scores = {"1": 1.0, "Tie": 0.5, "0": 0.5, "2": 0.0}
        columns = []
        for name, key in (("gpt-3.5-turbo", "gpt_result"), ("pandalm-7b", "pandalm_result")):
            rows = read_json(shared / "pandalm" / f"{name}-testset-v1.json")
            columns.append([scores.get(str(row[key]), NAN) for row in rows])
        return np.array(columns).T

    def test_humans(self, expected: Any, humans: Table) -> None:
        """Cohen's κ of .85, .88 and .86 as published, and the coefficients of all three."""
        result = stats.agreement(humans, n_resamples=10)
        for (i, j), pair in result.pairs.items():
            names = f"human{i + 1} | human{j + 1}"
            check_pair(expected["human_kappa"][names], pair)
            assert expected["human_kappa_published_two_decimals"][names] == round(pair.kappa, 2)
        check_panel(expected["humans_all"], result)

    def test_majority(self, expected: Any, humans: Table) -> None:
        """The published counts of majority labels."""
        verdicts = stats.majority(humans)
        counts = {name: int((verdicts == v).sum()) for name, v in (("response1", 1), ("tie", 0.5), ("response2", 0))}
        assert expected["human_majority"]["published_counts"] == counts
        assert expected["human_majority"]["no_majority"] == np.isnan(verdicts).sum()

    def test_machines_against_the_majority(self, expected: Any, humans: Table, machines: Table) -> None:
        """Two judges, one of which failed 25 times; and all five raters together."""
        verdicts = stats.majority(humans)
        for column, name in enumerate(("gpt-3.5-turbo", "pandalm-7b")):
            theirs = expected["judges_vs_human_majority"][name]
            pair = stats.agreement(np.column_stack((machines[:, column], verdicts)), n_resamples=10).pairs[0, 1]
            check_pair(theirs["agreement_on_parsed"], pair)
            assert theirs["unparsed"] == 999 - pair.n
        check_panel(
            expected["all_five_raters_missing_allowed"],
            stats.agreement(np.column_stack((humans, machines)), n_resamples=10),
        )

    def test_ratings(self, expected: Any, items: Any, humans: Table) -> None:
        """Five models by the majority of the annotators."""
        theirs = expected["bradley_terry_evalica_human_majority"]["log_differences_to_first"]
        models = list(theirs)
        couples = [item["cmp_key"].split("_") for item in items]
        i, j = ([models.index(couple[side]) for couple in couples] for side in (0, 1))
        s = stats.bt_fit(stats.bt_counts(i, j, stats.majority(humans), len(models)), anchor=0)
        assert list(theirs.values()) == pytest.approx((s - s[0]).tolist(), abs=1e-5)


class TestLLMFAO:
    """59 models, 2 139 comparisons, two judges with opposite position biases."""

    FILES = ("gpt3-crowd-comparisons.csv", "gpt4-crowd-comparisons.csv")

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, shared: Path) -> Any:
        return read_json(shared / "llmfao_gpt" / "expected.json")

    @pytest.fixture(scope="class")
    @classmethod
    def rows(cls, shared: Path) -> dict[str, list[dict[str, str]]]:
        found = {}
        for name in cls.FILES:
            with (shared / "llmfao_gpt" / name).open(encoding="utf-8", newline="") as lines:
                found[name] = list(csv.DictReader(lines))
        return found

    @staticmethod
    def scores(rows: list[dict[str, str]]) -> Table:
        return np.array([{"left": 1.0, "tie": 0.5, "right": 0.0}[row["winner"]] for row in rows])

    @pytest.mark.parametrize("name", FILES)
    def test_position(self, name: str, expected: Any, rows: dict[str, list[dict[str, str]]]) -> None:
        """The share of decided comparisons that went to the left, shown first; its interval and test."""
        score, theirs = self.scores(rows[name]), expected["files"][name]
        wins, losses = int((score == 1).sum()), int((score == 0).sum())
        result = stats.win_rate(range(score.size), range(score.size), None, score)
        assert theirs["left_rate_of_decisive"] == pytest.approx(result.decisive_rate, abs=1e-12)
        assert theirs["left_wilson95"] == pytest.approx(stats.wilson_ci(wins, wins + losses), abs=1e-9)
        assert theirs["left_binomial_p"] == pytest.approx(stats.sign_test(wins, losses), rel=1e-8)

    @pytest.mark.parametrize("name", FILES)
    def test_ratings(self, name: str, expected: Any, rows: dict[str, list[dict[str, str]]]) -> None:
        """Maximum likelihood, ties half, as differences of log strength from the best."""
        theirs = expected["files"][name]["bradley_terry_log_difference_to_best"]
        models = list(theirs)
        i, j = ([models.index(row[side]) for row in rows[name]] for side in ("left", "right"))
        table = stats.bt_counts(i, j, self.scores(rows[name]), len(models))
        rate = expected["files"][name]["score_rate_ties_half"]
        for model, (value, n) in rate.items():
            k = models.index(model)
            assert (value, n) == pytest.approx((table[k].sum() / n, table[k].sum() + table[:, k].sum()))
        strong = stats.bt_components(table)[1]
        if strong.any():
            with pytest.raises(ValueError, match="not connected"):
                stats.bt_fit(table, anchor=0)
        else:
            s = stats.bt_fit(table, anchor=0)
            assert list(theirs.values()) == pytest.approx((s - s[0]).tolist(), abs=1e-5)

    def test_agreement(self, expected: Any, rows: dict[str, list[dict[str, str]]]) -> None:
        """By comparison, as the file has it; and by prompt, thirteen of them, with the wider interval."""
        theirs = expected["agreement gpt3-crowd-comparisons.csv | gpt4-crowd-comparisons.csv"]
        ratings = np.column_stack([self.scores(rows[name]) for name in self.FILES])
        by_row = stats.agreement(ratings).pairs[0, 1]
        check_pair(theirs, by_row)
        by_prompt = stats.agreement(ratings, [row["prompt"] for row in rows[self.FILES[0]]]).pairs[0, 1]
        assert (2139, 13) == (by_prompt.n, by_prompt.n_prompts)
        width = by_prompt.interval[1] - by_prompt.interval[0]
        assert width > 3 * (by_row.interval[1] - by_row.interval[0])
        low, high = theirs["cluster_bootstrap_by_prompt"]["percent_agreement"]["ci95"]
        assert width > 0.9 * (high - low)


class TestAlpacaEvalAnnotators:
    """Three annotators of the same 805 pairs, graded preferences from 1 to 2."""

    @pytest.fixture(scope="class")
    @classmethod
    def expected(cls, shared: Path) -> Any:
        return read_json(shared / "alpaca_eval_multi_annotator" / "expected.json")

    @pytest.fixture(scope="class")
    @classmethod
    def preferences(cls, shared: Path, expected: Any) -> dict[str, Table]:
        """Scores of each annotator's column, by model."""
        found = {}
        for model, theirs in expected["models"].items():
            with (shared / "alpaca_eval_multi_annotator" / f"{model}.csv").open(encoding="utf-8", newline="") as lines:
                rows = list(csv.DictReader(lines))
            found[model] = np.array(
                [[float(row[name]) - 1 if row[name] else NAN for name in theirs["annotators"]] for row in rows]
            )
        return found

    def test_rates(self, expected: Any, preferences: dict[str, Table]) -> None:
        """Mean preference with its standard error over rows, in percent, and the counts by side."""
        for model, table in preferences.items():
            theirs = expected["models"][model]
            for name, column in zip(theirs["annotators"], table.T, strict=True):
                result = stats.win_rate(range(len(column)), range(len(column)), None, column)
                assert theirs["win_rate"][name] == pytest.approx(100 * result.estimate, abs=1e-9)
                assert theirs["standard_error"][name] == pytest.approx(100 * result.standard_error, abs=1e-9)
                counts = {"baseline": result.losses, "model": result.wins, "tie": result.ties}
                assert {key: value for key, value in counts.items() if value} == theirs["counts"][name]
                assert theirs["rows_missing_an_annotator"][name] == result.missing

    def test_agreement(self, expected: Any, preferences: dict[str, Table]) -> None:
        """Every two annotators, all three, and the paired difference of their rates."""
        for model, table in preferences.items():
            theirs = expected["models"][model]
            result = stats.agreement(table, n_resamples=10)
            check_panel(theirs["all"], result)
            for i, j in combinations(range(table.shape[1]), 2):
                pairwise = theirs["pairwise"][f"{theirs['annotators'][i]} | {theirs['annotators'][j]}"]
                check_pair(pairwise, result.pairs[i, j])
                difference = stats.paired_difference(table[:, i], table[:, j]).difference
                assert pairwise["paired_win_rate_difference"][0] == pytest.approx(100 * difference, abs=1e-9)


def test_mt_bench_in_both_orders(shared: Path) -> None:
    """75 questions, three failed verdicts; consistency, flips, κ between the games and the average of both."""
    expected = read_json(shared / "mtbench_gpt4_pair" / "expected.json")
    scores = {"model_2": 1.0, "tie": 0.5, "model_1": 0.0}
    rows = read_lines(shared / "mtbench_gpt4_pair" / "judgments.jsonl.gz")
    first, second = (np.array([scores.get(row[game], NAN) for row in rows]) for game in ("g2_winner", "g1_winner"))
    swap = stats.swap_consistency(first, second)
    assert expected["pairs_without_error"] == swap.n
    assert expected["consistent"] == pytest.approx(swap.consistency * swap.n)
    assert expected["always_first"] + expected["always_second"] == pytest.approx(swap.flip_rate * swap.n)
    conservative = expected["conservative_rule"]["counts"]
    assert (conservative["model_2"], conservative["model_1"]) == (swap.strict_wins, swap.strict_losses)
    pair = stats.agreement(np.column_stack((second, first)), n_resamples=10).pairs[0, 1]
    assert expected["kappa_between_games"] == pytest.approx(pair.kappa, abs=1e-9)
    both = np.where(np.isnan(first + second), NAN, (first + second) / 2)
    result = stats.win_rate(range(75), range(75), None, both)
    assert expected["average_of_two_games_rule"]["model_2_win_rate"] == pytest.approx(result.estimate, abs=1e-12)
    assert expected["average_of_two_games_rule"]["se_over_questions"] == pytest.approx(result.standard_error, abs=1e-9)
