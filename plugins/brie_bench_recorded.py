"""Completions that were generated elsewhere: a JSONL file with a prompt and a text a line."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Self

from pydantic import Field, ValidationError

import brie_bench
from brie_bench import Completion, Failed, FinishReason, Model, Request, Sampling, Turn, hookimpl

_PromptKey = str | tuple[tuple[str, str], ...]


class Row:
    """One recorded completion, and the condition it was made under where the file says so."""

    __slots__ = ("completion", "max_tokens", "temperature")

    def __init__(self, completion: Completion, temperature: float | None, max_tokens: int | None) -> None:
        self.completion, self.temperature, self.max_tokens = completion, temperature, max_tokens

    def fits(self, sampling: Sampling) -> bool:
        """Whether it was made under this condition, as far as the file says."""
        return self.temperature in (None, sampling.temperature) and self.max_tokens in (None, sampling.max_tokens)


class Recorded(Model):
    """Serves recorded completions, so that answers generated elsewhere can be judged.

    Each line is an object with the prompt's words and the completion (`prompt` and `text`, or the fields you name) and,
    if you have them, `temperature`, `max_tokens` and `finish_reason`; `messages` instead of `prompt` holds several turns.
    Lines with the same prompt and condition are its repeats, in the file's order.
    """

    name = "recorded"
    revision = "1"
    supports = frozenset({"max_tokens", "temperature"})

    class Options(brie_bench.Options):
        """Where the completions are."""

        model: str = Field(description="The JSONL file: `recorded/answers.jsonl`.")
        prompt: str = Field(default="prompt", description="The field that holds the prompt.")
        text: str = Field(default="text", description="The field that holds the completion.")

    options: Options

    def __init__(self, options: Any, rows: dict[_PromptKey, list[Row]], sha256: str) -> None:
        super().__init__(options)
        self.rows, self.sha256 = rows, sha256

    @classmethod
    def build(cls, options: Any, catalog: Any) -> Self:
        """Read the file, once for all contenders that use it alike."""
        rows, sha256 = catalog.shared(("recorded", options), lambda: _read(options))
        return cls(options, rows, sha256)

    def configuration(self) -> dict[str, Any]:
        """The file's digest instead of its path: a moved file is the same file."""
        fields = {"prompt": self.options.prompt, "text": self.options.text}
        return {"plugin": self.name, "revision": self.revision, "options": fields, "sha256": self.sha256}

    def complete(self, request: Request) -> Completion:
        """The recorded text; fails where the file has none for this prompt, condition and repeat."""
        spoken = [turn for turn in request.messages if turn.role != "system"]
        key = _key(spoken)
        rows = [row for row in self.rows.get(key, ()) if row.fits(request.sampling)]
        if len(rows) < request.repeat:
            words = spoken[-1].content[:60]
            raise Failed(
                "error", f"{self.options.model} has {len(rows)} completions of '{words}', not {request.repeat}"
            )
        return rows[request.repeat - 1].completion


def _key(turns: list[Turn]) -> _PromptKey:
    """The words alone where one turn is all there is. Raises IndexError without a turn."""
    return turns[0].content if len(turns) < 2 else tuple((turn.role, turn.content) for turn in turns)


def _read(options: Any) -> tuple[dict[_PromptKey, list[Row]], str]:
    from brie_bench.errors import SpecError, did_you_mean
    from brie_bench.files import first_error, read_objects

    path = Path(options.model)
    rows: dict[_PromptKey, list[Row]] = {}
    for number, value in read_objects(path):
        if isinstance(value, SpecError):
            raise value
        where = f"{path}:{number}"
        text = value.get(options.text)
        if not isinstance(text, str):
            mend = did_you_mean(options.text, [key for key, each in value.items() if isinstance(each, str)])
            raise SpecError(f"no text under '{options.text}'.", where=where, mend=mend)
        key = _prompt_key(value, options.prompt, where)
        try:
            temperature, limit = value.get("temperature"), value.get("max_tokens")
            condition = Sampling(temperature=temperature, max_tokens=limit)
            reason = value.get("finish_reason")
            known = FinishReason(reason) if reason in list(FinishReason) else FinishReason.UNKNOWN
            completion = Completion(
                text=text, finish_reason=known, model=value.get("model"), sampling_applied=condition
            )
        except ValidationError as error:
            raise SpecError(first_error(error, Completion), where=where) from None
        rows.setdefault(key, []).append(Row(completion, condition.temperature, condition.max_tokens))
    if not rows:
        raise SpecError("no completion in this file.", where=path)
    return rows, hashlib.sha256(path.read_bytes()).hexdigest()


def _prompt_key(value: dict[str, Any], field: str, where: str) -> _PromptKey:
    from brie_bench.errors import SpecError, did_you_mean

    if field == "prompt" and "messages" in value:
        try:
            return _key([Turn.model_validate(turn) for turn in value["messages"] if turn.get("role") != "system"])
        except (ValueError, TypeError, AttributeError, IndexError):
            raise SpecError("key 'messages' holds no turns with 'role' and 'content'.", where=where) from None
    prompt = value.get(field)
    if not isinstance(prompt, str):
        mend = did_you_mean(field, [key for key, each in value.items() if isinstance(each, str)])
        raise SpecError(f"no text under '{field}'.", where=where, mend=mend)
    return prompt


@hookimpl
def register_models(register) -> None:  # type: ignore[no-untyped-def]
    register(Recorded)
