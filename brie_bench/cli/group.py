"""The group: commands by name, each imported when it is typed; a plugin's own command is looked for last."""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from brie_bench import __version__
from brie_bench.errors import did_you_mean

COMMANDS = {
    "run": "Run a suite: complete, judge blind, print the leaderboard.",
    "judge": "Judge a run's recorded completions by other judges.",
    "leaderboard": "Recompute and print the leaderboard of recorded runs.",
    "runs": "List the recorded runs.",
    "import": "Read somebody's recorded judgments into a run.",
    "suite": "List, show and validate suites.",
    "plugins": "List and show plugins.",
    "schema": "Export and check the JSON Schemas.",
}
"""Name to one line of help, so that `--help` imports no command."""


class Lazy(click.Group):
    """A group that imports a command's module when the command is typed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            module = importlib.import_module(f"brie_bench.cli.{name}_command")
            command = module.command
            return command if isinstance(command, click.Command) else None
        return plugin_commands().commands.get(name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not name.startswith("-"):
            raise click.UsageError(f"No such command '{name}'.{did_you_mean(name, COMMANDS)}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


def plugin_commands() -> click.Group:
    """The commands of plugins. A plugin that fails here does no harm."""
    from brie_bench.plugin.manager import make_manager

    group = click.Group()
    manager = make_manager()
    for name, plugin in manager.plugins.list_name_plugin():
        others = [other for _, other in manager.plugins.list_name_plugin() if other is not plugin]
        try:
            manager.plugins.subset_hook_caller("register_commands", remove_plugins=others)(cli=group)
        except Exception as error:
            print(f"brie-bench: plugin '{name}': {error}", file=sys.stderr)  # noqa: T201
    return group


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="A plugin's own commands are listed by 'brie-bench plugins list'.",
)
@click.version_option(__version__, prog_name="brie-bench", message="%(prog)s %(version)s")
@click.option("--traceback", is_flag=True, expose_value=False, help="Show where an error comes from.")
def cli(**_: Any) -> None:
    """Is a fine-tuned model better than its baseline? Decided blind, by several judges, with honest intervals."""
