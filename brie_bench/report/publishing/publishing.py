"""Writes a leaderboard's folder: its records first, and then what they give, all of it or nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.errors import BrieError, plain_json
from brie_bench.files import replacing
from brie_bench.report.publishing.checking import make
from brie_bench.report.publishing.folder import BOARD, README, RunFiles, check_name, files_of, read, read_run, runs_in
from brie_bench.report.publishing.gathering import judgments_of, run_of
from brie_bench.report.publishing.lines import write_lines
from brie_bench.report.publishing.marks import new_readme, parts, with_block
from brie_bench.report.publishing.rebuilding import board_text, readme_block


class Published(NamedTuple):
    """A folder that was written."""

    folder: Path
    runs: list[str]
    """The runs in it, those that were there before included."""
    apart_from: Path | None = None
    """The folder of another suite with the same name, which may not be compared with this one."""


def publish(ledger: Ledger, rows: Sequence[RunRow], to: Path, *, with_texts: bool) -> list[Published]:
    """Publish `rows` in folders of `to`, one for each suite; a folder's other runs stay in it.

    The leaderboard is made from the records as they are written, by the way that the check takes. Raises BrieError where
    records in a folder are not whole, or its README has no place for the leaderboard: then nothing is written there.
    """
    groups: dict[tuple[str, str], list[RunRow]] = {}
    for row in rows:
        check_name(row.id)
        suite = json.loads(row.record)["suite"]
        check_name(suite["name"])
        groups.setdefault((suite["name"], suite["digest"]), []).append(row)
    return [_folder(ledger, group, to, *suite, with_texts=with_texts) for suite, group in groups.items()]


def _folder(
    ledger: Ledger, rows: Sequence[RunRow], to: Path, suite: str, digest: str, *, with_texts: bool
) -> Published:
    folder = to / suite
    apart_from = None
    if _digest_in(folder) not in (None, digest):
        folder, apart_from = to / f"{suite}-{digest[:8]}", folder
    readme = _readme(folder)
    with ExitStack() as stack:
        files = {each.name: each for each in runs_in(folder)}
        for row in sorted(rows, key=lambda row: row.id):
            there = files_of(folder, row.id)
            header, lines = (stack.enter_context(replacing(path)) for path in (there.header, there.lines))
            n_lines = write_lines(judgments_of(ledger, row, with_texts=with_texts), lines)
            if not n_lines:
                raise BrieError(f"nothing is recorded of run '{row.id}'.")
            run = run_of(ledger, row, with_texts=with_texts, n_lines=n_lines)
            header.write_text(plain_json(run.model_dump(mode="json")) + "\n", encoding="utf-8", newline="\n")
            files[row.id] = RunFiles(row.id, header, lines)
        return _write(folder, files, readme, stack)._replace(apart_from=apart_from)


def refresh(folder: Path) -> Published:
    """Make the leaderboard of `folder` again from the records in it: after a run was taken out, or with another version of the
    tool. Raises as `publish` does."""
    readme = _readme(folder)
    with ExitStack() as stack:
        return _write(folder, {each.name: each for each in runs_in(folder)}, readme, stack)


def _readme(folder: Path) -> str | None:
    """The README, where there is one with a place for the leaderboard; None where there is none."""
    path = folder / README
    if not path.exists():
        return None
    text = read(path)
    parts(text, path)
    return text


def _write(folder: Path, files: Mapping[str, RunFiles], readme: str | None, stack: ExitStack) -> Published:
    """What `files` give, into files that replace the old ones when `stack` is left."""
    made = make([files[name] for name in sorted(files)])
    if made.differences or made.board is None:
        what = made.differences[0] if made.differences else "there are none"
        raise BrieError(f"these records cannot be published: {what}.", where=folder)
    block = readme_block(made.board, made.runs)
    whole = new_readme(block) if readme is None else with_block(readme, block, folder / README)
    for name, text in ((BOARD, board_text(made.board)), (README, whole)):
        stack.enter_context(replacing(folder / name)).write_text(text, encoding="utf-8", newline="")
    return Published(folder, [run.run for run in made.runs])


def _digest_in(folder: Path) -> str | None:
    """Of the suite of the runs in `folder`; None where there are none."""
    runs = runs_in(folder)
    return str(read_run(runs[0]).record.get("suite", {}).get("digest")) if runs else None
