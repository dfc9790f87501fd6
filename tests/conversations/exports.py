"""Data exports made up for tests: ChatGPT's tree of nodes, Claude's list of messages, and the archives they come in."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any


def node(name: str, parent: str | None, role: str = "user", text: Any = None, **message: Any) -> dict[str, Any]:
    """A node of ChatGPT's mapping; without a text it has no message. `kind` is its content's type, `meta` its metadata."""
    if text is None:
        return {"id": name, "parent": parent, "children": [], "message": None}
    kind = message.pop("kind", "text")
    meta = message.pop("meta", {"model_slug": "gpt-4o"} if role == "assistant" else {})
    parts = text if isinstance(text, list) else [text]
    said = {"author": {"role": role}, "content": {"content_type": kind, "parts": parts}, "metadata": meta, **message}
    return {"id": name, "parent": parent, "children": [], "message": {"create_time": 1_700_000_000.5, **said}}


def chatgpt(*nodes: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """A conversation of ChatGPT's export; the root and its empty system message are put before its nodes."""
    first = [
        node("root", None),
        node("system", "root", "system", "", meta={"is_visually_hidden_from_conversation": True}),
    ]
    mapping = {each["id"]: each for each in [*first, *nodes]}
    fields = {"title": "A talk", "create_time": 1_600_000_000, "conversation_id": "talk-1", "mapping": mapping}
    return {**fields, "current_node": list(mapping)[-1], **changes}


def talk(*texts: str, name: str = "talk-1", **changes: Any) -> dict[str, Any]:
    """A conversation of ChatGPT's export without branches, user and assistant in turn."""
    nodes = []
    for number, text in enumerate(texts):
        parent = f"{name}-{number - 1}" if number else "system"
        nodes.append(node(f"{name}-{number}", parent, "assistant" if number % 2 else "user", text))
    return chatgpt(*nodes, conversation_id=name, **changes)


def claude(*texts: str, **changes: Any) -> dict[str, Any]:
    """A conversation of Claude's export, human and assistant in turn."""
    messages = [message("assistant" if number % 2 else "human", text, number) for number, text in enumerate(texts)]
    fields = {"uuid": "claude-1", "name": "A talk", "created_at": "2025-03-04T05:06:07.000000Z"}
    return {**fields, "chat_messages": messages, **changes}


def message(sender: str, text: str, number: int = 0, **changes: Any) -> dict[str, Any]:
    """A message of Claude's export."""
    fields = {
        "uuid": f"m-{number}",
        "sender": sender,
        "text": text,
        "content": [{"type": "text", "text": text}],
        "created_at": "2025-03-05T00:00:00Z",
        "attachments": [],
        "files": [],
    }
    return {**fields, **changes}


def archive(path: Path, *conversations: Any, name: str = "conversations.json", **others: str) -> Path:
    """An export as it is downloaded: a zip with the conversations and some other files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for other, text in {"user.json": "{}", "chat.html": "<html></html>", **others}.items():
            file.writestr(other, text)
        file.writestr(name, json.dumps(list(conversations)))
    return path


def small(path: Path) -> Path:
    """ChatGPT's export of somebody who talks about philosophy: what a newcomer may have, with what is wrong with it."""
    night = [
        node("n1", "system", "user", "Is darkness something, or only the lack of light?"),
        node(
            "n2",
            "n1",
            "assistant",
            "Walk home on a road without lamps and you meet darkness as one meets weather: it has depth, and it can be "
            "thick or thin. Physics may call it a lack of light, but what you move through is not a lack.",
        ),
        node(
            "n3",
            "n1",
            "assistant",
            "Great question! A lack of light is measured by light, as a hole is measured by its edge. Darkness is what the "
            "lack is like for somebody who has to find the door.",
        ),
        node("n4", "n2", "user", "Then is silence something as well?"),
        node(
            "n5",
            "n4",
            "assistant",
            "It is, where something was expected to sound. The silence after a bell belongs to the bell, and the silence of "
            "a house from which somebody has gone has a shape that any noise would spoil.\nCopy code",
        ),
    ]
    ship = [
        node("s1", "system", "user", "If every plank of a ship is replaced, is it the same ship?"),
        node("s2", "s1", "assistant", "search('ship of Theseus')", recipient="web"),
        node("s3", "s2", "tool", "Plutarch, Life of Theseus"),
        node(
            "s4",
            "s3",
            "assistant",
            "Ask who wants to know. To the owner it is the same ship, for the papers did not change; to the carpenter it is "
            "another one, for no plank is left of the ship that he once mended. The word same has two masters here.",
        ),
    ]
    sketch = [
        node(
            "p1",
            "system",
            "user",
            [{"content_type": "image_asset_pointer"}, "What is in this sketch?"],
            kind="multimodal_text",
        ),
        node("p2", "p1", "assistant", "A boat on a lake."),
    ]
    names = ("night", "ship", "sketch")
    talks = [chatgpt(*nodes, conversation_id=name) for name, nodes in zip(names, (night, ship, sketch), strict=True)]
    return archive(path, *talks)
