"""The blind: what a judge sees, what a judge's words mean, and whose slot a label is."""

from __future__ import annotations

import datetime
import math
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import judge_class, model_class
from hypothesis import given
from hypothesis import settings as chosen
from hypothesis import strategies as st
from pydantic import ValidationError

from brie_bench import (
    Comparison,
    Completion,
    FinishReason,
    Item,
    Judgment,
    Label,
    Order,
    Presentation,
    Prompt,
    Request,
    Sampling,
    Turn,
    Usage,
    Verdict,
    VerdictError,
    Winner,
)
from brie_bench.blind import (
    judgment,
    parse_label,
    parse_winner,
    preference,
    present,
    reveal,
    score_of,
    scores_of,
    slots,
)
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.plan import make_plan
from brie_bench.engine.run import run
from brie_bench.engine.settings import Settings
from brie_bench.errors import FailureKind
from brie_bench.files import read_suite
from brie_bench.plugin.catalog import Catalog
from brie_bench.spec.config import RunConfig
from brie_bench.stats.position import position_bias

MIRRORED = {Winner.CONTENDER: Winner.BASELINE, Winner.BASELINE: Winner.CONTENDER, Winner.TIE: Winner.TIE}
SWAPPED = {Label.A: Label.B, Label.B: Label.A, Label.TIE: Label.TIE}
OTHER = {Order.BASELINE_FIRST: Order.CONTENDER_FIRST, Order.CONTENDER_FIRST: Order.BASELINE_FIRST}
MEGABYTE = 1_000_000

modest = chosen(deadline=None, max_examples=60)
orders = st.sampled_from(Order)
labels = st.sampled_from(Label)
texts = st.text(max_size=60)


def compared(contender: str, baseline: str, **fields: Any) -> Comparison:
    """A comparison of two texts."""
    prompt = Prompt(id="p-1", text="Why is there something?")
    item = Item(section="all", kind="in_domain", prompt=prompt, sampling=Sampling())
    sides = {"contender": Completion(text=contender), "baseline": Completion(text=baseline)}
    return Comparison.model_validate({"item": item, **sides, **fields})


def failed(text: str) -> VerdictError:
    """The error that reading `text` ends in."""
    with pytest.raises(VerdictError) as caught:
        parse_label(text)
    assert text == caught.value.raw
    return caught.value


def outcome(read: Callable[[], Any]) -> Any:
    """What reading gives: a value, or the kind of failure."""
    try:
        return read()
    except VerdictError as error:
        return error.kind


# present


def test_baseline_first_puts_the_baseline_in_slot_a() -> None:
    """Slot A holds what is shown first: the baseline, where the order says so."""
    shown = present(compared("mine", "theirs"), Order.BASELINE_FIRST)
    assert ("theirs", "mine") == (shown.a, shown.b)


def test_contender_first_puts_the_contender_in_slot_a() -> None:
    """Slot A holds what is shown first: the contender, where the order says so."""
    shown = present(compared("mine", "theirs"), Order.CONTENDER_FIRST)
    assert ("mine", "theirs") == (shown.a, shown.b)


def test_a_judge_sees_the_prompts_turns_and_the_criteria() -> None:
    """Every turn of the prompt, the suite's own system turn too, and the criteria in their order."""
    turns = (
        Turn(role="system", content="Be brief."),
        Turn(role="user", content="Hello."),
        Turn(role="assistant", content="Hello to you."),
        Turn(role="user", content="Why?"),
    )
    item = Item(section="all", kind="in_domain", prompt=Prompt(id="p-1", messages=turns), sampling=Sampling())
    shown = present(compared("x", "y", item=item, criteria=("wit", "depth")), Order.BASELINE_FIRST)
    assert turns == shown.messages
    assert ("wit", "depth") == shown.criteria


@pytest.mark.parametrize("order", Order)
def test_nothing_but_the_two_texts_comes_from_the_completions(order: Order) -> None:
    """Who wrote a text, how long it took and what was thought aloud never reach a judge."""
    completion = Completion(
        text="the text",
        finish_reason=FinishReason.LENGTH,
        usage=Usage(input_tokens=41414, output_tokens=42424),
        model="telltale-model",
        sampling_applied=Sampling(temperature=0.123, seed=43434),
        choices={"telltale-question": {"telltale-option": 1.0}},
        reasoning="telltale reasoning",
    )
    other = completion.replace(model="telltale-baseline", reasoning="")
    comparison = compared("", "").replace(contender=completion, baseline=other)
    shown = present(comparison, order)
    assert present(compared("the text", "the text"), order) == shown
    assert {"messages", "a", "b", "criteria"} == set(Presentation.model_fields)
    assert "telltale" not in shown.model_dump_json()


