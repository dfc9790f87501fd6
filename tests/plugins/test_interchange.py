"""The interchange format: what a line may say, what it may not, and that a run comes back as it went."""

from __future__ import annotations

import functools
import json
import os
import re
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from brie_bench_interchange import Interchange, InterchangeOut
from conftest import ROOT, Result, judge_class, model_class, plugin_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

import brie_bench.plugin.catalog
from brie_bench import (
    Exporter,
    Failed,
    Failure,
    Imported,
    Judgment,
    Presentation,
    Record,
    Request,
    Unreadable,
    Verdict,
    hookimpl,
)
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.records.exporting import records_of
from brie_bench.engine.records.importing import import_records
from brie_bench.plugin.manager import make_manager
from brie_bench.report.reading import read_table
from brie_bench.schemas import schema_of

Cli = Callable[..., Result]


def line(**changes: Any) -> dict[str, Any]:
    """The shortest line that says all; a change to None leaves a key out."""
    fields = {
        "prompt": "Is a hole something?",
        "contender": "tuned",
        "baseline": "base",
        "contender_text": "You can fall into it.",
        "baseline_text": "Yes.",
        "judge": "reader",
        "labels": "baseline_first",
        "label": "B",
        **changes,
    }
    return {key: value for key, value in fields.items() if value is not None}


def write(path: Path, *lines: Any) -> Path:
    """A JSONL file; text goes in as it is."""
    path.write_text("".join((each if isinstance(each, str) else json.dumps(each)) + "\n" for each in lines))
    return path


def read(*paths: Path) -> list[Any]:
    """What the importer makes of these files."""
    return list(Interchange().read(paths))


def read_one(tmp_path: Path, value: Any) -> Any:
    """What the importer makes of one line."""
    (found,) = read(write(tmp_path / "one.jsonl", value))
    return found


def outcome(tmp_path: Path, **changes: Any) -> Judgment | Failure:
    """What came of one line."""
    found = read_one(tmp_path, line(**changes))
    assert isinstance(found, Imported), found
    return found.outcome


def judgment(tmp_path: Path, **changes: Any) -> Judgment:
    """The judgment of one line."""
    found = outcome(tmp_path, **changes)
    assert isinstance(found, Judgment), found
    return found


# a line


def test_the_shortest_line_is_a_judgment(tmp_path: Path) -> None:
    """Eight keys that anybody can write; nothing is known about who was shown first."""
    found = read_one(tmp_path, line())
    assert ("tuned", "base", "reader", 1, "one.jsonl") == (
        found.contender,
        found.baseline,
        found.judge,
        found.line,
        found.source,
    )
    assert ("contender", "B", "baseline_first", None, None) == (
        found.outcome.winner,
        found.outcome.verdict.label,
        found.outcome.labels,
        found.outcome.shown,
        found.outcome.preference,
    )
    assert ("all", "in_domain", 1, "Is a hole something?") == (
        found.comparison.item.section,
        found.comparison.item.kind,
        found.comparison.item.repeat,
        found.comparison.item.prompt.text,
    )
    assert (True, False) == (found.texts, found.graded)


@pytest.mark.parametrize(
    ("winner", "changes"),
    [
        ("contender", {"labels": "contender_first", "label": "A"}),
        ("contender", {"labels": "baseline_first", "label": "B"}),
        ("baseline", {"labels": "contender_first", "label": "B"}),
        ("baseline", {"labels": "baseline_first", "label": "A", "shown": "contender_first"}),
        ("tie", {"label": "tie"}),
        ("contender", {"label": None, "winner": "contender"}),
        ("contender", {"label": None, "winner": "contender", "labels": None}),
        ("baseline", {"label": None, "winner": "baseline", "labels": "contender_first"}),
        ("contender", {"label": None, "raw": "Winner: B"}),
        ("baseline", {"label": None, "raw": "so [[B]] it is", "labels": "contender_first"}),
        ("contender", {"label": None, "preference": 0.75}),
        ("baseline", {"label": None, "preference": 0.25, "labels": None}),
        ("tie", {"label": None, "preference": 0.5}),
        ("contender", {"label": None, "probabilities": {"A": 0.2, "B": 0.7, "tie": 0.1}}),
        ("tie", {"label": None, "probabilities": {"tie": 1.0}}),
        ("contender", {"label": None, "raw": "M", "preference": 0.9}),
        ("contender", {"winner": "contender", "preference": 0.5, "raw": "Winner: B"}),
        ("tie", {"label": "tie", "preference": 0.7}),
        ("contender", {"recorded_winner": "baseline"}),
    ],
)
def test_a_line_says_its_verdict_in_any_of_these_ways(tmp_path: Path, winner: str, changes: dict[str, Any]) -> None:
    """By slot, by name, in words or graded; `labels` alone decides what a letter means."""
    assert winner == judgment(tmp_path, **changes).winner


