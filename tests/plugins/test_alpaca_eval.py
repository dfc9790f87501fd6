"""AlpacaEval's annotations: graded preferences kept, orders recovered where they can be, broken files told."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brie_bench_alpaca_eval as alpaca
import pytest
from conftest import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brie_bench import Failure, Imported, Judgment, Order, Unreadable, Winner
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.records.importing import import_records
from brie_bench.errors import BrieError
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager
from brie_bench.report.reading import read_table

Cli = Callable[..., Result]


def completion(first: float, text: str | None = None, **changes: Any) -> dict[str, Any]:
    """A judge's raw answer, with the probability of `m`: the text shown first is the better."""
    listed = [{"token": token, "logprob": math.log(p)} for token, p in (("m", first), ("M", 1.0 - first)) if p > 0.0]
    answer = text or ("m" if first > 0.5 else "M")
    content = [{"token": answer, "top_logprobs": [{"token": "The", "logprob": -20.0}, *listed]}]
    return {"finish_reason": "length", "logprobs": {"content": content}, "text": answer, **changes}


def entry(number: int = 1, preference: Any = 1.25, **changes: Any) -> dict[str, Any]:
    """One annotation of `tuned` against `base`."""
    fields = {
        "instruction": f"What is the use of the number {number}?",
        "output_1": f"The number {number}.",
        "generator_1": "base",
        "dataset": "counting",
        "output_2": f"It counts {number} things, and is kind to them.",
        "generator_2": "tuned",
        "annotator": "weighted",
        "preference": preference,
        "raw_completion": None,
    }
    return {**fields, **changes}


def without(value: dict[str, Any], *keys: str) -> dict[str, Any]:
    """`value` without these keys."""
    return {key: each for key, each in value.items() if key not in keys}


