"""`brie-bench import FORMAT PATH… --run NAME`: recorded judgments in."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from brie_bench.cli.options import runs_option
from brie_bench.errors import UsageError, plain


@click.command()
@click.argument("form", metavar="FORMAT")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH…")
@click.option("--run", "name", required=True, metavar="NAME", help="What to call the run.")
@click.option(
    "-o", "--option", "options", metavar="KEY=VALUE", multiple=True, help="An option of the importer; may be repeated."
)
@runs_option
def command(form: str, paths: tuple[Path, ...], name: str, options: tuple[str, ...], folder: Path) -> None:
    """Read somebody's recorded judgments into a run.

    Winners are derived anew from the judges' words by the labels they were given; what was written down is kept
    beside them. 'brie-bench plugins list --kind importer' lists the formats, 'brie-bench plugins show FORMAT' their
    options. Several files about one contender are several passes.
    """
    import json

    from brie_bench.engine.ledger import Ledger
    from brie_bench.engine.records.importing import import_records
    from brie_bench.engine.run import write_record
    from brie_bench.files import to_jsonl, write_text
    from brie_bench.plugin.catalog import Catalog
    from brie_bench.report.publish import save_leaderboard

    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", name):
        raise UsageError(f"--run '{name}' is no name:", mend="letters, digits, dot, hyphen and underscore only.")
    importer = Catalog().importer(form, parse_options(options))
    with Ledger(folder) as ledger:
        reading = import_records(importer.read(paths), ledger, name, form)
        write_record(folder, name, json.loads(reading.run.record))
        if reading.unreadable:
            write_text(folder / name / "unreadable.jsonl", "".join(to_jsonl(reading.unreadable)))
        _, text = save_leaderboard(ledger, reading.run, folder / name)
    for each in reading.unreadable[:20]:
        click.echo(plain(f"{each.source}:{each.line}: {each.reason}", 600), err=True)
    if len(reading.unreadable) > 20:
        rest = f"… and {len(reading.unreadable) - 20} more; all of them are in {folder / name / 'unreadable.jsonl'}"
        click.echo(plain(rest, 600), err=True)
    for copy in reading.copies:
        said = f"{copy.source}: {copy.n_equal} of {copy.n_records} records are those of {copy.of}, and are left out"
        click.echo(plain(said, 600), err=True)
    lost = f", {len(reading.unreadable)} lines unreadable" if reading.unreadable else ""
    click.echo(f"imported {reading.read} judgments as run {name}, {reading.failures} of them failures{lost}", err=True)
    click.echo(text, nl=False)


def parse_options(texts: Sequence[str]) -> dict[str, Any]:
    """Each `KEY=VALUE`; a value is a number, true, false or nothing where YAML reads it so, and text otherwise."""
    import yaml

    found: dict[str, Any] = {}
    for text in texts:
        key, equals, written = text.partition("=")
        if not equals or not key:
            raise UsageError(f"--option '{text}' is no KEY=VALUE.")
        if key in found:
            raise UsageError(f"--option '{key}' is given twice.")
        try:
            value = yaml.safe_load(written)
        except Exception:  # whatever is no plain YAML value is text
            value = written
        found[key] = value if value is None or isinstance(value, str | int | float) else written
    return found
