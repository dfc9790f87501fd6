"""Judging: every judge, every pair, every order, asked for once; and what a judge's answer is worth."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from brie_bench import (
    Completion,
    Failed,
    Judge,
    Label,
    Model,
    ModelJudge,
    Order,
    Presentation,
    Request,
    Turn,
    Usage,
    Verdict,
)
from brie_bench.engine import judge as module
from brie_bench.engine.calls.answers import LONGEST_RAW
from brie_bench.engine.calls.retrying import Patience
from brie_bench.engine.judge import Judging
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.settings import Settings
from brie_bench.engine.verdict import verdict_of
from brie_bench.errors import FailureKind, LedgerError
from brie_bench.spec.judgment import Failure

from .experiments import (
    Asked,
    catalog_with,
    links,
    longer,
    plain,
    plan_of,
    prompts_of,
    rich,
    run_once,
    section_of,
    suite_of,
)

SHOWN = Presentation(messages=(Turn(role="user", content="Hello?"),), a="Yes.", b="No.")


@pytest.fixture
def asked() -> Asked:
    """Remembers what the scripted judges were shown."""
    return Asked()


def outcomes(folder: Path) -> list[Verdict | Failure]:
    """Every recorded outcome, once a key, in no order."""
    with Ledger(folder) as ledger:
        kept = [ledger.verdict(key) for (key,) in ledger.select("SELECT key FROM verdict")]
        return [each.outcome for each in kept if each is not None]


def n_judged(run: str, folder: Path) -> int:
    """How many judgings of a run have a record."""
    with Ledger(folder) as ledger:
        return ledger.n_judged(ledger.run(run).number)


# who is asked, and how often


def test_every_judge_sees_every_pair_in_both_orders(tmp_path: Path, asked: Asked) -> None:
    """Twice a pair, once each way, and each verdict serves its own order."""
    run_once(plan_of(catalog=catalog_with(asked), judges=["longer", "first"]), tmp_path)
    for judge in ("longer", "first"):
        assert 6 == len({(shown.a, shown.b) for shown in asked.shown[judge]}) == len(asked.shown[judge])
    found = links(tmp_path)
    assert 12 == len(found)
    assert {("baseline_first", "B"), ("contender_first", "A")} == {
        each[2::2][:2] for each in found if each[0] == "longer"
    }
    assert {("baseline_first", "A"), ("contender_first", "A")} == {
        each[2::2][:2] for each in found if each[0] == "first"
    }


def test_what_is_called_a_was_printed_first(tmp_path: Path, asked: Asked) -> None:
    """In our own presentations labels and printing order are the same."""
    plan = plan_of(catalog=catalog_with(asked))
    run_once(plan, tmp_path)
    with Ledger(tmp_path) as ledger:
        found = {(labels, shown) for _, _, labels, shown, *_ in ledger.kept(ledger.run(plan.id).number)}
    assert {(str(order), str(order)) for order in Order} == found


def test_a_judge_is_shown_the_prompt_and_two_texts(tmp_path: Path, asked: Asked) -> None:
    """Nothing of who wrote them: no name, no system prompt of a contender's own."""
    contenders = {"rich": {"model": "rich", "system": "You are the tuned one."}}
    run_once(plan_of(catalog=catalog_with(asked), contenders=contenders, limit=1), tmp_path)
    text = "What is 0 good for?"
    request = Request(messages=(Turn(role="user", content=text),))
    assert {(plain(request), rich(request)), (rich(request), plain(request))} == {
        (shown.a, shown.b) for shown in asked.shown["longer"]
    }
    assert {(Turn(role="user", content=text),)} == {shown.messages for shown in asked.shown["longer"]}


def test_a_suite_s_criteria_reach_its_judges(tmp_path: Path, asked: Asked) -> None:
    """Whatever the rubric's own are."""
    run_once(plan_of(suite_of(criteria=("wit", "warmth")), catalog_with(asked)), tmp_path)
    assert {("wit", "warmth")} == {shown.criteria for shown in asked.shown["longer"]}


def test_random_shows_each_pair_in_its_drawn_order(tmp_path: Path, asked: Asked) -> None:
    """Once, and all judges alike."""
    plan = plan_of(
        suite_of(section_of(prompts_of(12))), catalog_with(asked), order="random", judges=["longer", "first"]
    )
    run_once(plan, tmp_path)
    drawn = {number: str(order) for number, order in plan.first_orders["rich"].items()}
    for judge in ("longer", "first"):
        assert drawn == {each[1]: each[2] for each in links(tmp_path) if each[0] == judge}
        assert 12 == len(asked.shown[judge])


