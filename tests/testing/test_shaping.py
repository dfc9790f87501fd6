"""Filling a schema: whatever the schema, the value is valid under it."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench.testing.shaping import NOTHING, filled

_LEAF = st.one_of(
    st.just({"type": "string"}),
    st.just({"type": "boolean"}),
    st.just({"type": "null"}),
    st.just({"type": ["integer", "null"]}),
    st.integers(-9, 9).map(lambda low: {"type": "integer", "minimum": low, "maximum": low + 3}),
    st.integers(-9, 9).map(lambda low: {"type": "number", "minimum": low}),
    st.lists(st.sampled_from(["A", "B", "tie", 1, None]), min_size=1, max_size=4, unique=True).map(
        lambda values: {"enum": values}
    ),
    st.sampled_from([{"const": 7}, {"const": None}, {"const": "x"}]),
)


def _closed(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


SCHEMAS = st.recursive(
    _LEAF,
    lambda inner: st.one_of(
        st.dictionaries(st.sampled_from(["a", "b", "winner", "depth_a", "why"]), inner, max_size=4).map(_closed),
        st.tuples(inner, st.integers(0, 3)).map(lambda both: {"type": "array", "items": both[0], "minItems": both[1]}),
        st.lists(inner, min_size=1, max_size=3).map(lambda choices: {"anyOf": choices}),
        inner.map(lambda one: {"allOf": [one]}),
    ),
    max_leaves=12,
)

SAYINGS: dict[str, Any] = {
    "nothing": lambda path, kind, allowed: NOTHING,
    "a text": lambda path, kind, allowed: "text",
    "a number": lambda path, kind, allowed: 4,
    "a huge number": lambda path, kind, allowed: 10**9,
    "None": lambda path, kind, allowed: None,
}


@settings(deadline=None, max_examples=150)
@given(SCHEMAS, st.sampled_from(sorted(SAYINGS)))
def test_a_value_is_valid_under_its_schema(schema: dict[str, Any], saying: str) -> None:
    """Whatever is to be said."""
    jsonschema.validate(filled(schema, SAYINGS[saying]), schema)


def test_references_are_followed() -> None:
    """Those to `$defs`, with what stands beside them."""
    schema = {
        "type": "object",
        "properties": {"a": {"$ref": "#/$defs/score"}, "b": {"$ref": "#/$defs/score"}},
        "$defs": {"score": {"type": "integer", "minimum": 1, "maximum": 5}},
    }
    assert filled(schema, lambda path, kind, allowed: 9) == {"a": 5, "b": 5}


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "#"},
        {"type": "object", "properties": {"more": {"$ref": "#"}}},
        {"type": "array", "items": {"$ref": "#"}},
    ],
)
def test_a_schema_that_never_ends_is_refused(schema: dict[str, Any]) -> None:
    """Rather than filled for ever."""
    with pytest.raises(ValueError, match=r"never ends|in a circle"):
        filled(schema, SAYINGS["a text"])


def test_googles_spelling_of_types_is_understood() -> None:
    """`OBJECT`, `STRING`."""
    schema = {"type": "OBJECT", "properties": {"why": {"type": "STRING"}}}
    assert filled(schema, SAYINGS["a text"]) == {"why": "text"}


def test_what_is_to_be_said_may_be_one_of_the_allowed_values() -> None:
    """Otherwise it is the first of them."""
    schema = {"enum": ["x", "text"]}
    assert [filled(schema, SAYINGS[name]) for name in ("a text", "a number")] == ["text", "x"]
