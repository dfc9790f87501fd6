"""The ledger: every completion and verdict, under a key made of its content, in one SQLite file for all runs.

A verdict is kept in slot terms (A, B, tie), as the judge gave it for one presentation; which run, pair and order it
serves is a row of `judging`. So a presentation that occurs twice is judged once, and no order is ever baked into what
was paid for.
"""

from __future__ import annotations

import contextlib
import datetime
import re
import shutil
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from brie_bench.errors import LedgerError
from brie_bench.spec.base import Spec, digest
from brie_bench.spec.completion import Completion
from brie_bench.spec.judgment import Failure, Verdict, Winner

VERSION = 1
FILE = "ledger.sqlite"
PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""

_TABLES = """
CREATE TABLE IF NOT EXISTS completion (
    key TEXT PRIMARY KEY NOT NULL, kind TEXT, record TEXT NOT NULL, at TEXT NOT NULL
);                                                  -- kind: NULL for a completion, else why it failed
CREATE TABLE IF NOT EXISTS verdict (
    number INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, label TEXT, preference_a REAL, kind TEXT, at TEXT,
    recorded_winner TEXT, source TEXT, line INTEGER, score_gap INTEGER, raw_digest TEXT
);                                                  -- label: A, B, tie or NULL; preference_a: P(A) + P(tie) / 2;
                                                    -- score_gap: the criterion scores of A less those of B
CREATE TABLE IF NOT EXISTS prose (
    verdict INTEGER PRIMARY KEY, record TEXT NOT NULL
);                                                  -- a verdict's whole record, apart: a leaderboard reads none of it
CREATE TABLE IF NOT EXISTS run (
    number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, base TEXT NOT NULL, replicate INTEGER NOT NULL, parent TEXT,
    per_pair INTEGER, record TEXT NOT NULL, at TEXT NOT NULL
);                                                  -- per_pair: planned judgments of a pair by a judge; NULL: imported
CREATE TABLE IF NOT EXISTS item (
    run INTEGER NOT NULL, number INTEGER NOT NULL, section TEXT NOT NULL, kind TEXT NOT NULL, prompt TEXT NOT NULL,
    record TEXT NOT NULL, PRIMARY KEY (run, number)
) WITHOUT ROWID;                                    -- prompt: the digest of its words
CREATE TABLE IF NOT EXISTS comparison (
    run INTEGER NOT NULL, number INTEGER NOT NULL, item INTEGER NOT NULL, contender TEXT NOT NULL, pair TEXT NOT NULL,
    contender_key TEXT NOT NULL, baseline_key TEXT NOT NULL,
    contender_length INTEGER NOT NULL, baseline_length INTEGER NOT NULL,
    contender_finish TEXT NOT NULL, baseline_finish TEXT NOT NULL, first TEXT, PRIMARY KEY (run, number)
) WITHOUT ROWID;                                    -- pair: the digest of prompt and both texts; first: the drawn order
CREATE TABLE IF NOT EXISTS judging (
    run INTEGER NOT NULL, comparison INTEGER NOT NULL, judge TEXT NOT NULL, labels TEXT NOT NULL, shown TEXT,
    repeat INTEGER NOT NULL, verdict INTEGER NOT NULL, PRIMARY KEY (run, judge, comparison, labels, repeat)
) WITHOUT ROWID;                                    -- verdict: its number
CREATE TABLE IF NOT EXISTS completing (
    run INTEGER NOT NULL, side TEXT NOT NULL, key TEXT NOT NULL, PRIMARY KEY (run, side, key)
) WITHOUT ROWID;                                    -- whose completions a run needs, failed ones included
CREATE TABLE IF NOT EXISTS cost (
    key TEXT PRIMARY KEY NOT NULL, dollars REAL
) WITHOUT ROWID;                                    -- what was paid for a key in all; none, or NULL: not known, or nothing
CREATE TABLE IF NOT EXISTS spending (
    run INTEGER PRIMARY KEY, dollars REAL NOT NULL
);                                                  -- what a run may have spent: no less than it has
CREATE TABLE IF NOT EXISTS batch (
    number INTEGER PRIMARY KEY, mark TEXT NOT NULL UNIQUE, model TEXT NOT NULL, run INTEGER, name TEXT,
    at TEXT NOT NULL
);                                                  -- model: the digest of its configuration; run: whose money it takes;
                                                    -- name: the provider's; NULL: it is not known that it was submitted
CREATE TABLE IF NOT EXISTS batched (
    key TEXT PRIMARY KEY NOT NULL, batch INTEGER NOT NULL, most REAL NOT NULL, kind TEXT, answer TEXT
) WITHOUT ROWID;                                    -- a call in a batch, until it is recorded; answer: once collected;
                                                    -- most: at how many dollars it is counted meanwhile
"""


