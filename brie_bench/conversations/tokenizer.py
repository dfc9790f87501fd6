"""How many tokens a text has, by a tokenizer that is named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from brie_bench.errors import PluginError, UsageError, in_words, plain


def counter(name: str) -> Callable[[str], int]:
    """From a text to its number of tokens, special ones not counted.

    `name` is a `tokenizer.json`, a folder that holds one, or a model's name, which the library looks up.
    Raises PluginError where the `tokenizers` library is not installed, UsageError where there is no such tokenizer.
    """
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise PluginError(
            "a tokenizer needs tokenizers, which is not installed.", mend="pip install tokenizers, or count words."
        ) from None
    path = Path(name)
    file = path / "tokenizer.json" if path.is_dir() else path
    try:
        tokenizer = Tokenizer.from_file(str(file)) if file.exists() else Tokenizer.from_pretrained(name)
    except Exception as error:  # the library raises bare ones
        raise UsageError(
            f"no tokenizer '{plain(name, 80)}': {plain(in_words(error), 160)}.", mend="Name a tokenizer.json."
        ) from None
    return lambda text: len(tokenizer.encode(text, add_special_tokens=False).ids)
