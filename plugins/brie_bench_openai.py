"""openai's models and those of every compatible server, through openai's library: chat, responses, decisions, batches."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from brie_bench import Choice, Completion, Failed, FinishReason, JsonSchema, Request, Sampling, Usage, hookimpl
from brie_bench.plugin.remote import EFFORT, RemoteModel, RemoteOptions
from brie_bench.plugin.replies import (
    NOTHING,
    at,
    count_at,
    entries,
    name_at,
    of_status,
    parsed,
    refused,
    text_at,
    unanswered,
    unreadable,
)

if TYPE_CHECKING:
    import openai

_FINISH = {
    "stop": FinishReason.STOP,
    "completed": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_output_tokens": FinishReason.LENGTH,
    "content_filter": FinishReason.REFUSED,
}
_MARK = "brie_bench_mark"
_ENDED = frozenset(["completed", "expired", "cancelled"])


class OpenAI(RemoteModel):
    """A model of openai's, or of a server that speaks its protocol: name that with `base_url`."""

    name = "openai"
    library = "openai"
    home = "https://api.openai.com/v1"
    url_variables = ("OPENAI_BASE_URL",)
    key_variables = ("OPENAI_API_KEY",)
    supports = frozenset({"max_tokens", "temperature", "top_p", "seed", "json_schema", "choice"})

    class Options(RemoteOptions):
        """The model's."""

        api: Literal["chat", "responses"] = Field(
            default="chat", description="Which endpoint writes text; the newer `responses` knows no seed."
        )
        effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | None = Field(
            default=None, description=EFFORT
        )

    options: Options

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        if self.options.api == "responses":
            self.supports -= {"seed"}

    def open(self, key: str) -> openai.OpenAI:
        """One that asks once."""
        import openai

        return openai.OpenAI(api_key=key, base_url=self.address, max_retries=0, timeout=self.options.timeout)

    def ask(self, client: openai.OpenAI, request: Request) -> Completion:
        """One call of the endpoint that gives the wanted answer."""
        body, applied = self._body(request)
        if isinstance(request.answer, Choice):
            return _decided(
                parsed(client.decisions.with_raw_response.create(**body).http_response.content), request.answer
            )
        if self.options.api == "responses":
            return _response(parsed(client.responses.with_raw_response.create(**body).http_response.content), applied)
        return _chat(parsed(client.chat.completions.with_raw_response.create(**body).http_response.content), applied)

    def _body(self, request: Request) -> tuple[dict[str, Any], Sampling]:
        """What is sent, and what of the sampling is in it."""
        turns = [{"role": turn.role, "content": turn.content} for turn in request.messages]
        if isinstance(request.answer, Choice):
            return {"model": self.options.model, "input": turns, "questions": _questions(request.answer)}, Sampling()
        wanted = request.sampling.model_dump(exclude_none=True)
        applied = Sampling(**{name: value for name, value in wanted.items() if name in self.supports})
        sampling = applied.model_dump(exclude_none=True)
        limit = sampling.pop("max_tokens", None)
        body = {"model": self.options.model, **sampling}
        if self.options.api == "responses":
            body |= {"input": turns, "store": False, **_some(max_output_tokens=limit)}
            body |= _some(reasoning=self.options.effort and {"effort": self.options.effort, "summary": "auto"})
            if isinstance(request.answer, JsonSchema):
                body["text"] = {"format": {"type": "json_schema", **_schema(request.answer)}}
            return body, applied
        # openai's newer models refuse the old name of the limit; many a compatible server knows only that
        body |= {"messages": turns, **_some(**{"max_completion_tokens" if self.at_home else "max_tokens": limit})}
        body |= _some(reasoning_effort=self.options.effort)
        if isinstance(request.answer, JsonSchema):
            body["response_format"] = {"type": "json_schema", "json_schema": _schema(request.answer)}
        return body, applied

    def send(self, client: openai.OpenAI, requests: Sequence[tuple[str, Request]], mark: str) -> str:
        """A file of requests, and a batch that reads it; the mark is the batch's metadata."""
        url: Any = "/v1/responses" if self.options.api == "responses" else "/v1/chat/completions"
        if any(isinstance(request.answer, Choice) for _, request in requests):
            raise Failed("error", "openai's batches take no typed questions", usage=NOTHING)
        rows = (
            {"custom_id": key, "method": "POST", "url": url, "body": self._body(request)[0]}
            for key, request in requests
        )
        content = "".join(json.dumps(row) + "\n" for row in rows).encode()
        file = client.files.create(file=("requests.jsonl", content), purpose="batch")
        return client.batches.create(
            input_file_id=file.id, endpoint=url, completion_window="24h", metadata={_MARK: mark}
        ).id

    def search(self, client: openai.OpenAI, mark: str) -> str | None:
        """By the metadata."""
        found = (batch.id for batch in client.batches.list(limit=100) if (batch.metadata or {}).get(_MARK) == mark)
        return next(found, None)

    def fetch(self, client: openai.OpenAI, batch: str) -> list[tuple[str, Callable[[], Completion]]] | None:
        """The rows of the output file and of the error file. A batch that failed as a whole has neither."""
        found = client.batches.retrieve(batch)
        if found.status == "failed":
            errors = (found.errors and found.errors.data) or []
            words = "; ".join(str(each.message) for each in errors[:3]) or "no reason is given"
            raise Failed("error", f"the batch failed: {words}", usage=NOTHING)
        if found.status not in _ENDED:
            return None
        files = [name for name in (found.output_file_id, found.error_file_id) if name]
        rows = [json.loads(line) for name in files for line in client.files.content(name).text.splitlines() if line]
        return [(text_at(row, "custom_id"), partial(_of_row, row)) for row in rows]


