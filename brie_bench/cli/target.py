"""Where a command may write: nothing is replaced unless that is asked for, and what is read is never replaced."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from brie_bench.errors import UsageError


def check_target(path: Path, *, force: bool, sources: Iterable[Path] = ()) -> None:
    """Raise UsageError unless `path` may be written; a link counts as a file, wherever it leads."""
    if any(path.exists() and source.exists() and path.samefile(source) for source in sources):
        raise UsageError("the source is never replaced.", where=path, mend="Name another file.")
    if os.path.lexists(path) and not force:
        raise UsageError("this file is there already.", where=path, mend="Name another one, or add --force.")
