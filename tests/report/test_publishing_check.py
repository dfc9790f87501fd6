"""Whatever is changed in a published folder is named: the file, the row, the column, what belongs there and what is there."""

from __future__ import annotations

import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from brie_bench.report.publishing import lines
from brie_bench.report.publishing.cells import text_differences, value_differences
from brie_bench.report.publishing.rereading import said

from .published import (
    change_json,
    change_line,
    chooser,
    header_file,
    publish_in,
    read_lines,
    records_file,
    told,
    wordy,
    write_lines,
)
from .records import records
from .runs import Bench, first


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A published run of three prompts, judged in words and in JSON."""
    bench = Bench(tmp_path / "runs", judges={"wordy": wordy, "chooser": chooser, "first": first})
    return publish_in(bench, tmp_path, bench.run(judges=["wordy", "chooser", "first"]))[0].folder


_KIND_WORDS = {"code": "kind-words", "severity": "note", "message": "All is well."}


def _found(folder: Path, *parts: str) -> bool:
    """Whether one of the differences holds all these words."""
    return any(all(part in line for part in parts) for line in told(folder))


def test_a_digit_in_the_readme_is_named_by_row_and_column(folder: Path) -> None:
    """The cell, its line, what belongs there and what stands there; and nothing else."""
    readme = folder / "README.md"
    lines = readme.read_text().split("\n")
    number = next(n for n, line in enumerate(lines) if line.startswith("| full") and "wordy" in line)
    cells = lines[number].split("|")
    column = next(n for n, cell in enumerate(cells) if "100.0 %" in cell)
    header = next(line for line in reversed(lines[:number]) if line.startswith("| contender")).split("|")
    lines[number] = "|".join([*cells[:column], cells[column].replace("100.0", "190.0"), *cells[column + 1 :]])
    readme.write_text("\n".join(lines))
    cell = f"row 'full, wordy', column '{header[column].strip()}'"
    assert [f"README.md:{number + 1}: {cell}: expected '100.0 %', found '190.0 %'"] == told(folder)


def test_a_judges_name_in_the_readme_is_named(folder: Path) -> None:
    """Every cell that holds another name, and the sentences that do."""
    readme = folder / "README.md"
    readme.write_text(readme.read_text().replace("| wordy ", "| worthy"))
    assert _found(folder, "README.md:", "column 'judge': expected 'wordy', found 'worthy'")
    assert all("worthy" in line for line in told(folder))


@pytest.mark.parametrize("words", ["Findings", "SHA-256", "suite digest", "every number and word"])
def test_a_word_in_the_readme_is_named(folder: Path, words: str) -> None:
    """Prose is compared like numbers."""
    readme = folder / "README.md"
    readme.write_text(readme.read_text().replace(words, "something else"))
    assert _found(folder, "README.md:", words, "something else")


def test_a_line_that_is_added_or_taken_away_is_named(folder: Path) -> None:
    """In the generated part; the rest is the publisher's."""
    readme = folder / "README.md"
    text = readme.read_text()
    readme.write_text(text.replace("## Records\n", "## Records\n\nVerified by nobody.\n"))
    assert _found(folder, "README.md:", "found 'Verified by nobody.'")
    readme.write_text(text.replace("## Records\n", ""))
    assert _found(folder, "README.md:", "'## Records'")


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda board: board["standings"][0].update(win_rate=0.5), ("standings 1", "win_rate: expected '0.8333", "'0.5'")),
        (lambda board: board["standings"][1].update(judge="worthy"), ("standings 2", "judge: expected 'wordy', found 'worthy'")),
        (lambda board: board["standings"][0].update(n_judgments=19), ("n_judgments: expected '18', found '19'",)),
        (lambda board: board["standings"][0].update(interval=None), ("interval: expected",)),
        (lambda board: board["suites"][0].update(digest="0" * 32), ("suites 1 (name tiny): digest: expected",)),
        (lambda board: board["records"][1].update(sha256="0" * 64), ("records 2 (path records/tiny-", "sha256: expected")),
        (lambda board: board["standings"].pop(), ("standings, number of rows: expected",)),
        (lambda board: board["runs"].append("another"), ("runs: expected",)),
        (lambda board: board.update(baseline="worse"), ("baseline: expected 'baseline', found 'worse'",)),
        (lambda board: board.pop("suites"), ("key 'suites' is missing",)),
        (lambda board: board.update(more=1), ("key 'more' is not known",)),
        (lambda board: board["standings"][0].update(win_rate=float("nan")), ("standings.0.win_rate",)),
        (lambda board: board["records"].append({"path": "records/x.json", "sha256": ""}), ("records/x.json: ", "not there")),
    ],
)  # fmt: skip
def test_a_changed_leaderboard_is_named(folder: Path, change: Callable[[Any], object], parts: tuple[str, ...]) -> None:
    """The row by what names it, the column by its key."""
    change_json(folder / "leaderboard.json", change)
    assert _found(folder, "leaderboard.json: ", *parts) or _found(folder, *parts)


