"""What every kind of plugin shares: a name, options and a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from conftest import model_class
from pydantic import Field, ValidationError

import brie_bench
from brie_bench import Completion, Failed, Judge, ModelJudge, Presentation, Request, Turn, Verdict
from brie_bench.errors import FailureKind
from brie_bench.plugin.base import Plugin
from brie_bench.plugin.kinds import failure_of, unexpected
from brie_bench.spec.base import canonical_json, digest


class Weighty(Judge):
    """A judge with options."""

    name = "weighty"
    revision = "7"

    class Options(brie_bench.Options):
        """Its options."""

        weights: dict[str, float] = Field(default={}, description="By criterion.")
        model_name: str = Field(default="m", description="A name that pydantic keeps to itself elsewhere.")

    def judge(self, shown: Presentation) -> Verdict:
        return Verdict(label="A")


def test_options_are_frozen_and_closed() -> None:
    """As every noun is."""
    options = Weighty.Options()
    with pytest.raises(ValidationError, match="frozen"):
        options.model_name = "x"  # type: ignore[misc]
    with pytest.raises(ValidationError, match="extra"):
        Weighty.Options.model_validate({"wieghts": {}})


def test_a_plugin_without_options_has_none() -> None:
    """An empty declaration, and a configuration of name and revision."""

    class Bare(Plugin):
        """Nothing."""

        name = "bare"

    assert {"plugin": "bare", "revision": "1"} == Bare().configuration()
    assert {} == dict(Bare.Options.model_fields)
    with pytest.raises(ValidationError):
        Bare.Options.model_validate({"x": 1})


def test_a_configuration_holds_name_revision_and_what_was_chosen() -> None:
    """Defaults are left out: a new option with a default makes no other judge."""
    assert {"plugin": "weighty", "revision": "7"} == Weighty(Weighty.Options(weights={})).configuration()
    expected = {"plugin": "weighty", "revision": "7", "options": {"weights": {"a": 1.0, "b": 2.0}}}
    assert expected == Weighty(Weighty.Options(weights={"b": 2, "a": 1})).configuration()


def test_a_configuration_does_not_depend_on_the_order_of_options() -> None:
    """To the byte."""
    one, other = (Weighty(Weighty.Options(weights=weights)) for weights in ({"a": 1, "b": 2}, {"b": 2, "a": 1}))
    assert canonical_json(one.configuration()) == canonical_json(other.configuration())


def test_another_revision_is_another_configuration() -> None:
    """So that what the old one said is not taken for what the new one would say."""
    newer = type("Newer", (Weighty,), {"revision": "8"})
    assert digest(Weighty().configuration()) != digest(newer().configuration())


# kinds

REQUEST = Request(messages=(Turn(role="user", content="x"),))


def test_many_requests_are_completed_one_by_one_unless_a_model_knows_better() -> None:
    """Each answer with its position; a failed one is a failure, not the end."""

    def answer(request: Request) -> str:
        if request.repeat == 2:
            raise Failed("refused", "no", raw="raw")
        return f"answer {request.repeat}"

    model = model_class("m", answer)()
    found = dict(model.complete_many([REQUEST.replace(repeat=number) for number in (1, 2, 3)]))
    assert ("answer 1", "answer 3") == (found[0].text, found[2].text)  # type: ignore[union-attr]
    assert (FailureKind.REFUSED, "no", "raw") == (found[1].kind, found[1].message, found[1].raw)  # type: ignore[union-attr]


class Reading(ModelJudge):
    """Reads a label."""

    name = "reading"

    def ask(self, shown: Presentation) -> Request:
        return REQUEST

    def read(self, shown: Presentation, answer: Completion) -> Verdict:
        return Verdict(label=answer.text)


SHOWN = Presentation(messages=REQUEST.messages, a="one", b="two")


def test_a_judge_over_a_model_shares_its_limits_and_its_configuration() -> None:
    """What limits the model limits the judge, and another model is another judge."""
    model = type("Limited", (model_class("m", lambda _: "B"),), {"max_concurrency": 3, "lane": "m-lane"})()
    judge = Reading(model=model)
    assert ("m-lane", 3) == (judge.lane, judge.max_concurrency)
    assert {"plugin": "reading", "revision": "1", "model": {"plugin": "m", "revision": "1"}} == judge.configuration()
    assert "B" == judge.judge(SHOWN).label


def test_a_judge_without_a_model_has_no_limit_but_the_runs() -> None:
    """Its lane is its own."""
    assert ("weighty", None, False) == (Weighty().lane, Weighty().max_concurrency, Weighty.paid)


def test_the_record_of_a_failed_call_keeps_what_is_known() -> None:
    """Kind, words, what was received and what it cost."""
    failure = failure_of(Failed("too_long", "why", raw="r", usage={"input_tokens": 5}))
    assert (FailureKind.TOO_LONG, "why", "r", 5) == (
        failure.kind,
        failure.message,
        failure.raw,
        failure.usage.input_tokens,
    )


@pytest.mark.parametrize(
    ("expected", "error"),
    [
        ("RuntimeError: x", RuntimeError("x")),
        ("SystemExit: 3", SystemExit(3)),
        ("ValueError: \ufffd", ValueError("\ud800")),
    ],
)
def test_whatever_else_a_plugin_raises_is_an_error(expected: str, error: BaseException) -> None:
    """With its type."""
    assert (FailureKind.ERROR, expected) == (unexpected(error).kind, unexpected(error).message)


def _public(cls: type) -> Iterator[str]:
    return (name for name in vars(cls) if not name.startswith("_"))


@pytest.mark.parametrize("kind", ["Judge", "ModelJudge", "Model", "BatchModel", "Trainer", "Importer", "Exporter"])
def test_every_kind_is_documented_at_the_door(kind: str) -> None:
    """The class, and each method that an author writes."""
    cls: Any = getattr(brie_bench, kind)
    assert cls.__doc__
    assert [] == [name for name in cls.__abstractmethods__ if not getattr(cls, name).__doc__]
