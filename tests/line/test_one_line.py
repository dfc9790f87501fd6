"""What a provider, a proxy or a network does to one judge is one clear line, and the other judges go on."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from conftest import Result

from brie_bench.testing import (
    FakeProvider,
    always,
    forbidden,
    html_page,
    huge,
    invalid_utf8,
    lone_surrogate,
    not_found,
    unauthorized,
)
from brie_bench.testing.fault import Fault
from line.panel import ALIKE, KEYS, LABS, URLS, board, labels, over_a_server, policy, write

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Pointed = Callable[[FakeProvider], None]
N = 2
"""Prompts; twice as many judgments for each judge."""


def run(cli: Cli, suite: Suite) -> Result:
    """Run the panel; a failed call is not tried again."""
    return cli("run", suite(N), "-c", write(over_a_server(ALIKE)), "--attempts", "1")


def judged() -> dict[str, Counter[str | None]]:
    """For each judge, how often it failed in which way; None: it judged."""
    found: dict[str, Counter[str | None]] = {}
    for (judge, _, _), (_, kind) in labels("runs").items():
        found.setdefault(judge, Counter())[kind] += 1
    return found


def lines_about(lab: str, done: Result) -> list[str]:
    """The lines on stderr that speak of the lab's judge."""
    assert "Traceback" not in done.err + done.out
    assert "fault in brie-bench" not in done.err
    return [line for line in done.err.splitlines() if line.startswith((f"{lab}: ", f"brie-bench: {lab} "))]


@pytest.mark.parametrize("lab", LABS)
@pytest.mark.parametrize("fault", [unauthorized(), forbidden(), not_found()], ids=lambda fault: fault.name)
def test_a_judge_that_is_turned_away_stops_at_once_and_alone(
    cli: Cli, suite: Suite, pointed: Pointed, fault: Fault, lab: str
) -> None:
    """A wrong key, no access, a retired model: no call but what was in flight; the variable and the model are named."""
    with FakeProvider(policy(), always(fault).only(model=f"judge-{lab}")) as server:
        pointed(server)
        done = run(cli, suite)
        calls = sum(f"judge-{lab}" == entry.model for entry in server.log)
    assert 1 == done.status
    (line,) = lines_about(lab, done)
    assert f"{lab} could not work: HTTP " in line
    assert KEYS[lab][0] in line
    assert f"judge-{lab}" in line
    assert "Mend it and repeat the command." in line
    assert 1 <= calls <= 2 * N
    others = {other: 2 * N for other in LABS if other != lab}
    assert others == {judge: sum(kinds.values()) for judge, kinds in judged().items()}
    assert set(others) <= {row["judge"] for row in board("runs")["standings"]}
    assert done.out.startswith("|") or "\n|" in done.out


def test_a_key_that_is_not_taken_costs_one_call(cli: Cli, suite: Suite, pointed: Pointed) -> None:
    """With one connection nothing is asked after the first 401; the key mended, the same command goes on."""
    with FakeProvider(policy(), always(unauthorized()).only(model="judge-openai")) as server:
        pointed(server)
        command = ("run", suite(N), "-c", write(over_a_server(ALIKE)), "--max-connections", "1")
        assert 1 == cli(*command).status
        assert 1 == sum(entry.model == "judge-openai" for entry in server.log)
    with FakeProvider(policy(), port=int(server.url.rpartition(":")[2])) as server:
        done = cli(*command)
        assert (0, 2 * N) == (done.status, server.counters.calls), done.err
    assert dict.fromkeys(LABS, 2 * N) == {judge: sum(kinds.values()) for judge, kinds in judged().items()}


NO_ANSWERS = [
    (html_page(502), "error", "a page titled '502 Bad Gateway'"),
    (html_page(200), "error", "a page titled '200 Sign in'"),
    (huge(10_000_000), "unparsed", "characters; 1048576 are read"),
    (invalid_utf8(), "error", "unreadable"),
]