@pytest.mark.parametrize(
    ("expected", "changes"),
    [
        (0.75, {"label": None, "preference": 0.75}),
        (0.75, {"label": None, "preference": 0.75, "labels": "contender_first"}),
        (0.75, {"label": None, "probabilities": {"A": 0.2, "B": 0.7, "tie": 0.1}}),
        (0.25, {"label": None, "probabilities": {"A": 0.2, "B": 0.7, "tie": 0.1}, "labels": "contender_first"}),
        (0.5, {"label": "B", "probabilities": {"A": 0.45, "B": 0.45, "tie": 0.1}}),
        (0.75, {"label": "tie", "probabilities": {"B": 0.5, "tie": 0.5}}),
        (0.6, {"label": "B", "preference": 0.6}),
    ],
)
def test_a_graded_preference_is_kept(tmp_path: Path, expected: float, changes: dict[str, Any]) -> None:
    """P(contender) + ½ P(tie), whoever was called A."""
    assert judgment(tmp_path, **changes).preference == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("graded", "changes"),
    [
        (True, {"label": None, "preference": 0.75}),
        (True, {"label": None, "probabilities": {"A": 1.0}, "raw": "m"}),
        (False, {"preference": 0.75}),
        (False, {"label": None, "winner": "contender", "preference": 0.75}),
        (False, {"label": None, "raw": "[[B]]", "preference": 0.75}),
        (False, {}),
    ],
)
def test_only_a_line_without_a_verdict_is_graded(tmp_path: Path, graded: bool, changes: dict[str, Any]) -> None:
    """A preference beside a verdict is a detail of it."""
    assert graded is read_one(tmp_path, line(**changes)).graded


@pytest.mark.parametrize(
    ("reason", "changes"),
    [
        ("'label' A means baseline by 'labels', and 'winner' is contender", {"label": "A", "winner": "contender"}),
        ("'label' tie means tie by 'labels', and 'winner' is baseline", {"label": "tie", "winner": "baseline"}),
        ("'preference' is 0.4, and the verdict is contender", {"preference": 0.4}),
        ("'preference' is 0.6, and the verdict is baseline", {"label": "A", "preference": 0.6}),
        ("'preference' is 0.9, and the verdict is tie", {"label": "tie", "preference": 0.9}),
        ("'preference' is 0.1, and the verdict is contender", {"label": None, "raw": "[[B]]", "preference": 0.1}),
        (
            "'preference' is 0.1, and the verdict is contender",
            {"label": None, "winner": "contender", "preference": 0.1},
        ),
        (
            "'probabilities' give a preference of 0.2, and 'preference' is 0.8",
            {"label": None, "preference": 0.8, "probabilities": {"A": 0.8, "B": 0.2}},
        ),
        (
            "'probabilities' give a preference of 0.075, and the verdict is contender",
            {"probabilities": {"A": 0.9, "B": 0.05, "tie": 0.05}},
        ),
        (
            "'probabilities' give a preference of 0.8, and the verdict is baseline",
            {"label": None, "raw": "[[A]]", "probabilities": {"A": 0.2, "B": 0.8}},
        ),
        (
            "'probabilities' give a preference of 0.9, and the verdict is tie",
            {"label": "tie", "probabilities": {"B": 0.8, "tie": 0.2}},
        ),
        ("a failure has no verdict: remove 'failure' or 'label'", {"failure": {"kind": "timeout"}}),
        (
            "a failure has no verdict: remove 'failure' or 'raw'",
            {"failure": {"kind": "error"}, "label": None, "raw": "x"},
        ),
        ("give either 'prompt' or 'messages', and one of them", {"messages": [{"role": "user", "content": "x"}]}),
        ("give either 'prompt' or 'messages', and one of them", {"prompt": None}),
    ],
)
def test_a_line_that_contradicts_itself_is_not_read(tmp_path: Path, reason: str, changes: dict[str, Any]) -> None:
    """With the reason; nobody guesses which half is right."""
    found = read_one(tmp_path, line(**changes))
    assert isinstance(found, Unreadable)
    assert reason == found.reason


