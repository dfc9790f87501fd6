"""FastChat's pair judgments: two games a line, labels by the game, winners from the judge's words."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from brie_bench_fastchat import FastChat
from conftest import Result
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brie_bench import Failure, Imported, Judgment, Unreadable

Cli = Callable[..., Result]
SAID = {"A": "[[A]]", "B": "[[B]]", "tie": "[[C]]"}


def row(question: Any = 81, first: str = "A", second: str = "B", **changes: Any) -> dict[str, Any]:
    """A line: `ours` is model_1, `theirs` model_2; what the judge said of each game, and what FastChat made of it."""
    named = [
        {"A": "model_1", "B": "model_2", "tie": "tie"}.get(first, "error"),
        {"A": "model_2", "B": "model_1", "tie": "tie"}.get(second, "error"),
    ]
    fields = {
        "question_id": question,
        "model_1": "ours",
        "model_2": "theirs",
        "g1_winner": named[0],
        "g2_winner": named[1],
        "judge": ["gpt-4", "pair-v2"],
        "g1_user_prompt": "[User Question] …",
        "g2_user_prompt": "[User Question] …",
        "g1_judgment": f"I prefer one of them. {SAID.get(first, first)}",
        "g2_judgment": f"I prefer one of them. {SAID.get(second, second)}",
        "turn": 1,
        "tstamp": 1700000000.5,
    }
    return {**fields, **changes}


def question(number: Any = 81, category: str = "writing", turns: Any = ("Write.", "Write more.")) -> dict[str, Any]:
    """A line of question.jsonl."""
    return {"question_id": number, "category": category, "turns": list(turns)}


def answer(model: str, number: Any = 81, **changes: Any) -> dict[str, Any]:
    """A line of a model's answers."""
    turns = [f"{model} on {number}.", f"{model} more on {number}."]
    fields = {"question_id": number, "model_id": model, "choices": [{"index": 0, "turns": turns}], "tstamp": 1600000000}
    return {**fields, **changes}


def write(path: Path, *rows: Any) -> Path:
    """A JSONL file; text goes in as it is."""
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in rows))
    return path


def read(*paths: Path, **options: Any) -> list[Any]:
    """What the importer makes of these files."""
    return list(FastChat(FastChat.Options(**options)).read(paths))


def games(tmp_path: Path, *rows: Any, **options: Any) -> list[Imported]:
    """The judgments and failures of one file."""
    found = read(write(tmp_path / "judgments.jsonl", *rows), **options)
    assert [] == [each for each in found if isinstance(each, Unreadable)]
    return found


def judgment_of(game: Imported) -> Judgment:
    """A game's judgment."""
    assert isinstance(game.outcome, Judgment)
    return game.outcome


def test_each_line_is_two_judgments(tmp_path: Path) -> None:
    """Game 1 shows model_1 as Assistant A, game 2 model_2; model_2 is the baseline."""
    one, two = games(tmp_path, row())
    assert [("ours", "theirs", "gpt-4", 1)] * 2 == [
        (game.contender, game.baseline, game.judge, game.line) for game in (one, two)
    ]
    assert ("A", "contender_first", "contender_first", "contender") == (
        judgment_of(one).verdict.label,
        judgment_of(one).labels,
        judgment_of(one).shown,
        judgment_of(one).winner,
    )
    assert ("B", "baseline_first", "baseline_first", "contender") == (
        judgment_of(two).verdict.label,
        judgment_of(two).labels,
        judgment_of(two).shown,
        judgment_of(two).winner,
    )
    assert ["contender", "contender"] == [one.recorded_winner, two.recorded_winner]
    assert "2023-11-14T22:13:20.500000+00:00" == judgment_of(one).judged_at.isoformat()  # type: ignore[union-attr]