def test_where_an_item_stands_does_not_reach_a_judge() -> None:
    """Section, prompt id, sampling and repeat are the experiment's, not the judge's."""
    items = [
        Item(section=section, kind="in_domain", prompt=Prompt(id=id, text="Why?"), sampling=sampling, repeat=repeat)
        for section, id, sampling, repeat in (
            ("one", "p-1", Sampling(temperature=0.5), 1),
            ("two", "p-2", Sampling(max_tokens=9), 2),
        )
    ]
    first, second = (present(compared("x", "y", item=item), Order.BASELINE_FIRST) for item in items)
    assert first == second
    assert first.content_digest() == second.content_digest()


@pytest.mark.parametrize("order", ["", "AB", "Contender_First", None, True])
def test_an_order_that_is_none_is_refused(order: Any) -> None:
    """What is no order decides nothing: neither what is shown nor what a label means."""
    for call in (
        lambda: present(compared("x", "y"), order),
        lambda: reveal(Label.A, order),
        lambda: reveal(Label.TIE, order),
        lambda: parse_winner("Winner: A", order),
        lambda: preference(Verdict(label="A", probabilities={"A": 1.0}), order),
    ):
        with pytest.raises(ValueError, match="is not a valid Order"):
            call()


@pytest.mark.parametrize("order", Order)
def test_an_order_as_plain_text_is_the_same_order(order: Order) -> None:
    """An order read from a file as text decides as the order itself does."""
    comparison, verdict = compared("x", "y"), Verdict(label="A", probabilities={"A": 0.9, "B": 0.1})
    assert present(comparison, order) == present(comparison, order.value)  # type: ignore[arg-type]
    for label in Label:
        assert reveal(label, order) is reveal(label.value, order.value)  # type: ignore[arg-type]
    assert preference(verdict, order) == preference(verdict, order.value)  # type: ignore[arg-type]


@pytest.mark.parametrize("label", ["", "C", "Tie", "contender", None])
def test_a_label_that_is_none_is_refused(label: Any) -> None:
    """What is no label means nobody."""
    with pytest.raises(ValueError, match="is not a valid Label"):
        reveal(label, Order.BASELINE_FIRST)


# reveal


@pytest.mark.parametrize(
    ("label", "order", "winner"),
    [
        ("A", "baseline_first", "baseline"),
        ("B", "baseline_first", "contender"),
        ("tie", "baseline_first", "tie"),
        ("A", "contender_first", "contender"),
        ("B", "contender_first", "baseline"),
        ("tie", "contender_first", "tie"),
    ],
)
def test_a_label_means_whoever_was_called_by_it(label: str, order: str, winner: str) -> None:
    """All six cases, by hand."""
    assert Winner(winner) is reveal(Label(label), Order(order))


def test_slots_leads_back_from_the_winner_to_the_label() -> None:
    """`slots` is `reveal` backwards, in both orders."""
    for order in Order:
        assert {winner: label for label in Label for winner in [reveal(label, order)]} == slots(order)
    assert {Winner.BASELINE: Label.A, Winner.CONTENDER: Label.B, Winner.TIE: Label.TIE} == slots(Order.BASELINE_FIRST)


@pytest.mark.parametrize(("winner", "worth"), [("contender", 1.0), ("tie", 0.5), ("baseline", 0.0)])
def test_a_win_is_worth_1_a_tie_a_half_a_loss_nothing(winner: str, worth: float) -> None:
    """A label's worth is that of the winner it means."""
    for order in Order:
        assert worth == score_of(str(slots(order)[Winner(winner)]), str(order))


def test_without_a_label_there_is_no_worth() -> None:
    """A failure is worth NaN: neither a loss nor a tie."""
    assert all(math.isnan(score_of(None, order)) for order in Order)


# judgment


def judged(label: str, order: Order, **fields: Any) -> Judgment:
    """A revealed verdict with scores for A alone and probabilities."""
    verdict = Verdict(label=label, scores={"A": {"depth": 4}}, probabilities={"A": 0.6, "B": 0.3, "tie": 0.1})
    return judgment(verdict, order, **{"shown": order, **fields})


def test_a_judgment_keeps_verdict_labels_and_what_was_shown() -> None:
    """A revealed verdict is all there: nothing is translated away."""
    found = judged("A", Order.CONTENDER_FIRST)
    assert (Winner.CONTENDER, Order.CONTENDER_FIRST, Order.CONTENDER_FIRST) == (found.winner, found.labels, found.shown)
    assert Label.A is found.verdict.label
    assert 0.65 == pytest.approx(found.preference)


def test_the_other_fields_of_a_judgment_are_the_callers() -> None:
    """A time and a graded preference are kept as given."""
    at = datetime.datetime(2025, 1, 1, tzinfo=datetime.UTC)
    found = judged("A", Order.BASELINE_FIRST, judged_at=at, preference=0.25)
    assert (Winner.BASELINE, at, 0.25) == (found.winner, found.judged_at, found.preference)


def test_nobody_but_the_labels_names_the_winner() -> None:
    """A winner that is handed in does not count."""
    assert Winner.BASELINE is judged("A", Order.BASELINE_FIRST, winner=Winner.CONTENDER).winner


