"""A folder that is written whole or not at all, and replaces only one that holds nothing of anybody else's."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path

from brie_bench.errors import BrieError, UsageError, plain


@contextlib.contextmanager
def replacing_folder(path: Path, files: Collection[str]) -> Iterator[Path]:
    """An empty folder to fill in place of `path`, which it replaces when all is written.

    `files` are all that may lie there, such as `data/train.jsonl`. Raises UsageError where `path` is no folder or holds
    anything else: what this did not write it does not remove.
    """
    path = path.absolute()
    _check(path, files)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.") as name:
            fresh, old = Path(name) / "new", Path(name) / "old"
            fresh.mkdir()
            yield fresh
            _check(path, files)
            if path.exists():
                path.rename(old)
            try:
                fresh.rename(path)
            except OSError:
                if old.exists():
                    old.rename(path)
                raise
    except OSError as error:
        raise BrieError(f"cannot be written: {error.strerror or error}.", where=path) from None


def _check(path: Path, files: Collection[str]) -> None:
    if path.is_symlink() or (path.exists() and not path.is_dir()):
        raise UsageError("this is no folder, and a folder is written.", where=path, mend="Name another one.")
    known = {*files, *(parent.as_posix() for file in files for parent in Path(file).parents)}
    for each in sorted(path.rglob("*")) if path.is_dir() else []:
        name = each.relative_to(path).as_posix()
        if name not in known or each.is_symlink():
            found = f"this folder holds '{plain(name, 80)}', which an export does not write."
            raise UsageError(found, where=path, mend="Name another folder.")