@given(first=st.sampled_from(["A", "B", "tie"]), second=st.sampled_from(["A", "B", "tie"]), named=st.booleans())
@settings(max_examples=18, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_winner_that_was_written_down_is_what_the_text_says(
    tmp_path: Path, first: str, second: str, named: bool
) -> None:
    """Whichever model is the baseline: FastChat names models, and turned game 2 round itself."""
    options = {"baseline": "ours"} if named else {}
    for game in games(tmp_path, row(first=first, second=second), **options):
        assert judgment_of(game).winner == game.recorded_winner


def test_the_baseline_may_be_the_other_model(tmp_path: Path) -> None:
    """Names, labels, orders and recorded winners are mirrored."""
    (one, two), (uno, due) = games(tmp_path, row()), games(tmp_path, row(), baseline="ours")
    assert [("theirs", "ours")] * 2 == [(game.contender, game.baseline) for game in (uno, due)]
    for here, there in ((one, uno), (two, due)):
        assert {"contender_first", "baseline_first"} == {judgment_of(here).labels, judgment_of(there).labels}
        assert judgment_of(here).verdict == judgment_of(there).verdict
        assert {"contender", "baseline"} == {judgment_of(here).winner, judgment_of(there).winner}
        assert {"contender", "baseline"} == {here.recorded_winner, there.recorded_winner}


def test_the_baseline_may_stand_on_either_side(tmp_path: Path) -> None:
    """Where it is model_1, game 1 shows it first."""
    one, two = games(tmp_path, row(), row(82, model_1="theirs", model_2="ours"))[2:]
    assert ("ours", "theirs") == (one.contender, one.baseline)
    assert ["baseline_first", "contender_first"] == [judgment_of(one).shown, judgment_of(two).shown]
    assert ["baseline", "baseline"] == [judgment_of(one).winner, judgment_of(two).winner]


def test_a_line_without_the_baseline_is_not_read(tmp_path: Path) -> None:
    """The first line's model_2 is the baseline of all, or the one that is named."""
    path = write(tmp_path / "j.jsonl", row(), row(82, model_2="third"))
    *_, bad = read(path)
    assert (2, "the baseline 'theirs' is neither model") == (bad.line, bad.reason)
    bad, one, _ = read(path, baseline="third")
    assert (1, "the baseline 'third' is neither model") == (bad.line, bad.reason)
    assert ("ours", "third") == (one.contender, one.baseline)


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("unparsed", "Both are fine."),
        ("unparsed", ""),
        ("contradictory", "[[A]], no, [[B]]"),
        ("error", "$ERROR$"),
    ],
)
def test_a_text_without_a_verdict_is_a_failure(tmp_path: Path, kind: str, text: str) -> None:
    """An `error` is no recorded winner; the order it was shown in is kept."""
    one, two = games(tmp_path, row(g1_judgment=text, g1_winner="error"))
    assert isinstance(one.outcome, Failure)
    assert (kind, text) == (one.outcome.kind, one.outcome.raw)
    assert (None, "contender_first", "contender_first") == (one.recorded_winner, one.labels, one.shown)
    assert isinstance(two.outcome, Judgment)


def test_a_winner_without_a_verdict_stays_beside_the_failure(tmp_path: Path) -> None:
    """So that the audit can say that a failure was recorded as a verdict."""
    (one, _) = games(tmp_path, row(g1_judgment="Well.", g1_winner="model_1"))
    assert "contender" == one.recorded_winner


def test_without_questions_and_answers_the_prompt_says_which_question_it_is(tmp_path: Path) -> None:
    """And no text is made up."""
    one, _ = games(tmp_path, row())
    item = one.comparison.item
    assert ("question 81, turn 1", "q81-turn1", "all") == (item.prompt.text, item.prompt.id, item.section)
    assert ("", "", False) == (one.comparison.contender.text, one.comparison.baseline.text, one.texts)


def test_questions_and_answers_fill_in_prompt_section_and_texts(tmp_path: Path) -> None:
    """Whatever the order of the files; the later answer's time is kept."""
    judgments = write(tmp_path / "j.jsonl", row())
    known = write(tmp_path / "question.jsonl", question())
    answers = write(tmp_path / "answers.jsonl", answer("ours"), answer("theirs", tstamp=1650000000))
    for paths in ([judgments, known, answers], [answers, known, judgments]):
        one, two = read(*paths)
        item = one.comparison.item
        assert ("Write.", "writing") == (item.prompt.text, item.section)
        assert ("ours on 81.", "theirs on 81.", True) == (
            one.comparison.contender.text,
            one.comparison.baseline.text,
            one.texts,
        )
        assert one.comparison == two.comparison
        assert 1650000000 == one.completed_at.timestamp()


