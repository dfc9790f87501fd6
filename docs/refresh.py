"""Puts what commands print into the documents that show it, between marks; `make readme` runs it, a test checks it."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MARK = re.compile(r"(<!-- leaderboard: brie-bench (?P<args>[^>]*?) -->\n).*?(<!-- /leaderboard -->)", re.DOTALL)


def refreshed(text: str) -> str:
    """`text` with every marked block as its command prints it today, up to its first second-level heading."""
    return MARK.sub(lambda match: f"{match[1]}\n{_printed(match['args'].split())}\n{match[3]}", text)


def _printed(args: list[str]) -> str:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "brie_bench", *args, "--runs", folder]
        done = subprocess.run(command, cwd=ROOT, check=False, capture_output=True, text=True)  # noqa: S603
    if done.returncode not in (0, 100):  # a gate that is not met prints what it found all the same
        raise SystemExit(done.stderr)
    head = done.stdout.partition("\n## ")[0].rstrip() + "\n"
    return re.sub(r"^#", "###", head, flags=re.MULTILINE)


def documents() -> list[Path]:
    """The documents that show what a command prints."""
    return [
        path for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if MARK.search(path.read_text())
    ]


if __name__ == "__main__":
    for path in documents():
        path.write_text(refreshed(path.read_text()))
        print(path.relative_to(ROOT))  # noqa: T201
