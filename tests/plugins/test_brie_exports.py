"""The importer of the original study's exports: labels are baseline-first, whatever was printed first."""

from __future__ import annotations

import datetime
import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brie_bench import Failure, Imported, Judgment, Label, Order, Sampling, Unreadable, Winner
from brie_bench.plugin.catalog import Catalog
from brie_bench.plugin.manager import make_manager

WORDS = """\
Response A - Creativity: 2, Coherence: 4, Depth: 2, Engagement: 3, Quality: 3
Response B - Creativity: 5, Coherence: 4, Depth: 4, Engagement: 4, Quality: 4
Winner: {winner}
Reasoning: it goes further.
"""


def row(says: str = "B", **changes: Any) -> dict[str, Any]:
    """A line of the first spelling; a change to None leaves the key out."""
    whole = {
        "config_name": "philosophy_domain",
        "prompt_num": 1,
        "prompt": "What is a threshold?",
        "temperature": 0.75,
        "max_tokens": 512,
        "baseline_response": "A line.",
        "baseline_length": 7,
        "brie_response": "A place between two places.",
        "brie_length": 27,
        "judge_model": "judge-1",
        "judgment": WORDS.format(winner=says),
        "presentation_order": "AB",
        "winner": "brie",
        "timestamp": "2025-10-18T17:25:33.144498",
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


def other(**changes: Any) -> dict[str, Any]:
    """A line of the second spelling."""
    whole = {
        "prompt": "Add two and two.",
        "category": "math",
        "baseline_output": "4",
        "brie_output": "Four, or nearly.",
        "judgment": "Winner: A",
        "presentation_order": "BA",
        "winner": "baseline",
        **changes,
    }
    return {key: value for key, value in whole.items() if value is not None}


Read = Callable[..., list[Imported | Unreadable]]


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """Write rows (objects, or lines as they stand) into a file, and import it."""

    def read(*rows: dict[str, Any] | str, name: str = "export.jsonl") -> list[Imported | Unreadable]:
        path = tmp_path / name
        path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in rows), "utf-8")
        found = list(Catalog(make_manager()).importer("brie-exports").read([path]))
        assert all(isinstance(each, Imported | Unreadable) for each in found)
        return found  # type: ignore[return-value]

    return read


@pytest.fixture
def one(read: Read) -> Callable[..., Imported]:
    """Import one row."""

    def one(value: dict[str, Any]) -> Imported:
        [found] = read(value)
        assert isinstance(found, Imported), found
        return found

    return one


One = Callable[..., Imported]


def judged(found: Imported) -> Judgment:
    """Its judgment."""
    assert isinstance(found.outcome, Judgment)
    return found.outcome


def failed(found: Imported) -> Failure:
    """Its failure."""
    assert isinstance(found.outcome, Failure)
    return found.outcome


def test_the_first_spelling_is_read_whole(one: One) -> None:
    """Prompt, condition, texts, judge, verdict, scores, reasons and time."""
    found = one(row())
    item, outcome = found.comparison.item, judged(found)
    assert ("brie", "baseline", "judge-1") == (found.contender, found.baseline, found.judge)
    assert ("philosophy_domain", "in_domain", "What is a threshold?") == (item.section, item.kind, item.prompt.text)
    assert Sampling(temperature=0.75, max_tokens=512) == item.sampling
    assert ("A place between two places.", "A line.") == (
        found.comparison.contender.text,
        found.comparison.baseline.text,
    )
    assert (Label.B, Winner.CONTENDER) == (outcome.verdict.label, outcome.winner)
    assert {"creativity": 5, "coherence": 4, "depth": 4, "engagement": 4, "quality": 4} == outcome.verdict.scores[
        Label.B
    ]
    assert {"creativity": 2, "coherence": 4, "depth": 2, "engagement": 3, "quality": 3} == outcome.verdict.scores[
        Label.A
    ]
    assert ("it goes further.", WORDS.format(winner="B")) == (outcome.verdict.rationale, outcome.verdict.raw)
    assert outcome.judged_at is not None
    assert datetime.datetime(2025, 10, 18, 17, 25, 33, 144498) == outcome.judged_at.replace(tzinfo=None)


