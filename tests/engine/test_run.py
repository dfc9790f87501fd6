"""The whole line: repeated, interrupted, resumed, judged again; what is paid for is paid for once."""

from __future__ import annotations

import fcntl
import json
import threading
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from brie_bench import Comparison, Completion, Failed, Judgment, Presentation, Request, Verdict, Winner
from brie_bench.engine.calls.pool import Stop
from brie_bench.engine.ledger import Ledger, RunRow
from brie_bench.engine.plan import Plan, make_plan
from brie_bench.engine.records.importing import import_records
from brie_bench.engine.run import Outcome, judge_again, next_replicate, run
from brie_bench.engine.settings import Settings
from brie_bench.errors import BrieError, LedgerError, UsageError
from brie_bench.plugin.catalog import Catalog
from brie_bench.report.publish import save_leaderboard
from brie_bench.spec.config import OrderPolicy
from brie_bench.spec.imported import Imported
from brie_bench.spec.leaderboard import Leaderboard, Standing

from .experiments import (
    Asked,
    catalog_with,
    config_of,
    links,
    longer,
    plan_of,
    prompts_of,
    rich,
    run_once,
    section_of,
    suite_of,
)


@pytest.fixture
def asked() -> Asked:
    """Remembers what the scripted plugins were asked."""
    return Asked()


def board(plan: Plan, folder: Path) -> Leaderboard:
    """The leaderboard of what is recorded of a plan."""
    with Ledger(folder) as ledger:
        return save_leaderboard(ledger, ledger.run(plan.id), folder / plan.id)[0]


def headline(leaderboard: Leaderboard, judge: str | None = None) -> Standing:
    """A judge's row over all sections, or the panel's."""
    return next(row for row in leaderboard.standings if row.judge == judge and row.section is None)


# repeating


def test_a_repeated_run_calls_nothing_and_says_the_same(tmp_path: Path, asked: Asked) -> None:
    """The same command continues the same run, and there is nothing left to do."""
    plan = plan_of(catalog=catalog_with(asked), judges=["longer", "first"])
    run_once(plan, tmp_path)
    before = board(plan, tmp_path), links(tmp_path)
    asked.forget()
    run_once(plan_of(catalog=catalog_with(asked), judges=["longer", "first"]), tmp_path)
    assert (0, 0) == (asked.n_requests, asked.n_shown)
    assert before == (board(plan, tmp_path), links(tmp_path))


def test_a_run_leaves_its_record_in_its_folder(tmp_path: Path) -> None:
    """Resolved, and the same when the command is repeated."""
    plan = plan_of()
    path = tmp_path / plan.id / "run.json"
    run_once(plan, tmp_path)
    first = path.read_bytes()
    run_once(plan, tmp_path)
    assert first == path.read_bytes()
    assert plan.record() == json.loads(first)
    with Ledger(tmp_path) as ledger:
        assert plan.record() == json.loads(ledger.run(plan.id).record)


# interrupting


class Interrupting:
    """Asks for a stop at its nth call, as Ctrl-C does, and then goes on as scripted."""

    def __init__(self) -> None:
        self.stop, self.left = Stop(), 10**9

    def arm(self, calls: int) -> None:
        """Stop at so many calls from now."""
        self.stop, self.left = Stop(), calls

    def count(self) -> None:
        """One call more."""
        self.left -= 1
        if self.left == 0:
            self.stop.ask()

    def model(self, request: Request) -> str:
        """Answers like `rich`."""
        self.count()
        return rich(request)

    def judge(self, shown: Presentation) -> Verdict:
        """Judges like `longer`."""
        self.count()
        return longer(shown)


def interruptible(asked: Asked, script: Interrupting, **changes: Any) -> Plan:
    """A plan whose contender and first judge count their calls."""
    catalog = catalog_with(asked, models={"counted": script.model}, judges={"counted": script.judge})
    suite = suite_of(section_of(prompts_of(4), repeats=2), section_of(prompts_of(2, start=3), "more"))
    return plan_of(suite, catalog, contenders={"c": "counted"}, judges=["counted", "longer"], **changes)