def write(path: Path, value: Any) -> Path:
    """A JSON file, as AlpacaEval writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value, indent=2))
    return path


def read(*paths: Path) -> list[Any]:
    """What the importer makes of these files."""
    return list(alpaca.AlpacaEval().read(paths))


def read_one(tmp_path: Path, value: dict[str, Any]) -> Any:
    """What the importer makes of a file with one entry."""
    (found,) = read(write(tmp_path / "annotations.json", [value]))
    return found


def judged(tmp_path: Path, preference: Any, **changes: Any) -> Judgment:
    """The judgment of one entry."""
    found = read_one(tmp_path, entry(preference=preference, **changes))
    assert isinstance(found, Imported)
    assert isinstance(found.outcome, Judgment)
    return found.outcome


# preferences


@pytest.mark.parametrize(
    ("winner", "expected", "preference"),
    [
        (Winner.BASELINE, 0.0, 1),
        (Winner.BASELINE, 0.0, 1.0),
        (Winner.CONTENDER, 1.0, 2),
        (Winner.CONTENDER, 0.75, 1.75),
        (Winner.BASELINE, 0.4999, 1.4999),
        (Winner.CONTENDER, 2**-52 + 0.5, 1.5 + 2**-52),
        (Winner.TIE, 0.5, 1.5),
        (Winner.TIE, 0.5, 0),
        (Winner.TIE, 0.5, 0.0),
    ],
)
def test_a_preference_is_kept_graded(tmp_path: Path, winner: Winner, expected: float, preference: float) -> None:
    """1 is the baseline, 2 the contender, 1.5 and the older 0 a draw; the winner is on its side of ½."""
    found = judged(tmp_path, preference)
    assert winner is found.winner
    assert found.preference == pytest.approx(expected, abs=1e-15)


@pytest.mark.parametrize(
    ("reason", "preference"),
    [
        ("'preference' is 2.01: it must lie between 1 and 2", 2.01),
        ("'preference' is 0.99: it must lie between 1 and 2", 0.99),
        ("'preference' is -1: it must lie between 1 and 2", -1),
        ("'preference' is 1e+308: it must lie between 1 and 2", 1e308),
        ("'preference' is 10000000000000000000: it must lie between 1 and 2", 10**400),
        ("'preference' is nan: it must lie between 1 and 2", math.nan),
        ("'preference' is inf: it must lie between 1 and 2", math.inf),
        ("'preference' is no number", "1.5"),
        ("'preference' is no number", True),
        ("'preference' is no number", [1.5]),
    ],
)
def test_a_preference_that_is_none_is_not_read(tmp_path: Path, reason: str, preference: Any) -> None:
    """Told by file, line and entry; the others are read."""
    path = write(tmp_path / "annotations.json", [entry(1), entry(2, preference), entry(3)])
    first, bad, last = read(path)
    assert isinstance(first, Imported)
    assert isinstance(last, Imported)
    assert ("annotations.json", f"entry 2: {reason}") == (bad.source, bad.reason)
    assert 2 + len(json.dumps([entry(1)], indent=2).splitlines()) - 2 == bad.line


def test_an_entry_without_an_annotation_is_a_failure(tmp_path: Path) -> None:
    """`null` is no draw."""
    found = read_one(tmp_path, entry(preference=None, raw_completion={"text": "M"}))
    assert isinstance(found, Imported)
    assert Failure(kind="unparsed", message="no preference is recorded", raw="M") == found.outcome
    assert not found.graded


def test_generator_2_is_the_contender(tmp_path: Path) -> None:
    """Whatever the judge saw first; each has its own text."""
    found = read_one(tmp_path, entry())
    assert ("tuned", "base", "weighted") == (found.contender, found.baseline, found.judge)
    assert "It counts 1 things, and is kind to them." == found.comparison.contender.text
    assert "The number 1." == found.comparison.baseline.text
    item = found.comparison.item
    assert ("counting", "in_domain", "What is the use of the number 1?") == (item.section, item.kind, item.prompt.text)


@given(share=st.floats(0.0, 1.0), shown=st.sampled_from([*Order, None]))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_swapping_the_two_mirrors_the_judgment(tmp_path: Path, share: float, shown: Order | None) -> None:
    """Contender and baseline exchanged, the preference turned round: the same judgment, mirrored."""
    preference = 1.0 + share
    raw = None if shown is None else completion(share if shown == "contender_first" else 1.0 - share)
    here = judged(tmp_path, preference, raw_completion=raw)
    there = judged(tmp_path, 3.0 - preference, raw_completion=raw)
    assert here.preference is not None
    assert there.preference is not None
    assert 1.0 - here.preference == pytest.approx(there.preference, abs=1e-12)
    mirrored = {Winner.CONTENDER: Winner.BASELINE, Winner.BASELINE: Winner.CONTENDER, Winner.TIE: Winner.TIE}
    assert mirrored[here.winner] is there.winner
    if here.shown is not None:
        assert {here.shown, there.shown} == set(Order)


# orders


@given(first=st.floats(0.0, 1.0).filter(lambda p: abs(p - 0.5) > 2e-4), order=st.sampled_from(list(Order)))
@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_order_is_recovered_from_log_probabilities(tmp_path: Path, first: float, order: Order) -> None:
    """Where P(m) is the contender's preference it was shown first, where it is the rest the baseline was."""
    preferred = first if order == "contender_first" else 1.0 - first
    found = judged(tmp_path, 1.0 + preferred, raw_completion=completion(first))
    assert (order, order) == (found.labels, found.shown)
    assert ("m" if first > 0.5 else "M") == found.verdict.raw
    assert found.verdict.preference_a == pytest.approx(first, abs=1e-9)


