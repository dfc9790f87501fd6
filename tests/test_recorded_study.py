"""The recorded judgments of the original study, imported and recomputed: tests that need the data beside the project."""

from __future__ import annotations

import gzip
import json
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brie_bench import Imported, Judgment, Label, Order, VerdictError, Winner
from brie_bench.blind import parse_label, parse_winner
from brie_bench.grammar import parse_scores
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager
from brie_bench.spec.suite import DEFAULT_CRITERIA

FIRST = "comprehensive_eval_3b_final_20251018_175044"
CORRECTED = f"{FIRST}_CORRECTED"
FILES = {
    "first_pass": f"{CORRECTED}.jsonl",
    "opus4_second_pass": f"{CORRECTED}_judged_20251021_203743.jsonl",
    "gpt-4o": f"{CORRECTED}_judged_gpt_4o_20251021_182842.jsonl",
    "gemini-2.5-flash-lite": f"{CORRECTED}_judged_gemini_2_5_flash_lite_20251021_182943.jsonl",
}
OUT_OF_DOMAIN = "out_of_domain_3b_20251106_224800_judged_20251106_225111.jsonl"
SONNET, OPUS = "claude-3-5-sonnet-20241022", "claude-opus-4-20250514"

Standing = dict[str, Any]
Import = Callable[..., dict[tuple[str | None, str | None], Standing]]


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """The objects of a JSONL file, packed or not."""
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as file:
        yield from map(json.loads, file)


@pytest.fixture
def study(shared: Path) -> Path:
    """The folder of the study's exports."""
    return shared / "brie_3b" / "raw"


@pytest.fixture
def expected(shared: Path) -> dict[str, Any]:
    """What the study's judgments come to, computed elsewhere by two programs."""
    found = json.loads((shared / "brie_3b" / "expected.json").read_text("utf-8"))
    assert isinstance(found, dict)
    return found


@pytest.fixture
def imported(study: Path, cli: Callable[..., Any]) -> Import:
    """Import some of the files as one run; the standings by judge and section."""

    def run(*names: str) -> dict[tuple[str | None, str | None], Standing]:
        result = cli("import", "brie-exports", *(study / name for name in names), "--run", "study")
        assert 0 == result.status, result.err
        board = json.loads((Path("runs") / "study" / "leaderboard.json").read_text("utf-8"))
        return {(each["judge"], each["section"]): each for each in board["standings"]}

    return run


def counts(standing: Standing) -> tuple[int, int, int]:
    """Wins, ties and losses."""
    return standing["wins"], standing["ties"], standing["losses"]


def records(path: Path) -> list[Imported]:
    """The records of a file, all of them readable."""
    found = list(Catalog(make_manager()).importer("brie-exports").read([path]))
    assert all(isinstance(each, Imported) for each in found)
    return found  # type: ignore[return-value]


def judged(each: Imported) -> Judgment:
    """The judgment of a record."""
    assert isinstance(each.outcome, Judgment)
    return each.outcome


# what the judges said


def test_every_verdict_of_the_study_is_read(shared: Path, study: Path) -> None:
    """All 243 texts, word for word as two other programs normalised them; the scores too."""
    texts = {name: [row["judgment"] for row in rows(study / name)] for name in (*FILES.values(), OUT_OF_DOMAIN)}
    named = {"A": Label.A, "B": Label.B, "TIE": Label.TIE}
    normalised = list(rows(shared / "brie_3b" / "normalized_judgments.jsonl"))
    assert 243 == len(normalised)
    for row in normalised:
        text = texts[row["file"]][row["row"] - 1]
        assert named[row["raw_verdict"]] is parse_label(text)
        scores = parse_scores(text, DEFAULT_CRITERIA)
        for label in (Label.A, Label.B):
            assert row[f"scores_{label}"] == [scores[label].get(name) for name in DEFAULT_CRITERIA]