@settings(max_examples=15, deadline=None)
@given(st.lists(st.integers(1, 25), max_size=4), st.sampled_from([1, 3, 8]), st.sampled_from(["both", "random"]))
def test_an_interrupted_run_is_continued_where_it_stood(stops: list[int], connections: int, order: str) -> None:
    """Whenever and however often: in the end each call was made once, and the records are those of a run in one go."""
    asked, script = Asked(), Interrupting()
    plan = interruptible(asked, script, order=order)
    with TemporaryDirectory() as interrupted, TemporaryDirectory() as whole:
        for calls in stops:
            script.arm(calls)
            run_once(plan, Path(interrupted), stop=script.stop, connections=connections)
        assert not run_once(plan, Path(interrupted), connections=connections).interrupted
        made = asked.n_requests, asked.n_shown
        assert {1} == set(Counter((shown.a, shown.b) for shown in asked.shown["counted"]).values())
        asked.forget()
        run_once(plan, Path(whole), connections=connections)
        assert (asked.n_requests, asked.n_shown) == made
        assert links(Path(whole)) == links(Path(interrupted))


def test_an_interrupt_among_completions_judges_nothing(tmp_path: Path, asked: Asked) -> None:
    """What is in flight is recorded, and the outcome says how it ended."""
    script = Interrupting()
    plan = interruptible(asked, script)
    script.arm(2)
    outcome = run_once(plan, tmp_path, stop=script.stop, connections=1)
    assert outcome.interrupted
    assert 0 == asked.n_shown
    with Ledger(tmp_path) as ledger:
        assert [(asked.n_requests,)] == ledger.select("SELECT count(*) FROM completion")
    assert 2 <= asked.n_requests <= 4


def test_an_interrupted_run_has_a_leaderboard_of_what_there_is(tmp_path: Path, asked: Asked) -> None:
    """What was planned and not reached is counted as without a verdict."""
    script = Interrupting()
    plan = interruptible(asked, script)
    run_once(plan, tmp_path, stop=script.stop)
    whole = headline(board(plan, tmp_path))
    with TemporaryDirectory() as folder:
        script.arm(14)
        assert run_once(plan, Path(folder), stop=script.stop, connections=1).interrupted
        part = headline(board(plan, Path(folder)))
    assert 0 == whole.n_failures
    assert 0 < part.n_judgments < whole.n_judgments
    assert whole.n_judgments == part.n_judgments + part.n_failures


# failures


def test_failed_completions_and_judgments_are_counted_and_never_scored(tmp_path: Path, asked: Asked) -> None:
    """A missing text costs its pair's judgments by every judge; a failed judgment costs its own."""

    def model(request: Request) -> str:
        if "What is 1" in request.messages[-1].content:
            raise Failed("too_long", "too many words")
        return rich(request)

    def judge(shown: Presentation) -> Verdict:
        if "What is 2" in shown.messages[-1].content:
            raise Failed("refused", "no")
        return longer(shown)

    catalog = catalog_with(asked, models={"odd": model}, judges={"odd": judge})
    plan = plan_of(suite_of(section_of(prompts_of(5))), catalog, contenders={"c": "odd"}, judges=["odd", "longer"])
    run_once(plan, tmp_path)
    rows = [headline(board(plan, tmp_path), name) for name in (None, "odd", "longer")]
    assert [(14, 6), (6, 4), (8, 2)] == [(row.n_judgments, row.n_failures) for row in rows]
    assert [(row.n_judgments, 0, 0) for row in rows] == [(row.wins, row.ties, row.losses) for row in rows]


def test_a_baseline_that_can_do_nothing_ends_the_run(tmp_path: Path, asked: Asked) -> None:
    """There is nothing to compare with: no judge is called."""

    def broken(_: Request) -> str:
        raise Failed("fatal", "no key")

    outcome = run_once(plan_of(catalog=catalog_with(asked, models={"odd": broken}), baseline="odd"), tmp_path)
    assert {"baseline": "no key"} == {name: failure.message for name, failure in outcome.fatal.items()}
    assert 0 == asked.n_shown


# replicates


def test_a_fresh_run_asks_everything_again(tmp_path: Path, asked: Asked) -> None:
    """Under the next number, as a run of its own; the first stays as it was."""
    plan = plan_of(catalog=catalog_with(asked))
    run_once(plan, tmp_path)
    for number in (1, 2):
        asked.forget()
        with Ledger(tmp_path) as ledger:
            again = next_replicate(plan, ledger)
        assert number == again.replicate
        assert plan.id != again.id
        run_once(again, tmp_path)
        assert (6, 6) == (asked.n_requests, asked.n_shown)
    with Ledger(tmp_path) as ledger:
        assert 3 == len(ledger.runs())
        assert [6, 6, 6] == [ledger.n_judged(run.number) for run in ledger.runs()]


# two processes, one run