@pytest.mark.parametrize(
    ("reason", "value"),
    [
        ("key 'judge' is missing", line(judge=None)),
        ("key 'contender' is missing", line(contender=None)),
        ("key 'lable' is not known. Did you mean 'label'?", line(lable="A")),
        ("'label' speaks of A and B, and 'labels' does not say who was called A", line(labels=None)),
        ("'raw' speaks of A and B, and 'labels'", line(labels=None, label=None, winner="tie", raw="x")),
        (
            "'scores' speaks of A and B, and 'labels'",
            line(labels=None, label=None, winner="tie", scores={"A": {"depth": 1}}),
        ),
        ("'probabilities' speaks of A and B", line(labels=None, label=None, probabilities={"A": 1})),
        (
            "nothing says what the judge said: give one of label, raw, winner, preference, probabilities",
            line(label=None),
        ),
        ("nothing says what the judge said", line(label=None, raw="")),
        ("key 'label': input should be 'A', 'B' or 'tie'", line(label="a")),
        ("key 'labels': input should be 'baseline_first' or 'contender_first'", line(labels="AB")),
        ("key 'contender': 'a b' is no name", line(contender="a b")),
        ("key 'prompt': must not be empty", line(prompt=" ")),
        ("key 'judge': must not be empty", line(judge=" ")),
        ("key 'preference': input should be less than or equal to 1", line(label=None, preference=1.5)),
        ("key 'preference': a number belongs here, without quotes", line(label=None, preference="0.5")),
        ("key 'preference': a number belongs here, without quotes", line(label=None, preference=True)),
        ("not valid JSON: NaN is no JSON number", json.dumps(line(label=None, preference=float("nan")))),
        (
            "key 'preference': input should be a finite number",
            json.dumps(line(label=None, preference=2)).replace("2", "1e999"),
        ),
        ("key 'probabilities.C", line(label=None, probabilities={"C": 1})),
        ("probabilities must sum to 1, not 0.500", line(label=None, probabilities={"A": 0.5})),
        ("scores are for A and B; a tie is no text", line(scores={"tie": {"depth": 3}})),
        ("key 'scores.A.depth': input should be less than or equal to 5", line(scores={"A": {"depth": 7}})),
        ("key 'repeat': input should be greater than or equal to 1", line(repeat=0)),
        ("key 'temperature': input should be less than or equal to 2", line(temperature=3)),
        ("key 'judged_at': a time is text, such as 2026-02-28T12:00:00Z", line(judged_at=5)),
        ("key 'judged_at': input should be a valid datetime", line(judged_at="yesterday")),
        ("key 'failure.kind'", line(label=None, failure={"kind": "tired"})),
        ("turn 1 is the assistant's", line(prompt=None, messages=[{"role": "assistant", "content": "x"}])),
        ("a list where a JSON object belongs", "[]"),
        ("not valid JSON: key 'judge' occurs twice", '{"judge": "a", "judge": "b"}'),
        ("not valid JSON: ", '{"prompt": "x"'),
        ("not valid JSON: nested too deep", '{"x": ' * 100_000),
    ],
)
def test_a_line_that_is_no_record_is_not_read(tmp_path: Path, reason: str, value: Any) -> None:
    """Told by file and line with key and reason; the lines round it are read."""
    before, bad, after = read(write(tmp_path / "x.jsonl", line(), value, line(label="A")))
    assert isinstance(before, Imported)
    assert isinstance(after, Imported)
    assert ("x.jsonl", 2) == (bad.source, bad.line)
    assert reason in bad.reason


@pytest.mark.parametrize(
    ("kind", "raw"),
    [("unparsed", "Both are fine."), ("contradictory", "[[A]] or rather [[B]]"), ("unparsed", "Winner: C")],
)
def test_words_without_a_verdict_are_a_failure(tmp_path: Path, kind: str, raw: str) -> None:
    """Never a guess; the words are kept."""
    found = outcome(tmp_path, label=None, raw=raw)
    assert isinstance(found, Failure)
    assert (kind, raw) == (found.kind, found.raw)


def test_contradictory_words_are_a_failure_beside_a_preference_too(tmp_path: Path) -> None:
    """The preference may be of either."""
    assert "contradictory" == getattr(outcome(tmp_path, label=None, raw="[[A]] [[B]]", preference=0.9), "kind", None)


def test_a_recorded_failure_stays_one(tmp_path: Path) -> None:
    """With its kind, message, words and time, and with the order it was asked in."""
    failure = {"kind": "timeout", "message": "no answer within 60 s", "raw": "Win"}
    found = read_one(
        tmp_path,
        line(
            label=None, failure=failure, shown="baseline_first", judged_at="2026-02-28T12:00:00Z", recorded_winner="tie"
        ),
    )
    assert isinstance(found.outcome, Failure)
    assert failure == found.outcome.model_dump(mode="json", include={"kind", "message", "raw"})
    assert "2026-02-28T12:00:00+00:00" == found.outcome.failed_at.isoformat()
    assert ("baseline_first", "baseline_first", "tie") == (found.labels, found.shown, found.recorded_winner)


@pytest.mark.parametrize(
    ("winner", "recorded", "changes"),
    [
        ("baseline", "contender", {"label": "B"}),
        ("baseline", "contender", {"label": None, "winner": "contender"}),
        ("baseline", "tie", {"label": "tie"}),
        ("contender", "baseline", {"label": "A", "raw": "On reflection, [[B]]"}),
        ("baseline", "contender", {"label": "B", "recorded_winner": "baseline"}),
        ("baseline", "tie", {"label": "A", "recorded_winner": "tie"}),
        ("baseline", None, {"label": "A"}),
        ("contender", None, {"label": "B", "raw": "[[A]] or rather [[B]]"}),
        ("contender", None, {"label": "B", "raw": "B, I think"}),
        ("contender", None, {"label": "B", "raw": '{"winner": "B", "rationale": "A reader who says [[A]] is wrong."}'}),
    ],
)
def test_a_judge_s_words_count_and_not_what_somebody_made_of_them(
    tmp_path: Path, winner: str, recorded: str | None, changes: dict[str, Any]
) -> None:
    """A label or winner beside an answer that says something else is a recorded winner; beside one that says nothing, and
    beside one in JSON, it stands."""
    found = read_one(tmp_path, line(**{"raw": "Clearly the first.\nWinner: A", **changes}))
    assert (winner, recorded) == (found.outcome.winner, found.recorded_winner)


