"""`brie-bench conversations …`: import, validate, lint, review, stats, split, sample, overlap, export."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from brie_bench.cli.conversations_export import command as export_command
from brie_bench.cli.conversations_import import command as import_command
from brie_bench.cli.conversations_review import command as review_command
from brie_bench.cli.target import check_target
from brie_bench.errors import plain_json

if TYPE_CHECKING:
    from brie_bench.conversations.spot import Spot
    from brie_bench.spec.base import Spec

FILES = click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="FILE…")
FORMAT = click.option(
    "--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True, help="How to print it."
)
OUT = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="The file to write.")
FORCE = click.option("--force", is_flag=True, help="Replace the file if it is there.")


@click.group()
def command() -> None:
    """Import, check, clean, review, split and export authored conversations."""


command.add_command(import_command)
command.add_command(export_command)
command.add_command(review_command)


@command.command()
@FILES
@click.option("--min-turns", "least", type=click.IntRange(2), help="The fewest turns of a conversation.")
@click.option("--max-turns", "most", type=click.IntRange(2), help="The most turns of a conversation.")
@FORMAT
@click.pass_context
def validate(
    context: click.Context, /, files: tuple[Path, ...], least: int | None, most: int | None, form: str
) -> None:
    """Check FILEs against the data spec: schema, ids, splits, turns, provenance, consent. Exits 1 on an error."""
    from brie_bench.conversations.validate import validate as spots_of

    context.exit(_show(spots_of(files, least=least, most=most), form))


@command.command()
@FILES
@click.option("--select", metavar="CODE", multiple=True, help="Run only this lint; may be repeated.")
@click.option("--ignore", metavar="CODE", multiple=True, help="Leave this lint out; may be repeated.")
@click.option(
    "--fix",
    "fixed",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the mended conversations there, and every change to FILE.log.jsonl.",
)
@FORCE
@FORMAT
@click.pass_context
def lint(
    context: click.Context,
    /,
    files: tuple[Path, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fixed: Path | None,
    force: bool,
    form: str,
) -> None:
    """List what would spoil training data in FILEs. Exits 1 on an error.

    With --fix, what is safe to mend is mended in a new file, never in place.
    """
    from brie_bench.conversations.fix import fix_all
    from brie_bench.conversations.lint import chosen_codes
    from brie_bench.conversations.lint import lint as spots_of

    codes = chosen_codes(select, ignore)
    if fixed is None:
        context.exit(_show(spots_of(files, codes), form))
    mended, log = [], []
    for conversation, changes in fix_all(list(files), codes):
        mended.append(conversation)
        log += changes
    _write(fixed, mended, force=force, sources=files)
    _write(fixed.with_name(fixed.name + ".log.jsonl"), log, force=force)
    click.echo(f"{fixed}: {len(mended)} conversations, {len(log)} changes, each in {fixed.name}.log.jsonl", err=True)
    context.exit(_show(spots_of([fixed], codes), form))


@command.command()
@FILES
@click.option("--tokenizer", metavar="PATH_OR_NAME", help="Count tokens too, by this tokenizer.")
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Write a page with plots there too."
)
@FORCE
@FORMAT
def stats(files: tuple[Path, ...], tokenizer: str | None, html: Path | None, force: bool, form: str) -> None:
    """Count FILEs: conversations, responses to each prompt, turns, lengths, domains, phases, models, labs, months."""
    from brie_bench.conversations.reading import read_whole
    from brie_bench.conversations.summary import render, summarise
    from brie_bench.conversations.tokenizer import counter

    if html is not None:
        check_target(html, force=force, sources=files)
    tokens = None if tokenizer is None else counter(tokenizer)
    found = summarise((each.conversation for each in read_whole(files)), tokens)
    if html is not None:
        from brie_bench.conversations.page import page
        from brie_bench.files import write_text

        write_text(html, page(found, [each.name for each in files]))
    click.echo(plain_json(found.model_dump(mode="json")) if form == "json" else render(found))


@command.command()
@FILES
@click.option("--share", type=float, default=0.1, show_default=True, help="The share of prompt groups for validation.")
@click.option("--seed", type=int, default=0, show_default=True, help="Draws the groups.")
@OUT
@FORCE
def split(files: tuple[Path, ...], share: float, seed: int, out: Path, force: bool) -> None:
    """Give every conversation of FILEs its split, train or validation, by prompt group.

    No prompt and no near-duplicate of one is on both sides; data that is added later moves nothing.
    """
    from brie_bench.conversations.reading import read_whole
    from brie_bench.conversations.split import split as split_all

    done = split_all(read_whole(files), share=share, seed=seed)
    _write(out, done, force=force, sources=files)
    counts = Counter(each.split for each in done)
    groups = {side: len({each.prompt_group for each in done if each.split == side}) for side in counts}
    told = ", ".join(
        f"{side} {counts[side]} conversations of {groups[side]} prompt groups" for side in sorted(counts, key=str)
    )
    click.echo(f"{out}: {told}", err=True)


@command.command()
@FILES
@click.option("-n", "n", type=click.IntRange(1), required=True, help="How many conversations.")
@click.option("--seed", type=int, default=0, show_default=True, help="Draws them.")
@OUT
@FORCE
def sample(files: tuple[Path, ...], n: int, seed: int, out: Path, force: bool) -> None:
    """Write a sample of FILEs that may be published: in proportion to domains, with consent and licence, no author named."""
    from brie_bench.conversations.reading import read_whole
    from brie_bench.conversations.split import public_sample

    taken = public_sample(read_whole(files), n, seed=seed)
    _write(out, taken, force=force, sources=files)
    click.echo(f"{out}: {len(taken)} conversations", err=True)


@command.command()
@click.argument("suite")
@FILES
@FORMAT
@click.pass_context
def overlap(context: click.Context, /, suite: str, files: tuple[Path, ...], form: str) -> None:
    """Find prompts of SUITE in the conversations of FILEs. Exits 1 when there are any."""
    from brie_bench.conversations.overlap import overlaps
    from brie_bench.conversations.reading import read_whole
    from brie_bench.errors import plain
    from brie_bench.files import read_suite
    from brie_bench.shipped import find_suite

    found = list(overlaps(read_suite(find_suite(suite)), read_whole(files)))
    if form == "json":
        click.echo(plain_json([each.model_dump(mode="json") for each in found]))
    else:
        for each in found:
            where = f"{plain(each.file)}:{each.line}, turn {each.turn}"
            click.echo(
                f"{where}: holds {each.section}/{each.prompt} ({each.similarity:.0%} alike): {plain(each.passage)}"
            )
        click.echo(f"{len(found)} overlaps")
    context.exit(1 if found else 0)


def _show(spots: Iterable[Spot], form: str) -> int:
    """Print the spots; 1 when one of them is an error."""
    from brie_bench.errors import plain

    if form == "json":
        everything = list(spots)
        click.echo(plain_json([each.model_dump(mode="json") for each in everything]))
        return int(any(each.severity == "error" for each in everything))
    counts: Counter[str] = Counter()
    for each in spots:
        counts[each.severity] += 1
        place = f"{plain(each.file)}:{each.line}" + (f", turn {each.turn}" if each.turn else "")
        example = f" «{each.example}»" if each.example else ""
        click.echo(f"{place}: {each.severity} {each.code}: {plain(each.message)}.{example} {each.mend}".rstrip())
    told = ", ".join(
        f"{counts[name]} {name}{'s' * (counts[name] > 1)}" for name in ("error", "warning", "note") if counts[name]
    )
    click.echo(told or "nothing found", err=True)
    return int(counts["error"] > 0)


def _write(path: Path, records: Iterable[Spec], *, force: bool, sources: Iterable[Path] = ()) -> None:
    from brie_bench.files import to_jsonl, write_text

    check_target(path, force=force, sources=sources)
    write_text(path, "".join(to_jsonl(records)))
