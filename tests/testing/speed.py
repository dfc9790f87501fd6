"""How many calls a second the fake provider answers, asked by a trivial client. Run by hand: `python tests/testing/speed.py`.

The server runs in a process of its own; the client sends the same bytes over and over on kept connections and reads no
more than it must, so that what is measured is the server.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

JUDGED = "\n\n".join(
    [
        "The prompt and the two responses stand between lines that hold the mark 0123456789abcdef.",
        "--- 0123456789abcdef begin prompt, user turn\nWhat is the use of a river?\n--- 0123456789abcdef end prompt, user turn",
        f"--- 0123456789abcdef begin response A\n{'One river is many rivers. ' * 60}\n--- 0123456789abcdef end response A",
        f"--- 0123456789abcdef begin response B\n{'Another river was here. ' * 60}\n--- 0123456789abcdef end response B",
        "Score each response from 1 (poor) to 5 (excellent) on each criterion: creativity, coherence, depth.",
    ]
)
BODY = {"model": "m", "messages": [{"role": "user", "content": JUDGED}], "max_completion_tokens": 1024}


def request(body: object) -> bytes:
    """The bytes of one call."""
    data = json.dumps(body).encode()
    head = f"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\nauthorization: Bearer k\r\ncontent-length: {len(data)}\r\n\r\n"
    return head.encode() + data


def answer(connection: socket.socket) -> None:
    """Read one response."""
    data = b""
    while (end := data.find(b"\r\n\r\n")) < 0:
        data += connection.recv(65536)
    length = int(data[: end + 2].split(b"content-length: ")[1].split(b"\r\n")[0])
    missing = end + 4 + length - len(data)
    while missing > 0:
        missing -= len(connection.recv(65536))


def ask(port: int, data: bytes, times: int) -> None:
    """Ask that often over one connection."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(times):
            connection.sendall(data)
            answer(connection)


def measure(port: int, body: object, connections: int, times: int) -> float:
    """Calls a second."""
    data = request(body)
    threads = [threading.Thread(target=ask, args=(port, data, times)) for _ in range(connections)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return connections * times / (time.perf_counter() - started)


def serving(*options: str) -> tuple[subprocess.Popen[str], int]:
    """A server's process and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "brie_bench.testing", *options], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(6)]
    return process, int(lines[0].rsplit(":", 1)[1])


def tell(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def cpu_seconds(process: subprocess.Popen[str]) -> float:
    """What a process has used of a core so far (Linux)."""
    fields = Path(f"/proc/{process.pid}/stat").read_text().rpartition(")")[2].split()
    return sum(int(ticks) for ticks in fields[11:13]) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    """Print the table."""
    short = {"model": "m", "messages": [{"role": "user", "content": "hi"}]}
    tell("calls a second                      1 connection   32 connections   ms CPU a call")
    process, port = serving()
    for name, body in (("a judging request of 3 KB", BODY), ("a short request, 60 words back", short)):
        measure(port, body, 1, 200)
        before = cpu_seconds(process)
        alone, many = measure(port, body, 1, 3000), measure(port, body, 32, 200)
        used = (cpu_seconds(process) - before) / (3000 + 32 * 200)
        tell(f"{name:34s} {alone:14.0f} {many:16.0f} {used * 1000:16.2f}")
    process.terminate()
    counters = json.loads(process.communicate()[0])
    tell(f"{counters['billed']} billed over {counters['connections']} connections")
    process, port = serving("--latency", "0.2")
    before, started = cpu_seconds(process), time.perf_counter()
    measure(port, BODY, 32, 32)
    wall, used = time.perf_counter() - started, cpu_seconds(process) - before
    tell(f"1024 calls at 200 ms, 32 at a time: {wall:.2f} s (6.40 s is the least), {used:.2f} s of CPU")
    process.terminate()
    process.wait()


if __name__ == "__main__":
    main()