def test_a_run_that_another_process_is_at_is_left_alone(tmp_path: Path, asked: Asked) -> None:
    """One line, nothing called; when the other is gone it goes on."""
    plan = plan_of(catalog=catalog_with(asked))
    folder = tmp_path / plan.id
    folder.mkdir()
    with (folder / ".lock").open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(LedgerError, match=r"another process is at this run\. Wait for it, or stop it"):
            run_once(plan, tmp_path)
        assert 0 == asked.n_requests
        run_once(plan_of(catalog=catalog_with(asked), seed=1), tmp_path)
    run_once(plan, tmp_path)
    with Ledger(tmp_path) as ledger:
        assert 6 == ledger.n_judged(ledger.run(plan.id).number)


def test_a_run_s_folder_that_cannot_be_made_is_one_line(tmp_path: Path, asked: Asked) -> None:
    """A file stands where it should be; nothing is called."""
    plan = plan_of(catalog=catalog_with(asked))
    (tmp_path / plan.id).touch()
    with pytest.raises(BrieError, match=rf"{plan.id}: cannot be written: .*Name another folder with --runs"):
        run_once(plan, tmp_path)
    assert 0 == asked.n_requests


def test_a_record_that_cannot_be_written_is_one_line(tmp_path: Path, asked: Asked) -> None:
    """Before anything is called."""
    plan = plan_of(catalog=catalog_with(asked))
    (tmp_path / plan.id / "run.json").mkdir(parents=True)
    with pytest.raises(BrieError, match=r"run\.json: cannot be written"):
        run_once(plan, tmp_path)
    assert 0 == asked.n_requests


# a full disk


@pytest.mark.parametrize("room", [2, 14])
def test_a_run_on_a_full_disk_continues_when_there_is_room(room: int, tmp_path: Path, asked: Asked) -> None:
    """One line; what was recorded is not asked again, and the end is that of an undisturbed run."""
    before = set(threading.enumerate())
    plan = plan_of(suite_of(section_of(prompts_of(60))), catalog_with(asked))
    with Ledger(tmp_path) as ledger:
        pages = ledger.select("PRAGMA page_count")[0][0]
        ledger.select(f"PRAGMA max_page_count = {pages + room}")
        with pytest.raises(LedgerError, match=r"disk is full.*Make room and repeat the command"):
            run(plan, ledger, Settings(), folder=tmp_path)
        ((texts, verdicts),) = ledger.select("SELECT (SELECT count(*) FROM completion), (SELECT count(*) FROM verdict)")
    assert 0 < texts + verdicts < 240
    for worker in set(threading.enumerate()) - before:  # what was in flight when the disk was full comes back
        worker.join(30)
    asked.forget()
    run_once(plan, tmp_path)
    assert (120 - texts, 120 - verdicts) == (asked.n_requests, asked.n_shown)
    with TemporaryDirectory() as folder:
        run_once(plan, Path(folder))
        assert links(Path(folder)) == links(tmp_path)
        assert board(plan, Path(folder)) == board(plan, tmp_path)


# judging again


def again(folder: Path, parent: Plan | str, catalog: Catalog, *judges: str, **options: Any) -> Outcome:
    """Judge a recorded run by other judges."""
    seats = make_plan(suite_of(), config_of(judges=list(judges)), catalog).seats
    with Ledger(folder) as ledger:
        row = ledger.run(parent if isinstance(parent, str) else parent.id)
        return judge_again(row, seats, ledger, Settings(), folder=folder, **options)


def test_judging_again_calls_judges_alone(tmp_path: Path, asked: Asked) -> None:
    """A run of its own that names its parent, over the same items and texts."""
    catalog = catalog_with(asked)
    plan = plan_of(catalog=catalog)
    run_once(plan, tmp_path)
    asked.forget()
    outcome = again(tmp_path, plan, catalog, "first")
    assert (0, 6) == (asked.n_requests, asked.n_shown)
    assert plan.id == outcome.run.parent
    record = json.loads((tmp_path / outcome.run.id / "run.json").read_text())
    assert (plan.id, ["first"]) == (record["parent"], [each["name"] for each in record["judges"]])
    with Ledger(tmp_path) as ledger:
        parent, child = ledger.run(plan.id), ledger.run(outcome.run.id)
        assert ledger.comparisons(parent.number) == ledger.comparisons(child.number)
        assert {"first"} == {judge for _, judge, *_ in ledger.judged(child.number)}


