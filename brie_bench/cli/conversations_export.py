"""`brie-bench conversations export FILE… --format FORMAT --out PATH`: conversations out, for a trainer."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brie_bench.cli.target import check_target
from brie_bench.errors import UsageError

if TYPE_CHECKING:
    from brie_bench.conversations.exporting import Account, ConversationExporter


@click.command("export")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
@click.option(
    "--format", "form", required=True, metavar="FORMAT", help="messages, prompt-completion, openai or dataset."
)
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The file to write; a folder for dataset.")
@click.option(
    "--split", type=click.Choice(["train", "validation", "test"]), help="Write the conversations of this split only."
)
@click.option(
    "--include",
    metavar="FIELD",
    multiple=True,
    help="Keep this field as a column: id, prompt_group, domain, patterns, phase, split, provenance; or of the"
    " provenance author, source, date, which are withheld without it. May be repeated.",
)
@click.option(
    "-o", "--option", "options", metavar="KEY=VALUE", multiple=True, help="An option of the exporter; may be repeated."
)
@click.option("--force", is_flag=True, help="Replace what is there; of a folder, only what an export writes.")
def command(
    files: tuple[Path, ...],
    form: str,
    out: Path,
    split: str | None,
    include: tuple[str, ...],
    options: tuple[str, ...],
    force: bool,
) -> None:
    """Write the conversations of FILEs as trainers take them, and say what is not in it.

    FORMAT is messages or prompt-completion (trl's rows), openai (fine-tuning rows) or dataset (a Hugging Face dataset
    folder with a card). Conversations that somebody did not consent to are left out. 'brie-bench plugins list --kind
    exporter' lists all formats, 'brie-bench plugins show FORMAT' their options.
    """
    from brie_bench.cli.import_command import parse_options
    from brie_bench.conversations.exporting import ConversationExporter, export_conversations
    from brie_bench.conversations.reading import read_all
    from brie_bench.plugin.catalog import Catalog
    from brie_bench.spec.config import PluginRef

    chosen = {**parse_options(options), **({"include": list(include)} if include else {})}
    exporter = Catalog().build("exporter", PluginRef(name=form, options=chosen))
    if not isinstance(exporter, ConversationExporter):
        raise UsageError(f"exporter '{form}' writes judgments, not conversations.", mend="Use 'brie-bench export'.")
    if exporter.folder:
        _check_folder(out, force=force, sources=files)
    else:
        check_target(out, force=force, sources=files)
    _tell(out, export_conversations(read_all(files), exporter, out, split=split), exporter, split)


def _check_folder(path: Path, *, force: bool, sources: tuple[Path, ...]) -> None:
    """Raise UsageError where a folder would replace what is read, or what is there without --force."""
    if any(source.resolve().is_relative_to(path.resolve()) for source in sources):
        raise UsageError("the source lies in this folder and is never replaced.", where=path, mend="Name another one.")
    if path.is_dir() and any(path.iterdir()) and not force:
        raise UsageError("this folder is there already.", where=path, mend="Name another one, or add --force.")


def _tell(out: Path, account: Account, exporter: ConversationExporter, split: str | None) -> None:
    """What was written, and in a line each what was not and why."""
    from brie_bench.errors import plain
    from brie_bench.report.words import count

    counts = f"{count(account.conversations, 'conversation')}, {count(account.responses, 'response')}"
    click.echo(f"{plain(out)}: {counts}", err=True)
    if account.other_split:
        click.echo(f"not written: {account.other_split} that are not in the split '{split}'", err=True)
    if account.no_consent:
        click.echo(f"not written: {account.no_consent} that somebody did not consent to", err=True)
    if account.lost:
        click.echo(f"left out of {account.conversations}: {_counts(account.lost)}", err=True)
    if not exporter.folder and len(account.splits) > 1:
        click.echo(f"in one file: {_counts(account.splits)}; --split keeps them apart", err=True)


def _counts(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {number}" for name, number in counts.items())
