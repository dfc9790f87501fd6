"""Somebody else's judgments as a run: all of them or none, each under a key of its own, nothing called."""

from __future__ import annotations

import datetime
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from brie_bench import Comparison, Completion, Item, Judgment, Prompt, Sampling, Verdict, Winner, blind
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.records.copies import Copy
from brie_bench.engine.records.importing import Reading, import_records
from brie_bench.errors import BrieError
from brie_bench.spec.comparison import Order
from brie_bench.spec.conversation import Conversation
from brie_bench.spec.imported import Imported, Unreadable
from brie_bench.spec.judgment import Failure

FILES = {"a": "a" * 64, "b": "b" * 64}


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger in a folder."""
    with Ledger(tmp_path) as opened:
        yield opened


def record(
    number: int = 0,
    *,
    file: str = "a",
    line: int | None = None,
    text: str = "rich",
    judge: str = "ann",
    label: str | None = "B",
    labels: Order = Order.BASELINE_FIRST,
    shown: Order | None = Order.CONTENDER_FIRST,
    **changes: Any,
) -> Imported:
    """A judgment of the numbered prompt; without a label, a failure."""
    item = Item(
        section="all",
        kind="in_domain",
        prompt=Prompt(id=f"p-{number}", text=f"What is {number} good for?"),
        sampling=Sampling(),
    )
    outcome: Judgment | Failure = Failure(kind="rate_limited", message="HTTP 429", raw="HTTP 429")
    if label is not None:
        outcome = blind.judgment(Verdict(label=label, raw=f"Winner: {label}"), labels, shown=shown)
    fields = {
        "source": f"{file}.jsonl",
        "source_digest": FILES[file],
        "line": number + 1 if line is None else line,
        "contender": "brie",
        "baseline": "base",
        "judge": judge,
        "comparison": Comparison(item=item, contender=Completion(text=text), baseline=Completion(text="plain")),
        "outcome": outcome,
    }
    return Imported(**{**fields, **changes})


def read(ledger: Ledger, *records: Any, name: str = "old") -> Reading:
    """Import these records."""
    return import_records(iter(records), ledger, name, "test")


def rows(ledger: Ledger, name: str = "old") -> list[tuple[Any, ...]]:
    """Comparison, judge, labels, shown and label of each judging."""
    found = ledger.judged(ledger.run(name).number)
    return sorted(((at, judge, labels, shown, label) for at, judge, labels, shown, _, label, *_ in found), key=repr)


def test_a_recorded_judgment_becomes_a_judging(ledger: Ledger) -> None:
    """With its labels and its printing order, each as recorded; the label is what the judge's words say."""
    reading = read(ledger, record(0, label="A"), record(1, label=None, shown=None))
    assert (2, 1, []) == (reading.read, reading.failures, reading.unreadable)
    assert [
        (0, "ann", "baseline_first", "contender_first", "A"),
        (1, "ann", "baseline_first", None, None),
    ] == rows(ledger)


def test_what_was_written_down_is_kept_beside_the_verdict(ledger: Ledger) -> None:
    """Winner, file, line and time as recorded; where no time is recorded, none."""
    when = datetime.datetime(2025, 10, 1, tzinfo=datetime.UTC)
    timed = record(1)
    assert isinstance(timed.outcome, Judgment)
    read(
        ledger, record(0, recorded_winner=Winner.BASELINE), timed.replace(outcome=timed.outcome.replace(judged_at=when))
    )
    kept = [each[6] for each in ledger.kept(ledger.run("old").number)]
    assert [
        (Winner.BASELINE, "a.jsonl", 1, ""),
        (None, "a.jsonl", 2, "2025-10-01T00:00:00+00:00"),
    ] == [tuple(each)[1:] for each in kept]


