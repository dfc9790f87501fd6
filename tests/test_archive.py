"""Zip archives: streamed, never unpacked, refused when they are bombs or damaged."""

from __future__ import annotations

import re
import struct
import zipfile
from pathlib import Path

import pytest

from brie_bench import archive
from brie_bench.archive import members
from brie_bench.errors import SpecError

WANTED = re.compile(r"wanted\.json")


def packed(path: Path, *, how: int = zipfile.ZIP_DEFLATED, **content: bytes) -> Path:
    """An archive of these members; `__` in a name is a slash and `_` a dot."""
    with zipfile.ZipFile(path, "w", how) as file:
        for name, data in content.items():
            file.writestr(name.replace("__", "/").replace("_", "."), data)
    return path


def contents(path: Path) -> list[tuple[str, bytes | str]]:
    """Name and content of each wanted member, or why it cannot be had."""
    return [(name, file.what if isinstance(file, SpecError) else file.read()) for name, file in members(path, WANTED)]


def test_wanted_members_are_read_in_any_folder(tmp_path: Path) -> None:
    """By the last part of their names; others are not looked at."""
    path = packed(
        tmp_path / "a.zip", wanted_json=b"1", deep__er__wanted_json=b"2", unwanted_json=b"3", wanted_jsonl=b"4"
    )
    assert [("wanted.json", b"1"), ("deep/er/wanted.json", b"2")] == contents(path)


@pytest.mark.parametrize(
    "name", ["../wanted.json", "/etc/wanted.json", "a/../../wanted.json", "..\\wanted.json", "C:\\wanted.json"]
)
def test_a_name_that_leads_out_of_the_archive_is_told(name: str, tmp_path: Path) -> None:
    """Nothing is unpacked anyway; such a member is not even read."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr(name, b"1")
        file.writestr("wanted.json", b"2")
    assert ["its name leads out of the archive.", b"2"] == [content for _, content in contents(tmp_path / "a.zip")]
    assert ["a.zip"] == [path.name for path in tmp_path.iterdir()]


def test_a_bomb_is_refused_while_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what it really unpacks to, long before it is all unpacked."""
    monkeypatch.setattr(archive, "SMALL", 100_000)
    path = packed(tmp_path / "a.zip", wanted_json=b" " * 3_000_000)
    with pytest.raises(SpecError, match="unpacks to more than 200 times its size: it may be a zip bomb"):
        contents(path)


def test_a_bomb_that_lies_about_its_packed_size_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A packed size beyond the archive's end breaks off when it is read."""
    monkeypatch.setattr(archive, "SMALL", 100_000)
    path = packed(tmp_path / "a.zip", wanted_json=b" " * 3_000_000)
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    struct.pack_into("<I", raw, at + 20, 2_000_000_000)  # the packed size, in the archive's directory
    path.write_bytes(raw)
    with pytest.raises(SpecError, match="damaged: it breaks off"):
        contents(path)


def test_the_whole_archive_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many members that are each below it are not."""
    monkeypatch.setattr(archive, "MOST", 250)
    path = packed(tmp_path / "a.zip", wanted_json=b"x" * 100, a__wanted_json=b"x" * 100, b__wanted_json=b"x" * 100)
    with pytest.raises(SpecError, match="unpacks to more than 250 bytes"):
        contents(path)


def test_small_content_may_pack_well(tmp_path: Path) -> None:
    """A ratio says nothing of a file of a few kilobytes."""
    assert [("wanted.json", b" " * 50_000)] == contents(packed(tmp_path / "a.zip", wanted_json=b" " * 50_000))


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    """Its checksum is compared when it has been read."""
    path = packed(tmp_path / "a.zip", how=zipfile.ZIP_STORED, wanted_json=b"content")
    path.write_bytes(path.read_bytes().replace(b"content", b"CONTENT"))
    with pytest.raises(SpecError, match="damaged: Bad CRC-32"):
        contents(path)


def test_an_archive_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    """A download that broke off has no directory."""
    path = packed(tmp_path / "a.zip", wanted_json=b"content" * 100)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(SpecError, match="no archive that can be read"):
        contents(path)


@pytest.mark.parametrize(
    ("expected", "offset", "value"), [("a password", 8, 1), ("a way that is not read here", 10, 14)]
)
def test_a_member_that_cannot_be_read_is_told(expected: str, offset: int, value: int, tmp_path: Path) -> None:
    """Locked, or packed by something else than deflate."""
    path = packed(tmp_path / "a.zip", wanted_json=b"content")
    raw = bytearray(path.read_bytes())
    struct.pack_into("<H", raw, raw.rindex(b"PK\x01\x02") + offset, value)
    path.write_bytes(raw)
    ((_, found),) = contents(path)
    assert expected in str(found)
