"""openai's batches: an input file of JSONL, an output file, an error file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from brie_bench.testing.asking import Ending
from brie_bench.testing.batches import WINDOW, Batch, BatchBook, Fate, Result, Row
from brie_bench.testing.desk import Desk
from brie_bench.testing.problem import Problem
from brie_bench.testing.protocols.openai_files import File, FileStore
from brie_bench.testing.usage import Usage

Answers = Callable[[str, Mapping[str, Any], Ending | None], tuple[dict[str, Any], Usage]]
"""Answers a request's body at an endpoint."""

ErrorBody = Callable[[Problem], dict[str, Any]]

_FAILED = {"code": "server_error", "message": "The batch failed.", "line": None, "param": None}
_OF_FATE = {Fate.SUCCEEDED: "completed", Fate.EXPIRED: "expired", Fate.CANCELLED: "cancelled", Fate.ERRORED: "failed"}


class OpenAIBatches:
    """Batches over files."""

    def __init__(self, desk: Desk, book: BatchBook, files: FileStore, answers: Answers, error_body: ErrorBody) -> None:
        self._desk = desk
        self._book = book
        self._files = files
        self._answers = answers
        self._error_body = error_body

    def create(self, endpoints: frozenset[str], body: Mapping[str, Any]) -> dict[str, Any]:
        """A new batch. A file that is not as it should be makes a failed one, as with the real service."""
        endpoint = body.get("endpoint")
        if endpoint not in endpoints:
            raise Problem(400, f"Invalid value: '{endpoint}' at 'endpoint'.", reason="invalid_value")
        if body.get("completion_window") != "24h":
            raise Problem(400, "Invalid value at 'completion_window': only '24h' is supported.", reason="invalid_value")
        file = self._files.get(str(body.get("input_file_id")))
        rows, errors = _rows(file.content, str(endpoint))
        info = {"endpoint": endpoint, "input_file_id": file.id, "metadata": body.get("metadata"), "errors": errors}
        batch = self._book.open("openai", self._desk.identifier("batch_"), [] if errors else rows, info)
        return self.described(batch)

    def look(self, identifier: str) -> dict[str, Any]:
        """Poll a batch."""
        batch = self._book.get("openai", identifier)
        self._book.look(batch, self._answer, self._leave_files)
        return self.described(batch)

    def cancel(self, identifier: str) -> dict[str, Any]:
        """Cancel a batch."""
        batch = self._book.get("openai", identifier)
        self._book.cancel(batch)
        return self.described(batch)

    def page(self, after: str | None, limit: int) -> dict[str, Any]:
        """A page of batches, the newest first."""
        batches = self._book.all("openai")
        names = [batch.id for batch in batches]
        start = names.index(after) + 1 if after in names else 0
        page = [self.described(batch) for batch in batches[start : start + limit]]
        return {
            "object": "list",
            "data": page,
            "first_id": page[0]["id"] if page else None,
            "last_id": page[-1]["id"] if page else None,
            "has_more": start + limit < len(batches),
        }

    def described(self, batch: Batch) -> dict[str, Any]:
        """As the API describes it."""
        status = _status(batch)
        tally = batch.tally()
        ended = None if batch.ended is None else int(batch.ended)
        files = batch.more.get("files", {})
        errors = batch.info["errors"] or ([_FAILED] if status == "failed" else [])
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": batch.info["endpoint"],
            "errors": {"object": "list", "data": errors} if errors else None,
            "input_file_id": batch.info["input_file_id"],
            "completion_window": "24h",
            "status": status,
            "output_file_id": files.get("output"),
            "error_file_id": files.get("error"),
            "created_at": int(batch.created),
            "in_progress_at": int(batch.created),
            "expires_at": int(batch.created + WINDOW),
            "finalizing_at": ended,
            "completed_at": ended if status == "completed" else None,
            "failed_at": int(batch.created) if status == "failed" else None,
            "expired_at": ended if status == "expired" else None,
            "cancelling_at": None if batch.cancelled is None else int(batch.cancelled),
            "cancelled_at": ended if status == "cancelled" else None,
            "request_counts": {
                "total": len(batch.rows),
                "completed": tally[Fate.SUCCEEDED],
                "failed": tally.total() - tally[Fate.SUCCEEDED],
            },
            "metadata": batch.info["metadata"],
        }

    def _answer(self, row: Row, ending: Ending | None) -> tuple[Mapping[str, Any], Usage]:
        return self._answers(row.body["url"], row.body["body"], ending)

    def _leave_files(self, batch: Batch) -> None:
        """The output file and the error file, where there is something to put into them."""
        left = batch.more["files"] = {}
        good = [each for each in batch.results if each.fate is Fate.SUCCEEDED]
        bad = (
            [each for each in batch.results if each.fate is not Fate.SUCCEEDED]
            if batch.fate is not Fate.ERRORED
            else []
        )
        for name, results in (("output", good), ("error", bad)):
            if results:
                content = "".join(json.dumps(self._line(each)) + "\n" for each in results).encode()
                identifier = self._desk.identifier("file-")
                file = File(
                    identifier, f"{batch.id}_{name}.jsonl", "batch_output", content, batch.ended or batch.created
                )
                self._files.put(file)
                left[name] = identifier

    def _line(self, result: Result) -> dict[str, Any]:
        line: dict[str, Any] = {"id": self._desk.identifier("batch_req_"), "custom_id": result.row.key}
        if result.fate is Fate.SUCCEEDED:
            return {**line, "response": self._response(200, result.body), "error": None}
        if result.fate is Fate.ERRORED and result.problem:
            body = self._error_body(result.problem)
            return {**line, "response": self._response(result.problem.status, body), "error": None}
        code = "batch_expired" if result.fate is Fate.EXPIRED else "batch_cancelled"
        message = result.problem.message if result.problem else ""
        return {**line, "response": None, "error": {"code": code, "message": message}}

    def _response(self, status: int, body: Mapping[str, Any] | None) -> dict[str, Any]:
        return {"status_code": status, "request_id": self._desk.identifier("req_"), "body": body}


def _status(batch: Batch) -> str:
    if batch.info["errors"]:
        return "failed"
    if batch.ended is None:
        return "in_progress" if batch.cancelled is None else "cancelling"
    expired = batch.fate is Fate.SUCCEEDED and batch.tally()[Fate.EXPIRED]
    return "expired" if expired else _OF_FATE[batch.fate]


def _rows(content: bytes, endpoint: str) -> tuple[list[tuple[str, Mapping[str, Any]]], list[dict[str, Any]]]:
    """The rows of an input file, and what is wrong with it."""
    rows: list[tuple[str, Mapping[str, Any]]] = []
    errors: list[dict[str, Any]] = []
    seen: set[str] = set()
    for number, line in enumerate(content.splitlines(), 1):
        code, message = "", ""
        try:
            row = json.loads(line)
            key, url, _ = row["custom_id"], row["url"], row["body"]["model"]
        except (ValueError, KeyError, TypeError):
            code, message = "invalid_json_line", "This line is not parseable as a valid request."
        else:
            if url != endpoint:
                code, message = "mismatched_endpoint", f"The URL '{url}' does not match the batch's endpoint."
            elif key in seen:
                code, message = "duplicate_custom_id", f"The custom_id '{key}' has already been used."
            else:
                seen.add(key)
                rows.append((key, row))
        if code:
            errors.append({"code": code, "message": message, "line": number, "param": None})
    if not rows and not errors:
        errors.append({"code": "empty_file", "message": "The batch input file is empty.", "line": None, "param": None})
    return rows, errors