def test_what_was_shown_must_be_named() -> None:
    """Two orders side by side would be mistaken for each other."""
    with pytest.raises(TypeError, match="positional"):
        judgment(Verdict(label="A"), Order.BASELINE_FIRST, Order.BASELINE_FIRST)  # type: ignore[misc]


def test_a_field_that_no_judgment_has_is_refused() -> None:
    """A misspelt field is an error, not a silence."""
    with pytest.raises(ValidationError, match="judged_att"):
        judged("A", Order.BASELINE_FIRST, judged_att=None)


@pytest.mark.parametrize("shown", [*Order, None])
@pytest.mark.parametrize("label", Label)
def test_what_was_printed_first_decides_nothing(shown: Order | None, label: Label) -> None:
    """Records whose labels and printing order differ are revealed by their labels."""
    for order in Order:
        found = judgment(Verdict(label=label), order, shown=shown)
        assert (reveal(label, order), order, shown) == (found.winner, found.labels, found.shown)


def test_scores_go_to_the_side_that_was_in_the_slot() -> None:
    """A's scores are the contender's where the contender was called A."""
    assert {Winner.CONTENDER: {"depth": 4}, Winner.BASELINE: {}} == scores_of(judged("tie", Order.CONTENDER_FIRST))
    assert {Winner.CONTENDER: {}, Winner.BASELINE: {"depth": 4}} == scores_of(judged("tie", Order.BASELINE_FIRST))


def test_a_preference_is_the_contenders() -> None:
    """P(contender) and half of P(tie), whichever slot the contender was in."""
    verdict = Verdict(label="A", probabilities={"A": 0.7, "B": 0.1, "tie": 0.2})
    assert 0.8 == pytest.approx(preference(verdict, Order.CONTENDER_FIRST))
    assert 0.2 == pytest.approx(preference(verdict, Order.BASELINE_FIRST))


@pytest.mark.parametrize("order", Order)
def test_without_probabilities_there_is_no_preference(order: Order) -> None:
    """A plain verdict has no graded preference: None, not 1, ½ or 0."""
    assert preference(Verdict(label="A"), order) is None


# the whole line


def test_names_and_system_prompts_of_the_contenders_never_reach_a_judge(
    suite: Callable[..., Path], catalog_of: Callable[..., Catalog], tmp_path: Path
) -> None:
    """In a real run a judge is shown the prompt and two texts, whatever the contenders are called and told."""
    seen: list[Presentation] = []
    asked: list[Request] = []

    def judge(shown: Presentation) -> Verdict:
        seen.append(shown)
        return Verdict(label="tie")

    def answer(request: Request) -> str:
        asked.append(request)
        return f"text {len(request.messages)}"

    catalog = catalog_of(judges=(judge_class("spy", judge),), models=(model_class("scripted", answer),))
    config = RunConfig.model_validate(
        {
            "baseline": {
                "name": "telltale-one",
                "model": "scripted",
                "system": "telltale two",
                "lab": "telltale-three",
            },
            "contenders": [{"name": "telltale-four", "model": "scripted", "lab": "telltale-five"}],
            "judges": ["spy"],
        }
    )
    plan = make_plan(read_suite(suite(2)), config, catalog)
    with Ledger.in_memory() as ledger:
        run(plan, ledger, Settings(), folder=tmp_path)
    assert [1, 1, 2, 2] == sorted(len(request.messages) for request in asked)
    assert {("text 1", "text 2"): 2, ("text 2", "text 1"): 2} == Counter((shown.a, shown.b) for shown in seen)
    assert not any("telltale" in shown.model_dump_json() for shown in seen)


# what a judge's words mean

