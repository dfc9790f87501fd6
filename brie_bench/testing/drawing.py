"""Chance that is no chance: draws made of a seed and of the content, the same in every process and on every machine."""

from __future__ import annotations

import hashlib

_SEPARATOR = b"\x00\xff"


def fingerprint(*parts: object) -> bytes:
    """Thirty-two bytes made of `parts`, each as text or bytes; a lone surrogate is content like any other."""
    state = hashlib.sha256()
    for part in parts:
        state.update(part if isinstance(part, bytes) else str(part).encode("utf-8", "surrogatepass"))
        state.update(_SEPARATOR)
    return state.digest()


def drawn(*parts: object) -> float:
    """A number from 0 to 1, 1 excluded."""
    return int.from_bytes(fingerprint(*parts)[:7]) / 2**56


def numbers(n: int, *parts: object) -> list[int]:
    """`n` numbers from 0 to 65 535."""
    drawn_bytes = hashlib.shake_128(fingerprint(*parts)).digest(2 * n)
    return [int.from_bytes(drawn_bytes[2 * i : 2 * i + 2]) for i in range(n)]
