"""What is published is deterministic, holds all that the leaderboard needs and no text that is not asked for."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.errors import BrieError, SpecError
from brie_bench.report.publish import to_json
from brie_bench.report.publishing import publishing
from brie_bench.report.publishing.checking import check
from brie_bench.report.publishing.identity import run_id
from brie_bench.report.publishing.lines import read_lines as lines_of
from brie_bench.report.publishing.marks import BEGIN, END, new_readme, parts, with_block
from brie_bench.schemas import check as check_schema
from brie_bench.spec.leaderboard import Leaderboard

from .published import chooser, header_file, publish_in, read_lines, records_file, told, wordy
from .records import record, records
from .runs import Bench, brief, first, full, longer, section_of, silent, suite_of


def bench_of(folder: Path) -> Bench:
    """A bench whose judges answer in words, in JSON and not at all."""
    return Bench(
        folder, judges={"longer": longer, "first": first, "silent": silent, "wordy": wordy, "chooser": chooser}
    )


def _run(bench: Bench, kind: str) -> list[str]:
    if kind == "imported":
        return [
            bench.records([*records(4), *records(4, judge="bob", label="A", winner="contender"), record(5, label=None)])
        ]
    if kind == "graded":
        found = [record(number, probabilities={"A": 0.1, "B": 0.9}, raw="") for number in range(4)]
        return [bench.records([each.replace(graded=True) for each in found])]
    if kind == "textless":
        return [bench.records([each.replace(texts=False) for each in records(4)])]
    if kind == "judged again":
        first_run = bench.run(judges=["longer"])
        return [first_run, bench.judge(first_run, "wordy", "first")]
    if kind == "random, repeated":
        return [bench.run(judges=["wordy", "chooser"], order="random", judge_repeats=2)]
    sections = (section_of(2, "one"), section_of(3, "again", kind="reproducibility", start=5, repeats=2))
    return [bench.run(suite_of(sections=sections), judges=["wordy", "chooser", "silent"])]


KINDS = ["own", "random, repeated", "judged again", "imported", "graded", "textless"]


def _numbers(board: Leaderboard) -> object:
    """All of a leaderboard but the files it came from and what stands on texts, to ten digits."""

    def rounded(value: object) -> object:
        if isinstance(value, float):
            return float(f"{value:.10g}")
        if isinstance(value, dict):
            return {key: rounded(each) for key, each in value.items()}
        return [rounded(each) for each in value] if isinstance(value, list) else value

    return rounded({**json.loads(to_json(board)), "records": [], "costs": []})


@pytest.mark.parametrize("kind", KINDS)
def test_a_published_leaderboard_is_the_leaderboard(tmp_path: Path, kind: str) -> None:
    """Made from published records, every number and finding is what the ledger gives."""
    bench = bench_of(tmp_path / "runs")
    runs = sorted(_run(bench, kind))
    (published,) = publish_in(bench, tmp_path / "to", *runs, with_texts=kind != "textless")
    found = Leaderboard.model_validate_json((published.folder / "leaderboard.json").read_text())
    assert _numbers(bench.board(*runs)) == _numbers(found)


@pytest.mark.parametrize("with_texts", [False, True])
@pytest.mark.parametrize("kind", KINDS[:-1])
def test_an_untouched_folder_passes(tmp_path: Path, kind: str, with_texts: bool) -> None:
    """Whatever was published, with or without texts, checks without a difference, wherever it lies."""
    bench = bench_of(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path / "to", *_run(bench, kind), with_texts=with_texts)
    moved = tmp_path / "elsewhere"
    published.folder.rename(moved)
    assert [] == told(moved)


def test_publishing_again_changes_no_byte(tmp_path: Path) -> None:
    """The same runs, given in another order, at another time: the same files."""
    bench = bench_of(tmp_path / "runs")
    runs = _run(bench, "judged again")
    (published,) = publish_in(bench, tmp_path / "to", *runs)
    before = {path: path.read_bytes() for path in published.folder.rglob("*") if path.is_file()}
    publish_in(bench, tmp_path / "to", *reversed(runs))
    assert before == {path: path.read_bytes() for path in published.folder.rglob("*") if path.is_file()}
    assert 6 == len(before)


def test_runs_of_one_suite_share_a_folder_whenever_they_are_published(tmp_path: Path) -> None:
    """One by one or together: the same leaderboard."""
    bench = bench_of(tmp_path / "runs")
    runs = [bench.run(judges=["wordy"]), bench.run(judges=["chooser"])]
    publish_in(bench, tmp_path / "a", *runs)
    for run in runs:
        (last,) = publish_in(bench, tmp_path / "b", run)
    assert sorted(runs) == last.runs
    a, b = ((tmp_path / side / "tiny" / "README.md").read_bytes() for side in "ab")
    assert a == b


def test_two_ledgers_that_were_told_different_things_merge(tmp_path: Path) -> None:
    """The same question asked by two people, answered in other words: both count, and nothing is a contradiction."""
    for name, answer in (("a", full), ("b", lambda request: f"{full(request)} I am Claude.")):
        bench = Bench(
            tmp_path / name, models={"brief": brief, "full": answer}, judges={"longer": longer, "first": first}
        )
        run = bench.run(judges=["longer"] if name == "a" else ["longer", "first"])
        publish_in(bench, tmp_path / "to", run, with_texts=True)
    assert [] == told(tmp_path / "to" / "tiny")
    board = Leaderboard.model_validate_json((tmp_path / "to" / "tiny" / "leaderboard.json").read_text())
    assert 18 == board.standings[0].n_judgments
    assert [3] == [finding.count for finding in board.findings if finding.code == "self-identification"]


def test_suites_of_different_digests_are_kept_apart(tmp_path: Path) -> None:
    """A second suite of the same name gets a folder of its own, which says so."""
    bench = bench_of(tmp_path / "runs")
    publish_in(bench, tmp_path, bench.run(suite_of(3)))
    (other,) = publish_in(bench, tmp_path, bench.run(suite_of(4)))
    assert tmp_path / "tiny" == other.apart_from
    assert other.folder.name.startswith("tiny-")
    assert [] == told(other.folder)


def test_no_text_is_published_unless_it_is_asked_for(tmp_path: Path) -> None:
    """Prompts and completions stay here: only their digests and lengths are in the files."""
    bench = bench_of(tmp_path / "runs")
    run = bench.run(judges=["wordy"])
    for with_texts in (False, True):
        (published,) = publish_in(bench, tmp_path / "to", run, with_texts=with_texts)
        every = b"".join(path.read_bytes() for path in published.folder.rglob("*.*") if path.suffix != ".gz")
        every += gzip.decompress(records_file(published.folder).read_bytes())
        assert [with_texts] * 2 == [words in every for words in (b"What is 1 good for?", b"Briefly:")]


def test_examples_of_findings_about_texts_stay_here_too(tmp_path: Path) -> None:
    """A finding that a text names its maker is published, and the words are not."""
    bench = Bench(
        tmp_path / "runs", models={"brief": brief, "full": lambda _: "As an AI made by OpenAI, I agree at length."}
    )
    (published,) = publish_in(bench, tmp_path / "to", bench.run())
    board = (published.folder / "leaderboard.json").read_text()
    assert "self-identification" in board
    assert "I agree" not in board
    assert [] == told(published.folder)


def test_neither_a_clock_nor_a_path_of_this_machine_is_written(tmp_path: Path) -> None:
    """The packed file holds no time and no name, and no file the folder it was made in."""
    bench = bench_of(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path / "to", bench.run(judges=["wordy"]), with_texts=True)
    packed = records_file(published.folder).read_bytes()
    assert (0, b"\0\0\0\0") == (packed[3], packed[4:8])
    texts = [
        gzip.decompress(packed),
        *(path.read_bytes() for path in published.folder.rglob("*.*") if path.suffix != ".gz"),
    ]
    assert [False] * len(texts) == [str(tmp_path).encode() in text for text in texts]


def test_what_was_never_judged_is_a_line(tmp_path: Path) -> None:
    """Every planned judgment has a line; those without a verdict say why."""
    bench = Bench(
        tmp_path / "runs",
        models={"brief": brief, "full": lambda request: 1 / 0 if "1" in request.messages[-1].content else "Well, yes."},
    )
    (published,) = publish_in(bench, tmp_path / "to", bench.run(judges=["longer", "silent"]))
    lines = read_lines(published.folder)
    assert 3 * 2 * 2 == len(lines)
    reasons = [line["failure"]["kind"] for line in lines if "failure" in line]
    assert ["unparsed"] * 4 + ["error"] * 4 == reasons
    assert [] == told(published.folder)


def test_the_files_are_of_the_published_schemas(tmp_path: Path) -> None:
    """A line and a run's file satisfy their schemas, as any other program would check them."""
    bench = bench_of(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path / "to", *_run(bench, "own"), with_texts=True)
    check_schema(json.loads(header_file(published.folder).read_text()), "published-run", "here")
    for line in read_lines(published.folder):
        check_schema(line, "published-judgment", "here")