@pytest.mark.parametrize(
    ("fault", "kind", "says", "lab"),
    [(*each, lab) for each in NO_ANSWERS for lab in LABS if (each[0].name, lab) != ("invalid UTF-8", "google")],
    ids=lambda value: value.name if isinstance(value, Fault) else str(value)[:20],
)
def test_an_answer_that_is_none_is_one_line(
    cli: Cli, suite: Suite, pointed: Pointed, fault: Fault, kind: str, says: str, lab: str
) -> None:
    """A proxy's page, ten megabytes, bytes that are no text (google's library replaces them): how many failed, and why; the
    others have judged all."""
    with FakeProvider(policy(), always(fault).only(model=f"judge-{lab}")) as server:
        pointed(server)
        done = run(cli, suite)
    assert 0 == done.status, done.err
    (line,) = lines_about(lab, done)
    assert line.startswith(f"{lab}: {2 * N} judgments failed ({kind}): ")
    assert says in line
    found = judged()
    assert {kind: 2 * N} == found.pop(lab)
    assert {2 * N} == {sum(kinds.values()) for kinds in found.values()}


def test_half_a_surrogate_pair_is_no_reason_to_fail(cli: Cli, suite: Suite, pointed: Pointed) -> None:
    """In a judge's words and in both completions: it is replaced, recorded and shown."""
    with FakeProvider(policy(), always(lone_surrogate())) as server:
        pointed(server)
        done = run(cli, suite)
    assert 0 == done.status, done.err
    assert {2 * N} == {sum(kinds.values()) for kinds in judged().values()}
    assert [] == [line for lab in LABS for line in lines_about(lab, done) if "refused" not in line]


# --- the network


@pytest.mark.parametrize("lab", LABS)
def test_an_address_where_nobody_listens_is_one_line(
    cli: Cli, suite: Suite, pointed: Pointed, monkeypatch: pytest.MonkeyPatch, lab: str
) -> None:
    """A contender's too, when it is the same lab's: then nothing can be judged, and that is said."""
    with FakeProvider(policy()) as server, socket.create_server(("127.0.0.1", 0)) as nobody:
        port = nobody.getsockname()[1]
        nobody.close()
        pointed(server)
        monkeypatch.setenv(URLS[lab], f"http://127.0.0.1:{port}/v1")
        done = run(cli, suite)
    named = {"anthropic": "anthropic", "openai": "rich", "google": "plain"}[lab]
    (line,) = lines_about(named, done)
    assert "no connection: " in line
    assert (0 if lab == "anthropic" else 1) == done.status
    if done.status:
        assert "no verdict at all" in done.err.splitlines()[-1]


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[str]:
    """The address of a server whose certificate nobody has signed but itself."""
    reason = "cryptography is not installed; it comes with google-genai"
    x509 = pytest.importorskip("cryptography.x509", reason=reason)
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nobody")])
    today = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today - datetime.timedelta(days=1))
        .not_valid_after(today + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "server.pem"
    form = serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    file.write_bytes(key.private_bytes(pem, *form) + certificate.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    def greet() -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            try:
                context.wrap_socket(connection, server_side=True).close()
            except OSError:
                connection.close()  # the client has seen the certificate and hung up

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=greet)
        thread.start()
        yield f"https://127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize("lab", LABS)
def test_a_certificate_that_nobody_signed_is_one_line_with_the_mend(
    cli: Cli, suite: Suite, pointed: Pointed, monkeypatch: pytest.MonkeyPatch, untrusted: str, lab: str
) -> None:
    """Nothing is sent; the variable that names a certificate is named."""
    config = over_a_server({lab: "text"}) | {"baseline": "ngram/plain", "contenders": {"rich": "ngram/authored"}}
    with FakeProvider(policy()) as server:
        pointed(server)
        monkeypatch.setenv(URLS[lab], untrusted)
        done = cli("run", suite(N), "-c", write(config))
    assert 1 == done.status
    (line,) = lines_about(lab, done)
    assert "certificate" in line
    assert "SSL_CERT_FILE" in line
