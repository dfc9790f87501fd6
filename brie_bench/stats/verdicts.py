"""Scores as verdicts (win, tie, loss), gathered into what was judged under the same conditions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .inputs import Floats, Ints, codes, same_length

_DENSE = 1 << 16


@dataclass(frozen=True, slots=True)
class Cells:
    """`shares[C, J, 3]`: shares of win, tie and loss among a judge's verdicts on one pair in one order, 0 for none.

    Either `counts[C]` says how many pairs, each a unit of its own, look alike, or cells belong to pairs and prompts.
    """

    shares: Floats
    counts: Floats | None
    pair_of_cell: Ints
    prompt_of_pair: Ints
    n_prompts: int


def verdict_codes(scores: Floats) -> NDArray[np.int8]:
    """0 for none, 1 win, 2 tie, 3 loss: above, at and below ½."""
    rated = (scores > 0.5) * np.int8(1) + (scores == 0.5) * np.int8(2) + (scores < 0.5) * np.int8(3)
    verdicts: NDArray[np.int8] = rated
    return verdicts


def judged_cells(ratings: Floats, prompt: ArrayLike | None, pair: ArrayLike | None, order: ArrayLike | None) -> Cells:
    """Rows of ratings as cells, turned so that wins prevail: agreement is the same either way, and so are its draws."""
    verdicts = verdict_codes(ratings)
    rows = np.arange(len(verdicts))
    if prompt is None and pair is None:
        same_length(ratings=verdicts, order=rows if order is None else np.asarray(order))
        return _patterns(verdicts)
    pair_code = rows if pair is None else codes("pair", pair)[1]
    prompt_code = pair_code if prompt is None else codes("prompt", prompt)[1]
    order_code = np.zeros_like(rows) if order is None or pair is None else codes("order", order)[1]
    same_length(ratings=verdicts, prompt=prompt_code, pair=pair_code, order=order_code)
    if not len(verdicts):
        return Cells(np.zeros((0, verdicts.shape[1], 3)), np.zeros(0), rows, rows, 0)
    pair_key, pair_code = _joined(prompt_code, pair_code)
    cell_key, cell_code = _joined(pair_code, order_code)
    prompts, prompt_of_pair = np.unique(pair_key[0], return_inverse=True)
    n_cells, n_judges = cell_key.shape[1], verdicts.shape[1]
    slots = (cell_code[:, None] * n_judges + np.arange(n_judges)) * 4 + verdicts
    counted = np.bincount(slots.ravel(), minlength=n_cells * n_judges * 4).reshape(n_cells, n_judges, 4)[:, :, 1:]
    shares = counted / np.maximum(counted.sum(axis=2, keepdims=True), 1)
    margins = np.bincount(prompt_of_pair[cell_key[0]], weights=(counted[:, :, 0] - counted[:, :, 2]).sum(axis=1))
    if _losses_prevail(np.concatenate(([margins.sum()], margins))):
        shares = shares[:, :, ::-1]
    return Cells(shares, None, cell_key[0], prompt_of_pair, prompts.size)


def _patterns(verdicts: NDArray[np.int8]) -> Cells:
    """Rows that are units of their own, the same rows counted together."""
    turned = (4 - verdicts) % 4
    patterns, counts = _count_rows(verdicts)
    mirrored, mirrored_counts = _count_rows(turned)
    wins = np.count_nonzero(verdicts == 1) - np.count_nonzero(verdicts == 3)
    signature = [wins, *np.column_stack((patterns, counts)).ravel().tolist()]
    if signature < [-wins, *np.column_stack((mirrored, mirrored_counts)).ravel().tolist()]:
        patterns, counts = mirrored, mirrored_counts
    shares = (patterns[:, :, None] == np.array([1, 2, 3])).astype(np.float64)
    none = np.zeros(0, dtype=np.intp)
    return Cells(shares, counts.astype(np.float64), none, none, int(counts.sum()))


def _count_rows(verdicts: NDArray[np.int8]) -> tuple[NDArray[np.int8], Ints]:
    n_judges = verdicts.shape[1]
    if 4**n_judges > _DENSE:
        patterns, counts = np.unique(verdicts, axis=0, return_counts=True)
        return patterns, counts
    places = 4 ** np.arange(n_judges)
    counts = np.bincount(verdicts @ places, minlength=4**n_judges)
    seen = np.flatnonzero(counts)
    return (seen[:, None] // places % 4).astype(np.int8), counts[seen]


def _joined(outer: Ints, inner: Ints) -> tuple[Ints, Ints]:
    """The different (outer, inner) combinations, as two rows, and each row's combination."""
    base = int(inner.max(initial=0)) + 1
    keys, code = np.unique(outer * base + inner, return_inverse=True)
    return np.vstack((keys // base, keys % base)), code


def _losses_prevail(margins: Floats) -> bool:
    decided = margins[margins != 0]
    return bool(decided.size and decided[0] < 0)
