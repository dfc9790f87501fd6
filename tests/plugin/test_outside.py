"""Two real distributions, built and installed outside the project: a judge that is found, and one that is broken."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Result

PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "{name}"
version = "0.3"

[project.entry-points.brie_bench]
{entry} = "{module}"

[tool.hatch.build.targets.wheel]
only-include = ["{module}.py"]
"""
TASTE = '''
    """A judge from outside, and a command of its own."""

    import click
    from pydantic import Field

    import brie_bench
    from brie_bench import Judge, Verdict, hookimpl


    class Shorter(Judge):
        """Prefers the text with fewer characters."""

        name = "outside-shorter"

        class Options(brie_bench.Options):
            """Its options."""

            at_least: int = Field(default=0, ge=0, description="The least difference that counts.")

        def judge(self, shown):
            """The shorter one."""
            difference = len(shown.a) - len(shown.b)
            if abs(difference) <= self.options.at_least:
                return Verdict(label="tie")
            return Verdict(label="B" if difference > 0 else "A")


    @hookimpl
    def register_judges(register):
        register(Shorter)


    @hookimpl
    def register_commands(cli):
        @cli.command("outside-hello")
        @click.argument("name")
        def hello(name):
            """Greet NAME from outside."""
            click.echo(f"hello {name}")
'''
BROKEN = 'raise RuntimeError("the driver is\\x1b[2J missing")\n'


@dataclass(frozen=True)
class Done:
    """What a command did."""

    status: int
    out: str
    err: str


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that both distributions are installed into, by pip and offline."""
    folder = tmp_path_factory.mktemp("outside")
    sources = []
    for name, entry, module, source in (
        ("brie-outside-taste", "outside_taste", "brie_outside_taste", TASTE),
        ("brie-outside-broken", "outside_broken", "brie_outside_broken", BROKEN),
    ):
        (folder / name).mkdir()
        (folder / name / "pyproject.toml").write_text(PYPROJECT.format(name=name, entry=entry, module=module))
        (folder / name / f"{module}.py").write_text(textwrap.dedent(source))
        sources.append(str(folder / name))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-index"]
    target = ["--no-deps", "--no-build-isolation", "--no-compile", "--target", str(folder / "site")]
    subprocess.run([*pip, *target, *sources], check=True)
    return folder / "site"


@pytest.fixture
def brie(site: Path, tmp_path: Path) -> Callable[..., Done]:
    """Run `python -m brie_bench` in an empty folder, with both distributions installed."""

    def run(*args: str) -> Done:
        clean = {name: value for name, value in os.environ.items() if not name.startswith("BRIE_BENCH_")}
        command = [sys.executable, "-W", "error", "-m", "brie_bench", *args]
        done = subprocess.run(
            command, capture_output=True, text=True, cwd=tmp_path, env={**clean, "PYTHONPATH": str(site)}
        )
        assert "Traceback" not in done.stderr
        return Done(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def inside(cli: Callable[..., Result], site: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    """The same in this process, which is faster."""
    monkeypatch.syspath_prepend(str(site))
    yield cli
    for module in ("brie_outside_taste", "brie_outside_broken"):
        sys.modules.pop(module, None)


def test_a_judge_from_outside_is_found_by_a_run(brie: Callable[..., Done], tmp_path: Path) -> None:
    """By its name, although another plugin is broken; its plugin and options stand in the run's record."""
    done = brie("run", "suites/comprehensive57", "--limit", "3", "--judge", "outside-shorter")
    assert 0 == done.status
    assert "| outside-shorter |" in done.out
    (record,) = (tmp_path / "runs").glob("*/run.json")
    (judge,) = json.loads(record.read_text())["judges"]
    assert ("outside-shorter", "outside-shorter") == (judge["name"], judge["configuration"]["plugin"])
    (standing,) = [
        each
        for each in json.loads((record.parent / "leaderboard.json").read_text())["standings"]
        if each["judge"] == "outside-shorter" and each["section"] is None
    ]
    assert (6, 0) == (standing["n_judgments"], standing["n_failures"])