def test_the_time_of_one_answer_alone_says_nothing(tmp_path: Path) -> None:
    """The later of the two may be the other."""
    path = write(tmp_path / "j.jsonl", row(), answer("ours"), answer("theirs", tstamp=None))
    assert [None, None] == [each.completed_at for each in read(path)]


def test_a_second_turn_is_judged_with_the_first(tmp_path: Path) -> None:
    """The judge saw the whole conversation, and so do prompt and texts."""
    files = [write(tmp_path / "a.jsonl", question(), answer("ours"), answer("theirs"))]
    one, _ = read(write(tmp_path / "j.jsonl", row(turn=2)), *files)
    assert ("Turn 1: Write.\n\nTurn 2: Write more.", "q81-turn2") == (
        one.comparison.item.prompt.text,
        one.comparison.item.prompt.id,
    )
    assert "Turn 1: ours on 81.\n\nTurn 2: ours more on 81." == one.comparison.contender.text


def test_one_turn_may_be_read_alone(tmp_path: Path) -> None:
    """Two turns of a question are hardly independent."""
    path = write(tmp_path / "j.jsonl", row(), row(turn=2), row(82))
    assert [1, 1, 3, 3] == [each.line for each in read(path, turn=1)]
    assert [2, 2] == [each.line for each in read(path, turn=2)]


@pytest.mark.parametrize(
    "changes",
    [
        {"choices": []},
        {"choices": [{}]},
        {"choices": None},
        {"choices": [{"turns": []}]},
        {"choices": [{"turns": [None]}]},
        {"choices": [{"turns": "ours"}]},
        {"model_id": None},
    ],
)
def test_an_answer_that_is_none_leaves_the_texts_unknown(tmp_path: Path, changes: dict[str, Any]) -> None:
    """Neither text is kept where one is lacking: half a pair is no pair."""
    path = write(tmp_path / "j.jsonl", row(), question(), answer("theirs"), answer("ours", **changes))
    assert [False, False] == [each.texts for each in read(path)]


@pytest.mark.parametrize("turns", [[], None, [None], "Write.", {"1": "Write."}])
def test_a_question_that_is_none_leaves_its_number(tmp_path: Path, turns: Any) -> None:
    """As if it were not given."""
    one, _ = read(write(tmp_path / "j.jsonl", row(), {**question(), "turns": turns}))
    assert "question 81, turn 1" == one.comparison.item.prompt.text


def test_a_judge_with_several_templates_is_several_judges(tmp_path: Path) -> None:
    """Its name alone is enough where it used one."""
    rows = [row(81), row(82, judge=["gpt-4", "pair-math-v1"]), row(83, judge=["claude-v1", "pair-v2"])]
    assert ["gpt-4/pair-v2", "gpt-4/pair-math-v1", "claude-v1"] == [each.judge for each in games(tmp_path, *rows)[::2]]


@pytest.mark.parametrize(
    ("expected", "judge"), [("gpt-4", "gpt-4"), ("unknown", None), ("unknown", []), ("unknown", [" ", "x"])]
)
def test_a_judge_may_be_a_name_or_nobody(tmp_path: Path, expected: str, judge: Any) -> None:
    """A list of name and template, a name, or `unknown`."""
    assert expected == games(tmp_path, row(judge=judge))[0].judge