@pytest.mark.parametrize("lacking", ["contender_text", "baseline_text"])
def test_a_text_that_is_left_out_is_not_recorded(tmp_path: Path, lacking: str) -> None:
    """An empty one is."""
    assert False is read_one(tmp_path, line(**{lacking: None})).texts
    assert True is read_one(tmp_path, line(**{lacking: ""})).texts


FULL = line(
    prompt=None,
    messages=[
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Why?"},
        {"role": "assistant", "content": "Why not?"},
        {"role": "user", "content": "Well?"},
    ],
    prompt_id="why-1",
    section="warm",
    kind="temperature",
    temperature=1.0,
    top_p=0.9,
    max_tokens=64,
    seed=7,
    repeat=2,
    contender_finish="stop",
    baseline_finish="length",
    shown="contender_first",
    scores={"A": {"depth": 2}, "B": {"depth": 4}},
    rationale="It goes deeper.",
    judged_at="2026-02-28T12:00:00Z",
    completed_at="2026-02-27T12:00:00+01:00",
)


def test_texts_that_are_not_recorded_are_a_pair_of_their_item(tmp_path: Path) -> None:
    """One prompt at two temperatures is two pairs; judged twice, one of them is still one."""
    bare = {"contender_text": None, "baseline_text": None}
    path = write(
        tmp_path / "x.jsonl",
        line(**bare, temperature=0.5),
        line(**bare, temperature=1.0),
        line(**bare, temperature=1.0, judge="another"),
    )
    with Ledger.in_memory() as ledger:
        table = read_table(ledger, import_records(read(path), ledger, "r", "jsonl").run)
    assert (2, 1) == (len(set(table.rows.pair.tolist())), len(table.prompts))


def test_a_line_may_say_everything(tmp_path: Path) -> None:
    """Nothing of it is lost on the way in."""
    found = read_one(tmp_path, FULL)
    item = found.comparison.item
    assert ("why-1", 4, "warm", "temperature", 2) == (
        item.prompt.id,
        len(item.prompt.messages),
        item.section,
        item.kind,
        item.repeat,
    )
    assert {"temperature": 1.0, "top_p": 0.9, "max_tokens": 64, "seed": 7} == item.sampling.model_dump()
    assert ("stop", "length") == (found.comparison.contender.finish_reason, found.comparison.baseline.finish_reason)
    assert ("baseline_first", "contender_first") == (found.outcome.labels, found.outcome.shown)
    assert {"A": {"depth": 2}, "B": {"depth": 4}} == found.outcome.verdict.scores
    assert "It goes deeper." == found.outcome.verdict.rationale
    assert found.completed_at < found.outcome.judged_at


def test_a_line_that_says_everything_comes_back_whole(tmp_path: Path) -> None:
    """Key by key, through the ledger."""
    with Ledger.in_memory() as ledger:
        run = import_records(read(write(tmp_path / "x.jsonl", FULL)), ledger, "r", "jsonl").run
        InterchangeOut().write(records_of(ledger, run), tmp_path / "y.jsonl")
    assert FULL == json.loads((tmp_path / "y.jsonl").read_text())


def test_a_file_that_cannot_be_read_twice_is_refused(tmp_path: Path, cli: Cli) -> None:
    """A pipe would be empty, or never end, when it is read again."""
    os.mkfifo(tmp_path / "pipe")
    done = cli("import", "jsonl", "pipe", "--run", "r")
    assert (1, "brie-bench: pipe: no regular file, and it is read twice. Save it to a file first.\n") == (
        done.status,
        done.err,
    )


def test_the_same_words_are_one_prompt(tmp_path: Path) -> None:
    """Under whatever id, and without one under one made of the words."""
    one, two, three = read(write(tmp_path / "x.jsonl", line(), line(prompt_id="p"), line(prompt="Another?")))
    prompts = [each.comparison.item.prompt for each in (one, two, three)]
    assert prompts[0].key == prompts[1].key != prompts[2].key
    assert prompts[0].id != prompts[2].id


# the document and the schema


def test_the_document_s_example_is_read(tmp_path: Path) -> None:
    """Its two lines are two wins, as it says, and satisfy the published schema."""
    (text,) = re.findall(r"```jsonl\n(.*?)```", (ROOT / "docs" / "interchange.md").read_text("utf-8"), re.DOTALL)
    found = read(write(tmp_path / "x.jsonl", text.rstrip()))
    assert [("contender", "B", None), ("contender", "A", "contender_first")] == [
        (each.outcome.winner, each.outcome.verdict.label, each.outcome.shown) for each in found
    ]
    for each in text.splitlines():
        Draft202012Validator(json.loads((ROOT / "schemas" / "record.schema.json").read_text())).validate(
            json.loads(each)
        )