def test_the_second_spelling_is_read_whole(one: One) -> None:
    """Outputs for responses, a category for the section, no judge and no condition."""
    found = one(other())
    item = found.comparison.item
    assert ("Four, or nearly.", "4") == (found.comparison.contender.text, found.comparison.baseline.text)
    assert ("math", "out_of_domain", Sampling()) == (item.section, item.kind, item.sampling)
    assert ("unknown", Winner.BASELINE) == (found.judge, judged(found).winner)
    assert (Order.CONTENDER_FIRST, None) == (judged(found).shown, judged(found).judged_at)


@pytest.mark.parametrize(("winner", "expected"), [("A", "baseline"), ("B", "contender"), ("Tie", "tie")])
@pytest.mark.parametrize(("order", "shown"), [("AB", "baseline_first"), ("BA", "contender_first")])
def test_response_a_is_the_baseline_in_either_order(
    one: One, winner: str, expected: str, order: str, shown: str
) -> None:
    """The printing order is `shown`; the label decides by itself, and only `labels` says what it means."""
    outcome = judged(one(row(winner, presentation_order=order)))
    assert (Winner(expected), Order.BASELINE_FIRST, Order(shown)) == (outcome.winner, outcome.labels, outcome.shown)


@pytest.mark.parametrize("order", [None, "", "ab", "first", 1, ["AB"]])
def test_an_order_that_is_not_known_is_unknown(one: One, order: object) -> None:
    """What the record does not say is not made up, and changes no winner."""
    outcome = judged(one(row(presentation_order=order)))
    assert (None, Winner.CONTENDER) == (outcome.shown, outcome.winner)


@pytest.mark.parametrize(
    ("recorded", "winner"),
    [
        ("brie", Winner.CONTENDER),
        ("tuned", Winner.CONTENDER),
        ("baseline", Winner.BASELINE),
        ("tie", Winner.TIE),
        ("unknown", None),
        (None, None),
        (1, None),
        (["brie"], None),
    ],
)
def test_the_recorded_winner_is_kept_beside(one: One, recorded: object, winner: Winner | None) -> None:
    """It decides nothing, right or wrong."""
    for order in ("AB", "BA"):
        found = one(row("A", winner=recorded, presentation_order=order, winner_ORIGINAL_BUGGY="brie"))
        assert (winner, Winner.BASELINE) == (found.recorded_winner, judged(found).winner)


@pytest.mark.parametrize("judge", [None, ""])
def test_a_record_without_a_judge_has_an_unknown_one(one: One, judge: str | None) -> None:
    """Nobody is guessed."""
    assert "unknown" == one(row(judge_model=judge)).judge


@pytest.mark.parametrize(
    "text",
    [
        "Error code: 429 - {'error': {'message': 'slow down'}}",
        "HTTP 429: Too Many Requests",
        "HTTP Error 429: Too Many Requests",
        "429 Client Error: Too Many Requests for url: https://example.org",
        "429 RESOURCE_EXHAUSTED. {'error': {'code': 429}}",
        "429 You exceeded your current quota, please check your plan.",
        "{'error': {'code': 429, 'status': 'RESOURCE_EXHAUSTED'}}",
        "ERROR: rate limit exceeded",
        "Rate limit exceeded",
        "RateLimit reached",
        "Resource exhausted, come back later",
        "Error: out of quota",
        "Error 429",
        "Too many requests",
        "example.RateLimitError: slow down",
        "Traceback (most recent call last):\n  ...\nexample.HTTPError: 429",
    ],
)
@pytest.mark.parametrize("winner", ["baseline", "tie", "unknown"])
def test_a_rate_limit_filed_as_a_judgment_is_a_failure(one: One, text: str, winner: str) -> None:
    """Whatever winner was written down beside it; the text is kept."""
    failure = failed(one(row(judgment=text, winner=winner)))
    assert ("rate_limited", "an error was filed as a judgment", text) == (failure.kind, failure.message, failure.raw)


