"""A published line into the ledger's tables, where it agrees with itself and with what was read before it."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

from brie_bench.engine.ledger import ComparisonRow, Ledger, RunRow
from brie_bench.report.publishing.differences import Fault
from brie_bench.report.publishing.rereading import Said, prompt_faults, said, text_faults, verdict_faults
from brie_bench.spec.base import digest
from brie_bench.spec.comparison import Order
from brie_bench.spec.completion import Completion
from brie_bench.spec.judgment import Failure, Label, Verdict
from brie_bench.spec.published import PublishedJudgment, PublishedRun, PublishedText

_EARLIER = "what an earlier line says of it"


@dataclass
class Known:
    """What the files of a leaderboard have said so far, by run and what it is about."""

    said: dict[tuple[Hashable, ...], Hashable] = field(default_factory=dict)
    keys: dict[tuple[str, int], str] = field(default_factory=dict)
    n_reread: int = 0
    """Verdicts that were read again from the judge's raw text."""
    n_own_form: int = 0
    """Verdicts whose raw text is in a form that only its judge reads."""

    def key(self, key: str, about: int) -> str:
        """A verdict's key in the ledger: short and rising, which an index likes. Two ledgers may hold different verdicts under
        one key, as with texts."""
        return self.keys.setdefault((key, about), f"{len(self.keys):012}")


