"""`brie-bench conversations import FORMAT FILE… --out FILE`: other tools' conversations in."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brie_bench.cli.target import check_target

if TYPE_CHECKING:
    from brie_bench.conversations.importing import Account

SHOWN = 20
"""Reasons that are printed."""


@click.command("import")
@click.argument("form", metavar="FORMAT")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
@click.option(
    "-o", "--option", "options", metavar="KEY=VALUE", multiple=True, help="An option of the importer; may be repeated."
)
@click.option(
    "--left-out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write each thing that is left out there: where, and why.",
)
@click.option("--force", is_flag=True, help="Replace a file that is there.")
def command(
    form: str, files: tuple[Path, ...], out: Path, options: tuple[str, ...], left_out: Path | None, force: bool
) -> None:
    """Read FILEs of other tools into conversations, and say what was left out and why.

    FORMAT is chatgpt or claude (a data export, zipped or not), messages, openai, prompt-completion, preference, alpaca,
    sharegpt (rows for trainers) or transcript. 'brie-bench plugins list --kind importer' lists all of them, 'brie-bench
    plugins show FORMAT' their options: -o author=…, -o licence=…, -o consent=true say what the files do not.
    """
    from brie_bench.cli.import_command import parse_options
    from brie_bench.conversations.importing import import_conversations
    from brie_bench.files import replacing
    from brie_bench.plugin.catalog import Catalog

    targets = [path for path in (out, left_out) if path is not None]
    if len(targets) == 2 and out.absolute() == targets[1].absolute():
        raise click.UsageError("--out and --left-out name one file.")
    for target in targets:
        check_target(target, force=force, sources=files)
    importer = Catalog().importer(form, parse_options(options))
    with contextlib.ExitStack() as stack:
        written = [
            stack.enter_context(stack.enter_context(replacing(target)).open("w", encoding="utf-8", newline="\n"))
            for target in targets
        ]
        account = import_conversations(importer.read(files), *written)
    _tell(out, account, left_out)


def _tell(out: Path, account: Account, left_out: Path | None) -> None:
    """What was taken, and what was left out or changed: the commonest reasons, each with its first place."""
    from brie_bench.conversations.importing import place
    from brie_bench.errors import plain
    from brie_bench.report.words import count

    taken = f"{count(account.conversations, 'conversation')} of {count(len(account.prompts), 'prompt')}"
    click.echo(f"{plain(out)}: {taken}" + ("" if account.left_out else ", nothing left out"), err=True)
    if account.left_out:
        click.echo("left out or changed" + (f" (each in {plain(left_out)}):" if left_out else ":"), err=True)
    for reason, number in account.left_out.most_common(SHOWN):
        first = account.first[reason]
        detail = first.reason.removeprefix(reason)
        click.echo("  " + plain(f"{number} × {reason}{detail} (first: {place(first)})", 600), err=True)
    if len(account.left_out) > SHOWN:
        click.echo(f"  … and {len(account.left_out) - SHOWN} more reasons", err=True)
