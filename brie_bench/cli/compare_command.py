"""`brie-bench compare RUN A B`: two contenders on the same prompts."""

from __future__ import annotations

from pathlib import Path

import click

from brie_bench.cli.options import runs_option


@click.command()
@click.argument("run")
@click.argument("a", metavar="CONTENDER")
@click.argument("b", metavar="CONTENDER")
@click.option("--soft", is_flag=True, help="Score by graded preferences where judges give them.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
    help="How to render it.",
)
@runs_option
def command(run: str, a: str, b: str, soft: bool, form: str, folder: Path) -> None:
    """Compare two contenders of a run on the same prompts, paired.

    Never compare by the overlap of two intervals: paired, the same prompts tell far more.
    """
    from brie_bench.engine.ledger import Ledger
    from brie_bench.errors import plain_json
    from brie_bench.report.compare import differences, render
    from brie_bench.report.reading import read_tables

    with Ledger(folder, create=False) as ledger:
        rows = differences(read_tables(ledger, [ledger.run(run)]), a, b, soft=soft or None)
    if form == "json":
        click.echo(plain_json([row.model_dump(mode="json") for row in rows]))
    else:
        click.echo(render(rows), nl=False)
