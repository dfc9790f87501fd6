"""anthropic: `POST /v1/messages`, message batches, models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from brie_bench.testing.asking import Ending, Usage
from brie_bench.testing.batches import WINDOW, Batch, Fate, Result, Row, rfc3339
from brie_bench.testing.desk import Problem
from brie_bench.testing.protocols import anthropic_messages
from brie_bench.testing.protocols.protocol import Call, Protocol, Route, mapping, number, route
from brie_bench.testing.request import Endpoint, Received, Reply, in_json

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}
_CUSTOM_ID = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_MESSAGE = Call(anthropic_messages.read, anthropic_messages.write, "msg_")


class Anthropic(Protocol):
    """The messages API."""

    name = "anthropic"

    def made_routes(self) -> Iterable[Route]:
        return (
            route("POST", "/v1/messages", Endpoint.CALL, self.calling(_MESSAGE)),
            route("POST", "/v1/messages/batches", Endpoint.BATCH_CREATE, self._create),
            route("GET", "/v1/messages/batches", Endpoint.BATCH_LIST, self._list),
            route("GET", "/v1/messages/batches/{id}", Endpoint.BATCH_POLL, self._retrieve),
            route("GET", "/v1/messages/batches/{id}/results", Endpoint.BATCH_RESULTS, self._results),
            route("POST", "/v1/messages/batches/{id}/cancel", Endpoint.BATCH_CANCEL, self._cancel),
            route("GET", "/v1/models", Endpoint.MODELS, self._models),
        )

    def key(self, request: Received) -> str:
        return request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")

    def error_body(self, problem: Problem, request_id: str | None) -> dict[str, Any]:
        kind = _TYPES.get(problem.status, "api_error" if problem.status >= 500 else "invalid_request_error")
        return {"type": "error", "error": {"type": kind, "message": problem.message}, "request_id": request_id}

    def stamps(self, request_id: str) -> list[tuple[str, str]]:
        return [
            ("request-id", request_id),
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", "2030-01-01T00:00:00Z"),
        ]

    def _create(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        given = mapping(request).get("requests")
        if not isinstance(given, list) or not given:
            raise Problem(400, "requests: at least one request is required")
        rows = [_row(each) for each in given]
        if len({key for key, _ in rows}) < len(rows):
            raise Problem(400, "requests: custom_id must be unique for each request within the Message Batch")
        batch = self.batches.open(self.name, self.desk.identifier("msgbatch_"), rows, {})
        return in_json(_described(batch, request))

    def _retrieve(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        batch = self.batches.get(self.name, parts["id"])
        self.batches.look(batch, self._row_answer)
        return in_json(_described(batch, request))

    def _list(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        batches, more = self.page(request.parameters.get("after_id"), number(request, "limit", 20))
        for batch in batches:
            self.batches.look(batch, self._row_answer)
        first, last = (batches[0].id, batches[-1].id) if batches else (None, None)
        data = [_described(batch, request) for batch in batches]
        return in_json({"data": data, "has_more": more, "first_id": first, "last_id": last})

    def _cancel(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        return in_json(_described(self.batches.cancel(self.name, parts["id"]), request))

    def _results(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        batch = self.batches.get(self.name, parts["id"])
        if batch.ended is None:
            raise Problem(404, f"Message Batch {batch.id} has no available results.")
        lines = [json.dumps({"custom_id": each.row.key, "result": self._result(each)}) for each in batch.results]
        return Reply(200, "".join(f"{line}\n" for line in lines).encode(), "application/x-jsonl")

    def _row_answer(self, row: Row, ending: Ending | None) -> tuple[Mapping[str, Any], Usage]:
        return self.answered(_MESSAGE, row.body, ending)

    def _result(self, result: Result) -> dict[str, Any]:
        if result.fate is Fate.SUCCEEDED:
            return {"type": "succeeded", "message": result.body}
        if result.fate is Fate.ERRORED and result.problem:
            return {"type": "errored", "error": self.error_body(result.problem, None)}
        return {"type": "canceled" if result.fate is Fate.CANCELLED else "expired"}

    def _models(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        models = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
            for name in self.desk.models or ()
        ]
        return in_json({"data": models, "has_more": False, "first_id": None, "last_id": None})


def _row(each: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(each, dict) or not isinstance(each.get("params"), dict):
        raise Problem(400, "requests.0.params: Field required")
    key = each.get("custom_id")
    if not isinstance(key, str) or not _CUSTOM_ID.fullmatch(key):
        raise Problem(400, f"requests.0.custom_id: String should match pattern '^{_CUSTOM_ID.pattern}$'")
    return key, each["params"]


def _described(batch: Batch, request: Received) -> dict[str, Any]:
    status = "in_progress" if batch.cancelled is None else "canceling"
    tally = batch.tally()
    results = f"http://{request.headers.get('host', '')}/v1/messages/batches/{batch.id}/results"
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": status if batch.ended is None else "ended",
        "request_counts": {
            "processing": len(batch.rows) - tally.total(),
            "succeeded": tally[Fate.SUCCEEDED],
            "errored": tally[Fate.ERRORED],
            "canceled": tally[Fate.CANCELLED],
            "expired": tally[Fate.EXPIRED],
        },
        "created_at": rfc3339(batch.created),
        "expires_at": rfc3339(batch.created + WINDOW),
        "ended_at": None if batch.ended is None else rfc3339(batch.ended),
        "archived_at": None,
        "cancel_initiated_at": None if batch.cancelled is None else rfc3339(batch.cancelled),
        "results_url": None if batch.ended is None else results,
    }
