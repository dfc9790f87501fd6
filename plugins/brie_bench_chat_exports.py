"""Reads the data exports of ChatGPT and Claude: the `conversations.json` in the archive, every branch a conversation.

Only what was said is taken. A prompt with an image or a file is not: its response answers something that a conversation
cannot hold, so the branch ends before it. Calls of tools, hidden messages and the model's reasoning are left out and told.
"""

from __future__ import annotations

import datetime
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from brie_bench import Conversation, Importer, Unreadable, hookimpl
from brie_bench.conversations.branches import Message, branches
from brie_bench.conversations.importing import Authorship, conversations_in
from brie_bench.conversations.opening import exported
from brie_bench.conversations.turns import Said
from brie_bench.errors import plain
from brie_bench.files import sources

IMAGE = "a prompt with an image: the conversation ends before it"
FILE = "a prompt with a file: the conversation ends before it"
OTHER = "a message of another kind"
REASONING = "the model's reasoning"
CALL = "a call of a tool"
ANSWER = "a tool's answer"
SYSTEM = "a system message"
HIDDEN = "a hidden message"
CITATION = "the mark of a citation"
_CITATION = re.compile("\ue200(?:file)?cite\ue202[^\ue200\ue201]{0,2000}\ue201")
"""How ChatGPT marks the source of what it says; its page shows a link there."""


class ChatExport(Importer):
    """What both have in common: an array of conversations, each a tree of messages."""

    service: ClassVar[str]
    lab: ClassVar[str]
    names: ClassVar[tuple[str, ...]]
    """The keys of a conversation's own name, the first one there is taken."""

    class Options(Authorship):
        """What the export does not say of its conversations."""

    options: Options

    @abstractmethod
    def messages(self, value: dict[str, Any]) -> dict[str, Message]:
        """The tree. Raises ValueError where there is none."""

    def read(self, paths: Sequence[Path]) -> Iterator[Conversation | Unreadable]:
        """Each branch of each conversation, and each thing that is left out."""
        for source in sources(paths):
            yield from conversations_in(exported(source), self._branches)

    def _branches(self, value: dict[str, Any], origin: str) -> Iterator[Conversation | str]:
        name = next((value[key] for key in self.names if isinstance(value.get(key), str)), None)
        source = f"{self.service} export, {f'conversation {plain(name, 100)}' if name else origin}"
        for branch in branches(self.messages(value)):
            if isinstance(branch, str):
                yield branch
            else:
                yield self.options.conversation(
                    branch.turns, source, model=branch.model, lab=self.lab, day=branch.day or self.day(value)
                )

    def day(self, value: dict[str, Any]) -> datetime.date | None:
        """When a conversation or a message was made, where it says."""
        written = value.get("create_time") or value.get("created_at")
        try:
            if isinstance(written, str):
                return datetime.date.fromisoformat(written[:10])
            if isinstance(written, int | float) and not isinstance(written, bool):
                return datetime.datetime.fromtimestamp(written, datetime.UTC).date()
        except (ValueError, OverflowError, OSError):
            return None
        return None


class ChatGPT(ChatExport):
    """Reads ChatGPT's data export: the archive as it was downloaded, or the conversations.json out of it.

    A response that was made again and a prompt that was edited are branches of their own.
    """

    name = "chatgpt"
    service = "ChatGPT"
    lab = "openai"
    names = ("conversation_id", "id")

    def messages(self, value: dict[str, Any]) -> dict[str, Message]:
        """The nodes of `mapping`."""
        mapping = value.get("mapping")
        if not isinstance(mapping, dict):
            raise ValueError("no conversation: key 'mapping' is missing")
        default = _model(value.get("default_model_slug"))
        return {name: self._message(_keys(node), default) for name, node in mapping.items()}

    def _message(self, node: dict[str, Any], default: str | None) -> Message:
        parent = node["parent"] if isinstance(node.get("parent"), str) else None
        message = _keys(node.get("message"))
        role = _keys(message.get("author")).get("role")
        metadata, content = _keys(message.get("metadata")), _keys(message.get("content"))
        text, others = _parts(content.get("parts"))
        reason = _not_said(role, message, metadata, content)
        if reason or not message:
            silent = not message or (reason in (SYSTEM, HIDDEN) and not text.strip())  # each conversation has some
            return Message(parent, left_out=() if silent else (reason,), ends=role == "user" and reason == OTHER)
        if role == "user":
            missing = IMAGE if "image" in others else FILE if others or metadata.get("attachments") else ""
            if missing:
                return Message(parent, left_out=(missing,), ends=True)
            return _said(parent, Said("user", text))
        model = _model(metadata.get("model_slug")) or default
        text, cited = _CITATION.subn("", text)
        left_out = ["an image in a response" if each == "image" else OTHER for each in others]
        return _said(parent, Said("assistant", text), (*left_out, *[CITATION] * cited), model, self.day(message))


