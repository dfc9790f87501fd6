"""The ledger: one record a key, committed before it counts, whole whatever happens to process, file or disk."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Completion, Label, Usage, Verdict
from brie_bench.engine import ledger as module
from brie_bench.engine.ledger import FILE, VERSION, ComparisonRow, Ledger, RunRow
from brie_bench.errors import FailureKind, LedgerError
from brie_bench.spec.judgment import Failure, Winner

quick = settings(max_examples=60, deadline=None)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """An empty ledger in a folder."""
    with Ledger(tmp_path / "runs") as opened:
        yield opened


def put(ledger: Ledger, key: str, outcome: Verdict | Failure) -> None:
    """Record one verdict in a transaction of its own."""
    with ledger.transaction():
        ledger.put_verdict(key, outcome)


def verdict(rationale: str = "", label: str = "A") -> Verdict:
    """A verdict."""
    return Verdict(label=label, rationale=rationale)


def failure(message: str = "", kind: str = "error") -> Failure:
    """A failure."""
    return Failure(kind=kind, message=message)


def row(number: int, **changes: Any) -> ComparisonRow:
    """A comparison."""
    fields = {
        "number": number,
        "item": number,
        "contender": "rich",
        "pair": f"pair-{number}",
        "contender_key": f"c-{number}",
        "baseline_key": f"b-{number}",
        "contender_length": 10,
        "baseline_length": 9,
        "contender_finish": "stop",
        "baseline_finish": "length",
        "first": "baseline_first",
    }
    return ComparisonRow(**{**fields, **changes})


def put_run(ledger: Ledger, id: str = "tiny-1", **changes: Any) -> RunRow:
    """A run's row."""
    with ledger.transaction():
        return ledger.put_run(
            **{"id": id, "base": "base", "replicate": 0, "parent": None, "per_pair": 2, "record": "{}", **changes}
        )


# one record a key

outcomes = st.one_of(st.builds(verdict, st.text(max_size=3)), st.builds(failure, st.text(max_size=3)))


@quick
@given(st.lists(outcomes, min_size=1, max_size=6))
def test_a_verdict_is_never_replaced_and_a_failure_is(given_in_turn: list[Verdict | Failure]) -> None:
    """Of all that comes under a key the first verdict stays; without one, the last failure."""
    with Ledger.in_memory() as ledger:
        for outcome in given_in_turn:
            put(ledger, "k", outcome)
        kept = ledger.verdict("k")
        verdicts = [each for each in given_in_turn if isinstance(each, Verdict)]
        assert kept is not None
        assert (verdicts[0] if verdicts else given_in_turn[-1]) == kept.outcome
        assert [(1, 1)] == ledger.select("SELECT (SELECT count(*) FROM verdict), (SELECT count(*) FROM prose)")


@quick
@given(st.lists(st.one_of(st.builds(Completion, text=st.text(max_size=3)), st.builds(failure)), min_size=1, max_size=6))
def test_a_completion_is_never_replaced_and_a_failure_is(given_in_turn: list[Completion | Failure]) -> None:
    """As with verdicts: what was paid for stays."""
    with Ledger.in_memory() as ledger:
        for outcome in given_in_turn:
            with ledger.transaction():
                ledger.put_completion("k", outcome)
        completions = [each for each in given_in_turn if isinstance(each, Completion)]
        assert (completions[0] if completions else given_in_turn[-1]) == ledger.completion("k")


def test_a_verdict_that_replaces_a_failure_replaces_all_of_it(ledger: Ledger) -> None:
    """Label, preference, kind and record go together."""
    put(ledger, "k", failure("down", "rate_limited"))
    put(ledger, "k", Verdict(label="B", probabilities={"A": 0.25, "B": 0.75}))
    assert [("B", 0.25, None)] == ledger.select("SELECT label, preference_a, kind FROM verdict")
    assert (True, None) == ledger.verdict_kind("k")


def test_an_unknown_key_is_nothing(ledger: Ledger) -> None:
    """No record, no failure."""
    assert None is ledger.verdict("k")
    assert None is ledger.completion("k")
    assert (False, None) == ledger.verdict_kind("k") == ledger.completion_kind("k")


