"""What can be mended without judgment: pasted marks, web debris, wrongly decoded characters, personal data, secrets.

Every change is logged: where, which lint, before and after. Nothing is mended in place, and what cannot be mended safely is
left as it is for a person to decide.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

from brie_bench.conversations import patterns
from brie_bench.conversations.reading import Broken, Placed, read_all
from brie_bench.errors import SpecError, plain
from brie_bench.spec.base import Spec
from brie_bench.spec.conversation import Conversation, Turn


class Change(Spec):
    """One mend."""

    file: str
    """The file it was read from."""
    line: int
    """The line."""
    conversation: str
    """The conversation's id."""
    turn: int
    """The turn, from 1."""
    code: str
    """The lint that was mended."""
    before: str
    """The turn as it was."""
    after: str
    """The turn as it is."""


_TAG = re.compile(
    r"</?(?:div|span|p|br|b|i|strong|em|ul|ol|li|h[1-6]|table|tr|td|th|a|img|font)(?:\s[^<>\n]{0,200})?/?>",
    re.IGNORECASE,
)
_BUTTON = re.compile(r"^\s*(?:Copy code|Regenerate response|Continue generating)\s*$\n?", re.MULTILINE)
_CITATION = re.compile(r"\u3010[^\u3010\u3011\n]{0,60}\u2020[^\u3010\u3011\n]{0,60}\u3011|[\ue000-\uf8ff]")
_BAD_RUN = re.compile(r"[\u0080-\u024f\u02c6\u02dc\u2013-\u203a\u20ac\u2122]{2,8}")


def _debris(text: str) -> str:
    text = _CITATION.sub("", _BUTTON.sub("", _TAG.sub("", text)))
    return html.unescape(text).replace("\u00a0", " ")


def _mojibake(text: str) -> str:
    """Every run of suspicious characters that is valid UTF-8 when encoded as Windows-1252 again."""

    def decoded(match: re.Match[str]) -> str:
        run = match.group()
        try:
            encoded = b"".join(_cp1252(character) for character in run)
            return encoded.decode("utf-8")
        except (UnicodeDecodeError, UnicodeEncodeError):
            return run

    return _BAD_RUN.sub(decoded, text)


def _cp1252(character: str) -> bytes:
    """As Windows-1252, whose five undefined places most programs pass through."""
    return bytes([ord(character)]) if 0x80 <= ord(character) < 0xA0 else character.encode("cp1252")


def _personal(text: str) -> str:
    text = patterns.EMAIL.sub(lambda match: match[0] if patterns.EXEMPT.search(match[0]) else "[e-mail]", text)
    return patterns.NUMBER.sub("[number]", text)


MENDS: dict[str, Callable[[str], str]] = {
    "role-mark": lambda text: patterns.ROLE_MARK.sub("", text),
    "debris": _debris,
    "mojibake": _mojibake,
    "personal-data": _personal,
    "secret": lambda text: patterns.SECRET.sub("[secret]", text),
}
"""Lint code to what mends a turn."""


def fix(placed: Placed, codes: Collection[str]) -> tuple[Conversation, list[Change]]:
    """A conversation with everything mended that is safe to mend, and each change."""
    turns, changes = [], []
    for number, turn in enumerate(placed.conversation.messages, 1):
        text = turn.content
        for code, mend in MENDS.items():
            if code not in codes:
                continue
            mended = _tidied(mend(text)) if mend(text) != text else text
            if mended != text and mended:
                changes.append(
                    Change(
                        file=placed.file,
                        line=placed.line,
                        conversation=placed.conversation.id,
                        turn=number,
                        code=code,
                        before=text,
                        after=mended,
                    )
                )
                text = mended
        turns.append(Turn(role=turn.role, content=text))
    return placed.conversation.model_copy(update={"messages": tuple(turns)}), changes


def _tidied(text: str) -> str:
    """Without the white space that a removal leaves behind."""
    return re.sub(r"\n{3,}", "\n\n", re.sub(r"[ \t]+\n", "\n", re.sub(r"(?<=\S)  +", " ", text))).strip()


def fix_all(paths: list[Path], codes: Collection[str]) -> Iterator[tuple[Conversation, list[Change]]]:
    """Every conversation, mended. Raises SpecError for a line that is none: a new file must not lose one silently."""
    for each in read_all(paths):
        if isinstance(each, Broken):
            where = f"{each.file}:{each.line}"
            raise SpecError(plain(each.reason), where=where, mend="Mend or remove the line first.")
        yield fix(each, codes)
