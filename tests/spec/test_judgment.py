"""A verdict is in slot terms; a failure is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from brie_bench import Failure, Label, Verdict
from brie_bench.errors import FailureKind


@pytest.mark.parametrize(("expected", "label"), [(Label.A, "A"), (Label.B, "B"), (Label.TIE, "tie")])
def test_a_label_is_enough_for_a_verdict(expected: Label, label: str) -> None:
    """Scores, reasons and probabilities may be left out."""
    assert expected is Verdict(label=label).label
    assert {"label": label} == Verdict(label=label).canonical()


@pytest.mark.parametrize("label", ["a", "C", "", None, 1, "contender", "TIE"])
def test_nothing_else_is_a_label(label: Any) -> None:
    """A verdict cannot name a contender."""
    with pytest.raises(ValidationError):
        Verdict(label=label)


@pytest.mark.parametrize(
    "scores", [{"tie": {"depth": 3}}, {"A": {"depth": 0}}, {"A": {"depth": 6}}, {"A": {"depth": 2.5}}, {"C": {}}]
)
def test_scores_are_whole_from_one_to_five_and_for_a_text(scores: Any) -> None:
    """A tie is no text, and no criterion has half a score."""
    with pytest.raises(ValidationError):
        Verdict(label="A", scores=scores)


@pytest.mark.parametrize("values", [{"A": 0.5}, {"A": 0.6, "B": 0.6}, {"A": 1.2, "B": -0.2}, {"A": float("nan")}, {}])
def test_probabilities_sum_to_one(values: dict[Any, float]) -> None:
    """What does not is no distribution."""
    with pytest.raises(ValidationError):
        Verdict(label="A", probabilities=values)


@settings(deadline=None, max_examples=100)
@given(st.floats(0, 1), st.floats(0, 1))
def test_the_preference_for_a_mirrors(one: float, other: float) -> None:
    """P(A) + ½ P(tie); with the slots exchanged it is 1 less that."""
    a, b = one * (1 - other), (1 - one) * (1 - other)
    verdict = Verdict(label="A", probabilities={"A": a, "B": b, "tie": other})
    mirrored = Verdict(label="B", probabilities={"A": b, "B": a, "tie": other})
    assert verdict.preference_a is not None
    assert mirrored.preference_a is not None
    assert verdict.preference_a + mirrored.preference_a == pytest.approx(1.0)
    assert 0.0 <= verdict.preference_a <= 1.0


def test_without_probabilities_there_is_no_preference() -> None:
    """Undefined is None, not ½."""
    assert Verdict(label="tie").preference_a is None


@pytest.mark.parametrize("kind", list(FailureKind))
def test_a_failure_has_one_of_the_known_kinds(kind: FailureKind) -> None:
    """Each kind has the word that records and documents use."""
    assert kind is Failure(kind=str(kind)).kind


def test_the_kinds_of_failure_are_the_documented_ones() -> None:
    """Kinds may be added, not renamed."""
    documented = [
        "error",
        "fatal",
        "timeout",
        "rate_limited",
        "refused",
        "truncated",
        "too_long",
        "unparsed",
        "contradictory",
    ]
    assert set(documented) <= {str(kind) for kind in FailureKind}


@pytest.mark.parametrize("fields", [{"kind": "unlucky"}, {}, {"kind": "error", "attempts": 0}])
def test_a_failure_of_no_known_kind_is_refused(fields: dict[str, Any]) -> None:
    """An unknown word is an error, never a verdict."""
    with pytest.raises(ValidationError):
        Failure.model_validate(fields)


@pytest.mark.parametrize(
    ("expected", "scores"),
    [
        (None, {}),
        (None, {"A": {"depth": 5}}),
        (None, {"A": {"depth": 5}, "B": {"wit": 1}}),
        (3, {"A": {"depth": 5, "wit": 1}, "B": {"depth": 2}}),
        (-1, {"A": {"depth": 2, "wit": 3}, "B": {"depth": 2, "wit": 4}}),
    ],
)
def test_scores_are_compared_where_both_texts_have_them(expected: int | None, scores: Any) -> None:
    """A's less B's; without a shared criterion there is nothing to compare."""
    assert expected == Verdict(label="A", scores=scores).score_gap


def test_rounded_probabilities_favour_no_slot() -> None:
    """Two equal probabilities are a preference of one half, even where rounding lets them sum to less than one."""
    verdict = Verdict(label="tie", probabilities={"A": 0.496, "B": 0.496})
    assert 0.5 == verdict.preference_a
