"""The published schemas say what the nouns say: generated, checked for drift, and in agreement with pydantic."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Result
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from brie_bench import Conversation
from brie_bench.errors import SpecError
from brie_bench.files import read_jsonl, read_yaml
from brie_bench.schemas import DIALECT, PUBLISHED, check, check_suite, drift, export, file_name, schema_of, text_of
from brie_bench.shipped import find_suite, shipped, suite_names

STEMS = sorted(PUBLISHED)
WRITTEN = ["conversation", "prices", "prompt", "recipe", "record", "run", "suite"]
"""The nouns that people write by hand."""


def test_the_shipped_schemas_are_what_the_code_says() -> None:
    """`brie-bench schema export` would change nothing."""
    assert [] == drift(ROOT / "schemas")


def test_drift_is_found(tmp_path: Path) -> None:
    """A changed file, a missing one and one too many are each named."""
    export(tmp_path)
    assert [] == drift(tmp_path)
    (tmp_path / "suite.schema.json").write_text(text_of("suite").replace('"name"', '"nom"', 1))
    (tmp_path / "prompt.schema.json").unlink()
    (tmp_path / "extra.json").write_text("{}")
    (tmp_path / "run.schema.json").write_bytes(b"\xff")
    found = sorted(line.replace(str(tmp_path) + "/", "") for line in drift(tmp_path))
    assert [
        "extra.json belongs to no noun",
        "prompt.schema.json is missing",
        "run.schema.json is not what spec/ says",
        "suite.schema.json is not what spec/ says",
    ] == found


def test_export_and_check_are_commands(cli: Callable[..., Result], tmp_path: Path) -> None:
    """`schema export` writes every file; `schema check` passes on them, and fails with what differs and the mend."""
    exported = cli("schema", "export", "--to", tmp_path / "schemas")
    assert (0, "") == (exported.status, exported.err)
    assert [f"{tmp_path}/schemas/{file_name(stem)}" for stem in PUBLISHED] == exported.out.splitlines()
    assert 0 == cli("schema", "check", tmp_path / "schemas").status
    (tmp_path / "schemas" / "run.schema.json").unlink()
    failed = cli("schema", "check", tmp_path / "schemas")
    assert (1, "", 1) == (failed.status, failed.out, failed.err.count("\n"))
    assert "run.schema.json is missing" in failed.err
    assert "Run 'brie-bench schema export'." in failed.err


def test_the_shipped_schemas_are_checked_by_default(cli: Callable[..., Result]) -> None:
    """Without a folder, those that come with the tool."""
    result = cli("schema", "check")
    assert (0, "") == (result.status, result.err)


def test_the_schemas_cannot_be_exported_to_a_file(cli: Callable[..., Result], tmp_path: Path) -> None:
    """A file where a folder belongs is wrong usage."""
    (tmp_path / "file").write_text("")
    result = cli("schema", "export", "--to", tmp_path / "file")
    assert (2, "", 1) == (result.status, result.out, result.err.count("\n"))


@pytest.mark.parametrize("stem", STEMS)
def test_a_schema_is_valid_draft_2020_12(stem: str) -> None:
    """The dialect's own schema accepts it."""
    schema = json.loads(text_of(stem))
    assert "https://json-schema.org/draft/2020-12/schema" == DIALECT == schema["$schema"]
    Draft202012Validator.check_schema(schema)


@pytest.mark.parametrize("stem", STEMS)
def test_a_schema_has_a_title_a_description_and_examples(stem: str) -> None:
    """An editor can show what the file is, and how one looks."""
    schema = schema_of(stem)
    assert all(schema[key] for key in ("title", "description", "examples"))


