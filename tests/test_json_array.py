"""JSON arrays, entry by entry: what is right is read, what is wrong is told, wherever the chunks end."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import json_array
from brie_bench.errors import SpecError
from brie_bench.json_array import read_array

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def read(text: str) -> list[Any]:
    """The objects, and the words of what is wrong."""
    found = read_array(io.StringIO(text, newline=""), "f")
    return [value.what if isinstance(value, SpecError) else value for _, _, value in found]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=6),
    st.integers(1, 40),
    st.sampled_from([None, 2]),
    st.booleans(),
)
def test_every_object_comes_as_it_was_written(
    written: list[dict[str, Any]], chunk: int, indent: int | None, plain: bool
) -> None:
    """For any content, layout and size of chunk."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK", chunk)
        assert written == read(json.dumps(written, indent=indent, ensure_ascii=plain))


@settings(max_examples=60, deadline=None)
@given(VALUES.filter(lambda value: not isinstance(value, dict)), VALUES, st.integers(1, 20), st.integers(10, 150))
def test_what_is_no_object_and_what_is_too_long_is_passed_over(other: Any, long: Any, chunk: int, longest: int) -> None:
    """Whatever brackets and quotes it holds, what follows it is read."""
    filler = {"long": [long, "x" * 200, '"]}{[\\']}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK", chunk)
        patch.setattr(json_array, "LONGEST", longest)
        first, second, last = read(json.dumps([other, filler, {"a": 1}]))
    assert {"a": 1} == last
    assert f"longer than {longest} characters." == second
    assert "where a JSON object belongs" in first or "longer than" in first


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ([], "[]"),
        ([], " [ \n] "),
        ([{"a": 1}], '\n[{"a":1}]\n'),
        (["the file is empty."], ""),
        (["the file is empty."], " \n "),
        (["not valid JSON: an array belongs here."], "{}"),
        (["a int where a JSON object belongs.", {"a": 1}], '[1,{"a":1}]'),
        (["not valid JSON: Expecting value (line 2).", {"a": 1}], '[\n{"x":nul},{"a":1}]'),
        (["not valid JSON: Expecting value (line 1).", {"a": 1}], '[oops,{"a":1}]'),
        ([{"a": 1}, "not valid JSON: ',' or ']' is missing; the file is not read any further."], '[{"a":1} {"b":2}]'),
        ([{"a": 1}, "not valid JSON: the file ends within the array; the file is not read any further."], '[{"a":1}'),
        ([{"a": 1}, "not valid JSON: something follows the array."], '[{"a":1}] {"b":2}'),
        (["a int where a JSON object belongs.", {"a": 1}], f'[{"1" * 4000},{{"a":1}}]'),
        (["not valid JSON: nested too deep.", {"a": 1}], f'[{"[" * 100_000}{"]" * 100_000},{{"a":1}}]'),
    ],
)
def test_what_is_wrong_is_said_and_reading_goes_on_where_it_can(expected: list[Any], text: str) -> None:
    """An entry that is no JSON or no object costs itself alone; a broken array ends."""
    assert expected == read(text)


def test_a_number_of_too_many_digits_costs_its_entry_alone() -> None:
    """Python refuses to read it, and says so."""
    first, second = read(f'[{{"n":{"1" * 5000}}},{{"a":1}}]')
    assert first.startswith("not valid JSON: Exceeds the limit")
    assert {"a": 1} == second


def test_a_file_that_is_cut_off_loses_its_last_entry() -> None:
    """A download that broke off: what came before is there, and the loss is told."""
    text = json.dumps([{"a": "b" * 50}, {"c": "d" * 50}])
    found = read(text[:-20])
    assert {"a": "b" * 50} == found[0]
    assert found[1].startswith("not valid JSON: Unterminated string")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.dictionaries(st.text(max_size=4), VALUES, max_size=4), max_size=6),
    st.integers(1, 40),
    st.floats(0, 1, exclude_max=True),
)
def test_a_file_cut_off_anywhere_gives_its_beginning_and_one_complaint(
    written: list[dict[str, Any]], chunk: int, cut: float
) -> None:
    """Never a wrong entry, never silence."""
    text = json.dumps(written, indent=1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_array, "CHUNK", chunk)
        *found, complaint = read(text[: int(cut * len(text))])
    assert isinstance(complaint, str)
    assert written[: len(found)] == found


def test_each_entry_has_its_line_and_its_number() -> None:
    """Lines count from 1, in the file; numbers from 1, in the array."""
    text = '[\n  {"a": "x\\ny"},\n\n  2,\n  {"b": 1}, {"c": 1}\n]'
    assert [(2, 1), (4, 2), (5, 3), (5, 4)] == [
        (line, number) for line, number, _ in read_array(io.StringIO(text, newline=""), "f")
    ]


def test_bytes_that_are_not_utf8_end_the_file() -> None:
    """What was read before them is kept."""
    raw = b'[{"a":1},\n' + b" " * 400_000 + b'{"b":"\xff"}]'
    found = list(read_array(io.TextIOWrapper(io.BytesIO(raw), encoding="utf-8"), "f"))
    assert {"a": 1} == found[0][2]
    assert isinstance(found[1][2], SpecError)
    assert "not UTF-8: the file is not read any further." == found[1][2].what
