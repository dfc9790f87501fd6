"""Reads AlpacaEval's annotations: one judge's graded preference for each instruction, model against reference.

`generator_1` is the baseline and `generator_2` the contender, whatever the judge saw first: AlpacaEval shuffles the two
texts and turns the preference back before it writes it down. What the judge saw is in `raw_completion` alone: it answers
`m` for the first text shown and `M` for the second. Where that answer and the preference fit one order and not the other,
that order is recovered; otherwise nobody knows who was shown first, and nothing is made up.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from brie_bench import (
    Comparison,
    Completion,
    Failure,
    Imported,
    Importer,
    Item,
    Judgment,
    Label,
    Names,
    Order,
    Prompt,
    Sampling,
    Unreadable,
    Verdict,
    Winner,
    hookimpl,
)

TOKENS = {"m": Label.A, "M": Label.B}
"""What the judge answers, and the slot it means: `m` is the text it saw first."""
NEAR = 1e-4
"""How far a preference may be from the probability that it was computed from."""
CLEAR = 0.1
"""How far from ½ a preference is on one side, so that the answer's letter alone tells the order."""


class AlpacaEval(Importer):
    """Reads AlpacaEval's annotations.json: graded preferences, and the order where it can be recovered.

    Files of model outputs (instruction, output, generator) may be given too; they fill in the texts that the annotations
    lack. An entry without an annotation is a failure.
    """

    name = "alpaca-eval"
    revision = "1"

    def read(self, paths: Sequence[Path]) -> Iterator[Imported | Unreadable]:
        """Each annotation as a judgment or a failure, or why it could not be read."""
        from brie_bench.files import sources

        annotations = []
        texts: dict[tuple[str, str], str] = {}
        for source in sources(paths):
            if _holds_outputs(source.path):
                yield from _outputs(source.path, source.name, texts)
            else:
                annotations.append(source)
        reader = _Reader(texts)
        for path, source_name, digest in annotations:
            for line, number, value in entries(path):
                if isinstance(value, str):
                    yield Unreadable(source=source_name, line=line, reason=value)
                else:
                    yield _readable(reader, value, (source_name, digest, line, number))


def _holds_outputs(path: Path) -> bool:
    first = next(entries(path), (0, 0, ""))[2]
    return isinstance(first, dict) and "output" in first and "preference" not in first


def _outputs(path: Path, source: str, texts: dict[tuple[str, str], str]) -> Iterator[Unreadable]:
    """Put a file's outputs into `texts`; what cannot be read."""
    for line, number, value in entries(path):
        reason = value if isinstance(value, str) else ""
        if isinstance(value, dict):
            try:
                key = _text(value, "generator"), _text(value, "instruction")
                output = _text(value, "output")
            except (KeyError, TypeError) as error:
                reason = f"entry {number}: {_said(error)}"
            else:
                if texts.setdefault(key, output) != output:
                    reason = f"entry {number}: another output of '{key[0]}' for the same instruction"
        if reason:
            yield Unreadable(source=source, line=line, reason=reason)


def _readable(reader: _Reader, value: dict[str, Any], place: tuple[str, str, int, int]) -> Imported | Unreadable:
    from brie_bench.files import first_error

    source, digest, line, number = place
    try:
        return reader.imported(value, source, digest, line)
    except ValidationError as error:
        reason = first_error(error, Imported).rstrip(".")
    except (KeyError, TypeError, ValueError) as error:
        reason = _said(error)
    return Unreadable(source=source, line=line, reason=f"entry {number}: {reason}")


def _said(error: Exception) -> str:
    return f"key {error} is missing" if isinstance(error, KeyError) else str(error)