def _some(**fields: Any) -> dict[str, Any]:
    """The fields that are given."""
    return {name: value for name, value in fields.items() if value is not None}


def _schema(answer: JsonSchema) -> dict[str, Any]:
    return {"name": answer.name, "schema": answer.definition, "strict": True}


def _questions(answer: Choice) -> list[Any]:
    return [
        {
            "type": "choice",
            "name": question.name,
            "instructions": question.instructions,
            "choices": [{"value": option} for option in question.options],
        }
        for question in answer.questions
    ]


def _chat(body: Any, applied: Sampling) -> Completion:
    """The first choice's message. Compatible servers put what was thought beside the text, under one of two names."""
    choice = at(body, "choices", 0)
    message = at(choice, "message")
    if not isinstance(message, dict):
        raise unreadable("it holds no message", body)
    reason = text_at(choice, "finish_reason")
    finish = _FINISH.get(reason, FinishReason.OTHER if reason else FinishReason.UNKNOWN)
    reasoning = text_at(message, "reasoning_content") or text_at(message, "reasoning")
    usage = _usage(body, "prompt_tokens", "completion_tokens")
    return _completion(
        body, text_at(message, "content"), text_at(message, "refusal"), finish, usage, applied, reasoning
    )


def _response(body: Any, applied: Sampling) -> Completion:
    """The output's texts; an error may come with a 200."""
    if not isinstance(at(body, "output"), list):
        raise unreadable("it holds no output", body)
    if at(body, "status") == "failed":
        raise unreadable(text_at(body, "error", "message") or "it failed without a reason", body)
    output = entries(body, "output")
    parts = [part for item in output if at(item, "type") == "message" for part in entries(item, "content")]
    thoughts = [part for item in output if at(item, "type") == "reasoning" for part in entries(item, "summary")]
    reason = text_at(body, "incomplete_details", "reason") or text_at(body, "status")
    return _completion(
        body,
        "".join(text_at(part, "text") for part in parts),
        "".join(text_at(part, "refusal") for part in parts),
        _FINISH.get(reason, FinishReason.OTHER if reason else FinishReason.UNKNOWN),
        _usage(body, "input_tokens", "output_tokens"),
        applied,
        "\n\n".join(text_at(thought, "text") for thought in thoughts),
    )


def _completion(
    body: Any, text: str, refusal: str, finish: FinishReason, usage: Usage, applied: Sampling, reasoning: str
) -> Completion:
    """A refusal in words is the text that the model gave; a filter that left no word left no answer."""
    if finish is FinishReason.REFUSED and not (text or refusal):
        raise refused("a filter took the answer away", body, usage)
    return Completion(
        text=refusal or text,
        finish_reason=FinishReason.REFUSED if refusal else finish,
        usage=usage,
        model=name_at(body, "model"),
        sampling_applied=applied,
        reasoning=reasoning,
    )


def _decided(body: Any, asked: Choice) -> Completion:
    """A probability for every option of every question; without one of them there is no answer."""
    usage = _usage(body, "input_tokens", "output_tokens")
    answers = {text_at(each, "name"): each for each in entries(body, "answers")}
    choices: dict[str, dict[str, float]] = {}
    for question in asked.questions:
        answer = answers.get(question.name)
        if at(answer, "type") == "refusal":
            raise refused(f"the question '{question.name}' was refused", body, usage)
        given = {text_at(each, "value"): at(each, "probability") for each in entries(answer, "probabilities")}
        if given.keys() != set(question.options):
            raise unreadable(f"the question '{question.name}' is not answered", body)
        choices[question.name] = given
    return Completion(
        text="", finish_reason=FinishReason.STOP, usage=usage, model=name_at(body, "model"), choices=choices
    )


def _usage(body: Any, given: str, said: str) -> Usage:
    """Input and output are whole; what was cached and what was reasoning is part of them."""
    return Usage(
        input_tokens=count_at(body, "usage", given),
        cached_tokens=count_at(body, "usage", f"{given}_details", "cached_tokens"),
        output_tokens=count_at(body, "usage", said),
        reasoning_tokens=count_at(body, "usage", f"{said}_details", "reasoning_tokens"),
    )


def _of_row(row: Any) -> Completion:
    """A row of a batch's files: a response with its status, or an error without one."""
    response = at(row, "response")
    body, status = at(response, "body"), count_at(response, "status_code")
    if status is None:
        raise unanswered(text_at(row, "error", "message") or text_at(row, "error", "code"))
    if status != 200:
        raise of_status(status, {}, json.dumps(body))
    return _response(body, Sampling()) if at(body, "object") == "response" else _chat(body, Sampling())


@hookimpl
def register_models(register) -> None:  # type: ignore[no-untyped-def]
    register(OpenAI)
