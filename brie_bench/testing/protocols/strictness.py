"""What providers ask of a schema before they promise to keep to it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from brie_bench.testing.problem import Problem

_NUMERIC = ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf")
_OF_TEXT = ("minLength", "maxLength", "pattern")


def check_closed(schema: Mapping[str, Any], *, all_required: bool, limits: bool) -> None:
    """Raises Problem unless every object is closed; and requires all it has; and nothing has limits, where they are refused."""
    for path, node in _nodes(schema, ()):
        where = ".".join(path) or "the root"
        if node.get("type") == "object":
            if node.get("additionalProperties") is not False:
                raise Problem(
                    400, f"Invalid schema at {where}: 'additionalProperties' must be false.", reason="invalid_schema"
                )
            missing = set(node.get("properties", {})) - set(node.get("required", ()))
            if all_required and missing:
                names = ", ".join(sorted(missing))
                raise Problem(400, f"Invalid schema at {where}: 'required' must list {names}.", reason="invalid_schema")
        found = [] if limits else [name for name in (*_NUMERIC, *_OF_TEXT) if name in node]
        if found:
            raise Problem(400, f"Invalid schema at {where}: '{found[0]}' is not supported.", reason="invalid_schema")


def _nodes(node: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    if not isinstance(node, Mapping):
        return
    yield path, node
    for keyword in ("properties", "$defs", "definitions"):
        for name, each in (node.get(keyword) or {}).items():
            yield from _nodes(each, (*path, name))
    yield from _nodes(node.get("items"), (*path, "items"))
    for keyword in ("anyOf", "oneOf", "allOf"):
        for each in node.get(keyword) or ():
            yield from _nodes(each, path)