class _Reader:
    """From entries to judgments; instructions that several files share are one prompt."""

    def __init__(self, texts: dict[tuple[str, str], str]) -> None:
        self.texts = texts
        self.players, self.sections = Names(), Names()
        self.items: dict[tuple[str, str], Item] = {}

    def imported(self, value: dict[str, Any], source: str, digest: str, line: int) -> Imported:
        """One entry. Raises KeyError, TypeError or ValueError for what it is not."""
        outcome = _outcome(value)
        instruction = _text(value, "instruction")
        baseline, contender = _text(value, "generator_1"), _text(value, "generator_2")
        outputs = [
            self._output(value, key, generator, instruction)
            for key, generator in (("output_2", contender), ("output_1", baseline))
        ]
        ours, theirs = (Completion(text=text or "") for text in outputs)
        return Imported(
            source=source,
            source_digest=digest,
            line=line,
            contender=self.players.legal(contender),
            baseline=self.players.legal(baseline),
            judge=_text(value, "annotator") if value.get("annotator") is not None else "unknown",
            comparison=Comparison(item=self._item(value.get("dataset"), instruction), contender=ours, baseline=theirs),
            texts=None not in outputs,
            outcome=outcome,
            graded=isinstance(outcome, Judgment),
        )

    def _output(self, value: dict[str, Any], key: str, generator: str, instruction: str) -> str | None:
        return _text(value, key) if value.get(key) is not None else self.texts.get((generator, instruction))

    def _item(self, dataset: Any, instruction: str) -> Item:
        from brie_bench.spec.base import digest

        if dataset is not None and not isinstance(dataset, str):
            raise TypeError("'dataset' is no text")
        key = dataset or "all", instruction
        if key not in self.items:
            if not instruction.strip():
                raise TypeError("'instruction' is empty")
            prompt = Prompt(id=f"p-{digest(instruction)[:10]}", text=instruction)
            section = self.sections.legal(key[0])
            self.items[key] = Item(section=section, kind="in_domain", prompt=prompt, sampling=Sampling())
        return self.items[key]


def _text(value: dict[str, Any], key: str) -> str:
    text = value[key]
    if not isinstance(text, str):
        raise TypeError(f"'{key}' is no text")
    return text


def _outcome(value: dict[str, Any]) -> Judgment | Failure:
    from brie_bench.blind import judgment, slots

    preferred = _preferred(value["preference"])
    answer = _answer(value.get("raw_completion"))
    if preferred is None:
        return Failure(kind="unparsed", message="no preference is recorded", raw=answer)
    winner = Winner.TIE if preferred == 0.5 else Winner.CONTENDER if preferred > 0.5 else Winner.BASELINE
    order = _order(value.get("raw_completion"), answer, preferred, winner)
    labels = order or Order.BASELINE_FIRST  # the file's own order, where nobody knows the judge's
    slot = slots(labels)
    probabilities = {slot[Winner.CONTENDER]: preferred, slot[Winner.BASELINE]: 1.0 - preferred}
    verdict = Verdict(label=slot[winner], probabilities=probabilities, raw=answer if order else "")
    return judgment(verdict, labels, shown=order)


def _preferred(preference: Any) -> float | None:
    """How much the contender is preferred, 0 to 1; None where nothing is recorded.

    1 is the baseline and 2 the contender; older files write a draw as 0. Raises TypeError or ValueError for the rest.
    """
    if preference is None:
        return None
    if isinstance(preference, bool) or not isinstance(preference, int | float):
        raise TypeError("'preference' is no number")
    if preference == 0:
        return 0.5
    if not 1 <= preference <= 2:
        raise ValueError(f"'preference' is {str(preference)[:20]}: it must lie between 1 and 2")
    return float(preference) - 1.0


def _answer(completion: Any) -> str:
    """The judge's whole answer, where it is one letter."""
    text = completion.get("text") if isinstance(completion, dict) else completion
    return text.strip() if isinstance(text, str) and text.strip() in TOKENS else ""


def _order(completion: Any, answer: str, preferred: float, winner: Winner) -> Order | None:
    """Who was shown first, where the judge's answer and the preference fit one order and not the other."""
    from brie_bench.blind import preference, reveal

    first = _first_preferred(completion)
    fitting: list[Order] = []
    if first is not None:
        seen = Verdict(label="tie", probabilities={Label.A: first, Label.B: 1.0 - first})
        fitting = [order for order in Order if abs((preference(seen, order) or 0.0) - preferred) <= NEAR]
    hard = preferred in (0.0, 1.0) or (first is None and abs(preferred - 0.5) >= CLEAR)
    if not fitting and hard and answer:
        fitting = [order for order in Order if reveal(TOKENS[answer], order) is winner]
    return fitting[0] if len(fitting) == 1 else None


def _first_preferred(completion: Any) -> float | None:
    """P(m) / (P(m) + P(M)) by the recorded log-probabilities; a letter that is not listed has none."""
    try:
        for position in (0, -1):
            found = completion["logprobs"]["content"][position]["top_logprobs"]
            odds = {each["token"]: math.exp(each["logprob"]) for each in found if each["token"] in TOKENS}
            total = sum(odds.values())
            if total > 0.0 and math.isfinite(total):
                return odds.get("m", 0.0) / total
    except (KeyError, IndexError, TypeError, ValueError, OverflowError):
        return None
    return None