def test_every_winner_of_the_study_is_that_of_its_labels(shared: Path, study: Path) -> None:
    """The tuned model was called B in every line, in whatever order the two were printed."""
    sides = {"tuned": Winner.CONTENDER, "baseline": Winner.BASELINE, "tie": Winner.TIE}
    outcomes = {name: [judged(each) for each in records(study / name)] for name in (*FILES.values(), OUT_OF_DOMAIN)}
    shown = {"AB": Order.BASELINE_FIRST, "BA": Order.CONTENDER_FIRST}
    for row in rows(shared / "brie_3b" / "normalized_judgments.jsonl"):
        outcome = outcomes[row["file"]][row["row"] - 1]
        assert (sides[row["outcome"]], Order.BASELINE_FIRST) == (outcome.winner, outcome.labels)
        assert shown[row["presentation_order"]] is outcome.shown


def test_every_verdict_of_150_bracketed_texts_is_read(shared: Path) -> None:
    """`[[A]]`, `[[B]]` and `[[C]]` in both orders give the winners on record; the three without one are failures."""
    shown = {"g1": Order.BASELINE_FIRST, "g2": Order.CONTENDER_FIRST}  # model_1 is the baseline
    sides = {Winner.BASELINE: "model_1", Winner.CONTENDER: "model_2", Winner.TIE: "tie"}
    errors = []
    n = 0
    for row in rows(shared / "mtbench_gpt4_pair" / "judgments.jsonl.gz"):
        for game, order in shown.items():
            n += 1
            try:
                assert row[f"{game}_winner"] == sides[parse_winner(row[f"{game}_judgment"], order)]
            except VerdictError as error:
                errors.append([row["question_id"], f"{game}_winner"])
                assert ("unparsed", "error") == (error.kind, row[f"{game}_winner"])  # noqa: PT017  one outcome of two
    assert 150 == n
    assert json.loads((shared / "mtbench_gpt4_pair" / "expected.json").read_text())["error_rows"] == errors


# what the numbers are


@pytest.mark.parametrize("name", FILES)
def test_each_pass_has_its_wins_ties_and_losses(imported: Import, expected: dict[str, Any], name: str) -> None:
    """One pass, one run: counts, the plain rates and the rate by prompt are those computed elsewhere."""
    panel, known = imported(FILES[name])[None, None], expected["win_rates"][f"{name}/all_rows"]
    assert (known["tuned"], known["tie"], known["baseline"]) == counts(panel)
    assert (57, 42, 25, 0) == tuple(panel[key] for key in ("n_judgments", "n_pairs", "n_prompts", "n_failures"))
    assert known["win_rate_ties_as_loss"] == pytest.approx(panel["strict_rate"], abs=1e-9)
    assert known["win_rate_ties_half"] == pytest.approx(panel["row_rate"], abs=1e-9)


@pytest.mark.parametrize(
    ("name", "wins", "rate", "low", "high"),
    [
        ("first_pass", 52, 0.90, 0.76, 0.96),
        ("opus4_second_pass", 45, 0.83, 0.67, 0.93),
        ("gpt-4o", 53, 0.95, 0.82, 0.98),
        ("gemini-2.5-flash-lite", 54, 0.94, 0.81, 0.99),
    ],
)
def test_each_pass_has_its_rate_by_prompt(
    imported: Import, name: str, wins: int, rate: float, low: float, high: float
) -> None:
    """The published plain rate is there, and beside it the rate by prompt with the interval that 25 prompts allow."""
    panel = imported(FILES[name])[None, None]
    assert wins / 57 == pytest.approx(panel["strict_rate"], abs=1e-12)
    interval = panel["interval"]
    assert (rate, low, high) == tuple(
        round(value, 2) for value in (panel["win_rate"], interval["low"], interval["high"])
    )
    assert "better" == panel["verdict"]


