"""A leaderboard's folder: which files it holds, and how they are read. Somebody else wrote them."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from brie_bench.errors import SpecError
from brie_bench.files import first_error, unreadable
from brie_bench.spec.base import NAME
from brie_bench.spec.leaderboard import Records
from brie_bench.spec.published import PublishedRun

README, BOARD, RECORDS = "README.md", "leaderboard.json", "records"
HEADER, LINES = ".json", ".jsonl.gz"
LARGEST = 64 * 2**20
"""Bytes of a README, a leaderboard or a run's file; no true one is nearly as large."""


class RunFiles(NamedTuple):
    """A run's two files; what they are called in the folder is `header_name` and `lines_name`."""

    name: str
    header: Path
    lines: Path

    @property
    def header_name(self) -> str:
        """`records/<run>.json`."""
        return f"{RECORDS}/{self.name}{HEADER}"

    @property
    def lines_name(self) -> str:
        """`records/<run>.jsonl.gz`."""
        return f"{RECORDS}/{self.name}{LINES}"

    def records(self) -> Iterator[Records]:
        """Both files with their SHA-256. Raises SpecError where one cannot be read."""
        for name, path in ((self.header_name, self.header), (self.lines_name, self.lines)):
            try:
                with path.open("rb") as file:
                    yield Records(path=name, sha256=hashlib.file_digest(file, "sha256").hexdigest())
            except OSError as error:
                raise unreadable(path, error) from None


def files_of(folder: Path, name: str) -> RunFiles:
    """The files of the run of that name."""
    return RunFiles(name, folder / RECORDS / f"{name}{HEADER}", folder / RECORDS / f"{name}{LINES}")


def runs_in(folder: Path) -> list[RunFiles]:
    """The runs of which there is a file, by name."""
    names = {path.name.removesuffix(suffix) for suffix in (HEADER, LINES) for path in _visible(folder, suffix)}
    return [files_of(folder, name) for name in sorted(names)]


def _visible(folder: Path, suffix: str) -> Iterator[Path]:
    return (path for path in (folder / RECORDS).glob(f"*{suffix}") if not path.name.startswith("."))


def irregular(folder: Path) -> Iterator[tuple[str, str]]:
    """Links, which nothing here follows, and what is neither a file nor a folder: each name, and what is wrong with it."""
    for path in sorted([folder, *folder.rglob("*")]):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield name, "it is a link: a published folder holds its files itself"
        elif not (path.is_file() or path.is_dir()):
            yield name, "it is neither a file nor a folder"


def strays(folder: Path, runs: Sequence[RunFiles]) -> Iterator[tuple[str, str]]:
    """Other files among the records: each name, and what is wrong with it."""
    known = {path for each in runs for path in (each.header, each.lines)}
    for path in sorted((folder / RECORDS).glob("*")):
        if path not in known and not path.name.startswith("."):
            yield path.relative_to(folder).as_posix(), "it is no file of records"


def published_in(to: Path) -> list[Path]:
    """The leaderboards' folders in `to`, or `to` itself where it is one, by name. Empty folders hold none."""
    if (to / BOARD).exists() or (to / RECORDS).exists():
        return [to]
    folders = [path for path in sorted(to.iterdir()) if path.is_dir() and not path.name.startswith(".")]
    return [path for path in folders if path.is_symlink() or any(not each.is_dir() for each in path.rglob("*"))]


def read(path: Path) -> str:
    """A file's text. Raises SpecError where it is missing, too large or no UTF-8."""
    try:
        if path.stat().st_size > LARGEST:
            raise SpecError(f"it is larger than {LARGEST} bytes.", where=path)
        return path.read_bytes().decode()
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SpecError(f"line {line}: byte {error.start} is not UTF-8.", where=path) from None
    except OSError as error:
        raise unreadable(path, error) from None


def read_run(files: RunFiles) -> PublishedRun:
    """What is said of a run. Raises SpecError for a file that does not say it, or says it of another."""
    try:
        run = PublishedRun.model_validate_json(read(files.header))
    except ValidationError as error:
        raise SpecError(first_error(error, PublishedRun), where=files.header) from None
    if run.run != files.name:
        raise SpecError(f"key 'run': expected '{files.name}', found '{run.run}'.", where=files.header)
    return run


def check_name(run: str) -> None:
    """Raise SpecError for a run whose name cannot be a file's."""
    if not re.fullmatch(NAME, run):
        raise SpecError(f"'{run}' cannot be a file's name.", mend="Import it again under another --run NAME.")
