"""`brie-bench doctor`: what it sees, what it never shows, and when it says that something is wrong."""

from __future__ import annotations

import importlib.metadata
import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import Result

import brie_bench
from brie_bench.engine.doctor import checkup
from brie_bench.plugin import remote
from brie_bench.plugin.remote import RemoteModel
from brie_bench.testing import FakeProvider

Cli = Callable[..., Result]
KEY = "sk-7Qm2-planted-0123456789"
PROVIDERS = ("anthropic", "google", "openai")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key and no address is set, and every provider's library is taken to be there."""
    for name in PROVIDERS:
        for kind in ("API_KEY", "BASE_URL"):
            monkeypatch.delenv(f"{name.upper()}_{kind}", raising=False)
    for variable in ("GEMINI_API_KEY", "GOOGLE_GEMINI_BASE_URL"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(remote, "_installed", lambda module: True)


def _checks(cli: Cli, *args: object, status: int = 0) -> dict[tuple[str, str], dict[str, Any]]:
    """Area and name to the check."""
    done = cli("doctor", "--format", "json", *args)
    assert (status, "") == (done.status, done.err)
    return {(each["area"], each["name"]): each for each in json.loads(done.out)["checks"]}


def test_a_fresh_machine_is_well(cli: Cli) -> None:
    """Nothing is configured, so nothing is wrong; what could be set is named, and nobody is asked."""
    found = _checks(cli)
    assert brie_bench.__version__ == found["versions", "brie-bench"]["says"]
    assert {"note"} == {found["keys", name]["state"] for name in PROVIDERS}
    assert "Set GOOGLE_API_KEY or GEMINI_API_KEY to use google/… models." == found["keys", "google"]["mend"]
    assert {"note"} == {found["servers", name]["state"] for name in PROVIDERS}
    assert "https://api.openai.com/v1: not asked without --online" == found["servers", "openai"]["says"]
    assert "note" == found["runs", "ledger"]["state"]
    assert not Path("runs").exists()


def test_it_is_printed_in_plain_lines(cli: Cli) -> None:
    """Off a terminal without colours, with what to do below; the last line says how it stands."""
    done = cli("doctor")
    assert (0, "") == (done.status, done.err)
    assert "Nothing is wrong." == done.out.splitlines()[-1]
    assert "Set OPENAI_API_KEY to use openai/… models." in done.out
    assert "\x1b" not in done.out
    assert "|" not in done.out


def test_no_colour_is_obeyed(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Colours only where they are wanted."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    coloured = cli("doctor").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert ("\x1b[32m" in coloured, "\x1b[32m" in cli("doctor").out) == (True, False)


@pytest.mark.parametrize("form", ["text", "json"])
def test_a_key_is_set_and_never_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch, form: str) -> None:
    """Neither its value nor its length."""
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    done = cli("doctor", "--format", form)
    assert 0 == done.status
    assert "OPENAI_API_KEY is set" in done.out
    assert [] == [part for part in (KEY, KEY[:8], KEY[-6:], str(len(KEY))) if part in done.out]


def test_what_is_no_key_is_an_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A pasted sentence; it is not shown either."""
    monkeypatch.setenv("ANTHROPIC_API_KEY", "my secret is this")
    found = _checks(cli, status=1)
    assert "error" == found["keys", "anthropic"]["state"]
    assert "secret" not in json.dumps(list(found.values()))


@pytest.mark.parametrize("address", [f"https://me:{KEY}@h/v1", f"https://h/v1?key={KEY}", "no url"])
def test_an_address_that_cannot_work_is_an_error(cli: Cli, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    """One that carries a secret is never shown."""
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    found = _checks(cli, status=1)
    assert "error" == found["keys", "openai"]["state"]
    assert "OPENAI_BASE_URL" in found["keys", "openai"]["says"]
    assert KEY not in json.dumps(list(found.values()))
    assert ("servers", "openai") not in found


def test_a_server_on_this_machine_is_asked(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Once, and without the key."""
    with FakeProvider() as server:
        monkeypatch.setenv("OPENAI_BASE_URL", server.openai_url)
        monkeypatch.setenv("OPENAI_API_KEY", KEY)
        found = _checks(cli)
        assert ("ok", f"{server.openai_url} (OPENAI_BASE_URL): answers") == (
            found["servers", "openai"]["state"],
            found["servers", "openai"]["says"],
        )
        assert ["authorization" in entry.headers for entry in server.log] == [False]


def test_a_server_that_is_down_is_an_error(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is configured, and cannot work."""
    with FakeProvider() as server:
        address = server.openai_url
    monkeypatch.setenv("OPENAI_BASE_URL", address)
    assert f"{address} (OPENAI_BASE_URL): nothing listens there" == _checks(cli, status=1)["servers", "openai"]["says"]


def test_online_asks_the_providers_that_have_a_key(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no other."""
    asked: list[str] = []
    monkeypatch.setattr(checkup, "reach", lambda addresses: {each: "" for each in addresses if not asked.append(each)})
    monkeypatch.setenv("ANTHROPIC_API_KEY", KEY)
    found = _checks(cli, "--online")
    assert ["https://api.anthropic.com"] == asked
    assert "ok" == found["servers", "anthropic"]["state"]
    assert "https://api.openai.com/v1: not asked without a key" == found["servers", "openai"]["says"]


def test_a_missing_library_is_told_with_what_to_install(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """A note; a warning where a key waits for it."""
    monkeypatch.setattr(remote, "_installed", lambda module: False)
    monkeypatch.setattr(checkup, "_installed", lambda name: "" if name == "openai" else "99.0")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    found = _checks(cli)
    assert ("note", "not installed: openai", "pip install 'brie-bench[openai]'") == (
        found["extras", "openai"]["state"],
        found["extras", "openai"]["says"],
        found["extras", "openai"]["mend"],
    )
    assert ("warning", "note") == (found["keys", "openai"]["state"], found["keys", "anthropic"]["state"])
    assert "OPENAI_API_KEY is set, but openai is not installed" == found["keys", "openai"]["says"]
    assert "ok" == found["extras", "google"]["state"]


def test_an_old_library_is_a_warning(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With what is needed, and how to get it."""
    monkeypatch.setattr(checkup, "_installed", lambda name: "1.0" if name == "anthropic" else "99.0")
    found = _checks(cli)["extras", "anthropic"]
    assert ("warning", "pip install 'brie-bench[anthropic]'") == (found["state"], found["mend"])
    assert "needed: anthropic >= 2.11" in found["says"]


def test_an_extra_of_extras_is_not_listed(cli: Cli) -> None:
    """Nor those that only those who build it need."""
    listed = {name for area, name in _checks(cli) if area == "extras"}
    assert set(PROVIDERS) <= listed
    assert set() == listed & {"all", "providers", "test", "mutation"}


def test_a_broken_plugin_is_a_warning(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With its reason; nothing that is configured needs it."""
    entry = importlib.metadata.EntryPoint("torn", "no_such_module_at_all", "brie_bench")
    entries = [*importlib.metadata.entry_points(group="brie_bench"), entry]
    monkeypatch.setattr(importlib.metadata, "entry_points", lambda group: entries)
    found = _checks(cli)["plugins", "torn"]
    assert "warning" == found["state"]
    assert "no_such_module_at_all" in found["says"]


def test_a_disabled_plugin_is_noted(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the variable that does it; a provider that is disabled is not spoken of."""
    monkeypatch.setenv("BRIE_BENCH_DISABLE_PLUGINS", "openai")
    found = _checks(cli)
    assert "disabled by BRIE_BENCH_DISABLE_PLUGINS" == found["plugins", "openai"]["says"]
    assert ("keys", "openai") not in found


def test_a_plugin_from_outside_is_looked_at_too(cli: Cli, plugged: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is a `RemoteModel` has a key and a server."""

    class Elsewhere(RemoteModel):
        """A fourth lab."""

        name = "elsewhere"
        library = "json"
        home = "https://api.example.org"
        url_variables = ("ELSEWHERE_URL",)
        key_variables = ("ELSEWHERE_KEY",)
        honours = frozenset()
        open = ask = send = search = fetch = lambda self, *args: None  # type: ignore[assignment]

    plugged(models=(Elsewhere,))
    monkeypatch.setenv("ELSEWHERE_KEY", KEY)
    assert "ELSEWHERE_KEY is set" == _checks(cli)["keys", "elsewhere"]["says"]


def test_the_ledger_is_counted(cli: Cli, recorded: str) -> None:
    """Runs and verdicts."""
    assert ": 1 run, 4 verdicts, " in _checks(cli)["runs", "ledger"]["says"]


@pytest.mark.parametrize(
    ("content", "says"), [(b"no database at all" * 100, "not a database"), (b"", "another program's")]
)
def test_a_ledger_that_is_none_is_an_error(cli: Cli, tmp_path: Path, content: bytes, says: str) -> None:
    """A damaged file, and somebody else's."""
    folder = tmp_path / "theirs"
    folder.mkdir()
    path = folder / "ledger.sqlite"
    if content:
        path.write_bytes(content)
    else:
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE cheese (name TEXT)")
        database.close()
    found = _checks(cli, "--runs", folder, status=1)["runs", "ledger"]
    assert says in found["says"]
    assert "--runs" in found["mend"]


def test_a_folder_that_is_a_file_is_an_error(cli: Cli, tmp_path: Path) -> None:
    """Nothing can be written there."""
    (tmp_path / "file").write_text("x")
    assert "error" == _checks(cli, "--runs", tmp_path / "file" / "runs", status=1)["runs", "folder"]["state"]


def test_a_full_disk_is_a_warning(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """Before a run fills it."""
    monkeypatch.setattr(checkup, "_SMALL", 2**62)
    assert "warning" == _checks(cli)["runs", "disk"]["state"]


def test_torch_is_not_imported(process: Callable[..., Result], tmp_path: Path) -> None:
    """Its version comes from its metadata, and no provider's library is imported either."""
    for module in ("torch", "openai", "anthropic"):
        (tmp_path / f"{module}.py").write_text("raise SystemExit('imported')")
    done = process("doctor", PYTHONPATH=str(tmp_path))
    assert (0, "") == (done.status, done.err), done.out


def test_a_gpu_is_shown(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As the driver names it."""
    program = tmp_path / "nvidia-smi"
    program.write_text("#!/bin/sh\necho 'A Fine GPU, 24576 MiB'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "A Fine GPU, 24576 MiB" == _checks(cli)["machine", "GPU"]["says"]