def test_the_document_names_every_key_and_kind() -> None:
    """Nothing of the format is undocumented."""
    text = (ROOT / "docs" / "interchange.md").read_text("utf-8")
    kinds = schema_of("record")["$defs"]["FailureKind"]["enum"]
    assert [] == [name for name in (*Record.model_fields, *kinds) if f"`{name}`" not in text]


KEYS: dict[str, list[Any]] = {
    "prompt": ["x", " ", "", 5, None],
    "messages": [[], [{"role": "user", "content": "x"}], [{"role": "robot", "content": "x"}], "x"],
    "prompt_id": ["p", "p q", None],
    "section": ["s", "", None],
    "kind": ["length", "none"],
    "temperature": [0, 2.0, 2.1, "1", None],
    "repeat": [1, 0, 1.0, True],
    "contender": ["c", "", "c d", None],
    "contender_text": ["", "x", 5, None],
    "contender_finish": ["stop", "end"],
    "judge": ["j", "", " ", None],
    "labels": ["contender_first", "AB", None],
    "shown": ["baseline_first", "AB", None],
    "label": ["A", "tie", "C", None],
    "winner": ["tie", "A", None],
    "preference": [0, 0.5, 1, 1.1, -0.1, "0", True, None],
    "probabilities": [{"A": 0.5, "B": 0.5}, {"A": "1"}, {"C": 1}, None],
    "raw": ["", "x", 5, None],
    "scores": [{}, {"A": {"depth": 3}}, {"A": {"depth": 6}}, {"A": {"depth": 3.0}}, {"A": {"depth": True}}, {"C": {}}],
    "rationale": ["", "x", None],
    "failure": [{"kind": "error"}, {"kind": "none"}, {}, None],
    "judged_at": ["2026-02-28T12:00:00Z", 5, None],
    "unknown": [1],
}


@given(
    base=st.sampled_from(
        [line(), line(label=None, preference=0.5), line(label=None, failure={"kind": "error"}, labels=None)]
    ),
    changes=st.lists(
        st.sampled_from(sorted(KEYS)).flatmap(lambda key: st.tuples(st.just(key), st.sampled_from(KEYS[key]))),
        max_size=4,
    ),
    removed=st.sets(st.sampled_from(sorted(KEYS)), max_size=2),
)
@settings(max_examples=400, deadline=None)
def test_the_schema_and_the_code_accept_the_same_lines(
    base: dict[str, Any], changes: list[tuple[str, Any]], removed: set[str]
) -> None:
    """What an editor lets pass is read, and what it marks is not."""
    value = {key: each for key, each in {**base, **dict(changes)}.items() if key not in removed}
    try:
        Record.model_validate(value)
    except ValidationError:
        accepted = False
    else:
        accepted = True
    assert accepted == VALIDATOR.is_valid(value), value


VALIDATOR = Draft202012Validator(schema_of("record"))


# there and back


def board_of(cli: Cli, run: str, *, folder: str = "runs") -> dict[str, Any]:
    """A run's leaderboard, without what names the run itself and findings about its records."""
    done = cli("leaderboard", run, "--format", "json", "--runs", folder)
    assert 0 == done.status, done.err
    return {
        key: value
        for key, value in json.loads(done.out).items()
        if key not in ("runs", "suites", "records", "findings")
    }


