"""anthropic's models, through anthropic's library: messages and message batches."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from brie_bench import Completion, Failed, FinishReason, JsonSchema, Request, Sampling, Usage, hookimpl
from brie_bench.plugin.remote import EFFORT, RemoteModel, RemoteOptions
from brie_bench.plugin.replies import at, count_at, name_at, parsed, refused, text_at, unanswered, unreadable

if TYPE_CHECKING:
    import anthropic

_MOST = 4096
"""Where an answer is cut off when nobody says: the API demands a limit."""
_FINISH = {
    "end_turn": FinishReason.STOP,
    "stop_sequence": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "model_context_window_exceeded": FinishReason.LENGTH,
    "refusal": FinishReason.REFUSED,
}


class Anthropic(RemoteModel):
    """A model of anthropic's. It takes no temperature, top_p or seed: the API has none."""

    name = "anthropic"
    library = "anthropic"
    home = "https://api.anthropic.com"
    url_variables = ("ANTHROPIC_BASE_URL",)
    key_variables = ("ANTHROPIC_API_KEY",)
    supports = frozenset({"max_tokens", "json_schema"})

    class Options(RemoteOptions):
        """The model's."""

        effort: Literal["low", "medium", "high", "xhigh", "max"] | None = Field(default=None, description=EFFORT)

    options: Options

    def open(self, key: str) -> anthropic.Anthropic:
        """One that asks once and speaks only to `address`."""
        import anthropic

        return anthropic.Anthropic(api_key=key, base_url=self.address, max_retries=0, timeout=self.options.timeout)

    def ask(self, client: anthropic.Anthropic, request: Request) -> Completion:
        """One message."""
        reply = client.messages.with_raw_response.create(**self._params(request))
        return _read(parsed(reply.http_response.content), Sampling(max_tokens=request.sampling.max_tokens or _MOST))

    def _params(self, request: Request) -> dict[str, Any]:
        system = [turn.content for turn in request.messages if turn.role == "system"]
        output: dict[str, Any] = {"effort": self.options.effort} if self.options.effort else {}
        if isinstance(request.answer, JsonSchema):
            output["format"] = {"type": "json_schema", "schema": request.answer.definition}
        return {
            "model": self.options.model,
            "max_tokens": request.sampling.max_tokens or _MOST,
            "messages": [
                {"role": turn.role, "content": turn.content} for turn in request.messages if turn.role != "system"
            ],
            **({"system": system[0]} if system else {}),
            **({"output_config": output} if output else {}),
        }

    def send(self, client: anthropic.Anthropic, requests: Sequence[tuple[str, Request]], mark: str) -> str:
        """A batch carries nothing of its own: its rows' ids begin with the mark."""
        rows: list[Any] = [{"custom_id": f"{mark}_{key}", "params": self._params(request)} for key, request in requests]
        return client.messages.batches.create(requests=rows).id

    def search(self, client: anthropic.Anthropic, mark: str) -> str | None:
        """By the first row of every batch whose results can be read.

        The ids in an unfinished batch cannot be seen: where there is one, and no other is the right one, nobody can say
        yet. Then Failed, `retryable`: to submit again might be to pay twice.
        """
        unfinished = False
        for batch in client.messages.batches.list(limit=100):
            if batch.processing_status != "ended":
                unfinished = True
            elif batch.results_url is not None:
                results = client.messages.batches.results(batch.id)
                first = next(iter(results), None)
                results.close()
                if first is not None and first.custom_id.startswith(f"{mark}_"):
                    return batch.id
        if unfinished:
            raise Failed(
                "error",
                "a batch that may be the one is not finished, and anthropic shows its keys only then: ask again later",
                retryable=True,
            )
        return None

    def fetch(self, client: anthropic.Anthropic, batch: str) -> list[tuple[str, Callable[[], Completion]]] | None:
        """What the service hands back, in its order."""
        if client.messages.batches.retrieve(batch).processing_status != "ended":
            return None
        rows = [each.to_dict(mode="json") for each in client.messages.batches.results(batch)]
        return [(text_at(row, "custom_id").rpartition("_")[2], partial(_of_row, row)) for row in rows]


def _read(body: Any, applied: Sampling) -> Completion:
    """The message; what was thought stands in blocks of its own."""
    reason, blocks = text_at(body, "stop_reason"), at(body, "content")
    if not isinstance(blocks, list):
        raise unreadable("it holds no content", body)
    usage = _usage(body)
    text = "".join(text_at(block, "text") for block in blocks if at(block, "type") == "text")
    finish = _FINISH.get(reason, FinishReason.OTHER if reason else FinishReason.UNKNOWN)
    if finish is FinishReason.REFUSED and not text:
        why = text_at(body, "stop_details", "category") or "no reason is given"
        raise refused(f"the prompt was refused: {why}", body, usage)
    return Completion(
        text=text,
        finish_reason=finish,
        usage=usage,
        model=name_at(body, "model"),
        sampling_applied=applied,
        reasoning="".join(text_at(block, "thinking") for block in blocks),
    )


def _usage(body: Any) -> Usage:
    """The whole input is the sum of what was read from a cache, written to one, and neither."""
    names = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    counts = [count_at(body, "usage", name) for name in names]
    return Usage(
        input_tokens=None if counts[0] is None else sum(count or 0 for count in counts),
        cached_tokens=counts[1],
        output_tokens=count_at(body, "usage", "output_tokens"),
        reasoning_tokens=count_at(body, "usage", "output_tokens_details", "thinking_tokens"),
    )


def _of_row(row: Any) -> Completion:
    """A row of a batch: a message, or why there is none."""
    result = at(row, "result")
    if at(result, "type") == "succeeded":
        return _read(at(result, "message"), Sampling())
    raise unanswered(text_at(result, "error", "error", "message") or text_at(result, "type"))


@hookimpl
def register_models(register) -> None:  # type: ignore[no-untyped-def]
    register(Anthropic)
