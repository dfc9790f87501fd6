"""openai's files and batches: an input file of JSONL, an output file, an error file."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from brie_bench.testing.asking import Ending, Usage
from brie_bench.testing.batches import WINDOW, Batch, Fate, Result, Row
from brie_bench.testing.desk import Problem
from brie_bench.testing.protocols.protocol import Call, Protocol

_BOUNDARY = re.compile(r'boundary="?([^";]+)')
_PARAMETER = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_FAILED = {"code": "server_error", "message": "The batch failed.", "line": None, "param": None}
_OF_FATE = {Fate.SUCCEEDED: "completed", Fate.EXPIRED: "expired", Fate.CANCELLED: "cancelled", Fate.ERRORED: "failed"}


@dataclass(frozen=True)
class File:
    """A kept file."""

    id: str
    name: str
    purpose: str
    content: bytes
    created: float

    def described(self) -> dict[str, Any]:
        """As the API describes it."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": len(self.content),
            "created_at": int(self.created),
            "expires_at": None,
            "filename": self.name,
            "purpose": self.purpose,
            "status": "processed",
            "status_details": None,
        }


class FileStore:
    """All files of a server."""

    def __init__(self) -> None:
        self._files: dict[str, File] = {}
        self._lock = threading.Lock()

    def put(self, identifier: str, name: str, purpose: str, content: bytes, now: float) -> File:
        """Keep a file."""
        with self._lock:
            return self._files.setdefault(identifier, File(identifier, name, purpose, content, now))

    def get(self, identifier: str) -> File:
        """Raises Problem."""
        with self._lock:
            file = self._files.get(identifier)
        if file is None:
            raise Problem(404, f"No such File object: {identifier}", reason="not_found")
        return file

    def remove(self, identifier: str) -> None:
        """Raises Problem."""
        self.get(identifier)
        with self._lock:
            self._files.pop(identifier, None)

    def all(self) -> list[File]:
        """The newest first."""
        with self._lock:
            return list(reversed(self._files.values()))


def form_parts(content_type: str, body: bytes) -> dict[str, tuple[str, bytes]]:
    """The parts of a `multipart/form-data` body: name to file name and content. Raises Problem."""
    boundary = _BOUNDARY.search(content_type)
    if boundary is None or not content_type.startswith("multipart/form-data"):
        raise Problem(400, "Invalid content type: expected multipart/form-data with a boundary.")
    parts = {}
    for part in (b"\r\n" + body).split(b"\r\n--" + boundary[1].encode())[1:]:
        head, found, content = part.removeprefix(b"\r\n").partition(b"\r\n\r\n")
        if found:
            parameters = dict(_PARAMETER.findall(head.decode("utf-8", "replace")))
            parts[parameters.get("name", "")] = (parameters.get("filename", ""), content)
    return parts


