"""`brie-bench export RUN --format FORMAT --out PATH`: recorded judgments out."""

from __future__ import annotations

from pathlib import Path

import click

from brie_bench.cli.options import runs_option
from brie_bench.errors import BrieError


@click.command()
@click.argument("run")
@click.option("--format", "form", default="jsonl", show_default=True, metavar="FORMAT", help="The exporter to use.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The file to write.")
@click.option("--force", is_flag=True, help="Replace the file where there is one.")
@runs_option
def command(run: str, form: str, out: Path, force: bool, folder: Path) -> None:
    """Write a run's judgments to a file.

    Every judgment is written with its prompt and both texts, failures and what was planned and not reached too:
    importing the file again gives the same leaderboard. 'brie-bench plugins list --kind exporter' lists the formats.
    """
    from brie_bench.engine.ledger import Ledger
    from brie_bench.engine.records.exporting import export_run
    from brie_bench.plugin.catalog import Catalog

    if out.exists() and not out.is_file():
        raise BrieError(f"this is {'a folder' if out.is_dir() else 'no regular file'}, a file is needed.", where=out)
    if out.exists() and not force:
        raise BrieError("there is such a file already.", where=out, mend="Choose another --out, or add --force.")
    exporter = Catalog().exporter(form)
    with Ledger(folder, create=False) as ledger:
        row = ledger.run(run)
        written = export_run(ledger, row, exporter, out)
    click.echo(f"exported {written} judgments of run {row.id} to {out}", err=True)
