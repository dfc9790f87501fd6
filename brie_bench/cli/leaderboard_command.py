"""`brie-bench leaderboard RUN…`: recompute and render."""

from __future__ import annotations

from pathlib import Path

import click

from brie_bench.cli.options import runs_option


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--soft", is_flag=True, help="Score by graded preferences where judges give them.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json", "csv"]),
    default="markdown",
    show_default=True,
    help="How to render it.",
)
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write it there instead of to stdout.")
@runs_option
def command(runs: tuple[str, ...], soft: bool, form: str, out: Path | None, folder: Path) -> None:
    """Recompute and print the leaderboard of recorded runs.

    It is computed from the ledger; nothing is called. The beginning of a run's id is enough.
    """
    from brie_bench.engine.ledger import Ledger
    from brie_bench.files import write_text
    from brie_bench.report.csv import to_csv
    from brie_bench.report.markdown import render
    from brie_bench.report.publish import leaderboard_of, to_json

    with Ledger(folder, create=False) as ledger:
        board = leaderboard_of(ledger, list({row.id: row for row in map(ledger.run, runs)}.values()), soft=soft or None)
    rendered = {"markdown": lambda: render(board), "json": lambda: to_json(board), "csv": lambda: to_csv(board)}[form]()
    if out is None:
        click.echo(rendered, nl=False)
    else:
        write_text(out, rendered)