@pytest.mark.parametrize("value", [None, "yesterday", True, 1e300, -1e300, [1]])
def test_a_time_that_is_none_is_left_out(tmp_path: Path, value: Any) -> None:
    """A judgment needs no clock."""
    assert [None, None] == [judgment_of(game).judged_at for game in games(tmp_path, row(tstamp=value))]


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        ("key 'model_1' is missing", {"question_id": 1, "model": "ours", "judgment": "[[7]]", "score": 7}),
        ("key 'question_id' is missing", {key: value for key, value in row().items() if key != "question_id"}),
        ("key 'g2_judgment' is missing", {key: value for key, value in row().items() if key != "g2_judgment"}),
        ("'g2_judgment' is no text", row(g2_judgment=None)),
        ("'model_2' is no text", row(model_2=2)),
        ("'ours' is compared with itself", row(model_2="ours")),
        ("'turn' is no whole number from 1", row(turn=0)),
        ("'turn' is no whole number from 1", row(turn="1")),
        ("'turn' is no whole number from 1", row(turn=True)),
        ("'!' holds nothing that a name may hold", row(model_1="!")),
        ("not valid JSON: NaN is no JSON number", json.dumps(row(tstamp=float("nan")))),
        ("not valid JSON: key 'turn' occurs twice", '{"turn": 1, "turn": 2}'),
        ("a list where a JSON object belongs", "[]"),
        ("not valid JSON: Unterminated string starting at (column 2)", '{"question_id'),
        ("not valid JSON: nested too deep", '{"x": ' + "[" * 100_000),
    ],
)
def test_a_line_that_is_no_pair_of_games_is_not_read(tmp_path: Path, reason: str, line: Any) -> None:
    """All of it or nothing; the other lines are read."""
    *good, bad = read(write(tmp_path / "j.jsonl", row(1), line, row(3)))
    good = [each for each in (*good, bad) if isinstance(each, Imported)]
    (bad,) = [each for each in read(tmp_path / "j.jsonl") if isinstance(each, Unreadable)]
    assert [1, 1, 3, 3] == [each.line for each in good]
    assert (2, reason) == (bad.line, bad.reason.rstrip("."))


def test_an_empty_file_holds_no_judgment(tmp_path: Path, cli: Cli) -> None:
    """One line, nothing recorded."""
    done = cli("import", "fastchat", write(tmp_path / "j.jsonl"), "--run", "r")
    assert (1, "brie-bench: no judgment could be read.\n") == (done.status, done.err)


@pytest.mark.parametrize(
    ("status", "expected", "option"),
    [
        (1, "importer 'fastchat': key 'basline' is not known. Did you mean 'baseline'?", "basline=x"),
        (1, "importer 'fastchat': key 'baseline': must be text.", "baseline=3"),
        (1, "importer 'fastchat': key 'baseline': must not be empty.", "baseline=''"),
        (1, "importer 'fastchat': key 'turn': input should be greater than or equal to 1.", "turn=0"),
        (1, "no judgment could be read. j.jsonl:1: the baseline '3' is neither model", "baseline='3'"),
        (2, "--option 'baseline' is no KEY=VALUE.", "baseline"),
        (2, "--option '=x' is no KEY=VALUE.", "=x"),
    ],
)
def test_a_wrong_option_is_one_line(tmp_path: Path, cli: Cli, status: int, expected: str, option: str) -> None:
    """With the option's name and the mend."""
    done = cli("import", "fastchat", write(tmp_path / "j.jsonl", row()), "--run", "r", "-o", option)
    assert (status, 1) == (done.status, done.err.count("\n"))
    assert done.err.startswith(f"brie-bench: {expected}")


def test_an_option_given_twice_is_refused(tmp_path: Path, cli: Cli) -> None:
    """Neither of the two is meant more than the other."""
    path = write(tmp_path / "j.jsonl", row())
    done = cli("import", "fastchat", path, "--run", "r", "-o", "baseline=ours", "--option", "baseline=theirs")
    assert (2, "brie-bench: --option 'baseline' is given twice.\n") == (done.status, done.err)


def test_the_leaderboard_counts_both_games(tmp_path: Path, cli: Cli) -> None:
    """Wins, ties, failures, and what flips with the order."""
    rows = [row(1, "A", "B"), row(2, "A", "A"), row(3, "tie", "tie"), row(4, "B", "A"), row(5, "B", "?")]
    done = cli(
        "import", "fastchat", write(tmp_path / "j.jsonl", *rows), "--run", "r", "-o", "baseline=ours", "-o", "turn=1"
    )
    assert (0, "imported 10 judgments as run r, 1 of them failures\n") == (done.status, done.err)
    board = json.loads(Path("runs/r/leaderboard.json").read_text())
    panel = board["standings"][0]
    expected = {"contender": "theirs", "wins": 4, "ties": 2, "losses": 3, "n_failures": 1, "n_pairs": 5, "n_prompts": 5}
    assert expected == {key: panel[key] for key in expected}
    assert 0.25 == board["position"][0]["flip_rate"]
    assert False is panel["soft"]
