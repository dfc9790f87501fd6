"""A plugin's own commands: found when they are typed, all of a plugin's or none, and never in the place of another."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from conftest import Result

from brie_bench.cli.group import plugin_commands

from .conftest import judge_source

Cli = Callable[..., Result]
Installed = Callable[..., Path]
SOURCE = """
    import click
    from brie_bench import hookimpl

    @hookimpl
    def register_commands(cli):
        @cli.command("{name}")
        @click.option("--status", type=int, default=0)
        @click.pass_context
        def command(context, status):
            \"\"\"Say {says}.\"\"\"
            click.echo("{says}")
            {end}
"""


def command_source(name: str, says: str = "hello", end: str = "return status") -> str:
    """The source of a plugin module with one command."""
    return SOURCE.format(name=name, says=says, end=end)


@pytest.mark.parametrize("end", ["return status", "context.exit(status)", "raise SystemExit(status)"])
@pytest.mark.parametrize("status", [0, 3])
def test_a_plugins_command_has_its_own_exit_status(installed: Installed, cli: Cli, end: str, status: int) -> None:
    """Returned, or by leaving."""
    installed("greeting", command_source("greet", end=end))
    if end.startswith("raise"):
        with pytest.raises(SystemExit, match=str(status)):
            cli("greet", "--status", status)
    else:
        assert Result(status, "hello\n", "") == cli("greet", "--status", status)


def test_a_plugin_cannot_take_the_place_of_a_command(installed: Installed, cli: Cli) -> None:
    """It is listed as broken; the command stays what it was."""
    before = cli("runs")
    installed("usurping", command_source("runs", says="mine now"))
    assert before == cli("runs")
    assert {"usurping": "the command name 'runs' is taken"} == plugin_commands().broken
    assert "the command name 'runs' is taken" in cli("plugins", "list").out


def test_two_plugins_cannot_have_one_command(installed: Installed, cli: Cli) -> None:
    """The first one keeps it."""
    installed("a_first", command_source("greet", says="first"))
    installed("b_second", command_source("greet", says="second"))
    assert "first\n" == cli("greet").out
    assert {"b_second": "the command name 'greet' is taken"} == plugin_commands().broken


def test_a_plugins_commands_are_all_or_nothing(installed: Installed) -> None:
    """What was added before it failed is not kept; other plugins' commands are."""
    failing = command_source("half") + "\n        raise SystemExit('half done\\x1b[2J')\n"
    installed("failing", failing)
    installed("sound", command_source("whole"))
    assert ({"whole"}, {"failing": "SystemExit: half done\\x1b[2J"}) == (
        set(plugin_commands().found),
        plugin_commands().broken,
    )


def test_a_plugin_without_commands_has_none(installed: Installed, cli: Cli) -> None:
    """And is not asked when a command of the tool's own is typed."""
    installed("judging", judge_source("quiet"))
    assert ({}, {}) == tuple(plugin_commands())
    installed("exploding", 'raise RuntimeError("imported")')
    assert "imported" not in cli("suite", "list").err