def test_every_digit_of_a_number_counts(folder: Path) -> None:
    """The last one too: no tolerance hides a changed cell."""
    path = folder / "leaderboard.json"
    board = json.loads(path.read_text())
    low = board["standings"][0]["interval"]["low"]
    path.write_text(path.read_text().replace(f'"low": {low}', f'"low": {low + 1e-9:.10f}'))
    assert _found(folder, "leaderboard.json: standings 1", "interval.low: expected")


def test_a_leaderboard_that_is_written_otherwise_is_named(folder: Path) -> None:
    """A key that stands twice hides a number from some readers."""
    path = folder / "leaderboard.json"
    path.write_text(
        path.read_text().replace('"baseline": "baseline"', '"baseline": "worse", "baseline": "baseline"', 1)
    )
    assert _found(folder, "leaderboard.json:", '"worse"')


@pytest.mark.parametrize("reseal", [False, True])
@pytest.mark.parametrize(
    ("change", "parts"),
    [
        (lambda line: line.update(winner="tie"), ("winner, of label", "found 'tie'")),
        (lambda line: line.update(label="tie"), ("label, by the judge's raw text: expected 'A', found 'tie'",)),
        (lambda line: line.update(raw="Winner: B"), ("label, by the judge's raw text: expected 'B', found 'A'",)),
        (lambda line: line.update(raw=line["raw"].replace("more", "much")), ("raw_digest, of the judge's raw text: expected",)),
        (lambda line: line.update(judge="worthy"), ("judge: expected 'one of wordy, chooser, first', found 'worthy'",)),
        (lambda line: line.update(judge="chooser"), ("judge_digest of 'chooser': expected",)),
        (lambda line: line.update(judge_digest="0" * 32), ("judge_digest of 'wordy': expected",)),
        (lambda line: line.update(labels="baseline_first"), ("judgment: expected 'once', found 'a second time'",)),
        (lambda line: line.update(contender="fuller"), ("contender: expected 'one of full', found 'fuller'",)),
        (lambda line: line.update(prompt="0" * 32), ("item 0: expected 'what an earlier line says of it'",)),
        (lambda line: line["contender_completion"].update(length=7), ("comparison 0: expected",)),
        (lambda line: line.update(preference=0.9), ("preference, of its probabilities: expected nothing, found '0.9'",)),
        (lambda line: line.update(winner="the first"), ("key 'winner'",)),
        (lambda line: line.pop("label"), ("label and failure: expected 'one of them'",)),
        (lambda line: line.pop("key"), ("key: expected",)),
        (lambda line: line.pop("labels"), ("labels: expected",)),
        (lambda line: line.pop("comparison"), ("comparison: expected",)),
        (lambda line: line.update(verified=True), ("key 'verified' is not known",)),
    ],
)  # fmt: skip
def test_a_changed_record_is_named(
    folder: Path, change: Callable[[Any], object], parts: tuple[str, ...], reseal: bool
) -> None:
    """By file, line and column; also where the line's own digest was made to fit."""
    change_line(folder, 2, change, reseal=reseal)
    path = records_file(folder).name
    assert _found(folder, f"records/{path}:2: ", *parts)
    assert _found(folder, "leaderboard.json", f"path records/{path}", "sha256: expected") or _found(folder, "cannot be")


