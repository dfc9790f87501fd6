"""Whose model is it? Declared in the configuration, else told from a model's own name."""

from __future__ import annotations

import re

_FAMILIES = {
    "anthropic": r"claude",
    "openai": r"gpt|chatgpt|o[134](?:-mini|-preview|-pro)?(?![a-z0-9])|davinci",
    "google": r"gemini|gemma|palm",
    "meta": r"(?:meta-)?llama",
    "alibaba": r"qwen|qwq",
    "mistral": r"mistral|mixtral|ministral",
    "deepseek": r"deepseek",
    "microsoft": r"phi-?\d",
    "xai": r"grok",
}
_LAB = {lab: re.compile(rf"(?:^|[/@:_ -])(?:{pattern})", re.IGNORECASE) for lab, pattern in _FAMILIES.items()}


def lab_of(*names: str | None) -> str | None:
    """The lab whose model family one of `names` names, or None."""
    for name in names:
        for lab, pattern in _LAB.items():
            if name and (pattern.search(name) or name.partition("/")[0] == lab):
                return lab
    return None
