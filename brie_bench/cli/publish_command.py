"""`brie-bench publish RUN…` and `brie-bench publish --check`: a leaderboard that anybody can make again."""

from __future__ import annotations

from pathlib import Path

import click

from brie_bench.cli.options import runs_option
from brie_bench.errors import BrieError, UsageError, plain

SHOWN = 50
"""So many differences of a folder are printed; the first ones explain the others."""


@click.command()
@click.argument("runs", nargs=-1, metavar="RUN…")
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("leaderboards"),
    show_default=True,
    help="The folder of the leaderboards, one folder a suite in it.",
)
@click.option("--with-texts", is_flag=True, help="Publish prompts and completions too, not only their digests.")
@click.option(
    "--check", "checking", is_flag=True, help="Make everything again from the records; exit 100 where it differs."
)
@click.option("--refresh", is_flag=True, help="Make every leaderboard again from the records beside it.")
@runs_option
@click.pass_context
def command(
    context: click.Context,
    /,
    runs: tuple[str, ...],
    to: Path,
    with_texts: bool,
    checking: bool,
    refresh: bool,
    folder: Path,
) -> None:
    """Publish runs for anybody to recompute, or check what is published.

    Writes README.md (its generated part; the rest of it stays), leaderboard.json and a line for every judgment. Runs over
    the same suite share a leaderboard. docs/publishing.md tells what is in the files, and what a check can tell.
    """
    if sum((bool(runs or with_texts), checking, refresh)) > 1:
        raise UsageError(
            "--check and --refresh go by what is published: they take neither runs, --with-texts nor each other."
        )
    if checking:
        if not _check(to):
            context.exit(100)
    elif refresh:
        _refresh(to)
    elif runs:
        _publish(runs, to, with_texts, folder)
    else:
        raise UsageError("which runs?", mend="Name one, or add --check or --refresh. 'brie-bench runs' lists them.")


def _publish(runs: tuple[str, ...], to: Path, with_texts: bool, folder: Path) -> None:
    from brie_bench.engine.ledger import Ledger
    from brie_bench.report.publishing.publishing import publish

    with Ledger(folder, create=False) as ledger:
        rows = list({row.id: row for row in map(ledger.run, runs)}.values())
        published = publish(ledger, rows, to, with_texts=with_texts)
    for each in published:
        if each.apart_from is not None:
            told = f"{plain(each.apart_from, 200)} holds another suite of that name: they may not be compared and are kept apart"
            click.echo(told, err=True)
        click.echo(f"{plain(each.folder, 200)}: {', '.join(map(plain, each.runs))}")


def _refresh(to: Path) -> None:
    from brie_bench.report.publishing.publishing import refresh

    for folder in _folders(to):
        click.echo(f"{plain(folder, 200)}: {', '.join(map(plain, refresh(folder).runs))}")


def _folders(to: Path) -> list[Path]:
    """The leaderboards in `to`. Raises BrieError where there is none."""
    from brie_bench.report.publishing.folder import published_in

    folders = published_in(to) if to.is_dir() else []
    if not folders:
        raise BrieError("no leaderboard is published here.", where=to, mend="Name their folder with --to.")
    return folders


def _check(to: Path) -> bool:
    """Say what every leaderboard in `to` comes to; whether all of it is what the records give."""
    from brie_bench.report.publishing.checking import check
    from brie_bench.report.words import count

    differing = 0
    for folder in _folders(to):
        found = check(folder)
        name = plain(folder, 200)
        for each in found.differences[:SHOWN]:
            click.echo(f"{name}/{each}")
        more = len(found.differences) - SHOWN
        if more > 0:
            click.echo(f"{name}: and {more} more")
        differing += len(found.differences)
        if not found.differences:
            read = f"{found.n_reread} verdicts read again from their raw texts"
            own = f", {found.n_own_form} in a form of their judge's own" if found.n_own_form else ""
            word = (
                f"; {count(found.n_attested, 'finding')} about unpublished texts on the publisher's word"
                if found.n_attested
                else ""
            )
            what = f"{count(found.n_runs, 'run')}, {count(found.n_judgments, 'judgment')}, {read}{own}{word}"
            click.echo(f"{name}: every number and word is what the records give ({what})")
    if differing:
        click.echo(f"brie-bench: {count(differing, 'difference')} between what is published and its records", err=True)
    return not differing
