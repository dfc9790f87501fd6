"""Reads the rows that trainers take: trl's, OpenAI's, Alpaca's and ShareGPT's, as JSON lines or as a JSON array."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import Field

from brie_bench import hookimpl
from brie_bench.conversations.importing import Authorship
from brie_bench.conversations.rows import Response, Rows, column, either, is_text, messages, text
from brie_bench.conversations.turns import Said


class Messages(Rows):
    """Reads rows with `messages`, as trl and most trainers take them: role and content, a system message or none first."""

    name = "messages"
    columns = frozenset({"messages"})

    def responses(self, row: dict[str, Any]) -> Iterator[Response | str]:
        """The one conversation."""
        yield Response(messages(column(row, "messages"), "messages"))


class OpenAI(Messages):
    """Reads OpenAI's chat fine-tuning rows: `messages`, with a `weight` of 0 for a response that is not to be learned.

    A row whose last response has the weight 0 is left out; a weight elsewhere is told and not kept.
    """

    name = "openai"

    def responses(self, row: dict[str, Any]) -> Iterator[Response | str]:
        """The one conversation, and the weights that it loses."""
        written = column(row, "messages")
        said = messages(written, "messages")
        weights = [each.get("weight") for each in written]
        if weights[-1:] == [0]:
            raise ValueError("a last response of the weight 0, which nobody is to learn")
        yield Response(said)
        yield from ["a weight of 0, which a conversation cannot hold"] * sum(weight == 0 for weight in weights[:-1])


class PromptCompletion(Rows):
    """Reads trl's `prompt` and `completion`, each a text or a list of messages."""

    name = "prompt-completion"
    columns = frozenset({"prompt", "completion"})

    def responses(self, row: dict[str, Any]) -> Iterator[Response | str]:
        """The one conversation."""
        yield Response([*either(row, "prompt", "user"), *either(row, "completion", "assistant")])


class Preference(Rows):
    """Reads trl's preference rows: `prompt`, `chosen` and `rejected`, each a text or a list of messages.

    The chosen response is taken. The rejected one is left out, or with the option `rejected` taken as a response of its own,
    marked by the pattern `rejected`. Without a `prompt` both hold the whole conversation.
    """

    name = "preference"
    columns = frozenset({"prompt", "chosen", "rejected"})

    class Options(Authorship):
        """What the rows do not say of themselves, and what to take of them."""

        rejected: bool = Field(
            default=False, strict=True, description="Take the rejected response too, marked as such."
        )

    def responses(self, row: dict[str, Any]) -> Iterator[Response | str]:
        """The chosen response, and the rejected one or that it is left out."""
        prompt = either(row, "prompt", "user") if row.get("prompt") is not None else []
        yield Response([*prompt, *either(row, "chosen", "assistant")])
        if row.get("rejected") is None:
            return
        if self.options.rejected:
            yield Response([*prompt, *either(row, "rejected", "assistant")], "rejected")
        else:
            yield "a rejected response"


class Alpaca(Rows):
    """Reads Alpaca rows: `instruction`, `input` or none, and `output`; `system` and `history` where there are any."""

    name = "alpaca"
    columns = frozenset({"instruction", "input", "output", "system", "history"})

    def responses(self, row: dict[str, Any]) -> Iterator[Response | str]:
        """The one conversation; the input follows the instruction."""
        said = []
        if row.get("system"):
            said.append(Said("system", text(row, "system")))
        history = row.get("history") or []
        for pair in history if isinstance(history, list) else [history]:
            if not isinstance(pair, list) or len(pair) != 2 or not all(map(is_text, pair)):
                raise ValueError("no conversation: key 'history' holds no pairs of texts")
            said += [Said("user", pair[0]), Said("assistant", pair[1])]
        words = [text(row, key) for key in ("instruction", "input") if row.get(key)]
        yield Response([*said, Said("user", "\n\n".join(words)), Said("assistant", text(row, "output"))])


class ShareGPT(Rows):
    """Reads ShareGPT rows: `conversations`, a list of `from` (human, gpt, system) and `value`."""

    name = "sharegpt"
    columns = frozenset({"conversations"})

    def responses(self, row: dict[str, Any]) -> Iterator[Response | str]:
        """The one conversation."""
        written = column(row, "conversations")
        yield Response(messages([{"role": each.get("from"), "content": each.get("value")} for each in written], "from"))


@hookimpl
def register_importers(register) -> None:  # type: ignore[no-untyped-def]
    for importer in (Messages, OpenAI, PromptCompletion, Preference, Alpaca, ShareGPT):
        register(importer)