def test_judging_again_is_a_run_like_any_other(tmp_path: Path, asked: Asked) -> None:
    """Repeated it calls nothing; another judge, order or number of repeats is another run."""
    catalog = catalog_with(asked)
    plan = plan_of(catalog=catalog)
    run_once(plan, tmp_path)
    ids = [again(tmp_path, plan, catalog, "first").run.id for _ in range(2)]
    assert 6 == len(asked.shown["first"])
    ids.append(again(tmp_path, plan, catalog, "longer").run.id)
    ids.append(again(tmp_path, plan, catalog, "first", repeats=2).run.id)
    ids.append(again(tmp_path, plan, catalog, "first", order=OrderPolicy.RANDOM).run.id)
    assert [ids[0]] == ids[:1]
    assert ids[0] == ids[1]
    assert 4 == len(set(ids))
    assert (6 + 6, 6) == (len(asked.shown["first"]), len(asked.shown["longer"]))


def test_judging_again_at_random_uses_the_orders_that_were_drawn(tmp_path: Path, asked: Asked) -> None:
    """Both judges see each pair in the same order, whatever the parent's own policy."""
    catalog = catalog_with(asked)
    plan = plan_of(suite_of(section_of(prompts_of(9))), catalog)
    run_once(plan, tmp_path)
    outcome = again(tmp_path, plan, catalog, "first", order=OrderPolicy.RANDOM)
    with Ledger(tmp_path) as ledger:
        found = {comparison: labels for comparison, _, labels, *_ in ledger.judged(outcome.run.number)}
    assert {number: str(order) for number, order in plan.first_orders["rich"].items()} == found


def test_judging_again_follows_a_parent_that_grew(tmp_path: Path, asked: Asked) -> None:
    """Texts that were missing at first are judged when the command is repeated."""
    broken = {"What is 1 good for?"}

    def model(request: Request) -> str:
        if request.messages[-1].content in broken:
            raise Failed("error", "down")
        return rich(request)

    catalog = catalog_with(asked, models={"odd": model})
    plan = plan_of(catalog=catalog, contenders={"c": "odd"})
    run_once(plan, tmp_path)
    again(tmp_path, plan, catalog, "first")
    assert 4 == len(asked.shown["first"])
    broken.clear()
    run_once(plan, tmp_path, retry_failures=True)
    again(tmp_path, plan, catalog, "first")
    assert 6 == len(asked.shown["first"])


def imported(folder: Path, **changes: Any) -> RunRow:
    """A run of three recorded judgments."""
    records = []
    for number, item in enumerate(suite_of().items()):
        judgment = Judgment(
            winner=Winner.CONTENDER, labels="baseline_first", shown="baseline_first", verdict=Verdict(label="B")
        )
        records.append(
            Imported(
                **{
                    "source": "a.jsonl",
                    "source_digest": "0" * 64,
                    "line": number + 1,
                    "contender": "rich",
                    "baseline": "plain",
                    "judge": "ann",
                    "comparison": Comparison(
                        item=item, contender=Completion(text=f"rich {number}"), baseline=Completion(text="plain")
                    ),
                    "outcome": judgment,
                    **changes,
                }
            )
        )
    with Ledger(folder) as ledger:
        return import_records(records, ledger, "old", "test").run


def test_an_imported_run_is_judged_again_in_both_orders(tmp_path: Path, asked: Asked) -> None:
    """Nobody drew an order for its pairs, so one alone cannot be asked for."""
    imported(tmp_path)
    catalog = catalog_with(asked)
    with pytest.raises(UsageError, match=r"'old' were imported: no order was drawn\. Use --order both"):
        again(tmp_path, "old", catalog, "longer", order=OrderPolicy.RANDOM)
    assert 0 == asked.n_shown
    outcome = again(tmp_path, "old", catalog, "longer")
    assert 6 == asked.n_shown
    assert 3 * 2 == len([each for each in links(tmp_path) if each[0] == "longer"])
    with pytest.raises(UsageError, match="no order was drawn"):
        again(tmp_path, outcome.run.id, catalog, "first", order=OrderPolicy.RANDOM)


def test_records_without_texts_cannot_be_judged_again(tmp_path: Path, asked: Asked) -> None:
    """One line, and no run is left behind."""
    imported(tmp_path, texts=False)
    with pytest.raises(UsageError, match="hold no texts: there is nothing to judge"):
        again(tmp_path, "old", catalog_with(asked), "longer")
    with Ledger(tmp_path) as ledger:
        assert ["old"] == [run.id for run in ledger.runs()]