def test_judge_repeats_ask_the_same_again(tmp_path: Path, asked: Asked) -> None:
    """As often as that, each recorded under its number."""
    run_once(plan_of(catalog=catalog_with(asked), judge_repeats=3), tmp_path)
    assert {3} == set(Counter((shown.a, shown.b) for shown in asked.shown["longer"]).values())
    assert {1, 2, 3} == {each[3] for each in links(tmp_path)}
    assert 18 == len(links(tmp_path)) == len(outcomes(tmp_path))


# what is asked once


@pytest.mark.parametrize("connections", [1, 8])
def test_identical_completions_are_judged_once(connections: int, tmp_path: Path, asked: Asked) -> None:
    """Both orders show the same, so one verdict serves them both."""
    plan = plan_of(catalog=catalog_with(asked), contenders={"same": "plain"}, judges=["first"])
    run_once(plan, tmp_path, connections=connections)
    assert 3 == len(asked.shown["first"])
    assert [("first", number, str(order), 1, "A", None) for number in range(3) for order in Order] == links(tmp_path)


@pytest.mark.parametrize("connections", [1, 8])
def test_a_prompt_in_two_sections_is_judged_once(connections: int, tmp_path: Path, asked: Asked) -> None:
    """And its verdicts serve both."""
    parts = [section_of(prompts_of(3), name) for name in ("one", "two")]
    run_once(plan_of(suite_of(*parts), catalog_with(asked)), tmp_path, connections=connections)
    assert 6 == len(asked.shown["longer"])
    assert 12 == len(links(tmp_path))


@pytest.mark.parametrize("connections", [1, 8])
def test_one_judge_under_two_names_is_asked_once(connections: int, tmp_path: Path, asked: Asked) -> None:
    """Equal configurations are one judge: nobody pays twice, and both rows are filled."""
    judges = [{"name": name, "judge": "longer"} for name in ("ann", "bob")]
    run_once(plan_of(catalog=catalog_with(asked), judges=judges), tmp_path, connections=connections)
    assert 6 == len(asked.shown["longer"])
    assert {"ann": 6, "bob": 6} == Counter(each[0] for each in links(tmp_path))


def test_what_another_run_paid_for_is_not_asked_again(tmp_path: Path, asked: Asked) -> None:
    """Another seed, another limit, another opponent beside: only what is new is asked."""
    catalog = catalog_with(asked)
    suite = suite_of(section_of(prompts_of(5)))
    run_once(plan_of(suite, catalog, limit=3), tmp_path)
    asked.forget()
    run_once(plan_of(suite, catalog, limit=3, seed=7), tmp_path)
    assert (0, 0) == (asked.n_requests, asked.n_shown)
    run_once(plan_of(suite, catalog), tmp_path)
    assert (4, 4) == (asked.n_requests, asked.n_shown)
    run_once(
        plan_of(suite, catalog, contenders={"rich": "rich", "same": "plain"}, judges=["longer", "first"]), tmp_path
    )
    assert {"longer": 4 + 5, "first": 10 + 5} == {name: len(shown) for name, shown in asked.shown.items()}


def test_a_verdict_of_another_run_is_linked_like_one_s_own(tmp_path: Path, asked: Asked) -> None:
    """Also when there are more of them than are read at a time."""
    suite = suite_of(section_of(prompts_of(300)))
    catalog = catalog_with(asked)
    run_once(plan_of(suite, catalog, order="random"), tmp_path)
    second = plan_of(suite, catalog, order="random", contenders={"too": {"model": "rich"}, "rich": "rich"})
    asked.forget()
    run_once(second, tmp_path)
    assert 600 == n_judged(second.id, tmp_path)
    turned = sum(order is not second.first_orders["rich"][n] for n, order in second.first_orders["too"].items())
    assert turned == len(asked.shown["longer"])


# judges that have no verdict


class Picky:
    """A judge that fails on some prompts until it is mended."""

    def __init__(self, *bad: int, kind: str = "unparsed") -> None:
        self.bad, self.kind = {f"What is {number} good for?" for number in bad}, kind

    def __call__(self, shown: Presentation) -> Verdict:
        if shown.messages[-1].content in self.bad:
            raise Failed(self.kind, "no verdict", raw="Hm. \x1b[31m", usage=Usage(output_tokens=2))
        return longer(shown)


