"""Texts in the several ways in which protocols wrap them."""

from __future__ import annotations

from typing import Any

from brie_bench.testing.problem import Problem


def plain_text(content: Any, where: str = "content") -> str:
    """A string, or a list of parts with a `text`, joined. Raises Problem for anything else."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        raise Problem(400, f"{where}: Input should be a valid string or list")
    return "".join(_part(part, where) for part in content)


def _part(part: Any, where: str) -> str:
    if isinstance(part, str):
        return part
    if isinstance(part, dict) and isinstance(part.get("text"), str):
        return str(part["text"])
    if isinstance(part, dict) and isinstance(part.get("refusal"), str):
        return str(part["refusal"])
    raise Problem(400, f"{where}: only text is understood here")
