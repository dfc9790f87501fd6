"""Filling a JSON Schema: a value that is valid under it and says what is to be said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

Path = tuple[str, ...]


class _Nothing:
    """Says that there is nothing to say."""


NOTHING: Final = _Nothing()

Say = Callable[[Path, str, tuple[Any, ...]], Any]
"""What to say at a path, given the JSON type and the allowed values (empty: any); NOTHING leaves it to the schema."""

_DEEPEST = 40


def filled(schema: Mapping[str, Any], say: Say) -> Any:
    """A value under `schema`: properties in their order, required or not. Values outside the limits are moved into them.

    Understands type, properties, items, minItems, enum, const, anyOf, oneOf, allOf, local `$ref` and the number's limits;
    google's own spelling of types in capitals too. Raises ValueError for a schema that never ends.
    """
    return _value(schema, schema, (), say, _DEEPEST)


def _value(node: Mapping[str, Any], root: Mapping[str, Any], path: Path, say: Say, left: int) -> Any:
    if not left:
        raise ValueError(f"the schema never ends at {'.'.join(path[:5])}")
    node = _resolved(node, root)
    if "const" in node:
        return node["const"]
    kind = _kind(node)
    allowed = tuple(node.get("enum", ()))
    if kind == "object":
        properties: Mapping[str, Any] = node.get("properties", {})
        return {name: _value(each, root, (*path, name), say, left - 1) for name, each in properties.items()}
    if kind == "array":
        n = max(1, int(node.get("minItems", 1)))
        return [_value(node.get("items", {}), root, path, say, left - 1) for _ in range(n)]
    said = say(path, kind, allowed)
    if allowed:
        return said if said in allowed else allowed[0]
    return _within(node, kind, said)


def _resolved(node: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    for _ in range(_DEEPEST):
        if "$ref" in node:
            target: Any = root
            for step in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
                target = target[step] if step else target
            node = {**target, **{name: value for name, value in node.items() if name != "$ref"}}
        elif "allOf" in node:
            rest = {name: value for name, value in node.items() if name != "allOf"}
            node = {key: value for part in (*node["allOf"], rest) for key, value in part.items()}
        elif "anyOf" in node or "oneOf" in node:
            choices = node.get("anyOf") or node.get("oneOf") or [{}]
            node = next((each for each in choices if _kind(each) != "null"), choices[0])
        else:
            return node
    raise ValueError("the schema's references go round in a circle")


def _kind(node: Mapping[str, Any]) -> str:
    kind = node.get("type", "")
    if isinstance(kind, list):
        kind = next((each for each in kind if each != "null"), "null")
    if kind:
        return str(kind).lower()
    if "properties" in node:
        return "object"
    return "array" if "items" in node else "string"


def _within(node: Mapping[str, Any], kind: str, said: Any) -> Any:
    if kind == "null":
        return None
    if kind == "boolean":
        return said if isinstance(said, bool) else True
    if kind in ("integer", "number"):
        number = said if isinstance(said, int | float) and not isinstance(said, bool) else node.get("minimum", 0)
        number = max(node.get("minimum", number), min(node.get("maximum", number), number))
        return round(number) if kind == "integer" else float(number)
    return said if isinstance(said, str) else ""
