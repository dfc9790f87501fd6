"""Near-duplicates among many texts: MinHash over word shingles, candidates by bands, confirmed by their signatures.

Memory is about half a kilobyte a text, whatever its length. Source: Broder (1997).
"""

from __future__ import annotations

import re
import zlib
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_WORD = re.compile(r"\w+")
SHINGLE = 4
"""Words of a shingle."""
BANDS, ROWS = 16, 4
"""64 hashes: texts that share 80 % of their shingles meet in some band with a chance above 99.9 %."""
ALIKE = 0.8
"""The share of common shingles (Jaccard) from which on two texts are near-duplicates."""

_draw = np.random.default_rng(20_240_601).integers(0, 2**64, size=(2, BANDS * ROWS, 1), dtype=np.uint64)
_FACTORS, _OFFSETS = _draw[0] | np.uint64(1), _draw[1]
_EACH_BAND = np.arange(BANDS)


@lru_cache(maxsize=2**15)
def _hash(word: str) -> int:
    return zlib.crc32(word.encode("utf-8", "replace"))


def _runs(text: str) -> NDArray[np.uint64]:
    """The hashes, of 32 bits, of a text's runs of four words; a shorter text is one run."""
    words = _WORD.findall(text.lower())
    if not words:
        return np.zeros(0, dtype=np.uint64)
    if len(words) < SHINGLE:
        return np.array([zlib.crc32(" ".join(words).encode("utf-8", "replace"))], dtype=np.uint64)
    hashes = np.fromiter(map(_hash, words), dtype=np.uint64, count=len(words))
    mixed = np.zeros(hashes.size - SHINGLE + 1, dtype=np.uint64)
    for step in range(SHINGLE):
        mixed = mixed * np.uint64(1_000_003) + hashes[step : hashes.size - SHINGLE + 1 + step]
    mixed ^= mixed >> np.uint64(29)
    return mixed & np.uint64(0xFFFF_FFFF)


def shingles(text: str) -> NDArray[np.uint64]:
    """The distinct hashes of a text's runs of four words; a shorter text is one shingle."""
    return np.unique(_runs(text))


def signature(hashes: NDArray[np.uint64]) -> NDArray[np.uint16]:
    """The least values of 64 hash functions over a text's shingles: 16 bits of each, which tell them apart."""
    if not hashes.size:
        return np.zeros(BANDS * ROWS, dtype=np.uint16)
    mixed = _FACTORS * hashes[None, :] + _OFFSETS  # modulo 2**64: multiply-shift hashing (Dietzfelbinger et al. 1997)
    least: NDArray[np.uint16] = (mixed.min(axis=1) >> np.uint64(32)).astype(np.uint16)
    return least


def similarity(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> float:
    """The Jaccard similarity of two sets of shingles."""
    shared = np.intersect1d(a, b, assume_unique=True).size
    union = a.size + b.size - shared
    return shared / union if union else 0.0


_NOBODY = np.uint32(2**32 - 1)
_SPREAD = np.uint64(0x9E37_79B9_7F4A_7C15)  # odd: every bit of a band counts
_FEWEST = 10  # the table begins with 2 to this power of places a band


class Duplicates:
    """Texts seen so far; `add` says which earlier one a new text nearly repeats.

    Each band of a signature points at a place of a table, which holds the first text that came there. Four places a text and
    more leave a band in five, at most, to a stranger; near-duplicates share six bands and more.
    """

    def __init__(self, alike: float = ALIKE) -> None:
        self.alike = alike
        self._n = 0
        self._signatures = np.zeros((2 ** (_FEWEST - 2), BANDS * ROWS), dtype=np.uint16)
        self._table = np.full((BANDS, 2**_FEWEST), _NOBODY)

    def add(self, text: str) -> tuple[int, float] | None:
        """The number of the most similar earlier text and how similar the two are, or None; the text gets the next number.

        The similarity is estimated by the signatures: a standard error of about 0.05 near the limit.
        """
        hashes = _runs(text)
        number = self._n
        self._n += 1
        if number == len(self._signatures):
            self._grow()
        if not hashes.size:
            return None
        sketch = self._signatures[number] = signature(hashes)
        places = self._places(sketch)
        met = self._table[_EACH_BAND, places]
        free = met == _NOBODY
        self._table[_EACH_BAND[free], places[free]] = number
        others = np.sort(met[~free])
        if not others.size:
            return None
        alike = (self._signatures[others] == sketch).mean(axis=1)
        best = int(alike.argmax())  # the earliest of the most similar
        return (int(others[best]), float(alike[best])) if alike[best] >= self.alike else None

    def _places(self, sketches: NDArray[np.uint16]) -> NDArray[np.uint64]:
        """The place of each band, four values of 16 bits, in the table."""
        places: NDArray[np.uint64] = (sketches.view(np.uint64) * _SPREAD) >> np.uint64(
            65 - self._table.shape[1].bit_length()
        )
        return places

    def _grow(self) -> None:
        """Twice the room; whoever came first keeps a place."""
        n = len(self._signatures)
        self._signatures = np.concatenate([self._signatures, np.zeros_like(self._signatures)])
        self._table = np.full((BANDS, 2 * self._table.shape[1]), _NOBODY)
        for first in range(0, n, 2**12):
            numbers = np.arange(first, min(n, first + 2**12), dtype=np.uint32)
            known = self._signatures[numbers].any(axis=1)  # a text without words has no place
            places = self._places(self._signatures[numbers[known]])
            np.minimum.at(self._table, (_EACH_BAND, places), numbers[known, None])
