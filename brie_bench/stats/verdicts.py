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

    Cells that look alike may be one entry: `kind` names the entry of each, `pair_of_cell` its pair. Without a prompt
    to average over, `counts[C]` says how many pairs each entry stands for, and the rest is empty. `turned` says that
    wins and losses were exchanged.
    """

    shares: Floats
    counts: Floats | None
    kind: Ints
    pair_of_cell: Ints
    prompt_of_pair: Ints
    n_prompts: int
    turned: bool


def verdict_codes(scores: Floats) -> NDArray[np.int8]:
    """0 for none, 1 win, 2 tie, 3 loss: above, at and below ½."""
    verdicts: NDArray[np.int8] = (
        (scores > 0.5) * np.int8(1) + (scores == 0.5) * np.int8(2) + (scores < 0.5) * np.int8(3)
    )
    return verdicts


def judged_cells(ratings: Floats, prompt: ArrayLike | None, pair: ArrayLike | None, order: ArrayLike | None) -> Cells:
    """Rows of ratings as cells, turned so that wins prevail: then both sides' data give the same draws."""
    verdicts = verdict_codes(ratings)
    rows = np.arange(len(verdicts))
    pair_code = rows if pair is None else codes("pair", pair)[1]
    prompt_code = pair_code if prompt is None else codes("prompt", prompt)[1]
    order_code = np.zeros_like(rows) if order is None else codes("order", order)[1]
    same_length(ratings=verdicts, prompt=prompt_code, pair=pair_code, order=order_code)
    if pair is None:
        return _row_cells(verdicts, None if prompt is None else prompt_code)
    pair_key, pair_code = _joined(prompt_code, pair_code)
    cell_key, cell_code = _joined(pair_code, order_code)
    prompts, prompt_of_pair = np.unique(pair_key[0], return_inverse=True)
    n_cells, n_judges = cell_key.shape[1], verdicts.shape[1]
    slots = (cell_code[:, None] * n_judges + np.arange(n_judges)) * 4 + verdicts
    counted = np.bincount(slots.ravel(), minlength=n_cells * n_judges * 4).reshape(n_cells, n_judges, 4)[:, :, 1:]
    shares = counted / np.maximum(counted.sum(axis=2, keepdims=True), 1)
    turned = _losses_prevail(shares, cell_key[0])
    if turned:
        shares = shares[:, :, ::-1].copy()  # a view would be summed in another order
    return Cells(shares, None, np.arange(n_cells), cell_key[0], prompt_of_pair, prompts.size, turned)


def _row_cells(verdicts: NDArray[np.int8], prompt_code: Ints | None) -> Cells:
    """Every row a pair, judged once; rows with the same verdicts are one entry."""
    unit = np.zeros(len(verdicts), dtype=np.intp) if prompt_code is None else prompt_code
    margin = np.count_nonzero(verdicts == 1) - np.count_nonzero(verdicts == 3)
    turned = bool(margin < 0) if margin else _losses_prevail(_one_each(verdicts), unit)
    patterns, kind = _distinct(_exchanged(verdicts) if turned else verdicts)
    shares = _one_each(patterns)
    if prompt_code is None:
        counts = np.bincount(kind, minlength=len(patterns)).astype(np.float64)
        none = np.zeros(0, dtype=np.intp)
        return Cells(shares, counts, none, none, none, len(kind), turned)
    n_prompts = int(prompt_code.max(initial=-1)) + 1
    return Cells(shares, None, kind, np.arange(len(kind)), prompt_code, n_prompts, turned)


def _one_each(verdicts: NDArray[np.int8]) -> Floats:
    """Rows of verdicts as shares of 1 or 0."""
    shares: Floats = np.asarray(verdicts[:, :, None] == np.array([1, 2, 3]), dtype=np.float64)
    return shares


def _exchanged(verdicts: NDArray[np.int8]) -> NDArray[np.int8]:
    """Wins for losses."""
    return ((4 - verdicts) % 4).astype(np.int8)


def _losses_prevail(shares: Floats, unit: Ints) -> bool:
    """Larger shares of losses than of wins; when alike, the side whose units, sorted by what they hold, come first.

    How often a verdict was recorded does not count, nor do the names of units and orders: who exchanges contender and
    baseline exchanges those too, and a file may hold its lines in any order.
    """
    margin = float((shares[:, :, 0] - shares[:, :, 2]).sum())
    if abs(margin) > 1e-9 or not shares.size:
        return margin < 0
    return _contents(shares, unit) > _contents(shares[:, :, ::-1], unit)


def _contents(shares: Floats, unit: Ints) -> list[bytes]:
    """The cells of each unit in an order that no label decides, and the units likewise."""
    table: Floats = np.column_stack((unit, np.round(shares, 9).reshape(len(shares), -1)))
    table = table[np.lexsort(table.T[::-1])]
    begins = np.flatnonzero(np.diff(table[:, 0]) != 0) + 1
    return sorted(part.tobytes() for part in np.split(np.ascontiguousarray(table[:, 1:]) + 0.0, begins))


def _distinct(verdicts: NDArray[np.int8]) -> tuple[NDArray[np.int8], Ints]:
    """The different rows, sorted from the last column, and the one each row is."""
    n_judges = verdicts.shape[1]
    if 4**n_judges > _DENSE:
        patterns, kind = np.unique(verdicts[:, ::-1], axis=0, return_inverse=True)
        return patterns[:, ::-1], kind.ravel()
    places = 4 ** np.arange(n_judges)
    seen, kind = codes("ratings", verdicts @ places)
    return (seen[:, None] // places % 4).astype(np.int8), kind


def _joined(outer: Ints, inner: Ints) -> tuple[Ints, Ints]:
    """The different (outer, inner) combinations, as two rows, and each row's combination."""
    base = int(inner.max(initial=0)) + 1
    keys, code = np.unique(outer * base + inner, return_inverse=True)
    return np.vstack((keys // base, keys % base)), code
