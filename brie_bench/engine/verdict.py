"""What a judge is asked, and what its answer is worth. What a verdict means is not known here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from brie_bench.engine.calls.answers import LONGEST_RAW, checked
from brie_bench.engine.calls.call import AnyCall
from brie_bench.errors import Failed, FailureKind
from brie_bench.plugin.kinds import Judge, Model, ModelJudge, unexpected
from brie_bench.spec.comparison import Presentation
from brie_bench.spec.completion import Completion, Request
from brie_bench.spec.judgment import Failure, Verdict

Tell = Callable[[str, Verdict | Failure], None]
"""Told the key and the outcome of a call."""


def verdict_call(key: str, judge: Judge, shown: Presentation, tell: Tell) -> AnyCall:
    """The call that finds a judge's verdict on `shown`."""
    return _Asking(key, judge, shown, tell) if isinstance(judge, ModelJudge) else _Deciding(key, judge, shown, tell)


def verdict_of(judge: Judge, shown: Presentation) -> Verdict:
    """A judge's verdict on `shown`, asked for once, here and now. Raises Failed for whatever is no verdict."""
    call = verdict_call("", judge, shown, lambda *_: None)
    verdict: Verdict = call.read(call.ask())
    return verdict


@dataclass(slots=True, eq=False)
class _Deciding:
    """A judge that finds its verdicts by itself."""

    key: str
    judge: Judge
    shown: Presentation
    tell: Tell

    @property
    def model(self) -> None:
        return None

    @property
    def request(self) -> None:
        return None

    def ask(self) -> Verdict:
        return _short(checked(self.judge.judge(self.shown), Verdict, "judge"))

    def read(self, answer: Verdict) -> Verdict:
        return answer

    def done(self, outcome: Verdict | Failure) -> None:
        self.tell(self.key, outcome)


@dataclass(slots=True, eq=False)
class _Asking:
    """A judge that says what to ask its model, and reads the answer."""

    key: str
    judge: ModelJudge
    shown: Presentation
    tell: Tell
    made: Request | None = None

    @property
    def model(self) -> Model:
        return self.judge.model

    @property
    def request(self) -> Request:
        if self.made is None:
            self.made = self.judge.ask(self.shown)
        return self.made

    def ask(self) -> Completion:
        return checked(self.model.complete(self.request), Completion, "judge's model")

    def read(self, answer: Completion) -> Verdict:
        raw = answer.text[:LONGEST_RAW]
        if len(answer.text) > LONGEST_RAW:
            message = f"the judge answered {len(answer.text)} characters; {LONGEST_RAW} are read"
            raise Failed(FailureKind.UNPARSED, message, raw=raw, usage=answer.usage)
        try:
            verdict = checked(self.judge.read(self.shown, answer), Verdict, "judge")
        except Failed as error:
            raise Failed(error.kind, error.message, raw=error.raw or raw, usage=error.usage or answer.usage) from None
        except Exception as error:  # a fault of the plugin: what was paid for is kept with it
            raise Failed(FailureKind.ERROR, unexpected(error).message, raw=raw, usage=answer.usage) from None
        return _short(verdict).model_copy(
            update={"raw": verdict.raw or raw, "usage": answer.usage, "model": answer.model}
        )

    def done(self, outcome: Verdict | Failure) -> None:
        self.tell(self.key, outcome)


def _short(verdict: Verdict) -> Verdict:
    if len(verdict.raw) > LONGEST_RAW or len(verdict.rationale) > LONGEST_RAW:
        message = f"the judge answered more than {LONGEST_RAW} characters"
        raise Failed(FailureKind.UNPARSED, message, raw=(verdict.raw or verdict.rationale)[:LONGEST_RAW])
    return verdict