def _objects(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        if schema.get("type") == "object" and "properties" in schema:
            yield schema
        for value in schema.values():
            yield from _objects(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from _objects(value)


@pytest.mark.parametrize("stem", STEMS)
def test_a_schema_is_closed_and_described(stem: str) -> None:
    """No object takes an unknown key; every noun in it is described."""
    for found in _objects({**schema_of(stem), "examples": []}):
        assert found["additionalProperties"] is False
        assert found["description"]


@pytest.mark.parametrize("stem", WRITTEN)
def test_every_key_that_somebody_writes_is_described(stem: str) -> None:
    """An editor says what a key means."""
    undescribed = [
        name
        for found in _objects({**schema_of(stem), "examples": []})
        for name, each in found["properties"].items()
        if "description" not in each
    ]
    assert [] == undescribed


@pytest.mark.parametrize("stem", STEMS)
def test_the_examples_satisfy_the_schema_and_the_noun(stem: str) -> None:
    """What is shown can be used."""
    for example in schema_of(stem)["examples"]:
        Draft202012Validator(schema_of(stem)).validate(example)
        PUBLISHED[stem][0].model_validate(example)


@pytest.mark.parametrize("stem", STEMS)
def test_the_default_of_every_key_satisfies_its_schema(stem: str) -> None:
    """A default that is written out changes nothing and breaks nothing."""
    definitions = {"$defs": schema_of(stem).get("$defs", {})}
    for found in _objects({**schema_of(stem), "examples": []}):
        for each in found["properties"].values():
            if "default" in each:
                Draft202012Validator({**definitions, **each}).validate(each["default"])


@pytest.mark.parametrize("name", suite_names())
def test_a_shipped_suite_satisfies_the_published_schemas(name: str) -> None:
    """Suite and prompts, as any other program would check them against the files."""
    schemas = {stem: json.loads((shipped("schemas") / file_name(stem)).read_text()) for stem in ("suite", "prompt")}
    folder = find_suite(name)
    value, _ = read_yaml(folder / "suite.yaml")
    Draft202012Validator(schemas["suite"]).validate(value)
    validator = Draft202012Validator(schemas["prompt"])
    for section in value["sections"]:
        for line in (folder / section["prompts"]).read_text("utf-8").splitlines():
            validator.validate(json.loads(line))


def test_the_sample_conversations_satisfy_the_published_schema_and_the_noun() -> None:
    """The data spec's own example is one."""
    path = shipped("samples") / "conversations.jsonl"
    validator = Draft202012Validator(json.loads((shipped("schemas") / "conversation.schema.json").read_text()))
    for line in path.read_text("utf-8").splitlines():
        validator.validate(json.loads(line))
    assert all(isinstance(each, Conversation) for _, each in read_jsonl(path, Conversation))


def test_a_suite_is_checked_against_the_schemas_with_file_line_and_place(suite: Callable[..., Path]) -> None:
    """What jsonschema finds is said in one line."""
    folder = suite()
    check_suite(folder)
    path = folder / "prompts" / "all.jsonl"
    path.write_text(path.read_text() + '{"id": "x", "text": ""}\n')
    with pytest.raises(SpecError, match=r"all\.jsonl:4: \$\.text: .*See schemas/prompt\.schema\.json\.$"):
        check_suite(folder)


def test_a_day_that_never_was_is_found_by_the_schema_too() -> None:
    """The format is asserted, not only noted."""
    conversation = copy.deepcopy(BASES["conversation"][0])
    conversation["provenance"]["date"] = "2026-02-30"
    with pytest.raises(SpecError, match=r"\$\.provenance\.date"):
        check(conversation, "conversation", "x.jsonl:1")


# agreement

BASES: dict[str, list[Any]] = {stem: copy.deepcopy(PUBLISHED[stem][2]) for stem in WRITTEN}
BASES["conversation"].append(
    {
        "id": "c",
        "messages": [{"role": role, "content": "x"} for role in ("system", "user", "assistant", "user", "assistant")],
        "prompt_group": "g",
        "domain": "d",
        "split": "train",
        "provenance": {"author": "A", "model": "m", "lab": "l", "source": "s", "date": "2026-02-28", "consent": None},
    }
)
BASES["prompt"].append({"id": "p", "text": None, "messages": [{"role": "user", "content": "x"}], "domain": "d"})
BASES["recipe"].append(
    {
        **BASES["recipe"][0],
        "lora": {"r": 8, "alpha": 16, "dropout": 0, "target_modules": ["q_proj"]},
        "epochs": 1,
        "options": {"any": {"thing": [1, None, True]}},
    }
)
BASES["record"] += [
    {"messages": [{"role": "user", "content": "x"}], "contender": "c", "baseline": "b", "judge": "j", "winner": "tie"},
    {
        "prompt": "x",
        "contender": "c",
        "baseline": "b",
        "judge": "j",
        "labels": "baseline_first",
        "label": "A",
        "probabilities": {"A": 0.5, "B": 0.5},
        "scores": {"A": {"depth": 3}},
        "raw": "Winner: A",
        "seed": 1,
    },
    {"prompt": "x", "contender": "c", "baseline": "b", "judge": "j", "failure": {"kind": "error", "message": "m"}},
]
BASES["run"] += [
    {
        "baseline": {"name": "b", "model": {"name": "m/x", "options": {"a": 1}}, "system": "be brief", "lab": "l"},
        "contenders": [{"name": "c", "model": "m/y"}],
        "judges": [
            {"name": "j", "judge": "coin", "lab": None},
            {"name": "k", "judge": {"name": "coin", "options": {}}},
        ],
        "order": "random",
        "judge_repeats": 2,
        "seed": -3,
        "limit": 5,
    },
    {
        "baseline": "m/x",
        "contenders": {"a": "m/y", "b": {"name": "m", "options": {}}, "c": {"model": {"name": "m"}, "system": "x"}},
        "judges": ["coin"],
        "limit": None,
    },
]
BASES["suite"].append(
    {
        "schema_version": 1,
        "name": "s",
        "title": "S",
        "description": "",
        "criteria": ["depth", "wit"],
        "sampling": {"temperature": 0, "top_p": 1, "max_tokens": 5, "seed": 1},
        "sections": [
            {"name": "t", "kind": "temperature", "prompts": "t.jsonl", "temperatures": [0, 1.5]},
            {"name": "l", "kind": "length", "prompts": "l.jsonl", "max_tokens": [1, 2]},
            {"name": "r", "kind": "reproducibility", "prompts": "r.jsonl", "repeats": 2},
        ],
    }
)

DELIBERATE = (
    "turn ",  # roles in turn: a rule about neighbours, which JSON Schema cannot say
    "the last turn",
    "two contenders are called",  # unique names across a file
    "two judges are called",
)
"""What pydantic refuses and a JSON Schema has no words for. Uniqueness across lines and sections is checked by `files`.

Two more, of characters nobody writes: Python's `re` lets `$` stand before a last line feed and counts U+001C to U+001F as
white space; the schemas' own dialect of regular expressions does neither.
"""
POOL = st.sampled_from(
    [
        *(None, True, False, 0, 1, 1.0, 2, 2.0, 2.5, -1, 1e308, 10**12),
        *("", " ", "x", "two words", "../x", "é", "a" * 101, "1", "0.5", "2026-02-28", "2026-02-28T00:00:00"),
        *("user", "assistant", "system", "temperature", "length", "reproducibility", "in_domain", "both", "train"),
        *([], {}, [1], ["x"], ["x", "x"], [1, 1.0], [None], {"x": 1}, {"name": "x"}, {"two words": "x"}),
        *({"model": "x"}, {"name": "x", "model": "x"}, {"name": "x", "options": {}}, {"role": "user", "content": "x"}),
        *("A", "tie", "contender", "baseline_first", {"kind": "error"}, {"A": {"depth": 3}}, {"A": 0.5, "B": 0.5}),
    ]
).map(copy.deepcopy)
KEYS = st.sampled_from(
    [
        *(
            "id",
            "text",
            "messages",
            "name",
            "model",
            "judge",
            "options",
            "system",
            "lab",
            "seed",
            "repeats",
            "temperatures",
        ),
        *("prompt", "labels", "label", "raw", "winner", "preference", "probabilities", "scores", "failure"),
    ]
)


def _places(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    yield path
    if isinstance(value, dict | list):
        for key, each in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(each, (*path, key))


def _changed(value: Any, draw: Callable[[Any], Any]) -> Any:
    """`value` with one thing replaced, removed, added or doubled, anywhere in it."""
    path = draw(st.sampled_from(list(_places(value))))
    if not path:
        return value
    *parents, last = path
    inside = value
    for key in parents:
        inside = inside[key]
    action = draw(st.sampled_from(["replace", "replace", "remove", "add", "double"]))
    if action == "replace":
        inside[last] = draw(POOL)
    elif action == "remove":
        del inside[last]
    elif action == "add" and isinstance(inside[last], dict):
        inside[last][draw(KEYS)] = draw(POOL)
    elif action == "double" and isinstance(inside, list):
        inside.append(copy.deepcopy(inside[last]))
    return value


@st.composite
def _documents(draw: Callable[[Any], Any], stem: str) -> Any:
    value = copy.deepcopy(draw(st.sampled_from(BASES[stem])))
    for _ in range(draw(st.integers(1, 3))):
        value = _changed(value, draw)
    return value


def _refused(stem: str, value: Any) -> list[str]:
    """Why pydantic refuses `value`; empty where it does not."""
    try:
        PUBLISHED[stem][0].model_validate(value)
    except ValidationError as error:
        return [each["msg"].removeprefix("Value error, ") for each in error.errors()]
    return []


@pytest.mark.parametrize("stem", WRITTEN)
def test_the_documents_that_are_changed_are_valid(stem: str) -> None:
    """The agreement below starts from what both accept."""
    for value in BASES[stem]:
        assert ([], []) == (_refused(stem, value), list(Draft202012Validator(schema_of(stem)).iter_errors(value)))


@pytest.mark.parametrize("stem", WRITTEN)
@settings(deadline=None, max_examples=150)
@given(st.data())
def test_schema_and_noun_accept_the_same(stem: str, data: st.DataObject) -> None:
    """Whatever is changed in a document, jsonschema and pydantic agree on it, but for what is deliberate."""
    value = data.draw(_documents(stem))
    refused = _refused(stem, value)
    assume(not refused or not all(reason.startswith(DELIBERATE) for reason in refused))
    errors = [error.message for error in _VALIDATORS[stem].iter_errors(value)]
    assert bool(refused) == bool(errors), (refused, errors)


_VALIDATORS = {
    stem: Draft202012Validator(schema_of(stem), format_checker=Draft202012Validator.FORMAT_CHECKER) for stem in WRITTEN
}


@pytest.mark.parametrize(
    ("stem", "change"),
    [
        ("conversation", {"messages": [{"role": "assistant", "content": "x"}] * 2}),
        ("run", {"judges": ["coin", "coin"]}),
        ("run", {"baseline": {"name": "brie", "model": "m"}}),
    ],
)
def test_what_is_deliberate_is_refused_by_the_noun_alone(stem: str, change: dict[str, Any]) -> None:
    """The rules that JSON Schema has no words for."""
    value = {**BASES[stem][0], **change}
    assert all(reason.startswith(DELIBERATE) for reason in _refused(stem, value))
    assert ([], True) == (list(_VALIDATORS[stem].iter_errors(value)), bool(_refused(stem, value)))
