"""Members of a zip archive, streamed: nothing is ever unpacked to disk, and what unpacks to far too much is refused."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path, PurePosixPath
from typing import IO

from brie_bench.errors import SpecError, plain
from brie_bench.files import unreadable

MAGIC = b"PK\x03\x04"
"""How an archive begins."""
MOST = 16 * 2**30
"""Bytes that may be read from one archive."""
RATIO = 200
"""How many times its packed size a member may have; chats pack about ten to one, a bomb a thousand to one."""
SMALL = 64 * 2**20
"""Bytes below which no ratio is looked at."""


def members(path: Path, wanted: re.Pattern[str]) -> Iterator[tuple[str, IO[bytes] | SpecError]]:
    """Name and content of each member whose last part `wanted` matches; one that cannot be had comes as the error it is.

    A content is closed when the next is asked for. Raises SpecError for a damaged archive and for a bomb, while it is read.
    """
    read = [0]
    try:
        with zipfile.ZipFile(path) as archive:
            for info in archive.infolist():
                name = PurePosixPath(info.filename.replace("\\", "/"))
                if not wanted.fullmatch(name.name):
                    continue
                here = f"{path}/{plain(info.filename, 100)}"
                if name.is_absolute() or ".." in name.parts or re.match(r"[A-Za-z]:", info.filename):
                    yield info.filename, SpecError("its name leads out of the archive.", where=here)
                elif info.flag_bits & 1:
                    yield info.filename, SpecError("it is locked by a password.", where=here)
                elif info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    yield info.filename, SpecError("it is packed in a way that is not read here.", where=here)
                else:
                    measured = _Measured(archive.open(info), info.compress_size, read, here)
                    with closing(io.BufferedReader(measured)) as file:
                        yield info.filename, file
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise SpecError(f"no archive that can be read: {plain(error, 120)}.", where=path) from None
    except OSError as error:
        raise unreadable(path, error) from None


class _Measured(io.RawIOBase):
    """A member's content, measured while it is read; `read` counts what was read from the whole archive."""

    def __init__(self, member: IO[bytes], packed: int, read: list[int], where: str) -> None:
        self.member, self.packed, self.read_before, self.where = member, packed, read, where
        self.mine = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        try:
            found = self.member.read(len(buffer))
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError) as error:
            raise SpecError(f"damaged: {plain(error, 120) or 'it breaks off'}.", where=self.where) from None
        buffer[: len(found)] = found
        self.mine += len(found)
        self.read_before[0] += len(found)
        if self.read_before[0] > MOST:
            raise SpecError(f"unpacks to more than {MOST} bytes.", where=self.where)
        if self.mine > max(SMALL, RATIO * self.packed):
            raise SpecError(f"unpacks to more than {RATIO} times its size: it may be a zip bomb.", where=self.where)
        return len(found)

    def close(self) -> None:
        self.member.close()
        super().close()
