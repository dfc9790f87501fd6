"""openai: chat completions, responses, decisions, files, batches, models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from brie_bench.testing.asking import Ending
from brie_bench.testing.batches import BatchBook, Clock
from brie_bench.testing.desk import Desk, Problem
from brie_bench.testing.protocols import openai_calls, openai_decisions
from brie_bench.testing.protocols.openai_batches import Batches, FileStore, form_parts
from brie_bench.testing.protocols.protocol import Call, Protocol, Route, mapping, number, route
from brie_bench.testing.request import Endpoint, Received, Reply, in_json

_CODES = {401: "invalid_api_key", 404: "model_not_found", 429: "rate_limit_exceeded"}
_CALLS = {
    "/v1/chat/completions": Call(openai_calls.read_chat, openai_calls.write_chat, "chatcmpl-"),
    "/v1/responses": Call(openai_calls.read_response, openai_calls.write_response, "resp_"),
    "/v1/decisions": Call(openai_decisions.read, openai_decisions.write, "dec_"),
}


class OpenAI(Protocol):
    """openai's API, and that of every server compatible with it."""

    name = "openai"

    def __init__(self, desk: Desk, batches: BatchBook, clock: Clock) -> None:
        self.files = FileStore()
        self._batches = Batches(
            self, self.files, {path: call for path, call in _CALLS.items() if "decisions" not in path}
        )
        super().__init__(desk, batches, clock)

    def made_routes(self) -> Iterable[Route]:
        return (
            *(route("POST", path, Endpoint.CALL, self.calling(call)) for path, call in _CALLS.items()),
            route("POST", "/v1/files", Endpoint.FILE, self._upload),
            route("GET", "/v1/files", Endpoint.FILE, self._files),
            route("GET", "/v1/files/{id}", Endpoint.FILE, self._file),
            route("DELETE", "/v1/files/{id}", Endpoint.FILE, self._remove),
            route("GET", "/v1/files/{id}/content", Endpoint.BATCH_RESULTS, self._content),
            route("POST", "/v1/batches", Endpoint.BATCH_CREATE, self._create),
            route("GET", "/v1/batches", Endpoint.BATCH_LIST, self._list),
            route("GET", "/v1/batches/{id}", Endpoint.BATCH_POLL, self._look),
            route("POST", "/v1/batches/{id}/cancel", Endpoint.BATCH_CANCEL, self._cancel),
            route("GET", "/v1/models", Endpoint.MODELS, self._models),
        )

    def key(self, request: Received) -> str:
        return request.headers.get("authorization", "").removeprefix("Bearer ")

    def error_body(self, problem: Problem, request_id: str | None) -> dict[str, Any]:
        kind = (
            "requests"
            if problem.status == 429
            else "server_error"
            if problem.status >= 500
            else "invalid_request_error"
        )
        code = problem.reason or _CODES.get(problem.status)
        return {"error": {"message": problem.message, "type": kind, "param": None, "code": code}}

    def stamps(self, request_id: str) -> list[tuple[str, str]]:
        return [
            ("x-request-id", request_id),
            ("openai-version", "2020-10-01"),
            ("x-ratelimit-limit-requests", "5000"),
            ("x-ratelimit-remaining-requests", "4999"),
            ("x-ratelimit-reset-requests", "12ms"),
        ]

    def _upload(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        form = form_parts(request.headers.get("content-type", ""), request.body)
        if "file" not in form or "purpose" not in form:
            raise Problem(400, "Missing required parameter: 'file' and 'purpose' are needed.")
        name, content = form["file"]
        purpose = form["purpose"][1].decode("utf-8", "replace")
        return in_json(
            self.files.put(self.desk.identifier("file-"), name, purpose, content, self.clock.now()).described()
        )

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
        return in_json(self._batches.create(mapping(request)))

    def _look(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return in_json(self._batches.look(parts["id"]))

    def _cancel(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return in_json(self._batches.cancel(parts["id"]))

    def _list(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return in_json(self._batches.list(request.parameters.get("after"), number(request, "limit", 20)))

    def _models(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        served = self.desk.models or ()
        models = [{"id": name, "object": "model", "created": 1767225600, "owned_by": "fake"} for name in served]
        return in_json({"object": "list", "data": models})