@pytest.mark.parametrize("kind", KINDS[:3])
def test_a_runs_id_can_be_made_from_its_record(tmp_path: Path, kind: str) -> None:
    """What the check makes of a run's record is what the plan made: the two cannot come apart."""
    bench = bench_of(tmp_path / "runs")
    for row in bench.rows(*_run(bench, kind)):
        assert row.id == run_id(json.loads(row.record))


# the README


def test_words_around_the_marks_stay(tmp_path: Path) -> None:
    """What was written by hand is kept to the byte, whatever is published later."""
    bench = bench_of(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path / "to", bench.run(judges=["wordy"]))
    readme = published.folder / "README.md"
    inside = parts(readme.read_text(), "here").inside
    readme.write_bytes(f"# Ours\r\n\n{BEGIN}\n{inside}{END}\nThe end".encode())
    assert [] == told(published.folder)
    publish_in(bench, tmp_path / "to", bench.run(judges=["chooser"]))
    text = readme.read_bytes().decode()
    assert text.startswith(f"# Ours\r\n\n{BEGIN}\n")
    assert text.endswith(f"{END}\nThe end")
    assert "chooser" in text


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("words\nmore\n", 3, f"the mark '{BEGIN}' is missing"),
        (f"words\n{BEGIN}\n", 2, f"the mark '{END}' is missing"),
        (f"{BEGIN}\n{BEGIN}\n{END}\n{END}\n", 2, "begins a second time before it ends"),
        (f"{END}\n{BEGIN}\n", 1, "ends before it begins"),
        (f"{BEGIN}\n{END}\n\n{BEGIN}\n{END}\n", 4, "a mark too many"),
    ],
)
def test_marks_that_do_not_fit_are_named_and_nothing_is_written(
    tmp_path: Path, text: str, line: int, what: str
) -> None:
    """Missing, nested, turned round or doubled marks: an error with the line, before anything is replaced."""
    bench = bench_of(tmp_path / "runs")
    folder = tmp_path / "tiny"
    folder.mkdir()
    (folder / "README.md").write_text(text)
    with pytest.raises(SpecError, match="mark") as error:
        publish_in(bench, tmp_path, bench.run(judges=["wordy"]))
    assert f"{folder / 'README.md'}:{line}: " in str(error.value)
    assert what in str(error.value)
    assert ["README.md"] == [path.name for path in folder.rglob("*")]
    assert text == (folder / "README.md").read_text()


