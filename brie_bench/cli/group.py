"""The group: commands by name, each imported when it is typed; a plugin's own command is looked for last."""

from __future__ import annotations

import importlib
from typing import Any, NamedTuple

import click

from brie_bench import __version__
from brie_bench.errors import did_you_mean, in_words, plain

COMMANDS = {
    "run": "Run a suite: complete, judge blind, print the leaderboard.",
    "judge": "Judge a run's recorded completions by other judges.",
    "judge-exam": "Examine judges: do they read the texts at all?",
    "leaderboard": "Recompute and print the leaderboard of recorded runs.",
    "compare": "Compare two contenders of a run on the same prompts, paired.",
    "audit": "List what is wrong with a run's records, and what to do.",
    "power": "Say whether so many prompts are enough.",
    "runs": "List the recorded runs, oldest first.",
    "import": "Read somebody's recorded judgments into a run.",
    "export": "Write a run's judgments to a file.",
    "publish": "Publish runs for anybody to recompute, or check what is published.",
    "suite": "List, show and validate suites.",
    "conversations": "Import, check, clean, review, split and export authored conversations.",
    "plugins": "List and show plugins.",
    "schema": "Export and check the JSON Schemas.",
    "doctor": "Show what is installed, set and reachable, and what to do.",
}
"""Name to one line of help, so that `--help` imports no command."""


class Lazy(click.Group):
    """A group that imports a command's module when the command is typed."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        if name in COMMANDS:
            module = importlib.import_module(f"brie_bench.cli.{name.replace('-', '_')}_command")
            command = module.command
            return command if isinstance(command, click.Command) else None
        found = plugin_commands().found.get(name)
        return found[1] if found else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not name.startswith("-"):
            plugins = plugin_commands()
            broken = f" Broken plugins that may have it: {', '.join(plugins.broken)}." if plugins.broken else ""
            known = did_you_mean(name, [*COMMANDS, *plugins.found])
            raise click.UsageError(f"No such command '{name}'.{known}{broken}", ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))


class PluginCommands(NamedTuple):
    """The commands of plugins, by name, each with its owner's; and why the other plugins have none."""

    found: dict[str, tuple[str, click.Command]]
    broken: dict[str, str]


def plugin_commands() -> PluginCommands:
    """What plugins add. A plugin that fails here does no harm, and adds all its commands or none."""
    from brie_bench.plugin.manager import make_manager

    manager = make_manager()
    plugins = manager.plugins
    found: dict[str, tuple[str, click.Command]] = {}
    broken = dict(manager.broken)
    for owner, plugin in plugins.list_name_plugin():
        others = [other for _, other in plugins.list_name_plugin() if other is not plugin]
        group = click.Group()
        try:
            plugins.subset_hook_caller("register_commands", remove_plugins=others)(cli=group)
        except (Exception, SystemExit) as error:  # a stranger's code: its fault is its own
            broken[owner] = plain(in_words(error))
            continue
        taken = [name for name in group.commands if name in COMMANDS or name in found]
        if taken:
            broken[owner] = f"the command name '{plain(taken[0], 60)}' is taken"
        else:
            found |= {name: (owner, command) for name, command in group.commands.items()}
    return PluginCommands(found, broken)


@click.group(
    cls=Lazy,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
    epilog="A plugin's own commands are listed by 'brie-bench plugins list'.",
)
@click.version_option(__version__, prog_name="brie-bench", message="%(prog)s %(version)s")
@click.option("--traceback", is_flag=True, expose_value=False, help="Show where an error comes from.")
def cli(**_: Any) -> None:
    """Is a fine-tuned model better than its baseline? Decided blind, by several judges, with honest intervals."""
