"""Reads FastChat's pair judgments (MT-Bench): one line a question, judged twice, in both orders.

Game 1 shows `model_1` as Assistant A, game 2 shows `model_2` as Assistant A; labels and printing order follow the game.
Both games are judgments of their own, their verdicts derived anew from the judge's words. The winners that were written
down name models, not letters; they are kept beside. Questions (`question.jsonl`) and answers (`model_answer/*.jsonl`) may be
given too; they fill in prompts, sections and texts.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

import brie_bench
from brie_bench import (
    Comparison,
    Completion,
    Failure,
    Imported,
    Importer,
    Item,
    Judgment,
    Names,
    Order,
    Prompt,
    Sampling,
    Unreadable,
    Verdict,
    VerdictError,
    Winner,
    hookimpl,
)

_API_ERROR = "$ERROR$"
"""What FastChat writes where the judge's call failed."""
_FIRST_SHOWN = {"g1": "model_1", "g2": "model_2"}
"""Which model a game shows as Assistant A."""


class FastChat(Importer):
    """Reads FastChat's pair judgments (MT-Bench): both games of every line, questions and answers where they are given.

    The baseline is `model_2`, as FastChat has it, or the one that the option names. Two turns of a question are two
    prompts here, although they are hardly independent; the option `turn` takes one of them.
    """

    name = "fastchat"
    revision = "1"

    class Options(brie_bench.Options):
        """Whom the others are compared with, and what of a question to read."""

        baseline: str | None = Field(
            default=None, min_length=1, description="The baseline's name; the first line's `model_2` without it."
        )
        turn: int | None = Field(default=None, ge=1, description="Read only this turn of every question.")

    options: Options

    def read(self, paths: Sequence[Path]) -> Iterator[Imported | Unreadable]:
        """Each game as a judgment or a failure, or why its line could not be read."""
        from brie_bench.errors import SpecError
        from brie_bench.files import first_error, read_objects, sources

        files = list(sources(paths))
        known = _Known(baseline=self.options.baseline)
        for source in files:
            for _, value in read_objects(source.path):
                if isinstance(value, dict):
                    known.add(value)
        for path, name, digest in files:
            for line, value in read_objects(path):
                reason = ""
                if isinstance(value, SpecError):
                    reason = value.what.rstrip(".")
                elif _is_judgment(value) and self.options.turn in (None, value.get("turn", 1)):
                    try:
                        yield from list(_games(value, known, name, digest, line))
                    except ValidationError as error:
                        reason = first_error(error, Imported).rstrip(".")
                    except KeyError as error:
                        reason = f"key {error} is missing"
                    except (TypeError, ValueError) as error:
                        reason = str(error)
                if reason:
                    yield Unreadable(source=name, line=line, reason=reason)


def _is_judgment(value: dict[str, Any]) -> bool:
    """Neither a question nor an answer."""
    return "turns" not in value and "choices" not in value


@dataclass
class _Known:
    """What is read before the judgments."""

    baseline: str | None
    questions: dict[str, dict[str, Any]] = field(default_factory=dict)
    answers: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    templates: dict[str, set[str]] = field(default_factory=dict)
    players: Names = field(default_factory=Names)
    sections: Names = field(default_factory=Names)

    def add(self, value: dict[str, Any]) -> None:
        """Learn from one line; what is wrong with a judgment is said when it is read."""
        if "choices" in value:
            self.answers.setdefault((str(value.get("question_id")), str(value.get("model_id"))), value)
        elif "turns" in value:
            self.questions.setdefault(str(value.get("question_id")), value)
        else:
            if self.baseline is None and isinstance(value.get("model_2"), str):
                self.baseline = value["model_2"]
            judge, template = _judge(value.get("judge"))
            self.templates.setdefault(judge, set()).add(template)

    def judge(self, value: Any) -> str:
        """The judge's name; with its template where it used several."""
        name, template = _judge(value)
        return f"{name}/{template}" if len(self.templates[name]) > 1 and template else name


def _judge(value: Any) -> tuple[str, str]:
    parts = value if isinstance(value, list) else [value]
    name, template, *_ = [*(part if isinstance(part, str) else "" for part in parts), "", ""]
    return name if name.strip() else "unknown", template


