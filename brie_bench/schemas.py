"""The nouns as JSON Schema: the files in `schemas/`, generated from `spec/` and checked against it."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from pydantic.json_schema import GenerateJsonSchema

from brie_bench.spec.base import Spec
from brie_bench.spec.config import RunConfig
from brie_bench.spec.conversation import Conversation
from brie_bench.spec.judgment import Judgment
from brie_bench.spec.leaderboard import Leaderboard
from brie_bench.spec.prices import PriceFile
from brie_bench.spec.prompt import Prompt
from brie_bench.spec.published import PublishedJudgment, PublishedRun
from brie_bench.spec.recipe import TrainingRecipe
from brie_bench.spec.record import Record
from brie_bench.spec.suite import SuiteFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_EXAMPLE_PROMPT = {
    "id": "being-01",
    "text": "Is a hole in a wall something, or the absence of something?",
    "tags": ["ontology"],
}
_EXAMPLE_STANDING = {
    "suite": "tiny",
    "contender": "brie",
    "baseline": "plain",
    "judge": None,
    "section": None,
    "soft": False,
    "n_prompts": 8,
    "n_pairs": 8,
    "n_judgments": 16,
    "n_failures": 0,
    "wins": 14,
    "ties": 0,
    "losses": 2,
    "win_rate": 0.875,
    "interval": {"low": 0.58, "high": 0.97, "confidence_level": 0.95, "method": "anchored bootstrap over prompts"},
    "failure_bounds": None,
    "row_rate": 0.875,
    "strict_rate": 0.875,
    "p_value": 0.015625,
    "p_adjusted": 0.015625,
    "detectable_rate": 0.95,
    "verdict": "better",
    "reason": None,
}
PUBLISHED: dict[str, tuple[type[Spec], str, list[dict[str, Any]]]] = {
    "conversation": (
        Conversation,
        "An authored conversation: one JSON object a line of a conversations file.",
        [
            {
                "id": "holes-a",
                "messages": [
                    {"role": "user", "content": "Is a hole something?"},
                    {
                        "role": "assistant",
                        "content": "You can measure one, and fall into it. Yet it is made of nothing.",
                    },
                ],
                "prompt_group": "holes",
                "domain": "philosophy",
                "patterns": ["concrete case first"],
                "phase": "validated",
                "provenance": {"author": "A. Author", "licence": "CC-BY-4.0", "consent": True},
            }
        ],
    ),
    "leaderboard": (
        Leaderboard,
        "`leaderboard.json`: every number of a leaderboard.",
        [
            {
                "suites": [{"name": "tiny", "digest": "0123456789abcdef", "n_prompts": 8, "n_items": 8}],
                "runs": ["tiny-0123456789"],
                "baseline": "plain",
                "standings": [_EXAMPLE_STANDING],
            }
        ],
    ),
    "judgment": (
        Judgment,
        "A judge's verdict, revealed.",
        [{"winner": "contender", "labels": "baseline_first", "shown": "baseline_first", "verdict": {"label": "B"}}],
    ),
    "prices": (
        PriceFile,
        "A user's own prices, for `--prices FILE`.",
        [{"prices": {"openai/my-model": {"input": 0.5, "cached": 0.05, "output": 2.0}}}],
    ),
    "prompt": (Prompt, "A prompt: one JSON object a line of a suite's prompt file.", [_EXAMPLE_PROMPT]),
    "published-judgment": (
        PublishedJudgment,
        "A planned judgment of a published run: one JSON object a line of `records/<run>.jsonl.gz`.",
        [
            {
                "item": 0,
                "section": "philosophy",
                "kind": "in_domain",
                "prompt": "0123456789abcdef0123456789abcdef",
                "prompt_id": "holes",
                "contender": "brie",
                "judge": "variety",
                "failure": {"kind": "error", "message": "it was planned and never judged: a completion is missing"},
            }
        ],
    ),
    "published-run": (
        PublishedRun,
        "A published run: `records/<run>.json`.",
        [
            {
                "run": "tiny-0123456789",
                "per_pair": 2,
                "with_texts": False,
                "n_lines": 16,
                "record": {"suite": {"name": "tiny"}},
            }
        ],
    ),
    "recipe": (
        TrainingRecipe,
        "How a small model is fine-tuned.",
        [{"name": "tiny", "trainer": "trl", "base": "models/tiny", "conversations": "conversations.jsonl"}],
    ),
    "record": (
        Record,
        "A recorded judgment: one JSON object a line of an interchange file.",
        [
            {
                "prompt": "Is a hole something?",
                "contender": "tuned",
                "baseline": "base",
                "contender_text": "You can measure one, and fall into it. Yet it is made of nothing.",
                "baseline_text": "Yes.",
                "judge": "a-reader",
                "labels": "baseline_first",
                "label": "B",
            }
        ],
    ),
    "run": (
        RunConfig,
        "A run's configuration, for `brie-bench run SUITE -c FILE`.",
        [{"baseline": "ngram/plain", "contenders": {"brie": "ngram/authored"}, "judges": ["variety", "cadence"]}],
    ),
    "suite": (
        SuiteFile,
        "`suite.yaml`: the experiment, and its sections.",
        [
            {
                "name": "tiny",
                "title": "A tiny suite",
                "sections": [{"name": "philosophy", "kind": "in_domain", "prompts": "prompts/philosophy.jsonl"}],
            }
        ],
    ),
}
"""File stem to noun, description and examples."""


def schema_of(stem: str) -> dict[str, Any]:
    """The JSON Schema of a published noun, draft 2020-12."""
    kind, description, examples = PUBLISHED[stem]
    schema = kind.model_json_schema(schema_generator=_Generator, mode="validation")
    head = {"$schema": DIALECT, "title": stem.capitalize(), "description": description}
    if stem == "run":
        _allow_short_forms(schema)
    if stem == "prompt":
        given = {"text": {"type": "string"}, "messages": {"minItems": 1}}
        schema["oneOf"] = [{"required": [name], "properties": {name: rule}} for name, rule in given.items()]
    rest = {key: value for key, value in schema.items() if key not in head}
    return {**head, "examples": examples, **rest}


class _Generator(GenerateJsonSchema):
    """Leaves out the titles pydantic makes of field names: they say nothing that the name does not."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def _allow_short_forms(schema: dict[str, Any]) -> None:
    """A run's file may write a plugin as its bare name, a contender as NAME: MODEL, a judge as its name."""
    definitions = schema["$defs"]
    name = definitions["PluginRef"]["properties"]["name"]
    name = {key: value for key, value in name.items() if key != "description"}
    for noun in ("PluginRef", "JudgeRef"):
        full = definitions[noun]
        definitions[noun] = {"description": full.get("description", ""), "anyOf": [name, {**full}]}
    properties = schema["properties"]
    properties["baseline"] = {**_without_ref(properties["baseline"]), "anyOf": [name, {"$ref": "#/$defs/Contender"}]}
    contender = definitions["Contender"]
    short = {
        "type": "object",
        "minProperties": 1,
        "propertyNames": {key: contender["properties"]["name"][key] for key in ("pattern", "maxLength")},
        "additionalProperties": {"$ref": "#/$defs/ContenderByName"},
    }
    by_name = {key: value for key, value in contender["properties"].items() if key != "name"}
    definitions["ContenderByName"] = {
        "anyOf": [
            {"$ref": "#/$defs/PluginRef"},
            {**contender, "properties": by_name, "required": ["model"]},
        ]
    }
    described = {key: value for key, value in properties["contenders"].items() if key == "description"}
    long = {key: value for key, value in properties["contenders"].items() if key != "description"}
    properties["contenders"] = {**described, "anyOf": [short, long]}


