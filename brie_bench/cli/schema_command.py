"""`brie-bench schema export|check`."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
def command() -> None:
    """Export and check the JSON Schemas."""


@command.command()
@click.option(
    "--to",
    "folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("schemas"),
    show_default=True,
    help="Where to.",
)
def export(folder: Path) -> None:
    """Write every schema into a folder."""
    from brie_bench.errors import plain
    from brie_bench.schemas import export

    for path in export(folder):
        click.echo(plain(path, 1000))


@command.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False), required=False)
def check(folder: Path | None) -> None:
    """Compare FOLDER (the shipped schemas) with what the code says; exit 1 where they differ."""
    from brie_bench.errors import BrieError, plain
    from brie_bench.schemas import drift
    from brie_bench.shipped import shipped

    folder = folder or shipped("schemas")
    found = drift(folder)
    if found:
        raise BrieError(f"{'; '.join(found)}.", mend="Run 'brie-bench schema export'.")
    click.echo(f"{plain(folder, 1000)}: every schema is what the code says.")