@pytest.mark.parametrize(
    ("expected", "preference", "raw"),
    [
        ("contender_first", 1.9, {"text": "m"}),
        ("baseline_first", 1.9, {"text": " M\n"}),
        ("baseline_first", 1.1, "m"),
        ("contender_first", 1, {"text": "M", "logprobs": None}),
        ("contender_first", 2, completion(0.8)),  # a binary annotator: the letter is what counts
        ("baseline_first", 2, completion(0.2)),
        (None, 1.55, {"text": "m"}),
        (None, 1.5, {"text": "m"}),
        (None, 1.5, completion(0.5)),
        (None, 1.50003, completion(0.50003)),
        (None, 1.7, completion(0.9)),
        (None, 2, {"text": "both are good"}),
        (None, 2, {}),
        (None, 2, []),
        (None, 2, {"logprobs": {"content": []}}),
        (None, 2, {"logprobs": {"content": [{"top_logprobs": "m"}]}}),
        (None, 2, {"logprobs": {"content": [{"top_logprobs": [{"token": "m", "logprob": "high"}]}]}}),
        (None, 2, {"logprobs": {"content": [{"top_logprobs": [{"token": "m", "logprob": 1e6}]}]}}),
        (None, 2, {"logprobs": {"content": [{"top_logprobs": [{"token": ["m"], "logprob": 0}]}]}}),
    ],
)
def test_an_order_is_recovered_where_only_one_fits(
    tmp_path: Path, expected: str | None, preference: float, raw: Any
) -> None:
    """By the letter alone where the preference is clearly on one side; otherwise nobody knows, and nothing is made up."""
    found = judged(tmp_path, preference, raw_completion=raw)
    assert expected == found.shown
    assert (expected or "baseline_first") == found.labels
    assert bool(expected) == bool(found.verdict.raw)


def test_a_letter_that_is_not_listed_has_no_probability(tmp_path: Path) -> None:
    """Only `m` among the listed tokens: P(m) is 1."""
    assert "contender_first" == judged(tmp_path, 2, raw_completion=completion(1.0)).shown


def test_the_last_token_counts_where_the_first_is_no_letter(tmp_path: Path) -> None:
    """An annotator that reasons first puts its letter last."""
    reasoned = completion(0.45)
    reasoned["logprobs"]["content"].insert(0, {"token": "First", "top_logprobs": [{"token": "First", "logprob": 0.0}]})
    assert "baseline_first" == judged(tmp_path, 1.55, raw_completion=reasoned).shown


# fields


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("key 'preference' is missing", without(entry(), "preference", "output_1", "output_2")),
        ("key 'generator_1' is missing", without(entry(), "generator_1")),
        ("key 'generator_2' is missing", without(entry(), "generator_2")),
        ("key 'instruction' is missing", without(entry(), "instruction")),
        ("'instruction' is empty", entry(instruction=" \n")),
        ("'instruction' is no text", entry(instruction=["x"])),
        ("'output_2' is no text", entry(output_2={"text": "x"})),
        ("'generator_2' is no text", entry(generator_2=None)),
        ("'annotator' is no text", entry(annotator=4)),
        ("key 'judge': must not be empty", entry(annotator="  ")),
        ("'dataset' is no text", entry(dataset=4)),
        ("'???' holds nothing that a name may hold", entry(generator_1="???")),
    ],
)
def test_an_entry_that_is_no_annotation_is_not_read(tmp_path: Path, reason: str, value: dict[str, Any]) -> None:
    """With the key and what is wrong with it."""
    found = read_one(tmp_path, value)
    assert isinstance(found, Unreadable)
    assert f"entry 1: {reason}" == found.reason


def test_what_is_not_recorded_has_a_plain_name(tmp_path: Path) -> None:
    """No annotator is `unknown`, no dataset the section `all`."""
    found = read_one(tmp_path, without(entry(), "annotator", "dataset"))
    assert ("unknown", "all") == (found.judge, found.comparison.item.section)


