"""Is a text in English? Told by its script and its commonest words: coarse, fast, and silent when in doubt."""

from __future__ import annotations

import re

from brie_bench.conversations.text import Text

_OTHER_SCRIPT = re.compile(r"(?:(?![\d_])[^\W\x00-\u024f])+")
_FEWEST, _MOST = 12, 4_000
"""Shorter texts, in words, are not judged; of longer ones, in characters, the beginning is."""

_COMMON = {
    "German": "der die das und ist nicht ein eine ich sie mit den dem auf für von werden auch sich wir dass aber wie wenn",
    "French": "le la les et est une dans pour que qui pas sur avec des nous vous mais elle sont cette être ce du au",
    "Spanish": "el la los las y es una en para que no con por se del pero como más está son este su lo al",
    "Italian": "il la gli e è una per che non con del della sono ma come più questo nel si anche di le alla",
    "Portuguese": "o a os as e é uma para que não com por mas como mais está são este do da em se no na",
    "Dutch": "de het een en is niet van op voor met dat zijn maar ook als wij ze er aan bij naar wordt deze ik",
}
_COMMON_ENGLISH = (
    "the a an and of to in is it that was for on are as with his they be at this have from or had by not but"
    " what all were we when your can there use each which she do how their if will up about out many then them"
    " these so some her would make like him into time has look two more go see no way could my than been who"
    " its now did get you i he one"
)
_ENGLISH = frozenset(_COMMON_ENGLISH.split())
_OTHERS = {name: frozenset(words.split()) for name, words in _COMMON.items()}


_FOREIGN = frozenset().union(*_OTHERS.values())


def looks_foreign(text: Text) -> str | None:
    """The language or script a text seems to be in, or None when it is English, too short, or in doubt."""
    start = text.content[:_MOST]
    if not start.isascii() and _OTHER_SCRIPT.search(start):
        letters = [character for character in start if character.isalpha()]
        foreign = sum(map(len, _OTHER_SCRIPT.findall(start)))
        if len(letters) >= _FEWEST and foreign > len(letters) / 2:
            return "another script"
    words = text.words[: _MOST // 5]
    if len(words) < _FEWEST:
        return None
    least = max(0.15 * len(words), 2 * sum(map(_ENGLISH.__contains__, words)))
    if sum(map(_FOREIGN.__contains__, words)) <= least:  # all of them together: none alone can have more
        return None
    counts = {name: sum(map(common.__contains__, words)) for name, common in _OTHERS.items()}
    best = max(counts, key=lambda name: counts[name])
    return best if counts[best] > least else None