SAYS = {
    "A": [
        "Winner: A",
        "winner: a",
        "WINNER: A",
        "Winner:A",
        "Winner : A",
        "Winner = A",
        "Winner is A",
        "Winner: A.",
        "Winner: A!",
        "Winner: (A)",
        "Winner: [A]",
        "Winner: 'A'",
        "Winner: ‘A’",
        'Winner: "A"',
        "Winner: “A”",
        "Winner: `A`",
        "Winner: ~~A~~",
        "Winner: |A|",
        "Winner: #A",
        "Winner: Response A",
        "Winner: response a.",
        "Winner: the response A",
        "Winner: Assistant A",
        "Winner: Answer A",
        "Winner: Option A",
        "Winner: Text A",
        "Winner: [[A]]",
        "Winner: [[a]]",
        "Winner: Response [[A]]",
        "Winner: A [[A]]",
        "Winner: not easily said, but [[A]]",
        "The winner is A",
        "The winner is: A",
        "The winner is Response A, by a wide margin.",
        "My winner: A",
        "Final winner: A",
        "Verdict: A",
        "Final verdict: A",
        "Overall verdict: A",
        "My final verdict is A.",
        "The overall winner is A",
        "Winner : : A",
        "Winner::: A",
        "Winner is = A",
        "Winner: ”A”",
        "Winner: > A",
        "Winner:  the   response   A",
        "The  final   verdict: A",
        "Winner: A. Who else?",
        "~~Winner~~: A",
        "**Winner: A**",
        "**Winner:** A",
        "**Winner**: **A**",
        "__Winner__: _A_",
        "*Winner: A*",
        "### Winner: A",
        "## Winner\nA",
        "Winner:\n\n**Response A**",
        "The winner is\n\n\nA",
        "> Winner: A",
        "- Winner: A",
        "| Winner: A |",
        "`Winner: A`",
        "~~~\nWinner: A\n~~~",
        "```\nWinner: A\n```",
        "  \tWinner: A  ",
        "Winner:\u00a0A",
        "Winner:\u2003A",
        "Winner:" + " " * 500 + "A",
        "\ufeff\nWinner: A",
        "Winner: A\r\n",
        "Winner: A\r\nReasoning: it is better.",
        "Winner: A (B rambles)",
        "Winner: A (not B)",
        "Winner: A, a clear win",
        "Winner: A, although B has its moments, or nearly.",
        "Winner: A. B is weaker.",
        "Winner: A - the better of A and B",
        "Winner: A — with more depth",
        "Winner: A (Response A)",
        "Winner: A, the response A.",
        "Winner: A\nWinner: A",
        "Winner: A\n[[A]]",
        "[[A]]",
        "[[a]]",
        "[[ A ]]",
        "[[\tA ]]",
        "So my verdict, at last [[A]].",
        "[[A]] and, once more, [[A]]",
        "## Verdict\nWinner: A",
        "**Final Verdict:**\n\n**Winner: A**",
        "Final verdict:\nIt is close. [[A]]",
        "Verdict\n\nThe first one is stronger.\n\nWinner: A",
        "Verdict issues aside, both are good.\nWinner: A",
        "The winner is_A_",
        "Verdict\n[[A]]",
        "It speaks of entities, properties and possibilities.\nWinner: A",
        "There is little between them; no winner: B is close.\nWinner: A",
        "In the end B is no winner\nWinner: A",
    ],
    "B": [
        "Winner: B",
        "winner: response b",
        "Winner: Assistant B.",
        "**Winner:** Response **B**",
        "The winner is B, and A is far behind",
        "Winner: B, A tie was near",
        "Final Verdict: [[B]]",
        "I choose [[b]]",
        "Winner: B: a tidy answer",
    ],
    "tie": [
        "Winner: Tie",
        "winner: tie",
        "Winner: TIE.",
        "Winner: a tie",
        "Winner: A tie",
        "The verdict is a tie.",
        "Winner: Tied",
        "Winner: the tie",
        "Winner: Draw",
        "Winner: a draw!",
        "Winner: Neither",
        "winner: neither.",
        "Winner: Neither A nor B",
        "Winner: Neither response A nor response B.",
        "Winner: Neither Response A nor B",
        "Winner: Neither A nor Assistant B",
        "Winner: Neither assistants A nor B",
        "Winner: Tie between A and B",
        "Winner: Tie between responses A and B",
        "Winner: Tie between Response A and Response B.",
        "Winner: Tie (A and B)",
        "Winner: Tie (a draw)",
        "Winner: Draw (a tie)",
        "Winner: Tie (A tie)",
        "Winner: Tie (a   draw)",
        "Winner: A   draw",
        "Winner: Tie   between   responses   A   and   response   B",
        "Winner: Neither (tie)",
        "Winner: Tie, both are good",
        "Winner: Tie, though A is the longer one",
        "Winner: Draw - as good as each other",
        "**Winner:** *Tie*",
        "Verdict:\nTie",
        "[[C]]",
        "[[c]]",
        "[[tie]]",
        "[[TIE]]",
        "Winner: [[C]]",
        "Winner: Tie (A 8, B 8)",
        "Final Verdict: [[C]] (a tie)",
        "Winner: Tie [[C]]",
        "Winner: Tie\nMy verdict: Draw\n[[C]]",
    ],
}
UNREADABLE = [
    "",
    " ",
    "\n\n\n",
    "\0",
    "A",
    "B is better.",
    "Response A",
    "I prefer Response A.",
    "It is a tie.",
    "Tie",
    "entities, properties, possibilities, untied, drawn, neithermost",
    "Winner",
    "Winner:",
    "Winner:\n\n",
    "Winner: \n\n\n\nA",  # too far below
    "Winner: ?",
    "Winner: A?",
    "Winner: C",
    "Winner: <A>",
    "Winner: none",
    "Winner: both",
    "Winner: unclear",
    "Winner: entities",
    "Winner: tiers",
    "Winner: Tie-breaker goes to A",
    "Winner: drawn",
    "Winner: AB",
    "Winner: Apple",
    "Winner: A's answer",
    "Winner: A’s answer",
    "Winner: A1",
    "Winner: A_1",
    "Winner: Aé",
    "Winner: A-grade prose",
    "Winner: tie's",
    "Winner: A is better",
    "Winner: a close call",
    "Winner: Model A",
    "Winner: not A",
    "Winner: it is a tie",
    "Winner: A or B",
    "Winner: A or tie",
    "Winner: A, or B",
    "Winner: A, or better B",
    "Winner: (A) or (B)",
    "Winner: A / B",
    "Winner: A/B",
    "Winner: A & B",
    "Winner: A + B",
    "Winner: A and B",
    "Winner: A, B",
    "Winner: A; B.",
    "Winner: A vs. B",
    "Winner: A (vs B)",
    "Winner: A - B",
    "Winner: A > B",
    "Winner: A < B",
    "Winner: A = B",
    "Winner: A: 7/10, B: 9/10",
    "Winner: Response A: 7, Response B: 9",
    "Winner: A (7) vs B (9)",
    "Winner: A 7, B 9",
    "Winner: A, B or Tie",
    "Winner: A, B, or a tie",
    "Winner: A, B, Tie",
    "Winner: [A, B or Tie]",
    "Winner: [A/B/Tie]",
    "Winner: Response A, Response B or Tie",
    "Winner: A, the assistant B",
    "Winner: A (option B, text B, answer B)",
    "Winner: A, draw",
    "Winner: A, tied",
    "Winner: A, neither",
    "Winner: B, nor A",
    "Winner: Tie / A",
    "Winner: Tie - A",
    "Winner: Tie or B",
    "Winner: Tie, A or B",
    "Winner: Tie is what I would say",
    "Winner: Tie between A and C",
    "Winner: Neither is better",
    "Winner: Neither A nor B is better",
    "Winner: A between A and B",
    "Winner: A / the other one",
    "Winner: A? The other one?",
    "Winner: A & something",
    "Winner: A + something",
    "Winner: not easily said\n[[A]]",
    "Winner: unclear\nWinner: A",
    "Winner: A\nWinner: unclear",
    "Winner:\nVerdict\nno\nnames [[A]]",
    "Verdict\nWinner:\nno\n[[A]]",
    "Winner A",
    "Winner - A",
    "Winner of this comparison: A",
    "Winners: A",
    "Overall, the final verdict on the winner: A",
    "The true winner: A",
    "The my final winner: A",  # at most two such words
    "A. Winner: A",
    "[A]",
    "[[D]]",
    "[[AB]]",
    "[[A]",
    "[ [A] ]",
    "[[\u0410]]",  # Cyrillic
    "[[t\u0130e]]",
    "[[t\u0131e]]",
    "Winner: \u0410",
    "Winner: \uff21",  # fullwidth
    "Winner: t\u0131e",
    "Winner: \u202eA",
    "Winner: \u200bA",
    "Winner: \x1b[1mA\x1b[0m",
    "\x1b[32mWinner: A",
    "Winner: \ud800",
    "\ud800Winner: A",
    '{"winner": "A"}',
]
DISAGREEING = [
    ("Winner: A\nWinner: B", "A, B"),
    ("Winner: A\nWinner: Tie", "A, tie"),
    ("Winner: B\nVerdict: Draw", "B, tie"),
    ("[[A]] [[B]]", "A, B"),
    ("Say [[A]] if A is better, [[B]] if B is, and [[C]] for a tie.", "A, B, tie"),
    ("Winner: [[A]] [[B]]", "A, B"),
    ("Winner: A [[B]]", "A, B"),
    ("Winner: A, because [[B]] is dull", "A, B"),
    ("Winner: A. " + "On and on it goes. " * 50 + "[[B]]", "A, B"),
    ("Winner: A\n\n[[B]]", "A, B"),
    ("[[C]]\nWinner: B", "B, tie"),
    ("Winner: A\u2028Winner: B", "A, B"),
    ("Winner: A\rWinner: B", "A, B"),
    ("Winner: A\x0bWinner: B", "A, B"),
    ("The response ends thus:\n> Winner: A\n\nWinner: B", "A, B"),
    ("Winner:\nA\nWinner: B", "A, B"),
    ("Verdict\nB\nWinner: A", "A, B"),
    *(
        (f"Winner: A. {cue} B", "A, B")
        for cue in (
            "Wait,",
            "correction:",
            "ACTUALLY",
            "oops -",
            "Scratch that:",
            "I mean",
            "I meant",
            "On reflection,",
        )
    ),
    ("Winner: A (on second thought B)", "A, B"),
    ("Winner: B. Wait, I mean A", "A, B"),
    ("Winner: A. On second thoughts Response B", "A, B"),
    ("Winner: Tie. Actually, B.", "B, tie"),
    ("Winner: A\n\nOn reflection, Winner: B", "A, B"),
    ("Winner: A\nOn second thoughts the winner is Response B.", "A, B"),
    ("Winner: A\nWait. I said A. Actually, my verdict: B", "A, B"),
]


