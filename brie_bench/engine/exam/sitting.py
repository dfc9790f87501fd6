"""The judge exam: does a judge read the texts at all? Some twenty calls, on texts of our own.

Each comparison of the paper is shown in both orders. The verdicts are kept like all others, under keys made of the judge's
configuration and the presentation, so that an exam is sat once, goes on where it was interrupted, and its report is
recomputed from the records.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from brie_bench.blind import present, reveal
from brie_bench.engine.calls.call import Stream
from brie_bench.engine.exam.paper import Part, Rule, paper
from brie_bench.engine.ledger import Ledger
from brie_bench.engine.plan import Seat
from brie_bench.engine.recording import record_calls
from brie_bench.engine.settings import Settings
from brie_bench.engine.verdict import verdict_call
from brie_bench.errors import BrieError, FailureKind
from brie_bench.plugin.kinds import Judge, ModelJudge
from brie_bench.spec.comparison import Comparison, Order, Presentation
from brie_bench.spec.judgment import Failure, Label, Verdict, Winner

PASSING = frozenset([FailureKind.ERROR, FailureKind.TIMEOUT, FailureKind.RATE_LIMITED])
"""Failures that say nothing of how a judge judges: what they befell is asked again."""

Answers = Mapping[Order, Verdict | Failure | None]
"""What a judge said of one comparison, by the order it was shown in; None: it was not asked. Equal texts have one order."""


class UnfitError(BrieError):
    """A judge failed its exam. `exit_status` is 100: a gate not met."""

    exit_status = 100


@dataclass(frozen=True)
class Mark:
    """How a judge did in one part: `passed` of `of`, and how often it gave no verdict, by kind."""

    part: Part
    passed: int
    of: int
    failures: Mapping[str, int]


@dataclass(frozen=True)
class Report:
    """A judge's exam. `unfinished` says why something could not be asked: then it tells nothing."""

    name: str
    marks: tuple[Mark, ...]
    unfinished: Failure | None = None

    @property
    def failed(self) -> tuple[Mark, ...]:
        """The disqualifying parts that were not passed whole."""
        return tuple(mark for mark in self.marks if mark.part.disqualifying and mark.passed < mark.of)

    @property
    def fit(self) -> bool:
        """Whether every disqualifying part was passed whole."""
        return self.unfinished is None and not self.failed

    def __str__(self) -> str:
        return ", ".join(f"{mark.part.name} {mark.passed} of {mark.of}" for mark in self.failed)


def demand_fitness(seats: Sequence[Seat], ledger: Ledger, settings: Settings) -> None:
    """Examine the judges whose calls cost money. Raises UnfitError for those that fail.

    A judge that can do nothing at all is left to the run, which says so and goes on with the others.
    """
    paid = [seat for seat in seats if is_paid(seat.judge)]
    if settings.skip_exam or not paid:
        return
    reports = examine(paid, ledger, settings)
    if settings.stop.asked:
        return
    for report in reports:
        if report.unfinished and report.unfinished.kind is not FailureKind.FATAL:
            raise BrieError(
                f"the judge '{report.name}' could not be examined: {report.unfinished.message}.",
                mend="Repeat the command, or add --skip-exam.",
            )
    unfit = [f"'{report.name}' ({report})" for report in reports if not report.fit and not report.unfinished]
    if unfit:
        raise UnfitError(
            f"failed the judge exam: {'; '.join(unfit)}.",
            mend="Choose another judge, or add --skip-exam. See 'brie-bench judge-exam'.",
        )


def is_paid(judge: Judge) -> bool:
    """Whether a call of this judge, or of its model, costs money."""
    return bool(judge.paid or (isinstance(judge, ModelJudge) and judge.model.paid))


def examine(seats: Sequence[Seat], ledger: Ledger, settings: Settings) -> list[Report]:
    """Each judge's report. What is recorded is not asked again, but for failures that have nothing to do with judging."""
    asked: dict[str, list[tuple[str, Presentation]]] = {}
    known: set[str] = set()
    for seat in seats:
        sheets = dict(_sheets(seat))
        asked[seat.name] = [
            (key, sheets[key]) for key in sheets if key not in known and _is_open(key, ledger, settings)
        ]
        known |= sheets.keys()
    streams = {seat.name: _stream(seat, asked[seat.name], ledger) for seat in seats}
    n_open = sum(map(len, asked.values()))
    if n_open:
        settings.progress.start("judge exam", len(known), len(known) - n_open)
        record_calls(list(streams.values()), ledger, settings)
        settings.progress.finish()
    return [_report(seat, ledger, streams[seat.name].fatal) for seat in seats]