def test_a_failure_s_kind_is_known_without_reading_it(ledger: Ledger) -> None:
    """For both tables."""
    put(ledger, "k", failure("no", "refused"))
    with ledger.transaction():
        ledger.put_completion("k", failure("no", "too_long"))
    assert (True, "refused") == ledger.verdict_kind("k")
    assert (True, "too_long") == ledger.completion_kind("k")


@quick
@given(st.text(), st.text(), st.sampled_from(Label), st.one_of(st.none(), st.floats(0.0, 1.0)))
def test_a_record_comes_back_as_it_was_given(raw: str, why: str, label: Label, p: float | None) -> None:
    """Any text, NUL, escapes and all; any probability to the last bit."""
    probabilities = None if p is None else {Label.A: p, Label.B: 1.0 - p}
    given_in = Verdict(label=label, raw=raw, rationale=why, probabilities=probabilities, usage=Usage(output_tokens=3))
    with Ledger.in_memory() as ledger:
        put(ledger, "k", given_in)
        kept = ledger.verdict("k")
        assert kept is not None
        assert given_in == kept.outcome


def test_a_megabyte_comes_back_whole(ledger: Ledger) -> None:
    """Long answers are records like any other."""
    text = "ünd so weiter… " * 100_000
    with ledger.transaction():
        ledger.put_completion("k", Completion(text=text))
    assert Completion(text=text) == ledger.completion("k")


def test_what_stood_beside_an_imported_verdict_is_kept(ledger: Ledger) -> None:
    """Recorded winner, source, line and time."""
    with ledger.transaction():
        ledger.put_verdict(
            "k", verdict(), recorded_winner=Winner.TIE, source="a.json", line=7, at="2025-10-01T00:00:00+00:00"
        )
    kept = ledger.verdict("k")
    assert kept is not None
    assert (Winner.TIE, "a.json", 7, "2025-10-01T00:00:00+00:00") == tuple(kept)[1:]


@pytest.mark.parametrize(("table", "kind"), [("prose", "verdict"), ("completion", "completion")])
def test_a_record_that_was_damaged_is_named(table: str, kind: str, ledger: Ledger) -> None:
    """One line with the file and the key, no traceback of a parser."""
    with ledger.transaction():
        ledger.put_completion("the-key", Completion(text="x"))
        ledger.put_verdict("the-key", verdict())
        ledger._db.execute(f"UPDATE {table} SET record = '{{\"label\":'")
    with pytest.raises(LedgerError, match=rf"{FILE}: the record 'the-key' is no {kind.title()}: it was damaged"):
        getattr(ledger, kind)("the-key")


# transactions


def test_what_a_transaction_wrote_is_there_when_it_ends_and_not_before(ledger: Ledger, tmp_path: Path) -> None:
    """Another process sees all of it or nothing."""
    with Ledger(tmp_path / "runs") as other:
        with ledger.transaction():
            ledger.put_verdict("k", verdict())
            assert (False, None) == other.verdict_kind("k")
        assert (True, None) == other.verdict_kind("k")


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    """Whatever ended it, an interrupt too; the ledger goes on."""

    def write(error: type[BaseException]) -> None:
        with ledger.transaction():
            ledger.put_verdict("lost", verdict())
            raise error

    for error in (ValueError, KeyboardInterrupt):
        with pytest.raises(error):
            write(error)
    put(ledger, "kept", verdict())
    assert [("kept",)] == ledger.select("SELECT key FROM verdict")


def test_what_is_recorded_survives_the_ledger(tmp_path: Path) -> None:
    """It is found again by the next process, and by one that does not create."""
    with Ledger(tmp_path) as ledger:
        put(ledger, "k", verdict("because"))
    with Ledger(tmp_path, create=False) as ledger:
        kept = ledger.verdict("k")
    assert kept is not None
    assert verdict("because") == kept.outcome


def test_a_commit_reaches_the_disk(ledger: Ledger) -> None:
    """Write-ahead logging, synchronised at every commit."""
    assert [("wal",)] == ledger.select("PRAGMA journal_mode")
    assert [(2,)] == ledger.select("PRAGMA synchronous")


