"""A published judgment as a line, and a file of them: the same bytes for the same records, on any day."""

from __future__ import annotations

import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from brie_bench.archive import RATIO, SMALL
from brie_bench.errors import SpecError
from brie_bench.files import LONGEST_LINE, first_error
from brie_bench.report.publishing.differences import Fault
from brie_bench.spec.published import PublishedJudgment

_SEAL = re.compile(rb',"digest":"([0-9a-f]{32})"\}\n?')
_AT_ONCE = 2**20
_SEAL_BYTES = len(b',"digest":""}') + 32


def write_lines(judgments: Iterable[PublishedJudgment], path: Path) -> int:
    """Write `path`, packed, without name and time; how many lines."""
    number = 0
    with (
        path.open("wb") as file,
        gzip.GzipFile(filename="", fileobj=file, mode="wb", compresslevel=6, mtime=0) as packed,
    ):
        for judgment in judgments:
            body = _body(judgment)
            packed.write(b'%s,"digest":"%s"}\n' % (body[:-1], _digest(body)))
            number += 1
    return number


class Line(NamedTuple):
    """A line that was read: what it says, as far as it says anything, and what is wrong with it as a line."""

    number: int
    judgment: PublishedJudgment | None = None
    fault: Fault | None = None


def read_lines(path: Path) -> Iterator[Line]:
    """Each line. Streams.

    Raises SpecError for a file that cannot be unpacked whole, and for one that unpacks to far too much.
    """
    number, most = 0, max(SMALL, RATIO * path.stat().st_size)
    try:
        with io.BufferedReader(gzip.GzipFile(path, "rb"), buffer_size=_AT_ONCE) as file:
            while line := file.readline(LONGEST_LINE + 1):
                number += 1
                if len(line) > LONGEST_LINE:
                    raise SpecError(f"line {number} is longer than {LONGEST_LINE} bytes.", where=path)
                most -= len(line)
                if most < 0:
                    raise SpecError("it unpacks to far more than records do.", where=path)
                yield _line(number, line)
    except EOFError:
        raise SpecError(f"it is cut off after line {number}.", where=path) from None
    except (OSError, zlib.error) as error:
        raise SpecError(f"after line {number} it cannot be unpacked: {error}.", where=path) from None


def _line(number: int, line: bytes) -> Line:
    seal = _SEAL.fullmatch(line, max(0, len(line.rstrip(b"\n")) - _SEAL_BYTES))
    if seal is None:
        return Line(number, fault=("the line does not end with its digest", None, None))
    body = line[: seal.start()] + b"}"
    try:
        judgment = PublishedJudgment.model_validate_json(body)
    except ValidationError as error:
        return Line(number, fault=(first_error(error, PublishedJudgment).rstrip("."), None, None))
    expected = _digest(body)
    changed = expected != seal[1]
    return Line(number, judgment, ("digest, of the line", expected.decode(), seal[1].decode()) if changed else None)


def _body(judgment: PublishedJudgment) -> bytes:
    return judgment.model_dump_json(exclude={"digest"}, exclude_defaults=True).encode()


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).hexdigest()[:32].encode()