def exam_calls(seat: Seat, ledger: Ledger, settings: Settings) -> tuple[int, list[Presentation]]:
    """How much an exam shows a judge, and what of it is not recorded."""
    sheets = dict(_sheets(seat))
    return len(sheets), [shown for key, shown in sheets.items() if _is_open(key, ledger, settings)]


def _sheets(seat: Seat) -> Iterator[tuple[str, Presentation]]:
    """All that a judge is shown, by key: equal texts look the same in both orders and are shown once."""
    for part in paper():
        for comparison in part.comparisons:
            for order in Order:
                shown = present(comparison, order)
                yield _key(seat, shown), shown


def _key(seat: Seat, shown: Presentation) -> str:
    return seat.key(shown, repeat=1, replicate=0)


def _is_open(key: str, ledger: Ledger, settings: Settings) -> bool:
    recorded, failure = ledger.verdict_kind(key)
    return failure in PASSING or not settings.is_done(recorded, failure)


def _stream(seat: Seat, sheets: Sequence[tuple[str, Presentation]], ledger: Ledger) -> Stream:
    def tell(key: str, outcome: Verdict | Failure) -> None:
        if isinstance(outcome, Verdict) or outcome.kind is not FailureKind.FATAL:
            ledger.put_verdict(key, outcome)

    calls = (verdict_call(key, seat.judge, shown, tell) for key, shown in sheets)
    return Stream(seat.judge.lane, calls, seat.judge.max_concurrency)


def _report(seat: Seat, ledger: Ledger, fatal: Failure | None) -> Report:
    answered = [(part, [_answers(seat, each, ledger) for each in part.comparisons]) for part in paper()]
    marks = tuple(_mark(part, pairs) for part, pairs in answered)
    every = [each for _, pairs in answered for answers in pairs for each in answers.values()]
    return Report(seat.name, marks, fatal or _unfinished(every))


def _mark(part: Part, pairs: Sequence[Answers]) -> Mark:
    passed, of = _RULES[part.rule](pairs)
    missing = [each for answers in pairs for each in answers.values() if not isinstance(each, Verdict)]
    return Mark(part, passed, of, Counter(str(each.kind) if each else "not asked" for each in missing))


def _unfinished(every: Sequence[Verdict | Failure | None]) -> Failure | None:
    """Why there is something that the judge was not heard on, or None."""
    passing = (each for each in every if isinstance(each, Failure) and each.kind in PASSING)
    cut_short = Failure(kind=FailureKind.ERROR, message="not everything was asked") if None in every else None
    return next(passing, cut_short)


def _answers(seat: Seat, comparison: Comparison, ledger: Ledger) -> Answers:
    orders = {_key(seat, present(comparison, order)): order for order in Order}  # one, where the texts are equal
    kept = {order: ledger.verdict(key) for key, order in orders.items()}
    return {order: None if each is None else each.outcome for order, each in kept.items()}


# The rules: how much of a part was passed, and of how much.


def _no_letter(pairs: Sequence[Answers]) -> tuple[int, int]:
    """Equal texts: ties pass, and so do letters, unless it is the same letter every time."""
    labels = [_label(next(iter(answers.values()))) for answers in pairs]
    letters = set(labels)
    constant = len(letters) == 1 and letters <= {Label.A, Label.B}
    return 0 if constant else sum(label is not None for label in labels), len(pairs)


def _one_text(pairs: Sequence[Answers]) -> tuple[int, int]:
    """Two texts in both orders: the verdicts do not name both of them. A tie names none."""
    sides = {Winner.CONTENDER, Winner.BASELINE}
    named = [_winners(answers) for answers in pairs]
    return sum(None not in winners and not sides <= set(winners) for winners in named), len(pairs)


def _the_better(pairs: Sequence[Answers]) -> tuple[int, int]:
    """A good text and a bad one: each verdict names the good one."""
    winners = [winner for answers in pairs for winner in _winners(answers)]
    return sum(winner is Winner.CONTENDER for winner in winners), len(winners)


_RULES = {Rule.NO_LETTER: _no_letter, Rule.ONE_TEXT: _one_text, Rule.THE_BETTER: _the_better}


def _winners(answers: Answers) -> list[Winner | None]:
    found = {order: _label(answer) for order, answer in answers.items()}
    return [None if label is None else reveal(label, order) for order, label in found.items()]


def _label(answer: Verdict | Failure | None) -> Label | None:
    return answer.label if isinstance(answer, Verdict) else None