# several processes

WRITER = """
import sys
from pathlib import Path
from brie_bench import Verdict
from brie_bench.engine.ledger import Ledger
folder, name = Path(sys.argv[1]), sys.argv[2]
print("ready", flush=True)
sys.stdin.readline()
with Ledger(folder) as ledger:
    for start in range(0, 210, 7):
        with ledger.transaction():
            for number in range(start, start + 7):
                ledger.put_verdict(f"{name}-{number}", Verdict(label="A", rationale=name))
                ledger.put_verdict(f"shared-{number}", Verdict(label="B", rationale=name))
"""


def together(code: str, *args: list[str]) -> list[tuple[int, str]]:
    """Run `code` in as many processes as there are lists of arguments, all begun at once; exit status and stderr."""
    pipe = subprocess.PIPE
    processes = [
        subprocess.Popen([sys.executable, "-c", code, *each], stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        for each in args
    ]
    for each in processes:
        assert each.stdout is not None
        assert "ready\n" == each.stdout.readline()
    for each in processes:
        assert each.stdin is not None
        each.stdin.write("go\n")
        each.stdin.flush()
    return [(each.returncode, error) for each in processes for _, error in [each.communicate()]]


def test_processes_that_write_at_once_lose_and_damage_nothing(tmp_path: Path) -> None:
    """Three begin a ledger together: every key of each is there once, and the file is sound."""
    names = ["ann", "bob", "cy"]
    assert [(0, "")] * 3 == together(WRITER, *([str(tmp_path), name] for name in names))
    expected = {f"{name}-{number}" for name in (*names, "shared") for number in range(210)}
    with Ledger(tmp_path) as ledger:
        assert expected == {key for (key,) in ledger.select("SELECT key FROM verdict")}
        assert [("ok",)] == ledger.select("PRAGMA integrity_check")


def test_processes_that_begin_a_ledger_at_once_wait_for_each_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite does not wait for a file's change to write-ahead logging, so the ledger does."""
    refusals = [1, 1]

    class Refusing(sqlite3.Connection):
        def execute(self, query: str, *values: Any) -> sqlite3.Cursor:
            if "journal_mode = WAL" in query and refusals:
                refusals.pop()
                raise sqlite3.OperationalError("database is locked")
            return super().execute(query, *values)

    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda path, **options: connect(path, factory=Refusing, **options))
    with Ledger(tmp_path) as ledger:
        assert [("wal",)] == ledger.select("PRAGMA journal_mode")
    assert [] == refusals


