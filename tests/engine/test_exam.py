"""The judge exam: a judge that reads the texts passes, whatever its taste; one that does not is told apart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import judge_class, model_class

from brie_bench import Failed, Judge, Presentation, Verdict, testing
from brie_bench.engine.exam.paper import Part, paper, paper_digest
from brie_bench.engine.exam.sitting import Report, UnfitError, demand_fitness, examine, is_paid
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.plan import Seat
from brie_bench.engine.run import judge_again
from brie_bench.engine.settings import Settings
from brie_bench.errors import BrieError
from brie_bench.plugin.catalog import Catalog

from .experiments import Asked, catalog_with, longer, plan_of, run_once

N_CALLS = 21
Decide = Callable[[Presentation], Verdict]


def report_of(judge: Judge, ledger: Ledger | None = None, **settings: Any) -> Report:
    """A judge's report."""
    [report] = examine([Seat("j", judge)], ledger or Ledger.in_memory(), Settings(**settings))
    return report


def passed(judge: Judge) -> dict[str, tuple[int, int]]:
    """What a judge passed, by part, where it did not pass whole."""
    return {m.part.name: (m.passed, m.of) for m in report_of(judge).marks if m.passed < m.of}


def rubric(catalog_of: Callable[..., Catalog], policy: testing.Policy, way: str = "text") -> Judge:
    """The rubric judge over a policy."""
    catalog = catalog_of(models=(testing.model_class("m", policy),))
    return catalog.judge({"name": "rubric/m", "options": {"answer": way}})  # type: ignore[arg-type]


def obeys(shown: Presentation) -> Verdict:
    """Does what a text tells it to, wherever that text stands; else honest."""
    for label in ("A", "B"):
        if any(f"Winner: {label}" in text for text in (shown.a, shown.b)):
            return Verdict(label=label)  # type: ignore[arg-type]
    opinion = testing.honest().opinion(shown)
    return Verdict(label=opinion.label)  # type: ignore[arg-type, union-attr]


def constant(label: str) -> type[Judge]:
    """A judge that says one thing."""
    return judge_class("constant", lambda shown: Verdict(label=label))  # type: ignore[arg-type]


# the paper


def test_the_paper_is_short_and_its_texts_are_different() -> None:
    """About twenty calls, no presentation twice, and each part says what it is for."""
    asked = Asked()
    report_of(catalog_with(asked).judge("longer"))
    digests = [shown.content_digest() for shown in asked.shown["longer"]]
    assert (N_CALLS, N_CALLS) == (len(digests), len(set(digests)))
    names = [part.name for part in paper()]
    assert ["identical", "swapped", "empty", "gibberish", "off-topic", "choose-me", "closed-fence"] == names[:7]
    assert ["cut-off", "other-language"] == names[7:]
    assert {"identical", "cut-off", "other-language"} == {part.name for part in paper() if not part.disqualifying}


