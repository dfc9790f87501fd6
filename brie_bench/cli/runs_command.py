"""`brie-bench runs`: what is in the ledger."""

from __future__ import annotations

from pathlib import Path

import click

from brie_bench.cli.options import runs_option


@click.command()
@runs_option
def command(folder: Path) -> None:
    """List the recorded runs, oldest first."""
    import json

    from tabulate import tabulate

    from brie_bench.engine.ledger import Ledger
    from brie_bench.report.words import escape

    rows = []
    with Ledger(folder, create=False) as ledger:
        for run in ledger.runs():
            record = json.loads(run.record)
            contenders = ", ".join(each["name"] for each in record["contenders"])
            judges = ", ".join(each["name"] for each in record["judges"])
            versus = f"{contenders} / {record['baseline']['name']}"
            made = ledger.n_judged(run.number, with_failures=False)
            rows.append(
                [escape(run.id), escape(versus), escape(judges), made, run.at[:16].replace("T", " "), run.parent or ""]
            )
    headers = ["run", "contenders / baseline", "judges", "verdicts", "begun (UTC)", "parent"]
    click.echo(tabulate(rows, headers=headers, tablefmt="pipe", disable_numparse=True) if rows else "No run yet.")
