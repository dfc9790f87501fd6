"""`brie-bench conversations review FILE`: keep, drop, edit and tag conversations, one page each; and the replay of that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brie_bench.cli.target import check_target
from brie_bench.errors import BrieError, UsageError, plain

if TYPE_CHECKING:
    from brie_bench.conversations.review import Review
    from brie_bench.conversations.review_log import Unapplied


@click.command("review")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="The log; FILE.review.jsonl without it.")
@click.option(
    "--replay", type=click.Path(path_type=Path, dir_okay=False), metavar="LOG", help="Apply this log; needs --out."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Of a replay: the conversations that stay.",
)
@click.option("--kept-only", is_flag=True, help="Of a replay: leave out what was not decided.")
@click.option("--force", is_flag=True, help="Of a replay: replace the file if it is there.")
@click.pass_context
def command(
    context: click.Context,
    /,
    file: Path,
    log: Path | None,
    replay: Path | None,
    out: Path | None,
    kept_only: bool,
    force: bool,
) -> None:
    """Decide about the conversations of FILE, a page each: keep, drop, edit, tag, phase.

    FILE is never changed: every decision goes to the log at once, and the next review goes on from there. A replay of the
    log writes the conversations that were not dropped, as they were edited and tagged. Decisions about words that have
    changed since are listed, not applied, and the replay exits 1.
    """
    from brie_bench.conversations.reading import read_whole
    from brie_bench.conversations.review import Review

    if (replay is None) != (out is None) or (replay is None and (kept_only or force)) or (replay and log):
        raise UsageError("a replay is --replay LOG --out FILE.", mend="Give both and no --log, or neither of them.")
    if replay is not None and out is not None:
        check_target(out, force=force, sources=[file, replay])
        review = Review.of(read_whole([file]))
        context.exit(_replayed(review, replay, out, kept_only=kept_only))
    log = log or file.with_name(f"{file.name}.review.jsonl")
    if log.exists() and file.exists() and log.samefile(file):
        raise UsageError("the log and the conversations are one file.", where=log)
    _reviewed(Review.of(read_whole([file])), file, log)


def _replayed(review: Review, log: Path, out: Path, *, kept_only: bool) -> int:
    """Write what stays; 1 where a decision should have been applied and was not."""
    from brie_bench.conversations.review_log import replay
    from brie_bench.files import to_jsonl, write_text
    from brie_bench.report.words import count

    wrong = _tell(log, replay(review, log))
    staying = review.remaining(kept_only=kept_only)
    if not staying:
        raise BrieError("no conversation stays.", where=log)
    write_text(out, "".join(to_jsonl(staying)))
    undecided = f", {len(review.undecided())} not decided" if review.undecided() else ""
    click.echo(f"{plain(out)}: {len(staying)} of {count(len(review.all), 'conversation')} stay{undecided}", err=True)
    return int(wrong > 0)


def _tell(log: Path, unapplied: list[Unapplied]) -> int:
    """Say what was not applied; how many of that should have been."""
    absent = sum(each.reason == "absent" for each in unapplied)
    for each in unapplied:
        if each.decision is None:
            click.echo(f"{plain(log)}:{each.line}: no decision: {plain(each.reason)}", err=True)
        elif each.reason == "changed":
            what = f"{each.decision.action} '{each.decision.id}'"
            click.echo(f"{plain(log)}:{each.line}: not applied: {what}: its words have changed since", err=True)
    if absent:
        click.echo(f"{plain(log)}: {absent} not applied: about conversations that are not here", err=True)
    return len(unapplied) - absent


def _reviewed(review: Review, file: Path, log: Path) -> None:
    """The pages, until the reviewer stops."""
    from brie_bench.cli.review_loop import Loop
    from brie_bench.conversations.review_log import Log, replay

    if log.exists():
        _tell(log, replay(review, log))
    if (reconfigure := getattr(sys.stdin, "reconfigure", None)) is not None:
        reconfigure(errors="replace")
    kept = Log(log)
    try:
        Loop(review, file, kept).run()
    except KeyboardInterrupt:
        click.echo()
        raise
    finally:
        kept.close()
        decided = len(review.all) - len(review.undecided())
        told = f"{decided} of {len(review.all)} decided; each decision is in {plain(log)}"
        click.echo(
            f"{told}\n'brie-bench conversations review {plain(file)} --replay {plain(log)} --out FILE' applies them",
            err=True,
        )