def _not_said(role: Any, message: dict[str, Any], metadata: dict[str, Any], content: dict[str, Any]) -> str:
    """Why a message is none of the conversation's; nothing for one that is."""
    kind = content.get("content_type")
    if kind in ("user_editable_context", "model_editable_context") or metadata.get("is_user_system_message"):
        return "custom instructions or a memory"
    if role == "tool":
        return ANSWER
    if role == "system":
        return SYSTEM
    if role == "assistant" and (message.get("recipient") not in (None, "all") or kind == "code"):
        return CALL
    if kind in ("thoughts", "reasoning_recap") or message.get("channel") in ("analysis", "commentary"):
        return REASONING
    if metadata.get("is_visually_hidden_from_conversation"):
        return HIDDEN
    return "" if role in ("user", "assistant") and kind in ("text", "multimodal_text") else OTHER


def _parts(parts: Any) -> tuple[str, list[str]]:
    """The words of a message, what was spoken among them, and the kinds of its other parts."""
    words, others = [], []
    for part in parts if isinstance(parts, list) else []:
        kind = str(_keys(part).get("content_type"))
        if isinstance(part, str):
            words.append(part)
        elif kind == "audio_transcription" and isinstance(part.get("text"), str):
            words.append(part["text"])
        elif isinstance(part, dict) and "audio" not in kind:  # a recording comes with its transcription
            others.append("image" if "image" in kind else "other")
    return "\n".join(word for word in words if word.strip()), others


class Claude(ChatExport):
    """Reads Claude's data export: the archive as it was downloaded, or the conversations.json out of it.

    Where messages name the one they follow, each branch is a conversation; otherwise they follow each other.
    """

    name = "claude"
    service = "Claude"
    lab = "anthropic"
    names = ("uuid",)

    def messages(self, value: dict[str, Any]) -> dict[str, Message]:
        """The entries of `chat_messages`."""
        written = value.get("chat_messages")
        if not isinstance(written, list):
            raise ValueError("no conversation: key 'chat_messages' is missing")
        found: dict[str, Message] = {}
        previous = None
        for number, each in enumerate(written):
            message = _keys(each)
            name = message["uuid"] if isinstance(message.get("uuid"), str) else f"message {number}"
            parent = message.get("parent_message_uuid") or previous
            found[name] = self._message(
                message, parent if isinstance(parent, str) else None, _model(value.get("model"))
            )
            previous = name
        return found

    def _message(self, message: dict[str, Any], parent: str | None, model: str | None) -> Message:
        text, left_out = _blocks(message)
        if message.get("sender") == "human":
            files = message.get("attachments") or message.get("files")
            missing = IMAGE if "image" in left_out else FILE if files else ""
            if missing:
                return Message(parent, left_out=(missing,), ends=True)
            return _said(parent, Said("user", text), left_out)
        if message.get("sender") != "assistant":
            return Message(parent, left_out=(OTHER,))
        left_out = tuple("an image in a response" if each == "image" else each for each in left_out)
        return _said(parent, Said("assistant", text), left_out, model, self.day(message))


_BLOCKS = {"thinking": REASONING, "tool_use": CALL, "tool_result": ANSWER, "image": "image"}


def _blocks(message: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """The words of a message's blocks, and why the other blocks are left out; older exports have one text instead."""
    blocks = message.get("content")
    if not isinstance(blocks, list) or not blocks:
        text = message.get("text")
        return (text if isinstance(text, str) else ""), ()
    words, left_out = [], []
    for block in map(_keys, blocks):
        if block.get("type") == "text" and isinstance(block.get("text"), str):
            words.append(block["text"])
        elif block.get("type") not in ("token_budget", "flag"):
            left_out.append(_BLOCKS.get(str(block.get("type")), OTHER))
    return "\n\n".join(word for word in words if word.strip()), tuple(left_out)


def _said(
    parent: str | None,
    said: Said,
    left_out: tuple[str, ...] = (),
    model: str | None = None,
    day: datetime.date | None = None,
) -> Message:
    """A message with its words, or without them where there are none."""
    text = said.text.strip()
    if not text:
        return Message(parent, left_out=left_out or ("an empty turn",))
    return Message(parent, Said(said.role, text), left_out, model=model, day=day)


def _keys(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _model(name: Any) -> str | None:
    """A model's name; `auto` is none."""
    return name if isinstance(name, str) and name.strip() and name != "auto" else None


@hookimpl
def register_importers(register) -> None:  # type: ignore[no-untyped-def]
    register(ChatGPT)
    register(Claude)
