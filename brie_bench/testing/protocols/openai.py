"""openai: chat completions, responses, decisions, files, batches, models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from brie_bench.testing.asking import Asked, Ending
from brie_bench.testing.batches import BatchBook
from brie_bench.testing.clock import Clock
from brie_bench.testing.desk import Desk
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols import openai_chat, openai_decisions, openai_responses
from brie_bench.testing.protocols.answered import Answered
from brie_bench.testing.protocols.openai_batches import OpenAIBatches
from brie_bench.testing.protocols.openai_files import File, FileStore, form_parts
from brie_bench.testing.protocols.provider import Provider, Route, mapping, number, retry_headers, route
from brie_bench.testing.received import Endpoint, Received
from brie_bench.testing.usage import Usage
from brie_bench.testing.wire import Reply, in_json

_TYPES = {401: "invalid_request_error", 403: "invalid_request_error", 404: "invalid_request_error", 429: "requests"}
_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}

Read = Callable[[Mapping[str, Any]], Asked]
Write = Callable[[Answered], dict[str, Any]]
_SHAPES: dict[str, tuple[Read, Write, str]] = {
    "/v1/chat/completions": (openai_chat.read, openai_chat.write, "chatcmpl-"),
    "/v1/responses": (openai_responses.read, openai_responses.write, "resp_"),
    "/v1/decisions": (openai_decisions.read, openai_decisions.write, "dec_"),
}
_BATCHED = frozenset(["/v1/chat/completions", "/v1/responses"])


class OpenAI(Provider):
    """openai's API, and that of every server compatible with it."""

    name = "openai"

    def __init__(self, desk: Desk, batches: BatchBook, clock: Clock) -> None:
        self.files = FileStore()
        self._of_batches = OpenAIBatches(desk, batches, self.files, self._answered, error_body)
        super().__init__(desk, batches, clock)

    def made_routes(self) -> Iterable[Route]:
        batch = "/v1/batches/{id}"
        return (
            *(route("POST", path, Endpoint.CALL, self._call) for path in _SHAPES),
            route("POST", "/v1/files", Endpoint.FILE, self._upload),
            route("GET", "/v1/files", Endpoint.FILE, self._files),
            route("GET", "/v1/files/{id}", Endpoint.FILE, self._file),
            route("DELETE", "/v1/files/{id}", Endpoint.FILE, self._remove),
            route("GET", "/v1/files/{id}/content", Endpoint.BATCH_RESULTS, self._content),
            route("POST", "/v1/batches", Endpoint.BATCH_CREATE, self._create),
            route("GET", "/v1/batches", Endpoint.BATCH_LIST, self._list),
            route("GET", batch, Endpoint.BATCH_POLL, lambda _, parts, __: in_json(self._of_batches.look(parts["id"]))),
            route(
                "POST",
                f"{batch}/cancel",
                Endpoint.BATCH_CANCEL,
                lambda _, parts, __: in_json(self._of_batches.cancel(parts["id"])),
            ),
            route("GET", "/v1/models", Endpoint.MODELS, self._models),
        )

    def key(self, request: Received) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def error(self, problem: Problem, request_id: str) -> Reply:
        headers = [*retry_headers(problem), *self.stamps(request_id)]
        return in_json(error_body(problem), status=problem.status, headers=headers)

    def stamps(self, request_id: str) -> list[tuple[str, str]]:
        return [
            ("x-request-id", request_id),
            ("openai-processing-ms", "1"),
            ("openai-version", "2020-10-01"),
            ("x-ratelimit-limit-requests", "5000"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-reset-requests", "12ms"),
            ("x-ratelimit-limit-tokens", "450000"),
            ("x-ratelimit-remaining-tokens", "449000"),
            ("x-ratelimit-reset-tokens", "6ms"),
        ]

    def _call(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        body, usage = self._answered(request.path, mapping(request), ending)
        return in_json(body, usage=usage, model=body["model"])

    def _answered(self, path: str, body: Mapping[str, Any], ending: Ending | None) -> tuple[dict[str, Any], Usage]:
        self.desk.check_parameters(self.name, body.keys())
        read, write, prefix = _SHAPES[path]
        done = self.settle(read(body), body, ending, prefix)
        return write(done), done.usage

    def _upload(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        form = form_parts(request.headers.get("content-type", ""), request.body)
        if "file" not in form or "purpose" not in form:
            raise Problem(400, "Missing required parameter: 'file' and 'purpose' are needed.")
        name, content = form["file"]
        purpose = form["purpose"][1].decode("utf-8", "replace")
        file = File(self.desk.identifier("file-"), name, purpose, content, self.clock.now())
        self.files.put(file)
        return in_json(file.described())

    def _files(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return in_json({"object": "list", "data": [file.described() for file in self.files.all()], "has_more": False})

    def _file(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return in_json(self.files.get(parts["id"]).described())

    def _remove(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        self.files.remove(parts["id"])
        return in_json({"id": parts["id"], "object": "file", "deleted": True})

    def _content(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return Reply(200, self.files.get(parts["id"]).content, "application/octet-stream")

    def _create(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return in_json(self._of_batches.create(_BATCHED, mapping(request)))

    def _list(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        limit = number(request, "limit", 20)
        return in_json(self._of_batches.page(request.parameters.get("after"), limit))

    def _models(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        models = [
            {"id": name, "object": "model", "created": 1767225600, "owned_by": "fake"}
            for name in self.desk.models or ()
        ]
        return in_json({"object": "list", "data": models})


def error_body(problem: Problem) -> dict[str, Any]:
    """An error as openai words it."""
    kind = _TYPES.get(problem.status, "server_error" if problem.status >= 500 else "invalid_request_error")
    code = problem.reason or _CODES.get(problem.status)
    return {"error": {"message": problem.message, "type": kind, "param": None, "code": code}}