@pytest.mark.parametrize(
    "text",
    [
        "ERROR: 500 Internal Server Error",
        "Error: connection reset",
        "Exception: boom",
        "500 Server Error: Internal Server Error",
        "Request failed with status code 503",
        "example.APIConnectionError: no route",
        "Service unavailable",
        "Request timed out.",
        "Error 500",
        "Exception 404 in the middle of it",
        "error code 1429",
        "Error: 4290 tokens are too many",
        "example.GeneralException was raised",
        "The server sent status 502, sadly",
        "Got http status 503",
        "Got HTTP error code: 500",
    ],
)
def test_an_error_filed_as_a_judgment_is_a_failure(one: One, text: str) -> None:
    """Of kind `error`: it is no judge's answer that cannot be read."""
    assert "error" == failed(one(row(judgment=text))).kind


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", "unparsed"),
        ("Both are good.", "unparsed"),
        ("Error handling in Response A is good.", "unparsed"),
        ("450 words say less than 40 here.", "unparsed"),
        ("Terrors and Errors abound, and unicode 429 is a letter; a postcode 4290 is none.", "unparsed"),
        ("It is long. " * 10 + "HTTP 500 is explained.", "unparsed"),
        ("The second text rates its limits and its quota of 429 words.", "unparsed"),
        ("Winner: A\nWinner: B", "contradictory"),
    ],
)
def test_an_answer_without_a_verdict_is_a_failure(one: One, text: str, kind: str) -> None:
    """Words that merely speak of errors are no error."""
    failure = failed(one(row(judgment=text)))
    assert (kind, text) == (failure.kind, failure.raw)


def test_a_verdict_on_a_text_about_errors_is_a_verdict(one: One) -> None:
    """A judge may speak of HTTP 429 and name a winner."""
    assert Winner.CONTENDER is judged(one(row(judgment="Error code 429 is explained well.\nWinner: B"))).winner


@pytest.mark.parametrize(
    ("config", "section", "kind"),
    [
        ("reproducibility_run2", "reproducibility_run2", "reproducibility"),
        ("temp_low", "temp_low", "temperature"),
        ("temperature 1.0", "temperature-1.0", "temperature"),
        ("tokens_long", "tokens_long", "length"),
        ("length", "length", "length"),
        ("max_tokens/256", "max_tokens-256", "length"),
        ("expanded_creative", "expanded_creative", "in_domain"),
        ("_odd name!", "odd-name", "in_domain"),
        ("Two  Words", "Two-Words", "in_domain"),
        ("a-b", "a-b", "in_domain"),
        ("…", "all", "in_domain"),
        ("x" * 300, "x" * 100, "in_domain"),
        (None, "all", "in_domain"),
    ],
)
def test_a_configuration_is_a_section(one: One, config: str | None, section: str, kind: str) -> None:
    """Its name, made fit for one, and what it asks."""
    item = one(row(config_name=config)).comparison.item
    assert (section, kind) == (item.section, item.kind)


def test_equal_words_are_one_prompt(read: Read) -> None:
    """A prompt is known by its words; its id is made of them."""
    prompts = [
        each.comparison.item.prompt
        for each in read(row(), row(config_name="temp_low"), row(prompt="Why?"))
        if isinstance(each, Imported)
    ]
    assert prompts[0] == prompts[1]
    assert prompts[0].id != prompts[2].id
    assert all(re.fullmatch("p-[0-9a-f]{10}", prompt.id) for prompt in prompts)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (row(prompt=None), "key 'prompt' is missing"),
        (row(judgment=None), "key 'judgment' is missing"),
        (row(brie_response=None), "key 'brie_response' is missing"),
        (row(baseline_response=None), "key 'baseline_response' is missing"),
        (row(brie_response=None, brie_output=7), "'brie_output' is no text"),
        (row(prompt=7), "'prompt' is no text"),
        (row(prompt=" \n"), "'prompt' is empty"),
        (row(judgment=["Winner: A"]), "'judgment' is no text"),
        (row(judge_model=7), "'judge_model' is no text"),
        (row(temperature="hot"), "key 'temperature'"),
        (row(temperature=9), "key 'temperature'"),
        (row(max_tokens=0), "key 'max_tokens'"),
        ('{"prompt": "Why?"', "not valid JSON"),
        ('{"prompt": "Why?", "prompt": "How?"}', "key 'prompt' occurs twice"),
        ("[1]", "a list where a JSON object belongs"),
        ('"text"', "a str where a JSON object belongs"),
    ],
)
def test_a_line_that_cannot_be_read_is_named_and_passed_over(
    read: Read, value: dict[str, Any] | str, reason: str
) -> None:
    """File, line and reason in one line; the others are imported all the same."""
    before, broken, after = read(row(), "", value, row())
    assert isinstance(before, Imported)
    assert isinstance(after, Imported)
    assert isinstance(broken, Unreadable)
    assert ("export.jsonl", 3) == (broken.source, broken.line)
    assert reason in broken.reason
    assert "\n" not in broken.reason
    assert 4 == after.line