def test_a_digest_of_a_line_is_named(folder: Path) -> None:
    """What belongs there and what stands there."""
    change_line(folder, 3, lambda line: line.update(digest="0" * 32), reseal=False)
    assert _found(folder, "jsonl.gz:3: digest, of the line: expected", f"found '{'0' * 32}'")


def test_probabilities_are_read_again_from_json(folder: Path) -> None:
    """The label and the chances of a judge that answers in JSON."""
    number = next(n for n, line in enumerate(read_lines(folder), 1) if line["judge"] == "chooser")
    change_line(folder, number, lambda line: line.update(raw=line["raw"].replace("0.2", "0.9")))
    assert _found(folder, f":{number}: label, by the judge's raw text: expected 'A', found 'B'")
    assert _found(folder, f":{number}: probabilities, by the judge's raw text")


def test_a_verdict_that_is_changed_all_through_changes_the_numbers(folder: Path) -> None:
    """A judge without words can be forged line by line, and then the leaderboard is another one."""
    number = next(n for n, line in enumerate(read_lines(folder), 1) if line["judge"] == "first")
    change_line(folder, number, lambda line: line.update(label="tie", winner="tie"))
    assert _found(folder, "standings", "judge first", "ties: expected '1', found '0'")


def test_a_line_taken_away_added_or_doubled_is_named(folder: Path) -> None:
    """The number of lines stands in the run's file; no judging occurs twice."""
    lines = read_lines(folder)
    write_lines(folder, lines[:-1])
    assert _found(folder, "jsonl.gz: number of lines: expected '18', found '17'")
    write_lines(folder, [*lines, lines[0]])
    assert _found(folder, "jsonl.gz:19: judgment: expected 'once', found 'a second time'")


@given(st.integers(1, 10_000))
@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_file_cut_in_the_middle_is_named(folder: Path, cut: int) -> None:
    """Wherever it is cut, and how far it could be read."""
    path = records_file(folder)
    whole = path.read_bytes()
    try:
        path.write_bytes(whole[: 1 + cut % (len(whole) - 1)])
        found = told(folder)
        assert found[0].startswith(f"records/{path.name}: ")
        assert "it is cut off after line" in found[0] or "it cannot be unpacked" in found[0]
        assert "leaderboard.json" in "".join(found)
    finally:
        path.write_bytes(whole)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        (lambda run: run["record"]["suite"].update(digest="0" * 32), "run id, made of suite digest"),
        (lambda run: run["record"]["judges"][0].update(digest="0" * 32), "digest of judge 'wordy': expected"),
        (lambda run: run["record"]["judges"][0]["configuration"].update(revision="9"), "digest of judge 'wordy': expected"),
        (lambda run: run["record"]["contenders"][0].update(name="fuller"), "run id, made of"),
        (lambda run: run["record"]["baseline"]["configuration"].clear(), "digest of baseline 'baseline'"),
        (lambda run: run["record"].update(seed=1), "run id, made of"),
        (lambda run: run["record"]["suite"].update(n_prompts=4), "'n_prompts' of the suite: expected '3', found '4'"),
        (lambda run: run.update(per_pair=1), "'per_pair': expected '2', found '1'"),
        (lambda run: run.update(n_lines=19), "number of lines: expected '19', found '18'"),
        (lambda run: run.update(run="other"), "key 'run': expected"),
        (lambda run: run.update(with_texts=True), "messages: expected 'its text', found nothing"),
        (lambda run: run["record"].pop("judges"), "the run's record holds no 'judges'"),
        (lambda run: run["record"].update(suite="tiny"), "the run's record holds no"),
        (lambda run: run.update(record=[]), "key 'record'"),
        (lambda run: run["text_findings"].append(_KIND_WORDS), "`kind-words`"),
    ],
)  # fmt: skip
def test_a_changed_run_is_named(folder: Path, change: Callable[[Any], object], part: str) -> None:
    """Its identity is made again from its configuration: suite, contenders, judges, order and seed."""
    change_json(header_file(folder), change)
    assert _found(folder, part)