def test_a_failure_is_recorded_and_linked(tmp_path: Path, asked: Asked) -> None:
    """With kind, words, raw text and cost; it is no verdict, and the rest is judged."""
    picky = Picky(1)
    run_once(plan_of(catalog=catalog_with(asked, judges={"picky": picky}), judges=["picky"]), tmp_path)
    failure = Failure(kind="unparsed", message="no verdict", raw="Hm. \x1b[31m", usage=Usage(output_tokens=2))
    assert [failure] * 2 == [each for each in outcomes(tmp_path) if isinstance(each, Failure)]
    assert {1: [(None, "unparsed")] * 2} == {
        number: [each[4:] for each in links(tmp_path) if each[1] == number]
        for number in {each[1] for each in links(tmp_path) if each[5]}
    }


def test_failures_are_asked_again_when_that_is_asked(tmp_path: Path, asked: Asked) -> None:
    """Only they, and only then; the verdict takes the failure's place."""
    picky = Picky(1)
    plan = plan_of(catalog=catalog_with(asked, judges={"picky": picky}), judges=["picky", "longer"])
    run_once(plan, tmp_path)
    asked.forget()
    run_once(plan, tmp_path)
    assert 0 == asked.n_shown
    picky.bad.clear()
    run_once(plan, tmp_path, retry_failures=True)
    assert {"picky": 2, "longer": 0, "first": 0} == {name: len(shown) for name, shown in asked.shown.items()}
    assert {None} == {each[5] for each in links(tmp_path)}
    assert 12 == len(links(tmp_path))


@pytest.mark.parametrize("connections", [1, 8])
def test_a_failure_is_asked_again_once_a_command(connections: int, tmp_path: Path, asked: Asked) -> None:
    """However often its presentation occurs."""
    parts = [section_of(prompts_of(2), name) for name in ("one", "two", "three")]
    judges = [{"name": name, "judge": "picky"} for name in ("ann", "bob")]
    plan = plan_of(suite_of(*parts), catalog_with(asked, judges={"picky": Picky(0, 1)}), judges=judges)
    for retry in (False, True, True):
        asked.forget()
        run_once(plan, tmp_path, retry_failures=retry, connections=connections)
        assert 4 == len(asked.shown["picky"])
    assert 6 * 2 * 2 == len(links(tmp_path))


def test_a_judge_that_can_do_nothing_stops_nobody(tmp_path: Path, asked: Asked) -> None:
    """It is named; nothing is recorded of it; when it is mended it is asked all it has not answered."""
    picky = Picky(1, kind="fatal")
    catalog = catalog_with(asked, judges={"picky": picky})
    plan = plan_of(catalog=catalog, judges=["picky", "longer"])
    outcome = run_once(plan, tmp_path, connections=1)
    assert {"picky": "no verdict"} == {name: failure.message for name, failure in outcome.fatal.items()}
    assert {"longer": 6, "picky": 2} == Counter(each[0] for each in links(tmp_path))
    assert {None} == {each[5] for each in links(tmp_path)}
    asked.forget()
    picky.bad.clear()
    assert {} == run_once(plan, tmp_path).fatal
    assert {"picky": 4, "longer": 0, "first": 0} == {name: len(shown) for name, shown in asked.shown.items()}
    assert 12 == len(links(tmp_path))


def test_a_judge_that_fails_for_good_keeps_what_it_was_paid_for(tmp_path: Path, asked: Asked) -> None:
    """Verdicts of another run are linked although its first new call is refused."""
    picky = Picky(4, kind="fatal")
    catalog = catalog_with(asked, judges={"picky": picky})
    suite = suite_of(section_of(prompts_of(5)))
    run_once(plan_of(suite, catalog, judges=["picky"], limit=4), tmp_path)
    whole = plan_of(suite, catalog, judges=["picky"])
    assert {"picky"} == set(run_once(whole, tmp_path).fatal)
    assert 8 == n_judged(whole.id, tmp_path)