def test_the_first_pass_has_two_judges(imported: Import, expected: dict[str, Any]) -> None:
    """40 of 42 by one, 12 of 15 by the other: no one judge gave 52 of 57."""
    found = imported(FILES["first_pass"])
    assert {None, SONNET, OPUS} == {judge for judge, _ in found}
    for judge, key, wins, n in ((SONNET, "sonnet-3.5_only", 40, 42), (OPUS, "opus-4_only", 12, 15)):
        known, standing = expected["win_rates"][f"first_pass/{key}"], found[judge, None]
        assert (wins, 0, n - wins) == (known["tuned"], known["tie"], known["baseline"]) == counts(standing)
        assert wins / n == pytest.approx(standing["strict_rate"], abs=1e-12)
        assert known["distinct_prompts"] == standing["n_prompts"]


@pytest.mark.parametrize("name", FILES)
def test_every_section_has_its_counts(imported: Import, expected: dict[str, Any], name: str) -> None:
    """Section by section, and together they are all there is."""
    found, known = imported(FILES[name]), expected["win_rates_by_config"][name]
    assert {None, *known} == {section for _, section in found}
    for section, numbers in known.items():
        assert (numbers["tuned"], numbers["tie"], numbers["baseline"]) == counts(found[None, section])
    sections = [counts(found[None, section]) for section in known]
    assert counts(found[None, None]) == tuple(map(sum, zip(*sections, strict=True)))


def test_the_table_says_how_many_prompts_there_are(study: Path, cli: Callable[..., Any]) -> None:
    """57 judgments of 42 pairs from 25 prompts, in the table that is printed."""
    result = cli("import", "brie-exports", study / FILES["first_pass"], "--run", "study")
    table = [
        [cell.strip() for cell in line.split("|")[1:-1]] for line in result.out.splitlines() if line.startswith("|")
    ]
    heads, panel = table[0], next(line for line in table if "all judges" in line[1])
    found = dict(zip(heads, panel, strict=True))
    assert ("25", "42", "57", "0") == tuple(found[head] for head in ("prompts", "pairs", "judgments", "failures"))
    assert ("90.0 %", "52 / 0 / 5") == (found["win rate"], found["W / T / L"])


def test_four_passes_keep_their_judges_apart(imported: Import, expected: dict[str, Any]) -> None:
    """A judge named in several files is several judges, each with the numbers of its file; pairs are not multiplied."""
    found = imported(*FILES.values())
    first, second = FILES["first_pass"], FILES["opus4_second_pass"]
    assert {
        None,
        f"{SONNET}@{first}",
        f"{OPUS}@{first}",
        f"{SONNET}@{second}",
        f"{OPUS}@{second}",
        "gpt-4o",
        "gemini-2.5-flash-lite",
    } == {judge for judge, _ in found}
    assert (40, 0, 2) == counts(found[f"{SONNET}@{first}", None])
    assert (12, 0, 3) == counts(found[f"{OPUS}@{first}", None])
    second_pass = [counts(found[f"{judge}@{second}", None]) for judge in (SONNET, OPUS)]
    assert (45, 1, 11) == tuple(map(sum, zip(*second_pass, strict=True)))
    for judge in ("gpt-4o", "gemini-2.5-flash-lite"):
        known = expected["win_rates"][f"{judge}/all_rows"]
        assert (known["tuned"], known["tie"], known["baseline"]) == counts(found[judge, None])
    panel, pooled = found[None, None], expected["win_rates"]["pooled_4_files_228_rows"]
    assert (pooled["tuned"], pooled["tie"], pooled["baseline"]) == counts(panel)
    assert (228, 42, 25) == tuple(panel[key] for key in ("n_judgments", "n_pairs", "n_prompts"))


def test_the_wrong_winners_of_the_first_file_count_for_nothing(
    study: Path, imported: Import, expected: dict[str, Any]
) -> None:
    """The file with the inverted winners gives the numbers of the corrected one: the words decide."""
    panel, known = imported(f"{FIRST}.jsonl")[None, None], expected["win_rates"]["first_pass/all_rows"]
    assert (known["tuned"], known["tie"], known["baseline"]) == counts(panel)
    assert known["by_prompt"]["mean_of_prompt_means"] == pytest.approx(panel["win_rate"], abs=1e-9)