def test_a_broken_plugin_stops_neither_help_nor_version(brie: Callable[..., Done]) -> None:
    """Nothing is said of it where it is not asked for."""
    for args in (["--help"], ["--version"]):
        done = brie(*args)
        assert (0, "") == (done.status, done.err)
        assert "outside" not in done.out


def test_plugins_list_shows_what_is_there_and_why_the_rest_is_not(inside: Callable[..., Result]) -> None:
    """The judge and the command with their distribution, the broken one with its reason, in plain text."""
    done = inside("plugins", "list")
    assert (0, "") == (done.status, done.err)
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")] for line in done.out.splitlines() if line.startswith("|")
    ]
    assert ["judge", "outside-shorter", "Prefers the text with fewer characters.", "brie-outside-taste 0.3"] in rows
    assert ["command", "outside-hello", "Greet NAME from outside.", "brie-outside-taste 0.3"] in rows
    (broken,) = [row for row in rows if row[0] == "outside_broken"]
    assert "RuntimeError: the driver is" in broken[1]
    assert "\x1b" not in done.out


def test_plugins_show_tells_what_it_takes(inside: Callable[..., Result]) -> None:
    """And why a broken one tells nothing."""
    done = inside("plugins", "show", "outside-shorter")
    assert 0 == done.status
    assert "at_least" in done.out
    assert "The least difference that counts." in done.out
    done = inside("plugins", "show", "outside_broken")
    assert (1, "") == (done.status, done.out)
    assert (
        "brie-bench: the plugin 'outside_broken' is broken: RuntimeError: the driver is\\x1b[2J missing\n" == done.err
    )


def test_a_run_that_asks_for_a_broken_plugin_says_why(brie: Callable[..., Done], tmp_path: Path) -> None:
    """In one line, and nothing is written."""
    done = brie("run", "suites/comprehensive57", "--limit", "3", "--judge", "outside-broken")
    expected = (
        "no judge 'outside-broken'. The plugin 'outside_broken' is broken: RuntimeError: the driver is\\x1b[2J missing"
    )
    assert (1, "", f"brie-bench: {expected}\n") == (done.status, done.out, done.err)
    assert [] == list(tmp_path.iterdir())


def test_a_plugins_option_is_checked(inside: Callable[..., Result], tmp_path: Path) -> None:
    """As an option of the tool's own."""
    (tmp_path / "run.yaml").write_text(
        "judges:\n  - {name: s, judge: {name: outside-shorter, options: {at_laest: 5}}}\n"
    )
    done = inside("run", "suites/comprehensive57", "-c", "run.yaml", "--limit", "1")
    assert (1, 1) == (done.status, done.err.count("\n"))
    assert "judge 'outside-shorter': key 'at_laest' is not known. Did you mean 'at_least'?" in done.err


def test_a_plugins_own_command_is_found_when_it_is_typed(inside: Callable[..., Result]) -> None:
    """With its own help, and its own wrong usage."""
    assert Result(0, "hello world\n", "") == inside("outside-hello", "world")
    assert "Greet NAME from outside." in inside("outside-hello", "--help").out
    done = inside("outside-hello")
    assert (2, "", 1) == (done.status, done.out, done.err.count("\n"))


def test_a_misspelt_command_of_a_plugin_has_its_did_you_mean(inside: Callable[..., Result]) -> None:
    """And the broken plugin that may have it is named."""
    done = inside("outside-helo")
    expected = (
        "No such command 'outside-helo'. Did you mean 'outside-hello'? Broken plugins that may have it: outside_broken."
    )
    assert (2, "", True) == (done.status, done.out, done.err.startswith(f"brie-bench: {expected}"))


def test_all_plugins_from_outside_can_be_left_out(
    inside: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the judge is unknown, and the tool says where it went."""
    monkeypatch.setenv("BRIE_BENCH_DISABLE_PLUGINS", "*")
    done = inside("run", "suites/comprehensive57", "--limit", "1", "--judge", "outside-shorter")
    assert (1, "", 1) == (done.status, done.out, done.err.count("\n"))
    assert "Disabled plugins that may have it: outside_broken, outside_taste." in done.err
    done = inside("plugins", "list")
    assert "Disabled by BRIE_BENCH_DISABLE_PLUGINS: outside_broken, outside_taste." in done.out