def test_names_become_legal_and_never_one(tmp_path: Path) -> None:
    """`org/model 7B (v2)` has its spaces and signs replaced; a second name that would be the same is told."""
    names = ["org/model 7B (v2)", "org-model-7B-v2", "org/model 7B (v2)"]
    path = write(tmp_path / "a.json", [entry(number, generator_2=name) for number, name in enumerate(names)])
    first, second, third = read(path)
    assert ("org-model-7B-v2", "org-model-7B-v2") == (first.contender, third.contender)
    assert (
        "entry 2: 'org/model 7B (v2)' and 'org-model-7B-v2' would both be called 'org-model-7B-v2'; rename one"
        == second.reason
    )


def test_outputs_fill_in_the_texts_that_are_lacking(tmp_path: Path) -> None:
    """By generator and instruction, whatever the order of the files; what the annotations hold comes first."""
    asked = entry()["instruction"]
    outputs = [
        {"instruction": asked, "output": "mine", "generator": "tuned"},
        {"instruction": asked, "output": "theirs", "generator": "base"},
        {"instruction": asked, "output": "of a third", "generator": "third"},
    ]
    annotations = write(
        tmp_path / "annotations.json", [without(entry(), "output_1", "output_2"), entry(output_2=None), entry(9)]
    )
    files = [annotations, *(write(tmp_path / f"{each['generator']}.json", [each]) for each in outputs)]
    for paths in (files, files[::-1]):
        bare, half, whole = read(*paths)
        assert ("mine", "theirs", True) == (
            bare.comparison.contender.text,
            bare.comparison.baseline.text,
            bare.texts,
        )
        assert ("mine", "The number 1.") == (half.comparison.contender.text, half.comparison.baseline.text)
        assert "The number 9." == whole.comparison.baseline.text


def test_outputs_that_cannot_be_read_are_told(tmp_path: Path) -> None:
    """A second text of one generator for one instruction, an entry without one, a broken file."""
    asked = entry()["instruction"]
    outputs = [
        {"instruction": asked, "output": "mine", "generator": "tuned"},
        {"instruction": asked, "output": "mine", "generator": "tuned"},
        {"instruction": asked, "output": "another", "generator": "tuned"},
        {"output": "x", "generator": "tuned"},
    ]
    path = write(tmp_path / "outputs.json", outputs)
    path.write_text(path.read_text()[:-1])
    reasons = [
        each.reason for each in read(path, write(tmp_path / "a.json", [entry()])) if isinstance(each, Unreadable)
    ]
    assert [
        "entry 3: another output of 'tuned' for the same instruction",
        "entry 4: key 'instruction' is missing",
        "not valid JSON after entry 4: the file ends within the array",
    ] == reasons


def test_texts_that_are_not_recorded_are_not_made_up(tmp_path: Path, cli: Cli) -> None:
    """Nothing is said of their length, none counts as empty, and nobody can judge them again."""
    values = [without(entry(number, 1.75), "output_1", "output_2") for number in range(8)]
    done = cli("import", "alpaca-eval", write(tmp_path / "a.json", values), "--run", "bare")
    assert 0 == done.status, done.err
    board = json.loads(Path("runs/bare/leaderboard.json").read_text())
    assert (8, 8, 0.75) == tuple(board["standings"][0][key] for key in ("n_prompts", "n_pairs", "win_rate"))
    assert {None} == {row["length_ratio"] for row in board["length"]}
    assert not {"empty-completions", "truncated-completions", "identical-completions"} & {
        each["code"] for each in board["findings"]
    }
    again = cli("judge", "bare", "--judge", "coin")
    assert (2, "brie-bench: the records of 'bare' hold no texts: there is nothing to judge.\n") == (
        again.status,
        again.err,
    )


# files


def test_files_of_several_models_are_one_judge_s(tmp_path: Path) -> None:
    """Twelve models' annotations share an annotator, and that is one judge."""
    paths = [write(tmp_path / name / "annotations.json", [entry(generator_2=name, output_2=name)]) for name in "xy"]
    with Ledger(tmp_path) as ledger:
        run = import_records(read(*paths), ledger, "r", "alpaca-eval").run
        table = read_table(ledger, run)
    assert (["weighted"], ["x", "y"]) == ([each.name for each in table.judges], [c.name for c in table.contenders])
    assert (1, 2) == (len(table.prompts), len(table.pairs))