@pytest.mark.parametrize(("label", "text"), [(label, text) for label, many in SAYS.items() for text in many])
def test_a_stated_verdict_is_read(label: str, text: str) -> None:
    """Whatever its case, markdown and manner of naming."""
    assert Label(label) is parse_label(text)


@pytest.mark.parametrize("text", UNREADABLE)
def test_what_states_no_verdict_is_unparsed(text: str) -> None:
    """Nothing is guessed from words, from half a statement, or from a choice of labels."""
    assert FailureKind.UNPARSED is failed(text).kind


@pytest.mark.parametrize(("text", "said"), DISAGREEING)
def test_statements_that_disagree_are_contradictory(text: str, said: str) -> None:
    """Neither the first nor the last statement wins."""
    error = failed(text)
    assert (FailureKind.CONTRADICTORY, f"several verdicts that disagree: {said}") == (error.kind, error.message)


@pytest.mark.parametrize(
    "text",
    [
        "Winner: A\nReasoning: actually, B is close, but A is closer.",
        "Winner: A. I meant what I wrote about A.",
        "Winner: A, not B. Actually, it was close. A fine pair.",
        "Winner: A (8 against 6 points)",
        "Winner: A, 7 to 5",
        "Winner: A. I mean to say that " + "it is long, " * 9 + "longer than B",
        "Winner: A. It awaits B",
        "Winner: A. All await B",
        "Winner: A. Waiting for B",
        "Winner: A. Actually aB, Ba and B2",
        "Winner: A. Actually, B's ending is weak",
        "Winner: A. Actually, B’s ending is weak",
        *(f"Winner: A. Wait{sign} B is close" for sign in ".!?"),
        "On reflection, the winner is not B.\nWinner: A",
        "Winner: A\nThe text waits; it says 'Winner: B' and I do not care.",
        "Winner: A\nActually B's winner is a poem.",
        "Winner: A\nOn reflection, the verdict on Bach stands.",
        "Winner: A\nOn reflection, the breadwinner is B.",
        "Winner: A\nOn reflection, there are two winners: B too.",
        *(f"Winner: A\nOn reflection{sign} The winner is B, they say." for sign in ".!?"),
        *(f"Winner: A\nOn reflection, a worthy winner{sign} B is close." for sign in ".!?"),
        "Winner: A\nOn reflection, the winner " + "of so close a race as this " * 2 + "is not B.",
    ],
)
def test_a_second_look_that_takes_nothing_back_leaves_the_verdict(text: str) -> None:
    """Words of doubt alone, scores beside the label and thoughts before it change nothing."""
    assert Label.A is parse_label(text)


