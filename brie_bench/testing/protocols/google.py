"""google: generateContent, batches with inlined requests, decisions, models; under `/v1`, `/v1beta` or any version."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from brie_bench.testing.asking import Ending, Usage
from brie_bench.testing.batches import Batch, Fate, Result, Row, rfc3339
from brie_bench.testing.desk import Problem
from brie_bench.testing.protocols import google_calls
from brie_bench.testing.protocols.google_calls import field
from brie_bench.testing.protocols.protocol import Call, Protocol, Route, mapping, number, route
from brie_bench.testing.request import Endpoint, Received, Reply, in_json

_STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    413: "INVALID_ARGUMENT",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_CODES = {400: 3, 401: 16, 403: 7, 404: 5, 429: 8, 499: 1, 500: 13, 503: 14, 504: 4}
_STATES = {Fate.SUCCEEDED: "SUCCEEDED", Fate.ERRORED: "FAILED", Fate.EXPIRED: "EXPIRED", Fate.CANCELLED: "CANCELLED"}
_BATCH = "type.googleapis.com/google.ai.generativelanguage.v1main.GenerateContentBatch"
_V = r"/v\w+"
_CONTENT = Call(google_calls.read_content, google_calls.write_content)
_DECISION = Call(google_calls.read_decision, google_calls.write_decision)


class Google(Protocol):
    """The Gemini API."""

    name = "google"

    def made_routes(self) -> Iterable[Route]:
        return (
            route("POST", _V + "/models/{model}:generateContent", Endpoint.CALL, self.calling(_CONTENT)),
            route("POST", _V + "/decisions", Endpoint.CALL, self.calling(_DECISION)),
            route("POST", _V + "/models/{model}:batchGenerateContent", Endpoint.BATCH_CREATE, self._create),
            route("GET", _V + "/batches", Endpoint.BATCH_LIST, self._list),
            route("GET", _V + "/batches/{id}", Endpoint.BATCH_POLL, self._get),
            route("POST", _V + "/batches/{id}:cancel", Endpoint.BATCH_CANCEL, self._cancel),
            route("GET", _V + "/models", Endpoint.MODELS, self._models),
        )

    def key(self, request: Received) -> str:
        given = request.headers.get("x-goog-api-key") or request.parameters.get("key", "")
        return given or request.headers.get("authorization", "").removeprefix("Bearer ")

    def wrong_key(self) -> Problem:
        """400, not 401."""
        message = "API key not valid. Please pass a valid API key."
        return Problem(400, message, reason="API_KEY_INVALID")

    def error_body(self, problem: Problem, request_id: str | None) -> dict[str, Any]:
        status = _STATUSES.get(problem.status, "INTERNAL" if problem.status >= 500 else "INVALID_ARGUMENT")
        error: dict[str, Any] = {"code": problem.status, "message": problem.message, "status": status}
        if details := _details(problem):
            error["details"] = details
        return {"error": error}

    def stamps(self, request_id: str) -> list[tuple[str, str]]:
        return [("server-timing", "gfet4t7; dur=1"), ("vary", "Origin"), ("x-request-id", request_id)]

    def parameters(self, body: Mapping[str, Any]) -> Iterable[str]:
        return (field(body, "generationConfig") or {}).keys()

    def _create(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        self.desk.check_model(parts["model"])
        batch = mapping(request).get("batch") or {}
        inlined = field(batch, "inputConfig", "requests", "requests")
        if not isinstance(inlined, list) or not inlined:
            raise Problem(400, "* BatchGenerateContentRequest.batch.input_config: inlined requests are needed")
        rows = [(str(field(each, "metadata", "key") or i), each) for i, each in enumerate(inlined)]
        info = {"displayName": field(batch, "displayName") or "", "model": f"models/{parts['model']}"}
        opened = self.batches.open(self.name, self.desk.identifier(""), rows, info)
        return in_json(_operation(opened))

    def _get(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return in_json(_operation(self._looked_at(self.batches.get(self.name, parts["id"]))))

    def _looked_at(self, batch: Batch) -> Batch:
        self.batches.look(batch, lambda row, end: self._row_answer(row, batch.info["model"], end))
        return batch

    def _list(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        batches = self.batches.all(self.name)
        start = number(request, "pageToken", 0)
        end = start + number(request, "pageSize", 10)
        page: dict[str, Any] = {"operations": [_operation(self._looked_at(batch)) for batch in batches[start:end]]}
        if end < len(batches):
            page["nextPageToken"] = str(end)
        return in_json(page)

    def _cancel(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        self.batches.cancel(self.name, parts["id"])
        return in_json({})

    def _row_answer(self, row: Row, model: str, ending: Ending | None) -> tuple[Mapping[str, Any], Usage]:
        request = row.body.get("request")
        if not isinstance(request, dict):
            raise Problem(400, "Request is missing.")
        own = str(request.get("model") or model).removeprefix("models/")
        return self.answered(_CONTENT, {**request, "model": own}, ending)

    def _models(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        actions = ["generateContent", "batchGenerateContent"]
        models = [
            {"name": f"models/{name}", "displayName": name, "supportedGenerationMethods": actions}
            for name in self.desk.models or ()
        ]
        return in_json({"models": models})


def _details(problem: Problem) -> list[dict[str, Any]]:
    """RetryInfo for a wait, ErrorInfo for a reason."""
    details: list[dict[str, Any]] = []
    if problem.reason:
        domain = "googleapis.com"
        details.append(
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": problem.reason, "domain": domain}
        )
    if problem.retry_after is not None:
        wait = f"{problem.retry_after:g}s"
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": wait})
    return details


def _operation(batch: Batch) -> dict[str, Any]:
    """A batch as the long-running operation that it is."""
    tally = batch.tally()
    state = "RUNNING" if batch.looks else "PENDING"
    counts = {
        "requestCount": len(batch.rows),
        "successfulRequestCount": tally[Fate.SUCCEEDED],
        "failedRequestCount": tally.total() - tally[Fate.SUCCEEDED],
        "pendingRequestCount": len(batch.rows) - tally.total(),
    }
    metadata: dict[str, Any] = {
        "@type": _BATCH,
        "name": f"batches/{batch.id}",
        "displayName": batch.info["displayName"],
        "model": batch.info["model"],
        "state": f"BATCH_STATE_{state if batch.ended is None else _STATES[batch.fate]}",
        "createTime": rfc3339(batch.created),
        "updateTime": rfc3339(batch.ended or batch.created),
        "batchStats": {name: str(value) for name, value in counts.items() if value},
    }
    operation: dict[str, Any] = {"name": f"batches/{batch.id}", "metadata": metadata}
    if batch.ended is not None:
        metadata["endTime"] = rfc3339(batch.ended)
        operation["done"] = True
        if batch.fate is Fate.SUCCEEDED:
            metadata["output"] = {"inlinedResponses": {"inlinedResponses": [_result(each) for each in batch.results]}}
            operation["response"] = metadata["output"]
    return operation


def _result(result: Result) -> dict[str, Any]:
    line: dict[str, Any] = {}
    if "metadata" in result.row.body:
        line["metadata"] = result.row.body["metadata"]
    if result.body is not None:
        return {"response": result.body, **line}
    status = result.problem.status if result.problem else 500
    message = result.problem.message if result.problem else ""
    return {"error": {"code": _CODES.get(status, 13), "message": message}, **line}