def test_a_ledger_that_another_program_holds_is_said_to_be_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After some patience, in one line with the mend."""
    monkeypatch.setattr(module, "PATIENCE", 0.1)
    with (
        Ledger(tmp_path) as one,
        Ledger(tmp_path) as two,
        one.transaction(),
        pytest.raises(LedgerError, match=r"database is locked.*wait for it to finish"),
        two.transaction(),
    ):
        pass


# files that are no ledger


def test_a_ledger_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    """One line with both versions and the mend."""
    Ledger(tmp_path).close()
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute(f"PRAGMA user_version = {VERSION + 1}")
    db.close()
    before = (tmp_path / FILE).read_bytes()
    with pytest.raises(LedgerError, match=rf"of version {VERSION + 1}; this brie-bench reads {VERSION}.*Upgrade"):
        Ledger(tmp_path)
    assert before == (tmp_path / FILE).read_bytes()


def text_file(path: Path) -> None:
    """Something that is no database at all."""
    path.write_text("Dear diary,\n" * 500)


def cut_header(path: Path) -> None:
    """A ledger whose first bytes are gone."""
    content = path.read_bytes()
    path.write_bytes(b"\0" * 100 + content[100:])


def cut_short(path: Path) -> None:
    """A ledger whose end is gone."""
    path.write_bytes(path.read_bytes()[: 4096 * 3 + 100])


def scribble(path: Path) -> None:
    """A ledger that something wrote into."""
    content = path.read_bytes()
    path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))


@pytest.mark.parametrize("spoil", [text_file, cut_header, cut_short, scribble])
def test_a_file_that_is_damaged_is_one_line(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    """It says which file, and what to do; the file is not touched."""
    with Ledger(tmp_path) as ledger:
        run = put_run(ledger)
        with ledger.transaction():
            for number in range(500):
                ledger.put_comparison(run.number, row(number))
                ledger.put_verdict(f"k-{number}", verdict("x" * 200))
                ledger.put_judging(run.number, number, "j", "baseline_first", "baseline_first", 1, f"k-{number}")
    spoil(tmp_path / FILE)

    def use() -> None:
        with Ledger(tmp_path) as ledger:
            ledger.runs()
            list(ledger.judged(run.number))
            list(ledger.kept(run.number))

    with pytest.raises(LedgerError, match=rf"{FILE}: .*damaged") as caught:
        use()
    assert 1 == len(str(caught.value).splitlines())


def test_another_program_s_database_is_left_alone(tmp_path: Path) -> None:
    """No table of ours is put into it."""
    with sqlite3.connect(tmp_path / FILE) as db:
        db.execute("CREATE TABLE bookmarks (url TEXT)")
    db.close()
    with pytest.raises(LedgerError, match="another program's database"):
        Ledger(tmp_path)
    with sqlite3.connect(tmp_path / FILE) as db:
        assert [("bookmarks",)] == db.execute("SELECT name FROM sqlite_master").fetchall()
    db.close()


def test_an_empty_file_becomes_a_ledger(tmp_path: Path) -> None:
    """What an interrupted beginning leaves behind is no obstacle."""
    (tmp_path / FILE).touch()
    with Ledger(tmp_path) as ledger:
        assert [] == ledger.runs()


def test_a_ledger_that_is_only_read_must_be_there(tmp_path: Path) -> None:
    """Nothing is created for somebody who only asks."""
    with pytest.raises(LedgerError, match="no ledger here yet"):
        Ledger(tmp_path / "runs", create=False)
    assert not (tmp_path / "runs").exists()


def test_a_ledger_that_does_not_open_leaves_no_connection(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is closed, not left to the garbage collector."""
    made: list[sqlite3.Connection] = []
    connect = sqlite3.connect
    monkeypatch.setattr(sqlite3, "connect", lambda *args, **options: made.append(connect(*args, **options)) or made[-1])
    text_file(tmp_path / FILE)
    with pytest.raises(LedgerError):
        Ledger(tmp_path)
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        made[0].execute("SELECT 1")


# disks


def fill(ledger: Ledger) -> None:
    """Record verdicts, three a transaction, until it fails."""
    for number in range(0, 10_000, 3):
        with ledger.transaction():
            for each in range(number, number + 3):
                ledger.put_verdict(f"k-{each}", verdict("x" * 3000))


def limit_pages(ledger: Ledger, extra: int) -> None:
    """Leave room for so many more pages: to SQLite, a disk that is nearly full."""
    pages = ledger.select("PRAGMA page_count")[0][0]
    ledger.select(f"PRAGMA max_page_count = {pages + extra}")


def test_a_full_disk_is_one_line_and_loses_nothing_that_was_recorded(ledger: Ledger, tmp_path: Path) -> None:
    """The transaction that did not fit is not there; all before it are; with room again it goes on."""
    limit_pages(ledger, 40)
    with pytest.raises(LedgerError, match=r"database or disk is full.*MiB are free.*Make room and repeat") as caught:
        fill(ledger)
    assert 1 == len(str(caught.value).splitlines())
    recorded = ledger.select("SELECT count(*) FROM verdict")[0][0]
    assert recorded >= 3
    assert 0 == recorded % 3
    with Ledger(tmp_path / "runs") as other:
        assert [(recorded,)] == other.select("SELECT count(*) FROM verdict")
    limit_pages(ledger, 1000)
    put(ledger, "after", verdict())
    assert (True, None) == ledger.verdict_kind("after")
    assert [("ok",)] == ledger.select("PRAGMA integrity_check")