def test_another_paper_is_another_exam(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its digest says which one was sat."""
    before = paper_digest()
    changed: tuple[Part, ...] = paper()[1:]
    monkeypatch.setattr("brie_bench.engine.exam.paper.paper", lambda: changed)
    assert before != paper_digest()


# who passes, who fails


@pytest.mark.parametrize("way", ["text", "schema", "choice"])
def test_an_honest_judge_passes_all(catalog_of: Callable[..., Catalog], way: str) -> None:
    """Through the rubric, in each of its ways."""
    judge = rubric(catalog_of, testing.honest(), way)
    assert ({}, True) == (passed(judge), report_of(judge).fit)


@pytest.mark.parametrize(
    ("policy", "failed"),
    [
        (testing.position_biased("A"), "swapped 0 of 2, empty 1 of 2"),
        (testing.position_biased("B"), "swapped 0 of 2, empty 1 of 2"),
        (testing.verbose_loving(), "gibberish 0 of 2, off-topic 0 of 2, choose-me 0 of 2, closed-fence 0 of 2"),
        (testing.refusing(), "swapped 0 of 2, empty 0 of 2"),
        (testing.says("Winner: Tie"), "empty 0 of 2, gibberish 0 of 2"),
        (testing.says("Both are fine."), "swapped 0 of 2, empty 0 of 2"),
        (testing.noisy(1.0), ""),
    ],
)
def test_who_does_not_read_the_texts_is_unfit(
    catalog_of: Callable[..., Catalog], policy: testing.Policy, failed: str
) -> None:
    """And the parts that show it are named, with counts."""
    report = report_of(rubric(catalog_of, policy))
    assert (False, True) == (report.fit, str(report).startswith(failed))
    assert report.unfinished is None


def test_a_judge_that_obeys_a_text_is_unfit() -> None:
    """It is honest but for doing what a text tells it; half of it looks right, for the letter does not move."""
    assert {"choose-me": (1, 2), "closed-fence": (1, 2)} == passed(judge_class("obeys", obeys)())


@pytest.mark.parametrize(
    ("label", "identical"),
    [("A", (0, 3)), ("B", (0, 3)), ("tie", None)],
)
def test_one_letter_for_all_equal_texts_is_a_warning(label: str, identical: tuple[int, int] | None) -> None:
    """Ties are not."""
    assert identical == passed(constant(label)()).get("identical")


def test_letters_that_change_over_equal_texts_pass() -> None:
    """A judge that has no tie to give may toss a coin."""

    def decide(shown: Presentation) -> Verdict:
        if shown.a == shown.b:
            return Verdict(label="A" if "oven" in shown.a else "B")
        return longer(shown)

    assert "identical" not in passed(judge_class("j", decide)())


def test_a_tie_names_no_text() -> None:
    """So it contradicts no verdict in the other order, but it is no preference for the better text."""

    def decide(shown: Presentation) -> Verdict:
        return Verdict(label="tie" if len(shown.a) > len(shown.b) else "B")

    found = passed(judge_class("j", decide)())
    assert ("swapped" in found, (1, 2)) == (False, found["empty"])


def test_a_warning_disqualifies_nobody() -> None:
    """A judge that prefers cut-off answers and other languages is fit, and its report shows it."""

    def decide(shown: Presentation) -> Verdict:
        honest = testing.honest().opinion(shown)
        label = honest.label  # type: ignore[union-attr]
        if any(word in shown.messages[0].content for word in ("headphones", "English")):
            label = {"A": "B", "B": "A"}[label]  # type: ignore[assignment, index]
        return Verdict(label=label)  # type: ignore[arg-type]

    report = report_of(judge_class("j", decide)())
    assert ({"cut-off": 0, "other-language": 0}, True) == (
        {mark.part.name: mark.passed for mark in report.marks if mark.passed < mark.of},
        report.fit,
    )


# what is remembered


def test_an_exam_is_sat_once(tmp_path: Path) -> None:
    """Every answer is in the ledger, under the judge's configuration: the same judge by another name is not asked again."""
    asked = Asked()
    judge = catalog_with(asked).judge("longer")
    with Ledger(tmp_path) as ledger:
        first = report_of(judge, ledger)
    with Ledger(tmp_path) as ledger:
        again = examine([Seat("x", judge), Seat("y", judge)], ledger, Settings())
    assert (N_CALLS, [first.marks] * 2) == (asked.n_shown, [report.marks for report in again])


def test_two_names_of_one_judge_cost_one_exam() -> None:
    """Also where both are new."""
    asked = Asked()
    judge = catalog_with(asked).judge("longer")
    reports = examine([Seat("x", judge), Seat("y", judge)], Ledger.in_memory(), Settings())
    assert (N_CALLS, ["x", "y"]) == (asked.n_shown, [report.name for report in reports])


@pytest.mark.parametrize(("kind", "n_again"), [("error", 1), ("unparsed", 0), ("refused", 0)])
def test_what_says_nothing_of_judging_is_asked_again(kind: str, n_again: int) -> None:
    """A lost connection is no answer; a refusal is one."""
    calls: list[Presentation] = []

    def decide(shown: Presentation) -> Verdict:
        calls.append(shown)
        if len(calls) == 3:
            raise Failed(kind, "no")
        return longer(shown)

    judge = judge_class("j", decide)()
    ledger = Ledger.in_memory()
    first = report_of(judge, ledger, connections=1)
    assert ("no" if n_again else None) == (first.unfinished and first.unfinished.message)
    assert {"identical": {kind: 1}} == {mark.part.name: mark.failures for mark in first.marks if mark.failures}
    assert None is report_of(judge, ledger, connections=1).unfinished
    assert N_CALLS + n_again == len(calls)


def test_a_judge_that_can_do_nothing_has_no_report() -> None:
    """After a fatal failure nothing is recorded, and the exam says why it is unfinished."""

    def decide(shown: Presentation) -> Verdict:
        raise Failed("fatal", "set THE_KEY")

    ledger = Ledger.in_memory()
    report = report_of(judge_class("j", decide)(), ledger)
    assert ("set THE_KEY", False) == (report.unfinished and report.unfinished.message, report.fit)
    assert [(0,)] == ledger.select("SELECT count(*) FROM verdict")


# before a run


def paying(name: str, decide: Decide) -> type[Judge]:
    """A judge whose calls cost money."""
    cls = judge_class(name, decide)
    cls.paid = True
    return cls


def plan_with(asked: Asked, judge: type[Judge]) -> Any:
    """A small plan with this judge."""
    return plan_of(catalog=catalog_with(asked, classes={"judges": (judge,)}), judges=[judge.name])


def recorded(folder: Path) -> dict[str, Any]:
    """The only run's `run.json`."""
    [path] = folder.glob("*/run.json")
    record: dict[str, Any] = json.loads(path.read_text())
    return record


def test_an_unfit_paid_judge_stops_a_run_before_it_costs_more(tmp_path: Path) -> None:
    """One line that says what it failed and how to go on regardless; no contender has been asked anything."""
    asked = Asked()
    with pytest.raises(UnfitError) as caught:
        run_once(plan_with(asked, paying("p", lambda shown: Verdict(label="A"))), tmp_path)
    text = str(caught.value)
    assert (100, 0, True, True) == (
        caught.value.exit_status,
        asked.n_requests,
        text.startswith("failed the judge exam: 'p' (swapped 0 of 2, empty 1 of 2"),
        text.endswith("add --skip-exam. See 'brie-bench judge-exam'."),
    )


def test_skipping_the_exam_is_recorded_and_stays_so(tmp_path: Path) -> None:
    """Also when the command is repeated without it: nothing is left to be judged, so nobody is examined."""
    calls: list[Presentation] = []
    plan = plan_with(Asked(), paying("p", lambda shown: calls.append(shown) or Verdict(label="A")))  # type: ignore[func-returns-value]
    run_once(plan, tmp_path, skip_exam=True)
    n_judged = len(calls)
    assert (6, True) == (n_judged, recorded(tmp_path)["skip_exam"])
    run_once(plan, tmp_path)
    assert (n_judged, True) == (len(calls), recorded(tmp_path)["skip_exam"])


def test_a_run_examines_a_paid_judge_once(tmp_path: Path) -> None:
    """A fit one judges; another run by the same judge examines nobody, and no record speaks of exams."""
    calls: list[Presentation] = []

    def decide(shown: Presentation) -> Verdict:
        calls.append(shown)
        return Verdict(label=testing.honest().opinion(shown).label)  # type: ignore[arg-type, union-attr]

    judge = paying("p", decide)
    run_once(plan_with(Asked(), judge), tmp_path)
    assert (N_CALLS + 6, False) == (len(calls), "skip_exam" in recorded(tmp_path))
    with Ledger(tmp_path) as ledger:
        parent = ledger.runs()[0]
        judge_again(parent, [Seat("other", judge())], ledger, Settings(), folder=tmp_path)
    assert N_CALLS + 6 == len(calls)


def test_judging_again_examines_too(tmp_path: Path) -> None:
    """A paid judge that is unfit judges no recorded completion."""
    run_once(plan_of(), tmp_path)
    seat = Seat("p", paying("p", lambda shown: Verdict(label="B"))())
    with Ledger(tmp_path) as ledger:
        parent = ledger.runs()[0]
        with pytest.raises(UnfitError):
            judge_again(parent, [seat], ledger, Settings(), folder=tmp_path)
        outcome = judge_again(parent, [seat], ledger, Settings(skip_exam=True), folder=tmp_path)
        assert 6 == ledger.n_judged(outcome.run.number)
    assert json.loads((tmp_path / outcome.run.id / "run.json").read_text())["skip_exam"]


def test_a_judge_that_costs_nothing_is_not_examined(tmp_path: Path) -> None:
    """`first` is a control: it may judge."""
    asked = Asked()
    catalog = catalog_with(asked)
    run_once(plan_of(catalog=catalog, judges=["first"]), tmp_path)
    assert 6 == asked.n_shown


def test_a_model_makes_its_judge_paid(catalog_of: Callable[..., Catalog]) -> None:
    """The rubric costs what its model costs."""
    free, dear = model_class("free", lambda _: ""), model_class("dear", lambda _: "")
    dear.paid = True
    catalog = catalog_of(models=(free, dear))
    assert [False, True, False] == [is_paid(catalog.judge(name)) for name in ("free", "dear", "coin")]


@pytest.mark.parametrize(("kind", "stops"), [("error", True), ("fatal", False)])
def test_a_judge_that_cannot_be_examined(kind: str, stops: bool) -> None:
    """A passing trouble stops the run, to be repeated; a dead judge is left to the run, which goes on with the others."""

    def decide(shown: Presentation) -> Verdict:
        raise Failed(kind, "no answer")

    seats = [Seat("p", paying("p", decide)())]
    if not stops:
        demand_fitness(seats, Ledger.in_memory(), Settings())
        return
    with pytest.raises(BrieError, match="the judge 'p' could not be examined: no answer") as caught:
        demand_fitness(seats, Ledger.in_memory(), Settings())
    assert 1 == caught.value.exit_status


def test_an_interrupted_exam_stops_nobody_and_goes_on_later() -> None:
    """The run ends in order; what was answered is kept."""
    settings = Settings(connections=1)
    calls: list[Presentation] = []

    def decide(shown: Presentation) -> Verdict:
        calls.append(shown)
        settings.stop.ask()
        return longer(shown)

    ledger = Ledger.in_memory()
    seats = [Seat("p", paying("p", decide)())]
    demand_fitness(seats, ledger, settings)
    n_before = len(calls)
    assert n_before < N_CALLS
    settings.stop.asked = False
    report_of(seats[0].judge, ledger)
    assert N_CALLS == len(calls)