@pytest.mark.parametrize("above", range(9))
def test_a_value_may_stand_below_its_heading(above: int) -> None:
    """Within three lines, wherever the heading stands."""
    assert Label.B is parse_label("text\n" * above + "Winner:\n\n\nB")
    assert Label.B is parse_label("text\n" * above + "Winner:\nB\n" + "text\n" * above)
    assert FailureKind.UNPARSED is failed("A\n" * above + "Winner:\n\n\n\nB").kind


def test_an_unread_statement_is_quoted() -> None:
    """The failure says what stood where a verdict belongs, in one printable line of bounded length."""
    assert "the verdict 'unclear' names neither A, B nor a tie" == failed("**Winner:** unclear").message
    assert f"the verdict '{'x' * 59}…' names neither A, B nor a tie" == failed("Winner: " + "x" * 5000).message
    assert "the verdict '\\x1b[2J\\u202e' names neither A, B nor a tie" == failed("Winner: \x1b[2J\u202e").message


def test_a_text_without_a_statement_says_what_was_looked_for() -> None:
    """The failure names the forms that would have been read."""
    assert "no line 'Winner: …' and no [[A]], [[B]] or [[C]]" == failed("Both are fine.").message


@pytest.mark.parametrize(
    "quoting",
    [
        'Response B tells me "Winner: A", which is no argument.\nWinner: B',
        "Response B claims that the winner is A and that I must agree.\nWinner: B",
        'It ends with the words\n"Winner: A"\nand that does it no good.\n\nWinner: B',
        "It says: Winner: A. I am not impressed.\n\nWinner: B",
    ],
)
def test_a_quoted_claim_within_a_sentence_is_no_statement(quoting: str) -> None:
    """A judge may quote a completion that claims to win; the judge's own line is the verdict."""
    assert Label.B is parse_label(quoting)


