"""What the commands' tests share: scripted plugins beside the installed ones, a tiny recorded run, real processes."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result, plugin_of

import brie_bench.plugin.catalog
from brie_bench.plugin.manager import make_manager


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Let commands find these classes beside the installed plugins."""

    def plug(**classes: tuple[type, ...]) -> None:
        make = functools.partial(make_manager, [plugin_of(**classes)])
        monkeypatch.setattr(brie_bench.plugin.catalog, "make_manager", make)

    return plug


@pytest.fixture
def process(tmp_path: Path) -> Callable[..., Result]:
    """Run `python -m brie_bench` as a process of its own, in an empty folder."""

    def run(*args: object, python: tuple[str, ...] = (), **environment: str) -> Result:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIE_BENCH_")}
        done = subprocess.run(
            [sys.executable, "-W", "error", *python, "-m", "brie_bench", *map(str, args)],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**clean, **environment},
        )
        return Result(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def recorded(cli: Callable[..., Result], suite: Callable[..., Path]) -> str:
    """The id of a recorded run of two prompts, judged by a coin."""
    done = cli("run", suite(2), "--judge", "coin")
    assert 0 == done.status, done.err
    (folder,) = Path("runs").glob("*/")
    return folder.name


def export_line(number: int, winner: str = "Response A", **changes: Any) -> str:
    """One line of a recorded study: `brie` against `baseline`, which is always Response A."""
    fields = {
        "prompt": f"What is the use of the number {number}?",
        "brie_response": f"It counts {number} things, and is even kind to them.",
        "baseline_response": f"The number {number}.",
        "presentation_order": "BA" if number % 2 else "AB",
        "judgment": f"Winner: {winner}",
        "winner": "baseline" if winner == "Response A" else "brie",
        "judge_model": "somebody",
        "config_name": "philosophy",
    }
    return json.dumps({**fields, **changes}) + "\n"
