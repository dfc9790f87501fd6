"""google's models, through google's library: generated content, decisions and batches."""

from __future__ import annotations

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
    parsed,
    refused,
    text_at,
    unanswered,
    unreadable,
)

if TYPE_CHECKING:
    from google import genai
    from google.genai import types

_FINISH = {
    "STOP": FinishReason.STOP,
    "MAX_TOKENS": FinishReason.LENGTH,
    **dict.fromkeys(["SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII"], FinishReason.REFUSED),
}
_ENDED = frozenset(["JOB_STATE_SUCCEEDED", "JOB_STATE_PARTIALLY_SUCCEEDED"])
_FAILED = frozenset(["JOB_STATE_FAILED", "JOB_STATE_CANCELLED", "JOB_STATE_EXPIRED"])


class Google(RemoteModel):
    """A model of google's, by the Gemini API."""

    name = "google"
    library = "google.genai"
    home = "https://generativelanguage.googleapis.com"
    url_variables = ("GOOGLE_GEMINI_BASE_URL",)
    key_variables = ("GOOGLE_API_KEY", "GEMINI_API_KEY")
    supports = frozenset({"max_tokens", "temperature", "top_p", "seed", "json_schema", "choice"})

    class Options(RemoteOptions):
        """The model's."""

        effort: Literal["minimal", "low", "medium", "high", "xhigh"] | None = Field(default=None, description=EFFORT)

    options: Options

    def open(self, key: str) -> genai.Client:
        """One that asks once, and keeps as many connections as the other libraries do. Its time-out is in milliseconds."""
        import httpx2
        from google import genai
        from google.genai import types

        options = types.HttpOptions(
            base_url=self.address,
            client_args={"limits": httpx2.Limits(max_connections=1000, max_keepalive_connections=100)},
            timeout=max(1, round(self.options.timeout * 1000)),
            retry_options=types.HttpRetryOptions(attempts=1),
        )
        return genai.Client(vertexai=False, api_key=key, http_options=options)

    def ask(self, client: genai.Client, request: Request) -> Completion:
        """One call of the endpoint that gives the wanted answer."""
        if isinstance(request.answer, Choice):
            reply: Any = client.decisions.with_raw_response.create(
                model=f"models/{self.options.model}", input=_input(request), questions=_questions(request.answer)
            )
            return _decided(parsed(reply.http_response.content), request.answer)
        config = self._config(request)
        config.should_return_http_response = True
        answer = client.models.generate_content(model=self.options.model, contents=_contents(request), config=config)
        response = answer.sdk_http_response
        return _read(parsed((response and response.body) or ""), self._applied(request))

    def _applied(self, request: Request) -> Sampling:
        wanted = request.sampling.model_dump(exclude_none=True)
        return Sampling(**{name: value for name, value in wanted.items() if name in self.supports})

    def _config(self, request: Request) -> types.GenerateContentConfig:
        from google.genai import types

        sampling = self._applied(request).model_dump(exclude_none=True)
        if "max_tokens" in sampling:
            sampling["max_output_tokens"] = sampling.pop("max_tokens")
        system = [turn.content for turn in request.messages if turn.role == "system"]
        config = types.GenerateContentConfig(**sampling, system_instruction=system[0] if system else None)
        if isinstance(request.answer, JsonSchema):
            config.response_mime_type = "application/json"
            config.response_json_schema = request.answer.definition
        if self.options.effort:
            level = types.ThinkingLevel(self.options.effort.upper())
            config.thinking_config = types.ThinkingConfig(thinking_level=level, include_thoughts=True)
        return config

    def send(self, client: genai.Client, requests: Sequence[tuple[str, Request]], mark: str) -> str:
        """Inlined requests, each with its key as metadata; the mark is the batch's display name."""
        from google.genai import types

        if any(isinstance(request.answer, Choice) for _, request in requests):
            raise Failed("error", "google's batches take no typed questions", usage=NOTHING)
        rows = [
            types.InlinedRequest(contents=_contents(request), config=self._config(request), metadata={"key": key})
            for key, request in requests
        ]
        config = types.CreateBatchJobConfig(display_name=mark)
        job = client.batches.create(model=self.options.model, src=rows, config=config)
        if not job.name:
            raise unreadable("the batch has no name")
        return job.name

    def search(self, client: genai.Client, mark: str) -> str | None:
        """By the display name."""
        return next((job.name for job in client.batches.list() if job.display_name == mark), None)

    def fetch(self, client: genai.Client, batch: str) -> list[tuple[str, Callable[[], Completion]]] | None:
        """The inlined answers. A batch that failed, expired or was cancelled as a whole has none."""
        job = client.batches.get(name=batch)
        state = job.state.value if job.state else ""
        if state in _FAILED:
            words = (job.error and job.error.message) or "no reason is given"
            raise Failed("error", f"the batch ended as {state}: {words}", usage=NOTHING)
        if state not in _ENDED:
            return None
        rows = (job.dest and job.dest.inlined_responses) or []
        return [((row.metadata or {}).get("key", ""), partial(_of_row, row)) for row in rows]


