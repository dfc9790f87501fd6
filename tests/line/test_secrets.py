"""Keys are planted, and whatever is written is searched for them: every file of a run, stdout, stderr, the libraries' logs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result

from brie_bench import testing
from brie_bench.testing import ANYTHING, FakeProvider, Rule, always, repeating, share, unauthorized
from line.panel import ALIKE, KEYS, LABS, MIXED, URLS, over_a_server, policy, write

Cli = Callable[..., Result]
Suite = Callable[..., Path]
Pointed = Callable[[FakeProvider], None]

SECRETS = [secret for _, secret in KEYS.values()]
SECRET = re.compile("|".join([*SECRETS, r"Bearer(?! \[key\])"]).encode())
"""A key, or an `Authorization` header's value that is not replaced by `[key]`."""


def leaks(folder: Path | str, *said: str) -> list[str]:
    """Where one of them stands: in a file of the folder, or in what was said."""
    texts = {str(path): path.read_bytes() for path in Path(folder).rglob("*") if path.is_file()}
    texts |= {f"output {i}": text.encode() for i, text in enumerate(said)}
    return [f"{match[0].decode()} in {where}" for where, text in texts.items() for match in SECRET.finditer(text)]


@pytest.fixture
def planted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys, for commands that reach no server of ours."""
    monkeypatch.delenv("GOOGLE_API_KEY", raising=False)
    for lab in LABS:
        monkeypatch.setenv(*KEYS[lab])
        monkeypatch.delenv(URLS[lab], raising=False)


def test_the_server_repeats_what_it_was_sent() -> None:
    """Or the tests below would prove nothing."""
    with FakeProvider(faults=always(repeating(403))) as server:
        asked = urllib.request.Request(f"{server.url}/v1/messages", b"{}", {"authorization": f"Bearer {SECRETS[0]}"})
        with pytest.raises(urllib.error.HTTPError) as caught:
            urllib.request.urlopen(asked)
        page = caught.value.read().decode()
    assert 403 == caught.value.code
    assert [f"{SECRETS[0]} in output 0", "Bearer in output 0"] == sorted(leaks("nowhere", page), reverse=True)


FAULTS: dict[str, Rule] = {
    "401": always(unauthorized()),
    "a page with every header, 401": always(repeating(401)),
    "a page with every header, 400": always(repeating(400)),
    "a page with every header in place of an answer": always(repeating(200)),
    "now and then a page with every header": share(repeating(502), 0.3),
}


POSTED = ("--batch", "--batch-pause", "0.1")


@pytest.mark.parametrize(
    ("fault", "batch"),
    [
        *((fault, ()) for fault in FAULTS),
        ("a page with every header, 400", POSTED),
        ("now and then a page with every header", POSTED),
    ],
)
def test_a_run_against_a_server_that_repeats_headers_writes_no_key(
    cli: Cli, suite: Suite, pointed: Pointed, fault: str, batch: tuple[str, ...]
) -> None:
    """In the ledger and its side files, in records, tables and messages, and in what other commands show of them."""
    done = []
    with FakeProvider(policy(), FAULTS[fault].only(endpoints=ANYTHING)) as server:
        pointed(server)
        command = ("run", suite(2), "-c", write(over_a_server(ALIKE)), "--attempts", "1", "--timeout", "2", *batch)
        done.append(cli(*command))
        (run,) = (path.parent.name for path in Path("runs").glob("*/run.json"))
        done.append(cli("judge-exam", "openai/judge-openai", "anthropic/judge-anthropic", "--attempts", "1"))
        done += [cli(*args) for args in (("leaderboard", run), ("audit", run), ("doctor", "--online"), ("runs",))]
        assert server.counters.faults
    assert [] == leaks(".", *(each.out + each.err for each in done))
    assert [] == [each.err for each in done if "Traceback" in each.err or "fault in brie-bench" in each.err]


def test_an_answer_that_repeats_the_key_is_recorded_without_it(cli: Cli, suite: Suite, pointed: Pointed) -> None:
    """A gateway may hand a model its own headers: in a contender's text and in a judge's reasons `[key]` stands there."""
    texts = {
        "rich": testing.says(f"I was called with {KEYS['openai'][1]}."),
        "plain": testing.says(f"Authorization: Bearer {KEYS['google'][1]}"),
        "judge-*": testing.says(f"Winner: A\nReasoning: {KEYS['anthropic'][1]} says so."),
    }
    config = over_a_server({"anthropic": "text"})
    with FakeProvider(testing.by_model(texts)) as server:
        pointed(server)
        done = cli("run", suite(2), "-c", write(config))
    assert 0 == done.status, done.err
    assert [] == leaks(".", done.out, done.err)
    assert b"[key]" in b"".join(path.read_bytes() for path in Path("runs").glob("ledger.sqlite*"))


@pytest.mark.usefixtures("planted")
def test_what_asks_nobody_shows_no_key(cli: Cli, suite: Suite) -> None:
    """The forecast, the check-up in both forms, a plugin's page."""
    folder = suite(2)
    done = [
        cli("run", folder, "-c", write(over_a_server(MIXED)), "--dry-run"),
        cli("doctor"),
        cli("doctor", "--format", "json"),
        *(cli("plugins", "show", lab) for lab in LABS),
    ]
    assert {0} == {each.status for each in done}, done
    assert [] == leaks(".", *(each.out + each.err for each in done))
    assert "ANTHROPIC_API_KEY is set" in done[1].out


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize("lab", LABS)
def test_an_address_that_carries_a_key_is_refused_and_not_shown(
    cli: Cli, suite: Suite, monkeypatch: pytest.MonkeyPatch, lab: str
) -> None:
    """As a user, as a password, in a query: one line that names the variable; the check-up says it too."""
    key = KEYS[lab][1]
    for url in (f"https://{key}@host/v1", f"https://user:{key}@host/v1", f"https://host/v1?key={key}", f"ftp://{key}"):
        monkeypatch.setenv(URLS[lab], url)
        run = cli("run", suite_once(suite), "--baseline", "ngram/plain", "--contender", f"new={lab}/m")
        doctor = cli("doctor")
        assert (1, "", 1) == (run.status, run.out, len(run.err.splitlines()))
        assert URLS[lab] in run.err
        assert URLS[lab] in doctor.out
        assert 1 == doctor.status
        assert [] == leaks(".", run.err, doctor.out, doctor.err)