def test_the_record_of_an_import_names_its_sources(ledger: Ledger) -> None:
    """With their digests, the importer, who was compared and who judged; no number of judgments was planned."""
    run = read(ledger, record(0), record(1, file="b", judge="bob")).run
    found = json.loads(run.record)
    assert [{"name": f"{file}.jsonl", "sha256": FILES[file]} for file in "ab"] == found["sources"]
    assert ("test", "base", ["brie"], ["ann", "bob"]) == (
        found["importer"],
        found["baseline"]["name"],
        [each["name"] for each in found["contenders"]],
        [each["name"] for each in found["judges"]],
    )
    assert (2, 2) == (found["suite"]["n_prompts"], found["suite"]["n_items"])
    assert None is run.per_pair


def test_pairs_are_told_by_their_texts(ledger: Ledger) -> None:
    """Two responses to one prompt are two pairs; the same pair again is another judgment of it, none is dropped."""
    read(ledger, record(0), record(0, line=8, text="richer"), record(0, line=9))
    assert [0, 0, 1] == [at for at, *_ in rows(ledger)]
    ((n_items, n_pairs, n_repeats),) = ledger.select(
        "SELECT (SELECT count(*) FROM item), (SELECT count(DISTINCT pair) FROM comparison), max(repeat) FROM judging"
    )
    assert (1, 2, 2) == (n_items, n_pairs, n_repeats)


def test_several_files_are_several_passes(ledger: Ledger) -> None:
    """A judge who judged in two of them is two rows, named after the file; one who judged in one keeps the name."""
    read(ledger, record(0), record(1), record(0, file="b"), record(1, file="b", judge="bob"))
    assert {"ann@a.jsonl": 2, "ann@b.jsonl": 1, "bob": 1} == Counter(judge for _, judge, *_ in rows(ledger))


def test_files_of_different_contenders_are_one_pass(ledger: Ledger) -> None:
    """The judge who read both keeps the name."""
    read(ledger, record(0), record(0, file="b", contender="camembert"))
    assert ["ann", "ann"] == [judge for _, judge, *_ in rows(ledger)]


@pytest.mark.parametrize(
    "others",
    [
        [record(0), record(0, judging="again")],
        [record(0), record(0, label="A")],
        [record(0), record(0, labels=Order.CONTENDER_FIRST)],
        [record(0), record(0, label=None)],
        [record(0), record(0, judge="bob")],
        [record(0), record(0, text="richer")],
    ],
    ids=["the same", "another label", "another order", "a failure", "another judge", "another text"],
)
def test_a_line_that_holds_several_judgments_loses_none(others: list[Imported], ledger: Ledger) -> None:
    """Each is a judging of its own and says what it says."""
    read(ledger, *others)
    labels = Counter(each.outcome.verdict.label if isinstance(each.outcome, Judgment) else None for each in others)
    assert labels == Counter(label for *_, label in rows(ledger))
    assert [(len(others),)] == ledger.select("SELECT count(*) FROM verdict")


def test_equal_lines_are_one_answer_written_twice(ledger: Ledger) -> None:
    """Two judgings that one verdict serves, unless `judging` tells the answers apart or they stand in two files."""
    read(ledger, record(0), record(0, line=7), record(1), record(1, line=8, judging="again"))
    assert 4 == len(rows(ledger))
    assert [(3,)] == ledger.select("SELECT count(*) FROM verdict")
    read(ledger, record(0), record(0, file="b"), name="passes")
    assert [(2,)] == ledger.select(
        "SELECT count(DISTINCT verdict) FROM judging WHERE run = ?", ledger.run("passes").number
    )


def test_one_answer_may_serve_several_records(ledger: Ledger) -> None:
    """Where they say so, and say the same; another answer under that name, or in another file, is another one."""
    shared = [record(number, judging="one") for number in range(3)]
    read(ledger, *shared)
    assert (3, [(1,)]) == (len(rows(ledger)), ledger.select("SELECT count(*) FROM verdict"))
    others = [record(4, label="A", judging="one"), record(5, label=None, judging="one")]
    read(ledger, *shared, *others, record(6, file="b", judging="one"), name="more")
    assert ["A", "B", "B", "B", "B", None] == sorted((label for *_, label in rows(ledger, "more")), key=str)
    assert [(4,)] == ledger.select("SELECT count(*) FROM verdict")