def test_a_run_and_its_name_can_be_changed_together_and_are_still_found(folder: Path) -> None:
    """A judge's configuration with its digest: the run's id and every line say otherwise."""

    def forge(run: Any) -> None:
        from brie_bench.spec.base import digest

        judge = run["record"]["judges"][0]
        judge["configuration"]["revision"] = "9"
        judge["digest"] = digest(judge["configuration"])

    change_json(header_file(folder), forge)
    assert _found(folder, "run id, made of")
    assert _found(folder, "jsonl.gz:1: judge_digest of 'wordy': expected")


def test_the_digest_of_imported_prompts_is_made_again(tmp_path: Path) -> None:
    """It stands for the prompts' words, which the lines' digests are of."""
    bench = Bench(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path, bench.records(records(4)))
    assert [] == told(published.folder)
    change_json(header_file(published.folder), lambda run: run["record"]["suite"].update(digest="0" * 32))
    assert _found(published.folder, "digest of the suite: expected", f"found '{'0' * 32}'")


def test_published_texts_are_checked(tmp_path: Path) -> None:
    """Prompts and completions against their digests and lengths."""
    bench = Bench(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path, bench.run(), with_texts=True)
    change_line(published.folder, 1, lambda line: line["baseline_completion"].update(text="Better."))
    assert _found(published.folder, ":1: baseline_completion.digest, of its text: expected")
    assert _found(published.folder, ":1: baseline_completion.length, of its text: expected '7'")
    change_line(published.folder, 1, lambda line: line["messages"][0].update(content="Why?"))
    assert _found(published.folder, ":1: prompt, of its words: expected")


# files that are no records


def _bomb(path: Path) -> None:
    path.write_bytes(gzip.compress(b"\0" * (8 * 2**20)))


def _long(path: Path) -> None:
    path.write_bytes(gzip.compress(b'{"item": ' + b"1" * 5000 + b"}\n"))


