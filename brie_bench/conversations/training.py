"""What a contender was trained on, as far as a run must know it: how much of the suite is in it, and whose models helped."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from brie_bench.conversations.overlap import overlaps
from brie_bench.conversations.reading import read_whole
from brie_bench.report.labs import lab_of
from brie_bench.spec.config import Contender
from brie_bench.spec.suite import Suite

EXAMPLES = 5


def training_of(suite: Suite, contenders: Iterable[Contender]) -> dict[str, dict[str, Any]]:
    """For each contender that says what it was `trained_on`, what a run's record says of that file: the digest, no path.

    Raises SpecError for a file that cannot be read or holds a line that is no conversation.
    """
    found: dict[str, dict[str, Any]] = {}
    files: dict[Path, dict[str, Any]] = {}
    for each in contenders:
        if each.trained_on is not None:
            path = Path(each.trained_on)
            if path not in files:
                files[path] = _described(suite, path)
            found[each.name] = files[path]
    return found


def _described(suite: Suite, path: Path) -> dict[str, Any]:
    placed = read_whole([path])
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    helped = [each.conversation.provenance for each in placed]
    prompts: dict[str, str] = {}
    held: set[str] = set()
    for each in overlaps(suite, placed):
        prompts.setdefault(each.prompt, each.passage)
        held.add(each.conversation)
    return {
        "sha256": digest,
        "n_conversations": len(placed),
        "labs": sorted({lab for one in helped if (lab := one.lab or lab_of(one.model))}),
        "n_overlapping": len(held),
        "n_prompts": len(prompts),
        "examples": dict(list(prompts.items())[:EXAMPLES]),
    }
