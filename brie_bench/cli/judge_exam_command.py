"""`brie-bench judge-exam JUDGE…`: judges, examined on a short paper of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from brie_bench.cli.options import engine_options, runs_option


@click.command()
@click.argument("judges", metavar="JUDGE...", nargs=-1, required=True)
@engine_options
@runs_option
@click.pass_context
def command(
    context: click.Context,
    /,
    judges: tuple[str, ...],
    folder: Path,
    **engine: Any,
) -> None:
    """Examine judges: do they read the texts at all?

    Each JUDGE is a judge, or a model for the rubric judge, or NAME=JUDGE. It is shown some twenty pairs of texts: equal
    ones, one pair in both orders, and a good answer beside an empty one, gibberish, one that claims to have won, and so
    on. What it answered is recorded and not asked again. Exit 100 if one of them is unfit.
    """
    from brie_bench.cli.judge_command import judge_refs
    from brie_bench.cli.show import interruptible, make_progress
    from brie_bench.engine.calls.pool import Stop
    from brie_bench.engine.exam.sitting import examine
    from brie_bench.engine.ledger import Ledger
    from brie_bench.engine.plan import Seat
    from brie_bench.engine.settings import Settings
    from brie_bench.plugin.catalog import Catalog

    catalog = Catalog()
    seats = [Seat(ref.name, catalog.judge(ref.judge)) for ref in judge_refs(judges)]
    settings = Settings(**engine, progress=make_progress(), stop=Stop())
    with Ledger(folder) as ledger, interruptible(settings.stop):
        reports = examine(seats, ledger, settings)
    if settings.stop.asked:
        click.echo("interrupted: repeat the command to continue.", err=True)
        context.exit(130)
    click.echo(_text(reports))
    context.exit(_conclude(reports))


def _text(reports: list[Any]) -> str:
    """Part by part what was passed, and what that comes to: a column for each judge."""
    from brie_bench.report.words import escape, table

    marks = zip(*(report.marks for report in reports), strict=True)
    rows = [
        [
            alike[0].part.name,
            str(alike[0].part.rule),
            "unfit" if alike[0].part.disqualifying else "warning",
            *map(_cell, alike),
        ]
        for alike in marks
    ]
    rows.append(["**in all**", "", "", *(f"**{_in_all(report)}**" for report in reports)])
    names = ["part", "the judge", "else", *(escape(report.name) for report in reports)]
    return table([(name, lambda row, i=i: row[i]) for i, name in enumerate(names)], rows, left=3)  # type: ignore[misc]


def _cell(mark: Any) -> str:
    """`1 of 2 (1 refused)`."""
    failures = ", ".join(f"{number} {kind}" for kind, number in sorted(mark.failures.items()))
    return f"{mark.passed} of {mark.of}" + (f" ({failures})" if failures else "")


def _in_all(report: Any) -> str:
    return "not examined" if report.unfinished else "fit" if report.fit else "unfit"


def _conclude(reports: list[Any]) -> int:
    """Say which judges are unfit, or could not be examined; the exit status."""
    from brie_bench.errors import plain

    for report in reports:
        if report.unfinished:
            message = plain(report.unfinished.message)
            click.echo(f"brie-bench: '{plain(report.name)}' could not be examined: {message}", err=True)
        elif not report.fit:
            click.echo(f"brie-bench: '{plain(report.name)}' is unfit: {report}", err=True)
    return 1 if any(report.unfinished for report in reports) else 0 if all(report.fit for report in reports) else 100
