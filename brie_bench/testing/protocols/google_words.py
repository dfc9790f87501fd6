"""google's fields, which may be spelled `thinkingConfig` or `thinking_config`: protobuf's JSON takes both."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_CAPITAL = re.compile(r"[A-Z]")


def field(node: Any, *path: str) -> Any:
    """The value at a path of names in camel case, in either spelling; None where something is missing."""
    for name in path:
        if not isinstance(node, Mapping):
            return None
        node = node.get(name, node.get(_CAPITAL.sub(lambda match: f"_{match[0].lower()}", name)))
    return node