def test_two_files_of_one_model_are_two_passes(tmp_path: Path) -> None:
    """They have names of their own, by folder where the files' are the same; other models' judge keeps his."""
    paths = [
        write(tmp_path / "1" / "annotations.json", [entry(1), entry(1, generator_2="other")]),
        write(tmp_path / "2" / "annotations.json", [entry(1)]),
    ]
    with Ledger(tmp_path) as ledger:
        run = import_records(read(*paths), ledger, "r", "alpaca-eval").run
        judges = [each["name"] for each in json.loads(run.record)["judges"]]
    assert ["weighted@1/annotations.json", "weighted", "weighted@2/annotations.json"] == judges


def test_the_same_file_twice_is_refused(tmp_path: Path, cli: Cli) -> None:
    """Named twice or copied, its rows would count twice."""
    path = write(tmp_path / "a.json", [entry()])
    write(tmp_path / "b.json", [entry()])
    for other in (path, tmp_path / "b.json"):
        done = cli("import", "alpaca-eval", path, other, "--run", "r")
        assert (1, 1) == (done.status, done.err.count("\n"))
        assert "the same file as a.json: it would count twice." in done.err


def test_rows_that_occur_twice_are_told(tmp_path: Path, cli: Cli) -> None:
    """Both count as rows of one answer, the pair counts once, and the audit says so; a minified file is no other."""
    values = [entry(number, 1.75) for number in range(7)]
    path = tmp_path / "a.json"
    path.write_text(json.dumps([*values, values[0], values[0]]))
    assert 0 == cli("import", "alpaca-eval", path, "--run", "r").status
    board = json.loads(Path("runs/r/leaderboard.json").read_text())
    assert (9, 7, 7) == tuple(board["standings"][0][key] for key in ("n_judgments", "n_pairs", "n_prompts"))
    assert "duplicate-judgments" in {each["code"] for each in board["findings"]}
    with Ledger(Path("runs")) as ledger:
        assert [(9, 7)] == ledger.select("SELECT count(*), count(DISTINCT verdict) FROM judging")


def test_a_graded_import_is_soft_by_default_and_says_so(tmp_path: Path, cli: Cli) -> None:
    """One failure among the preferences changes nothing."""
    values = [entry(number, preference) for number, preference in enumerate([1.75, 1.6, 1.0, 1.5, 2, 1.9, 1.9, None])]
    done = cli("import", "alpaca-eval", write(tmp_path / "a.json", values), "--run", "r")
    assert (0, "imported 8 judgments as run r, 1 of them failures\n") == (done.status, done.err)
    assert "graded (soft) preferences" in done.out
    board = json.loads(Path("runs/r/leaderboard.json").read_text())
    panel = board["standings"][0]
    assert True is panel["soft"]
    assert (5, 1, 1, 1) == tuple(panel[key] for key in ("wins", "ties", "losses", "n_failures"))
    assert panel["win_rate"] == pytest.approx(4.65 / 7, abs=1e-12)
    assert True is json.loads(Path("runs/r/run.json").read_text())["graded"]


def test_judges_of_graded_records_are_not_graded_themselves(tmp_path: Path, cli: Cli) -> None:
    """Judging the recorded texts again makes verdicts, whatever the records held."""
    cli("import", "alpaca-eval", write(tmp_path / "a.json", [entry()]), "--run", "r")
    assert 0 == cli("judge", "r", "--judge", "longer").status
    (again,) = (folder for folder in Path("runs").glob("*/") if folder.name != "r")
    assert "graded" not in json.loads((again / "run.json").read_text())
    assert False is json.loads((again / "leaderboard.json").read_text())["standings"][0]["soft"]