def test_a_copy_of_a_file_is_no_second_judge(ledger: Ledger) -> None:
    """Its records count once, the judge keeps the name, both files stay on record."""
    reading = read(ledger, *[record(n, file=file) for file in "ab" for n in range(6)])
    assert {"ann": 6} == Counter(judge for _, judge, *_ in rows(ledger))
    assert [Copy("b.jsonl", "a.jsonl", 6, 6)] == reading.copies
    found = json.loads(reading.run.record)
    assert [{"source": "b.jsonl", "of": "a.jsonl", "n_equal": 6, "n_records": 6}] == found["copies"]
    assert ["a.jsonl", "b.jsonl"] == [each["name"] for each in found["sources"]]


def test_what_a_copy_adds_is_a_pass_of_its_own(ledger: Ledger) -> None:
    """A longer file is a copy as far as it repeats the other one."""
    read(ledger, *[record(n) for n in range(5)], *[record(n, file="b") for n in range(7)])
    assert {"ann@a.jsonl": 5, "ann@b.jsonl": 2} == Counter(judge for _, judge, *_ in rows(ledger))


@pytest.mark.parametrize("taken", ["ann@b.jsonl", "ann@a.jsonl", "ann@b.jsonl@bbbbbbbb"])
def test_no_two_judges_are_given_one_name(ledger: Ledger, taken: str) -> None:
    """Somebody may be called what another one would be called."""
    run = read(ledger, record(0), record(1), record(0, file="b", label="A"), record(1, judge=taken, line=9)).run
    judges = Counter(judge for _, judge, *_ in rows(ledger))
    assert (3, [1, 1, 2], 1) == (len(judges), sorted(judges.values()), judges[taken])
    recorded = {each["name"]: each.get("recorded", each["name"]) for each in json.loads(run.record)["judges"]}
    assert ["ann", "ann", taken] == sorted(recorded.values())
    assert judges.keys() == recorded.keys()


@pytest.mark.parametrize(
    ("n_read", "changes"),
    [
        (1, {}),
        (1, {"text": "plain", "texts": False}),
        (2, {"text": "plain"}),
        (2, {"text": "plain", "texts": False, "label": "tie"}),
    ],
    ids=["two texts", "no texts, and a winner", "one text", "no texts, and a tie"],
)
def test_a_contender_meets_itself_as_a_control_alone(ledger: Ledger, n_read: int, changes: dict[str, Any]) -> None:
    """On one text for both; anything else is told as unreadable."""
    reading = read(ledger, record(0), record(1, contender="base", **changes))
    assert n_read == reading.read
    assert [("a.jsonl", 2, "'base' is compared with itself, and not on one text")] * (2 - n_read) == [
        (each.source, each.line, each.reason) for each in reading.unreadable
    ]


def test_the_same_file_under_two_names_is_recorded_once(ledger: Ledger) -> None:
    """Two runs, one record a line."""
    for name in ("old", "older"):
        read(ledger, record(0), record(1), name=name)
    assert [(2,)] == ledger.select("SELECT count(*) FROM verdict")
    assert rows(ledger, "old") == rows(ledger, "older")


def test_a_better_reading_of_the_same_line_is_another_record(ledger: Ledger) -> None:
    """An importer that learned to read a line is not answered with what it said before."""
    read(ledger, record(0, label="A"))
    read(ledger, record(0, label="tie"), name="new")
    assert ["A"] == [label for *_, label in rows(ledger)]
    assert ["tie"] == [label for *_, label in rows(ledger, "new")]