@pytest.mark.parametrize(
    ("write", "part"),
    [
        (lambda path: path.write_bytes(b""), "number of lines: expected '18', found '0'"),
        (lambda path: path.write_bytes(b"no gzip at all"), "cannot be unpacked"),
        (lambda path: path.write_bytes(gzip.compress(b"\xff\xfe\n")), ":1: the line does not end with its digest"),
        (lambda path: path.write_bytes(gzip.compress(b"[" * 4000 + b',"digest":"' + b"0" * 32 + b'"}\n')), ":1: "),
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_bytes(path.read_bytes() + b"more"), "cannot be unpacked"),
        (_bomb, "it unpacks to far more than records do"),
        (_long, "line 1 is longer than"),
    ],
)
def test_a_hostile_file_is_named(
    folder: Path, write: Callable[[Path], object], part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No gzip, no text, no JSON, too much of it, or nothing: one line that says so."""
    monkeypatch.setattr(lines, "SMALL", 2**20)
    monkeypatch.setattr(lines, "LONGEST_LINE", 4096)
    if write is _bomb:
        monkeypatch.setattr(lines, "LONGEST_LINE", 2**30)
    write(records_file(folder))
    assert _found(folder, "records/", part)


@pytest.mark.parametrize("name", ["README.md", "leaderboard.json"])
def test_a_file_that_cannot_be_read_is_named(folder: Path, name: str) -> None:
    """Missing, or no UTF-8."""
    (folder / name).write_bytes(b"\xff")
    assert _found(folder, f"{name}: line 1: byte 0 is not UTF-8")
    (folder / name).unlink()
    assert _found(folder, f"{name}: no such file")


def test_marks_that_are_gone_are_named(folder: Path) -> None:
    """With the line."""
    (folder / "README.md").write_text("All is well.\n")
    assert _found(folder, "README.md:2: the mark '<!-- brie-bench publish: generated from here -->' is missing")


def test_a_link_is_not_followed(folder: Path, tmp_path: Path) -> None:
    """A contribution must not make the check read, or print, what is not in it."""
    (tmp_path / "secret").write_text("a secret")
    (folder / "README.md").unlink()
    (folder / "README.md").symlink_to(tmp_path / "secret")
    assert ["README.md: it is a link: a published folder holds its files itself"] == told(folder)


def test_a_folder_that_is_a_link_is_not_entered(folder: Path) -> None:
    """However much lies behind it."""
    (folder.parent / "other").mkdir()
    (folder.parent / "other" / "deep").symlink_to("/")
    (folder.parent / "other" / "pipe").symlink_to(folder)
    assert all("it is a link" in line for line in told(folder.parent / "other"))
    os.mkfifo(folder / "leaderboard.json.pipe")
    assert ["leaderboard.json.pipe: it is neither a file nor a folder"] == told(folder)


def test_a_file_that_nothing_names_is_named(folder: Path) -> None:
    """Among the records; what else a publisher puts beside them is theirs."""
    (folder / "records" / "notes.txt").write_text("")
    (folder / "notes.txt").write_text("")
    assert ["records/notes.txt: it is no file of records"] == told(folder)


def test_runs_over_other_suites_may_not_be_merged(folder: Path, tmp_path: Path) -> None:
    """Also where somebody copies the files together."""
    bench = Bench(tmp_path / "more")
    (other,) = publish_in(bench, tmp_path / "other", bench.records(records(4)))
    for path in (other.folder / "records").iterdir():
        path.rename(folder / "records" / path.name)
    assert _found(folder, "records: suites of different digests, which may not be compared")


# the parts


@pytest.mark.parametrize(
    ("raw", "imported", "expected"),
    [
        ("Winner: A", False, "A"),
        ("[[C]]", True, "tie"),
        ('{"winner": "B"}', False, "B"),
        ('{"winner": "B"}', True, None),
        ('{"winner": {"A": 0.5, "B": 0.5}}', False, "tie"),
        ('{"winner": {"A": "x"}}', False, None),
        ('{"winner": {"C": 1}}', False, None),
        ('{"winner": "me"}', False, None),
        ('{"winner": ["A"]}', False, None),
        ("{" * 100_000, False, None),
        ("neither fish nor fowl", False, None),
    ],
)
def test_a_raw_text_says_what_it_says(raw: str, imported: bool, expected: str | None) -> None:
    """In words, in JSON, or nothing that can be read here."""
    assert expected == said(raw, imported=imported).label


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(0, 3) | st.text("ab", max_size=2),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(VALUES, VALUES)
@settings(deadline=None, max_examples=200)
def test_two_values_differ_exactly_where_they_are_not_equal(one: Any, other: Any) -> None:
    """No difference is overlooked, and none is made up."""
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    differences = list(value_differences(one, other, "here"))
    assert same == (not differences)


@given(st.text("ab|\n ", max_size=30), st.text("ab|\n ", max_size=30))
@settings(deadline=None, max_examples=200)
def test_two_texts_differ_exactly_where_they_are_not_equal(one: str, other: str) -> None:
    """Whatever their lines are."""
    assert (one == other) == (not list(text_differences(one, other, "here", 0)))
