"""`brie-bench audit RUN…`: what is wrong with the records."""

from __future__ import annotations

from pathlib import Path

import click

from brie_bench.cli.options import runs_option


@click.command()
@click.argument("runs", nargs=-1, required=True, metavar="RUN…")
@click.option("--strict", is_flag=True, help="Exit 100 when a finding is an error.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["markdown", "json"]),
    default="markdown",
    show_default=True,
    help="How to render it.",
)
@runs_option
@click.pass_context
def command(context: click.Context, runs: tuple[str, ...], strict: bool, form: str, folder: Path) -> None:
    """List what is wrong with a run's records, and what to do.

    Findings about the numbers (a small sample, agreement near chance) are among them.
    docs/what-can-go-wrong.md has a section for each code.
    """
    from brie_bench.engine.ledger import Ledger
    from brie_bench.errors import plain_json
    from brie_bench.report.audit import findings_text
    from brie_bench.report.publish import leaderboard_of

    with Ledger(folder, create=False) as ledger:
        findings = leaderboard_of(ledger, [ledger.run(run) for run in dict.fromkeys(runs)]).findings
    if form == "json":
        click.echo(plain_json([each.model_dump(mode="json") for each in findings]))
    else:
        click.echo(findings_text(findings), nl=False)
    errors = sum(each.severity == "error" for each in findings)
    if strict and errors:
        click.echo(f"brie-bench: {errors} of the findings {'is an error' if errors == 1 else 'are errors'}", err=True)
        context.exit(100)