def suite_once(suite: Suite) -> Path:
    """The suite, written once."""
    return Path("tiny") if Path("tiny").exists() else suite(1)


@pytest.mark.usefixtures("planted")
@pytest.mark.parametrize(
    "options",
    [
        {"api_key": SECRETS[1]},
        {"key_variable": SECRETS[1]},
        {"base_url": f"http://{SECRETS[1]}@127.0.0.1"},
        {"timeout": SECRETS[1]},
    ],
    ids=["an option that there is not", "in place of the variable", "in the address", "anywhere"],
)
def test_a_key_in_a_configuration_is_refused_and_not_repeated(
    cli: Cli, suite: Suite, tmp_path_factory: pytest.TempPathFactory, options: dict[str, Any]
) -> None:
    """One line; a key is no option."""
    config = over_a_server({}) | {"judges": ["first"]}
    config["contenders"] = {"rich": {"name": "openai/rich", "options": options}}
    done = cli("run", suite(1), "-c", write(config, str(tmp_path_factory.mktemp("elsewhere") / "config.yaml")))
    assert (1, 1) == (done.status, len(done.err.splitlines())), done.err
    assert [] == leaks(".", done.out, done.err)


def process(folder: Path, *args: object, **environment: str) -> Result:
    """`python -m brie_bench` as a process of its own, with the libraries' logs at their loudest."""
    loud = {"ANTHROPIC_LOG": "debug", "OPENAI_LOG": "debug", "PYTHONASYNCIODEBUG": "1", **environment}
    done = subprocess.run(
        [sys.executable, "-m", "brie_bench", *map(str, args)],
        capture_output=True,
        text=True,
        cwd=folder,
        env={**os.environ, **loud},
    )
    return Result(done.returncode, done.stdout, done.stderr)


def test_the_libraries_logs_and_tracebacks_hold_no_key(suite: Suite, pointed: Pointed, tmp_path: Path) -> None:
    """At their loudest, in a process of its own; and where an error is shown with all its frames."""
    folder = suite(2)
    config = write(over_a_server(MIXED), str(tmp_path / "config.yaml"))
    with FakeProvider(policy(), share(repeating(401), 0.2)) as server:
        pointed(server)
        done = process(tmp_path, "--traceback", "run", folder, "-c", config, "--attempts", "1")
    assert "DEBUG" in done.err
    crashed = process(tmp_path, "--traceback", "run", folder, "-c", config, OPENAI_BASE_URL=f"http://{SECRETS[1]}@host")
    assert "Traceback" in crashed.err
    assert [] == leaks(tmp_path, done.out, done.err, crashed.out, crashed.err)