def test_a_taken_name_is_refused(ledger: Ledger) -> None:
    """One line with the mend; what is there stays as it is."""
    read(ledger, record(0))
    with pytest.raises(BrieError, match=r"there is a run 'old' already\. Choose another --run NAME"):
        read(ledger, record(1))
    assert 1 == len(rows(ledger))


def test_a_name_that_is_taken_while_the_records_are_read_is_refused(ledger: Ledger, tmp_path: Path) -> None:
    """Two imports at once do not become one run of both."""

    def slowly() -> Iterator[Imported]:
        yield record(1)
        with Ledger(tmp_path) as other:
            read(other, record(0, label="A"))

    with pytest.raises(BrieError, match="there is a run 'old' already"):
        import_records(slowly(), ledger, "old", "test")
    assert ["A"] == [label for *_, label in rows(ledger)]


def conversation() -> Conversation:
    """Something that is no judgment."""
    turns = [{"role": "user", "content": "Hello?"}, {"role": "assistant", "content": "Yes."}]
    return Conversation.model_validate(
        {"id": "c", "messages": turns, "prompt_group": "g", "domain": "d", "provenance": {"author": "me"}}
    )


def of_kind(kind: str) -> Imported:
    """A record of that section's other kind."""
    other = record(1)
    return other.replace(comparison=other.comparison.replace(item=other.comparison.item.replace(kind=kind)))


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "no judgment could be read"),
        ([Unreadable(source="a.jsonl", line=7, reason="not valid JSON")], r"be read\. a\.jsonl:7: not valid JSON"),
        ([record(0), record(1, baseline="other")], "several baselines: base, other.*one by one"),
        (
            [record(0), of_kind("out_of_domain")],
            r"section 'all' is in_domain in a\.jsonl:1 and out_of_domain in a\.jsonl:2\. .* another name",
        ),
        ([record(0), conversation()], "reads conversations, not judgments.*conversations import"),
    ],
    ids=["nothing", "nothing readable", "two baselines", "two kinds", "a conversation"],
)
def test_what_is_no_experiment_is_refused_whole(records: Iterable[Any], message: str, ledger: Ledger) -> None:
    """In one line, and nothing of it is recorded."""
    with pytest.raises(BrieError, match=message):
        read(ledger, *records)
    for table in ("run", "item", "comparison", "judging", "verdict", "completion"):
        assert [(0,)] == ledger.select(f"SELECT count(*) FROM {table}")


def test_unreadable_lines_are_handed_back(ledger: Ledger) -> None:
    """And the rest is recorded."""
    bad = Unreadable(source="a.jsonl", line=2, reason="key 'prompt' is missing")
    reading = read(ledger, record(0), bad, record(2))
    assert ([bad], 2) == (reading.unreadable, len(rows(ledger)))


def test_unreadable_lines_are_part_of_the_run(ledger: Ledger) -> None:
    """How many of how many, in which files, and the first of them; nothing is said where all was read."""
    bad = [Unreadable(source=f"{file}.jsonl", line=n, reason="why not") for n in range(4) for file in "ba"]
    lost = json.loads(read(ledger, record(0), *bad, record(2)).run.record)["unreadable"]
    assert (8, 2) == (lost["n_unreadable"], lost["n_read"])
    assert [{"name": f"{file}.jsonl", "n_unreadable": 4} for file in "ab"] == lost["files"]
    assert [{"source": "b.jsonl", "line": 0, "reason": "why not"}, 5] == [lost["first"][0], len(lost["first"])]
    assert "unreadable" not in json.loads(read(ledger, record(0), name="whole").run.record)


def test_an_import_that_fails_in_the_middle_leaves_nothing(ledger: Ledger) -> None:
    """All of it or none of it."""

    def breaking() -> Iterator[Imported]:
        yield record(0)
        raise BrieError("the file is gone")

    with pytest.raises(BrieError, match="gone"):
        import_records(breaking(), ledger, "old", "test")
    assert [] == ledger.runs()
