"""Whether servers answer: one request each, without a key, all at the same time, within seconds."""

from __future__ import annotations

import http.client
import ssl
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterable
from urllib.parse import urlsplit

from brie_bench import __version__
from brie_bench.errors import plain

PATIENCE = 2.0
"""Seconds in which a server must have answered."""
_HERE = frozenset(["localhost", "127.0.0.1", "::1"])


def is_here(address: str) -> bool:
    """Whether a URL names this machine."""
    return urlsplit(address).hostname in _HERE


def reach(addresses: Iterable[str], patience: float = PATIENCE) -> dict[str, str]:
    """What is wrong with each server, in words; empty where it answers, whatever it says.

    Addresses are http or https URLs without credentials. It takes `patience` seconds at most, however slow a name server
    or a server is: who has not answered by then does not answer.
    """
    found = dict.fromkeys(addresses, f"no answer within {patience:g} s")

    def ask(address: str) -> None:
        found[address] = _asked(address, patience)

    threads = [threading.Thread(target=ask, args=(address,), daemon=True) for address in found]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + patience
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return dict(found)


def _asked(address: str, patience: float) -> str:
    request = urllib.request.Request(address, headers={"User-Agent": f"brie-bench/{__version__}"})  # noqa: S310  http(s)
    try:
        with urllib.request.urlopen(request, timeout=patience):  # noqa: S310
            return ""
    except urllib.error.HTTPError as error:  # an answer all the same: it wants a key, or another path
        error.close()
        return ""
    except urllib.error.URLError as error:
        return _in_words(error.reason, patience)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return _in_words(error, patience)


def _in_words(reason: object, patience: float) -> str:
    if isinstance(reason, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {plain(reason.verify_message, 120)}"
    if isinstance(reason, TimeoutError):
        return f"no answer within {patience:g} s"
    if isinstance(reason, ConnectionRefusedError):
        return "nothing listens there"
    if isinstance(reason, http.client.HTTPException):
        return "what answers does not speak HTTP"
    return plain(getattr(reason, "strerror", None) or reason, 120)