def test_the_recorded_winners_are_there_to_be_compared(study: Path, expected: dict[str, Any]) -> None:
    """32 of the first file's differ from the words, and 28 were recorded as wins; none of the corrected file's does."""
    parser = expected["parser"]
    wrong, right = (records(study / f"{name}.jsonl") for name in (FIRST, CORRECTED))
    differing = [each for each in wrong if each.recorded_winner is not judged(each).winner]
    assert 32 == parser["rows_where_buggy_differs_from_fixed"] == len(differing)
    assert all(judged(each).shown is Order.CONTENDER_FIRST for each in differing)
    assert parser["tuned_wins_buggy"] == Counter(each.recorded_winner for each in wrong)[Winner.CONTENDER]
    assert all(each.recorded_winner is judged(each).winner for each in right)
    assert [judged(each).winner for each in wrong] == [judged(each).winner for each in right]


def test_the_out_of_domain_file_is_imported(imported: Import, expected: dict[str, Any]) -> None:
    """The other spelling, by a judge that nobody wrote down: 7 wins, 1 tie, 7 losses."""
    found, known = imported(OUT_OF_DOMAIN), expected["win_rates"]["out_of_domain/all_rows"]
    assert {None, "unknown"} == {judge for judge, _ in found}
    assert {None, "coding", "math", "practical", "creative", "factual"} == {section for _, section in found}
    panel = found[None, None]
    assert (7, 1, 7) == (known["tuned"], known["tie"], known["baseline"]) == counts(panel)
    assert (15, 15, 15) == tuple(panel[key] for key in ("n_judgments", "n_pairs", "n_prompts"))
    assert (0.5, "inconclusive") == (pytest.approx(panel["win_rate"]), panel["verdict"])


# recorded completions, judged anew


def test_recorded_completions_are_judged_by_the_offline_judges(
    shared: Path, tmp_path: Path, cli: Callable[..., Any]
) -> None:
    """A suite of the study's prompts, its completions on both sides, the measuring judges: a run like any other."""
    pairs = shared / "brie_3b" / "pairs.jsonl"
    texts = Counter(row["prompt"] for row in rows(pairs))
    sections = []
    folder = tmp_path / "study"
    folder.mkdir()
    for repeats in sorted(set(texts.values())):
        prompts = [prompt for prompt, n in texts.items() if n == repeats]
        name = f"asked-{repeats}"
        lines = [json.dumps({"id": f"{name}-{number}", "text": prompt}) for number, prompt in enumerate(prompts)]
        (folder / f"{name}.jsonl").write_text("\n".join(lines), "utf-8")
        kind = "reproducibility" if repeats > 1 else "in_domain"
        sections.append({"name": name, "kind": kind, "prompts": f"{name}.jsonl", "repeats": repeats})
    (folder / "suite.yaml").write_text(json.dumps({"name": "study", "title": "The study anew", "sections": sections}))
    sides = {
        name: {"name": "recorded", "options": {"model": str(pairs), "text": name}} for name in ("baseline", "tuned")
    }
    config = tmp_path / "run.yaml"
    config.write_text(
        json.dumps(
            {"baseline": {"name": "baseline", "model": sides["baseline"]}, "contenders": {"tuned": sides["tuned"]}}
        )
    )
    result = cli("run", folder, "-c", config)
    assert 0 == result.status, result.err
    [path] = Path("runs").glob("*/leaderboard.json")
    board = json.loads(path.read_text("utf-8"))
    found = {each["judge"]: each for each in board["standings"] if each["section"] is None}
    assert {None, "variety", "cadence", "echo"} == set(found)
    n = sum(texts.values())
    assert (len(texts), n, 6 * n, 0) == tuple(
        found[None][key] for key in ("n_prompts", "n_pairs", "n_judgments", "n_failures")
    )
    assert found[None]["interval"]["low"] <= found[None]["win_rate"] <= found[None]["interval"]["high"]
    again = cli("run", folder, "-c", config)
    assert result.out == again.out
