"""Rows that hold a conversation each, JSON lines or a JSON array: what importers of them share.

Columns that are called as the data spec calls them are taken, so that a row which this project wrote comes back as it was.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from pydantic import ValidationError

from brie_bench.conversations.importing import Authorship, conversations_in
from brie_bench.conversations.opening import rows
from brie_bench.conversations.turns import Said, in_turn
from brie_bench.errors import plain
from brie_bench.files import sources
from brie_bench.plugin.kinds import Importer
from brie_bench.spec.conversation import Conversation, Role, Turn
from brie_bench.spec.imported import Unreadable


class Response(NamedTuple):
    """What a row says, or a part of it; `mark` is a pattern that tells it from others of the row."""

    said: list[Said]
    mark: str = ""


class Rows(Importer):
    """What all have in common: a row is a conversation, and some of its other columns say where it comes from."""

    columns: ClassVar[frozenset[str]]
    """Where the words are."""

    class Options(Authorship):
        """What the rows do not say of themselves."""

    options: Any

    @abstractmethod
    def responses(self, row: dict[str, Any]) -> Iterator[Response | str]:
        """Each conversation of a row, and why something is left out. Raises ValueError for a row that is none."""

    def read(self, paths: Sequence[Path]) -> Iterator[Conversation | Unreadable]:
        """Each row's conversation, and each thing that is left out; at the end the columns that were not taken."""
        for source in sources(paths):
            unknown: set[str] = set()

            def parse(row: dict[str, Any], origin: str, unknown: set[str] = unknown) -> Iterator[Conversation | str]:
                unknown.update(set(row) - self.columns - _DESCRIBING if len(unknown) < _MOST_COLUMNS else ())
                return self._conversations(row, origin)

            yield from conversations_in(rows(source), parse)
            if unknown:
                reason = f"columns that a conversation does not have: {plain(', '.join(sorted(unknown)))}"
                yield Unreadable(source=source.name, line=1, reason=reason)

    def _conversations(self, row: dict[str, Any], origin: str) -> Iterator[Conversation | str]:
        for response in self.responses(row):
            if isinstance(response, str):
                yield response
                continue
            turns, lost = in_turn(response.said)
            yield from (each.reason for each in lost)
            if not turns:
                yield "no conversation: no response to a prompt"
            else:
                yield from self._described(row, turns, response.mark, origin)

    def _described(
        self, row: dict[str, Any], turns: Sequence[Turn], mark: str, origin: str
    ) -> Iterator[Conversation | str]:
        """The conversation with what its row says of it, as far as the data spec takes it."""
        model, source = (row[key] if is_text(row.get(key)) else None for key in ("model", "source"))
        made = self.options.conversation(turns, source or origin, model=model)
        said = {key: row[key] for key in _SAID if row.get(key) is not None}
        if isinstance(said.get("id"), int):
            said["id"] = str(said["id"])
        if mark:
            said["patterns"] = [mark]
            said |= {"id": f"{said['id']}-{mark}"} if is_text(said.get("id")) else {}
        known = {name: getattr(made, name) for name in made.model_fields_set}
        try:
            yield Conversation.model_validate({**known, **said})
        except ValidationError as error:
            wrong = {str(each["loc"][0]) for each in error.errors(include_input=False) if each["loc"]}
            yield from (f"a column that the data spec does not take as it is: {key}" for key in sorted(wrong))
            yield Conversation.model_validate({**known, **{key: said[key] for key in said if key not in wrong}})


_SAID = ("id", "prompt_group", "domain", "patterns", "phase", "split", "provenance")
_DESCRIBING = frozenset({*_SAID, "model", "source"})
_MOST_COLUMNS = 1000

_ROLES: dict[str, Role] = {
    **dict.fromkeys(("system", "developer"), "system"),
    **dict.fromkeys(("user", "human"), "user"),
    **dict.fromkeys(("assistant", "gpt", "chatgpt", "bing", "bard", "model"), "assistant"),
}
_TOOLS = frozenset({"tool", "function", "function_call", "observation", "ipython"})


def messages(written: list[dict[str, Any]], key: str) -> list[Said]:
    """Who says what. Raises ValueError for what a conversation cannot hold."""
    said = []
    for each in written:
        role, content = str(each.get("role")), each.get("content")
        if role in _TOOLS or each.get("tool_calls") or each.get("function_call"):
            raise ValueError("calls of tools, which a conversation cannot hold")
        if role not in _ROLES:
            raise ValueError(f"no conversation: '{plain(role, 40)}' is no role in key '{key}'")
        said.append(Said(_ROLES[role], _content(content)))
    return said


def _content(content: Any) -> str:
    if isinstance(content, list):
        if not all(isinstance(part, dict) and part.get("type") == "text" for part in content):
            raise ValueError("an image or a file, which a conversation cannot hold")
        return "\n\n".join(text(part, "text") for part in content)
    if not isinstance(content, str):
        raise ValueError("no conversation: a message without text")
    return content


def column(row: dict[str, Any], key: str) -> list[dict[str, Any]]:
    """The messages under `key`. Raises ValueError where there is no list of them."""
    written = row.get(key)
    if not isinstance(written, list) or not all(isinstance(each, dict) for each in written):
        raise ValueError(f"no conversation: key '{key}' holds no list of messages")
    return written


def either(row: dict[str, Any], key: str, role: Role) -> list[Said]:
    """What stands under `key`: a text, said by `role`, or messages. Raises ValueError for anything else."""
    if isinstance(row.get(key), list):
        return messages(column(row, key), key)
    return [Said(role, text(row, key))]


def text(row: dict[str, Any], key: str) -> str:
    """The text under `key`. Raises ValueError for anything else."""
    if not isinstance(row.get(key), str):
        raise ValueError(f"no conversation: key '{key}' is no text")
    return str(row[key])


def is_text(value: Any) -> bool:
    """Whether it is a text that says something."""
    return isinstance(value, str) and bool(value.strip())
