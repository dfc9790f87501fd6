"""openai's files: uploads, and what batches leave behind."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import Any

from brie_bench.testing.problem import Problem

_BOUNDARY = re.compile(r'boundary="?([^";]+)')
_PARAMETER = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


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

    def put(self, file: File) -> None:
        """Keep it."""
        with self._lock:
            self._files[file.id] = file

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
        if not found:
            continue
        parameters = dict(_PARAMETER.findall(head.decode("utf-8", "replace")))
        parts[parameters.get("name", "")] = (parameters.get("filename", ""), content)
    return parts