S = TypeVar("S", bound=Spec)


class Kept(NamedTuple):
    """A recorded verdict and, for imports, what stood beside it."""

    outcome: Verdict | Failure
    recorded_winner: Winner | None
    source: str | None
    line: int | None
    at: str | None


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run, as the ledger knows it."""

    number: int
    id: str
    base: str
    replicate: int
    parent: str | None
    per_pair: int | None
    record: str
    at: str


@dataclass(frozen=True, slots=True)
class ComparisonRow:
    """Two completions of one item, by key."""

    number: int
    item: int
    contender: str
    pair: str
    contender_key: str
    baseline_key: str
    contender_length: int
    baseline_length: int
    contender_finish: str
    baseline_finish: str
    first: str | None


def now() -> str:
    """The time, in UTC, to the millisecond."""
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")


class Ledger:
    """One connection. Whatever was committed survives a crash; a disk that is full or a file that is damaged gives one
    LedgerError and loses nothing that was committed."""

    spent: float = 0.0
    """US dollars that the calls cost which were recorded through this connection, as far as it is known."""

    def __init__(self, folder: Path, *, create: bool = True) -> None:
        self.path = folder / FILE
        if not create and not self.path.exists():
            raise LedgerError("no ledger here yet.", where=self.path, mend="Run something first, or name --runs DIR.")
        with self._told():
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise LedgerError(f"cannot be made: {error.strerror or error}.", where=folder) from None
            self._db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
            try:
                self._open()
            except BaseException:
                self._db.close()
                raise

    @classmethod
    def in_memory(cls) -> Ledger:
        """An empty ledger that is nowhere."""
        ledger = cls.__new__(cls)
        ledger.path = Path(":memory:")
        ledger._db = sqlite3.connect(":memory:", isolation_level=None)
        ledger._open()
        return ledger

    def _open(self) -> None:
        version = self._version()
        if version > VERSION:
            raise LedgerError(
                f"this ledger is of version {version}; this brie-bench reads {VERSION}.",
                where=self.path,
                mend="Upgrade brie-bench, or name another folder with --runs.",
            )
        tables = {str(row[0]) for row in self._db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not {"completion", "verdict", "prose", "run", "judging"} <= tables:
            raise LedgerError(
                "this is another program's database.", where=self.path, mend="Name another folder with --runs."
            )
        self._write_ahead()
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute("PRAGMA cache_size = -16000")
        if not set(re.findall(r"TABLE IF NOT EXISTS (\w+)", _TABLES)) <= tables:
            self._db.execute("BEGIN IMMEDIATE")
            for statement in re.sub(r"--.*", "", _TABLES).split(";"):
                self._db.execute(statement)
            self._db.execute(f"PRAGMA user_version = {VERSION}")
            self._db.execute("COMMIT")

    def _write_ahead(self) -> None:
        """Turn write-ahead logging on. Here SQLite does not wait for a process that is doing the same, so we do."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                self._db.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > deadline:
                    raise
            time.sleep(0.02)

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def close(self) -> None:
        """Close the connection."""
        self._db.close()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        """SQLite's errors in one line, with the mend."""
        try:
            yield
        except sqlite3.Error as error:
            message = str(error)
            mend = ""
            if "full" in message:
                free = shutil.disk_usage(self.path.parent).free // 2**20
                mend = f"{free} MiB are free; what was recorded is kept. Make room and repeat the command."
            elif "readonly" in message or "unable to open" in message:
                mend = "The folder cannot be written: name another one with --runs."
            elif "not a database" in message or "malformed" in message:
                mend = "The file is damaged or no ledger: move it away, or name another folder with --runs."
            elif "locked" in message:
                mend = "Another program holds it: wait for it to finish, then repeat the command."
            elif "I/O" in message:
                mend = "The disk cannot be read or written; what was recorded is kept. Mend it and repeat the command."
            raise LedgerError(f"{message}.", where=self.path, mend=mend) from None

    @contextlib.contextmanager
    def transaction(self) -> Iterator[None]:
        """All of what is written inside, or nothing of it."""
        with self._told():
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                with contextlib.suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def write(self, statement: str, *values: Any) -> int:
        """For tables whose methods live in a module of their own: inside a transaction; how many rows it touched."""
        return self._db.execute(statement, values).rowcount

    def _rows(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        with self._told():
            yield from self._db.execute(query, values)

    def _one(self, query: str, *values: Any) -> tuple[Any, ...] | None:
        with self._told():
            row: tuple[Any, ...] | None = self._db.execute(query, values).fetchone()
            return row

    def select(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """The rows of a query that only reads, for those who look into the records."""
        return list(self._rows(query, *values))

    def stream(self, query: str, *values: Any) -> Iterator[tuple[Any, ...]]:
        """The same, row by row."""
        return self._rows(query, *values)

    # completions

    def completion(self, key: str) -> Completion | Failure | None:
        """What is recorded under `key`."""
        row = self._one("SELECT kind, record FROM completion WHERE key = ?", key)
        if row is None:
            return None
        return self._read(key, row[1], Completion) if row[0] is None else self._read(key, row[1], Failure)

    def completion_kind(self, key: str) -> tuple[bool, str | None]:
        """Whether `key` is recorded, and why it failed."""
        row = self._one("SELECT kind FROM completion WHERE key = ?", key)
        return row is not None, row[0] if row else None

    def put_completion(self, key: str, outcome: Completion | Failure, *, at: str | None = None) -> None:
        """Record `outcome`. A completion is never replaced; a failure is."""
        kind = outcome.kind if isinstance(outcome, Failure) else None
        recorded, failed = self.completion_kind(key)
        if recorded and not failed:
            return
        self._charge(key, outcome, new=not recorded)
        self._db.execute(
            "INSERT INTO completion VALUES (?, ?, ?, ?) ON CONFLICT (key) DO UPDATE SET kind = excluded.kind,"
            " record = excluded.record, at = excluded.at",
            (key, kind, outcome.model_dump_json(exclude_defaults=True), now() if at is None else at),
        )

    # verdicts

    def verdict(self, key: str) -> Kept | None:
        """What is recorded under `key`."""
        query = "SELECT kind, record, recorded_winner, source, line, at FROM verdict JOIN prose ON verdict = number"
        row = self._one(f"{query} WHERE key = ?", key)
        return None if row is None else self._kept(key, row)

    def verdict_kind(self, key: str) -> tuple[bool, str | None]:
        """Whether `key` is recorded, and why it failed."""
        row = self._one("SELECT kind FROM verdict WHERE key = ?", key)
        return row is not None, row[0] if row else None

    def put_verdict(
        self,
        key: str,
        outcome: Verdict | Failure,
        *,
        recorded_winner: Winner | None = None,
        source: str | None = None,
        line: int | None = None,
        at: str | None = None,
    ) -> None:
        """Record `outcome`. A verdict is never replaced; a failure is."""
        known = self._db.execute("SELECT number, kind FROM verdict WHERE key = ?", (key,)).fetchone()
        if known is not None and known[1] is None:
            return
        self._charge(key, outcome, new=known is None)
        values = (
            outcome.label if isinstance(outcome, Verdict) else None,
            outcome.preference_a if isinstance(outcome, Verdict) else None,
            outcome.kind if isinstance(outcome, Failure) else None,
            now() if at is None else at,
            outcome.score_gap if isinstance(outcome, Verdict) else None,
            digest(outcome.raw)[:16] if outcome.raw else None,
        )
        if known is None:
            number = self._db.execute(
                "INSERT INTO verdict (label, preference_a, kind, at, score_gap, raw_digest, key, recorded_winner, source,"
                " line) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*values, key, recorded_winner, source, line),
            ).lastrowid
        else:
            number = known[0]
            self._db.execute(
                "UPDATE verdict SET label = ?, preference_a = ?, kind = ?, at = ?, score_gap = ?, raw_digest = ?"
                " WHERE number = ?",
                (*values, number),
            )
        record = outcome.model_dump_json(exclude_defaults=True)
        self._db.execute("INSERT OR REPLACE INTO prose VALUES (?, ?)", (number, record))

    def _charge(self, key: str, outcome: Completion | Verdict | Failure, *, new: bool) -> None:
        """Add to what was paid for `key`: a failure that is replaced was paid for too. Something unknown makes all unknown."""
        cost = outcome.usage.cost
        self.spent += cost or 0.0
        if not new:
            self._db.execute("UPDATE cost SET dollars = dollars + ? WHERE key = ?", (cost, key))
        elif cost is not None:
            self._db.execute("INSERT OR REPLACE INTO cost VALUES (?, ?)", (key, cost))

    # runs

    def put_run(
        self, *, id: str, base: str, replicate: int, parent: str | None, per_pair: int | None, record: str
    ) -> RunRow:
        """The run of that id, made if it is new."""
        self._db.execute(
            "INSERT INTO run (id, base, replicate, parent, per_pair, record, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
            " ON CONFLICT (id) DO NOTHING",
            (id, base, replicate, parent, per_pair, record, now()),
        )
        return self.run(id)

    def amend_run(self, number: int, record: str) -> None:
        """Replace what is recorded of a run as a whole."""
        self._db.execute("UPDATE run SET record = ? WHERE number = ?", (record, number))

    _RUN = "SELECT number, id, base, replicate, parent, per_pair, record, at FROM run"

    def run(self, id: str) -> RunRow:
        """The run of that id, or of the only id that begins with it."""
        found = [RunRow(*row) for row in self._rows(f"{self._RUN} WHERE substr(id, 1, ?) = ? ORDER BY id", len(id), id)]
        exact = [row for row in found if row.id == id]
        if exact or len(found) == 1:
            return (exact or found)[0]
        if found:
            raise LedgerError(
                f"'{id}' begins {len(found)} runs.", mend=f"Give more of it: {', '.join(r.id for r in found[:3])}."
            )
        known = [row.id for row in self.runs()]
        raise LedgerError(
            f"no run '{id}' in {self.path.parent}.", mend=f"Known: {', '.join(known[-5:])}." if known else ""
        )

    def runs(self) -> list[RunRow]:
        """All runs, oldest first."""
        return [RunRow(*row) for row in self._rows(f"{self._RUN} ORDER BY number")]

    def last_replicate(self, base: str) -> int:
        """The highest replicate number of a run, 0 where there is none."""
        row = self._one("SELECT max(replicate) FROM run WHERE base = ?", base)
        return int(row[0] or 0) if row else 0

    # a run's items, comparisons and judgings

    def put_items(self, run: int, items: Iterable[tuple[int, str, str, str, str]]) -> None:
        """Each item's number, section, kind, prompt key and record."""
        self._db.executemany("INSERT OR IGNORE INTO item VALUES (?, ?, ?, ?, ?, ?)", ((run, *item) for item in items))

    def items(self, run: int) -> Iterator[tuple[int, str, str, str, str]]:
        """Each item's number, section, kind, prompt key and record, in order."""
        query = "SELECT number, section, kind, prompt, record FROM item WHERE run = ? ORDER BY number"
        for row in self._rows(query, run):
            yield row[0], row[1], row[2], row[3], row[4]

    def put_completing(self, run: int, keys: Iterable[tuple[str, str]]) -> None:
        """Whose completions a run needs: the side's name and the key, recorded or not."""
        self._db.executemany("INSERT OR IGNORE INTO completing VALUES (?, ?, ?)", ((run, *each) for each in keys))

    def item_record(self, run: int, number: int) -> str:
        """One item's record."""
        row = self._one("SELECT record FROM item WHERE run = ? AND number = ?", run, number)
        if row is None:
            raise LedgerError(f"item {number} of run {run} is missing.", where=self.path)
        return str(row[0])

    def put_comparison(self, run: int, row: ComparisonRow) -> None:
        """Record a comparison; a newer one replaces it (a failed completion that was tried again)."""
        values = tuple(getattr(row, field.name) for field in fields(row))
        self._db.execute(f"INSERT OR REPLACE INTO comparison VALUES (?{', ?' * len(values)})", (run, *values))  # noqa: S608

    def copy_comparisons(self, source: int, target: int) -> None:
        """Give `target` the items, completions and comparisons of `source`."""
        for table in ("item", "completing", "comparison"):
            rows = self._db.execute(f"SELECT * FROM {table} WHERE run = ?", (source,))  # noqa: S608
            marks = ", ".join("?" * len(rows.description))
            copied = ((target, *row[1:]) for row in rows.fetchall())
            self._db.executemany(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", copied)  # noqa: S608

    def drop_textless(self, run: int) -> None:
        """Take the comparisons out of `run` whose two texts are not recorded: nobody can judge them."""
        missing = "NOT EXISTS (SELECT 1 FROM completion WHERE key = comparison.{}_key AND kind IS NULL)"
        either = " OR ".join(missing.format(side) for side in ("contender", "baseline"))
        self._db.execute(f"DELETE FROM comparison WHERE run = ? AND ({either})", (run,))  # noqa: S608

    def comparisons(self, run: int, *, after: int = -1, limit: int = 256) -> list[ComparisonRow]:
        """The next `limit` comparisons after that number: page by page, so that memory stays flat."""
        names = ", ".join(field.name for field in fields(ComparisonRow))
        query = f"SELECT {names} FROM comparison WHERE run = ? AND number > ? ORDER BY number LIMIT ?"  # noqa: S608
        return [ComparisonRow(*row) for row in self._rows(query, run, after, limit)]

    def put_judging(
        self, run: int, comparison: int, judge: str, labels: str, shown: str | None, repeat: int, key: str
    ) -> None:
        """Say which recorded verdict serves this judging."""
        self._db.execute(
            "INSERT OR REPLACE INTO judging SELECT ?, ?, ?, ?, ?, ?, number FROM verdict WHERE key = ?",
            (run, comparison, judge, labels, shown, repeat, key),
        )

    def n_comparisons(self, run: int) -> int:
        """How many comparisons a run has."""
        row = self._one("SELECT count(*) FROM comparison WHERE run = ?", run)
        return int(row[0]) if row else 0

    def n_judged(self, run: int, *, with_failures: bool = True) -> int:
        """How many judgings have a record."""
        query = "SELECT count(*) FROM judging j CROSS JOIN verdict v ON v.number = j.verdict WHERE j.run = ?"
        row = self._one(query if with_failures else f"{query} AND v.kind IS NULL", run)
        return int(row[0]) if row else 0

    def judged(self, run: int) -> Iterator[tuple[int, str, str, str | None, int, str | None, float | None]]:
        """Every judging with a record, in one order: comparison, judge, labels, shown, the verdict's number, its label and
        its preference for A."""
        return self._rows(
            "SELECT j.comparison, j.judge, j.labels, j.shown, j.verdict, v.label, v.preference_a"
            " FROM judging j CROSS JOIN verdict v ON v.number = j.verdict WHERE j.run = ?",
            run,
        )

    def kept(self, run: int) -> Iterator[tuple[int, str, str, str | None, int, str, Kept]]:
        """Every judging with its whole record: comparison, judge, labels, shown, repeat, key, and what is kept."""
        for row in self._rows(
            "SELECT j.comparison, j.judge, j.labels, j.shown, j.repeat, v.key, v.kind, p.record, v.recorded_winner,"
            " v.source, v.line, v.at FROM judging j CROSS JOIN verdict v ON v.number = j.verdict"
            " JOIN prose p ON p.verdict = v.number WHERE j.run = ?"
            " ORDER BY j.comparison, j.judge, j.labels, j.repeat",
            run,
        ):
            yield (*row[:6], self._kept(row[5], row[6:]))

    def _kept(self, key: str, row: Sequence[Any]) -> Kept:
        kind, record, recorded_winner, source, line, at = row
        outcome = self._read(key, record, Verdict) if kind is None else self._read(key, record, Failure)
        return Kept(outcome, Winner(recorded_winner) if recorded_winner else None, source, line, at)

    def _read(self, key: str, record: str, kind: type[S]) -> S:
        try:
            return kind.model_validate_json(record)
        except ValueError:
            raise LedgerError(f"the record '{key}' is no {kind.__name__}: it was damaged.", where=self.path) from None