CHUNK = 1 << 18
LONGEST = 1 << 24
"""Characters of one entry; a longer one is refused rather than held in memory."""


def entries(path: Path) -> Iterator[tuple[int, int, dict[str, Any] | str]]:
    """Line, number from 1 and value of each object in a file that holds a JSON array; or, in its place, what is wrong.

    Streams: memory is one entry, whatever the file. Reading ends where the file is no JSON.
    """
    from brie_bench.files import unreadable

    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = _Text(file)
            try:
                yield from _array(text)
            except UnicodeDecodeError:
                yield text.line, 0, f"not UTF-8 after entry {text.number}"
            except (ValueError, RecursionError) as error:
                what = "nested too deep" if isinstance(error, RecursionError) else str(error)
                yield text.line, 0, f"not valid JSON after entry {text.number}: {what}"
    except OSError as error:
        raise unreadable(path, error) from None


def _array(text: _Text) -> Iterator[tuple[int, int, dict[str, Any] | str]]:
    from brie_bench.errors import plain

    opening = text.next()
    if opening != "[":
        yield text.line, 0, "a JSON array belongs here" if opening else "the file is empty"
        return
    text.skip()
    following = text.next()
    while following != "]":
        line, value = text.line, text.value()
        text.number += 1
        if text.twice:
            yield line, text.number, f"entry {text.number}: key '{plain(text.twice[0], 60)}' occurs twice"
        elif isinstance(value, dict):
            yield line, text.number, value
        else:
            yield line, text.number, f"entry {text.number}: a {type(value).__name__} where a JSON object belongs"
        following = text.next()
        if following == ",":
            text.skip()
            text.next()
        elif following != "]":
            raise ValueError("',' or ']' is missing" if following else "the file ends within the array")
    text.skip()
    if text.next():
        raise ValueError("something follows the array")


_VISIBLE = re.compile(r"[^ \t\r\n]")


class _Text:
    """A file's text, read as far as it is needed."""

    def __init__(self, file: IO[str]) -> None:
        self.decode = json.JSONDecoder(object_pairs_hook=self._object).raw_decode
        self.file = file
        self.twice: list[str] = []
        self.buffer = ""
        self.at = 0
        self.line = 1
        self.number = 0

    def next(self) -> str:
        """The next character that is not white space, still to be read; nothing at the end."""
        while True:
            following = _VISIBLE.search(self.buffer, self.at)
            self._move(following.start() if following else len(self.buffer))
            if self.at < len(self.buffer) or not self._more():
                return self.buffer[self.at : self.at + 1]

    def skip(self) -> None:
        """Pass over one character."""
        self._move(self.at + 1)

    def value(self) -> Any:
        """The JSON value that begins here; keys that occur twice in it are in `twice`.

        Raises ValueError or RecursionError where there is none.
        """
        while True:
            self.twice.clear()
            try:
                value, end = self.decode(self.buffer, self.at)
            except json.JSONDecodeError as error:
                if not self._may_go_on(error) or not self._more():
                    raise ValueError(f"{error.msg} ({self._place(error.pos)})") from None
                continue
            if end == len(self.buffer) and self._more():  # a number may go on
                continue
            self._move(end)
            return value

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """An object; a key that it holds twice goes into `twice`, for which of the two counts nobody knows."""
        found = dict(pairs)
        if len(found) < len(pairs):
            self.twice += [key for key, number in Counter(key for key, _ in pairs).items() if number > 1]
        return found

    def _may_go_on(self, error: json.JSONDecodeError) -> bool:
        """Whether what is wrong may only be that the buffer ends; a literal or an escape has less than 16 characters."""
        if len(self.buffer) - self.at > LONGEST:
            raise ValueError(f"an entry of more than {LONGEST} characters")
        return error.msg.startswith("Unterminated string") or error.pos > len(self.buffer) - 16

    def _place(self, position: int) -> str:
        return f"line {self.line + self.buffer.count(chr(10), self.at, position)}"

    def _move(self, position: int) -> None:
        self.line += self.buffer.count("\n", self.at, position)
        self.at = position

    def _more(self) -> bool:
        """Read on, more each time; whether there was more."""
        rest = self.buffer[self.at :]
        chunk = self.file.read(max(CHUNK, len(rest)))
        self.buffer, self.at = rest + chunk, 0
        return bool(chunk)


@hookimpl
def register_importers(register) -> None:  # type: ignore[no-untyped-def]
    register(AlpacaEval)