ENDLESS = [
    ("", " "),
    ("", "\n"),
    ("", "*"),
    ("", "> "),
    ("", "["),
    ("", "[[A "),
    ("[[", " "),
    ("[[A", "\t"),
    ("", "the "),
    ("the", " "),
    ("the final ", "verdict "),
    ("", "Winner:\n"),
    ("", "Verdict\n"),
    ("Winner:\n", "Verdict:\n"),
    ("Winner:\n", " " * 1000 + "\n"),
    ("Winner:", ":"),
    ("Winner:", " "),
    ("Winner: A", " "),
    ("Winner: A", ", B"),
    ("Winner: A", ")"),
    ("Winner: A (", "'"),
    ("Winner: A, ", "a  "),
    ("Winner: A ", "or "),
    ("Winner: the", " "),
    ("Winner: response", "\t"),
    ("Winner: tie between", " "),
    ("Winner: tie between A", " "),
    ("Winner: tie A", " and"),
    ("Winner: ", "\u202e"),
    ("Winner", "\x1b[31m"),
    ("Winner: ", "\ud800"),
    ("Winner is ", "é"),
]


@pytest.mark.parametrize(("start", "unit"), ENDLESS)
def test_a_megabyte_of_anything_is_read_to_its_end(start: str, unit: str) -> None:
    """A pattern that backtracks would take 10¹² steps over so long a text, and never come back."""
    text = start + unit * (MEGABYTE // len(unit)) + "x"
    assert outcome(lambda: parse_label(text)) in (Label.A, Label.TIE, FailureKind.UNPARSED)


def test_a_verdict_after_a_megabyte_is_found() -> None:
    """However much a judge says before it."""
    assert Label.B is parse_label("On the one hand. " * (MEGABYTE // 17) + "\nWinner: B")
    assert Label.B is parse_label("[[" * (MEGABYTE // 2) + "B]]")


# invariants

prose = st.lists(
    st.sampled_from(
        [
            "Both texts are thoughtful.",
            "The entities it describes have properties and possibilities.",
            "- Depth: the first one goes further",
            "No winner is obvious to me.",
            "",
            "| text | depth |",
            "In all likelihood a tie would be unfair.",
            "“Winner: A”, it says of itself.",
            "\u202eright to left",
            "\x1b[31mred\x1b[0m",
        ]
    ),
    max_size=4,
)
statements = st.sampled_from(
    ["Winner: {}", "**Winner:** {}", "[[{}]]", "> The winner is Response {}.", "Final verdict:\n{}", "Winner: ({})"]
)
named = st.sampled_from([("A", "B"), ("B", "A"), ("a", "b"), ("A, not B", "B, not A"), ("A or B", "B or A")])


@st.composite
def twins(draw: st.DrawFn) -> tuple[str, str]:
    """A judge's text, and the same text with A and B exchanged wherever it states a verdict."""
    here: list[str] = []
    there: list[str] = []
    for _ in range(draw(st.integers(0, 3))):
        before, form = draw(prose), draw(statements)
        either = (
            draw(st.sampled_from([("A", "B"), ("B", "A"), ("C", "C")]))
            if "[[" in form
            else draw(named | st.just(("Tie", "Tie")))
        )
        here += [*before, form.format(either[0])]
        there += [*before, form.format(either[1])]
    after = draw(prose)
    return "\n".join([*here, *after]), "\n".join([*there, *after])


@modest
@given(twins())
def test_exchanging_the_labels_in_a_text_exchanges_the_label(both: tuple[str, str]) -> None:
    """Nothing in reading favours a letter: A and B are mirror images, a tie and a failure stay."""
    here, there = (outcome(lambda text=text: parse_label(text)) for text in both)
    assert SWAPPED.get(here, here) == there


@modest
@given(twins(), orders)
def test_the_other_labels_give_the_other_winner(both: tuple[str, str], order: Order) -> None:
    """Who was called A decides: the same words under the other labels mirror the winner; a tie or a failure stays."""
    here, there = (outcome(lambda each=each: parse_winner(both[0], each)) for each in (order, OTHER[order]))
    assert MIRRORED.get(here, here) == there


@modest
@given(twins(), orders)
def test_exchanging_words_and_labels_together_changes_nothing(both: tuple[str, str], order: Order) -> None:
    """A judge that saw the texts in the other order and said the other letter said the same."""
    here, there = (
        outcome(lambda text=text, each=each: parse_winner(text, each))
        for text, each in zip(both, (order, OTHER[order]), strict=True)
    )
    assert here == there


@modest
@given(
    st.one_of(st.text(), st.text(alphabet="WINERwiner:= \n[]ABCabctie*>-orx"), twins().map(lambda both: both[0])),
    orders,
)
def test_reading_any_text_gives_a_winner_or_a_failure(text: str, order: Order) -> None:
    """Nothing that a judge may write breaks the reader, and the winner is the label, revealed."""
    label = outcome(lambda: parse_label(text))
    winner = outcome(lambda: parse_winner(text, order))
    assert (reveal(label, order) if isinstance(label, Label) else label) == winner


@modest
@given(labels, orders)
def test_labels_and_order_turned_together_mean_the_same(label: Label, order: Order) -> None:
    """The mirror: the other letter under the other labels is the same winner."""
    assert reveal(label, order) is reveal(SWAPPED[label], OTHER[order])
    assert MIRRORED[reveal(label, order)] is reveal(label, OTHER[order])
    assert 1.0 == score_of(label, order) + score_of(label, OTHER[order])


@modest
@given(texts, texts, orders)
def test_the_text_in_a_slot_is_whose_the_slot_is(contender: str, baseline: str, order: Order) -> None:
    """`present` and `reveal` agree on who is in which slot, whatever the texts."""
    comparison = compared(contender, baseline)
    shown = present(comparison, order)
    side = {Winner.CONTENDER: comparison.contender.text, Winner.BASELINE: comparison.baseline.text}
    assert (side[reveal(Label.A, order)], side[reveal(Label.B, order)]) == (shown.a, shown.b)


@modest
@given(texts, texts)
def test_the_two_orders_exchange_the_slots_and_nothing_else(contender: str, baseline: str) -> None:
    """The two presentations of a comparison differ in the slots alone."""
    first, second = (present(compared(contender, baseline), order) for order in Order)
    assert first == second.replace(a=second.b, b=second.a)


probabilities = st.tuples(st.integers(0, 100), st.integers(0, 100), st.integers(1, 100)).map(
    lambda parts: {label: part / sum(parts) for label, part in zip(Label, parts, strict=True)}
)


@modest
@given(probabilities, orders)
def test_preferences_mirror(chances: dict[Label, float], order: Order) -> None:
    """A preference under the other labels is the rest to 1; with the probabilities exchanged too, the same."""
    verdict = Verdict(label="A", probabilities=chances)
    turned = Verdict(label="A", probabilities={SWAPPED[label]: chance for label, chance in chances.items()})
    mine = preference(verdict, order)
    assert mine is not None
    assert 1.0 - mine == pytest.approx(preference(verdict, OTHER[order]))
    assert mine == pytest.approx(preference(turned, OTHER[order]))


scores = st.dictionaries(st.sampled_from(["depth", "wit"]), st.integers(1, 5))


@modest
@given(scores, scores, labels, orders)
def test_scores_mirror(of_a: dict[str, int], of_b: dict[str, int], label: Label, order: Order) -> None:
    """Exchanging scores and labels together changes no side's scores."""
    here = judgment(Verdict(label=label, scores={"A": of_a, "B": of_b}), order, shown=None)
    there = judgment(Verdict(label=SWAPPED[label], scores={"A": of_b, "B": of_a}), OTHER[order], shown=None)
    assert scores_of(here) == scores_of(there)
    assert here.winner is there.winner


# scripted judges

pairs = st.lists(
    st.tuples(st.sampled_from(["brief", "good and long", "good"]), st.sampled_from(["plain", "good", "a good one"])),
    min_size=1,
    max_size=12,
)


def honest(shown: Presentation) -> str:
    """Prefers the text that holds the word `good`."""
    a, b = "good" in shown.a, "good" in shown.b
    return f"Winner: {'Tie' if a == b else 'A' if a else 'B'}"


def first(shown: Presentation) -> str:
    """Prefers what it is shown first."""
    return "Winner: A"


def asked(judge: Callable[[Presentation], str], comparisons: list[Comparison], order: Order) -> list[Winner]:
    """The winners, by one judge in one order."""
    return [parse_winner(judge(present(each, order)), order) for each in comparisons]


@modest
@given(pairs)
def test_an_honest_judge_names_the_same_winners_in_either_order(written: list[tuple[str, str]]) -> None:
    """Where only the texts count, the order cannot show."""
    comparisons = [compared(*each) for each in written]
    forwards, backwards = (asked(honest, comparisons, order) for order in Order)
    assert forwards == backwards


@modest
@given(pairs)
def test_an_honest_judge_mirrors_when_the_sides_are_exchanged(written: list[tuple[str, str]]) -> None:
    """The contender that becomes the baseline loses what it won."""
    here = asked(honest, [compared(mine, theirs) for mine, theirs in written], Order.BASELINE_FIRST)
    there = asked(honest, [compared(theirs, mine) for mine, theirs in written], Order.BASELINE_FIRST)
    assert [MIRRORED[winner] for winner in here] == there


@modest
@given(pairs)
def test_a_judge_that_takes_the_first_wins_half_with_the_largest_position_bias(written: list[tuple[str, str]]) -> None:
    """Asked in both orders it cannot tell the sides apart: 50 %, and a position bias of ½."""
    comparisons = [compared(*each) for each in written]
    rows = [
        (number, score_of(slots(order)[winner], order), order is Order.CONTENDER_FIRST)
        for order in Order
        for number, winner in enumerate(asked(first, comparisons, order))
    ]
    prompt, score, contender_first = zip(*rows, strict=True)
    found = position_bias(prompt, score, contender_first)
    assert 0.5 == sum(score) / len(score)
    assert (0.5, 0.5) == (found.bias, found.adjusted)
