"""Makes a published leaderboard again from its records and names every cell that differs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import BrieError, SpecError, in_words
from brie_bench.files import first_error
from brie_bench.report.publishing.cells import text_differences, value_differences
from brie_bench.report.publishing.differences import Difference
from brie_bench.report.publishing.folder import (
    BOARD,
    README,
    RECORDS,
    RunFiles,
    irregular,
    read,
    read_run,
    runs_in,
    strays,
)
from brie_bench.report.publishing.marks import framed, parts
from brie_bench.report.publishing.rebuilding import board_text, board_values, readme_block, rebuilt
from brie_bench.report.publishing.restoring import Restoring
from brie_bench.spec.leaderboard import Leaderboard, Records
from brie_bench.spec.published import PublishedRun


class Checked(NamedTuple):
    """What a check found, and what it went through."""

    differences: list[Difference]
    n_runs: int = 0
    n_judgments: int = 0
    n_reread: int = 0
    n_own_form: int = 0
    n_attested: int = 0
    """Findings that stand on the publisher's word."""


class Made(NamedTuple):
    """A leaderboard made from records, and whatever is wrong with these."""

    board: Leaderboard | None
    runs: list[PublishedRun]
    differences: list[Difference]
    n_judgments: int
    n_reread: int
    n_own_form: int


def check(folder: Path) -> Checked:
    """Everything in `folder` that is not what its records give. Writes nothing, follows no link."""
    unread = [Difference(name, what) for name, what in irregular(folder)]
    if unread:
        return Checked(unread)
    files = runs_in(folder)
    stray = [Difference(name, what) for name, what in strays(folder, files)]
    if not files:
        return Checked([*stray, Difference(RECORDS, "there are none")])
    made = make(files)
    found = [*stray, *_listed(folder, files), *made.differences]
    if made.board is not None:
        found += [*_board(folder, made.board), *_readme(folder, readme_block(made.board, made.runs))]
    else:
        found.append(Difference(BOARD, "it cannot be compared before its records can be read"))
    attested = sum(len(run.text_findings) for run in made.runs)
    return Checked(found, len(files), made.n_judgments, made.n_reread, made.n_own_form, attested)


def make(files: Sequence[RunFiles]) -> Made:
    """The leaderboard that these files give; None where not all of them can be read."""
    with Ledger.in_memory() as ledger:
        restoring, runs = Restoring(ledger), list[PublishedRun]()
        try:
            board = _made(files, restoring, runs)
        except Exception as error:  # a stranger's files: whatever they are made to do, it is a difference
            what = error.what if isinstance(error, BrieError) else in_words(error)
            restoring.differences.append(Difference(RECORDS, f"no leaderboard can be made of them: {what}"))
            board = None
        known = restoring.known
        return Made(board, runs, restoring.differences, restoring.n_judgments, known.n_reread, known.n_own_form)


def _made(files: Sequence[RunFiles], restoring: Restoring, runs: list[PublishedRun]) -> Leaderboard | None:
    rows: list[RunRow] = []
    records: list[Records] = []
    for each in files:
        try:
            run = read_run(each)
            records += each.records()
        except SpecError as error:
            restoring.differences.append(Difference(_where(each, error), error.what.rstrip(".")))
            continue
        rows.append(restoring.restore(run, each.lines, where=each.lines_name, header=each.header_name))
        runs.append(run)
    digests = sorted({str(run.record["suite"]["digest"]) for run in runs})
    if len(digests) > 1:
        told = "suites of different digests, which may not be compared"
        restoring.differences.append(Difference(RECORDS, told, digests[0], ", ".join(digests[1:])))
    if len(runs) < len(files) or len(digests) != 1:
        return None
    return rebuilt(restoring.ledger, rows, runs, records)


def _where(files: RunFiles, error: SpecError) -> str:
    return files.lines_name if error.where == files.lines else files.header_name


def _listed(folder: Path, files: Sequence[RunFiles]) -> Iterator[Difference]:
    """Whether the leaderboard names these files, with their digests."""
    try:
        listed = {each["path"]: each["sha256"] for each in json.loads(read(folder / BOARD))["records"]}
    except (SpecError, ValueError, LookupError, TypeError, RecursionError):
        return  # what is wrong with it is said where it is compared
    for name in sorted(listed.keys() - {name for each in files for name in (each.header_name, each.lines_name)}):
        yield Difference(name, f"{BOARD} names it, and it is not there")


def _board(folder: Path, board: Leaderboard) -> Iterator[Difference]:
    try:
        text = read(folder / BOARD)
        Leaderboard.model_validate_json(text)
        found = json.loads(text)
    except SpecError as error:
        yield Difference(BOARD, error.what.rstrip("."))
        return
    except ValidationError as error:
        yield Difference(BOARD, first_error(error, Leaderboard).rstrip("."))
        return
    except (ValueError, RecursionError) as error:
        yield Difference(BOARD, f"no JSON that can be read: {error}")
        return
    differences = list(value_differences(board_values(board), found, BOARD))
    if not differences and text != board_text(board):
        differences = list(text_differences(board_text(board), text, BOARD, 0))
    yield from differences


def _readme(folder: Path, block: str) -> Iterator[Difference]:
    try:
        text = read(folder / README)
    except SpecError as error:
        yield Difference(README, error.what.rstrip("."))
        return
    try:
        marked = parts(text, README)
    except SpecError as error:
        yield Difference(str(error.where), error.what.rstrip("."))
        return
    if marked.inside != framed(block):
        yield from text_differences(framed(block), marked.inside, README, marked.line)