def test_a_model_may_meet_itself(tmp_path: Path, cli: Cli) -> None:
    """The reference against itself: all draws, a win rate of ½."""
    values = [entry(number, 1.5, generator_2="base", output_2=f"The number {number}.") for number in range(8)]
    assert 0 == cli("import", "alpaca-eval", write(tmp_path / "a.json", values), "--run", "r").status
    panel = json.loads(Path("runs/r/leaderboard.json").read_text())["standings"][0]
    assert ("base", "base", 0, 8, 0, 0.5) == tuple(
        panel[key] for key in ("contender", "baseline", "wins", "ties", "losses", "win_rate")
    )


def test_several_baselines_are_refused(tmp_path: Path) -> None:
    """One leaderboard has one baseline."""
    path = write(tmp_path / "a.json", [entry(1), entry(2, generator_1="another")])
    with Ledger(tmp_path) as ledger, pytest.raises(BrieError, match="several baselines: another, base"):
        import_records(read(path), ledger, "r", "alpaca-eval")


# broken files

GOOD = json.dumps(entry())


@pytest.mark.parametrize(
    ("n", "line", "reason", "text"),
    [
        (0, 1, "the file is empty", ""),
        (0, 3, "the file is empty", " \n\n\t"),
        (0, 1, "a JSON array belongs here", GOOD),
        (0, 1, "a JSON array belongs here", "null"),
        (0, 2, "a JSON array belongs here", "\nannotations"),
        (1, 1, "not valid JSON after entry 1: the file ends within the array", f"[{GOOD}"),
        (1, 2, "not valid JSON after entry 1: Expecting value (line 2)", f"[{GOOD},\n"),
        (1, 1, "not valid JSON after entry 1: Expecting value (line 1)", f"[{GOOD},]"),
        (1, 2, "not valid JSON after entry 1: Unterminated string starting at (line 3)", f'[{GOOD},\n{{\n"x'),
        (1, 1, "not valid JSON after entry 1: ',' or ']' is missing", f"[{GOOD} {GOOD}]"),
        (1, 2, "not valid JSON after entry 1: something follows the array", f"[{GOOD}]\n[]"),
        (0, 1, "not valid JSON after entry 0: nested too deep", "[" * 100_000),
        (0, 1, "not valid JSON after entry 0: Exceeds the limit", f'[{{"preference": {"9" * 5000}}}]'),
        (0, 1, "not UTF-8 after entry 0", b"[\xff]"),
    ],
)
def test_a_broken_file_is_told_by_line(tmp_path: Path, n: int, line: int, reason: str, text: str | bytes) -> None:
    """What stands before the break is read."""
    path = tmp_path / "a.json"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    *found, bad = read(path)
    assert (n, line) == (len(found), bad.line)
    assert bad.reason.startswith(reason)


def test_an_error_early_in_a_long_entry_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Reading on would not help, and costs memory."""
    monkeypatch.setattr(alpaca, "CHUNK", 1000)
    path = tmp_path / "a.json"
    path.write_text('[{"x": oops, "y": "' + "z" * 100_000)
    (bad,) = read(path)
    assert "not valid JSON after entry 0: Expecting value (line 1)" == bad.reason


def test_an_entry_without_an_end_is_not_held_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bound on what one entry may take."""
    monkeypatch.setattr(alpaca, "CHUNK", 1000)
    monkeypatch.setattr(alpaca, "LONGEST", 20_000)
    path = tmp_path / "a.json"
    path.write_text('[{"x": "' + "z" * 100_000)
    (bad,) = read(path)
    assert "not valid JSON after entry 0: an entry of more than 20000 characters" == bad.reason


