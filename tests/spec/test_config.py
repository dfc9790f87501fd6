"""The configuration of a run: long forms and short ones."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from brie_bench.spec.config import Contender, JudgeRef, PluginRef, RunConfig

WHOLE: dict[str, Any] = {
    "baseline": {"name": "baseline", "model": {"name": "m/x"}},
    "contenders": [{"name": "brie", "model": {"name": "m/y", "options": {"a": 1}}}],
    "judges": [{"name": "coin", "judge": {"name": "coin"}}],
}


@pytest.mark.parametrize(
    "short",
    [
        {"baseline": "m/x"},
        {"contenders": {"brie": {"name": "m/y", "options": {"a": 1}}}},
        {"contenders": {"brie": {"model": {"name": "m/y", "options": {"a": 1}}}}},
        {"judges": ["coin"]},
        {"judges": [{"name": "coin", "judge": "coin"}]},
        {"order": "both", "seed": 0, "limit": None, "judge_repeats": 1, "schema_version": 1},
    ],
)
def test_a_short_form_says_the_same_as_the_long_one(short: dict[str, Any]) -> None:
    """A bare name stands for a plugin without options, `NAME: MODEL` for a contender."""
    assert RunConfig.model_validate(WHOLE) == RunConfig.model_validate({**WHOLE, **short})


@pytest.mark.parametrize(
    ("said", "change"),
    [
        ("two contenders are called 'brie'", {"baseline": {"name": "brie", "model": "m/x"}}),
        ("two judges are called 'coin'", {"judges": ["coin", "coin"]}),
        ("contender 'brie' is named twice", {"contenders": {"brie": {"model": "m/y", "name": "other"}}}),
        ("at least 1", {"contenders": {}}),
        ("at least 1", {"judges": []}),
        ("coin", {"judges": "coin"}),
        ("order", {"order": "swapped"}),
        ("limit", {"limit": 0}),
        ("seed", {"seed": "1"}),
        ("schema_version", {"schema_version": 2}),
        ("nan is no JSON number", {"contenders": {"brie": {"name": "m", "options": {"x": float("nan")}}}}),
    ],
)
def test_a_wrong_configuration_is_refused(said: str, change: dict[str, Any]) -> None:
    """Names are unique, lists are not empty, and nothing is guessed."""
    with pytest.raises(ValidationError, match=said):
        RunConfig.model_validate({**WHOLE, **change})


@pytest.mark.parametrize("name", ["", "two words", "../x", ".x", "a/b", "x\n", "é", "a" * 101, "\x1b[31m"])
def test_a_contenders_name_is_a_name(name: str) -> None:
    """It stands in tables and file names: letters, digits, dot, hyphen and underscore."""
    with pytest.raises(ValidationError):
        Contender(name=name, model="m")


def test_a_judges_name_may_be_a_models() -> None:
    """`openai/…` is a judge's name as it is written."""
    assert JudgeRef(name="m/x", judge=PluginRef(name="m/x")) == JudgeRef.model_validate("m/x")


def test_validating_does_not_change_what_was_given() -> None:
    """The short forms are expanded in a copy."""
    given = {"baseline": "m/x", "contenders": {"brie": "m/y"}, "judges": ["coin"]}
    RunConfig.model_validate(given)
    assert {"baseline": "m/x", "contenders": {"brie": "m/y"}, "judges": ["coin"]} == given