def there_and_back(cli: Cli, run: str, suite: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run's leaderboard, and that of its export imported elsewhere; `suite` is what the run's suite is called."""
    out = cli("export", run, "--out", "out.jsonl", "--force")
    assert 0 == out.status, out.err
    back = cli("import", "jsonl", "out.jsonl", "--run", suite, "--runs", "elsewhere")
    assert 0 == back.status, back.err
    assert "unreadable" not in back.err
    return board_of(cli, run), board_of(cli, suite, folder="elsewhere")


def plug(monkeypatch: pytest.MonkeyPatch, *plugins: Any) -> None:
    """Let commands find these plugins beside the installed ones."""
    monkeypatch.setattr(brie_bench.plugin.catalog, "make_manager", functools.partial(make_manager, list(plugins)))


def moody(shown: Presentation) -> Verdict:
    """Fails on some presentations, ties on others, grades the rest."""
    number = len(shown.a) * 7 + len(shown.b)
    if number % 3 == 0:
        raise Failed("unparsed", "it said nothing", raw="Hm.")
    if number % 3 == 1:
        return Verdict(label="tie", raw="Winner: Tie", scores={"A": {"depth": 3}, "B": {"depth": 3}})
    return Verdict(label="B", probabilities={"A": 0.3, "B": 0.5, "tie": 0.2}, rationale="It is\nlater.")


def halting(request: Request) -> str:
    """Answers most prompts."""
    if request.messages[-1].content.count("2"):
        raise Failed("refused", "it would not")
    return f"Well, {request.messages[-1].content.lower()}"


@pytest.mark.parametrize("arguments", [(), ("--order", "random"), ("--judge-repeats", "2", "--limit", "6")])
def test_the_embedded_default_comes_back_with_its_failures(
    cli: Cli, suite: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, arguments: Sequence[str]
) -> None:
    """A judge that fails, ties and grades, a contender that refuses, in both orders or one, once or twice."""
    plug(monkeypatch, plugin_of(judges=(judge_class("moody", moody),), models=(model_class("halting", halting),)))
    contenders = (
        "--baseline",
        "plain=ngram/plain",
        "--contender",
        "authored=ngram/authored",
        "--contender",
        "h=halting",
    )
    judges = ("--judge", "variety", "--judge", "moody", "--judge", "echo")
    sections = {"kind": "temperature", "temperatures": [0.5, 1.0]}
    done = cli("run", suite(7, section=sections), *contenders, *judges, *arguments)
    assert 0 == done.status, done.err
    (run,) = (folder.name for folder in Path("runs").glob("*/"))
    before, after = there_and_back(cli, run, "tiny")
    failures = [row["n_failures"] for row in before["standings"] if row["section"] is None]
    assert all(failures[at] for at in (0, 2, 4, 5, 6))
    assert before == after


def test_an_answer_that_serves_several_conditions_comes_back_as_one(cli: Cli, suite: Callable[..., Path]) -> None:
    """Recorded completions are the same at every temperature: judged once, and no retest, there and here."""
    sides = []
    for name in ("plain", "tuned"):
        lines = [{"prompt": f"What is the use of the number {n}?", "text": f"{name} {n}" * (n + 1)} for n in range(9)]
        sides.append(f"{name}=recorded/{write(Path(f'{name}.jsonl'), *lines)}")
    section = {"kind": "temperature", "temperatures": [0.5, 1.0]}
    done = cli("run", suite(6, section=section), "--baseline", sides[0], "--contender", sides[1], "--judge", "longer")
    assert 0 == done.status, done.err
    (run,) = (folder.name for folder in Path("runs").glob("*/"))
    before, after = there_and_back(cli, run, "tiny")
    assert [0] == [row["n_same"] for row in before["retest"]]
    assert before == after
    assert "duplicate-judgments" not in cli("audit", "tiny", "--runs", "elsewhere").out
    judgings = Counter(json.loads(each)["judging"] for each in Path("out.jsonl").read_text().splitlines())
    assert {2} == set(judgings.values())


def test_an_unfinished_run_comes_back_as_unfinished(cli: Cli, suite: Callable[..., Path]) -> None:
    """What was planned and never made is a failure there and here."""
    cli("run", suite(8), "--judge", "variety", "--judge", "cadence", "--order", "both")
    (run,) = (folder.name for folder in Path("runs").glob("*/"))
    with sqlite3.connect("runs/ledger.sqlite") as ledger:
        ledger.execute("DELETE FROM judging WHERE comparison = 3 OR judge = 'cadence' AND labels = 'contender_first'")
        ledger.execute("DELETE FROM judging WHERE comparison = 5")
        ledger.execute("DELETE FROM comparison WHERE number = 5")
    ledger.close()
    before, after = there_and_back(cli, run, "tiny")
    assert [14, 4, 10] == [row["n_failures"] for row in before["standings"] if row["section"] is None]
    assert before == after
    said = [json.loads(each) for each in Path("out.jsonl").read_text().splitlines()]
    assert 2 * 8 * 2 == len(said)
    missing = [each for each in said if "failure" in each]
    assert {"it was planned and never judged: a completion is missing"} == {
        each["failure"]["message"] for each in missing if "contender_text" not in each
    }
    assert {1} == set(Counter((each["prompt"], each["judge"], each["labels"]) for each in said).values())


def graded_lines() -> Iterator[dict[str, Any]]:
    """A graded study: letters in both orders, one failure, a prompt asked twice."""
    for number in range(9):
        order = ["baseline_first", "contender_first"][number % 2]
        said = {"label": None, "preference": number / 8, "raw": "M", "labels": order, "shown": order}
        yield line(prompt=f"Why {number % 8}?", contender_text=f"Since {number}.", **said)
    yield line(prompt="Why?", label=None, failure={"kind": "refused"})


def test_a_graded_run_comes_back_graded(tmp_path: Path, cli: Cli) -> None:
    """Soft by default, with the same preferences to the last bit."""
    assert 0 == cli("import", "jsonl", write(tmp_path / "x.jsonl", *graded_lines()), "--run", "graded").status
    before, after = there_and_back(cli, "graded", "graded")
    assert True is before["standings"][0]["soft"]
    assert before == after
    assert not any("label" in json.loads(each) for each in Path("out.jsonl").read_text().splitlines())


def study_line(number: int, judge: str, said: str, order: str = "AB") -> str:
    """A line of the original study's exports: Response A is always the baseline."""
    fields = {
        "prompt": f"What is {number} good for?",
        "brie_response": f"It counts {number} things, and is kind to them.",
        "baseline_response": f"The number {number}.",
        "presentation_order": order,
        "judgment": said,
        "winner": "brie" if "B" in said else "baseline",
        "judge_model": judge,
        "config_name": ["philosophy", "reproducibility_run1"][number % 2],
        "timestamp": "2025-10-18T17:50:44",
    }
    return json.dumps(fields)


def test_a_recorded_study_comes_back_with_its_passes(tmp_path: Path, cli: Cli) -> None:
    """Labels that are not the order, a mixed judge, mismatched winners, errors filed as judgments, two passes."""
    said = ["Winner: Response A", "Winner: Response B", "Winner: Tie", "Error: 429 Too Many Requests", "Winner: B"]
    one = [study_line(number, f"j{number % 2}", said[number % 5], ["AB", "BA"][number % 3 % 2]) for number in range(11)]
    two = [
        study_line(number, "j1", said[number % 3], ["BA", "AB"][number % 2])
        for number in (9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
    ]
    paths = [write(tmp_path / "b.jsonl", *one, one[0]), write(tmp_path / "a.jsonl", *two)]
    assert 0 == cli("import", "brie-exports", *paths, "--run", "study").status
    before, after = there_and_back(cli, "study", "study")
    assert before["standings"][0]["n_failures"]
    assert before == after
    with Ledger(Path("elsewhere")) as ledger:
        winners = ledger.select("SELECT recorded_winner, count(*) FROM verdict GROUP BY 1 ORDER BY 1")
    with Ledger(Path("runs")) as ledger:
        assert winners == ledger.select("SELECT recorded_winner, count(*) FROM verdict GROUP BY 1 ORDER BY 1")


RECORDS = st.builds(
    line,
    prompt=st.sampled_from(["Why?", "How?", "Who?\u2028\x00", "Was?"]),
    section=st.sampled_from(["all", "other"]),
    temperature=st.sampled_from([None, 0.5]),
    contender=st.sampled_from(["tuned", "other"]),
    contender_text=st.sampled_from(["x", "", "y\r\n{", "\\ud800", None]),
    judge=st.sampled_from(["j", "k l/m@n"]),
    shown=st.sampled_from([None, "baseline_first", "contender_first"]),
    labels=st.sampled_from(["baseline_first", "contender_first"]),
    recorded_winner=st.sampled_from([None, "tie", "contender"]),
    judged_at=st.sampled_from([None, "2026-02-28T12:00:00.25Z", "2026-02-28T12:00:00"]),
).flatmap(
    lambda given: st.sampled_from(
        [
            {},
            {"label": "tie", "scores": {"A": {"depth": 1}}},
            {"label": "A", "probabilities": {"A": 0.7, "B": 0.1, "tie": 0.2}},
            {"label": "A", "raw": "so [[B]]"},
            {"label": "A", "judging": "one"},
            {"label": None, "raw": "[[A]]"},
            {"label": None, "raw": "who knows"},
            {"label": None, "preference": 0.1},
            {"label": None, "preference": 1 / 3, "raw": "m"},
            {"label": None, "failure": {"kind": "timeout", "attempts": 3, "raw": "…"}},
        ]
    ).map(lambda said: {key: value for key, value in {**given, **said}.items() if value is not None})
)


@given(lines=st.lists(RECORDS, min_size=1, max_size=8))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_an_export_of_an_import_is_its_own_export(tmp_path: Path, lines: list[dict[str, Any]]) -> None:
    """Whatever was read: written, read and written again, it is the same, line by line."""
    texts = []
    path = write(tmp_path / "0.jsonl", *lines)
    for _ in range(2):
        with Ledger.in_memory() as ledger:
            run = import_records(read(path), ledger, "r", "jsonl").run
            InterchangeOut().write(records_of(ledger, run), tmp_path / "1.jsonl")
        path = tmp_path / "1.jsonl"
        texts.append(path.read_text("utf-8"))
    assert len(lines) == texts[0].count("\n")
    assert texts[0] == texts[1]


# the command


@pytest.fixture
def recorded(tmp_path: Path, cli: Cli) -> str:
    """A recorded run of two judgments."""
    path = write(tmp_path / "in.jsonl", line(), line(prompt="Is a knot?", label="A"))
    assert 0 == cli("import", "jsonl", path, "--run", "study").status
    return "study"


def test_an_export_says_what_it_wrote(cli: Cli, recorded: str) -> None:
    """On stderr; defaults are left out, so that a line is as short as it can be."""
    done = cli("export", "stu", "--format", "jsonl", "--out", "new/out.jsonl")
    assert (0, "", f"exported 2 judgments of run {recorded} to new/out.jsonl\n") == (done.status, done.out, done.err)
    first = json.loads(Path("new/out.jsonl").read_text().splitlines()[0])
    assert first.pop("prompt_id").startswith("p-")
    assert line() == first


@pytest.mark.parametrize(
    ("status", "expected", "args"),
    [
        (1, "out.jsonl: there is such a file already. Choose another --out, or add --force.", ["--out", "out.jsonl"]),
        (1, "runs: this is a folder, a file is needed.", ["--out", "runs", "--force"]),
        (1, "/dev/null: this is no regular file, a file is needed.", ["--out", "/dev/null", "--force"]),
        (1, "out.jsonl/x: cannot be written: File exists.", ["--out", "out.jsonl/x"]),
        (1, "no exporter 'csv'. Did you mean", ["--out", "x", "--format", "csv"]),
        (1, "no exporter 'json'. Did you mean 'jsonl'?", ["--out", "x", "--format", "json"]),
        (2, "Missing option '--out'.", []),
    ],
)
def test_what_cannot_be_exported_is_one_line(
    cli: Cli, recorded: str, status: int, expected: str, args: list[str]
) -> None:
    """And what was there stays."""
    Path("out.jsonl").write_text("old")
    done = cli("export", recorded, *args)
    assert (status, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert done.err.startswith(
        f"brie-bench: {expected.replace(' Did you mean', '') if 'csv' in expected else expected}"
    )
    assert "old" == Path("out.jsonl").read_text()


def test_force_replaces_a_file(cli: Cli, recorded: str) -> None:
    """At once, when all is written."""
    Path("out.jsonl").write_text("old")
    assert 0 == cli("export", recorded, "--out", "out.jsonl", "--force").status
    assert 2 == Path("out.jsonl").read_text().count("\n")


def test_an_unknown_run_is_one_line(cli: Cli, recorded: str) -> None:
    """With those that are known."""
    done = cli("export", "nope", "--out", "x")
    assert (1, "brie-bench: no run 'nope' in runs. Known: study.\n") == (done.status, done.err)


def broken_exporter(name: str, error: BaseException) -> Any:
    """A plugin whose exporter writes a line and raises."""

    class Broken(Exporter):
        """Breaks off."""

        def write(self, records: Any, target: Path) -> None:
            next(iter(records))
            target.write_text("half")
            raise error

    Broken.name = name

    class Plugin:
        @hookimpl
        def register_exporters(self, register: Any) -> None:
            register(Broken)

    return Plugin()


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        ("exporter 'broken': ZeroDivisionError: by zero", ZeroDivisionError("by zero")),
        ("out.jsonl: cannot be written: No space left on device.", OSError(28, "No space left on device")),
    ],
)
def test_an_export_that_breaks_off_leaves_the_old_file(
    cli: Cli, recorded: str, monkeypatch: pytest.MonkeyPatch, expected: str, error: BaseException
) -> None:
    """And nothing beside it."""
    plug(monkeypatch, broken_exporter("broken", error))
    Path("out.jsonl").write_text("old")
    files = set(Path().iterdir())
    done = cli("export", recorded, "--out", "out.jsonl", "--force", "--format", "broken")
    assert (1, f"brie-bench: {expected}\n") == (done.status, done.err)
    assert ("old", files) == (Path("out.jsonl").read_text(), set(Path().iterdir()))


def test_a_run_without_a_record_is_not_exported(cli: Cli, suite: Callable[..., Path]) -> None:
    """An empty file could not be read again."""
    cli("run", suite(1), "--judge", "coin")
    (run,) = (folder.name for folder in Path("runs").glob("*/"))
    with sqlite3.connect("runs/ledger.sqlite") as ledger:
        for table in ("judging", "comparison", "item"):
            ledger.execute(f"DELETE FROM {table}")
    ledger.close()
    done = cli("export", run, "--out", "x.jsonl")
    assert (1, f"brie-bench: nothing is recorded of run '{run}'.\n") == (done.status, done.err)
    assert not Path("x.jsonl").exists()


def test_an_export_streams(tmp_path: Path, cli: Cli, recorded: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A verdict is read when its line is asked for."""
    asked: list[str] = []
    verdict = Ledger.verdict

    def noted(self: Ledger, key: str) -> Any:
        asked.append(key)
        return verdict(self, key)

    monkeypatch.setattr(Ledger, "verdict", noted)
    with Ledger(Path("runs")) as ledger:
        records = records_of(ledger, ledger.run(recorded))
        assert 0 == len(asked)
        next(records)
        assert 1 == len(asked)
        assert 1 == len(list(records))


def test_an_old_ledger_of_records_without_graded_marks_is_exported(tmp_path: Path) -> None:
    """A run's record may lack whatever is optional."""
    with Ledger.in_memory() as ledger:
        run = import_records(read(write(tmp_path / "x.jsonl", line())), ledger, "r", "jsonl").run
        assert "graded" not in json.loads(run.record)
        (found,) = records_of(ledger, run)
    assert ("B", "Is a hole something?") == (found.label, found.prompt)
    assert isinstance(found.scores, Mapping)
