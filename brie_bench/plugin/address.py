"""A server's address, as it may be recorded: one that is a URL and carries no secret."""

from __future__ import annotations

from urllib.parse import urlsplit


def sound(url: str) -> str:
    """`url` in its one spelling: scheme and host in small letters, no slash at the end.

    Raises ValueError, `is no URL` or `may carry a secret`, for what is no HTTP address, and for one with a user, a
    password, a query or a fragment. The message does not show the address.
    """
    url = url.strip()
    try:
        parts = urlsplit(url)
        whole = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        whole = False
    if not whole or any(character.isspace() for character in url):
        raise ValueError("is no URL")
    if "@" in parts.netloc or "?" in url or "#" in url:
        raise ValueError("may carry a secret")
    return parts._replace(scheme=parts.scheme.lower(), netloc=parts.netloc.lower()).geturl().rstrip("/")