@pytest.mark.parametrize("value", ["text", 1.5, None, True, [entry()]])
def test_an_entry_that_is_no_object_is_told(tmp_path: Path, value: Any) -> None:
    """And passed over."""
    path = write(tmp_path / "a.json", [entry(1), value, entry(2)])
    first, bad, last = read(path)
    assert isinstance(first, Imported)
    assert isinstance(last, Imported)
    assert f"entry 2: a {type(value).__name__} where a JSON object belongs" == bad.reason


@pytest.mark.parametrize("chunk", range(1, 9))
def test_a_number_does_not_end_where_a_piece_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """`12` and `34` may be 1234, wherever the pieces that are read end."""
    monkeypatch.setattr(alpaca, "CHUNK", chunk)
    path = tmp_path / "a.json"
    path.write_text('[1234, true, -Infinity, {"x": 12}]')
    kinds = [
        f"entry {number}: a {kind} where a JSON object belongs"
        for number, kind in enumerate(["int", "bool", "float"], 1)
    ]
    assert [*kinds, {"x": 12}] == [value for _, _, value in alpaca.entries(path)]


def test_an_empty_array_holds_no_judgment(tmp_path: Path, cli: Cli) -> None:
    """One line, nothing recorded."""
    done = cli("import", "alpaca-eval", write(tmp_path / "a.json", []), "--run", "r")
    assert (1, "brie-bench: no judgment could be read.\n") == (done.status, done.err)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
OBJECTS = st.lists(st.dictionaries(st.text(), JSON, max_size=5), max_size=6)


@given(values=OBJECTS, chunk=st.integers(1, 40), indent=st.sampled_from([None, 0, 2]), ascii_only=st.booleans())
@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_array_is_read_as_json_reads_it(
    tmp_path: Path, values: list[Any], chunk: int, indent: int | None, ascii_only: bool
) -> None:
    """Wherever the pieces that are read end; each entry with its number and the line it begins on."""
    text = json.dumps(values, indent=indent, ensure_ascii=ascii_only)
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8", newline="")
    before, alpaca.CHUNK = alpaca.CHUNK, chunk
    try:
        found = list(alpaca.entries(path))
    finally:
        alpaca.CHUNK = before
    assert values == [value for _, _, value in found]
    assert list(range(1, len(values) + 1)) == [number for _, number, _ in found]
    lines = text.split("\n")
    assert all("{" in lines[line - 1] for line, _, _ in found)


@given(values=OBJECTS, chunk=st.integers(1, 40), cut=st.floats(0.0, 1.0, exclude_max=True))
@settings(max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_off_anywhere_gives_its_beginning_and_one_complaint(
    tmp_path: Path, values: list[Any], chunk: int, cut: float
) -> None:
    """Never a wrong entry, never silence."""
    text = json.dumps(values, indent=1)
    path = tmp_path / "a.json"
    path.write_text(text[: int(cut * len(text))], encoding="utf-8", newline="")
    before, alpaca.CHUNK = alpaca.CHUNK, chunk
    try:
        *found, (_, _, complaint) = alpaca.entries(path)
    finally:
        alpaca.CHUNK = before
    assert isinstance(complaint, str)
    assert values[: len(found)] == [value for _, _, value in found]


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("preference", GOOD.replace("{", '{"preference": 1, ', 1)),
        ("token", GOOD.replace("{", '{"raw_completion": {"logprobs": {"token": "m", "token": "M"}}, ', 1)),
    ],
)
def test_a_key_that_occurs_twice_is_told(tmp_path: Path, key: str, text: str) -> None:
    """Nobody knows which of the two was meant; the entries round it are read."""
    path = tmp_path / "a.json"
    path.write_text(f"[{GOOD},\n{text},\n{GOOD}]")
    before, bad, after = Catalog(make_manager()).importer("alpaca-eval").read([path])
    assert isinstance(before, Imported)
    assert isinstance(after, Imported)
    assert Unreadable(source="a.json", line=2, reason=f"entry 2: key '{key}' occurs twice") == bad
