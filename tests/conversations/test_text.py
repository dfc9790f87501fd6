"""A text is taken apart the same way whatever its characters are, and its language is told from its words."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.conversations.language import looks_foreign
from brie_bench.conversations.text import Text

ENGLISH = "The question is not what we can know of the world, but what we do when there is nobody who can tell us. "
TEXTS = {
    "German": "Die Frage ist nicht, was wir von der Welt wissen, sondern was wir tun, wenn uns niemand mit Rat hilft.",
    "French": "La question est une de celles que nous avons dans la tête sans les mots pour la dire, et elle est là.",
    "Spanish": "La pregunta es una que no se puede dejar para más tarde, como el que espera en la puerta de su casa.",
    "Italian": "La domanda che non si può lasciare per dopo è una di quelle che sono come il pane del giorno, anche qui.",
    "Portuguese": "A pergunta é uma que não se deixa para mais tarde, como a de quem espera em casa do seu pai e da mãe.",
    "Dutch": "De vraag is niet wat wij van de wereld weten, maar wat wij doen als er niemand is met raad voor ons.",
    "another script": "Вопрос не в том, что мы можем знать о мире, а в том, что мы делаем, когда никто не подскажет.",
}


def told(text: str) -> str | None:
    """The language a turn seems to be in."""
    return looks_foreign(Text.of("assistant", text))


@settings(deadline=None)
@given(st.text(st.characters(max_codepoint=127)))
def test_the_quick_way_finds_the_same_words(text: str) -> None:
    """ASCII alone and beside a character that is none."""
    assert re.findall("[a-z]+", text.lower()) == Text.of("user", text).words
    assert Text.of("user", text).words == Text.of("user", text + " \u2013").words


def test_both_apostrophes_are_one() -> None:
    """As hints are looked for; the text itself stays as it is."""
    text = Text.of("user", "I\u2019m SORRY")
    assert ("i'm sorry", "I\u2019m SORRY") == (text.lower, text.content)


@pytest.mark.parametrize("language", sorted(TEXTS))
def test_another_language_is_named(language: str) -> None:
    """By its commonest words, or by its script; a few words of it in English are no matter."""
    assert language == told(TEXTS[language])
    assert told(3 * ENGLISH + TEXTS[language][:40]) is None


@pytest.mark.parametrize(
    "text", [ENGLISH, ENGLISH.replace("not", "\u201cnot\u201d"), "Das ist gut.", "\u2014 " * 40, "", "1 2 3 4 5 6"]
)
def test_doubt_is_silent(text: str) -> None:
    """English, too short, or nothing to go by."""
    assert told(text) is None