@pytest.mark.parametrize("when", [None, "", "yesterday", "2025-13-01", 7])
def test_a_time_that_is_none_is_left_out(one: One, when: object) -> None:
    """A judgment without a time is a judgment."""
    assert judged(one(row(timestamp=when))).judged_at is None


def test_an_empty_text_is_a_completion(one: One) -> None:
    """A model that said nothing was judged for it."""
    assert "" == one(row(brie_response="")).comparison.contender.text


def test_records_name_their_file(read: Read, tmp_path: Path) -> None:
    """Name, digest of the bytes, and line."""
    found = read(row(), "", row())
    sha256 = hashlib.sha256((tmp_path / "export.jsonl").read_bytes()).hexdigest()
    assert [("export.jsonl", sha256, line) for line in (1, 3)] == [
        (each.source, each.source_digest, each.line) for each in found if isinstance(each, Imported)
    ]


def test_an_empty_file_holds_nothing(read: Read) -> None:
    """No record and no complaint: that is the command's to say."""
    assert [] == read()


# through the command line


def standings(name: str) -> dict[tuple[str | None, str | None], dict[str, Any]]:
    """An imported run's standings, by judge and section."""
    board = json.loads((Path("runs") / name / "leaderboard.json").read_text("utf-8"))
    return {(each["judge"], each["section"]): each for each in board["standings"]}


Cli = Callable[..., Any]


def lines(path: Path, *rows: dict[str, Any] | str) -> Path:
    """Write a file."""
    path.write_text("".join(f"{each if isinstance(each, str) else json.dumps(each)}\n" for each in rows), "utf-8")
    return path


def test_an_import_counts_prompts_pairs_judgments_and_failures(cli: Cli, tmp_path: Path) -> None:
    """A pair judged twice is one pair; an error is a failure; a broken line is told and passed over."""
    path = lines(
        tmp_path / "export.jsonl",
        row(),
        row(config_name="temp_low"),
        row("A", prompt="Why?"),
        row("Tie", prompt="Why?", brie_response="Another text."),
        row(prompt="How?", judgment="HTTP 429: Too Many Requests", winner="tie"),
        "{broken",
    )
    result = cli("import", "brie-exports", path, "--run", "study")
    assert 0 == result.status, result.err
    assert "export.jsonl:6: not valid JSON" in result.err
    panel = standings("study")[None, None]
    assert (2, 3, 4, 1) == tuple(panel[key] for key in ("n_prompts", "n_pairs", "n_judgments", "n_failures"))
    assert (2, 1, 1) == tuple(panel[key] for key in ("wins", "ties", "losses"))
    assert 0.625 == panel["win_rate"]  # 1 for the one prompt, the mean of 0 and ½ for the other


def test_several_files_are_several_passes(cli: Cli, tmp_path: Path) -> None:
    """A judge of more than one file is kept apart by the file's name; one of a single file keeps its own."""
    first = lines(tmp_path / "one.jsonl", row(), row(judge_model="judge-2"))
    second = lines(tmp_path / "two.jsonl", row("A"))
    assert 0 == cli("import", "brie-exports", first, second, "--run", "study").status
    found = standings("study")
    assert {None, "judge-1@one.jsonl", "judge-1@two.jsonl", "judge-2"} == {judge for judge, _ in found}
    assert (1.0, 0.0) == tuple(found[f"judge-1@{name}.jsonl", None]["win_rate"] for name in ("one", "two"))
    assert 1 == found[None, None]["n_pairs"]


def test_files_of_one_name_are_kept_apart(cli: Cli, tmp_path: Path) -> None:
    """Two passes that lie in two folders under the same name are two passes all the same."""
    paths = []
    for folder, winner in (("one", "B"), ("two", "A")):
        (tmp_path / folder).mkdir()
        paths.append(lines(tmp_path / folder / "export.jsonl", row(winner)))
    assert 0 == cli("import", "brie-exports", *paths, "--run", "study").status
    judges = {judge for judge, _ in standings("study")} - {None}
    assert 2 == len(judges)


def test_nothing_readable_is_an_error(cli: Cli, tmp_path: Path) -> None:
    """One line with the first reason, and no run."""
    result = cli("import", "brie-exports", lines(tmp_path / "export.jsonl", "{broken"), "--run", "study")
    assert 1 == result.status
    assert "no judgment could be read. export.jsonl:1: not valid JSON" in result.err
    assert 1 == result.err.count("\n")
    assert not (Path("runs") / "study").exists()
