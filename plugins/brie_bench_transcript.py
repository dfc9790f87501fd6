"""Reads transcripts: text or markdown in which a mark such as `Human:` or `**ChatGPT:**` says who speaks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import Field

from brie_bench import Conversation, Importer, Unreadable, hookimpl
from brie_bench.conversations.importing import Authorship, conversations_in
from brie_bench.conversations.opening import Entry, beginning
from brie_bench.conversations.turns import Said, in_turn
from brie_bench.errors import SpecError
from brie_bench.files import LONGEST_LINE, Source, read_lines, sources
from brie_bench.spec.conversation import Role

SPEAKERS: Mapping[str, Role] = {
    "system": "system",
    **dict.fromkeys(("human", "user", "you"), "user"),
    **dict.fromkeys(("assistant", "ai", "chatgpt", "claude", "gemini", "copilot", "bard"), "assistant"),
}
"""Names that need no option; words that a response uses too, such as `Answer:`, are not among them."""
_FENCE = re.compile(r"\s{0,3}(?:```|~~~)")


class Transcript(Importer):
    """Reads transcripts, one conversation a file: `Human:` and `Assistant:`, `**You:**`, `## User`, `ChatGPT said:`.

    A mark stands at the beginning of its line and outside a code block. The options name other speakers, and a line that
    separates several conversations of one file.
    """

    name = "transcript"

    class Options(Authorship):
        """Who speaks, and what the file does not say."""

        user: str | None = Field(default=None, pattern=r"\S", description="Another name of the one who asks.")
        assistant: str | None = Field(default=None, pattern=r"\S", description="Another name of the one who answers.")
        between: str | None = Field(default=None, pattern=r"\S", description="A line that separates conversations.")

    options: Options

    def read(self, paths: Sequence[Path]) -> Iterator[Conversation | Unreadable]:
        """Each conversation, and what is left out."""
        speakers = Speakers(self.options.user, self.options.assistant)

        def parse(value: dict[str, str], origin: str) -> Iterator[Conversation | str]:
            said, before = speakers.said(value["text"])
            turns, lost = in_turn(said)
            yield from ["words before the first speaker"] * before
            yield from (each.reason for each in lost)
            if turns:
                yield self.options.conversation(turns, origin)
            else:
                yield "no conversation: no response to a prompt" if said else "no conversation: no line names a speaker"

        for source in sources(paths):
            yield from conversations_in(self._parts(source), parse)

    def _parts(self, source: Source) -> Iterator[Entry]:
        """The words of each conversation, or why they could not be read. Memory is one conversation."""
        beginning(source)
        part = _Part(1)
        between = (self.options.between or "").strip()
        for number, line in read_lines(source.path):
            if between and isinstance(line, str) and line.strip() == between:
                yield from part.entry(source.name)
                part = _Part(number + 1)
            else:
                part.add(number, line)
        yield from part.entry(source.name)


class _Part:
    """The lines of one conversation, as they are read."""

    def __init__(self, first: int) -> None:
        self.first = self.next = first
        self.lines: list[str] = []
        self.length = 0
        self.wrong: SpecError | None = None

    def add(self, number: int, line: str | SpecError) -> None:
        """Add a line, and the blank ones before it."""
        blank, self.next = number - self.next, number + 1
        if isinstance(line, SpecError):
            self.wrong = self.wrong or line
            return
        self.length += blank + len(line) + 1
        if self.length > LONGEST_LINE:
            self.wrong = self.wrong or SpecError(f"longer than {LONGEST_LINE} characters.")
        if self.wrong:
            self.lines.clear()
        else:
            self.lines += [""] * blank + [line]

    def entry(self, name: str) -> Iterator[Entry]:
        """The part, unless there is nothing in it."""
        if self.wrong or self.lines:
            yield Entry(name, self.first, self.wrong or {"text": "\n".join(self.lines)}, numbered=False)


class Speakers:
    """Who may speak, and how a line says that somebody does."""

    def __init__(self, user: str | None = None, assistant: str | None = None) -> None:
        named: dict[str | None, Role] = {user: "user", assistant: "assistant"}
        self.roles = {**SPEAKERS, **{name.lower(): role for name, role in named.items() if name}}
        names = "|".join(re.escape(name) for name in sorted(self.roles, key=len, reverse=True))
        self.mark = re.compile(
            r"\s{0,3}(?:>\s?)?(?P<head>\#{1,6}\s+)?(?P<bold>[*_]{1,3})?"
            rf"(?P<name>{names})(?![^\W_])(?:\s+said\b)?(?:\s*\([^()]{{1,60}}\))?\s*"
            r"(?P<colon>:)?(?P<closed>(?P=bold))?\s*(?P<late>:)?\s*(?P<rest>.*)",
            re.IGNORECASE,
        )

    def said(self, text: str) -> tuple[list[Said], bool]:
        """Who says what, and whether words stand before the first speaker."""
        found: list[tuple[Role, list[str]]] = []
        before: list[str] = []
        fenced = False
        for line in text.split("\n"):
            fenced ^= bool(_FENCE.match(line))
            mark = None if fenced else self.mark.fullmatch(line)
            alone = mark and not mark["rest"] and (mark["head"] or mark["closed"])
            if mark and (mark["colon"] or mark["late"] or alone):
                found.append((self.roles[mark["name"].lower()], [mark["rest"]]))
            else:
                (found[-1][1] if found else before).append(line)
        said = [Said(role, "\n".join(lines).strip()) for role, lines in found]
        return said, any(line.strip() for line in before)


@hookimpl
def register_importers(register) -> None:  # type: ignore[no-untyped-def]
    register(Transcript)