LIMITED = """
import resource, sys
from pathlib import Path
from brie_bench import Verdict
from brie_bench.engine.ledger import Ledger
from brie_bench.errors import LedgerError
with Ledger(Path(sys.argv[1])) as ledger:
    resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, 300_000))
    try:
        for number in range(1000):
            with ledger.transaction():
                ledger.put_verdict(f"k-{number}", Verdict(label="A", rationale="x" * 3000))
            print(number, flush=True)
    except LedgerError as error:
        print(error, file=sys.stderr)
"""


def test_a_file_that_may_not_grow_is_one_line_and_loses_nothing(tmp_path: Path) -> None:
    """A real limit of the system: every verdict that was said to be committed is found again."""
    done = subprocess.run([sys.executable, "-c", LIMITED, str(tmp_path)], capture_output=True, text=True, check=True)
    said = done.stdout.split()
    assert 1 == len(done.stderr.splitlines())
    assert "what was recorded is kept" in done.stderr
    assert len(said) > 10
    with Ledger(tmp_path) as ledger:
        assert {f"k-{number}" for number in said} <= {key for (key,) in ledger.select("SELECT key FROM verdict")}
        assert [("ok",)] == ledger.select("PRAGMA integrity_check")


def test_a_folder_that_cannot_be_made_is_one_line(tmp_path: Path) -> None:
    """A file stands where it should be."""
    (tmp_path / "file").touch()
    for folder in (tmp_path / "file", tmp_path / "file" / "runs"):
        with pytest.raises(LedgerError, match=r"file(/runs)?: cannot be made"):
            Ledger(folder)