def test_a_verdict_says_how_often_it_was_asked_for(
    tmp_path: Path, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By a judge that errs at first."""
    monkeypatch.setattr("brie_bench.engine.settings.Patience", lambda attempts: Patience(attempts, first=0.001))
    down = Failed("error", "down", retryable=True)
    left = iter([down, down])

    def moody(_: Presentation) -> Verdict:
        if (error := next(left, None)) is not None:
            raise error
        return Verdict(label="A")

    plan = plan_of(catalog=catalog_with(asked, judges={"moody": moody}), judges=["moody"], limit=1, order="random")
    run_once(plan, tmp_path, attempts=3)
    assert [Verdict(label="A", attempts=3)] == outcomes(tmp_path)


def test_a_judge_that_hangs_costs_its_own_judgments(tmp_path: Path, asked: Asked) -> None:
    """A timeout is a failure; its other judgments and the other judges go on."""
    gate = threading.Event()

    def slow(shown: Presentation) -> Verdict:
        if "What is 1" in shown.messages[-1].content:
            gate.wait(20)
        return longer(shown)

    run_once(
        plan_of(catalog=catalog_with(asked, judges={"slow": slow}), judges=["slow", "longer"]), tmp_path, timeout=0.3
    )
    gate.set()
    assert {("slow", "timeout"): 2, ("slow", None): 4, ("longer", None): 6} == Counter(
        (each[0], each[5]) for each in links(tmp_path)
    )


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (None, "the judge returned a NoneType, no Verdict"),
        ("A", "the judge returned a str, no Verdict"),
        (Label.A, "the judge returned a Label, no Verdict"),
        (Completion(text="A"), "the judge returned a Completion, no Verdict"),
        (Verdict.model_construct(), "the judge returned no valid Verdict: key 'label' is missing"),
        (Verdict.model_construct(label="C"), "the judge returned no valid Verdict: key 'label'"),
        (Verdict(label="A").model_copy(update={"rationale": None}), "key 'rationale'"),
        (Verdict(label="A").model_copy(update={"raw": "\udc80"}), "the judge returned no valid Verdict"),
        (Verdict(label="A").model_copy(update={"scores": {"A": {"wit": 9}}}), "key 'scores"),
        (Verdict(label="A").model_copy(update={"probabilities": {"A": 7.0}}), "key 'probabilities"),
    ],
    ids=range(10),
)
def test_what_is_no_verdict_is_a_failure(given: Any, message: str, tmp_path: Path, asked: Asked) -> None:
    """And can be read again: no leaderboard ever stumbles over what a plugin handed back."""
    outcome = run_once(
        plan_of(catalog=catalog_with(asked, judges={"odd": lambda _: given}), judges=["odd", "longer"]), tmp_path
    )
    assert {} == outcome.fatal
    found = [each for each in outcomes(tmp_path) if isinstance(each, Failure)]
    assert 6 == len(found)
    assert {FailureKind.ERROR} == {each.kind for each in found}
    assert all(message in each.message for each in found)


@pytest.mark.parametrize("error", [ValueError("what?"), SystemExit(1), KeyboardInterrupt(), RecursionError()])
def test_a_judge_that_raises_fails_its_own_judgments(error: BaseException, tmp_path: Path, asked: Asked) -> None:
    """Whatever it raises, the run goes on."""

    def raising(_: Presentation) -> Verdict:
        raise error

    catalog = catalog_with(asked, judges={"bad": raising})
    outcome = run_once(plan_of(catalog=catalog, judges=["bad", "longer"]), tmp_path)
    assert not outcome.interrupted
    assert {("bad", "error"): 6, ("longer", None): 6} == Counter((each[0], each[5]) for each in links(tmp_path))


# long answers


def test_a_megabyte_of_verdict_is_kept(tmp_path: Path, asked: Asked) -> None:
    """Up to the limit a judge may be as long as it likes."""
    said = Verdict(label="A", raw="x" * LONGEST_RAW, rationale="y" * LONGEST_RAW)
    catalog = catalog_with(asked, judges={"long": lambda _: said})
    run_once(plan_of(catalog=catalog, judges=["long"], limit=1), tmp_path)
    assert [said] * 2 == outcomes(tmp_path)


@pytest.mark.parametrize("field", ["raw", "rationale"])
def test_more_than_a_megabyte_is_no_verdict(field: str, tmp_path: Path, asked: Asked) -> None:
    """It is unparsed, and its beginning is kept."""
    said = Verdict(label="A", **{field: "z" * (LONGEST_RAW + 1)})
    catalog = catalog_with(asked, judges={"long": lambda _: said})
    run_once(plan_of(catalog=catalog, judges=["long"], limit=1), tmp_path)
    for each in outcomes(tmp_path):
        assert isinstance(each, Failure)
        assert (FailureKind.UNPARSED, "z" * LONGEST_RAW) == (each.kind, each.raw)


# judges that use a model


class Said(Model):
    """A model that says what it is told to."""

    name = "said"

    def __init__(self, answer: Callable[[Request], Any]) -> None:
        super().__init__()
        self.answer = answer

    def complete(self, request: Request) -> Any:
        return self.answer(request)


class Reader(ModelJudge):
    """A judge that asks for a label and reads it with `reading`."""

    name = "reader"

    def __init__(self, answer: Any, reading: Callable[[Completion], Any] | None = None) -> None:
        super().__init__(model=Said(answer if callable(answer) else lambda _: answer))
        self.reading = reading or (lambda answer: Verdict(label=answer.text))

    def ask(self, shown: Presentation) -> Request:
        return Request(messages=(Turn(role="user", content=f"{shown.a} or {shown.b}?"),))

    def read(self, shown: Presentation, answer: Completion) -> Verdict:
        return self.reading(answer)


def failed(judge: Judge) -> Failed:
    """Why there is no verdict."""
    with pytest.raises(Failed) as caught:
        verdict_of(judge, SHOWN)
    return caught.value


ANSWER = Completion(text="B", usage=Usage(output_tokens=7), model="said-2025")


def test_a_model_judge_asks_and_reads() -> None:
    """What the model said, what it took and who answered are kept with the verdict."""
    requests: list[Request] = []
    judge = Reader(lambda request: requests.append(request) or ANSWER)
    assert Verdict(label="B", raw="B", usage=Usage(output_tokens=7), model="said-2025") == verdict_of(judge, SHOWN)
    assert ["Yes. or No.?"] == [request.messages[0].content for request in requests]


def raising(error: Exception) -> Callable[[Completion], Verdict]:
    """A reading that raises."""

    def read(_: Completion) -> Verdict:
        raise error

    return read


@pytest.mark.parametrize(
    ("reading", "kind", "message"),
    [
        (raising(Failed("refused", "it will not say")), "refused", "it will not say"),
        (raising(KeyError("label")), "error", "KeyError"),
        (lambda _: None, "error", "the judge returned a NoneType, no Verdict"),
        (lambda _: Verdict.model_construct(label="C"), "error", "the judge returned no valid Verdict"),
    ],
    ids=["a failure", "a fault", "nothing", "nonsense"],
)
def test_a_reading_that_fails_keeps_what_was_paid_for(reading: Any, kind: str, message: str) -> None:
    """Raw text and usage stay with the failure, whatever the plugin did."""
    error = failed(Reader(ANSWER, reading))
    assert kind == error.kind
    assert message in error.message
    assert ("B", Usage(output_tokens=7)) == (error.raw, error.usage)


def test_a_reading_s_own_raw_text_stays() -> None:
    """Where it says what it could not read, that is kept."""
    error = failed(Reader(ANSWER, raising(Failed("unparsed", "no", raw="this part", usage=Usage(output_tokens=1)))))
    assert ("this part", Usage(output_tokens=1)) == (error.raw, error.usage)


def test_a_judge_s_model_that_fails_fails_the_judgment() -> None:
    """With its own kind."""

    def down(_: Request) -> Completion:
        raise Failed("rate_limited", "slow down")

    assert FailureKind.RATE_LIMITED == failed(Reader(down)).kind


@pytest.mark.parametrize("nonsense", [None, "B", Verdict(label="B"), Completion.model_construct()])
def test_a_judge_s_model_that_returns_nonsense_fails_the_judgment(nonsense: Any) -> None:
    """In words that name the model."""
    assert "the judge's model returned" in failed(Reader(nonsense)).message


def test_of_a_judge_s_answer_a_megabyte_is_read() -> None:
    """A longer one is unparsed, never searched for a verdict; its beginning is kept."""
    error = failed(Reader(Completion(text="B" * (LONGEST_RAW + 1)), lambda _: Verdict(label="A")))
    assert FailureKind.UNPARSED == error.kind
    assert "B" * LONGEST_RAW == error.raw
    assert f"{LONGEST_RAW + 1} characters" in error.message
    assert Label.A == verdict_of(Reader(Completion(text="B" * LONGEST_RAW), lambda _: Verdict(label="A")), SHOWN).label


# a ledger that lost something


def test_a_completion_that_is_gone_is_said(tmp_path: Path, asked: Asked) -> None:
    """A ledger that somebody cut is an error, not a tie."""
    plan = plan_of(catalog=catalog_with(asked))
    run_once(plan, tmp_path)
    with Ledger(tmp_path) as ledger:
        run = ledger.run(plan.id)
        with ledger.transaction():
            ledger._db.execute("DELETE FROM completion")
            ledger._db.execute("DELETE FROM verdict")
        judging = Judging(run, plan.seats, both_orders=True, repeats=1, replicate=0, criteria=("wit",))
        with pytest.raises(LedgerError, match="a completion of comparison 0 is missing"):
            module.judge(judging, ledger, Settings(), 3)
