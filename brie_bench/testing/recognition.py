"""Which protocol a request speaks: three of them share a port, and some of their paths."""

from __future__ import annotations

from collections.abc import Mapping


def protocol_of(path: str, query: str, headers: Mapping[str, str]) -> str:
    """By the headers that only one library sends, then by the path; openai's, which many speak, is what is left."""
    if "anthropic-version" in headers or path.startswith("/v1/messages"):
        return "anthropic"
    if any(name.startswith("x-goog-") for name in headers) or query.startswith("key=") or "&key=" in query:
        return "google"
    return "google" if path.startswith("/v1beta") or ":" in path else "openai"
