"""What every statistic asks of its arguments: arrays of the right shape and range, or one clear ValueError."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
Interval = tuple[float, float]


def vector(name: str, values: ArrayLike) -> Floats:
    """`values` as a one-dimensional float array; NaN stands for a missing value, infinity is refused."""
    array = _floats(name, values)
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions: pass one value a row")
    if np.isinf(array).any():
        raise ValueError(f"{name} holds an infinite value: use NaN for a missing one")
    return array


def rates(name: str, values: ArrayLike) -> Floats:
    """A vector whose values lie in [0, 1] or are NaN."""
    return _within(name, vector(name, values), 0.0, 1.0)


def rate_table(name: str, values: ArrayLike, columns: str) -> Floats:
    """A two-dimensional array of values in [0, 1] or NaN; `columns` says what a column is, for the error."""
    array = _floats(name, values)
    if array.size == 0 and array.ndim < 2:
        array = array.reshape(0, 0)
    if array.ndim != 2:
        raise ValueError(f"{name} has {array.ndim} dimensions: pass a table with one column for each {columns}")
    return _within(name, array, 0.0, 1.0)


def same_length(**named: Any) -> int:
    """The common length of the named arrays, or an error that names the lengths."""
    lengths = {name: len(array) for name, array in named.items()}
    if len(set(lengths.values())) > 1:
        told = ", ".join(f"{name} {length}" for name, length in lengths.items())
        raise ValueError(f"arrays of unequal length ({told}): pass one value a row in each")
    return next(iter(lengths.values()))


def within_unit(name: str, value: float, *, ends: bool = False) -> float:
    """A number between 0 and 1, the ends included only when `ends`."""
    if not (0.0 < value < 1.0 or (ends and value in (0.0, 1.0))):
        raise ValueError(f"{name} is {value}: it must lie between 0 and 1")
    return float(value)


def at_least(name: str, value: int, least: int) -> int:
    """A whole number not below `least`."""
    if value != int(value) or value < least:
        raise ValueError(f"{name} is {value}: it must be a whole number of at least {least}")
    return int(value)


def codes(name: str, labels: ArrayLike) -> tuple[NDArray[Any], Ints]:
    """The sorted distinct labels (numbers or strings) and, for each row, the index of its label."""
    array = np.asarray(labels)
    if array.ndim != 1:
        raise ValueError(f"{name} has {array.ndim} dimensions: pass one label a row")
    if array.size and array.dtype.kind in "iu":
        low, high = int(array.min()), int(array.max())
        if high - low < 4 * array.size + 1024:  # a table of the labels seen is far cheaper than sorting a million rows
            return _dense_codes(array, low, high)
    if array.dtype.kind in "OU":
        return _text_codes(name, array)
    distinct, inverse = np.unique(array, return_inverse=True)
    return distinct, inverse.astype(np.intp, copy=False)


def _text_codes(name: str, array: NDArray[Any]) -> tuple[NDArray[Any], Ints]:
    """As `codes`, for strings: hashing them is several times faster than sorting them all."""
    items = array.tolist()
    try:
        distinct = sorted(set(items))
    except TypeError:
        raise ValueError(f"{name} mixes labels that cannot be sorted: use only strings or only numbers") from None
    place = {label: index for index, label in enumerate(distinct)}
    inverse = np.fromiter(map(place.__getitem__, items), dtype=np.intp, count=len(items))
    return np.array(distinct, dtype=array.dtype), inverse


def even_sum(values: Floats) -> float:
    """The sum of the values, to the last bit the same for any order of them, and its negative for their negatives."""
    ordered = np.sort(values)
    return float(ordered.sum() - (-ordered[::-1]).copy().sum()) / 2


def _dense_codes(array: NDArray[Any], low: int, high: int) -> tuple[NDArray[Any], Ints]:
    offset = array.astype(np.intp, copy=False) - low if low else array.astype(np.intp, copy=False)
    seen = np.zeros(high - low + 1, dtype=np.bool_)
    seen[offset] = True
    distinct = np.flatnonzero(seen)
    if distinct.size == seen.size:
        return (distinct + low).astype(array.dtype), offset
    rank = np.cumsum(seen) - 1
    return (distinct + low).astype(array.dtype), rank[offset]


def _floats(name: str, values: ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} is not an array of numbers: pass floats, with NaN for a missing value") from None


def _within(name: str, array: Floats, low: float, high: float) -> Floats:
    if array.size:
        for extreme in (np.fmin.reduce(array, axis=None), np.fmax.reduce(array, axis=None)):
            if extreme < low or extreme > high:
                raise ValueError(
                    f"{name} holds {extreme:g}: values must lie in [{low:g}, {high:g}], NaN for a missing one"
                )
    return array