def _contents(request: Request) -> list[Any]:
    roles = {"user": "user", "assistant": "model"}
    return [
        {"role": roles[turn.role], "parts": [{"text": turn.content}]} for turn in request.messages if turn.role in roles
    ]


def _input(request: Request) -> str:
    """A decision's input has no roles: one turn as it is, several with their speakers' names."""
    if len(request.messages) == 1:
        return request.messages[0].content
    return "\n\n".join(f"{turn.role}: {turn.content}" for turn in request.messages)


def _questions(answer: Choice) -> Any:
    return {
        question.name: {
            "type": "choice",
            "instructions": question.instructions,
            "criteria": dict.fromkeys(question.options, ""),
        }
        for question in answer.questions
    }


def _read(body: Any, applied: Sampling) -> Completion:
    """The first candidate; a part that is a thought is no part of the text."""
    candidate = at(body, "candidates", 0)
    blocked = text_at(body, "promptFeedback", "blockReason")
    usage = _usage(body)
    if candidate is None and blocked:
        raise refused(f"the prompt was blocked: {blocked}", body, usage)
    if not isinstance(candidate, dict):
        raise unreadable("it holds no candidate", body)
    reason, parts = text_at(candidate, "finishReason"), entries(candidate, "content", "parts")
    text = "".join(text_at(part, "text") for part in parts if not at(part, "thought"))
    finish = _FINISH.get(reason, FinishReason.OTHER if reason else FinishReason.UNKNOWN)
    if finish is FinishReason.REFUSED and not text:
        raise refused(f"the answer was blocked: {reason}", body, usage)
    return Completion(
        text=text,
        finish_reason=finish,
        usage=usage,
        model=name_at(body, "modelVersion"),
        sampling_applied=applied,
        reasoning="".join(text_at(part, "text") for part in parts if at(part, "thought")),
    )


def _usage(body: Any) -> Usage:
    """Thoughts stand beside the candidates and are output too; what is 0 is left out."""
    counts = at(body, "usageMetadata")
    if not isinstance(counts, dict):
        return Usage()
    said, thought = count_at(counts, "candidatesTokenCount") or 0, count_at(counts, "thoughtsTokenCount") or 0
    return Usage(
        input_tokens=count_at(counts, "promptTokenCount"),
        cached_tokens=count_at(counts, "cachedContentTokenCount") or 0,
        output_tokens=said + thought,
        reasoning_tokens=thought,
    )


def _decided(body: Any, asked: Choice) -> Completion:
    """A probability for every option of every question. The service does not say which model answered."""
    spent = {name: count_at(body, "usage", f"total_{name}_tokens") for name in ("input", "cached", "output", "thought")}
    said = None if spent["output"] is None else spent["output"] + (spent["thought"] or 0)
    usage = Usage(
        input_tokens=spent["input"],
        cached_tokens=spent["cached"],
        output_tokens=said,
        reasoning_tokens=spent["thought"],
    )
    answers, blocked = at(body, "answers"), text_at(body, "prompt_feedback", "block_reason")
    if not answers and blocked:
        raise refused(f"the prompt was blocked: {blocked}", body, usage)
    choices: dict[str, dict[str, float]] = {}
    for question in asked.questions:
        given = at(answers, question.name, "probabilities")
        if not isinstance(given, dict) or given.keys() != set(question.options):
            raise unreadable(f"the question '{question.name}' is not answered", body)
        choices[question.name] = given
    return Completion(text="", finish_reason=FinishReason.STOP, usage=usage, choices=choices)


def _of_row(row: Any) -> Completion:
    """A row of a batch: a response, or an error with google's code."""
    if row.response is None:
        raise unanswered((row.error and row.error.message) or "")
    return _read(row.response.model_dump(mode="json", by_alias=True, exclude_none=True), Sampling())


@hookimpl
def register_models(register) -> None:  # type: ignore[no-untyped-def]
    register(Google)
