"""Is a text in English? Told by its script and its commonest words: coarse, fast, and silent when in doubt."""

from __future__ import annotations

import re

_WORDS = re.compile(r"[^\W\d_]+")
_FEWEST = 12
"""Shorter texts are not judged."""

_COMMON = {
    "German": "der die das und ist nicht ein eine ich sie mit den dem auf für von werden auch sich wir dass aber wie wenn",
    "French": "le la les et est une dans pour que qui pas sur avec des nous vous mais elle sont cette être ce du au",
    "Spanish": "el la los las y es una en para que no con por se del pero como más está son este su lo al",
    "Italian": "il la gli e è una per che non con del della sono ma come più questo nel si anche di le alla",
    "Portuguese": "o a os as e é uma para que não com por mas como mais está são este do da em se no na",
    "Dutch": "de het een en is niet van op voor met dat zijn maar ook als wij ze er aan bij naar wordt deze ik",
}
_ENGLISH = frozenset(
    [
        "the",
        "a",
        "an",
        "and",
        "of",
        "to",
        "in",
        "is",
        "it",
        "that",
        "was",
        "for",
        "on",
        "are",
        "as",
        "with",
        "his",
        "they",
        "be",
        "at",
        "this",
        "have",
        "from",
        "or",
        "had",
        "by",
        "not",
        "but",
        "what",
        "all",
        "were",
        "we",
        "when",
        "your",
        "can",
        "there",
        "use",
        "each",
        "which",
        "she",
        "do",
        "how",
        "their",
        "if",
        "will",
        "up",
        "about",
        "out",
        "many",
        "then",
        "them",
        "these",
        "so",
        "some",
        "her",
        "would",
        "make",
        "like",
        "him",
        "into",
        "time",
        "has",
        "look",
        "two",
        "more",
        "go",
        "see",
        "no",
        "way",
        "could",
        "my",
        "than",
        "been",
        "who",
        "its",
        "now",
        "did",
        "get",
        "you",
        "i",
        "he",
        "one",
    ]
)
_OTHERS = {name: frozenset(words.split()) for name, words in _COMMON.items()}


def looks_foreign(text: str) -> str | None:
    """The language or script a text seems to be in, or None when it is English, too short, or in doubt."""
    letters = [character for character in text[:4000] if character.isalpha()]
    if len(letters) >= _FEWEST:
        foreign = sum(not ("A" <= character <= "z" or "\u00c0" <= character <= "\u024f") for character in letters)
        if foreign > len(letters) / 2:
            return "another script"
    words = [word.lower() for word in _WORDS.findall(text[:4000])]
    if len(words) < _FEWEST:
        return None
    english = sum(word in _ENGLISH for word in words) / len(words)
    shares = {name: sum(word in common for word in words) / len(words) for name, common in _OTHERS.items()}
    best = max(shares, key=lambda name: shares[name])
    return best if shares[best] > 0.15 and shares[best] > 2 * english else None