class Batches:
    """Batches over files."""

    def __init__(self, protocol: Protocol, files: FileStore, calls: Mapping[str, Call]) -> None:
        self._protocol = protocol
        self._files = files
        self._calls = calls

    def create(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """A new batch. A file that is not as it should be makes a failed one, as with the real service."""
        endpoint = str(body.get("endpoint"))
        if endpoint not in self._calls:
            raise Problem(400, f"Invalid value: '{endpoint}' at 'endpoint'.", reason="invalid_value")
        if body.get("completion_window") != "24h":
            raise Problem(400, "Invalid value at 'completion_window': only '24h' is supported.", reason="invalid_value")
        file = self._files.get(str(body.get("input_file_id")))
        rows, errors = _rows(file.content, endpoint)
        info = {"endpoint": endpoint, "input_file_id": file.id, "metadata": body.get("metadata"), "errors": errors}
        name = self._protocol.desk.identifier("batch_")
        return self._described(self._protocol.batches.open("openai", name, [] if errors else rows, info))

    def look(self, name: str) -> dict[str, Any]:
        """Poll a batch."""
        batch = self._protocol.batches.get("openai", name)
        self._protocol.batches.look(batch, self._answer, self._leave_files)
        return self._described(batch)

    def cancel(self, name: str) -> dict[str, Any]:
        """Cancel a batch."""
        return self._described(self._protocol.batches.cancel("openai", name))

    def list(self, after: str | None, limit: int) -> dict[str, Any]:
        """A page of batches, the newest first."""
        batches, more = self._protocol.page(after, limit)
        first, last = (batches[0].id, batches[-1].id) if batches else (None, None)
        data = [self.look(batch.id) for batch in batches]
        return {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": more}

    def _described(self, batch: Batch) -> dict[str, Any]:
        status, tally = _status(batch), batch.tally()
        ended = None if batch.ended is None else int(batch.ended)
        errors = batch.info["errors"] or ([_FAILED] if status == "failed" else [])
        return {
            "id": batch.id,
            "object": "batch",
            "endpoint": batch.info["endpoint"],
            "errors": {"object": "list", "data": errors} if errors else None,
            "input_file_id": batch.info["input_file_id"],
            "completion_window": "24h",
            "status": status,
            "output_file_id": batch.files.get("output"),
            "error_file_id": batch.files.get("error"),
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
        return self._protocol.answered(self._calls[row.body["url"]], row.body["body"], ending)

    def _leave_files(self, batch: Batch) -> None:
        """The output file and the error file, where there is something to put into them."""
        for name, succeeded in (("output", True), ("error", False)):
            results = [each for each in batch.results if (each.fate is Fate.SUCCEEDED) is succeeded]
            if results and batch.fate is not Fate.ERRORED:
                content = "".join(json.dumps(self._line(each)) + "\n" for each in results).encode()
                file = self._protocol.desk.identifier("file-")
                now = batch.ended or batch.created
                self._files.put(file, f"{batch.id}_{name}.jsonl", "batch_output", content, now)
                batch.files[name] = file

    def _line(self, result: Result) -> dict[str, Any]:
        desk, problem = self._protocol.desk, result.problem
        line: dict[str, Any] = {"id": desk.identifier("batch_req_"), "custom_id": result.row.key}
        if result.fate in (Fate.SUCCEEDED, Fate.ERRORED):
            body = self._protocol.error_body(problem, None) if problem else result.body
            status = problem.status if problem else 200
            response = {"status_code": status, "request_id": desk.identifier("req_"), "body": body}
            return {**line, "response": response, "error": None}
        code = "batch_expired" if result.fate is Fate.EXPIRED else "batch_cancelled"
        return {**line, "response": None, "error": {"code": code, "message": problem.message if problem else ""}}


def _status(batch: Batch) -> str:
    if batch.info["errors"]:
        return "failed"
    if batch.ended is None:
        return "in_progress" if batch.cancelled is None else "cancelling"
    expired = batch.fate is Fate.SUCCEEDED and batch.tally()[Fate.EXPIRED]
    return "expired" if expired else _OF_FATE[batch.fate]


def _rows(content: bytes, endpoint: str) -> tuple[list[tuple[str, Mapping[str, Any]]], list[dict[str, Any]]]:
    """The rows of an input file, and what is wrong with it."""
    rows: dict[str, Mapping[str, Any]] = {}
    errors: list[tuple[str, str, int | None]] = []
    for number, line in enumerate(content.splitlines(), 1):
        try:
            row = json.loads(line)
            key, url, _ = row["custom_id"], row["url"], row["body"]["model"]
        except (ValueError, KeyError, TypeError):
            errors.append(("invalid_json_line", "This line is not parseable as a valid request.", number))
            continue
        if url != endpoint:
            errors.append(("mismatched_endpoint", f"The URL '{url}' does not match the batch's endpoint.", number))
        elif key in rows:
            errors.append(("duplicate_custom_id", f"The custom_id '{key}' has already been used.", number))
        else:
            rows[key] = row
    if not rows and not errors:
        errors.append(("empty_file", "The batch input file is empty.", None))
    told = [{"code": code, "message": message, "line": line, "param": None} for code, message, line in errors]
    return list(rows.items()), told