@given(st.text(alphabet="ab|<!->\n\r\u2028 "), st.text(alphabet="ab|<!->\n\r\u2028 "))
@settings(deadline=None, max_examples=60)
def test_a_block_can_be_replaced_and_read_back(before: str, after: str) -> None:
    """Whatever stands around the marks, a second block replaces the first and nothing else."""
    text = f"{before}\n{BEGIN}\nold\n{END}\n{after}"
    once = with_block(text, "new\n", "here")
    assert f"{before}\n{BEGIN}\n\nnew\n\n{END}\n{after}" == once
    assert with_block(once, "other\n", "here") == with_block(text, "other\n", "here")
    assert new_readme("x") == with_block(new_readme("y"), "x", "here")


# nothing by halves


def test_a_failure_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the leaderboard cannot be made, not even the records are replaced."""
    bench = bench_of(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path / "to", bench.run(judges=["wordy"]))
    before = {path: path.read_bytes() for path in published.folder.rglob("*") if path.is_file()}

    def broken(*_: object) -> str:
        raise BrieError("the disk is full.")

    monkeypatch.setattr(publishing, "board_text", broken)
    with pytest.raises(BrieError, match="full"):
        publish_in(bench, tmp_path / "to", bench.run(judges=["chooser"]))
    assert before == {path: path.read_bytes() for path in published.folder.rglob("*") if path.is_file()}


def test_nothing_is_added_to_records_that_are_not_whole(tmp_path: Path) -> None:
    """A damaged file of another run in the folder is named, and nothing is written."""
    bench = bench_of(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path / "to", bench.run(judges=["wordy"]))
    path = records_file(published.folder)
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(BrieError, match=f"cannot be published: records/{path.name}: it is cut off after line"):
        publish_in(bench, tmp_path / "to", bench.run(judges=["chooser"]))
    assert path.read_bytes() == records_file(published.folder).read_bytes()


def test_the_check_counts_what_it_read_again(tmp_path: Path) -> None:
    """Verdicts in words and in JSON are read again; those without any words are not."""
    bench = bench_of(tmp_path / "runs")
    (published,) = publish_in(bench, tmp_path / "to", bench.run(judges=["wordy", "chooser", "longer", "silent"]))
    found = check(published.folder)
    assert (1, 24, 12, 0) == (found.n_runs, found.n_judgments, found.n_reread, found.n_own_form)
    numbers: Sequence[int] = [line.number for line in lines_of(records_file(published.folder))]
    assert list(range(1, 25)) == numbers
