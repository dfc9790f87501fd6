"""anthropic: `POST /v1/messages`, message batches, models."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from brie_bench.testing.asking import Ending
from brie_bench.testing.batches import WINDOW, Batch, Fate, Result, Row
from brie_bench.testing.clock import rfc3339
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols import anthropic_messages as messages
from brie_bench.testing.protocols.provider import Provider, Route, mapping, needed, number, retry_headers, route
from brie_bench.testing.received import Endpoint, Received
from brie_bench.testing.usage import Usage
from brie_bench.testing.wire import Reply, in_json

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


class Anthropic(Provider):
    """The messages API."""

    name = "anthropic"

    def made_routes(self) -> Iterable[Route]:
        return (
            route("POST", "/v1/messages", Endpoint.CALL, self._message),
            route("POST", "/v1/messages/batches", Endpoint.BATCH_CREATE, self._create),
            route("GET", "/v1/messages/batches", Endpoint.BATCH_LIST, self._list),
            route("GET", "/v1/messages/batches/{id}", Endpoint.BATCH_POLL, self._retrieve),
            route("GET", "/v1/messages/batches/{id}/results", Endpoint.BATCH_RESULTS, self._results),
            route("POST", "/v1/messages/batches/{id}/cancel", Endpoint.BATCH_CANCEL, self._cancel),
            route("GET", "/v1/models", Endpoint.MODELS, self._models),
        )

    def key(self, request: Received) -> str:
        return request.headers.get("x-api-key") or request.headers.get("authorization", "").removeprefix("Bearer ")

    def error(self, problem: Problem, request_id: str) -> Reply:
        headers = [*retry_headers(problem), *self.stamps(request_id)]
        return in_json(_error(problem, request_id), status=problem.status, headers=headers)

    def stamps(self, request_id: str) -> list[tuple[str, str]]:
        return [
            ("request-id", request_id),
            ("anthropic-organization-id", "00000000-0000-0000-0000-000000000000"),
            ("anthropic-ratelimit-requests-limit", "4000"),
            ("anthropic-ratelimit-requests-remaining", "3999"),
            ("anthropic-ratelimit-requests-reset", "2030-01-01T00:00:00Z"),
            ("anthropic-ratelimit-tokens-limit", "400000"),
            ("anthropic-ratelimit-tokens-remaining", "399000"),
            ("anthropic-ratelimit-tokens-reset", "2030-01-01T00:00:00Z"),
        ]

    def _message(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        body, usage = self._answered(mapping(request), ending)
        return in_json(body, usage=usage, model=body["model"])

    def _answered(self, body: Mapping[str, Any], ending: Ending | None) -> tuple[dict[str, Any], Usage]:
        self.desk.check_parameters(self.name, body.keys())
        done = self.settle(messages.read(body), body, ending, "msg_")
        return messages.write(done), done.usage

    def _create(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        rows = [_row(each) for each in needed(mapping(request), "requests", list)]
        if not rows:
            raise Problem(400, "requests: at least one request is required")
        if len({key for key, _ in rows}) < len(rows):
            raise Problem(400, "requests: custom_id must be unique for each request within the Message Batch")
        batch = self.batches.open(self.name, self.desk.identifier("msgbatch_"), rows, {})
        return in_json(_batch(batch, request))

    def _retrieve(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        batch = self.batches.get(self.name, parts["id"])
        self.batches.look(batch, self._row_answer)
        return in_json(_batch(batch, request))

    def _list(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        batches = self.batches.all(self.name)
        names = [batch.id for batch in batches]
        after = request.parameters.get("after_id")
        start = names.index(after) + 1 if after in names else 0
        limit = number(request, "limit", 20)
        page = batches[start : start + limit]
        return in_json(
            {
                "data": [_batch(batch, request) for batch in page],
                "has_more": start + limit < len(batches),
                "first_id": page[0].id if page else None,
                "last_id": page[-1].id if page else None,
            }
        )

    def _cancel(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        batch = self.batches.get(self.name, parts["id"])
        self.batches.cancel(batch)
        return in_json(_batch(batch, request))

    def _results(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        batch = self.batches.get(self.name, parts["id"])
        if batch.ended is None:
            raise Problem(404, f"Message Batch {batch.id} has no available results.")
        lines = [json.dumps({"custom_id": each.row.key, "result": _result(each)}) for each in batch.results]
        return Reply(200, "".join(f"{line}\n" for line in lines).encode(), "application/x-jsonl")

    def _row_answer(self, row: Row, ending: Ending | None) -> tuple[Mapping[str, Any], Usage]:
        return self._answered(row.body, ending)

    def _models(self, request: Received, parts: dict[str, str], ending: Ending | None) -> Reply:
        models = [
            {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"}
            for name in self.desk.models or ()
        ]
        return in_json({"data": models, "has_more": False, "first_id": None, "last_id": None})


def _error(problem: Problem, request_id: str | None) -> dict[str, Any]:
    kind = _TYPES.get(problem.status, "api_error" if problem.status >= 500 else "invalid_request_error")
    return {"type": "error", "error": {"type": kind, "message": problem.message}, "request_id": request_id}


def _row(each: Any) -> tuple[str, Mapping[str, Any]]:
    if not isinstance(each, dict) or not isinstance(each.get("params"), dict):
        raise Problem(400, "requests.0.params: Field required")
    key = each.get("custom_id")
    if not isinstance(key, str) or not _CUSTOM_ID.fullmatch(key):
        raise Problem(400, f"requests.0.custom_id: String should match pattern '^{_CUSTOM_ID.pattern}$'")
    return key, each["params"]


def _batch(batch: Batch, request: Received) -> dict[str, Any]:
    status = "in_progress" if batch.cancelled is None else "canceling"
    tally = batch.tally()
    counts = {
        "processing": len(batch.rows) - tally.total(),
        "succeeded": tally[Fate.SUCCEEDED],
        "errored": tally[Fate.ERRORED],
        "canceled": tally[Fate.CANCELLED],
        "expired": tally[Fate.EXPIRED],
    }
    results = f"http://{request.headers.get('host', '')}/v1/messages/batches/{batch.id}/results"
    return {
        "id": batch.id,
        "type": "message_batch",
        "processing_status": status if batch.ended is None else "ended",
        "request_counts": counts,
        "created_at": rfc3339(batch.created),
        "expires_at": rfc3339(batch.created + WINDOW),
        "ended_at": None if batch.ended is None else rfc3339(batch.ended),
        "archived_at": None,
        "cancel_initiated_at": None if batch.cancelled is None else rfc3339(batch.cancelled),
        "results_url": None if batch.ended is None else results,
    }


def _result(result: Result) -> dict[str, Any]:
    if result.fate is Fate.SUCCEEDED:
        return {"type": "succeeded", "message": result.body}
    if result.fate is Fate.ERRORED and result.problem:
        return {"type": "errored", "error": _error(result.problem, None)}
    return {"type": "canceled" if result.fate is Fate.CANCELLED else "expired"}