def _games(value: dict[str, Any], known: _Known, source: str, digest: str, line: int) -> Iterator[Imported]:
    """Both games of a line. Raises KeyError, TypeError or ValueError for what it is not."""
    models = {key: _text(value, key) for key in ("model_1", "model_2")}
    sides = _sides(models, known.baseline)
    question, turn = str(value["question_id"]), value.get("turn", 1)
    if isinstance(turn, bool) or not isinstance(turn, int) or turn < 1:
        raise TypeError("'turn' is no whole number from 1")
    names = {side: models[key] for key, side in sides.items()}
    texts = {side: _answer(known.answers.get((question, name)), turn) for side, name in names.items()}
    times = [_when(known.answers.get((question, name), {}).get("tstamp")) for name in names.values()]
    item = _item(known, question, turn)
    completions = {side: Completion(text=text or "") for side, text in texts.items()}
    for game, shown_first in _FIRST_SHOWN.items():
        order = _ORDERS[sides[shown_first]]
        text = _text(value, f"{game}_judgment")
        outcome = _outcome(text, order, _when(value.get("tstamp")))
        yield Imported(
            source=source,
            source_digest=digest,
            line=line,
            contender=known.players.legal(names[Winner.CONTENDER]),
            baseline=known.players.legal(names[Winner.BASELINE]),
            judge=known.judge(value.get("judge")),
            comparison=Comparison(
                item=item, contender=completions[Winner.CONTENDER], baseline=completions[Winner.BASELINE]
            ),
            texts=None not in texts.values(),
            outcome=outcome,
            labels=order,
            shown=order,
            recorded_winner=_recorded(value.get(f"{game}_winner"), sides),
            completed_at=max((time for time in times if time), default=None) if all(times) else None,
        )


_ORDERS = {Winner.CONTENDER: Order.CONTENDER_FIRST, Winner.BASELINE: Order.BASELINE_FIRST}
"""By who is shown first."""


def _sides(models: dict[str, str], baseline: str | None) -> dict[str, Winner]:
    """Which side each of the two models is on."""
    if models["model_1"] == models["model_2"]:
        raise ValueError(f"'{models['model_1']}' is compared with itself")
    if baseline not in models.values():
        raise ValueError(f"the baseline '{baseline}' is neither model")
    return {key: Winner.BASELINE if name == baseline else Winner.CONTENDER for key, name in models.items()}


def _recorded(winner: Any, sides: dict[str, Winner]) -> Winner | None:
    """The winner that was written down, by the model it names; an `error` is none."""
    if winner == "tie":
        return Winner.TIE
    return sides.get(winner) if isinstance(winner, str) else None


def _outcome(text: str, order: Order, judged_at: datetime.datetime | None) -> Judgment | Failure:
    from brie_bench.blind import judgment, parse_label

    if text.strip() == _API_ERROR:
        return Failure(kind="error", message="the judge's call failed", raw=text, failed_at=judged_at)
    try:
        verdict = Verdict(label=parse_label(text), raw=text)
    except VerdictError as error:
        return Failure(kind=error.kind, message=error.message, raw=text, failed_at=judged_at)
    return judgment(verdict, order, shown=order, judged_at=judged_at)


def _item(known: _Known, question: str, turn: int) -> Item:
    asked = known.questions.get(question)
    turns = asked.get("turns") if asked else None
    words = f"question {question}, turn {turn}"
    if isinstance(turns, list) and len(turns) >= turn and all(isinstance(each, str) for each in turns):
        words = _joined(turns[:turn])
    category = asked.get("category") if asked else None
    return Item(
        section=known.sections.legal(category) if isinstance(category, str) else "all",
        kind="in_domain",
        prompt=Prompt(id=Names().legal(f"q{question[:80]}-turn{turn}"), text=words),
        sampling=Sampling(),
    )


def _answer(answer: dict[str, Any] | None, turn: int) -> str | None:
    """All that a model said up to this turn; None where it is not recorded."""
    try:
        turns = answer["choices"][0]["turns"] if answer else []
    except (LookupError, TypeError):
        return None
    if not isinstance(turns, list) or len(turns) < turn or not all(isinstance(each, str) for each in turns[:turn]):
        return None
    return _joined(turns[:turn])


def _joined(turns: Sequence[str]) -> str:
    """One turn as it is; several under headings, for the judge saw the whole conversation."""
    if len(turns) == 1:
        return turns[0]
    return "\n\n".join(f"Turn {number}: {turn}" for number, turn in enumerate(turns, start=1))


def _text(value: dict[str, Any], key: str) -> str:
    text = value[key]
    if not isinstance(text, str):
        raise TypeError(f"'{key}' is no text")
    return text


def _when(seconds: Any) -> datetime.datetime | None:
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (OverflowError, ValueError, OSError):
        return None


@hookimpl
def register_importers(register) -> None:  # type: ignore[no-untyped-def]
    register(FastChat)