class Placing:
    """The lines of one run."""

    def __init__(self, ledger: Ledger, run: PublishedRun, row: RunRow, known: Known) -> None:
        self.ledger, self.run, self.row, self.known = ledger, run, row, known
        self.judges, self.contenders = (_players(run.record.get(role)) for role in ("judges", "contenders"))
        self.prompts: set[str] = set()
        self.n_items = 0
        self.faults: list[Fault] = []

    def place(self, line: PublishedJudgment) -> list[Fault]:
        """Put a line where it belongs; what is wrong with it. What contradicts an earlier line is not put anywhere."""
        self.faults = []
        self._names(line)
        self._item(line)
        self._comparison(line)
        if not self.faults:
            self._judging(line)
        return self.faults

    def _is_new(self, about: Hashable, *what: Hashable) -> bool:
        """Whether nothing was said of `what` before; it is a fault where something else was."""
        before = self.known.said.setdefault(what, about)
        if before is about:
            return True
        if before != about:
            self.faults.append((" ".join(map(str, what[-2:])), _EARLIER, "something else"))
        return False

    def _names(self, line: PublishedJudgment) -> None:
        if line.judge not in self.judges:
            self.faults.append(("judge", f"one of {', '.join(self.judges)}", line.judge))
        elif self.judges[line.judge] != line.judge_digest:
            self.faults.append((f"judge_digest of '{line.judge}'", self.judges[line.judge], line.judge_digest))
        if line.contender not in self.contenders:
            self.faults.append(("contender", f"one of {', '.join(self.contenders)}", line.contender))

    def _item(self, line: PublishedJudgment) -> None:
        sampling = tuple(vars(line.sampling).values())  # compared faster than the noun, and every line is
        about = line.section, line.kind, line.prompt, line.prompt_id, sampling, line.repeat, line.messages
        if not self._is_new(about, self.run.run, "item", line.item):
            return
        self.prompts.add(line.prompt)
        self.n_items += 1
        asked = {"prompt": {"id": line.prompt_id}, "sampling": line.sampling.canonical(), "repeat": line.repeat}
        item = line.item, line.section, str(line.kind), line.prompt, json.dumps(asked)
        self.ledger.put_items(self.row.number, [item])
        self._texts_are("messages", bool(line.messages))
        self.faults += prompt_faults(line)

    def _comparison(self, line: PublishedJudgment) -> None:
        contender, baseline = line.contender_completion, line.baseline_completion
        if line.comparison is None or contender is None or baseline is None:
            if any(each is not None for each in (line.comparison, contender, baseline, line.key)):
                self.faults.append(("comparison", "a number and two completions", line.comparison))
            return
        about = line.item, line.contender, *_facts(contender), *_facts(baseline)
        if not self._is_new(about, self.run.run, "comparison", line.comparison):
            return
        row = ComparisonRow(
            number=line.comparison,
            item=line.item,
            contender=line.contender,
            pair=_pair(line, contender, baseline),
            contender_key=_own_key(contender),
            baseline_key=_own_key(baseline),
            contender_length=contender.length,
            baseline_length=baseline.length,
            contender_finish=contender.finish_reason,
            baseline_finish=baseline.finish_reason,
            first=None,
        )
        self.ledger.put_comparison(self.row.number, row)
        self._text("contender_completion", contender)
        self._text("baseline_completion", baseline)

    def _text(self, side: str, text: PublishedText) -> None:
        if text.digest is None or not self._is_new(_facts(text), self.run.run, "completion", text.key):
            return
        completion = Completion(text=text.text or "", finish_reason=text.finish_reason)
        self.ledger.put_completion(_own_key(text), completion, at=text.at)
        self._texts_are(f"{side}.text", text.text is not None)
        self.faults += text_faults(side, text)

    def _texts_are(self, column: str, there: bool) -> None:
        if there is not self.run.with_texts:
            self.faults.append((column, *(("its text", None) if self.run.with_texts else (None, "a text"))))

    def _judging(self, line: PublishedJudgment) -> None:
        if (line.failure is None) == (line.label is None):
            self.faults.append(("label and failure", "one of them", "both" if line.label else None))
        elif line.key is None or line.comparison is None:
            if line.failure is None:
                self.faults.append(("key", "the verdict's key", None))
        elif line.labels is None:
            self.faults.append(("labels", "who was called A", None))
        elif self._is_new((line.key,), self.run.run, line.judge, line.comparison, line.labels, line.judge_repeat):
            self._verdict(line, line.key, line.comparison, line.labels)
        else:
            self.faults.append(("judgment", "once", "a second time"))

    def _verdict(self, line: PublishedJudgment, key: str, comparison: int, labels: Order) -> None:
        outcome: Verdict | Failure | None = line.failure
        if line.label is not None:
            outcome = _verdict(line)
            read = said(line.raw, imported=self.run.per_pair is None) if line.raw else Said()
            self.known.n_reread += read.label is not None
            self.known.n_own_form += bool(line.raw) and read.label is None
            self.faults += verdict_faults(line, outcome, labels, read)
        about = hash((line.label, line.raw, line.rationale, line.failure, line.recorded_winner, line.at))
        own_key = self.known.key(key, about)
        if outcome is not None and self._is_new((about,), self.run.run, "verdict", key):
            self.ledger.put_verdict(
                own_key, outcome, recorded_winner=line.recorded_winner, source=line.source, line=line.line, at=line.at
            )
        self.ledger.put_judging(self.row.number, comparison, line.judge, labels, line.shown, line.judge_repeat, own_key)


def _facts(text: PublishedText) -> tuple[Hashable, ...]:
    return text.key, text.digest, text.length, text.finish_reason, text.at


def _own_key(text: PublishedText) -> str:
    """Two ledgers may hold different texts under one key: whoever asks the same again gets another answer."""
    return digest(list(_facts(text)))


def _pair(line: PublishedJudgment, contender: PublishedText, baseline: PublishedText) -> str:
    """Equal pairs are one pair; where texts were never recorded, what is asked is all that tells them apart."""
    if contender.digest is None or baseline.digest is None:
        return digest([line.section, line.prompt, line.sampling.canonical(), line.repeat])
    return digest([line.prompt, contender.digest, baseline.digest])


_SPOKEN = ("label", "scores", "rationale", "probabilities", "raw")
_BLANK = Verdict(label=Label.TIE)


def _verdict(line: PublishedJudgment) -> Verdict:
    """A copy, because the line was validated already: a second time would cost as much as the first."""
    return _BLANK.model_copy(update={name: getattr(line, name) for name in _SPOKEN})


def _players(described: Any) -> dict[str, str | None]:
    """Name to digest of the contenders or judges that a run's record describes."""
    rows = described if isinstance(described, list) else []
    return {each["name"]: each.get("digest") for each in rows if isinstance(each, dict) and "name" in each}
