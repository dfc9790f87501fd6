"""What several of these tests draw their inputs from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

quick = settings(deadline=None, max_examples=40, database=None, derandomize=True)

VERDICTS = (0.0, 0.5, 1.0)

verdicts = st.sampled_from(VERDICTS)
verdicts_or_failures = st.sampled_from((*VERDICTS, float("nan")))
prompt_scores = st.lists(st.integers(0, 24).map(lambda k: k / 24), min_size=1, max_size=40)
graded_scores = st.lists(st.floats(0, 1).map(lambda x: round(x, 6)), min_size=1, max_size=40)


@dataclass(frozen=True)
class Rows:
    """Judgments as the functions take them."""

    prompt: Any
    pair: Any
    judge: Any
    score: Any

    def taken(self, order: Any) -> Rows:
        return Rows(self.prompt[order], self.pair[order], self.judge[order], self.score[order])


@st.composite
def judgments(draw: st.DrawFn, *, failures: bool = False) -> Rows:
    """Up to 40 rows of up to 6 prompts, 3 pairs in each, 3 judges."""
    n = draw(st.integers(1, 40))
    prompt = draw(st.lists(st.integers(0, 5), min_size=n, max_size=n))
    pair = draw(st.lists(st.integers(0, 2), min_size=n, max_size=n))
    judge = draw(st.lists(st.sampled_from(["ann", "bob", "cleo"]), min_size=n, max_size=n))
    score = draw(st.lists(verdicts_or_failures if failures else verdicts, min_size=n, max_size=n))
    return Rows(np.array(prompt), np.array(pair), np.array(judge), np.array(score))


def mirrored(interval: tuple[float, float] | None) -> tuple[float, float] | None:
    return None if interval is None else (1.0 - interval[1], 1.0 - interval[0])


def rating_rows(table: Any) -> np.ndarray[Any, Any]:
    """Two columns of ratings whose cross table, win first and loss last, is `table` (2 × 2 or 3 × 3)."""
    counts = np.asarray(table)
    values = np.array(VERDICTS[::-1] if len(counts) == 3 else (1.0, 0.0))
    return np.array([(values[i], values[j]) for (i, j), n in np.ndenumerate(counts) for _ in range(int(n))])
