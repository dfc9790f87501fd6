"""The command line itself: fast to start, one line for whatever goes wrong, the documented exit statuses."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from conftest import ROOT, Result, judge_class

import brie_bench
from brie_bench import Verdict
from brie_bench import cli as package
from brie_bench.cli.group import COMMANDS
from brie_bench.cli.group import cli as group
from brie_bench.errors import BrieError
from brie_bench.plugin.catalog import Catalog

Cli = Callable[..., Result]
HEAVY = {
    "pydantic",
    "pydantic_core",
    "numpy",
    "scipy",
    "asyncio",
    "pluggy",
    "rich",
    "yaml",
    "tabulate",
    "jsonschema",
    "tenacity",
}
HEAVY |= {"anthropic", "openai", "google", "httpx", "torch", "transformers", "importlib.metadata", "sqlite3"}


def _all_commands(command: click.Command = group, names: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    if not isinstance(command, click.Group):
        return [names]
    context = click.Context(command)
    inner = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [names, *(found for name, each in inner if each for found in _all_commands(each, (*names, name)))]


# start


@pytest.mark.parametrize("args", [["--help"], ["-h"], ["--version"], [], ["--no-such-option"]])
def test_help_and_version_import_nothing_heavy(process: Cli, args: list[str]) -> None:
    """Neither pydantic, numpy nor asyncio, no plugin machinery and no provider library."""
    done = process(*args, python=("-X", "importtime"))
    imported = {line.rpartition("|")[2].strip() for line in done.err.splitlines() if line.startswith("import time:")}
    assert {"click", "brie_bench.cli.group"} <= imported
    assert set() == HEAVY & imported
    assert set() == {name for name in imported if name.startswith("brie_bench_")}


def test_version_is_the_distributions(cli: Cli) -> None:
    """One line."""
    assert Result(0, f"brie-bench {brie_bench.__version__}\n", "") == cli("--version")


@pytest.mark.parametrize("name", COMMANDS)
def test_the_line_of_help_is_the_commands_own(name: str) -> None:
    """The table that spares importing a command does not drift from it."""
    command = importlib.import_module(f"brie_bench.cli.{name.replace('-', '_')}_command").command
    assert COMMANDS[name] == command.get_short_help_str(200)


def test_every_command_of_the_folder_is_in_the_table() -> None:
    """One file a command, and no file without one."""
    files = {path.name.removesuffix("_command.py") for path in (ROOT / "brie_bench" / "cli").glob("*_command.py")}
    assert files == {name.replace("-", "_") for name in COMMANDS}


@pytest.mark.parametrize("names", _all_commands(), ids=" ".join)
@pytest.mark.parametrize("flag", ["--help", "-h"])
def test_every_command_has_help(cli: Cli, names: tuple[str, ...], flag: str) -> None:
    """On stdout, with a first sentence, and nothing on stderr."""
    done = cli(*names, flag)
    assert (0, "") == (done.status, done.err)
    assert done.out.startswith(f"Usage: {' '.join(['brie-bench', *names])} [OPTIONS]")
    assert done.out.split("\n\n")[1].strip()


@pytest.mark.parametrize("names", _all_commands(), ids=" ".join)
def test_every_option_is_described(names: tuple[str, ...]) -> None:
    """In a sentence."""
    command: click.Command = group
    for name in names:
        assert isinstance(command, click.Group)
        found = command.get_command(click.Context(command), name)
        assert found is not None
        command = found
    options = [each for each in command.params if isinstance(each, click.Option)]
    assert [] == [each.name for each in options if not (each.help or "").endswith(".")]


# wrong usage


@pytest.mark.parametrize(
    ("expected", "args"),
    [
        ("No such command 'ruun'. Did you mean 'run'? See 'brie-bench --help'.", ["ruun"]),
        ("No such command 'zzz'. Known: audit, compare,", ["zzz"]),
        ("No such command '\\x1b[31m'. Known: ", ["\x1b[31m"]),
        ("No such option '--verson'. Did you mean '--version'? See 'brie-bench --help'.", ["--verson"]),
        (
            "No such option '--jduge'. Did you mean '--judge'? See 'brie-bench run --help'.",
            ["run", "x", "--jduge", "coin"],
        ),
        ("Missing argument 'SUITE'. See 'brie-bench run --help'.", ["run"]),
        ("Missing option '--judge'. See 'brie-bench judge --help'.", ["judge", "x"]),
        ("Missing argument 'RUN…'. See 'brie-bench leaderboard --help'.", ["leaderboard"]),
        ("No such command 'lsit'.", ["suite", "lsit"]),
        ("Got unexpected extra argument (y). See 'brie-bench run --help'.", ["run", "x", "y"]),
        ("Option '--seed' requires an argument. See 'brie-bench", ["run", "x", "--seed"]),
    ],
)
def test_wrong_usage_is_one_line_and_status_2(cli: Cli, expected: str, args: list[str]) -> None:
    """What, the nearest right thing, and where the help is; nothing on stdout."""
    done = cli(*args)
    assert (2, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert done.err.startswith(f"brie-bench: {expected}")


@pytest.mark.parametrize("args", [[], ["suite"], ["plugins"], ["schema"]])
def test_a_group_without_a_command_shows_its_help(cli: Cli, args: list[str]) -> None:
    """Readably, on stderr, as wrong usage."""
    done = cli(*args)
    assert (2, "") == (done.status, done.out)
    assert done.err.startswith(f"Usage: {' '.join(['brie-bench', *args])} [OPTIONS] COMMAND")
    assert "\nCommands:\n" in done.err


# errors


def test_an_error_is_one_line_and_status_1(cli: Cli) -> None:
    """On stderr."""
    done = cli("suite", "show", "comprehensiv57")
    assert Result(1, "", "brie-bench: no suite 'comprehensiv57'. Did you mean 'comprehensive57'?\n") == done


@pytest.mark.parametrize("args", [["--traceback", "suite", "show", "nope"], ["suite", "show", "nope", "--traceback"]])
def test_traceback_shows_where_an_error_comes_from(process: Cli, args: list[str]) -> None:
    """Before the command or after it."""
    done = process(*args)
    assert 1 == done.status
    assert "Traceback (most recent call last)" in done.err
    assert "no suite 'nope'" in done.err.splitlines()[-1]


def test_traceback_shows_where_wrong_usage_comes_from(cli: Cli) -> None:
    """As of any error."""
    with pytest.raises(click.UsageError, match="No such option"):
        cli("run", "--traceback", "--no-such-option")


def test_traceback_changes_nothing_where_nothing_is_wrong(cli: Cli) -> None:
    """It is a flag of every command."""
    assert cli("suite", "list") == cli("suite", "list", "--traceback") == cli("--traceback", "suite", "list")


def test_a_fault_of_the_tools_own_says_so_in_one_line(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how to see the rest; `--traceback` shows it."""

    def fault(*_: object) -> None:
        raise ZeroDivisionError("oh\n\x1b[2J")

    monkeypatch.setattr("brie_bench.shipped.suite_names", fault)
    done = cli("suite", "list")
    expected = "ZeroDivisionError: oh \\x1b[2J This is a fault in brie-bench. Repeat with --traceback and report it."
    assert Result(1, "", f"brie-bench: {expected}\n") == done
    with pytest.raises(ZeroDivisionError):
        cli("suite", "list", "--traceback")


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort(), EOFError()])
def test_an_interruption_is_status_130(cli: Cli, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Without a traceback."""

    def interrupted(*_: object) -> None:
        raise error

    monkeypatch.setattr("brie_bench.shipped.suite_names", interrupted)
    done = cli("suite", "list")
    assert (130, "", "brie-bench: interrupted") == (done.status, done.out, done.err.strip())


def test_whatever_an_error_names_is_printed_plainly(cli: Cli) -> None:
    """An argument cannot move the terminal's cursor."""
    done = cli("suite", "show", "\x1b[2J\u202ex")
    assert (1, "brie-bench: no suite '\\x1b[2J\\u202ex'.") == (done.status, done.err.partition(" Known")[0])


@pytest.mark.parametrize("head", [b"", b"x"])
def test_a_reader_that_closes_the_pipe_gets_no_traceback(suite: Callable[..., Path], head: bytes) -> None:
    """As `brie-bench … | head -1` does, before anything is written or after; what is written fills more than a pipe."""
    command = [sys.executable, "-m", "brie_bench", "suite", "show", str(suite(3000)), "--prompts"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    assert process.stderr is not None
    if head:
        process.stdout.read(1)
    process.stdout.close()
    told = process.stderr.read()
    process.stderr.close()
    assert (b"", True) == (told, process.wait() in (1, 141))


def test_what_is_printed_fits_a_narrow_encoding(process: Cli) -> None:
    """A terminal that does not know a dash gets an escape, not a crash after the work."""
    done = process("run", "comprehensive57", "--limit", "1", "--judge", "coin", PYTHONIOENCODING="latin-1")
    assert 0 == done.status, done.err
    assert "\\u2013" in done.out


def test_a_file_name_that_is_no_text_is_told(process: Cli) -> None:
    """Bytes that are no UTF-8 on the command line."""
    done = process("suite", "show", os.fsdecode(b"\xff"))
    assert (1, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert "no suite '\\udcff'" in done.err


def test_the_installed_script_is_the_same_command() -> None:
    """`brie-bench` is `brie_bench.cli:main`."""
    (script,) = [each for each in importlib.metadata.entry_points(group="console_scripts") if each.name == "brie-bench"]
    assert script.load() is package.main


def test_a_broken_plugin_is_the_plugins_fault(cli: Cli, plugged: Callable[..., None]) -> None:
    """A judge that cannot be built is named; the tool does not call it a fault of its own."""

    class Unlucky(judge_class("unlucky", lambda _: Verdict(label="A"))):  # type: ignore[misc]
        @classmethod
        def build(cls, options: object, catalog: Catalog) -> None:
            raise RuntimeError("no device")

    plugged(judges=(Unlucky,))
    done = cli("run", "comprehensive57", "--limit", "1", "--judge", "unlucky")
    assert Result(1, "", "brie-bench: judge 'unlucky' cannot be built: RuntimeError: no device\n") == done


def test_every_error_has_a_documented_status() -> None:
    """1 or 2, or 100 for a gate that is not met, whatever the class."""
    kinds = [BrieError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    assert {1, 2, 100} == {kind.exit_status for kind in kinds}