def _without_ref(schema: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in schema.items() if key != "$ref"}


def text_of(stem: str) -> str:
    """The file's text."""
    return json.dumps(schema_of(stem), indent=2, ensure_ascii=False) + "\n"


def file_name(stem: str) -> str:
    """`suite.schema.json`."""
    return f"{stem}.schema.json"


def export(folder: Path) -> list[Path]:
    """Write every schema into `folder`."""
    from brie_bench.files import write_text

    paths = []
    for stem in PUBLISHED:
        paths.append(folder / file_name(stem))
        write_text(paths[-1], text_of(stem))
    return paths


def drift(folder: Path) -> list[str]:
    """Every way in which `folder` differs from what `export` would write; empty when it does not."""
    found = []
    for stem in PUBLISHED:
        path = folder / file_name(stem)
        if not path.exists():
            found.append(f"{path} is missing")
        elif not path.is_file() or path.read_bytes() != text_of(stem).encode():
            found.append(f"{path} is not what spec/ says")
    known = {file_name(stem) for stem in PUBLISHED}
    found += [f"{path} belongs to no noun" for path in sorted(folder.glob("*.json")) if path.name not in known]
    return found


def check_suite(folder: Path) -> None:
    """Raise SpecError unless a suite's files satisfy the published schemas, as any other program would check them."""
    from brie_bench.errors import SpecError
    from brie_bench.files import read_objects, read_yaml

    path = folder / "suite.yaml" if folder.is_dir() else folder
    value, _ = read_yaml(path)
    check(value, "suite", path)
    for section in value["sections"]:
        target = path.parent / section["prompts"]
        for number, prompt in read_objects(target):
            if isinstance(prompt, SpecError):
                raise prompt
            check(prompt, "prompt", f"{target}:{number}")


def check(value: Any, stem: str, where: object) -> None:
    """Raise SpecError unless `value` satisfies the published schema."""
    from brie_bench.errors import SpecError

    error = next(_validator(stem).iter_errors(value), None)
    if error is not None:
        raise SpecError(f"{error.json_path}: {error.message}.", where=where, mend=f"See schemas/{file_name(stem)}.")


@cache
def _validator(stem: str) -> Any:
    from jsonschema import Draft202012Validator

    return Draft202012Validator(schema_of(stem), format_checker=Draft202012Validator.FORMAT_CHECKER)
