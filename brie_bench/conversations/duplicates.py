"""Near-duplicates among many texts: MinHash over word shingles, candidates by bands, confirmed by their shingles.

Memory is a signature a text (256 bytes) and the hashes of a text while it is compared. Source: Broder (1997).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

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


def shingles(text: str) -> NDArray[np.uint64]:
    """The distinct hashes of a text's runs of four words; a shorter text is one shingle."""
    words = _WORD.findall(text.lower())
    if not words:
        return np.zeros(0, dtype=np.uint64)
    encoded = [zlib.crc32(word.encode("utf-8", "replace")) for word in words]
    hashes = np.array(encoded, dtype=np.uint64)
    if hashes.size < SHINGLE:
        return np.array([zlib.crc32(" ".join(words).encode("utf-8", "replace"))], dtype=np.uint64)
    mixed = np.zeros(hashes.size - SHINGLE + 1, dtype=np.uint64)
    with np.errstate(over="ignore"):
        for step in range(SHINGLE):
            mixed = mixed * np.uint64(1_000_003) + hashes[step : hashes.size - SHINGLE + 1 + step]
        mixed ^= mixed >> np.uint64(29)
    return np.unique(mixed & np.uint64(0xFFFF_FFFF))


def signature(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """The 64 least values of 64 hash functions over a text's shingles."""
    if not hashes.size:
        return np.zeros(BANDS * ROWS, dtype=np.uint32)
    mixed = _FACTORS * hashes[None, :] + _OFFSETS  # modulo 2**64: multiply-shift hashing (Dietzfelbinger et al. 1997)
    least: NDArray[np.uint32] = (mixed >> np.uint64(32)).min(axis=1).astype(np.uint32)
    return least


def similarity(a: NDArray[np.uint64], b: NDArray[np.uint64]) -> float:
    """The Jaccard similarity of two sets of shingles."""
    shared = np.intersect1d(a, b, assume_unique=True).size
    union = a.size + b.size - shared
    return shared / union if union else 0.0


class Duplicates:
    """Texts seen so far; `add` says which earlier one a new text nearly repeats."""

    def __init__(self, alike: float = ALIKE) -> None:
        self.alike = alike
        self._bands: list[dict[bytes, int]] = [{} for _ in range(BANDS)]
        self._signatures: list[NDArray[np.uint32]] = []

    def add(self, text: str) -> tuple[int, float] | None:
        """The number of the most similar earlier text and how similar the two are, or None; the text gets the next number.

        The similarity is estimated by the signatures: a standard error of about 0.05 near the limit.
        """
        hashes = shingles(text)
        sketch = signature(hashes)
        number = len(self._signatures)
        self._signatures.append(sketch)
        found: set[int] = set()
        if hashes.size:
            for band, seen in enumerate(self._bands):
                key = sketch[band * ROWS : (band + 1) * ROWS].tobytes()
                other = seen.setdefault(key, number)
                if other != number:
                    found.add(other)
        best = max(((float((self._signatures[other] == sketch).mean()), -other) for other in found), default=None)
        return (-best[1], best[0]) if best is not None and best[0] >= self.alike else None

    def pairs(self, texts: Iterator[str]) -> Iterator[tuple[int, int, float]]:
        """Every text that nearly repeats an earlier one: its number, that one's, and how similar they are."""
        for text in texts:
            number = len(self._signatures)
            found = self.add(text)
            if found is not None:
                yield number, found[0], found[1]