def test_a_ledger_that_cannot_be_written_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own refusal, from a connection that was opened for reading (a folder's mode does not bind every user)."""
    with Ledger(tmp_path) as ledger:
        put(ledger, "k", verdict())
    connect = sqlite3.connect
    monkeypatch.setattr(
        sqlite3, "connect", lambda path, **options: connect(f"file:{path}?mode=ro", uri=True, **options)
    )
    with Ledger(tmp_path) as ledger:
        with pytest.raises(LedgerError, match=r"readonly database.*cannot be written: name another one with --runs"):
            put(ledger, "other", verdict())
        assert (True, None) == ledger.verdict_kind("k")


def test_a_folder_where_the_file_should_be_is_one_line(tmp_path: Path) -> None:
    """It cannot be opened."""
    (tmp_path / FILE).mkdir()
    with pytest.raises(LedgerError, match="unable to open database file"):
        Ledger(tmp_path)


# runs


def test_a_run_is_made_once(ledger: Ledger) -> None:
    """The same command finds the row it made before, as it was."""
    first = put_run(ledger, record='{"at": 1}')
    assert first == put_run(ledger, record='{"at": 2}')
    assert [first] == ledger.runs()


def test_a_run_is_found_by_the_beginning_of_its_name(ledger: Ledger) -> None:
    """Where only one begins so; a whole name wins over one it begins."""
    for id in ("tiny-1a", "tiny-1", "other-2"):
        put_run(ledger, id)
    assert "other-2" == ledger.run("oth").id
    assert "tiny-1" == ledger.run("tiny-1").id
    with pytest.raises(LedgerError, match=r"'tiny' begins 2 runs.*tiny-1, tiny-1a"):
        ledger.run("tiny")


@pytest.mark.parametrize("id", ["x", "%", "_", "' OR 1=1 --"])
def test_an_unknown_run_names_those_there_are(id: str, ledger: Ledger) -> None:
    """And no text is a pattern."""
    put_run(ledger)
    with pytest.raises(LedgerError, match=r"no run .* Known: tiny-1"):
        ledger.run(id)


def test_replicates_are_counted_for_each_run(ledger: Ledger) -> None:
    """The highest number so far, 0 without any."""
    put_run(ledger, "a", base="x", replicate=0)
    put_run(ledger, "b", base="x", replicate=3)
    put_run(ledger, "c", base="y", replicate=9)
    assert [3, 9, 0] == [ledger.last_replicate(base) for base in "xyz"]


@pytest.mark.parametrize("limit", [1, 3, 7, 100])
def test_comparisons_come_page_by_page(limit: int, ledger: Ledger) -> None:
    """Each once, in order, whatever the page; a run has its own alone."""
    run, other = put_run(ledger, "a"), put_run(ledger, "b")
    with ledger.transaction():
        for number in (5, 0, 3, 11, 4, 2, 9):
            ledger.put_comparison(run.number, row(number))
            ledger.put_comparison(other.number, row(number + 1))
    found: list[int] = []
    while page := ledger.comparisons(run.number, after=found[-1] if found else -1, limit=limit):
        assert len(page) <= limit
        found += [each.number for each in page]
    assert [0, 2, 3, 4, 5, 9, 11] == found
    assert 7 == ledger.n_comparisons(run.number)


def test_a_comparison_comes_back_as_it_was_given(ledger: Ledger) -> None:
    """Every field, an order that was never drawn too."""
    run = put_run(ledger)
    with ledger.transaction():
        ledger.put_comparison(run.number, row(1, first=None))
    assert [row(1, first=None)] == ledger.comparisons(run.number)


def test_a_run_s_items_and_comparisons_can_be_another_s(ledger: Ledger) -> None:
    """Copied once, however often."""
    one, two = put_run(ledger, "a"), put_run(ledger, "b")
    with ledger.transaction():
        ledger.put_items(one.number, [(0, "all", "in_domain", "p", "{}"), (1, "all", "in_domain", "q", "{}")])
        ledger.put_comparison(one.number, row(0))
    for _ in range(2):
        with ledger.transaction():
            ledger.copy_comparisons(one.number, two.number)
    assert list(ledger.items(one.number)) == list(ledger.items(two.number))
    assert ledger.comparisons(one.number) == ledger.comparisons(two.number)


def test_an_item_that_is_missing_is_named(ledger: Ledger) -> None:
    """A ledger that lost rows says which."""
    with pytest.raises(LedgerError, match="item 7 of run 1 is missing"):
        ledger.item_record(1, 7)


def judged(ledger: Ledger) -> RunRow:
    """A run with two judgings: ann's verdict and ann's failure. One of bob's has no verdict, so it is none."""
    run = put_run(ledger)
    with ledger.transaction():
        ledger.put_verdict("v", Verdict(label="B", probabilities={"A": 0.25, "B": 0.75}))
        ledger.put_verdict("f", failure("no", "refused"))
        ledger.put_judging(run.number, 0, "ann", "baseline_first", "contender_first", 1, "v")
        ledger.put_judging(run.number, 1, "ann", "contender_first", None, 1, "f")
        ledger.put_judging(run.number, 2, "bob", "contender_first", "contender_first", 1, "nowhere")
    return run


def test_judgings_are_counted_with_and_without_failures(ledger: Ledger) -> None:
    """A judging without a record is none."""
    run = judged(ledger)
    assert (2, 1) == (ledger.n_judged(run.number), ledger.n_judged(run.number, with_failures=False))
    assert 0 == ledger.n_judged(run.number + 1)


def test_a_judging_comes_with_what_the_leaderboard_needs(ledger: Ledger) -> None:
    """Comparison, judge, labels, printing order, the verdict's number, label and preference; a failure has no label."""
    run = judged(ledger)
    assert {
        (0, "ann", "baseline_first", "contender_first", 1, "B", 0.25),
        (1, "ann", "contender_first", None, 2, None, None),
    } == set(ledger.judged(run.number))


def test_a_judging_comes_with_its_whole_record(ledger: Ledger) -> None:
    """For those who look into what was said."""
    run = judged(ledger)
    found = {each[5]: each[6].outcome for each in ledger.kept(run.number)}
    assert {"v", "f"} == set(found)
    assert FailureKind.REFUSED == found["f"].kind
    assert Label.B == found["v"].label


def test_a_verdict_serves_as_many_judgings_as_need_it(ledger: Ledger) -> None:
    """Two runs, or two orders of equal texts, may share what was paid for once."""
    run = judged(ledger)
    with ledger.transaction():
        ledger.put_judging(run.number, 9, "ann", "baseline_first", "baseline_first", 1, "v")
        ledger.put_judging(run.number, 9, "ann", "baseline_first", "baseline_first", 1, "v")
    assert 3 == ledger.n_judged(run.number)
